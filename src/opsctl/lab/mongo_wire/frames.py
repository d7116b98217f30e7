"""Messages of the wire protocol: OP_MSG, and OP_QUERY with OP_REPLY for the first handshake of older drivers.

Layout as in the MongoDB wire protocol specification: a header of four little-endian int32 (length, request id,
response to, operation), then the operation's own fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from opsctl.lab.mongo_wire.documents import Document, decode_document, encode_document

HEADER: Final = struct.Struct("<iiii")
_INT32: Final = struct.Struct("<i")
_FLAGS: Final = struct.Struct("<I")
_REPLY: Final = struct.Struct("<iqii")

OP_REPLY: Final = 1
OP_QUERY: Final = 2004
OP_MSG: Final = 2013

_CHECKSUM_PRESENT: Final = 1
_MORE_TO_COME: Final = 2
# Bits below this one are required: a server that does not know one must refuse the message.
_FIRST_OPTIONAL_FLAG: Final = 1 << 16


class FrameError(Exception):
    """The bytes are no message of this protocol; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One command as it came over the wire.

    `database` is named outside of the command by OP_QUERY only; `wants_reply` is false for unacknowledged writes.
    """

    request_id: int
    operation: int
    body: Document
    database: str | None
    wants_reply: bool


def read_message(request_id: int, operation: int, content: bytes) -> Message:
    """Read what follows the header.

    Raises `FrameError`, or `CommandError` (InvalidBSON) for a document that is none.
    """
    try:
        if operation == OP_MSG:
            return _read_op_msg(request_id, content)
        if operation == OP_QUERY:
            return _read_op_query(request_id, content)
    except (struct.error, IndexError, ValueError) as error:
        raise FrameError(f"the message is cut or malformed: {error}") from error
    raise FrameError(f"operation {operation} is not known")


def write_reply(message: Message, answer: Mapping[str, Any], reply_id: int) -> bytes:
    """The answer in the form of its question."""
    document = encode_document(answer)
    if message.operation == OP_QUERY:
        # responseFlags: AwaitCapable, as every server says.
        content = _REPLY.pack(8, 0, 0, 1) + document
        operation = OP_REPLY
    else:
        content = _FLAGS.pack(0) + b"\x00" + document
        operation = OP_MSG
    return HEADER.pack(HEADER.size + len(content), reply_id, message.request_id, operation) + content


def _read_op_msg(request_id: int, content: bytes) -> Message:
    (flags,) = _FLAGS.unpack_from(content)
    if flags % _FIRST_OPTIONAL_FLAG & ~(_CHECKSUM_PRESENT | _MORE_TO_COME):
        raise FrameError(f"OP_MSG with unknown required flags {flags:#x}")
    end = len(content) - (4 if flags & _CHECKSUM_PRESENT else 0)
    body: Document | None = None
    sequences: Document = {}
    position = _FLAGS.size
    while position < end:
        kind = content[position]
        position += 1
        (size,) = _INT32.unpack_from(content, position)
        if size < 5 or position + size > end:
            raise FrameError("a section of OP_MSG goes beyond its message")
        section = content[position : position + size]
        position += size
        if kind == 0 and body is None:
            body = decode_document(section)
        elif kind == 1:
            name, documents = _read_sequence(section)
            sequences[name] = documents
        else:
            raise FrameError(f"section kind {kind} of OP_MSG is not known, or its body comes twice")
    if body is None:
        raise FrameError("OP_MSG without a body")
    return Message(request_id, OP_MSG, {**body, **sequences}, None, not flags & _MORE_TO_COME)


def _read_sequence(section: bytes) -> tuple[str, list[Document]]:
    end = section.index(b"\x00", _INT32.size)
    return section[_INT32.size : end].decode(), [decode_document(raw) for raw in _split_documents(section, end + 1)]


def _split_documents(content: bytes, position: int) -> Iterator[bytes]:
    while position < len(content):
        (size,) = _INT32.unpack_from(content, position)
        if size < 5 or position + size > len(content):
            raise FrameError("a document goes beyond its message")
        yield content[position : position + size]
        position += size


def _read_op_query(request_id: int, content: bytes) -> Message:
    end = content.index(b"\x00", _INT32.size)
    database, _, collection = content[_INT32.size : end].decode().partition(".")
    if collection != "$cmd":
        raise FrameError("OP_QUERY is known for commands only")
    documents = _split_documents(content, end + 1 + 2 * _INT32.size)
    body = decode_document(next(documents, b""))
    # Drivers that send a read preference wrap the command.
    command = body.get("$query", body)
    return Message(request_id, OP_QUERY, command if isinstance(command, dict) else {}, database, True)
