"""Connecting to Mongo: wrong passwords, absent servers, strings that are no URI, and no secret in any text."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pymongo
import pytest
from bson.errors import InvalidBSON
from pymongo import errors

from opsctl.adapters.mongodb.connection import connect, translate, translated
from opsctl.adapters.mongodb.documents import MongoDocuments
from opsctl.errors import AccessDeniedError, ConfigError, DataError, OpsctlError, UnavailableError
from opsctl.lab.mongo_wire import MongoServer, serve_mongo
from opsctl.migration.models import DocumentView, ImageMapping, Selection
from tests.adapters.raw_host import serve_raw
from tests.servers.launch import refusing_port

CANARY = "canary-s3cr3t"


@pytest.fixture
async def server() -> AsyncIterator[MongoServer]:
    async with serve_mongo(user="opsctl", password=f"{CANARY}:/@%?") as running:
        yield running


async def check(uri: str, *, timeout_seconds: float = 60.0) -> None:
    client = connect(uri, timeout_seconds=timeout_seconds)
    try:
        await MongoDocuments(client["db"], "vehicles", ImageMapping(), host="mongo.test").check()
    finally:
        await client.close()


def assert_harmless(error: BaseException) -> None:
    """No secret in what is said, and none in the traceback that a log would hold."""
    assert CANARY not in str(error)
    assert CANARY not in str(getattr(error, "hint", ""))
    assert CANARY not in "".join(traceback.format_exception(error))


class TestPasswords:
    async def test_the_right_one(self, server: MongoServer) -> None:
        client = connect(server.uri)
        await client["db"]["vehicles"].insert_one({"_id": 1})
        await client.close()
        await check(server.uri)

    @pytest.mark.parametrize("user", [f"opsctl:{CANARY}", f"nobody:{CANARY}", "opsctl:x"])
    async def test_a_wrong_one_is_denied(self, server: MongoServer, user: str) -> None:
        with pytest.raises(AccessDeniedError, match=r"Mongo at mongo\.test refused the credentials") as caught:
            await check(f"mongodb://{user}@{server.address}/?authSource=admin")
        assert_harmless(caught.value)

    async def test_none_where_one_is_needed_is_denied(self, server: MongoServer) -> None:
        with pytest.raises(AccessDeniedError):
            await check(f"mongodb://{server.address}/")


class TestAbsence:
    async def test_nobody_listens(self) -> None:
        with (
            refusing_port() as port,
            pytest.raises(UnavailableError, match=r"Mongo at mongo\.test cannot be reached") as caught,
        ):
            await check(f"mongodb://u:{CANARY}@127.0.0.1:{port}/", timeout_seconds=0.5)
        assert_harmless(caught.value)

    async def test_how_long_a_server_is_looked_for(self) -> None:
        for seconds in (0.5, 60):
            client = connect("mongodb://127.0.0.1:1/", timeout_seconds=seconds)
            assert client.options.server_selection_timeout == seconds
            await client.close()

    async def test_somebody_listens_and_never_answers(self) -> None:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        silent = await asyncio.start_server(hold, "127.0.0.1", 0)
        async with silent:
            port = silent.sockets[0].getsockname()[1]
            with pytest.raises(UnavailableError):
                await check(f"mongodb://127.0.0.1:{port}/?directConnection=true", timeout_seconds=0.5)

    async def test_what_answers_is_no_mongo(self) -> None:
        async with serve_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") as raw:
            with pytest.raises(UnavailableError):
                await check(f"mongodb://127.0.0.1:{raw.port}/?directConnection=true", timeout_seconds=0.5)

    async def test_it_goes_away_in_the_middle(self) -> None:
        async with serve_mongo() as server:
            client = connect(server.uri, timeout_seconds=60)
            store = MongoDocuments(client["db"], "vehicles", ImageMapping(), host="mongo.test")
            await client["db"]["vehicles"].insert_one({"_id": 1})
            assert len((await store.page(Selection(), DocumentView.ALL, None)).documents) == 1
        # For what comes now it need not be waited for that long.
        with pymongo.timeout(0.5), pytest.raises(UnavailableError):
            await store.page(Selection(), DocumentView.ALL, None)
        await client.close()


class TestStrings:
    @pytest.mark.parametrize(
        "uri",
        [
            f"mongodb://opsctl:{CANARY}/x@host/",
            f"mongodb://opsctl:{CANARY}@x@host/",
            f"mongodb://opsctl:{CANARY}:y@host/",
            f"mongodb://opsctl:{CANARY}%zz@host/",
            f"mongodb://opsctl:{CANARY}@host:port/",
            f"mongodb://opsctl:{CANARY}@host:99999/",
            f"mongodb://opsctl:{CANARY}@/",
            f"postgres://opsctl:{CANARY}@host/",
            f"opsctl:{CANARY}@host",
            f"mongodb://opsctl:{CANARY}@host/?readPreference=nearby",
            f"mongodb://opsctl:{CANARY}@host/?authMechanism={CANARY}",
            f"mongodb://opsctl:{CANARY}@host/?maxPoolSize={CANARY}",
            f"mongodb://opsctl:{CANARY}@[::1/",
            "mongodb://",
            "",
        ],
    )
    async def test_what_is_no_connection_string(self, uri: str) -> None:
        with pytest.raises(ConfigError, match=r"mongo\.uri") as caught:
            connect(uri)
        assert_harmless(caught.value)


class TestAnswers:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (13, AccessDeniedError),
            (18, AccessDeniedError),
            (8000, AccessDeniedError),
            (50, UnavailableError),
            (262, UnavailableError),
            (91, UnavailableError),
            (189, UnavailableError),
            (10107, UnavailableError),
            (11600, UnavailableError),
            (11602, UnavailableError),
            (13435, UnavailableError),
            (13436, UnavailableError),
            (2, DataError),
            (None, DataError),
        ],
    )
    def test_codes(self, error: int | None, expected: type[OpsctlError]) -> None:
        answer = errors.OperationFailure(f"not for {CANARY}", error, {"codeName": "Word", "errmsg": CANARY})
        result = translate(answer, "mongo.test")
        assert type(result) is expected
        assert "(Word)" in result.message
        assert CANARY not in f"{result.message} {result.hint}"

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (errors.AutoReconnect(CANARY), UnavailableError),
            (errors.ServerSelectionTimeoutError(CANARY), UnavailableError),
            (errors.NetworkTimeout(CANARY), UnavailableError),
            (errors.NotPrimaryError(CANARY), UnavailableError),
            (errors.WaitQueueTimeoutError(CANARY), UnavailableError),
            (errors.ExecutionTimeout(CANARY, 50), UnavailableError),
            (errors.ConfigurationError(CANARY), ConfigError),
            (errors.InvalidOperation(CANARY), DataError),
            (InvalidBSON(CANARY), DataError),
        ],
    )
    def test_kinds(self, error: Exception, expected: type[OpsctlError]) -> None:
        result = translate(error, "mongo.test")
        assert type(result) is expected
        assert CANARY not in f"{result.message} {result.hint}"

    def test_an_answer_that_asks_for_another_try(self) -> None:
        details: dict[str, Any] = {"errorLabels": ["RetryableWriteError"]}
        assert isinstance(translate(errors.OperationFailure("x", 7, details), "h"), UnavailableError)

    async def test_only_errors_of_mongo_are_translated(self) -> None:
        with pytest.raises(ZeroDivisionError):
            async with translated("mongo.test"):
                raise ZeroDivisionError
        with pytest.raises(UnavailableError) as caught:
            async with translated("mongo.test"):
                raise errors.AutoReconnect("x")
        assert isinstance(caught.value.__cause__, errors.AutoReconnect)
