"""Looks into an image from its top layer down, one layer at a time, as deep as the answers need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsctl.errors import OpsctlError
from opsctl.image.layer_index import (
    BLOCK_DEVICE,
    CHARACTER_DEVICE,
    FILE,
    FOLDER,
    HARDLINK,
    IMPLIED,
    PIPE,
    SYMLINK,
    LayerIndex,
)
from opsctl.image.layer_loading import BudgetError, LayerLoader, explain
from opsctl.image.models import FileEntry, FileKind
from opsctl.image.overlay import Absent, Loop, Node, Open, Overlay, Way
from opsctl.image.overlay_links import is_fixed, is_rooted, is_settled, settle_links
from opsctl.image.paths import split, to_text

_KINDS = {
    FILE: FileKind.FILE,
    FOLDER: FileKind.FOLDER,
    IMPLIED: FileKind.FOLDER,
    SYMLINK: FileKind.SYMLINK,
    HARDLINK: FileKind.HARDLINK,
    CHARACTER_DEVICE: FileKind.CHARACTER_DEVICE,
    BLOCK_DEVICE: FileKind.BLOCK_DEVICE,
    PIPE: FileKind.PIPE,
}


class ImageSearch:
    """The layers that were read so far. `texts` (path -> most bytes) are taken along when a layer is downloaded."""

    def __init__(self, loader: LayerLoader, texts: Mapping[bytes, int]) -> None:
        self.overlay = Overlay(len(loader.layers))
        self.blocked: str | None = None
        self.is_over_budget = False
        self.remarks: list[str] = []
        self._loader = loader
        self._texts = texts
        self._contents: dict[tuple[int, bytes], bytes] = {}

    def deepen(self) -> bool:
        """Adds the next lower layer. False at the bottom, and when the layer cannot be had: then `blocked` says why.

        Raises what reading a layer raises when not even the top one can be had.
        """
        number = self.overlay.bottom - 1
        if number < 0 or self.blocked:
            return False
        try:
            index, contents = self._loader.load(number, self._texts)
        except BudgetError as error:
            self.is_over_budget = True
            self.blocked = explain(number, error)
            return False
        except OpsctlError as error:
            if not self.overlay.layers:
                raise
            self.blocked = explain(number, error)
            return False
        self._contents.update({(number, path): content for path, content in contents.items()})
        self.remarks += [f"Layer {number}: {remark}" for remark in index.remarks]
        self._push(index)
        return True

    def deepen_for_free(self) -> None:
        """Adds lower layers as long as they are in the cache."""
        while self.overlay.bottom > 0:
            index = self._loader.load_cached(self.overlay.bottom - 1)
            if index is None:
                return
            self._push(index)

    def find(self, path: bytes, *, is_last_followed: bool = True) -> Way | None:
        """Where `path` leads; None while a layer that was not read may change the answer."""
        way = self.overlay.follow(path, is_last_followed=is_last_followed)
        if self.overlay.is_contradictory or (isinstance(way.end, Absent | Loop) and not is_fixed(self.overlay)):
            return None
        if isinstance(way.end, Open) or any(isinstance(self.overlay.find_content(link), Open) for link in way.links):
            return None
        if isinstance(way.end, Node) and isinstance(self.overlay.find_content(way.end), Open):
            return None
        nodes = [*way.links, way.end] if isinstance(way.end, Node) else way.links
        if not all(is_rooted(self.overlay, node.layer, node.path) for node in nodes):
            return None
        parts = {part for place in (path, way.reached) for part in split(place)}
        parts.update(part for link in way.links for part in split(link.path) + split(link.record.link))
        paths = {path, way.reached, *(link.path for link in way.links)}
        return way if all(is_settled(self.overlay, place, parts) for place in paths) else None

    def is_closed(self, folder: Node, *, is_recursive: bool = True) -> bool:
        """Whether all that is below a folder (or directly in it) is known."""
        if self.overlay.is_contradictory:
            return False
        if self.overlay.bottom == 0:
            return True
        if not self.overlay.is_closed(folder) or not is_fixed(self.overlay):
            return False
        return not any(
            isinstance(self.overlay.find_content(node), Open)
            for node in self.walk(folder, is_recursive=is_recursive)
            if node.record.kind == HARDLINK
        )

    def walk(self, folder: Node, *, is_recursive: bool = True) -> Iterator[Node]:
        """What is below a folder, each folder before its children, in the order of names."""
        waiting = [self._sort(folder)]
        while waiting:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
                continue
            yield node
            if node.is_folder and is_recursive:
                waiting.append(self._sort(node))

    def describe(self, node: Node, path: bytes | None = None) -> FileEntry:
        """An entry of the answer, under another path if one is given."""
        record = node.record
        link = None
        mode, size = record.mode, record.size_bytes
        if record.kind == SYMLINK:
            link = record.link.decode("utf-8", "surrogateescape")
        elif record.kind == HARDLINK:
            link = to_text(record.link)
            content = self.overlay.find_content(node)
            if isinstance(content, Node):
                mode, size = content.record.mode, content.record.size_bytes
        place = to_text(node.path if path is None else path)
        return FileEntry(place, _KINDS[record.kind], size, mode, link, node.layer)

    def find_remover(self, way: Way) -> int | None:
        """The layer that took away a path that is absent; None when none did, or when that is not known."""
        if not isinstance(way.end, Absent):
            return None
        cut_by = way.end.cut_by
        is_named = way.end.is_whiteout and way.end.path == way.reached
        while cut_by:
            below = self.overlay.follow(way.reached, top=cut_by - 1, is_last_followed=False).end
            if isinstance(below, Node):
                return cut_by
            if isinstance(below, Open) and is_named:
                return cut_by
            is_named = False
            cut_by = below.cut_by if isinstance(below, Absent) and (below.cut_by or cut_by) < cut_by else None
        return None

    def read_content(self, file: Node) -> bytes | None:
        """The content of a file as far as it is wanted; None when it has to be fetched first."""
        origin = self.overlay.layers[file.layer].find_origin(file.path)
        return self._contents.get((file.layer, origin))

    def fetch(self, files: Mapping[Node, int]) -> dict[Node, str]:
        """Downloads the contents of files (-> most bytes); gives those that cannot be had, with the reason."""
        failed: dict[Node, str] = {}
        for number in sorted({file.layer for file in files}, reverse=True):
            here = {file: most for file, most in files.items() if file.layer == number}
            index = self.overlay.layers[number]
            texts = {index.find_origin(file.path): most for file, most in here.items()}
            try:
                _, contents = self._loader.read(number, texts)
            except (OpsctlError, BudgetError) as error:
                self.is_over_budget = self.is_over_budget or isinstance(error, BudgetError)
                failed.update(dict.fromkeys(here, explain(number, error)))
                continue
            self._contents.update({(number, path): content for path, content in contents.items()})
        return failed

    def _sort(self, folder: Node) -> Iterator[Node]:
        return iter([node for _, node in sorted(self.overlay.list(folder).items())])

    def _push(self, index: LayerIndex) -> None:
        self.overlay.push(index)
        settle_links(self.overlay)
