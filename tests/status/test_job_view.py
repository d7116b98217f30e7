"""The Job for people: both languages, a narrow and a wide terminal, one pod and five thousand."""

from __future__ import annotations

import inspect
import re
import string
import unicodedata
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from opsctl.reporting.envelope import to_jsonable
from opsctl.reporting.language import LANGUAGES, Language
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue, read_area
from opsctl.status import job_contradictions, job_problems, state
from opsctl.status.answers import Snapshot
from opsctl.status.assessment import assess
from opsctl.status.job import Job
from opsctl.status.report import build_report
from opsctl.status.view import status_view
from tests.status.job_values import (
    JOB_NAME,
    POD_NAME,
    complete_job,
    ended,
    failed_job,
    failed_pod,
    indexed_job,
    job,
    pod,
    shard,
    waiting,
)
from tests.status.values import SETTINGS, ago, objects, run, snapshot, tally

QUIET = snapshot(images=tally(last_upload_at=ago(900)), objects=objects(newest_at=ago(900)))
SEOUL = timezone(timedelta(hours=9))
CROWD = indexed_job(
    *(shard(number, has_lines=None, last_line_at=None) for number in range(4990)),
    *(shard(number, phase="Pending", pending_reason="Unschedulable: 0/9 nodes") for number in range(4990, 5000)),
    completions=6000,
    completed_indexes="5000-5999",
)
SCENES: dict[str, tuple[Snapshot, Job]] = {
    "old job": (snapshot(), job()),
    "out of memory": (QUIET, job(pod(last_termination=ended("OOMKilled", 137), restarts=3))),
    "image": (
        QUIET,
        job(waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/migration:latest"'), active=1),
    ),
    "failed": (QUIET, failed_job("BackoffLimitExceeded", *(failed_pod(name=f"{JOB_NAME}-{n}wxyz") for n in range(7)))),
    "complete": (QUIET, complete_job(seconds_ago=850)),
    "shards": (
        snapshot(run=run(hosts=(f"{JOB_NAME}-1",)), images=None),
        indexed_job(
            shard(0, phase="Succeeded"),
            shard(1),
            shard(2, restarts=1),
            failed_pod(index=3, name=f"{JOB_NAME}-3-ddddd"),
            failed_indexes="3",
        ),
    ),
    "crowd": (snapshot(run=run(), images=None), CROWD),
    "not read": (snapshot(), job(pods=None)),
}


def show(name: str, language: Language = "en", width: int = 80) -> str:
    taken, given = SCENES[name]
    texts = Catalogue(language, SEOUL)
    return render_table(status_view(assess(replace(taken, job=given), SETTINGS), texts), texts, Screen(width=width))


def report(name: str) -> dict[str, Any]:
    taken, given = SCENES[name]
    made = to_jsonable(build_report(assess(replace(taken, job=given), SETTINGS), Catalogue("en", UTC)))
    assert isinstance(made, dict)
    return made


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENES)
def test_it_fits(name: str, language: Language, width: int) -> None:
    lines = show(name, language, width).splitlines()
    assert max(map(columns_of, lines)) <= width
    assert len(lines) <= (46 if width == 80 else 36)


def test_the_pod_of_the_old_job_is_one_row() -> None:
    row = next(line for line in show("old job").splitlines() if line.startswith(POD_NAME))
    assert row.split() == [POD_NAME, "Running", "0", "4", "s", "ago"]
    assert f"apc-backup-ns/{JOB_NAME}" in show("old job")
    assert "active for 44 min" in show("old job")


def test_what_is_wrong_stands_below_the_state() -> None:
    text = show("out of memory", width=200).splitlines()
    assert text[1].startswith("stalled")
    assert text[2].startswith("Nothing was uploaded for 15 min")
    assert text[3] == f"Kubernetes: Pod {POD_NAME}: out of memory (OOMKilled), 12 min ago; restarts: 3."


def test_korean() -> None:
    assert f"Kubernetes: 파드 {POD_NAME}: 메모리 부족(OOMKilled), 12분 전, 재시작 3회" in show(
        "out of memory", "ko", 200
    )


