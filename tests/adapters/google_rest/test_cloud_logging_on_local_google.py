"""Reading logs from the local Cloud Logging: pages, both orders, the quota, throttling, exclusions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.adapters.google_rest.cloud_logging import CloudLogging
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.log_query import LineChoice, execution_query, execution_window, merge, unlabelled_query
from opsctl.diagnosis.models import ExecutionName, JsonObject
from opsctl.diagnosis.ports import LogQuery
from opsctl.errors import AccessDeniedError, DataError, UnavailableError
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world import Project, World

NAME = ExecutionName("", "netureyoutube", "asia-northeast3", "migrations", "migrations-h5x5h")
WINDOW = execution_window({"createTime": "2026-01-12T02:00:00Z", "completionTime": "2026-01-12T02:00:41.9Z"}, now_ns=0)
LINES = 2_500


def line(number: int, log: str = "run.googleapis.com%2Fstdout", execution: str | None = NAME.execution) -> JsonObject:
    """Three lines share each moment; moments are a nanosecond apart."""
    return {
        "insertId": f"i{number:06d}",
        "timestamp": f"2026-01-12T02:00:20.{number // 3:09d}Z",
        "receiveTimestamp": "2026-01-12T02:00:21Z",
        "logName": f"projects/netureyoutube/logs/{log}",
        "resource": {
            "type": "cloud_run_job",
            "labels": {"project_id": "netureyoutube", "job_name": NAME.job, "location": NAME.location},
        },
        "labels": {"run.googleapis.com/execution_name": execution} if execution else {},
        "textPayload": f'line {number} said "hello"',
    }


def build_world() -> World:
    entries = [line(number) for number in range(LINES)]
    entries += [line(LINES + 1, execution="migrations-other"), line(LINES + 2, execution=None)]
    entries.append(line(LINES + 3, log="cloudaudit.googleapis.com%2Fsystem_event"))
    world = World(
        {"netureyoutube": Project("netureyoutube", "123456789012")}, now=lambda: datetime(2026, 1, 12, 3, tzinfo=UTC)
    )
    world.entries = [dict(entry) for entry in entries]
    return world


@dataclass
class Timer:
    """A clock that only sleeping moves on."""

    seconds: float = 0.0
    said: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(scope="module")
def google() -> Iterator[RunningGoogle]:
    with serve_in_thread(build_world()) as running:
        yield running


@pytest.fixture
def session(google: RunningGoogle) -> Iterator[GoogleSession]:
    async def rest(_: float) -> None:
        """No waiting between the tries."""

    credentials = Credentials(google.cloud.token, environment={})
    session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, google.url)), timeout_seconds=120.0, sleep=rest)
    yield session
    session.close()
    google.cloud.faults.clear()


async def read(session: GoogleSession, query: LogQuery, timer: Timer | None = None) -> list[JsonObject]:
    timer = timer or Timer()
    logging = CloudLogging(session, on_wait=timer.said.append, clock=timer.now, sleep=timer.sleep)
    return [entry async for page in logging.read(query) for entry in page.entries]


def ids(entries: list[JsonObject]) -> list[str]:
    return [str(entry["insertId"]) for entry in entries]


async def test_a_log_is_read_to_its_end_in_few_pages(session: GoogleSession) -> None:
    found = await read(session, execution_query(NAME, WINDOW))
    expected = [f"i{number:06d}" for number in (*range(LINES), LINES + 3)]
    assert ids(found) == expected
    assert len(session.calls) == 3
    assert ids(list(merge(reversed(found)))) == expected
    assert found[5]["timestamp"] == "2026-01-12T02:00:20.000000001Z"


async def test_the_newest_lines_come_first_when_asked(session: GoogleSession) -> None:
    query = execution_query(NAME, WINDOW, LineChoice(contains='SAID "hello"'))
    newest = LogQuery(query.project, query.filter, newest_first=True, page_size=40)
    pages = CloudLogging(session).read(newest)
    page = await anext(pages)
    assert ids(list(page.entries))[:2] == [f"i{LINES + 3:06d}", f"i{LINES - 1:06d}"]
    assert (len(page.entries), page.has_more) == (40, True)


async def test_lines_that_name_no_execution(session: GoogleSession) -> None:
    assert ids(await read(session, unlabelled_query(NAME, WINDOW))) == [f"i{LINES + 2:06d}"]


async def test_an_empty_page_in_between_is_not_the_end(google: RunningGoogle, session: GoogleSession) -> None:
    google.cloud.faults.add(Fault(Action.EMPTY_PAGE, "logging", times=2))
    assert len(await read(session, execution_query(NAME, WINDOW))) == LINES + 1


async def test_a_broken_page_is_read_again(google: RunningGoogle, session: GoogleSession) -> None:
    google.cloud.faults.add(Fault(Action.CUT, "logging", times=1))
    google.cloud.faults.add(Fault(Action.STATUS, "logging", times=1, status=503))
    assert len(await read(session, execution_query(NAME, WINDOW))) == LINES + 1


async def test_throttling_is_waited_out(google: RunningGoogle, session: GoogleSession) -> None:
    timer = Timer()
    google.cloud.faults.add(Fault(Action.STATUS, "logging", times=5, status=429))
    assert len(await read(session, execution_query(NAME, WINDOW), timer)) == LINES + 1
    assert timer.said
    assert timer.seconds <= 90
    # Nothing was sent again in between: reads that follow each other at once are wasted.
    assert [call.status for call in session.calls] == [*[429] * 5, 200, 200, 200]


async def test_throttling_without_end_is_an_error(google: RunningGoogle, session: GoogleSession) -> None:
    google.cloud.faults.add(Fault(Action.STATUS, "logging", status=429))
    with pytest.raises(UnavailableError) as caught:
        await read(session, execution_query(NAME, WINDOW), Timer())
    assert caught.value.code == "throttled"


async def test_a_filter_that_cannot_be_read_is_an_error(session: GoogleSession) -> None:
    with pytest.raises(DataError, match="Unparseable filter"):
        await read(session, LogQuery("netureyoutube", 'resource.type="cloud_run_job" AND ('))


async def test_a_refusal_names_the_permission() -> None:
    world = build_world()
    world.denied_permissions |= {"logging.logEntries.list", "logging.sinks.get", "logging.exclusions.list"}
    with serve_in_thread(world) as running:
        credentials = Credentials(running.cloud.token, environment={})
        session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, running.url)))
        with pytest.raises(AccessDeniedError) as lines:
            await read(session, execution_query(NAME, WINDOW))
        with pytest.raises(AccessDeniedError) as exclusions:
            await CloudLogging(session).list_exclusions("netureyoutube")
        session.close()
    assert lines.value.permission == "logging.logEntries.list"
    assert exclusions.value.permission == "logging.exclusions.list"


async def test_the_quota_of_the_service_is_never_met() -> None:
    """Reads one after the other as fast as they can be sent: our own pace stops them before the service has to."""

    with serve_in_thread(build_world()) as running:
        credentials = Credentials(running.cloud.token, environment={})
        session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, running.url)))
        timer, sent_at_wait = Timer(), []
        logging = CloudLogging(
            session, on_wait=lambda _: sent_at_wait.append(len(session.calls)), clock=timer.now, sleep=timer.sleep
        )
        query = execution_query(NAME, WINDOW)
        pages = logging.read(LogQuery(query.project, query.filter, page_size=1))
        while not sent_at_wait:
            await anext(pages)
        session.close()
    # The sixtieth, which had to wait for a minute of our own clock, is the last that the service allows in its minute.
    assert sent_at_wait == [59]
    assert timer.seconds == 61.0
    assert {call.status for call in session.calls} == {200}


@pytest.mark.parametrize(
    ("sink", "exclusions", "expected"),
    [
        ({}, [], []),
        ({}, [{"name": "debug", "filter": "severity<INFO"}], [("debug", "severity<INFO")]),
        ({"disabled": True}, [], [("_Default", "")]),
        ({"filter": "severity>=ERROR"}, [], [("_Default", "NOT (severity>=ERROR)")]),
    ],
)
async def test_what_may_hide_lines_is_listed(
    sink: dict[str, Any], exclusions: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    project = Project("netureyoutube", "123456789012", sinks={"_Default": sink}, exclusions=exclusions)
    with serve_in_thread(World({"netureyoutube": project})) as running:
        credentials = Credentials(running.cloud.token, environment={})
        session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, running.url)))
        found = await CloudLogging(session).list_exclusions("netureyoutube")
        project.denied_permissions.add("logging.sinks.get")
        without_sink = await CloudLogging(session).list_exclusions("netureyoutube")
        session.close()
    assert [(item["name"], item["filter"]) for item in found] == expected
    assert [item["name"] for item in without_sink] == [item["name"] for item in exclusions]
