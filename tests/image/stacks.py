"""Random stacks of layers for hypothesis: few names, so that layers meet."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.image.layers import Entry
from tests.image.reference_model import drop_contradictions

NAMES = ("a", "b", "c")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
targets = st.one_of(
    paths,
    paths.map("/{}".format),
    paths.map("../{}".format),
    st.sampled_from(["..", "/", ".", "../..", "/nowhere"]),
)
contents = st.binary(max_size=5)


@st.composite
def entry(draw: st.DrawFn) -> Entry:
    path = draw(paths)
    kind = draw(st.sampled_from("fffddllhpwwo"))
    if kind == "w":
        head, _, name = path.rpartition("/")
        return Entry(f"{head}/.wh.{name}".lstrip("/"))
    if kind == "o":
        return Entry(f"{path}/.wh..wh..opq")
    mode = draw(st.sampled_from([0o644, 0o755, 0o4755]))
    if kind == "f":
        return Entry(path, "f", draw(contents), mode=mode)
    if kind == "d":
        return Entry(path, "d", mode=mode)
    if kind == "p":
        return Entry(path, "p", mode=mode)
    return Entry(path, kind, link=draw(targets if kind == "l" else paths), mode=mode)


def is_whiteout(one: Entry) -> bool:
    return one.name.rpartition("/")[2].startswith(".wh.") and not one.name.endswith(".wh..wh..opq")


def order(entries: list[Entry]) -> list[Entry]:
    """As builders write them: each path once, nothing below what is no folder; markers, folders,
    symlinks, markers in those, files, hard links. Only what comes after a symlink may go through it."""
    kinds = {one.name: one.kind for one in reversed(entries)}
    kept: dict[str, Entry] = {}
    for one in entries:
        parts = one.name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        worst = {kinds.get(path, "d") for path in above}
        if worst <= {"d"} or (worst <= {"d", "l"} and one.kind in "fp" and ".wh." not in one.name):
            kept.setdefault(one.name, one)
    removed = {one.name.replace(".wh.", "") for one in entries if is_whiteout(one)}
    emptied = tuple(f"{one.name.rpartition('/')[0]}/" for one in entries if one.name.endswith(".wh..wh..opq"))
    for name in [name for name in kept if ".wh." in name]:
        # Whether a removed folder also has marks inside depends on their order, and no builder writes both.
        if any(name.startswith(path + "/") for path in removed) or name.rpartition("/")[0].startswith(emptied):
            del kept[name]
    return sorted(kept.values(), key=lambda one: rank(one, kept))


def rank(one: Entry, kept: dict[str, Entry]) -> tuple[float, int]:
    depth = one.name.count("/")
    if ".wh." in one.name:
        parts = one.name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        return (1.5 if any(path in kept for path in above) else -1), depth
    return {"d": 0, "l": 1, "f": 2, "p": 2, "h": 3}[one.kind], depth if one.kind == "d" else 0


layers = st.lists(entry(), max_size=6).map(order)
stacks = st.lists(layers, min_size=1, max_size=4).map(drop_contradictions)
