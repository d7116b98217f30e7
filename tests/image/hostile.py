"""Layers made to hurt, as streams: none is ever whole in memory. Run as a program with the name of one, it looks
into it as a diagnosis does and prints what came of it, with the memory it took, and the time beside that of a piece of
work which is always the same."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import resource
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backports import zstd

from opsctl.errors import OpsctlError
from opsctl.image.inspect import inspect
from opsctl.image.models import Descriptor, ImageDescription, Layer, Wanted

GIBIBYTE = 1 << 30
ZEROS = bytes(1 << 20)
Stream = Callable[[], Iterator[bytes]]


def header(name: str = "a", size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """A header block; GNU's numbers for what octal digits cannot hold."""
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member.tobuf(tarfile.GNU_FORMAT)


def gzip_bomb() -> Iterator[bytes]:
    """10 GiB of zeros in some 10 MB."""
    yield pack(header(size=10 * GIBIBYTE))
    member = gzip.compress(ZEROS * 16, mtime=0)
    yield from (member for _ in range(640))


def zstd_bomb() -> Iterator[bytes]:
    """10 GiB of zeros in some 500 kB."""
    yield zstd.compress(header(size=10 * GIBIBYTE))
    frame = zstd.compress(ZEROS * 8)
    yield from (frame for _ in range(1280))


def plain_of_2_gib() -> Iterator[bytes]:
    """No bomb, only large: everything passes by."""
    yield header(size=2 * GIBIBYTE)
    yield from (ZEROS for _ in range(2048))
    yield ZEROS[:1024]


def entries(count: int, name: str = "f{}", kind: bytes = tarfile.REGTYPE, link: str = "") -> Iterator[bytes]:
    """Many headers, made by hand: tarfile takes ten times as long."""
    template = header("", kind=kind, link=link)
    rest = template[100:148]
    base = sum(rest) + sum(template[156:]) + 8 * 0x20
    end = template[156:]
    for start in range(0, count, 5_000):
        batch = bytearray()
        for number in range(start, min(start + 5_000, count)):
            own = name.format(number).encode()
            batch += b"%b%b%06o\0 %b" % (own.ljust(100, b"\0"), rest, base + sum(own), end)
        yield pack(batch)
    yield pack(ZEROS[:1024])


def pack(content: bytes | bytearray) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def pax_of_100_mb() -> Iterator[bytes]:
    yield header("pax", 100_000_000, tarfile.XHDTYPE)
    yield b"100000000 path="
    yield from (b"x" * 1_000_000 for _ in range(100))
    yield header()


def name_of_1_mb(count: int) -> Iterator[bytes]:
    """GNU's long names, each of nearly the most that is read."""
    long = b"n" * 1_000_000
    long_header = header("././@LongLink", len(long) + 1, tarfile.GNUTYPE_LONGNAME)
    for _ in range(count):
        yield pack(long_header + long + bytes(-len(long) % 512) + header())
    yield pack(ZEROS[:1024])


def deep_names(count: int) -> Iterator[bytes]:
    """4,000 folders in each name, no two alike."""
    for number in range(count):
        long = b"%05d/" % number + b"d/" * 2_000
        start = header("././@LongLink", len(long) + 1, tarfile.GNUTYPE_LONGNAME)
        yield pack(start + long + bytes(-len(long) % 512) + header())
    yield pack(ZEROS[:1024])


def symlink_maze() -> Iterator[bytes]:
    """Links that lead through links, and entries behind them."""
    batch = [header(f"l{n}", kind=tarfile.SYMTYPE, link=f"l{n + 1}/l{n + 1}") for n in range(60)]
    batch += [header(f"l{n % 60}/x{n}") for n in range(20_000)]
    yield pack(b"".join(batch) + ZEROS[:1024])


def hard_link_maze() -> Iterator[bytes]:
    batch = [header(f"l{n}", kind=tarfile.LNKTYPE, link=f"l{n + 1}/l{n + 1}") for n in range(2_000)]
    yield pack(b"".join(batch) + ZEROS[:1024])


LAYERS: dict[str, Stream] = {
    "gzip-bomb": gzip_bomb,
    "zstd-bomb": zstd_bomb,
    "plain-2-gib": plain_of_2_gib,
    "million-files": lambda: entries(1_000_000),
    "million-folders": lambda: entries(1_000_000, "d{}", tarfile.DIRTYPE),
    "million-hard-links": lambda: entries(1_000_000, "h{}", tarfile.LNKTYPE, "target"),
    "million-whiteouts": lambda: entries(1_000_000, "w/.wh.{}"),
    "million-symlinks": lambda: entries(1_000_000, "s{}", tarfile.SYMTYPE, "s{}"),
    "million-outside": lambda: entries(1_000_000, "../../{}"),
    "folder-replaced": lambda: (
        pack(header(f"d/{n}") + header("d")) if n < 50_000 else pack(ZEROS[:1024]) for n in range(50_001)
    ),
    "pax-100-mb": pax_of_100_mb,
    "names-of-1-mb": lambda: name_of_1_mb(100),
    "deep-names": lambda: deep_names(20_000),
    "symlink-maze": symlink_maze,
    "hard-link-maze": hard_link_maze,
}


class StreamBlobs:
    """A BlobSource over one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @contextmanager
    def open(self, _blob: Descriptor) -> Iterator[Iterator[bytes]]:
        yield self._stream()


def describe(stream: Stream) -> ImageDescription:
    """An image of the one layer, its digest right."""
    digest, size_bytes = hashlib.sha256(), 0
    for piece in stream():
        digest.update(piece)
        size_bytes += len(piece)
    blob = Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", f"sha256:{digest.hexdigest()}", size_bytes)
    return ImageDescription(
        "r.test/hostile:1", "r.test/hostile", blob.digest, None, "linux/amd64", (), {}, (Layer(0, blob, None),)
    )


def read_peak_mib() -> float:
    """The largest resident size of this program; `ru_maxrss` also counts what the process was before it became this."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii")) if status.exists() else None
    if found:
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def do_known_work() -> None:
    """About a second of reading headers on a machine of our days."""
    block = header("some/folder/file", size=1234)
    for _ in range(1_000_000):
        int(block[124:135], 8)
        block[:100].rstrip(b"\0").decode().split("/")


def main() -> None:
    stream = LAYERS[sys.argv[1]]
    image = describe(stream)
    began = time.process_time()
    do_known_work()
    known_seconds = time.process_time() - began
    began = time.process_time()
    wanted = Wanted(paths=frozenset({"/nowhere", "/l0/x0"}), texts=frozenset({"/h7", "/l1", "/f77"}))
    try:
        found = inspect(image, StreamBlobs(stream), wanted, budget_bytes=1 << 40)
        outcome = f"{len(found.files)} found, {len(found.absent)} absent, {len(found.undecided)} undecided"
    except OpsctlError as error:
        outcome = error.code
    seconds = time.process_time() - began
    peak_mib = read_peak_mib()
    figures = {"seconds": seconds, "known_seconds": known_seconds, "peak_mib": peak_mib}
    print(json.dumps({"outcome": outcome, **{name: round(value, 2) for name, value in figures.items()}}))


if __name__ == "__main__":
    main()
