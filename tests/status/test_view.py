"""What a person reads: one screen, both languages, nothing wider than 80 columns."""

from __future__ import annotations

import inspect
import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from opsctl.cli.app import ROOT
from opsctl.migration.models import StopReason
from opsctl.reporting.envelope import to_jsonable
from opsctl.reporting.language import LANGUAGES, Language
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue, read_area
from opsctl.status import contradictions, state
from opsctl.status.answers import Gap, ImageTally, RunPlan, Snapshot
from opsctl.status.assessment import assess
from opsctl.status.job import Job
from opsctl.status.models import Basis, State
from opsctl.status.report import build_report
from opsctl.status.view import status_view
from tests.cli.processes import make_process, run_words
from tests.status.job_values import complete_job, indexed_job, job, shard
from tests.status.values import SETTINGS, ago, all_done, objects, run, run_shard, sharded_run, slices, snapshot, tally

SNAPSHOTS: dict[str, Snapshot] = {
    "old job": snapshot(),
    "old job, stalled": snapshot(images=tally(last_upload_at=ago(900)), objects=objects(newest_at=ago(900))),
    "run": snapshot(run=run(), images=None, processed=195, partial=3),
    "selection": snapshot(run=run(has_selection=True), images=None),
    "throttled": snapshot(run=run(throttle_reason="img.example asked for a pause of 30 s"), images=None),
    "silent": snapshot(run=run(heartbeat_at=ago(3000))),
    "complete": all_done(),
    "contradictory": all_done(objects=objects(count=1700, newest_at=ago(3600))),
    "nothing known": snapshot(processed=None, images=ImageTally(is_complete=False), objects=None),
    "gaps": snapshot(
        objects=None,
        gaps=(
            Gap("s3", "denied", "S3 refused access to bucket carimage-382045063773 (AccessDenied)"),
            Gap("kubernetes", "misconfigured", "the kubeconfig has no context prod-cluster"),
        ),
    ),
}
REPORT_KEYS = set(
    "takenAt profile state stateReason documents images objects job rate eta contradictions gaps".split()  # noqa: SIM905
)
SEOUL = timezone(timedelta(hours=9))


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def show(taken: Snapshot, language: Language = "en") -> str:
    texts = Catalogue(language, SEOUL)
    return render_table(status_view(assess(taken, SETTINGS), texts), texts, Screen(width=80))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SNAPSHOTS)
def test_it_fits_on_one_screen(name: str, language: Language) -> None:
    text = show(SNAPSHOTS[name], language)
    lines = text.splitlines()
    assert len(lines) <= 30
    assert max(map(width, lines)) <= 80


@pytest.mark.parametrize(
    ("language", "headline"),
    [
        ("en", "running  800 of 1,800 images (44.4 %)  done ~15:49 ("),
        ("ko", "진행 중  이미지 1,800개 중 800개 (44.4 %)  15:49경 완료 예상 ("),
    ],
)
def test_the_headline_says_state_progress_and_end(language: Language, headline: str) -> None:
    lines = show(SNAPSHOTS["run"], language).splitlines()
    assert lines[1].startswith(headline)


def test_every_number_has_its_method_and_age() -> None:
    lines = show(SNAPSHOTS["run"]).splitlines()
    images = next(line for line in lines if line.startswith("images"))
    assert images.split() == ["images", "800", "1,800", "980", "20", "counter,", "3", "s", "ago"]
    unknown = [line for line in show(SNAPSHOTS["nothing known"]).splitlines() if line.startswith(("images", "objects"))]
    assert [line.rstrip().endswith("not known") for line in unknown] == [True, True]
    assert " 0 " not in "".join(unknown)


def test_contradictions_and_gaps_are_said_plainly() -> None:
    assert "Contradiction: The documents name 1,800 objects, the bucket has 1,700: 100 are missing." in " ".join(
        show(SNAPSHOTS["contradictory"]).split()
    )
    assert "Not known: S3 (denied). S3 refused access" in " ".join(show(SNAPSHOTS["gaps"]).split())


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("run", "opsctl status --watch"),
        ("silent", "opsctl migrate images"),
        ("complete", "opsctl migrate verify"),
        ("contradictory", "opsctl status --recount"),
    ],
)
def test_the_next_command_comes_last(name: str, command: str) -> None:
    text = show(SNAPSHOTS[name])
    assert command in text.split("Next:")[1]


def test_who_watches_is_not_told_to_watch() -> None:
    texts = Catalogue("en", SEOUL)
    for taken in SNAPSHOTS.values():
        once, again = (
            status_view(assess(taken, SETTINGS), texts, is_watched=watched).next_commands for watched in (False, True)
        )
        assert list(again) == [given for given in once if given.command != "opsctl status --watch"]


def test_another_day_is_shown_with_its_date() -> None:
    slow = snapshot(run=run(slices=slices([0.1] * 360), plan=RunPlan(475, 0, 9000, 0, 0)), images=None)
    assert "done ~2025-12-24" in show(slow)


