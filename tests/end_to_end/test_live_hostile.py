"""Hostile text in every answer does no harm: nothing of it reaches a terminal as it is, and no name in it becomes a
command."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsctl.cli.app import ROOT
from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.google.faults import Action
from opsctl.lab.incidents import INCIDENTS
from opsctl.reporting.language import LANGUAGES
from tests.adapters.git_checkouts import write_program
from tests.cli.processes import Ended, make_process, run_words
from tests.end_to_end.hostile_google import (
    HARMFUL,
    PROMPT,
    SHELL,
    TERMINAL,
    google_with_hostile_names,
    google_with_hostile_text,
)
from tests.end_to_end.live_google import FIRST, NOW, LiveGoogle, live_google, place_of
from tests.end_to_end.tapped_google import tapped_google

pytestmark = pytest.mark.slow

LISTS = ("table", "json", "yaml", "markdown", "csv", "ndjson", "name")
COMMANDS = {
    ("diagnose", FIRST): LISTS[:4],
    ("logs", FIRST): (*LISTS[:4], "ndjson", "text"),
    ("executions",): LISTS,
    ("image", "ls", FIRST, "/app"): LISTS,
    ("image", "config", FIRST): LISTS[:4],
}
CASES = [(words, output) for words, formats in COMMANDS.items() for output in formats]
CASE_IDS = [f"{' '.join(words)} -o {output}" for words, output in CASES]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGoogle]:
    with tapped_google(tmp_path_factory.mktemp("hostile"), google_with_hostile_text()) as (google, _):
        yield google


def run_on_terminal(google: LiveGoogle, *words: str) -> Ended:
    """On a terminal, where escape sequences of our own are fine: without colours and without a moving bar."""
    settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": google.running.url for name in CLOUDRUN_ENDPOINTS}
    settings |= {"OPSCTL_CLOUDRUN_ACCESS_TOKEN": google.cloud.token, "OPSCTL_CACHE_DIR": str(google.folder / "cache")}
    process = make_process(google.folder, environ=settings | {"NO_COLOR": "1", "TERM": "dumb"}, is_terminal=True)
    return run_words(list(words), replace(process, now=lambda: NOW), ROOT)


def check_harmless(ended: Ended) -> None:
    found = HARMFUL.intersection(ended.stdout.replace("\r\n", "\n") + ended.stderr)
    assert not found, (found, ended.stderr)


@pytest.mark.parametrize(("words", "output"), CASES, ids=CASE_IDS)
def test_no_output_holds_what_moves_a_cursor(hostile: LiveGoogle, words: tuple[str, ...], output: str) -> None:
    for language in LANGUAGES:
        ended = hostile.run("cloudrun", *words, *place_of(FIRST), "-o", output, "--lang", language, "-vv")
        assert ended.exit_code in (0, 3), ended.stderr
        assert ended.stdout
        check_harmless(ended)
        check_document(ended.stdout, output)


@pytest.mark.parametrize("columns", ["80", "200"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_terminal_is_moved(
    hostile: LiveGoogle, words: tuple[str, ...], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ended = run_on_terminal(hostile, "cloudrun", *words, *place_of(FIRST))
    assert ended.exit_code in (0, 3), ended.stderr
    check_harmless(ended)
    # Markup is shown as it is: had Rich read it, the brackets would be gone.
    assert ended.stdout.count("특가") <= re.sub(r"\s+", "", ended.stdout).count("red]특가") + ended.stdout.count("…")


def test_a_program_that_reads_the_log_gets_the_text_but_for_colours(hostile: LiveGoogle) -> None:
    lines = hostile.run("cloudrun", "logs", FIRST, *place_of(FIRST), "-o", "ndjson").stdout.splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert [text for text in texts if "\x9b1A\x90q\x9c" in text and "\u202egpj.exe\u2066" in text]


def test_what_pretends_to_be_an_instruction_changes_nothing(hostile: LiveGoogle, tmp_path: Path) -> None:
    with live_google(tmp_path, FIRST) as plain:
        expected = plain.report()
    found = hostile.report()
    assert [item["cause"] for item in found["findings"]][:1] == [item["cause"] for item in expected["findings"]][:1]
    commands = list(commands_of(found))
    assert commands
    assert not [command for command in commands if PROMPT[:20] in command or "example.com" in command]


@pytest.mark.parametrize("action", [Action.DENY, Action.NOT_FOUND, Action.STATUS])
def test_no_error_moves_a_cursor(tmp_path: Path, action: Action) -> None:
    def change(request: Any, response: Any, body: dict[str, Any] | None) -> dict[str, Any] | None:
        if body is None or response.status < 400:
            return None
        for error in body.get("errors") or [body.get("error", {})]:
            error["message"] = f"{TERMINAL} {error.get('message', '')} {TERMINAL}"
            for detail in error.get("details", []):
                detail["metadata"] = {key: f"{value}{TERMINAL}" for key, value in detail.get("metadata", {}).items()}
        return body

    with tapped_google(tmp_path, google_with_hostile_text(), change) as (google, _):
        for api in ("logging", "registry", "iam", "run"):
            google.cloud.faults.clear()
            google.fail(action, api, status=400)
            for words in (("diagnose", FIRST), ("executions",)):
                for output in ("table", "json", "markdown"):
                    check_harmless(google.run("cloudrun", *words, *place_of(FIRST), "-o", output, "-vv"))


class TestCommands:
    """Every command that is suggested is what it looks like, whatever names stand in it."""

    @pytest.mark.parametrize("payload", SHELL, ids=range(len(SHELL)))
    def test_no_name_becomes_a_command(self, payload: str, tmp_path: Path) -> None:
        suggested: list[str] = []
        for name in ("o4o-api-migrations-k2p9d", "o4o-api-migrations-d4m7s"):
            folder = tmp_path / name
            folder.mkdir()
            with tapped_google(folder, google_with_hostile_names(name, payload)) as (google, _):
                suggested += self.check(google, name, folder)
                for api in ("secretmanager", "sqladmin", "iam", "cloudresourcemanager", "registry", "logging"):
                    google.fail(Action.DENY, api)
                suggested += self.check(google, name, folder)
        # The names do stand in some of them, as one word.
        if "\n" not in payload:
            assert [command for command in suggested if any(payload in word for word in shlex.split(command))]

    def check(self, google: LiveGoogle, name: str, folder: Path) -> list[str]:
        ended = google.run("cloudrun", "diagnose", name, *place_of(name), "-o", "json", "--exit-zero")
        assert ended.exit_code == 0, ended.stderr
        commands = list(commands_of(json.loads(ended.stdout)["data"]))
        assert commands
        check_commands(commands, folder)
        return commands

    @pytest.mark.parametrize("payload", SHELL, ids=range(len(SHELL)))
    def test_no_refusal_becomes_a_command(self, payload: str, tmp_path: Path) -> None:
        """What an error names as permission, service, consumer or resource goes into commands too."""

        def change(request: Any, response: Any, body: dict[str, Any] | None) -> dict[str, Any] | None:
            if body is None or response.status < 400:
                return None
            for error in body.get("errors") or [body.get("error", {})]:
                error["message"] = f"{error.get('message', '')} Permission 'run.jobs.get{payload}' {payload}"
                for detail in error.get("details", []):
                    pairs = detail.get("metadata", {}).items()
                    detail["metadata"] = {key: f"{value}{payload}" for key, value in pairs}
            return body

        with live_google(tmp_path, FIRST) as plain, tapped_google(tmp_path, plain.cloud, change) as (google, _):
            for action in (Action.DENY, Action.API_DISABLED):
                for api in ("run", "logging", "secretmanager", "registry", "sqladmin", ""):
                    google.cloud.faults.clear()
                    google.fail(action, api)
                    for words in (("diagnose", FIRST), ("executions",), ("image", "config", FIRST)):
                        ended = google.run("cloudrun", *words, *place_of(FIRST), "-o", "json", "--exit-zero")
                        document = json.loads(ended.stdout)
                        commands = [*commands_of(document["data"] or {}), *hints_of(document)]
                        check_commands(commands, tmp_path)

    @pytest.mark.parametrize("name", [name for name in INCIDENTS if not name.endswith("-logs-denied")])
    def test_every_command_of_every_incident_can_be_parsed(self, name: str, tmp_path: Path) -> None:
        with live_google(tmp_path, name) as google:
            check_commands(list(commands_of(google.report(name))), tmp_path)


def check_commands(commands: list[str], folder: Path) -> None:
    """A shell reads each as one would think, and running it starts nothing but the programs that it begins with."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for program in ("gcloud", "opsctl", "docker", "xxd", "tail"):
        write_program(stubs / program, "#!/bin/sh\nexit 0\n")
    for command in commands:
        words = shlex.split(command, comments=True)
        assert words, command
        parsed = subprocess.run(
            ["/bin/sh", "-n", "-c", command], capture_output=True, text=True, check=False, timeout=120
        )
        assert parsed.returncode == 0, (command, parsed.stderr)
        subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={"PATH": str(stubs), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert not (folder / "pwned").exists(), command
        assert not set(command) & HARMFUL, command


def commands_of(value: Any) -> Iterator[str]:
    """Everything in a report that is there to be copied into a shell."""
    if isinstance(value, dict):
        for key, item in value.items():
            if re.search(r"command", key, re.IGNORECASE) and isinstance(item, str) and " " in item:
                yield item
            elif key == "commands":
                yield from (text for text in item if isinstance(text, str))
            else:
                yield from commands_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from commands_of(item)


def hints_of(document: dict[str, Any]) -> Iterator[str]:
    """Commands in the hints of errors."""
    for error in document.get("errors", []):
        for match in re.finditer(r"(?:gcloud (?:projects|services)|docker|opsctl) [^`\n]+", error.get("hint") or ""):
            yield match[0]


def check_document(text: str, output: str) -> None:
    """A program can read it."""
    if output == "json":
        json.loads(text)
    elif output == "yaml":
        yaml.safe_load(text)
    elif output == "ndjson":
        [json.loads(line) for line in text.splitlines()]
    elif output == "csv":
        csv.field_size_limit(1 << 24)
        rows = list(csv.reader(io.StringIO(text)))
        assert len({len(row) for row in rows}) == 1
