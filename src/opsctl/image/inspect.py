"""Answers questions about the files of an image, reading as few layers as the answer needs."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from opsctl.image.layer_index import FILE
from opsctl.image.layer_loading import LayerLoader
from opsctl.image.models import FileEntry, ImageDescription, Inspection, Wanted
from opsctl.image.overlay import Absent, Loop, Node, Way
from opsctl.image.paths import from_text, join, shown, to_text
from opsctl.image.ports import BlobSource, LayerCache
from opsctl.image.search import ImageSearch


def inspect(
    image: ImageDescription, blobs: BlobSource, wanted: Wanted, *, budget_bytes: int, cache: LayerCache | None = None
) -> Inspection:
    """Looks for `wanted`, top layer first, and downloads at most `budget_bytes`.

    Reading stops between two layers as soon as everything is decided. A path behind symlinks is answered under the name
    that it was asked for, and so is what is below a wanted folder; the symlinks on the way are in `files` too, and
    where they lead. A symlink whose target is missing is in `files`, its target in `absent`. A text that exists but
    could not be read is in `files` and in `undecided`. What is optional and a text is read if its layer is.

    A layer that cannot be had or is not what its digest says leaves what depends on it undecided; for the first layer
    that is read the error is raised: `DataError` as `LayerStream` tells, and whatever `blobs` raises.
    """
    texts = {from_text(path): wanted.longest_text_bytes for path in wanted.texts}
    loader = LayerLoader(image, blobs, budget_bytes=budget_bytes, cache=cache)
    search = ImageSearch(loader, texts)
    answer = _Answer(search, wanted)
    while not answer.is_decided() and search.deepen():
        pass
    answer.collect_texts()
    # Who removed what is told from lower layers, but nothing is downloaded for that.
    search.deepen_for_free()
    answer.collect()
    is_whole = any(not from_text(path) for path in wanted.folders)
    return Inspection(
        files=tuple(answer.files[path] for path in sorted(answer.files)),
        absent=frozenset(answer.absent),
        undecided=answer.undecided,
        texts=answer.texts,
        removed=answer.removed,
        is_complete=is_whole and not answer.undecided,
        bytes_read=loader.bytes_read,
        layers_read=loader.layers_read,
        layers_cached=loader.layers_cached,
        remarks=tuple(dict.fromkeys([*search.remarks, *answer.remarks])),
    )


class _Answer:
    def __init__(self, search: ImageSearch, wanted: Wanted) -> None:
        self.files: dict[str, FileEntry] = {}
        self.absent: set[str] = set()
        self.undecided: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.removed: dict[str, int] = {}
        self.remarks: list[str] = []
        self._search = search
        self._wanted = wanted
        self._required = {*wanted.paths, *wanted.folders, *wanted.texts} - wanted.optional
        self._open = set(self._required)

    def is_decided(self) -> bool:
        """Whether nothing that lower layers hold can change an answer."""
        self._open = {path for path in self._open if not self._is_path_decided(path)}
        return not self._open

    def collect_texts(self) -> None:
        """Reads the contents of the wanted texts, downloading once more those layers that had been in the cache or
        whose file turned out to be behind a link."""
        files = {path: self._find_text(path) for path in sorted(self._wanted.texts)}
        missing = {
            file: self._wanted.longest_text_bytes
            for path, file in files.items()
            if file is not None and path not in self._wanted.optional and self._search.read_content(file) is None
        }
        failed = self._search.fetch(missing)
        for path, file in files.items():
            if file is not None and file in failed:
                self.undecided[path] = failed[file]
            elif file is not None and (path in self._required or self._search.read_content(file) is not None):
                self._take_text(path, file)

    def collect(self) -> None:
        """Puts together what was found."""
        for path in sorted(self._required):
            way = self._search.find(from_text(path))
            if way is None or path in self._open:
                self.undecided.setdefault(path, self._search.blocked or "its layers contradict each other")
            if way is not None:
                self._collect_way(path, way)
        for path in sorted(self._wanted.folders & self._required):
            self._collect_folder(path)
        for path in sorted(self._wanted.optional):
            way = self._search.find(from_text(path))
            if way is not None and isinstance(way.end, Node):
                self._collect_way(path, way)

    def _is_path_decided(self, path: str) -> bool:
        way = self._search.find(from_text(path))
        if way is None:
            return False
        if path not in self._wanted.folders or not isinstance(way.end, Node) or not way.end.is_folder:
            return True
        return self._search.is_closed(way.end)

    def _find_text(self, path: str) -> Node | None:
        way = self._search.find(from_text(path))
        if way is None or not isinstance(way.end, Node):
            return None
        content = self._search.overlay.find_content(way.end)
        return content if isinstance(content, Node) and content.record.kind == FILE else None

    def _take_text(self, path: str, file: Node) -> None:
        content = self._search.read_content(file)
        if content is None:
            self.undecided[path] = "its content is stored in a way that is not read here (a sparse file)"
            return
        is_cut = len(content) < file.record.size_bytes
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(content, final=not is_cut)
        except UnicodeDecodeError:
            self.remarks.append(f"{shown(from_text(path))} is not UTF-8 and is left out.")
            return
        self.texts[path] = text
        if is_cut:
            self.remarks.append(
                f"Only the first {len(content)} of {file.record.size_bytes} bytes of {path!a} were kept."
            )

    def _collect_way(self, path: str, way: Way) -> None:
        self._add(self._search.describe(link) for link in way.links)
        place = from_text(path)
        # The path itself may be a symlink, reached through others under another name.
        own = self._search.overlay.follow(place, is_last_followed=False).end
        if isinstance(own, Node):
            self._add([self._search.describe(own, place)])
        if isinstance(way.end, Node):
            self._add([self._search.describe(way.end)])
        elif isinstance(way.end, Loop):
            reason = f"it is in a loop of symlinks at /{shown(way.end.path)}"
            self.remarks.append(f"/{shown(place)}: {reason}.")
            if not isinstance(own, Node):
                self.undecided[path] = reason
        elif isinstance(way.end, Absent):
            self._collect_absent(to_text(way.reached) if isinstance(own, Node) else path, way, way.end)

    def _collect_absent(self, path: str, way: Way, end: Absent) -> None:
        self.absent.add(path)
        remover = self._search.find_remover(way)
        if remover is not None:
            self.removed[path] = remover
        if way.links:
            first = f"/{shown(way.links[0].path)}"
            self.remarks.append(f"The symlink {first} leads to /{shown(way.reached)}, which is not in the image.")
        if end.reason:
            self.remarks.append(f"/{shown(end.path)} cannot be: {end.reason}.")

    def _collect_folder(self, path: str) -> None:
        way = self._search.find(from_text(path)) or self._search.overlay.follow(from_text(path))
        if not isinstance(way.end, Node) or not way.end.is_folder:
            return
        place, real = from_text(path), way.end.path
        for count, node in enumerate(self._search.walk(way.end)):
            if count == self._wanted.most_entries_per_folder:
                self.undecided[path] = f"it holds more than {count} entries, only these are told"
                return
            inside = node.path[len(real) :].lstrip(b"/")
            self._add([self._search.describe(node, join(place, inside))])

    def _add(self, entries: Iterable[FileEntry]) -> None:
        for entry in entries:
            if entry.path != "/":
                self.files.setdefault(entry.path, entry)
