"""The wire itself: messages by hand, whole, cut and wrong, and both kinds of client."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest
from bson import decode, encode
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import ConnectionFailure

from opsctl.lab.mongo_wire import MongoServer, serve_mongo
from opsctl.lab.mongo_wire.errors import CommandError
from opsctl.lab.mongo_wire.frames import OP_MSG, OP_QUERY, FrameError, read_message

Fields = dict[str, Any]

PING = {"ping": 1, "$db": "admin"}


def op_msg(*sections: bytes, flags: int = 0) -> bytes:
    return struct.pack("<I", flags) + b"".join(sections)


def body(command: Fields) -> bytes:
    return b"\x00" + encode(command)


def sequence(name: str, *documents: Fields) -> bytes:
    content = name.encode() + b"\x00" + b"".join(map(encode, documents))
    return b"\x01" + struct.pack("<i", len(content) + 4) + content


def op_query(namespace: str, command: Fields) -> bytes:
    return struct.pack("<i", 0) + namespace.encode() + b"\x00" + struct.pack("<ii", 0, -1) + encode(command)


def exchange(server: MongoServer, operation: int, content: bytes) -> tuple[int, int, bytes]:
    """Send one message: operation and request id of the answer, and its content; all zero when the server hangs up."""
    with socket.create_connection((server.host, server.port), timeout=120) as connection:
        connection.sendall(struct.pack("<iiii", 16 + len(content), 77, 0, operation) + content)
        received = bytearray()
        while chunk := connection.recv(65536):
            received += chunk
            if len(received) >= 4 and len(received) >= struct.unpack_from("<i", received)[0]:
                break
    if not received:
        return 0, 0, b""
    _, _, answers, answer_operation = struct.unpack_from("<iiii", received)
    return answer_operation, answers, bytes(received[16:])


def test_a_message_with_its_documents_in_a_sequence() -> None:
    content = op_msg(body({"insert": "c", "$db": "d"}), sequence("documents", {"_id": 1}, {"_id": 2}))
    message = read_message(5, OP_MSG, content)
    assert message.body == {"insert": "c", "$db": "d", "documents": [{"_id": 1}, {"_id": 2}]}
    assert message.wants_reply
    # The sections may come in any order.
    reordered = op_msg(sequence("documents", {"_id": 1}, {"_id": 2}), body({"insert": "c", "$db": "d"}))
    assert read_message(5, OP_MSG, reordered).body == message.body


def test_flags() -> None:
    assert not read_message(1, OP_MSG, op_msg(body(PING), flags=2)).wants_reply
    assert read_message(1, OP_MSG, op_msg(body(PING), b"\x00\x00\x00\x00", flags=1)).body == PING
    assert read_message(1, OP_MSG, op_msg(body(PING), flags=1 << 16)).body == PING
    with pytest.raises(FrameError, match="flags"):
        read_message(1, OP_MSG, op_msg(body(PING), flags=4))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00",
        op_msg(),
        op_msg(body(PING), body(PING)),
        op_msg(b"\x02" + encode(PING)),
        op_msg(body(PING)[:9]),
    ],
    ids=["nothing", "half-flags", "no-body", "two-bodies", "unknown-kind", "cut"],
)
def test_a_wrong_message_is_noticed(content: bytes) -> None:
    with pytest.raises(FrameError):
        read_message(1, OP_MSG, content)


@given(st.binary(max_size=80), st.sampled_from([OP_MSG, OP_QUERY, 1, 2012]))
def test_any_bytes_are_a_message_or_an_error(content: bytes, operation: int) -> None:
    try:
        message = read_message(1, operation, content)
    except (FrameError, CommandError):
        return
    assert isinstance(message.body, dict)


@given(st.data())
def test_a_message_with_some_bytes_changed_is_a_message_or_an_error(data: st.DataObject) -> None:
    content = bytearray(op_msg(body({"insert": "c", "$db": "d"}), sequence("documents", {"_id": 1, "a": ["x", 1.5]})))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_message(1, OP_MSG, bytes(content))
    except (FrameError, CommandError):
        return


@pytest.mark.parametrize("command", [{"ismaster": 1}, {"isMaster": 1}, {"$query": {"ismaster": 1}}, {"hello": 1}])
def test_the_old_handshake(server: MongoServer, command: Fields) -> None:
    operation, answers, content = exchange(server, OP_QUERY, op_query("admin.$cmd", command))
    assert (operation, answers) == (1, 77)
    _, cursor, start, count = struct.unpack_from("<iqii", content)
    assert (cursor, start, count) == (0, 0, 1)
    answer = decode(content[20:])
    assert answer["ok"] == 1.0
    assert answer.get("ismaster") or answer.get("isWritablePrimary")


def test_an_answer_names_its_question(server: MongoServer) -> None:
    operation, answers, content = exchange(server, OP_MSG, op_msg(body(PING)))
    assert (operation, answers) == (OP_MSG, 77)
    assert decode(content[5:]) == {"ok": 1.0}


def test_a_document_that_cannot_be_decoded_is_answered(server: MongoServer) -> None:
    broken = bytearray(body({"find": "c", "$db": "d", "filter": {"a": 1}}))
    broken[broken.index(b"\x03filter")] = 0x7E
    _, _, content = exchange(server, OP_MSG, op_msg(bytes(broken)))
    assert decode(content[5:])["code"] == 22


@pytest.mark.parametrize("content", [b"\xff" * 40, b"", op_msg(b"\x07")], ids=["noise", "empty", "unknown-kind"])
def test_the_server_hangs_up_on_noise_and_lives_on(server: MongoServer, content: bytes) -> None:
    assert exchange(server, OP_MSG, content) == (0, 0, b"")
    with socket.create_connection((server.host, server.port), timeout=120) as connection:
        connection.sendall(struct.pack("<iiii", 2**31 - 1, 1, 0, OP_MSG))
        assert connection.recv(1) == b""
    assert exchange(server, OP_MSG, op_msg(body(PING)))[0] == OP_MSG


def test_deep_nesting_is_answered_and_does_no_harm(server: MongoServer) -> None:
    inner = b"\x05\x00\x00\x00\x00"
    for _ in range(5_000):
        inner = struct.pack("<i", len(inner) + 8) + b"\x03a\x00" + inner + b"\x00"
    _, _, content = exchange(
        server,
        OP_MSG,
        op_msg(
            body({"insert": "c", "$db": "deep"}),
            b"\x01" + struct.pack("<i", len(inner) + 14) + b"documents\x00" + inner,
        ),
    )
    assert decode(content[5:])["ok"] == 0.0
    assert exchange(server, OP_MSG, op_msg(body(PING)))[0] == OP_MSG


@pytest.mark.parametrize("direct", [True, False])
def test_the_blocking_client_connects(mongo_uri: str, direct: bool) -> None:
    with MongoClient[Fields](mongo_uri, directConnection=direct) as client:
        assert client.admin.command("ping") == {"ok": 1.0}
        assert client.is_primary


@pytest.mark.parametrize("direct", [True, False])
async def test_the_asynchronous_client_on_the_same_loop(direct: bool) -> None:
    async with serve_mongo() as server, AsyncMongoClient[Fields](server.uri, directConnection=direct) as client:
        await client.a.b.insert_many([{"_id": number} for number in range(500)])
        assert [item["_id"] async for item in client.a.b.find().sort("_id", -1)] == list(range(500))[::-1]


async def test_the_server_ends_while_a_client_is_connected() -> None:
    async with serve_mongo() as server:
        client = AsyncMongoClient[Fields](server.uri, serverSelectionTimeoutMS=100)
        await client.admin.command("ping")
    with pytest.raises(ConnectionFailure):
        await client.admin.command("ping")
    await client.close()
    async with serve_mongo(port=server.port) as again:
        assert again.port == server.port
        assert again.address == f"127.0.0.1:{server.port}"
