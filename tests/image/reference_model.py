"""A file system in dictionaries that really applies layers, entry by entry, as an engine unpacks them.

It knows nothing of indexes, spans or early stops; it is slow and obvious. Where engines fail (a file as a parent, a
loop of symlinks on the way) it raises `ContradictionError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.image.layers import Entry

MOST_LINKS = 40


class ContradictionError(Exception):
    """No engine would unpack this."""


class UnreachableError(Exception):
    """A path that does not lead to anything."""


class LinkLoopError(UnreachableError):
    """A path that leads in circles."""


@dataclass
class Item:
    """A node; hard links share one. `layer` is the layer that wrote this name last."""

    kind: str
    content: bytes = b""
    link: str = ""
    mode: int = 0o755
    layer: int = -1
    children: dict[str, Item] = field(default_factory=dict)


@dataclass
class Disk:
    root: Item = field(default_factory=lambda: Item("d"))
    number: int = -1
    _walked: list[Item] = field(default_factory=list)
    _marked: set[int] = field(default_factory=set)

    def apply(self, entries: Sequence[Entry]) -> None:
        self.number += 1
        self._marked = set()
        for entry in entries:
            parent_path, _, name = entry.name.strip("/").rpartition("/")
            parent = self._make_parent(parent_path)
            if name.startswith(".wh."):
                self._marked.add(id(parent))
            if name == ".wh..wh..opq":
                for child in list(parent.children):
                    self._hide_lower(parent, child)
            elif name.startswith(".wh."):
                self._hide_lower(parent, name.removeprefix(".wh."))
            else:
                self._put(parent, name, entry)
            self._check_way()

    def find(self, path: str, *, follows_last: bool = True) -> Item:
        return self._walk(path, follows_last=follows_last)[-1]

    def walk(self) -> Iterator[tuple[str, Item]]:
        waiting = [("", self.root)]
        while waiting:
            path, item = waiting.pop()
            for name, child in item.children.items():
                yield f"{path}/{name}", child
                waiting.append((f"{path}/{name}", child))

    def _put(self, parent: Item, name: str, entry: Entry) -> None:
        existing = parent.children.get(name)
        if entry.kind != "d" and existing is not None and self._is_written(existing):
            raise ContradictionError
        if entry.kind == "d" and existing is not None and existing.kind == "d":
            existing.mode, existing.layer = entry.mode, self.number
        elif entry.kind == "h":
            if f"{entry.link}/".startswith(f"{entry.name}/"):
                raise ContradictionError
            try:
                target = self.find(entry.link, follows_last=False)
            except UnreachableError:
                raise ContradictionError from None
            if target.kind == "d":
                raise ContradictionError
            parent.children[name] = Item(target.kind, target.content, target.link, target.mode, self.number)
        else:
            parent.children[name] = Item(entry.kind, entry.content, entry.link, entry.mode, self.number)

    def _check_way(self) -> None:
        """A marker that removes the folder through which it was reached is nothing that any builder writes."""
        there = {id(item) for _, item in self.walk()} | {id(self.root)}
        if any(id(item) not in there for item in self._walked):
            raise ContradictionError

    def _is_written(self, item: Item) -> bool:
        """Whether this very layer has written or marked the folder or something in it."""
        return (
            item.layer == self.number or id(item) in self._marked or any(map(self._is_written, item.children.values()))
        )

    def _hide_lower(self, parent: Item, name: str) -> None:
        child = parent.children.get(name)
        if child is None:
            return
        for inner in list(child.children):
            self._hide_lower(child, inner)
        if child.layer != self.number and not child.children:
            del parent.children[name]

    def _make_parent(self, path: str) -> Item:
        walk = [self.root]
        self._walked = []
        waiting = [part for part in path.split("/") if part][::-1]
        followed = 0
        while waiting:
            part = waiting.pop()
            self._walked.append(walk[-1])
            if part == "..":
                walk = walk[:-1] or [self.root]
                continue
            child = walk[-1].children.get(part)
            if child is None:
                child = walk[-1].children[part] = Item("d", layer=self.number)
            if child.kind == "l":
                followed += 1
                if followed > MOST_LINKS or not child.link:
                    raise ContradictionError
                self._walked.append(child)
                walk = [self.root] if child.link.startswith("/") else walk
                waiting.extend([one for one in child.link.split("/") if one and one != "."][::-1])
            elif child.kind == "d":
                walk.append(child)
            else:
                raise ContradictionError
        return walk[-1]

    def _walk(self, path: str, *, follows_last: bool) -> list[Item]:
        walk = [self.root]
        waiting = [part for part in path.split("/") if part][::-1]
        followed = 0
        while waiting:
            part = waiting.pop()
            if walk[-1].kind != "d":
                raise UnreachableError
            if part == "..":
                walk = walk[:-1] or [self.root]
                continue
            child = walk[-1].children.get(part)
            if child is None:
                raise UnreachableError
            if child.kind == "l" and (waiting or follows_last):
                followed += 1
                if followed > MOST_LINKS:
                    raise LinkLoopError
                walk = [self.root] if child.link.startswith("/") else walk
                waiting.extend([one for one in child.link.split("/") if one and one != "."][::-1])
            else:
                walk.append(child)
        return walk


def unpack(stack: Sequence[Sequence[Entry]]) -> Disk:
    """Applies the layers. Raises `ContradictionError`."""
    disk = Disk()
    for layer in stack:
        disk.apply(layer)
    return disk


def drop_contradictions(stack: list[list[Entry]]) -> list[list[Entry]]:
    """The same stack without the entries on which engines fail."""
    kept: list[list[Entry]] = []
    for layer in stack:
        kept.append([])
        for entry in layer:
            kept[-1].append(entry)
            try:
                unpack(kept)
            except ContradictionError:
                kept[-1].pop()
    return kept
