"""Pages to the end, the quota and throttling kept, exclusions that may hide lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from opsctl.adapters.google_rest.cloud_logging import ENTRIES_LIST, CloudLogging
from opsctl.adapters.google_rest.session import Api, Call
from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.ports import LogPage, LogQuery
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.google_rest.canned_session import Answer, Asked, CannedSession

QUERY = LogQuery(project="netureyoutube", filter='resource.type="cloud_run_job"')
USUAL_SINK_FILTER = (
    'NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID("externalaudit.googleapis.com/activity") AND '
    'NOT LOG_ID("cloudaudit.googleapis.com/system_event") AND NOT LOG_ID("externalaudit.googleapis.com/system_event") '
    'AND NOT LOG_ID("cloudaudit.googleapis.com/access_transparency") '
    'AND NOT LOG_ID("externalaudit.googleapis.com/access_transparency")'
)


@dataclass
class Timer:
    """A clock that only sleeping moves on."""

    seconds: float = 0.0
    said: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def open_logging(session: CannedSession, timer: Timer | None = None) -> CloudLogging:
    timer = timer or Timer()
    return CloudLogging(session, on_wait=timer.said.append, clock=timer.now, sleep=timer.sleep)


async def read_all(logging: CloudLogging, query: LogQuery = QUERY) -> list[LogPage]:
    return [page async for page in logging.read(query)]


def throttled() -> UnavailableError:
    return UnavailableError("Quota exceeded for quota metric 'Read requests'", code="throttled")


async def test_every_page_is_read_empty_ones_too() -> None:
    session = CannedSession(
        {"nextPageToken": "one"},
        {"entries": [{"insertId": "a"}, {"insertId": "b"}], "nextPageToken": "two"},
        {"entries": [], "nextPageToken": "three"},
        {"entries": [{"insertId": "c"}], "nextPageToken": ""},
    )
    assert await read_all(open_logging(session)) == [
        LogPage((), True),
        LogPage(({"insertId": "a"}, {"insertId": "b"}), True),
        LogPage((), True),
        LogPage(({"insertId": "c"},), False),
    ]
    body = {
        "resourceNames": ["projects/netureyoutube"],
        "filter": QUERY.filter,
        "orderBy": "timestamp asc",
        "pageSize": 1000,
    }
    assert [asked.body for asked in session.asked] == [body] + [
        body | {"pageToken": token} for token in ("one", "two", "three")
    ]
    assert {(asked.api, asked.path, asked.permission) for asked in session.asked} == {
        (Api.LOGGING, "/v2/entries:list", "logging.logEntries.list")
    }


async def test_every_page_has_a_deadline() -> None:
    session = CannedSession({"nextPageToken": "one"}, {})
    await read_all(open_logging(session))
    assert [asked.timeout_seconds for asked in session.asked] == [30.0, 30.0]


@pytest.mark.parametrize(("page_size", "sent"), [(1000, 1000), (5000, 1000), (50, 50), (0, 1), (-3, 1)])
async def test_the_page_size_is_one_that_google_takes(page_size: int, sent: int) -> None:
    session = CannedSession({})
    await read_all(open_logging(session), LogQuery("p", "f", newest_first=True, page_size=page_size))
    assert session.asked[0].body is not None
    assert (session.asked[0].body["pageSize"], session.asked[0].body["orderBy"]) == (sent, "timestamp desc")


async def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    session = CannedSession({"entries": [{"insertId": "a"}], "nextPageToken": "one"}, {})
    async for page in open_logging(session).read(QUERY):
        assert page.has_more
        break
    assert len(session.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [{"entries": "none"}, {"entries": [1]}, {"entries": None}, {"nextPageToken": 3}, {"nextPageToken": None}],
)
async def test_a_page_that_cannot_be_read_is_an_error(answer: JsonObject) -> None:
    with pytest.raises(DataError):
        await read_all(open_logging(CannedSession(answer)))


async def test_a_page_token_that_leads_nowhere_ends_the_reading() -> None:
    session = CannedSession(respond=lambda _: {"nextPageToken": "again"})
    with pytest.raises(DataError):
        await read_all(open_logging(session))
    assert len(session.asked) == 7


async def test_a_search_that_stands_still_for_a_while_goes_on() -> None:
    session = CannedSession(*[{"nextPageToken": "same"}] * 4, {"entries": [{"insertId": "a"}]})
    pages = await read_all(open_logging(session))
    assert [(len(page.entries), page.has_more) for page in pages] == [(0, True)] * 4 + [(1, False)]


async def test_what_was_read_before_an_error_stays_with_the_caller() -> None:
    session = CannedSession(
        {"entries": [{"insertId": "a"}], "nextPageToken": "one"}, UnavailableError("late", code="timeout")
    )
    pages = open_logging(session).read(QUERY)
    assert await anext(pages) == LogPage(({"insertId": "a"},), True)
    with pytest.raises(UnavailableError, match="late"):
        await anext(pages)


async def test_a_throttled_page_is_asked_for_again() -> None:
    timer = Timer()
    session = CannedSession({"nextPageToken": "one"}, throttled(), throttled(), {"entries": [{"insertId": "a"}]})
    assert len(await read_all(open_logging(session, timer))) == 2
    assert timer.said == [5.0, 10.0]
    assert session.asked[1].body == session.asked[2].body == session.asked[3].body


async def test_throttling_that_does_not_end_is_an_error_after_ninety_seconds() -> None:
    timer = Timer()
    with pytest.raises(UnavailableError) as caught:
        await read_all(open_logging(CannedSession(respond=lambda _: throttled()), timer))
    assert caught.value.code == "throttled"
    assert timer.seconds == sum(timer.said) == 90.0


async def test_the_ninety_seconds_are_those_of_the_whole_query() -> None:
    """Every second request is throttled: the pages that come in between give no new patience."""
    timer = Timer()
    count = 0

    def respond(_: Asked) -> Answer:
        nonlocal count
        count += 1
        return throttled() if count % 2 else {"nextPageToken": str(count)}

    with pytest.raises(UnavailableError):
        await read_all(open_logging(CannedSession(respond=respond), timer))
    assert timer.said == [5.0] * 18


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("no route", code="unavailable"),
        AccessDeniedError("no", permission="logging.logEntries.list"),
        DataError("Unparseable filter"),
    ],
)
async def test_other_errors_are_passed_on_at_once(error: OpsctlError) -> None:
    timer = Timer()
    with pytest.raises(type(error)) as caught:
        await read_all(open_logging(CannedSession(error), timer))
    assert caught.value is error
    assert timer.said == []


def endless(asked: Asked) -> Answer:
    return {"nextPageToken": "y" if asked.body and asked.body.get("pageToken") == "x" else "x"}


async def read_until_a_wait(logging: CloudLogging, timer: Timer) -> int:
    pages = 0
    async for _ in logging.read(QUERY):
        if timer.said:
            break
        pages += 1
    return pages


async def test_the_quota_of_reads_is_shared_by_all_queries() -> None:
    timer = Timer()
    logging = open_logging(CannedSession(respond=endless), timer)
    for _ in range(30):
        async for _page in logging.read(QUERY):
            break
    assert await read_until_a_wait(logging, timer) == 29
    assert timer.said == [61.0]


async def test_requests_that_the_session_repeats_count_for_the_quota() -> None:
    class RepeatingSession(CannedSession):
        def _answer(self, asked: Asked) -> JsonObject:
            self.calls.append(Call(Api.LOGGING, "POST", ENTRIES_LIST, 503, 0.1))
            self.calls.append(Call(Api.RUN, "GET", "/v2/projects/p", 200, 0.1))
            return super()._answer(asked)

    timer = Timer()
    session = RepeatingSession(respond=endless)
    # Each page is two requests; the wait comes before the 31st.
    assert await read_until_a_wait(open_logging(session, timer), timer) == 30
    assert timer.said == [61.0]


EXCLUSION = {"name": "no-debug", "filter": "severity<INFO", "createTime": "2026-01-01T00:00:00Z"}


async def list_exclusions(*answers: Answer) -> tuple[tuple[JsonObject, ...], CannedSession]:
    session = CannedSession(*answers)
    return await open_logging(session).list_exclusions("netureyoutube"), session


async def test_exclusions_of_the_default_sink() -> None:
    found, session = await list_exclusions(
        {"name": "_Default", "filter": USUAL_SINK_FILTER, "exclusions": [EXCLUSION, {"name": "off", "disabled": True}]}
    )
    assert found == (
        {"name": "no-debug", "filter": "severity<INFO", "disabled": False},
        {"name": "off", "filter": "", "disabled": True},
    )
    assert [(asked.path, asked.permission) for asked in session.asked] == [
        ("/v2/projects/netureyoutube/sinks/_Default", "logging.sinks.get")
    ]


@pytest.mark.parametrize(
    ("sink", "found"),
    [
        ({}, ()),
        ({"filter": USUAL_SINK_FILTER}, ()),
        ({"disabled": True, "filter": USUAL_SINK_FILTER}, ("",)),
        ({"filter": f"{USUAL_SINK_FILTER} AND severity>=ERROR"}, (f"NOT ({USUAL_SINK_FILTER} AND severity>=ERROR)",)),
        ({"filter": 'NOT LOG_ID("run.googleapis.com/stdout")'}, ('NOT (NOT LOG_ID("run.googleapis.com/stdout"))',)),
    ],
)
async def test_a_sink_that_keeps_less_than_usual_counts_as_an_exclusion(
    sink: dict[str, Any], found: tuple[str, ...]
) -> None:
    exclusions, _ = await list_exclusions(sink | {"name": "_Default"})
    assert exclusions == tuple({"name": "_Default", "filter": text, "disabled": False} for text in found)


async def test_who_may_not_see_the_sink_is_given_the_list() -> None:
    found, session = await list_exclusions(
        AccessDeniedError("no", permission="logging.sinks.get"), {"exclusions": [EXCLUSION]}
    )
    assert [exclusion["name"] for exclusion in found] == ["no-debug"]
    assert (session.asked[1].path, session.asked[1].permission) == (
        "/v2/projects/netureyoutube/exclusions",
        "logging.exclusions.list",
    )


async def test_a_list_that_is_denied_too_is_denied() -> None:
    with pytest.raises(AccessDeniedError) as caught:
        await list_exclusions(AccessDeniedError("sink"), AccessDeniedError("list"))
    assert caught.value.message == "list"


@pytest.mark.parametrize(
    "error",
    [
        AccessDeniedError("off", code="api-disabled"),
        AccessDeniedError("login", code="expired-credentials"),
        NotFoundError("no such project"),
        UnavailableError("late", code="timeout"),
    ],
)
async def test_where_the_list_would_not_help_it_is_not_asked(error: OpsctlError) -> None:
    session = CannedSession(error)
    with pytest.raises(type(error)):
        await open_logging(session).list_exclusions("p")
    assert len(session.asked) == 1


@pytest.mark.parametrize("exclusions", ["none", [1], None])
async def test_exclusions_that_cannot_be_read_are_an_error(exclusions: Any) -> None:
    with pytest.raises(DataError):
        await list_exclusions({"exclusions": exclusions})
