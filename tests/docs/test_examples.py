"""What the README and the tutorials show is what the program does: every command is run, in their order, on a lab."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docs.generator.records import record_keys

from opsctl.lab.environment import DATABASE, open_collection, start_lab
from opsctl.lab.state import locate_lab
from tests.docs.pages import DIAGNOSIS, README, TUTORIAL, Example, is_shown_in, read_examples

PROFILE = " --profile lab"
LONGEST_SECONDS = 60
# `status` gives every source a second or so. On a busy machine one may not answer in time: then it is asked again.
LOOKS = 5


@pytest.fixture
def lab_home(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody with a lab of their own; the lab is down at the end, whatever happened."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OPSCTL_", "AWS_"))}
    environment = {**own, "XDG_STATE_HOME": str(tmp_path), "OPSCTL_PROFILE": "lab", "COLUMNS": "80"}
    yield environment
    _run("opsctl lab down -q", environment, tmp_path)


@pytest.mark.slow
def test_every_example_prints_what_the_page_shows(lab_home: dict[str, str], tmp_path: Path) -> None:
    check_examples(read_examples(TUTORIAL), lab_home, tmp_path, before_the_end=lambda: check_records(tmp_path))


@pytest.mark.slow
def test_a_first_diagnosis_goes_as_the_page_shows(lab_home: dict[str, str], tmp_path: Path) -> None:
    check_examples(read_examples(DIAGNOSIS), lab_home, tmp_path)


def test_every_example_of_the_readme_is_one_of_a_tutorial() -> None:
    shown = {example.command for page in (TUTORIAL, DIAGNOSIS) for example in read_examples(page)}
    for example in read_examples(README):
        command = example.command.replace(PROFILE, "")
        assert any(known == command or known.startswith(f"{command} --") for known in shown), command


def check_examples(
    examples: list[Example],
    environment: dict[str, str],
    folder: Path,
    *,
    before_the_end: Callable[[], None] = lambda: None,
) -> None:
    """Runs the examples of a tutorial in their order, and compares those of the README with what was printed."""
    printed: dict[str, list[str]] = {}
    for example in examples:
        if example.command == "opsctl lab down":
            before_the_end()
        done = _run(example.command, environment, folder)
        for _ in range(LOOKS):
            if not example.command.startswith("opsctl status") or is_as_shown(example, done):
                break
            done = _run(example.command, environment, folder)
        printed.setdefault(example.command, []).append(done.stdout)
        assert done.returncode == example.exit_code, f"{example.command}\n{done.stdout}{done.stderr}"
        assert is_shown_in(example.shown, done.stdout), f"{example.page}: {example.command}\n{done.stdout}"
    check_readme(examples, printed)


def is_as_shown(example: Example, done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == example.exit_code and is_shown_in(example.shown, done.stdout)


def check_readme(examples: list[Example], printed: dict[str, list[str]]) -> None:
    """The README shows commands of the tutorials: they need not run twice."""
    exit_codes = {example.command: example.exit_code for example in examples}
    for example in read_examples(README):
        command = example.command.replace(PROFILE, "")
        for known in printed:
            if known == command or known.startswith(f"{command} --save-evidence"):
                assert exit_codes[known] == example.exit_code
                assert is_shown_in(example.shown, printed[known][0]), f"{example.page}: {command}\n{printed[known][0]}"


def check_records(state_folder: Path) -> None:
    """The documents that the migration has written hold exactly the keys that the reference lists."""
    lab = start_lab(locate_lab(state_folder / "opsctl" / "lab"))
    with open_collection(lab) as (client, collection):
        ours = list(collection.find({"s3_migration.run_id": {"$exists": True}}))
        run = client[DATABASE]["opsctl_runs"].find_one()
    assert ours
    assert run is not None
    ledgers = [document["s3_migration"] for document in ours]
    shard = run["shards"]["0"]
    assert set(shard) == {"lease", "in_flight"}
    seen = {
        "s3_images_metadata": _keys(entry for document in ours for entry in document["s3_images_metadata"]),
        "s3_migration": _keys(ledgers) | {"stored"},  # only while a document is open
        "failed": _keys(entry for ledger in ledgers for entry in ledger["failed"]),
        "opsctl_runs": set(run),
        "lease": _keys([shard["lease"]]),
        "selection": _keys([run["selection"]]),
        "plan": _keys([run["plan"]]),
        "counters": _keys([run["counters"]]),
        "buckets": _keys(run["buckets"]),
        "process": _keys([shard["lease"]["process"]]),
    }
    assert record_keys() == seen


def _keys(mappings: Any) -> set[str]:
    return {key for mapping in mappings for key in mapping}


def _run(command: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(command)
    assert program == "opsctl"
    return subprocess.run(
        [sys.executable, "-m", "opsctl", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
