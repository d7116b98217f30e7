"""Error codes of databases, drivers and runtimes, in every shape in which they are printed.

Sources: PostgreSQL `src/backend/utils/errcodes.txt`; MySQL `share/messages_to_clients.txt`; SQL Server `sys.messages`;
Prisma error reference; Node.js `doc/api/errors.md`; gRPC `statuscodes.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from opsctl.diagnosis.facts.model import ErrorCode, Level, Message

# Condition names of PostgreSQL as drivers turn them into class names: psycopg `errors.UndefinedTable`, Ruby
# `PG::UndefinedTable`, asyncpg `UndefinedTableError`, Postgrex `(undefined_table)`.
CONDITION_NAMES = {
    "ActiveSqlTransaction": "25001",
    "AdminShutdown": "57P01",
    "AmbiguousColumn": "42702",
    "CannotCoerce": "42846",
    "CannotConnectNow": "57P03",
    "CardinalityViolation": "21000",
    "CheckViolation": "23514",
    "ConnectionDoesNotExist": "08003",
    "ConnectionFailure": "08006",
    "CrashShutdown": "57P02",
    "DatatypeMismatch": "42804",
    "DeadlockDetected": "40P01",
    "DependentObjectsStillExist": "2BP01",
    "DiskFull": "53100",
    "DivisionByZero": "22012",
    "DuplicateAlias": "42712",
    "DuplicateColumn": "42701",
    "DuplicateDatabase": "42P04",
    "DuplicateFunction": "42723",
    "DuplicateObject": "42710",
    "DuplicatePreparedStatement": "42P05",
    "DuplicateSchema": "42P06",
    "DuplicateTable": "42P07",
    "ExclusionViolation": "23P01",
    "FeatureNotSupported": "0A000",
    "ForeignKeyViolation": "23503",
    "GroupingError": "42803",
    "InFailedSqlTransaction": "25P02",
    "InFailedSQLTransaction": "25P02",
    "IndeterminateDatatype": "42P18",
    "InsufficientPrivilege": "42501",
    "InsufficientResources": "53000",
    "InvalidAuthorizationSpecification": "28000",
    "InvalidCatalogName": "3D000",
    "InvalidColumnReference": "42P10",
    "InvalidDatetimeFormat": "22007",
    "InvalidForeignKey": "42830",
    "InvalidParameterValue": "22023",
    "InvalidPassword": "28P01",
    "InvalidSchemaName": "3F000",
    "InvalidTableDefinition": "42P16",
    "InvalidObjectDefinition": "42P17",
    "InvalidTextRepresentation": "22P02",
    "LockNotAvailable": "55P03",
    "NotNullViolation": "23502",
    "NumericValueOutOfRange": "22003",
    "ObjectInUse": "55006",
    "ObjectNotInPrerequisiteState": "55000",
    "OutOfMemory": "53200",
    "ProgramLimitExceeded": "54000",
    "QueryCanceled": "57014",
    "RaiseException": "P0001",
    "ReadOnlySqlTransaction": "25006",
    "ReservedName": "42939",
    "SerializationFailure": "40001",
    "StringDataRightTruncation": "22001",
    "SyntaxError": "42601",
    "TooManyColumns": "54011",
    "TooManyConnections": "53300",
    "UndefinedColumn": "42703",
    "UndefinedFile": "58P01",
    "UndefinedFunction": "42883",
    "UndefinedObject": "42704",
    "UndefinedParameter": "42P02",
    "UndefinedTable": "42P01",
    "UniqueViolation": "23505",
    "UnsafeNewEnumValueUsage": "55P04",
    "UntranslatableCharacter": "22P05",
    "WrongObjectType": "42809",
}
_SNAKE_NAMES = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): code for name, code in CONDITION_NAMES.items()
}  # fmt: skip

_STATE = r"(?=[0-9A-Z]*\d)[0-9A-Z]{5}"
# Each: the system, a cheap text that every match holds, the pattern; group 1 is the code.
_EXCEPTIONS = "Error|Exception|OperationalError|ProgrammingError|InternalError|IntegrityError|DataError"
_NODE_CODES = "|".join(
    (
        "ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ESOCKETTIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE",
        "ENOENT|EACCES|EPERM|EISDIR|ENOTDIR|EROFS|ENOSPC|EDQUOT|EMFILE|ENFILE|ENOMEM|EADDRINUSE|UND_ERR_CONNECT_TIMEOUT",
        "MODULE_NOT_FOUND|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY|CERT_HAS_EXPIRED",
    )
)
_GRPC = "RESOURCE_EXHAUSTED|PERMISSION_DENIED|UNAUTHENTICATED|DEADLINE_EXCEEDED|FAILED_PRECONDITION"
_GO_GRPC = "ResourceExhausted|PermissionDenied|Unauthenticated|NotFound|DeadlineExceeded|Unavailable|FailedPrecondition"
_SHAPES: tuple[tuple[str, str, str], ...] = (
    ("sqlstate", "sqlstate", rf"SQLSTATE[\[(:=\s\"']*({_STATE})\b"),
    ("sqlstate", "sql state", rf"SQL [Ss]tate[\s:=]*\[?({_STATE})\b"),
    (
        "sqlstate",
        "code",
        rf"""\b(?:code|Code|sqlState|sqlstate|SqlState|pgcode|originalCode)["']?\s*[:=]\s*["'`]?({_STATE})\b""",
    ),
    ("sqlstate", "error:", rf"\b(?:ERROR|FATAL|PANIC):\s+({_STATE}):\s"),
    ("sqlstate", "exception", rf"Exception(?: \(0x[0-9A-Fa-f]+\))?: ({_STATE}): "),
    ("sqlstate", "error", rf"\bError (?:code )?`?({_STATE})`?[:\s]"),
    ("sqlstate", "error ", rf"\b[Ee]rror[:\s]+\d{{4}} \(({_STATE})\)"),
    ("sqlstate", "errors.", r"\berrors\.([A-Z]\w+)\b"),
    ("sqlstate", "pg::", r"\bPG::([A-Z]\w+)\b"),
    ("sqlstate", "asyncpg.exceptions", r"asyncpg\.exceptions\.(?:\w+\.)?([A-Z]\w+?)Error\b"),
    ("sqlstate", "postgrex", r"Postgrex\.Error\) \w+ \w+ \(([a-z_]+)\)"),
    ("sqlstate", "postgrex", r"Postgrex\.Error\) \w+ (\w{5}) \("),
    ("mysql", "error ", r"\b[Ee][Rr][Rr][Oo][Rr][:\s]+(\d{4})(?= \([0-9A-Z]{5}\)|: )"),
    ("mysql", "(", rf"(?:{_EXCEPTIONS})\W{{0,4}}\((\d{{4}}), "),
    ("mysql", "sqlstate[", r"SQLSTATE\[\w{5}\](?: \[|[^\n]{0,80}?: )(\d{4})\b"),
    ("mysql", "errno", r"\berrno[\"']?\s*[:=]\s*[\"']?(\d{4})\b"),
    ("mysql", "error code", r"Error Code[:\s]+(\d{4})\b"),
    ("mssql", "error number", r"Error Number:\s?(\d{3,5})\b"),
    ("mssql", "msg ", r"\bMsg (\d{3,5}), Level \d+"),
    ("mssql", "sql server", r"\[SQL Server\][^\n]{0,400}?\((\d{3,5})\)"),
    ("oracle", "ora-", r"\bORA-(\d{5})\b"),
    ("prisma", "p", r"(?<![\w-])(P[1-6]\d{3})(?![\w-])"),
    ("node", "err_", r"\b(ERR_[A-Z0-9_]{4,})\b"),
    ("node", "er_", r"\b(ER_[A-Z0-9_]{4,})\b"),
    ("node", "e", rf"(?<![\w.])({_NODE_CODES})\b"),
    ("grpc", "_", rf"\b(?:code|status|Code)[\"']?\s*[:=]\s*[\"']?({_GRPC}|NOT_FOUND|INVALID_ARGUMENT)\b"),
    ("grpc", "_", rf"\b({_GRPC})\b"),
    ("grpc", "code = ", rf"code = ({_GO_GRPC})\b"),
    ("http", "error", r"\bError (4\d\d|5\d\d)\b"),
    ("http", "status", r"\b[Ss]tatus(?:[ _]?[Cc]ode)?[\"']?\s*[:=]?\s*[\"']?(4\d\d|5\d\d)\b"),
    ("http", "google", r"\b(4\d\d) (?:GET|POST|PUT|PATCH|DELETE) https?://"),
)  # fmt: skip
_COMPILED = [(system, hint, re.compile(pattern)) for system, hint, pattern in _SHAPES if system]
_GRPC_NAMES = {
    "ResourceExhausted": "RESOURCE_EXHAUSTED",
    "PermissionDenied": "PERMISSION_DENIED",
    "Unauthenticated": "UNAUTHENTICATED",
    "NotFound": "NOT_FOUND",
    "DeadlineExceeded": "DEADLINE_EXCEEDED",
    "Unavailable": "UNAVAILABLE",
    "FailedPrecondition": "FAILED_PRECONDITION",
}
# One test before the many: a line without any of these has no code.
_MAY_HOLD = re.compile(
    r"SQLSTATE|[Ss][Qq][Ll] ?[Ss]tate|[Cc]ode|E[Rr][Rr]|[Ee]rror|errors\.|PG::|Exception|ORA-\d|\bP[1-6]\d{3}|Msg \d"
    r"|\bE[A-Z]{4,}|_[A-Z]{4,}|Status|status|errno|[45]\d\d (?:GET|POST|PUT|PATCH|DELETE) "
)
MOST_CODES = 2_000


def find_codes(messages: Iterable[Message]) -> Iterator[ErrorCode]:
    """Every error code in the messages, each once a message."""
    count = 0
    for message in messages:
        if message.level is Level.DEBUG or not _MAY_HOLD.search(message.text):
            continue
        for system, code in _codes_of(message.text):
            yield ErrorCode(system, code, message)
            count += 1
        if count > MOST_CODES:
            return


def _codes_of(text: str) -> set[tuple[str, str]]:
    lower = text.lower()
    found: set[tuple[str, str]] = set()
    for system, hint, pattern in _COMPILED:
        if hint not in lower:
            continue
        for match in pattern.finditer(text):
            code = _normalise(system, match[1])
            if code is not None:
                found.add((system, code))
    return found


def _normalise(system: str, code: str) -> str | None:
    if system == "sqlstate" and len(code) != 5:
        return CONDITION_NAMES.get(code) or _SNAKE_NAMES.get(code)
    if system == "sqlstate" and code in ("ERROR", "FATAL"):
        return None
    if system == "grpc":
        return _GRPC_NAMES.get(code, code)
    return code
