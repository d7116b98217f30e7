"""Shards for people: both languages, a narrow and a wide terminal, four and a thousand."""

from __future__ import annotations

import unicodedata
from datetime import timedelta, timezone

import pytest

from opsctl.reporting.language import LANGUAGES, Language
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue
from opsctl.status.answers import RunCounters, Snapshot
from opsctl.status.assessment import assess
from opsctl.status.view import status_view
from tests.status.job_values import JOB_NAME, ended, failed_pod, indexed_job, shard
from tests.status.values import SETTINGS, ago, run_shard, sharded_run, snapshot

SEOUL = timezone(timedelta(hours=9))
DONE = {"state": "complete", "is_held": False, "counters": RunCounters(99, 368, 1, 0), "finished_at": ago(60)}
FOUR = sharded_run(
    run_shard(0, **DONE),
    run_shard(1, throttle_reason="img.example asked for a pause of 30 s"),
    run_shard(2, heartbeat_at=ago(75), starts=3),
    run_shard(3, state="planned", is_held=False, starts=0, host=None),
)
KILLED = failed_pod(
    name=f"{JOB_NAME}-2-zzzzz", host=f"{JOB_NAME}-2", index=2, last_termination=ended("OOMKilled", 137, 75), retries=1
)
PODS = indexed_job(shard(0, phase="Succeeded"), shard(1), KILLED, completed_indexes="0", active=1)
THOUSAND = sharded_run(
    *(run_shard(index, **DONE) for index in range(900)),
    *(run_shard(index) for index in range(900, 996)),
    *(run_shard(index, heartbeat_at=ago(300)) for index in range(996, 1000)),
)
SCENES: dict[str, Snapshot] = {
    "by hand": snapshot(run=FOUR, images=None),
    "in the Job": snapshot(run=FOUR, images=None, job=PODS),
    "thousand": snapshot(run=THOUSAND, images=None),
    "Job alone": snapshot(job=PODS),
}


def show(name: str, language: Language = "en", width: int = 80) -> str:
    texts = Catalogue(language, SEOUL)
    return render_table(status_view(assess(SCENES[name], SETTINGS), texts), texts, Screen(width=width))


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENES)
def test_it_fits(name: str, language: Language, width: int) -> None:
    lines = show(name, language, width).splitlines()
    assert max(map(columns_of, lines)) <= width
    assert len(lines) <= 46


def test_the_worst_comes_first_and_every_shard_has_its_figures() -> None:
    lines = show("in the Job", width=200).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.lstrip().startswith("shard ") and "starts" in line)
    rows = [line.split("  ") for line in lines[begin + 2 : begin + 6]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        ["2", "silent", "30/119", "120/450", "2", "3", "1 min 15 s"],
        ["1", "throttled", "30/119", "120/450", "2", "1", "3 s"],
        ["3", "waiting", "30/119", "120/450", "2", "0"],
        ["0", "complete", "119/119", "448/450", "2", "1"],
    ]


def test_the_reason_names_the_shard_and_kubernetes_says_why() -> None:
    lines = show("in the Job", width=200).splitlines()
    assert lines[2] == "Shard 2: not heard of for 1 min 15 s."
    assert lines[3] == f"Kubernetes: Pod {KILLED.name}: out of memory (OOMKilled), 1 min 15 s ago; restarts: 0."
    assert "1 of 4 done" in show("in the Job")


def test_korean() -> None:
    text = show("in the Job", "ko", 200)
    assert "샤드 2: 1분 15초 동안 신호가 없습니다." in text
    assert "4개 중 1개 완료" in text


def test_who_has_no_pod_is_told_by_its_host() -> None:
    assert f"{JOB_NAME}-1" in show("by hand", width=200)


def test_a_thousand_are_counted() -> None:
    lines = show("thousand", width=200).splitlines()
    assert lines[2] == "Shards 996-999: not heard of for 5 min."
    assert any("900 of 1,000 done" in line and "4 silent, 96 running" in line for line in lines)
    assert any(line.strip() == "and 992 more" for line in lines)
    assert sum("silent" in line.split()[1:2] for line in lines) == 4


def test_indexes_of_the_job_alone_stand_with_their_pods() -> None:
    lines = show("Job alone", width=200).splitlines()
    assert not any(line.lstrip().startswith("shard ") for line in lines)
    assert any("1 of 4 done" in line and "1 running, 2 waiting" in line for line in lines)
