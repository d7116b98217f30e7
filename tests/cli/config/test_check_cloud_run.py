"""`opsctl config check` asks Cloud Run what every Cloud Run command asks first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT
from opsctl.lab.google.faults import Action, Fault
from tests.cli.cloudrun.local_google import Terminal, open_terminal
from tests.cli.processes import run_words


def check(terminal: Terminal) -> tuple[int, dict[str, str]]:
    ended = run_words(["config", "check", "-o", "json"], terminal.process(), ROOT)
    (found,) = [item for item in json.loads(ended.stdout)["data"]["checks"] if item["name"] == "cloudrun"]
    return ended.exit_code, found


@pytest.mark.parametrize(
    ("region", "detail"),
    [
        ("asia-northeast3", "executions in asia-northeast3 of project netureyoutube can be read"),
        (None, "Cloud Run of project netureyoutube can be read"),
    ],
)
def test_cloud_run_is_tried(tmp_path: Path, region: str | None, detail: str) -> None:
    with open_terminal(tmp_path, region=region) as terminal:
        code, found = check(terminal)
    assert (code, found["state"]) == (0, "ok")
    assert found["detail"].startswith(detail)


def test_a_refusal_is_told_with_the_role(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        terminal.cloud.faults.add(Fault(Action.DENY, api="run"))
        code, found = check(terminal)
    assert (code, found["state"]) == (6, "denied")
    assert "roles/run.viewer" in found["hint"]


def test_without_a_project_nothing_is_asked(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        file = tmp_path / "opsctl.toml"
        lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join(line for line in lines if not line.startswith("project")), encoding="utf-8")
        code, found = check(terminal)
        calls = list(terminal.cloud.calls)
    assert (code, found["state"]) == (2, "invalid")
    assert "gcloud config set project" in found["hint"]
    assert calls == []
