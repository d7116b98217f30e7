"""What a live diagnosis relies on in its ports: the same questions for the fake and for the adapters, the same answers,
and for what does not exist the same errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opsctl.diagnosis.log_query import execution_query, window_around
from opsctl.diagnosis.models import ExecutionName
from opsctl.diagnosis.policy_reading import read_member_roles
from opsctl.diagnosis.ports import LogQuery, Sources
from opsctl.diagnosis.timestamps import parse_time
from opsctl.errors import NotFoundError
from opsctl.image.models import Wanted
from tests.contract.google_scene import (
    ABSENT,
    ACCOUNT,
    DISABLED,
    ENABLED,
    EXECUTION,
    INCIDENT,
    JOB,
    LOCATION,
    NUMBER,
    PRESENT,
    PROJECT,
    REPOSITORY,
    TEXT,
)

NAME = ExecutionName(EXECUTION, PROJECT, LOCATION.rpartition("/")[2], JOB.rpartition("/")[2], INCIDENT)
SECRET = f"projects/{PROJECT}/secrets/o4o-db-password"


def log_query(**more: Any) -> LogQuery:
    window = window_around(parse_time("2026-01-12T01:00:00Z") or 0, parse_time("2026-01-12T03:00:00Z") or 0)
    return LogQuery(PROJECT, execution_query(NAME, window).filter, **more)


def last(name: object) -> str:
    return str(name).rpartition("/")[2]


class GoogleContract:
    """Derive from it, with the fixtures `sources` (the ports over `google_scene`) and `image` (the image that ran)."""

    async def test_an_execution(self, sources: Sources) -> None:
        found = await sources.run.get_execution(EXECUTION)
        assert (last(found["name"]), found["failedCount"], found["taskCount"]) == (INCIDENT, 1, 1)
        assert found["template"]["containers"][0]["args"] == ["dist/migrate.js"]
        assert [item["state"] for item in found["conditions"] if item["type"] == "Completed"] == ["CONDITION_FAILED"]

    async def test_executions_come_newest_first_and_in_pages(self, sources: Sources) -> None:
        names, token, pages = [], "", 0
        while pages < 10:
            page = await sources.run.list_executions(JOB, page_token=token, page_size=2)
            assert len(page.executions) <= 2
            names += [last(item["name"]) for item in page.executions]
            pages, token = pages + 1, page.next_token
            if not token:
                break
        assert names[:5] == ["extra-3", "extra-2", "extra-1", "extra-0", INCIDENT]
        assert (len(names), pages) == (6, 3)
        everything = await sources.run.list_executions(f"{LOCATION}/jobs/-")
        assert [last(item["name"]) for item in everything.executions] == names
        assert everything.next_token == ""

    async def test_tasks(self, sources: Sources) -> None:
        tasks = [task async for task in sources.run.list_tasks(EXECUTION)]
        # 0 may be left out in JSON.
        assert sorted(task.get("index", 0) for task in tasks) == [0, 1, 2]
        assert {task["lastAttemptResult"]["exitCode"] for task in tasks} == {1}
        assert [task async for task in sources.run.list_tasks(f"{JOB}/executions/extra-0")] == []

    async def test_jobs_and_regions(self, sources: Sources) -> None:
        assert last((await sources.run.get_job(JOB))["name"]) == NAME.job
        assert [last(job["name"]) for job in await sources.run.list_jobs(LOCATION)] == [NAME.job]
        assert await sources.run.list_jobs(f"projects/{PROJECT}/locations/us-central1") == ()
        regions = await sources.run.list_regions(PROJECT)
        assert regions == tuple(sorted(regions))
        assert NAME.location in regions

    async def test_runs_that_are_not_there(self, sources: Sources) -> None:
        for question in (
            sources.run.get_execution(f"{JOB}/executions/nothing"),
            sources.run.get_job(f"{LOCATION}/jobs/nothing"),
        ):
            with pytest.raises(NotFoundError) as caught:
                await question
            assert caught.value.code == "not-found"

    async def test_a_log_oldest_first_in_pages(self, sources: Sources) -> None:
        pages = [page async for page in sources.logs.read(log_query(page_size=4))]
        entries = [entry for page in pages for entry in page.entries]
        assert len(entries) > 10
        assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
        assert max(len(page.entries) for page in pages) == 4
        times = [parse_time(entry["timestamp"]) or 0 for entry in entries]
        assert times == sorted(times)
        assert len({(entry["logName"], entry["insertId"]) for entry in entries}) == len(entries)
        assert any("ENOENT" in str(entry) for entry in entries)

    async def test_a_log_newest_first_is_the_same_log(self, sources: Sources) -> None:
        forward = [entry["insertId"] async for page in sources.logs.read(log_query()) for entry in page.entries]
        backward = [
            entry["insertId"]
            async for page in sources.logs.read(log_query(newest_first=True))
            for entry in page.entries
        ]
        assert backward == forward[::-1]

    async def test_exclusions(self, sources: Sources) -> None:
        (found,) = await sources.logs.list_exclusions(PROJECT)
        assert dict(found) == {"name": "debug", "filter": "severity=DEBUG", "disabled": False}

    async def test_accounts(self, sources: Sources) -> None:
        assert await sources.accounts.get_project_number(PROJECT) == NUMBER
        account = await sources.accounts.get_service_account(ACCOUNT)
        assert (account["email"], account.get("disabled", False)) == (ACCOUNT, False)
        roles = read_member_roles(await sources.accounts.get_project_policy(PROJECT), ACCOUNT).roles
        assert "roles/cloudsql.client" in roles
        with pytest.raises(NotFoundError) as caught:
            await sources.accounts.get_service_account(f"nobody@{PROJECT}.iam.gserviceaccount.com")
        assert caught.value.code == "not-found"

    @pytest.mark.parametrize(
        ("secret", "version", "number", "state"),
        [("o4o-db-password", "latest", "8", "ENABLED"), ("disabled", "1", "1", "DISABLED")],
    )
    async def test_versions_of_secrets(
        self, sources: Sources, secret: str, version: str, number: str, state: str
    ) -> None:
        found = await sources.secrets.get_version(f"projects/{PROJECT}/secrets/{secret}", version)
        assert (last(found["name"]), found["state"]) == (number, state)
        assert parse_time(found["createTime"]) is not None
        assert "payload" not in found

    @pytest.mark.parametrize("secret", [(SECRET, "99"), (f"projects/{PROJECT}/secrets/nothing", "latest")])
    async def test_versions_that_are_not_there(self, sources: Sources, secret: tuple[str, str]) -> None:
        with pytest.raises(NotFoundError) as caught:
            await sources.secrets.get_version(*secret)
        assert caught.value.code == "not-found"

    async def test_instances(self, sources: Sources) -> None:
        found = await sources.sql.get_instance(PROJECT, "o4o-platform-db")
        assert (found["state"], found["settings"]["activationPolicy"]) == ("RUNNABLE", "ALWAYS")
        with pytest.raises(NotFoundError) as caught:
            await sources.sql.get_instance(PROJECT, "nothing")
        assert caught.value.code == "not-found"

    async def test_apis(self, sources: Sources) -> None:
        assert await sources.apis.get_states(PROJECT, (ENABLED, DISABLED)) == {ENABLED: "ENABLED", DISABLED: "DISABLED"}

    async def test_what_the_registry_knows_of_an_image(self, sources: Sources, image: str) -> None:
        digest = image.partition("@")[2]
        assert (await sources.artifacts.get_docker_image(REPOSITORY, digest))["tags"] == ["latest"]
        with pytest.raises(NotFoundError):
            await sources.artifacts.get_docker_image(REPOSITORY, "sha256:" + "0" * 64)

    async def test_an_image(self, sources: Sources, image: str) -> None:
        assert sources.images is not None
        described = await sources.images.describe(image)
        assert (described.reference, described.repository) == (image, REPOSITORY)
        assert described.platform == "linux/amd64"
        wanted = Wanted(frozenset((PRESENT, ABSENT)), frozenset(), frozenset((TEXT,)))
        found = await sources.images.inspect(described, wanted)
        assert PRESENT in {entry.path for entry in found.files}
        assert (set(found.absent), dict(found.undecided)) == ({ABSENT}, {})
        assert '"name"' in found.texts[TEXT]

    async def test_an_image_that_is_not_there(self, sources: Sources) -> None:
        assert sources.images is not None
        with pytest.raises(NotFoundError) as caught:
            await sources.images.describe(f"{REPOSITORY}@sha256:{'0' * 64}")
        assert caught.value.code == "image-not-found"

    async def test_many_questions_at_once(self, sources: Sources) -> None:
        answers = await asyncio.gather(*(sources.run.get_execution(EXECUTION) for _ in range(40)))
        assert all(answer == answers[0] for answer in answers)
