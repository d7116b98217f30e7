"""A stand-in for the base image, which no test can fetch: this machine's Python, a shell, and little else.

Like the official image it has pip, and neither the tests nor the bytecode of the standard library.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PROGRAMS = ("sh", "rm", "env", "cat", "ls", "touch", "find")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# What a Debian without anything has, and wheels for Linux count on.
_SYSTEM_LIBRARIES = (
    "libpthread",
    "libdl",
    "librt",
    "libutil",
    "libresolv",
    "libnss_dns",
    "libnss_files",
    "libgcc_s",
    "libstdc++",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "test", "tests", "idle_test", "idlelib", "*.a", "site-packages")


def find_python(version: str) -> Path | None:
    """The prefix of a Python of that version, such as `3.13`, that is installed in a folder of its own with its pip;
    else that of the one that runs the tests; None when that is a part of the system."""
    own = Path(sys.base_prefix)
    for prefix in (*sorted(own.parent.glob(f"{version}*")), own):
        if prefix != Path("/usr") and any(prefix.glob("lib/python3.*/site-packages/pip")):
            return prefix
    return None


def write_base_folder(prefix: Path, folder: Path) -> None:
    """Writes the root of the file system. The Python keeps its path; /usr/local/bin leads to it."""
    library = next(path for path in prefix.glob("lib/python3.*") if (path / "os.py").exists())
    own = folder / prefix.relative_to("/")
    shutil.copytree(library, own / "lib" / library.name, ignore=_LEFT_OUT, symlinks=True)
    for pip in (library / "site-packages").glob("pip*"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(pip, own / "lib" / library.name / "site-packages" / pip.name, ignore=ignored)
    programs = [Path(shutil.which(name) or f"/bin/{name}").resolve() for name in PROGRAMS]
    binaries = [prefix / "bin" / library.name, *programs]
    for binary in {*binaries, *_libraries_of([*binaries, *library.glob("lib-dynload/*.so")]), *_system_libraries()}:
        _copy_to_same_place(binary, folder)
    for name, program in zip(PROGRAMS, programs, strict=True):
        _link(folder / "bin" / name, program)
    for name in ("python", "python3", library.name):
        _link(folder / "usr" / "local" / "bin" / name, prefix / "bin" / library.name)
    _copy_to_same_place(CERTIFICATES, folder)
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    for name in ("tmp", "var/tmp", "proc", "dev"):
        (folder / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (folder / name).chmod(0o1777)


def _libraries_of(binaries: Iterable[Path]) -> Iterator[Path]:
    """What the loader needs for them, itself included, as `ldd` names it."""
    told = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    yield from (Path(path) for path in re.findall(r"(/\S+) \(0x", told))


def _system_libraries() -> Iterator[Path]:
    told = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for name, path in re.findall(r"^\s(\S+?)\.so\.\d+ \(.*?\) => (/\S+)$", told, re.MULTILINE):
        if name in _SYSTEM_LIBRARIES:
            yield Path(path)


def _copy_to_same_place(file: Path, folder: Path) -> None:
    place = folder / file.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, place)


def _link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(target)