def test_nothing_is_shown_as_done_before_it_is() -> None:
    nearly = snapshot(images=tally(planned=1_000_000, stored=999_999, failed=0, planned_open=1))
    assert "(99.9 %)" in show(nearly)


def test_text_from_outside_prints_harmlessly() -> None:
    reason = "\x1b[31mimg.example\x1b[0m [bold]asked[/bold]"
    text = show(snapshot(run=run(throttle_reason=reason), images=None))
    assert "\x1b" not in text
    assert "[bold]asked[/bold]" in text


def test_every_sentence_exists() -> None:
    """Codes are put together at run time: each must have words in both languages."""
    english, korean = read_area("en", "status"), read_area("ko", "status")
    assert english.keys() == korean.keys()
    for member in State:
        assert f"state_{member.value}" in english
    for basis in set(Basis) - {Basis.NOT_MOVING, Basis.NOTHING_LEFT}:
        assert f"basis_{basis.value}" in english
    for state_word in (
        "unavailable",
        "timeout",
        "denied",
        "not_found",
        "unreadable",
        "misconfigured",
        "not_configured",
    ):
        assert f"gap_{state_word}" in english


def test_the_report_has_the_keys_that_scripts_rely_on() -> None:
    report = to_jsonable(build_report(assess(SNAPSHOTS["run"], SETTINGS), Catalogue("en", UTC)))
    assert report.keys() >= REPORT_KEYS
    assert report["documents"].keys() == {"total", "processed", "partial", "remaining", "method", "asOf"}
    assert report["images"].keys() >= {"planned", "stored", "failed", "remaining", "method", "asOf"}
    assert report["objects"].keys() == {"count", "bytes", "newestAt", "method", "asOf"}
    assert report["rate"].keys() == {"imagesPerSecond", "documentsPerHour", "window"}
    assert report["eta"].keys() == {"p10", "p50", "p90", "basis", "trackRecord"}
    assert (report["state"], report["job"], report["takenAt"]) == ("running", None, "2025-12-23T06:26:00+00:00")


def test_the_report_explains_itself_in_english() -> None:
    taken = SNAPSHOTS["contradictory"]
    report = to_jsonable(build_report(assess(taken, SETTINGS), Catalogue("en", UTC)))
    assert report["state"] == "contradictory"
    assert report["contradictions"] == [
        {
            "code": "objects-missing",
            "message": "The documents name 1,800 objects, the bucket has 1,700: 100 are missing.",
        }
    ]
    assert report["stateReason"] == report["contradictions"][0]["message"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_remark_that_is_made_has_words(language: Language) -> None:
    """Codes are collected from the code that makes them, so that none is forgotten."""
    made = {
        code
        for module in (state, contradictions)
        for code in re.findall(r'Remark\(\s*"([a-z-]+)"', inspect.getsource(module))
    }
    made |= {f"stopped-{reason.name.lower()}" for reason in StopReason} | {"paused", "run-stopped", "run-failed"}
    made |= {f"{code}-silently" for code in ("paused", "run-stopped", "run-failed")} | {"silent", "process-gone"}
    assert len(made) > 25
    messages = read_area(language, "status")
    assert sorted(code for code in made if f"remark_{code.replace('-', '_')}" not in messages) == []


@pytest.mark.parametrize("name", SNAPSHOTS)
@pytest.mark.parametrize("of", [None, job(), complete_job()])
def test_the_commands_that_are_suggested_can_be_typed(name: str, of: Job | None) -> None:
    """As far as that can be told without running them: no word and no option is unknown."""
    texts = Catalogue("en", SEOUL)
    for command in status_view(assess(replace(SNAPSHOTS[name], job=of), SETTINGS), texts).next_commands:
        words = [*command.command.split()[1:], "-o", "ndjson" if "--watch" in command.command else "json"]
        ended = run_words(words, make_process(environ={}), ROOT)
        codes = {error["code"] for error in json.loads(ended.stdout)["errors"]}
        assert codes == {"config"}, ended.stdout


def test_what_stands_still_in_the_cluster_is_mended_there() -> None:
    def suggested(taken: Snapshot) -> list[str]:
        view = status_view(assess(taken, SETTINGS), Catalogue("en", SEOUL))
        return [command.command for command in view.next_commands]

    in_cluster = ["opsctl migrate logs", "opsctl migrate restart"]
    assert suggested(replace(SNAPSHOTS["silent"], job=job())) == in_cluster
    assert suggested(replace(SNAPSHOTS["old job, stalled"], job=job())) == in_cluster
    assert suggested(SNAPSHOTS["silent"]) == ["opsctl migrate images"]
    hung = sharded_run(run_shard(0), run_shard(1, heartbeat_at=ago(60)))
    assert suggested(snapshot(run=hung, images=None, job=indexed_job(shard(0), shard(1)))) == in_cluster
    assert suggested(snapshot(run=hung, images=None)) == ["opsctl status --watch"]
    stopped = snapshot(run=run(state="stopped", stop_code="limit"), objects=None, job=complete_job())
    assert suggested(stopped) == ["opsctl migrate images"]
