"""The program against the local Google: its command lines, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsctl.cli.app import ROOT
from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from opsctl.lab.incidents import INCIDENTS
from tests.cli.processes import Ended, make_process, run_words

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
FIRST = "o4o-api-migrations-h5x5h"


@dataclass(frozen=True, slots=True)
class LiveGoogle:
    """A local Google that runs, and opsctl set up for it."""

    running: RunningGoogle
    folder: Path

    @property
    def cloud(self) -> Cloud:
        return self.running.cloud

    def run(self, *words: str, environ: dict[str, str] | None = None) -> Ended:
        """One command line, in this process."""
        settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": self.running.url for name in CLOUDRUN_ENDPOINTS}
        settings |= {"OPSCTL_CLOUDRUN_ACCESS_TOKEN": self.cloud.token, "OPSCTL_CACHE_DIR": str(self.folder / "cache")}
        process = make_process(self.folder, environ=settings | (environ or {}))
        # Later than every incident: none of them has just ended.
        return run_words(list(words), replace(process, now=lambda: NOW), ROOT)

    def diagnose(self, name: str, *words: str, environ: dict[str, str] | None = None) -> Ended:
        """`cloudrun diagnose`, with the project and region of the incident."""
        return self.run("cloudrun", "diagnose", name, *place_of(name), *words, environ=environ)

    def report(self, name: str = FIRST, *words: str) -> dict[str, Any]:
        """The report of a diagnosis."""
        ended = self.diagnose(name, "-o", "json", "--exit-zero", *words)
        assert ended.exit_code == 0, ended.stderr
        data: dict[str, Any] = json.loads(ended.stdout)["data"]
        return data

    def fail(self, action: Action, api: str, path: str = "", **more: Any) -> None:
        """From now on calls to an API go wrong."""
        self.cloud.faults.add(Fault(action, api, path=path, **more))


def place_of(name: str) -> tuple[str, ...]:
    """Where an incident happened, as flags."""
    _, project, _, region, *_ = INCIDENTS[name].evidence()["executionName"].split("/")
    return ("--project", project, "--region", region)


@contextmanager
def live_google(folder: Path, *names: str) -> Iterator[LiveGoogle]:
    """The local Google with these incidents, or with all."""
    with serve_in_thread(cloud_of_incidents(names or None)) as running:
        yield LiveGoogle(running, folder)
        assert running.cloud.violations == []


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """Section -> status."""
    return {item["section"]: item["status"] for item in report["completeness"]["sections"]}


def reasons(report: dict[str, Any]) -> dict[str, str]:
    """Section -> reason."""
    return {item["section"]: item["reason"] or "" for item in report["completeness"]["sections"]}
