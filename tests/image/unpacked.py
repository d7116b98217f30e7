"""Compares a listing of a whole image with a folder into which another tool unpacked it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from opsctl.image.listing import Listing
from opsctl.image.models import FileEntry, FileKind

_KINDS = (
    (stat.S_ISLNK, FileKind.SYMLINK),
    (stat.S_ISDIR, FileKind.FOLDER),
    (stat.S_ISREG, FileKind.FILE),
    (stat.S_ISFIFO, FileKind.PIPE),
    (stat.S_ISCHR, FileKind.CHARACTER_DEVICE),
    (stat.S_ISBLK, FileKind.BLOCK_DEVICE),
)
_DEVICES = (FileKind.CHARACTER_DEVICE, FileKind.BLOCK_DEVICE)


def compare_with_folder(listing: Listing, root: Path, *, has_modes: bool = True, has_devices: bool = True) -> list[str]:
    """What differs, a line each; empty when both are the same: names, kinds, sizes, targets of symlinks, that hard
    links share one file, permission bits.

    A tool that runs without root makes no devices (`has_devices=False`) and may leave setuid out (`has_modes=False`).
    """
    found = {entry.path: entry for entry in listing.entries}
    there = {path: os.lstat(root / path[1:]) for path in _walk(root)}
    differences = [f"{path}: only unpacked" for path in sorted(there.keys() - found.keys())]
    for path, entry in sorted(found.items()):
        if path not in there:
            if has_devices or entry.kind not in _DEVICES:
                differences.append(f"{path}: only listed")
            continue
        differences += [f"{path}: {one}" for one in _compare(entry, there[path], root, has_modes=has_modes)]
    return differences


def _walk(root: Path) -> list[str]:
    paths = []
    for folder, folders, files in os.walk(root):
        inside = os.path.relpath(folder, root)
        paths += [f"/{name}" if inside == "." else f"/{inside}/{name}" for name in folders + files]
    return paths


def _compare(entry: FileEntry, status: os.stat_result, root: Path, *, has_modes: bool) -> list[str]:
    place = root / entry.path[1:]
    kind = next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), None)
    if entry.kind == FileKind.HARDLINK:
        linked = root / (entry.link_target or "/")[1:]
        # The target itself may have been removed or replaced by a later layer.
        is_shared = not os.path.lexists(linked) or os.path.samestat(os.lstat(linked), status) or status.st_nlink == 1
        checks = [(kind in (FileKind.FILE, FileKind.SYMLINK, FileKind.PIPE), f"a {kind}"), (is_shared, "no hard link")]
    else:
        checks = [(kind == entry.kind, f"a {kind}, listed as {entry.kind}")]
    if kind == FileKind.FILE:
        checks.append((status.st_size == entry.size_bytes, f"{status.st_size} bytes, listed as {entry.size_bytes}"))
    if entry.kind == FileKind.SYMLINK and kind == FileKind.SYMLINK:
        target = os.readlink(place)  # noqa: PTH115  # a Path drops the `./` of a target
        checks.append((target == entry.link_target, f"to {target!a}, not {entry.link_target!a}"))
    if has_modes and kind != FileKind.SYMLINK:
        mode = stat.S_IMODE(status.st_mode)
        checks.append((mode == entry.mode, f"mode {mode:04o}, listed as {entry.mode:04o}"))
    return [text for is_right, text in checks if not is_right]
