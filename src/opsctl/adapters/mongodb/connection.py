"""Connecting, and PyMongo's errors in our own words."""

from __future__ import annotations

import logging
import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient, errors

from opsctl.adapters.mongodb.condition_wait import mend_condition_wait
from opsctl.errors import AccessDeniedError, ConfigError, DataError, OpsctlError, UnavailableError

_log = logging.getLogger(__name__)

Fields = dict[str, Any]

# A command that cannot begin says so within 15 seconds, its own start included.
SELECTION_SECONDS = 7.0

# Whatever a document holds is read without loss: dates outside Python's range, UUIDs of any kind, broken UTF-8.
CODEC: CodecOptions[Fields] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)

_DENIED_CODES = {13, 18, 8000}
_TOO_LARGE_CODES = {10334, 17419, 17420}
_BAD_QUERY_CODES = {2, 9, 14}
_TIMEOUT_CODES = {50, 262}


def connect(uri: str, *, timeout_seconds: float = SELECTION_SECONDS) -> AsyncMongoClient[Fields]:
    """A client that gives up on an unreachable server after `timeout_seconds`. Raises ConfigError for a bad URI."""
    mend_condition_wait()
    milliseconds = int(timeout_seconds * 1000)
    try:
        with warnings.catch_warnings(record=True) as caught:
            client: AsyncMongoClient[Fields] = AsyncMongoClient(
                uri,
                appname="opsctl",
                serverSelectionTimeoutMS=milliseconds,
                connectTimeoutMS=min(milliseconds, 5000),
                socketTimeoutMS=60_000,
                maxPoolSize=64,
                tz_aware=True,
            )
    except (errors.PyMongoError, ValueError) as error:
        # The text of these errors repeats the URI, password included.
        raise ConfigError(
            f"mongo.uri is not a valid connection string ({type(error).__name__})",
            hint="it begins with mongodb://, then USER:PASSWORD@ if there is a user, then HOST:PORT; "
            "percent-encode @ : / ? % in the user name and the password",
        ) from None
    _judge_options(str(warning.message) for warning in caught)
    return client


def _judge_options(complaints: Iterable[str]) -> None:
    """PyMongo only warns of an option that it leaves out. Raises ConfigError for one whose value cannot be."""
    for complaint in complaints:
        name = complaint.removeprefix("Unknown option: ").partition(" ")[0].rstrip(".")
        if not complaint.startswith("Unknown option: "):
            raise ConfigError(
                f"mongo.uri: option {name} has a value that it cannot have", hint="check the options after the ?"
            )
        _log.warning("mongo.uri: there is no option %s; it is left out", name)


@asynccontextmanager
async def translated(host: str) -> AsyncIterator[None]:
    """Turn what PyMongo raises into OpsctlErrors that name `host`."""
    try:
        yield
    except (errors.PyMongoError, BSONError) as error:
        raise translate(error, host) from error


def translate(error: Exception, host: str) -> OpsctlError:
    """The OpsctlError for an error of PyMongo. No text of the server is passed on but its short code name."""
    if isinstance(error, errors.OperationFailure):
        return _translate_answer(error, host)
    if isinstance(error, errors.ConfigurationError):
        if type(error.__cause__).__module__.startswith("dns."):
            return UnavailableError(
                f"Mongo at {host} cannot be reached: DNS does not know it as a mongodb+srv name",
                hint="check the host name in mongo.uri, and DNS from here",
            )
        return ConfigError(
            f"the connection string for Mongo at {host} asks for something this client cannot do "
            f"({type(error).__name__})",
            hint="check the options at the end of mongo.uri",
        )
    if isinstance(error, errors.ConnectionFailure):
        return UnavailableError(
            f"Mongo at {host} cannot be reached",
            hint="check that the address can be reached from here, and that the server is up: opsctl config check",
        )
    return DataError(f"Mongo at {host} gave an answer that cannot be read ({type(error).__name__})")


def is_too_large(error: errors.PyMongoError) -> bool:
    """Whether a write was refused because the document would pass 16 MB."""
    if isinstance(error, errors.DocumentTooLarge):
        return True
    return isinstance(error, errors.OperationFailure) and error.code in _TOO_LARGE_CODES


def _translate_answer(error: errors.OperationFailure, host: str) -> OpsctlError:
    name = (error.details or {}).get("codeName") or f"code {error.code}"
    if error.code in _DENIED_CODES:
        return AccessDeniedError(
            f"Mongo at {host} refused the credentials or the operation ({name})",
            hint="check user, password and authSource in mongo.uri, and that the user may read and write the database",
        )
    if error.code in _TIMEOUT_CODES or isinstance(error, errors.ExecutionTimeout):
        return UnavailableError(f"Mongo at {host} did not answer in time ({name})")
    if error.has_error_label("RetryableWriteError") or error.code in (11600, 11602, 10107, 13435, 13436, 189, 91):
        return UnavailableError(f"Mongo at {host} is changing its primary ({name})")
    hint = "with --where: check its operators and their values" if error.code in _BAD_QUERY_CODES else None
    return DataError(f"Mongo at {host} answered with an error ({name})", hint=hint)
