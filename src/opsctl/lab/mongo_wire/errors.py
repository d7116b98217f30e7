"""Failures as a MongoDB server answers them: a number, its name and a text."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """The server's error codes that the stand-in answers with; names as in MongoDB's error code list."""

    InternalError = 1
    BadValue = 2
    FailedToParse = 9
    Unauthorized = 13
    TypeMismatch = 14
    InvalidLength = 16
    ProtocolError = 17
    AuthenticationFailed = 18
    IllegalOperation = 20
    InvalidBSON = 22
    NamespaceNotFound = 26
    IndexNotFound = 27
    PathNotViable = 28
    ConflictingUpdateOperators = 40
    CursorNotFound = 43
    NamespaceExists = 48
    DollarPrefixedFieldName = 52
    InvalidIdField = 53
    CommandNotFound = 59
    ImmutableField = 66
    CannotCreateIndex = 67
    InvalidOptions = 72
    InvalidNamespace = 73
    IndexOptionsConflict = 85
    IndexKeySpecsConflict = 86
    CommandNotSupported = 115
    MechanismUnavailable = 334
    BSONObjectTooLarge = 10334
    DuplicateKey = 11000
    Location15975 = 15975
    Location15998 = 15998
    Location17419 = 17419
    Location31249 = 31249
    Location31253 = 31253
    Location31254 = 31254
    Location40324 = 40324
    Location40353 = 40353
    Location40415 = 40415


class CommandError(Exception):
    """A command, or one statement of a write command, was refused.

    `details` are further fields of the answer, such as `keyPattern` and `keyValue` of a duplicate key.
    """

    def __init__(self, code: Code, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})

    def as_reply(self) -> dict[str, Any]:
        """The answer to the whole command."""
        return {
            "ok": 0.0,
            "errmsg": self.message,
            "code": int(self.code),
            "codeName": self.code.name,
            **self.details,
        }

    def as_write_error(self, index: int) -> dict[str, Any]:
        """The entry in `writeErrors` for statement number `index`."""
        return {"index": index, "code": int(self.code), **self.details, "errmsg": self.message}


def unsupported(what: str) -> CommandError:
    """What a real server knows and this one does not: refused by name, never guessed."""
    return CommandError(Code.CommandNotSupported, f"{what} is not supported by the embedded stand-in")
