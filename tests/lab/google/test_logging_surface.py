"""What entries:list answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.logging_quota import ReadQuota
from opsctl.lab.google.world import Project
from tests.lab.google.logging_world import PROJECT, audit_record, line, logging_of, world

ABC = (line("a", "20.000000001"), line("b", "20.000000002", "Error: refused"), line("c", "21"))


async def test_entries_come_oldest_first_unless_asked_otherwise() -> None:
    async with logging_of(world(ABC[2], ABC[0], ABC[1])) as client:
        assert await client.ids() == ["a", "b", "c"]
        assert await client.ids(orderBy="timestamp asc") == ["a", "b", "c"]
        assert await client.ids(orderBy="timestamp desc") == ["c", "b", "a"]
        assert (await client.refusal(orderBy="severity"))[:2] == (400, "INVALID_ARGUMENT")


async def test_equal_times_are_ordered_by_insert_id_and_duplicates_are_dropped() -> None:
    twice = line("b", "20", "the same once more")
    async with logging_of(world(line("c", "20"), line("b", "20"), line("a", "20"), twice)) as client:
        assert await client.ids() == ["a", "b", "c"]


async def test_an_entry_is_answered_as_it_is() -> None:
    record = audit_record("r", "42")
    grouped = line("g", "41", "Error: x\n    at y", severity="ERROR", errorGroups=[{"id": "CJ3"}])
    structured = line("j", "40", jsonPayload={"message": "m", "code": 42.0, "nested": [None, True, {"a": "b"}]})
    del structured["textPayload"]
    async with logging_of(world(record, grouped, structured, ABC[0])) as client:
        _, answer = await client.ask()

    assert answer["entries"] == [ABC[0], structured, grouped, record]
    assert "nextPageToken" not in answer


async def test_the_filter_decides() -> None:
    async with logging_of(world(*ABC)) as client:
        assert await client.ids(filter="textPayload:refused") == ["b"]
        assert await client.ids(
            filter='timestamp>="2026-01-12T02:00:20.000000002Z" AND\ntimestamp<"2026-01-12T02:00:21Z"'
        ) == ["b"]
        assert await client.ids(filter='labels."run.googleapis.com/execution_name"="MIGRATIONS-H5X5H"') == [
            "a",
            "b",
            "c",
        ]
        assert await client.ids(filter='labels."run.googleapis.com/execution_name"="migrations-x"') == []
        code, status, message = await client.refusal(filter="insertId = abc:def")

    assert (code, status) == (400, "INVALID_ARGUMENT")
    assert message == "Unparseable filter: syntax error at line 1, column 15, token ':'"


@pytest.mark.parametrize("order", ["timestamp asc", "timestamp desc"])
async def test_pages_hold_every_entry_once(order: str) -> None:
    entries = [line(f"{number:03d}", "20" if number % 2 else "21") for number in range(25)]
    seen: list[str] = []
    token = ""
    async with logging_of(world(*entries)) as client:
        for size in (7, 7, 1, 100):
            status, answer = await client.ask(orderBy=order, pageSize=size, pageToken=token)
            assert status == 200
            assert len(answer["entries"]) <= size
            seen += [entry["insertId"] for entry in answer["entries"]]
            token = answer.get("nextPageToken", "")

    assert token == ""
    assert len(seen) == 25
    assert set(seen) == {entry["insertId"] for entry in entries}


async def test_a_page_has_fifty_entries_unless_asked_otherwise() -> None:
    async with logging_of(world(*(line(f"{number:03d}", "20") for number in range(60)))) as client:
        assert len(await client.ids()) == 50
        assert len(await client.ids(pageSize=1000)) == 60
        assert (await client.refusal(pageSize=1001))[:2] == (400, "INVALID_ARGUMENT")
        assert (await client.refusal(pageSize=-1))[:2] == (400, "INVALID_ARGUMENT")


async def test_a_token_holds_for_its_own_question_only() -> None:
    async with logging_of(world(*ABC)) as client:
        _, answer = await client.ask(pageSize=1, filter="severity>=DEFAULT")
        token = answer["nextPageToken"]

        assert await client.ids(pageSize=9, filter="severity>=DEFAULT", pageToken=token) == ["b", "c"]
        for other in ({"filter": "severity>=INFO"}, {"filter": "severity>=DEFAULT", "orderBy": "timestamp desc"}):
            refusal = await client.refusal(**other, pageToken=token)
            assert refusal == (400, "INVALID_ARGUMENT", "page_token doesn't match arguments from the request")
        for broken in ("x", "eyJ9", token[:-5], "W10="):
            assert (await client.refusal(filter="severity>=DEFAULT", pageToken=broken))[:2] == (400, "INVALID_ARGUMENT")


async def test_an_entry_appears_when_it_has_arrived() -> None:
    moments = iter([datetime(2026, 1, 12, 2, 0, 25, tzinfo=UTC), datetime(2026, 1, 12, 2, 1, tzinfo=UTC)])
    # The same moment until the next question.
    clock = {"now": next(moments)}
    made = world(ABC[0], {**ABC[1], "receiveTimestamp": "2026-01-12T02:00:30Z"})
    made.now = lambda: clock["now"]
    async with logging_of(made) as client:
        assert await client.ids() == ["a"]
        clock["now"] = next(moments)
        assert await client.ids() == ["a", "b"]


async def test_entries_that_are_added_and_removed_are_seen() -> None:
    made = world(ABC[0])
    async with logging_of(made) as client:
        assert await client.ids() == ["a"]
        made.entries.append(ABC[1])
        assert await client.ids() == ["a", "b"]
        made.entries[0] = ABC[2]
        assert await client.ids() == ["b", "c"]


async def test_old_lines_are_gone_and_audit_records_stay() -> None:
    made = world(ABC[0], audit_record("r", "42"), now=datetime(2026, 3, 1, tzinfo=UTC))
    made.projects[PROJECT].log_retention_days = 30
    async with logging_of(made) as client:
        assert await client.ids() == ["r"]
        made.now = lambda: datetime(2028, 3, 1, tzinfo=UTC)
        assert await client.ids() == []


async def test_exclusions_hide_lines_and_no_audit_record() -> None:
    made = world(*ABC, audit_record("r", "42"))
    project = made.projects[PROJECT]
    project.exclusions.append({"name": "noise", "filter": 'resource.type="cloud_run_job" textPayload:line'})
    async with logging_of(made) as client:
        assert await client.ids() == ["b", "r"]
        project.exclusions[0]["disabled"] = True
        assert await client.ids() == ["a", "b", "c", "r"]
        project.sinks["_Default"] = {"disabled": True}
        assert await client.ids() == ["r"]
        project.sinks["_Default"] = {"filter": "textPayload:refused"}
        assert await client.ids() == ["b", "r"]


async def test_a_view_shows_its_bucket_only() -> None:
    views = f"projects/{PROJECT}/locations/global/buckets"
    async with logging_of(world(ABC[0], audit_record("r", "42"))) as client:
        assert await client.ids(resourceNames=[f"{views}/_Default/views/_AllLogs"]) == ["a"]
        assert await client.ids(resourceNames=[f"{views}/_Required/views/_AllLogs"]) == ["r"]
        assert (await client.refusal(resourceNames=[f"{views}/mine/views/v"]))[0] == 400


async def test_several_projects_are_read_in_one_order() -> None:
    other = {**line("o", "20.5"), "logName": "projects/other/logs/run.googleapis.com%2Fstdout"}
    made = world(*ABC, other)
    made.projects["other"] = Project("other", "5")
    both = [f"projects/{PROJECT}", "projects/other"]
    async with logging_of(made) as client:
        assert await client.ids() == ["a", "b", "c"]
        assert await client.ids(resourceNames=both) == ["a", "b", "o", "c"]
        assert await client.ids(resourceNames=both, orderBy="timestamp desc") == ["c", "o", "b", "a"]


async def test_the_quota_of_a_minute_is_kept_by_project() -> None:
    clock = {"seconds": 0.0}
    made = world(ABC[0])
    made.projects["other"] = Project("other", "5")
    async with logging_of(made, quota=ReadQuota(60, lambda: clock["seconds"])) as client:
        for _ in range(60):
            await client.ids()
        code, status, message = await client.refusal()
        assert await client.ids(resourceNames=["projects/other"]) == []
        clock["seconds"] = 60.0
        assert await client.ids() == ["a"]

    assert (code, status) == (429, "RESOURCE_EXHAUSTED")
    assert message.startswith("Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'")


async def test_who_may_not_read_logs_is_told_so() -> None:
    made = world(ABC[0])
    made.projects[PROJECT].denied_permissions.add("logging.logEntries.list")
    async with logging_of(made) as client:
        assert await client.refusal() == (403, "PERMISSION_DENIED", "Permission denied for all log views")
        assert (await client.refusal(resourceNames=["projects/unknown"]))[:2] == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resourceNames": []},
        {"resourceNames": ["jobs/x"]},
        {"resourceNames": [f"projects/{PROJECT}"], "unknown": 1},
        {"resourceNames": [f"projects/{PROJECT}"], "pageSize": "many"},
    ],
)
async def test_a_request_that_is_none_is_refused(body: dict[str, Any]) -> None:
    async with logging_of(world(ABC[0])) as client:
        status, answer = await client.post(body)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_a_page_may_be_empty_although_there_are_more() -> None:
    async with logging_of(world(*ABC)) as client:
        client.cloud.faults.add(Fault(Action.EMPTY_PAGE, times=1))
        client.cloud.faults.add(Fault(Action.SHORT_PAGE, times=1, size=2))
        _, empty = await client.ask()
        _, short = await client.ask(pageToken=empty["nextPageToken"])

        assert "entries" not in empty
        assert len(short["entries"]) == 2
        assert await client.ids(pageToken=short["nextPageToken"]) == ["c"]


async def test_the_sink_of_a_project_is_told_with_its_exclusions() -> None:
    made = world()
    exclusion = {"name": "noise", "filter": "severity<INFO"}
    made.projects[PROJECT].exclusions.append(exclusion)
    made.projects[PROJECT].sinks["archive"] = {"name": "archive", "destination": "storage.googleapis.com/archive"}
    async with logging_of(made) as client:
        _, sink = await client.get(f"/v2/projects/{PROJECT}/sinks/_Default")
        _, sinks = await client.get(f"/v2/projects/{PROJECT}/sinks")
        _, exclusions = await client.get(f"/v2/projects/{PROJECT}/exclusions")
        missing, _ = await client.get(f"/v2/projects/{PROJECT}/sinks/nothing")

    assert sink["exclusions"] == [exclusion]
    assert sink["filter"].startswith('NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID(')
    assert [one["name"] for one in sinks["sinks"]] == ["_Default", "archive"]
    assert exclusions == {"exclusions": [exclusion]}
    assert missing == 404


async def test_the_answer_is_what_the_client_library_reads() -> None:
    from google.cloud.audit import audit_log_pb2  # type: ignore[import-untyped]  # noqa: PLC0415
    from google.cloud.logging_v2.types import ListLogEntriesResponse  # noqa: PLC0415
    from google.protobuf import json_format  # type: ignore[import-untyped]  # noqa: PLC0415

    async with logging_of(world(*ABC, audit_record("r", "42"))) as client:
        _, answer = await client.ask(pageSize=4)
    response = json_format.ParseDict(answer, ListLogEntriesResponse.pb()())
    record = audit_log_pb2.AuditLog()

    assert [entry.timestamp.nanos for entry in response.entries] == [1, 2, 0, 0]
    assert response.entries[3].proto_payload.Unpack(record)
    assert record.method_name == "/Jobs.RunJob"
