"""Paths inside an image: bytes as an archive has them, relative to the root, which is empty."""

from __future__ import annotations


def normalise(name: bytes) -> tuple[bytes, bool]:
    """A name of an archive as a path of the image, and whether it had tried to leave the root."""
    name = name.removeprefix(b"./").rstrip(b"/")
    if not (name.startswith((b"/", b".")) or b"/." in name or b"//" in name):
        return name, False
    parts: list[bytes] = []
    is_outside = False
    for part in name.split(b"/"):
        if part == b"..":
            is_outside = is_outside or not parts
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts), is_outside


def join(folder: bytes, name: bytes) -> bytes:
    """The path of a child."""
    return folder + b"/" + name if folder else name


def is_within(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or something below it."""
    return not folder or path == folder or path.startswith(folder + b"/")


def move(path: bytes, source: bytes, target: bytes) -> bytes:
    """The path of what is at `path` when `source` becomes `target`; what is not within `source` stays."""
    return (target + b"/" + path[len(source) :].lstrip(b"/")).strip(b"/") if is_within(path, source) else path


def split(path: bytes) -> list[bytes]:
    """The parts of a path; `..` stays, for it may follow a symlink."""
    return [part for part in path.split(b"/") if part not in (b"", b".")]


def from_text(path: str) -> bytes:
    """A path as a person gives it."""
    return normalise(path.encode("utf-8", "surrogateescape"))[0]


def to_text(path: bytes) -> str:
    """An absolute path; bytes that are no UTF-8 survive as surrogates."""
    return "/" + path.decode("utf-8", "surrogateescape")


def shown(path: bytes) -> str:
    """A path for a sentence: short, and without anything that a terminal could take as a command."""
    text = path[:200].decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
