"""What layers hold, kept on disk by digest. A layer never changes, so nothing here grows old; it is only evicted.

A file is named after its digest and begins with a line that holds the hash of the rest: what a crash or a full disk
left behind is told from what was stored. Names of files are kept, never their contents.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DEFAULT_MAX_BYTES = 256 << 20

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_STORED_NAME = re.compile(r"[0-9a-f]{64}")
_MAGIC = b"opsctl layer index 1 "
_HEADER_BYTES = len(_MAGIC) + 64 + 1
_PARTIAL_SUFFIX = ".partial"
_PARTIAL_SECONDS = 3600.0


def default_cache_folder() -> Path:
    """Where the user's programs keep what can be made again, `~/.cache/opsctl/layers` on Linux."""
    from platformdirs import user_cache_path  # noqa: PLC0415  # 20 ms that only images need

    return Path(user_cache_path("opsctl")) / "layers"


class DiskLayerCache:
    """Implements `opsctl.image.ports.LayerCache`. Several processes may share a folder.

    A folder that belongs to someone else, or that others may write to, is not used: what is read here is believed.
    """

    def __init__(self, folder: Path, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def load(self, digest: str) -> bytes | None:
        """What was stored under the digest; None when there is nothing, or when it is damaged."""
        match = _DIGEST.fullmatch(digest)
        if match is None:
            return None
        try:
            with self._open_folder() as folder:
                return self._read(folder, match[1])
        except OSError:
            return None

    def store(self, digest: str, index: bytes) -> None:
        """Keeps it, and removes what was not used for longest when the folder grows too large. Never raises."""
        match = _DIGEST.fullmatch(digest)
        if match is None or len(index) + _HEADER_BYTES > self._max_bytes:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._open_folder() as folder:
                _write(folder, match[1], index)
                self._evict(folder, keep=match[1])

    @contextmanager
    def _open_folder(self) -> Iterator[int]:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not _is_ours(os.fstat(folder)):
                raise PermissionError("the folder can be written to by others")
            yield folder
        finally:
            os.close(folder)

    def _read(self, folder: int, name: str) -> bytes | None:
        # A pipe of that name must not block, and a link must not lead elsewhere.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(name, flags, dir_fd=folder), "rb") as file:  # noqa: PTH123  # relative to an open folder
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or not _is_ours(found) or found.st_size > self._max_bytes:
                return None
            content = file.read(self._max_bytes + 1)
            index = content[_HEADER_BYTES:]
            if content[:_HEADER_BYTES] != _header(index):
                os.unlink(name, dir_fd=folder)
                return None
            os.utime(file.fileno())
        return index

    def _evict(self, folder: int, *, keep: str) -> None:
        """Removes the least recently used until the rest fits. Another process may remove the same files."""
        stored: list[tuple[float, str, int]] = []
        newest = os.stat(keep, dir_fd=folder).st_mtime
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    found = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(_PARTIAL_SUFFIX):
                        if newest - found.st_mtime > _PARTIAL_SECONDS:
                            os.unlink(entry.name, dir_fd=folder)
                    elif _STORED_NAME.fullmatch(entry.name) and stat.S_ISREG(found.st_mode):
                        stored.append((found.st_mtime, entry.name, found.st_size))
        used = sum(size for _, _, size in stored)
        for _, name, size in sorted(stored):
            if used <= self._max_bytes:
                break
            if name != keep:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
                used -= size


def _write(folder: int, name: str, index: bytes) -> None:
    partial = f"{name}.{secrets.token_hex(8)}{_PARTIAL_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with open(os.open(partial, flags, 0o600, dir_fd=folder), "wb") as file:  # noqa: PTH123
            file.write(_header(index))
            file.write(index)
        os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial, dir_fd=folder)
        raise


def _header(index: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(index).hexdigest().encode() + b"\n"


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022