def test_shards_are_told_by_the_names_of_their_pods() -> None:
    lines = show("shards").splitlines()
    table = lines[next(number for number, line in enumerate(lines) if line.startswith("pod ")) + 1 :]
    rows = [line.split()[0] for line in table if JOB_NAME in line]
    assert rows == [f"{JOB_NAME}-2-ccccc", f"{JOB_NAME}-3-ddddd", f"{JOB_NAME}-1-bbbbb"]
    assert any("given up: 3" in line for line in lines)
    assert any(line.startswith("and 1 more") for line in lines)
    assert "1 Succeeded" in show("shards", width=200)


def test_shards_of_a_job_with_a_long_name_are_told_by_their_number() -> None:
    """Kubernetes cuts the name of the Job in those of its pods."""
    given = indexed_job(shard(7, name=f"{'m' * 50}-abcde"), name="m" * 60, completions=8)
    texts = Catalogue("en", SEOUL)
    lines = render_table(status_view(assess(replace(QUIET, job=given), SETTINGS), texts), texts, Screen()).splitlines()
    assert next(line for line in lines if "-abcde" in line and "Running" in line).split()[0] == "7"


def test_a_crowd_is_counted() -> None:
    text = show("crowd", width=200)
    assert "1,000 of 6,000 done" in text
    assert sum(line.split()[1:2] == ["Pending"] for line in text.splitlines()) == 8
    assert "and 4,992 more" in text
    assert "4,990 Running, 2 Pending" in text
    assert f"Pod {JOB_NAME}-4990-aaaaa and 9 more: cannot start. Unschedulable: 0/9 nodes" in text


def test_pods_that_were_not_read_are_not_shown_as_none() -> None:
    assert "pods not read" in show("not read")
    assert report("not read")["job"]["pods"] is None


def test_how_many_pods_were_read_when_there_are_more() -> None:
    given = indexed_job(shard(0), shard(1), has_all_pods=False, active=6000)
    texts = Catalogue("en", SEOUL)
    text = render_table(status_view(assess(replace(QUIET, job=given), SETTINGS), texts), texts, Screen(width=80))
    assert "6,000 active, 0 succeeded, 0 failed  (only 2 pods read)" in text


def test_the_report_has_the_keys_that_scripts_rely_on() -> None:
    made = report("out of memory")
    assert made["job"].keys() >= {"name", "namespace", "active", "succeeded", "failed", "startedAt", "pods"}
    (one,) = made["job"]["pods"]
    assert one["lastTermination"] == {
        "container": "migration", "reason": "OOMKilled", "exitCode": 137, "signal": None,
        "at": "2025-12-23T06:14:00+00:00",
    }  # fmt: skip
    assert made["problems"] == [
        {
            "code": "pod-out-of-memory",
            "message": f"Pod {POD_NAME}: out of memory (OOMKilled), 12 min ago; restarts: 3.",
        }
    ]
    assert made["stateCode"] == "no-recent-upload"


def test_text_of_the_cluster_prints_harmlessly() -> None:
    hostile = "\x1b[31mred\x1b[0m [bold]x[/bold]"
    given = job(waiting(hostile, hostile), pod(phase="Pending", pending_reason=hostile), active=2)
    texts = Catalogue("en", SEOUL)
    text = render_table(status_view(assess(replace(QUIET, job=given), SETTINGS), texts), texts, Screen(width=80))
    assert "\x1b" not in text
    assert "[bold]x[/bold]" in " ".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_remark_that_is_made_has_words(language: Language) -> None:
    """Codes are collected from the code that makes them, so that none is forgotten."""
    made = {
        code
        for module in (job_problems, job_contradictions, state)
        for code in re.findall(r'"((?:job|pod|run|two|writer)-[a-z-]+)"', inspect.getsource(module))
    }
    messages = read_area(language, "status")
    assert len(made) > 30
    assert sorted(code for code in made if f"remark_{code.replace('-', '_')}" not in messages) == []


def test_both_languages_have_the_same_placeholders() -> None:
    def names(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    english, korean = read_area("en", "status"), read_area("ko", "status")
    assert {key for key in english if names(english[key]) != names(korean[key])} == set()
