"""The local Google in a process of its own, and commands that are timed against it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, Request, build_opener

from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.announcement import wait_for_port

PROJECT, REGION, JOB = "netureyoutube", "asia-northeast3", "o4o-api-migrations"
EXECUTION = f"{JOB}-h5x5h"
EXECUTION_PATH = f"projects/{PROJECT}/locations/{REGION}/jobs/{JOB}/executions/{EXECUTION}"
OPSCTL = str(Path(sys.executable).with_name("opsctl"))
_READY_SECONDS = 60.0
_COMMAND_SECONDS = 300.0
# Loopback is asked directly, whatever proxy the machine has.
_open_url = build_opener(ProxyHandler({})).open


class Usage(NamedTuple):
    """What a command took, its children included. `peak_mib` is the largest resident size of one of them."""

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    exit_code: int


class Calls(NamedTuple):
    """Requests that the server answered: how many, those of them that read the log, and the time spent in all."""

    made: int
    log_reads: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LiveGoogle:
    """A local Google that runs. `folder` is for whoever measures."""

    port: int
    token: str
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **more: str) -> dict[str, str]:
        """For opsctl: nothing of this machine's own settings."""
        settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": self.url for name in CLOUDRUN_ENDPOINTS}
        return {
            **_inherited(),
            **settings,
            "OPSCTL_CLOUDRUN_ACCESS_TOKEN": self.token,
            "OPSCTL_CACHE_DIR": str(self.folder / "cache"),
            "HOME": str(self.folder),
            **more,
        }

    def delay(self, seconds: float) -> None:
        """From now on every answer comes later, by so much."""
        self._control("faults", "DELETE")
        if seconds:
            self._control("faults", "POST", {"action": "delay", "seconds": seconds})

    def forget_calls(self) -> None:
        self._control("calls", "DELETE")

    def calls(self) -> Calls:
        """Since they were forgotten."""
        found = self._control("calls", "GET")["calls"]
        reads = sum(call["path"].endswith("entries:list") for call in found)
        return Calls(len(found), reads, sum(call["seconds"] for call in found))

    def get(self, path: str) -> Any:
        """What an API answers."""
        return self._send(Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"}))

    def _control(self, what: str, method: str, document: object = None) -> Any:
        content = None if document is None else json.dumps(document).encode()
        return self._send(Request(f"{self.url}/_lab/{what}", data=content, method=method))

    def _send(self, request: Request) -> Any:
        with _open_url(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def live_google(folder: Path, *words: str) -> Iterator[LiveGoogle]:
    """`python -m WORDS --port-file F --token-file F` until the context ends."""
    port_file, token_file, log_file = folder / "port", folder / "token", folder / "google.log"
    command = [sys.executable, "-m", *words, "--port-file", str(port_file), "--token-file", str(token_file)]
    with log_file.open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        port = wait_for_port("Google", child, port_file=port_file, log_file=log_file, ready_seconds=_READY_SECONDS)
        yield LiveGoogle(port, token_file.read_text(encoding="ascii").strip(), folder)
    finally:
        child.terminate()
        child.wait(10)


def run(command: Sequence[str], environment: Mapping[str, str], output: Path | None = None) -> Usage:
    """Runs a command to its end; what it prints goes into the file, or nowhere."""
    with (output or Path(os.devnull)).open("wb") as file:
        began = time.perf_counter()
        child = subprocess.Popen(
            ["timeout", str(_COMMAND_SECONDS), *command], env=environment, stdout=file, stderr=file
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    # Bytes on macOS, KiB elsewhere.
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, child.returncode)


def require(tool: str) -> str:
    """The path of a tool, on PATH or in `.build/bin`. Ends the program without it."""
    built = Path(__file__).resolve().parents[1] / ".build" / "bin"
    found = shutil.which(tool, path=os.pathsep.join((os.environ.get("PATH", ""), str(built))))
    if found is None:
        raise SystemExit(f"{tool} is not installed")
    return found


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Median, and in brackets the smallest and the largest."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} {unit} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def _inherited() -> dict[str, str]:
    """Without proxies, and without what keeps Python from using its compiled files as it does where it is installed."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.lower().endswith("_proxy") and not key.startswith(("OPSCTL_", "CLOUDSDK_", "PYTHON"))
    }
