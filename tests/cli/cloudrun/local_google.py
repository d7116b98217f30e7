"""The local Google in a thread, and a command line that is configured for it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsctl.cli.app import ROOT
from opsctl.cli.process import Process
from opsctl.cli.schema import find_report
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, Stream, make_process, run_words
from tests.reporting.test_json_schema import problems

NAME = "o4o-api-migrations-h5x5h"
LATER = datetime(2026, 1, 16, tzinfo=UTC)
_ENDPOINTS = ("", "logging_", "iam_", "resource_manager_", "secret_manager_", "sql_", "service_usage_",
              "policy_troubleshooter_", "artifact_registry_", "registry_")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terminal:
    """Runs `opsctl` with a configuration that leads to the local Google."""

    google: RunningGoogle
    folder: Path

    @property
    def cloud(self) -> Cloud:
        return self.google.cloud

    def process(self, environ: Mapping[str, str] = {}, *, stdout: Stream | None = None) -> Process:
        made = make_process(
            self.folder, environ={"OPSCTL_CACHE_DIR": str(self.folder / "cache"), **environ}, stdout=stdout
        )
        return replace(made, now=lambda: LATER)

    def run(self, *words: str, process: Process | None = None) -> Ended:
        return run_words(["cloudrun", *words], process or self.process(), ROOT)

    def data(self, *words: str) -> Any:
        """What `-o json` holds; it must keep to its schema."""
        envelope = json.loads(self.run(*words, "-o", "json").stdout)
        command = envelope["command"]
        assert problems(envelope, envelope_schema(command, find_report(command))) == []
        return envelope["data"]


@contextmanager
def open_terminal(
    folder: Path, incidents: Collection[str] = (NAME,), *, region: str | None = "asia-northeast3"
) -> Iterator[Terminal]:
    """The local Google after some incidents. Nothing that must never be asked may have been asked."""
    with serve_in_thread(cloud_of_incidents(incidents)) as google:
        lines = ['default_profile = "t"', "[profiles.t.cloudrun]", 'project = "netureyoutube"']
        lines += [f'region = "{region}"'] if region else []
        lines += [f'access_token = {{ file = "{folder / "token"}" }}']
        lines += [f'{name}endpoint = "{google.url}"' for name in _ENDPOINTS]
        (folder / "token").write_text(google.cloud.token, encoding="utf-8")
        (folder / "token").chmod(0o600)
        (folder / "opsctl.toml").write_text("\n".join(lines), encoding="utf-8")
        yield Terminal(google, folder)
        assert google.cloud.violations == []
