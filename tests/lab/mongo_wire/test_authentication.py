"""Passwords: who gets in, who does not, and what may be asked before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

from opsctl.lab.mongo_wire import MongoServer, serve_mongo
from tests.lab.mongo_wire.conftest import server_in_thread

USER, PASSWORD = "운영=자, a", "pä:ss/word@1%"


@pytest.fixture(scope="module")
def guarded() -> Iterator[MongoServer]:
    with server_in_thread(USER, PASSWORD) as running:
        yield running


def connect(server: MongoServer, **options: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(server.host, server.port, serverSelectionTimeoutMS=10_000, **options)


@pytest.mark.parametrize("mechanism", [{}, {"authMechanism": "SCRAM-SHA-256"}], ids=["negotiated", "named"])
def test_the_right_password(guarded: MongoServer, mechanism: dict[str, str]) -> None:
    with connect(guarded, username=USER, password=PASSWORD, authSource="admin", **mechanism) as client:
        client.a.b.insert_one({"_id": 1})
        client.a.b.delete_one({"_id": 1})
        who = client.admin.command("connectionStatus")["authInfo"]
        assert who["authenticatedUsers"] == [{"user": USER, "db": "admin"}]


async def test_the_uri_of_a_server_lets_the_asynchronous_client_in() -> None:
    async with (
        serve_mongo(user=USER, password=PASSWORD) as server,
        AsyncMongoClient[dict[str, Any]](server.uri) as client,
    ):
        assert await client.a.b.count_documents({}) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": USER, "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": USER, "password": PASSWORD, "authSource": "other"},
    ],
    ids=["password", "user", "database"],
)
def test_a_wrong_login_is_refused(guarded: MongoServer, wrong: dict[str, str]) -> None:
    with connect(guarded, **wrong) as client, pytest.raises(OperationFailure) as caught:
        client.a.b.find_one()
    assert caught.value.code == 18
    assert caught.value.details is not None
    assert caught.value.details["codeName"] == "AuthenticationFailed"
    assert PASSWORD not in str(caught.value)


def test_without_a_login_only_the_handshake_is_answered(guarded: MongoServer) -> None:
    with connect(guarded) as client:
        assert client.admin.command("ping")["ok"] == 1.0
        assert client.admin.command("hello")["isWritablePrimary"]
        for command in ({"find": "b"}, {"insert": "b", "documents": [{}]}, {"listDatabases": 1}, {"drop": "b"}):
            with pytest.raises(OperationFailure) as caught:
                client.admin.command(command)
            assert caught.value.code == 13


def test_another_mechanism_is_refused(guarded: MongoServer) -> None:
    with (
        connect(guarded, username=USER, password=PASSWORD, authMechanism="SCRAM-SHA-1") as client,
        pytest.raises(OperationFailure) as caught,
    ):
        client.a.b.find_one()
    assert caught.value.code == 334


def test_messages_out_of_turn_are_refused(guarded: MongoServer) -> None:
    with connect(guarded) as client:
        for payload in (b"", b"\xff\xfe", b"n,,n=user", b"c=biws,r=1,p=AA=="):
            with pytest.raises(OperationFailure) as started:
                client.admin.command({"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": payload})
            assert started.value.code == 18
            with pytest.raises(OperationFailure) as continued:
                client.admin.command({"saslContinue": 1, "conversationId": 1, "payload": payload})
            assert continued.value.code == 17


async def test_user_and_password_belong_together() -> None:
    with pytest.raises(ValueError, match="together"):
        async with serve_mongo(user="only"):
            pass
