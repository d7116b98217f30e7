"""`crane registry serve`, a registry that others wrote, and the tools that make, push and unpack images.

crane is found in `.build/bin` of the checkout (`tests/servers/build.sh crane`) or on PATH; skopeo and umoci are
packages of Debian and others. A test that needs a tool which is not there is skipped, and says which.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsctl.lab.announcement import not_started
from opsctl.lab.attached import serve_attached
from tests.servers.launch import BUILD_FOLDER

_READY_SECONDS = 180.0
_TOOL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs, by path."""

    crane: str
    skopeo: str
    umoci: str

    def run(self, *command: str, folder: Path | None = None) -> str:
        """Runs a program to its end; its output. The first word is the name of a tool, or any program."""
        name, *arguments = command
        program = getattr(self, name) if name in ("crane", "skopeo", "umoci") else name
        done = subprocess.run(
            [program, *arguments],
            cwd=folder,
            capture_output=True,
            timeout=_TOOL_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout.decode(errors="surrogateescape")


def find_crane() -> str | None:
    """The path of crane, None when it is not there."""
    built = BUILD_FOLDER / "bin" / "crane"
    return str(built) if built.exists() else shutil.which("crane")


def require_tools() -> Tools:
    """The tools; skips the test when one is missing."""
    found = {"crane": find_crane(), "skopeo": shutil.which("skopeo"), "umoci": shutil.which("umoci")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    return Tools(**{name: path or "" for name, path in found.items()})


@contextmanager
def crane_registry(crane: str, folder: Path | None = None) -> Iterator[str]:
    """A registry, empty unless `folder` holds what one stored before. Yields its `127.0.0.1:PORT`."""
    with tempfile.TemporaryDirectory(prefix="opsctl-test-registry-") as temporary:
        stored = folder or Path(temporary) / "stored"
        stored.mkdir(exist_ok=True)
        log_file = Path(temporary) / "log"
        command = (crane, "registry", "serve", "--address", "127.0.0.1:0", "--disk", str(stored))
        with serve_attached(command, log_file=log_file) as guard:
            yield f"127.0.0.1:{_wait_for_port(guard, log_file)}"


def _wait_for_port(guard: subprocess.Popen[bytes], log_file: Path) -> int:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        told = re.search(r"serving on port (\d+)\n", log_file.read_text(encoding="utf-8"))
        if told is not None:
            return int(told[1])
        if guard.poll() is not None:
            raise not_started("crane", f"ended with code {guard.returncode}", log_file)
        if time.monotonic() > deadline:
            raise not_started("crane", f"was not ready within {_READY_SECONDS:g} s", log_file)
        time.sleep(0.02)
