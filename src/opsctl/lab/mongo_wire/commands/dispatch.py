"""Which command is meant, whether it may run, and how its failures are answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from opsctl.lab.mongo_wire.commands import namespaces, reading, sessions, writing
from opsctl.lab.mongo_wire.commands.request import Connection, Deployment, Request
from opsctl.lab.mongo_wire.documents import Document
from opsctl.lab.mongo_wire.errors import Code, CommandError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `fields` are the only ones it may carry beside the common ones; None leaves them unchecked."""

    run: Callable[[Request], Document]
    writes: bool = False
    is_open: bool = False
    fields: frozenset[str] | None = None


def run_command(
    body: Document, deployment: Deployment, connection: Connection, *, database: str | None = None
) -> Document:
    """Run one command and give its answer, a failure included.

    `database` is for messages that do not name it themselves.
    """
    try:
        return _run(body, deployment, connection, database)
    except CommandError as error:
        return error.as_reply()
    except Exception as error:  # noqa: BLE001 - a fault of ours must reach the client as an answer
        _log.exception("command failed: %s", next(iter(body), "none"))
        return CommandError(Code.InternalError, f"{type(error).__name__}: {error}").as_reply()


def _run(body: Document, deployment: Deployment, connection: Connection, database: str | None) -> Document:
    name = next(iter(body), "")
    command = _COMMANDS.get(name)
    if command is None:
        raise CommandError(Code.CommandNotFound, f"no such command: '{name}'")
    if deployment.credentials is not None and connection.user is None and not command.is_open:
        raise CommandError(Code.Unauthorized, f"Command {name} requires authentication")
    if body.get("startTransaction"):
        raise CommandError(
            Code.IllegalOperation, "Transaction numbers are only allowed on a replica set member or mongos"
        )
    _refuse_unknown_fields(name, command, body)
    named: Any = body.get("$db", database)
    request = Request(name, named if isinstance(named, str) else "", body, deployment, connection)
    if command.writes:
        deployment.revision += 1
    return command.run(request)


def _refuse_unknown_fields(name: str, command: Command, body: Document) -> None:
    if command.fields is None:
        return
    for field in body:
        if field not in command.fields and field not in _COMMON_FIELDS and field != name:
            raise CommandError(Code.Location40415, f"BSON field '{name}.{field}' is an unknown field.")


def _fields(names: str) -> frozenset[str]:
    return frozenset(names.split())


_COMMON_FIELDS: Final = _fields(
    """$db $readPreference $clusterTime lsid txnNumber autocommit startTransaction stmtId stmtIds writeConcern
    readConcern maxTimeMS comment apiVersion apiStrict apiDeprecationErrors"""
)


_HELLO: Final = Command(sessions.hello, is_open=True)
_BUILD_INFO: Final = Command(sessions.build_info, is_open=True)

_COMMANDS: Final[dict[str, Command]] = {
    "hello": _HELLO,
    "isMaster": _HELLO,
    "ismaster": _HELLO,
    "ping": Command(sessions.acknowledge, is_open=True),
    "buildInfo": _BUILD_INFO,
    "buildinfo": _BUILD_INFO,
    "saslStart": Command(sessions.sasl_start, is_open=True),
    "saslContinue": Command(sessions.sasl_continue, is_open=True),
    "logout": Command(sessions.logout, is_open=True),
    "whatsmyuri": Command(sessions.what_is_my_uri, is_open=True),
    "connectionStatus": Command(sessions.connection_status, is_open=True),
    "getParameter": Command(sessions.get_parameter),
    "serverStatus": Command(sessions.server_status),
    "startSession": Command(sessions.acknowledge),
    "refreshSessions": Command(sessions.acknowledge),
    "endSessions": Command(sessions.end_sessions),
    "killSessions": Command(sessions.end_sessions),
    "find": Command(
        reading.find,
        fields=_fields(
            """filter sort projection hint skip limit batchSize singleBatch max min returnKey showRecordId tailable
            oplogReplay noCursorTimeout awaitData allowPartialResults collation allowDiskUse let"""
        ),
    ),
    "getMore": Command(reading.get_more, fields=_fields("collection batchSize")),
    "killCursors": Command(reading.kill_cursors),
    "count": Command(reading.count, fields=_fields("query limit skip hint collation")),
    "distinct": Command(reading.distinct, fields=_fields("key query collation hint")),
    "aggregate": Command(
        reading.aggregate,
        fields=_fields("pipeline explain allowDiskUse cursor bypassDocumentValidation collation hint let"),
    ),
    "insert": Command(writing.insert, writes=True, fields=_fields("documents ordered bypassDocumentValidation")),
    "update": Command(writing.update, writes=True, fields=_fields("updates ordered bypassDocumentValidation let")),
    "delete": Command(writing.delete, writes=True, fields=_fields("deletes ordered let")),
    "findAndModify": Command(
        writing.find_and_modify,
        writes=True,
        fields=_fields(
            "query sort remove update new fields upsert bypassDocumentValidation collation arrayFilters hint let"
        ),
    ),
    "create": Command(namespaces.create, writes=True),
    "drop": Command(namespaces.drop, writes=True),
    "dropDatabase": Command(namespaces.drop_database, writes=True),
    "createIndexes": Command(namespaces.create_indexes, writes=True, fields=_fields("indexes commitQuorum")),
    "dropIndexes": Command(namespaces.drop_indexes, writes=True),
    "listCollections": Command(namespaces.list_collections),
    "listDatabases": Command(namespaces.list_databases),
    "listIndexes": Command(namespaces.list_indexes),
    "collStats": Command(namespaces.collection_stats),
    "dbStats": Command(namespaces.database_stats),
}
