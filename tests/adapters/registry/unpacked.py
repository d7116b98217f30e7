"""What tools that others wrote say an image holds, in one form that can be compared."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from opsctl.image.models import FileEntry, FileKind


class Thing(NamedTuple):
    """A path without what tools tell differently: a hard link is the file that it is."""

    kind: FileKind
    size_bytes: int
    mode: int
    link_target: str | None


_TAR_KINDS = {
    tarfile.DIRTYPE: FileKind.FOLDER,
    tarfile.SYMTYPE: FileKind.SYMLINK,
    tarfile.CHRTYPE: FileKind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: FileKind.BLOCK_DEVICE,
    tarfile.FIFOTYPE: FileKind.PIPE,
}
_KINDS = (
    (stat.S_ISDIR, FileKind.FOLDER),
    (stat.S_ISLNK, FileKind.SYMLINK),
    (stat.S_ISCHR, FileKind.CHARACTER_DEVICE),
    (stat.S_ISBLK, FileKind.BLOCK_DEVICE),
    (stat.S_ISFIFO, FileKind.PIPE),
)


def read_folder(root: Path) -> dict[str, Thing]:
    """Everything below a folder, by its path in the image."""
    found: dict[str, Thing] = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  # bytes
            status = os.lstat(path)
            kind = next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), FileKind.FILE)
            target = os.fsdecode(os.readlink(path)) if kind is FileKind.SYMLINK else None  # noqa: PTH115  # bytes
            shown = os.fsdecode(path.removeprefix(os.fsencode(root)))
            found[shown] = _thing(kind, status.st_size, stat.S_IMODE(status.st_mode), target)
    return found


def read_tar(path: Path) -> dict[str, Thing]:
    """Everything in an archive; names that are not UTF-8 as `os.fsdecode` has them."""
    found: dict[str, Thing] = {}
    links: list[tuple[str, str]] = []
    with tarfile.open(path, errors="surrogateescape") as archive:
        for member in archive:
            name = "/" + member.name.removeprefix("./").strip("/")
            if name in ("/", "/."):
                continue
            if member.type == tarfile.LNKTYPE:
                links.append((name, "/" + member.linkname.removeprefix("./").strip("/")))
                continue
            kind = _TAR_KINDS.get(member.type, FileKind.FILE)
            target = member.linkname if kind is FileKind.SYMLINK else None
            found[name] = _thing(kind, member.size, member.mode & 0o7777, target)
    for name, target in links:
        if target in found:
            found[name] = found[target]
    return found


def read_entries(entries: Iterable[FileEntry]) -> dict[str, Thing]:
    """The same of what opsctl lists."""
    found: dict[str, Thing] = {}
    for entry in entries:
        kind = FileKind.FILE if entry.kind is FileKind.HARDLINK else entry.kind
        target = entry.link_target if kind is FileKind.SYMLINK else None
        if entry.path != "/":
            found[entry.path] = _thing(kind, entry.size_bytes, entry.mode, target)
    return found


def _thing(kind: FileKind, size_bytes: int, mode: int, target: str | None) -> Thing:
    # Links have no mode of their own, and only files a size.
    size_bytes = size_bytes if kind is FileKind.FILE else 0
    return Thing(kind, size_bytes, 0 if kind is FileKind.SYMLINK else mode, target)
