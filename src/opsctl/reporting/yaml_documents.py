"""Several YAML documents with comments in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from opsctl.reporting.neutralise import escape_json, make_visible

Path = tuple[str | int, ...]
COMMENT_WIDTH = 100
# Text that one reader of YAML or another takes for a number or a truth value: `1e3` is text to YAML 1.1 with a dot
# missing, and a number to YAML 1.2.
_AMBIGUOUS = re.compile(
    r"[-+.]?[0-9][0-9a-z_.:+-]*|[-+]?\.(inf|nan)|y|n|yes|no|on|off|true|false|null|~|", re.IGNORECASE
)


def dump_documents(documents: Sequence[tuple[Mapping[str, object], Mapping[Path, Sequence[str]]]]) -> str:
    """Documents in order, `---` between them. Comments stand above what their path leads to, one a paragraph; those of
    the empty path above the document. A comment whose path leads nowhere stands above what is nearest."""
    return "---\n".join(_dump(body, comments) for body, comments in documents)


def _dump(body: Mapping[str, object], comments: Mapping[Path, Sequence[str]]) -> str:
    dumped: str = yaml.dump(
        body, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=1 << 20
    )
    text = escape_json(dumped)
    lines = re.findall(r"[^\n]*\n", text)
    places = dict(_places(yaml.compose(text, Loader=yaml.SafeLoader), ()))
    places[()] = (0, 0)
    above: dict[int, list[str]] = {}
    for path, paragraphs in comments.items():
        line, column = places[next(path[:length] for length in range(len(path), -1, -1) if path[:length] in places)]
        for paragraph in paragraphs:
            above.setdefault(line, []).extend(_comment(paragraph, column))
    return "".join("".join(above.get(number, [])) + line for number, line in enumerate(lines))


class _Dumper(yaml.SafeDumper):
    """Quotes text wherever it could be read as something else, and repeats what stands in two places."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> Any:
    style = None
    if _AMBIGUOUS.fullmatch(text) or "\n" in text or make_visible(text) != text:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _places(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Line and column of each key and each item."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), (key.start_mark.line, key.start_mark.column)
            yield from _places(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield (*path, position), (item.start_mark.line, node.start_mark.column)
            yield from _places(item, (*path, position))


def _comment(paragraph: str, column: int) -> list[str]:
    indent = " " * column
    width = max(COMMENT_WIDTH - column, 40)
    return [f"{indent}# {line}\n" for line in textwrap.wrap(make_visible(paragraph), width)]
