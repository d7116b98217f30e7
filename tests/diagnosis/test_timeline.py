"""What happened, in order."""

from __future__ import annotations

from opsctl.diagnosis.report import TimelineItem
from tests.diagnosis.reports import report_of
from tests.diagnosis.runs import EXITED, failed_run

TRACE = ["Starting", "Migration failed:", 'error: relation "orders" already exists', "    at /app/dist/run.js:1:1"]


def timeline(**changes: object) -> tuple[TimelineItem, ...]:
    return report_of(failed_run(**changes)).timeline  # type: ignore[arg-type]


def events(items: tuple[TimelineItem, ...]) -> list[str]:
    return [item.event for item in items]


def test_everything_is_in_order_and_says_where_it_stands() -> None:
    items = timeline(attempts=[TRACE, TRACE])
    assert [item.at for item in items] == sorted(item.at for item in items)
    assert events(items) == ["created", "started", "error", "attempt-ended", "attempt-ended", "completed"] or events(
        items
    )[:4] == ["created", "started", "error", "attempt-ended"]
    assert all(item.text and item.section and item.pointer for item in items)


def test_the_line_is_the_one_that_decided_and_its_text_is_told() -> None:
    (error,) = [item for item in timeline(lines=TRACE) if item.event == "error"]
    assert error.text == 'error: relation "orders" already exists'
    assert (error.section, error.pointer) == ("logs", "/entries/2")


def test_what_never_started_has_no_attempt_and_no_line() -> None:
    items = timeline(started=False, message="Image 'x' not found.")
    assert "attempt-ended" not in events(items)
    assert "started" not in events(items)


def test_the_exit_code_of_an_attempt_is_told() -> None:
    (ended,) = [item for item in timeline(lines=TRACE, exit_code=78) if item.event == "attempt-ended"]
    assert ended.text == "task 0, attempt 0: exited with code 78"


def test_many_attempts_are_summed_up() -> None:
    items = timeline(attempts=[["boom"]] * 12, message=EXITED)
    ended = [item.text for item in items if item.event == "attempt-ended"]
    assert len(ended) == 8
    assert "attempt 0:" in ended[0]
    assert "attempt 11:" in ended[-1]


def test_a_secret_version_is_told_when_it_is_new_since_the_last_success() -> None:
    secret = {"name": "db-password", "version": "latest", "resolvedVersion": "8", "state": "ENABLED"}
    container = {"image": "europe-west1-docker.pkg.dev/shop-prod/apps/orders:1", "env": []}
    good = {
        "name": "x/executions/good-1",
        "createTime": "2025-12-01T00:00:00Z",
        "completionTime": "2025-12-01T00:01:00Z",
        "template": {"containers": [container], "timeout": "600s", "maxRetries": 0},
    }
    sections = {
        "baseline": {"execution": good},
        "secrets": {"secrets": [{**secret, "createTime": "2025-12-31T10:00:00Z"}]},
    }
    run = {"lines": ['error: password authentication failed for user "a"'], "secrets": {"DB_PASSWORD": "db-password"}}
    items = timeline(**run, sections=sections)
    assert events(items)[:2] == ["last-success", "secret-version"]
    assert "db-password" in items[1].text
    old = {**sections, "secrets": {"secrets": [{**secret, "createTime": "2025-11-01T00:00:00Z"}]}}
    assert "secret-version" not in events(timeline(**run, sections=old))
