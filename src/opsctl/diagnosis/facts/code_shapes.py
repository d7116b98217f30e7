"""The shapes in which drivers and tools print error codes.

A shape is tried only on messages that hold one of its hints, so each hint is a text that ordinary lines seldom have.

Sources: node-postgres, postgres.js, mysql2, mariadb and tedious (their error objects as Node.js prints them); psycopg,
asyncpg, PyMySQL, mysqlclient, MySQL Connector/Python, pyodbc, pymssql; pgx, lib/pq, go-sql-driver/mysql; sqlx,
tokio-postgres, mysql_async; pg, Npgsql, Microsoft.Data.SqlClient, PDO, Postgrex, MyXQL, Tds; pgJDBC and Connector/J
under Flyway, Hibernate, Spring, EclipseLink and R2DBC; psql, mysql and sqlcmd; Prisma; gRPC and Google API clients.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Shape(NamedTuple):
    """A system, the hints of which one is in every text that matches, and the pattern: group 1 is the code. A hint is a
    literal in lower case or one of the `HINT_PATTERNS`."""

    system: str
    hints: tuple[str, ...]
    pattern: str


# Hints that are no literal, searched in UTF-8 with messages apart by zero bytes. Each begins with fixed letters: that
# makes the search fast.
HINT_PATTERNS = {
    "<E-WORD>": re.compile(rb"E[A-Z]{4}"),
    "<_WORD>": re.compile(rb"_[A-Z]{3}"),
    "<P-CODE>": re.compile(rb"P[1-6][0-9]{3}"),
    "<STATE-LINE>": re.compile(rb"[\x00\n][0-9][0-9A-Z]{4}: "),
    "<code N>": re.compile(rb"ode[^0-9A-Za-z\n\x00]{0,6}[0-9A-Z][0-9A-Z]{2}"),
    "<pgcode N>": re.compile(rb"sql_state[^0-9A-Za-z\n\x00]{0,6}[0-9A-Z][0-9A-Z]{2}"),
    "<error N>": re.compile(rb"rror[^0-9\n\x00]{0,60}[0-9][0-9A-Z]{2}"),
    "<ERROR N>": re.compile(rb"RROR[^0-9\n\x00]{0,8}[0-9][0-9A-Z]{2}"),
    "<exception N>": re.compile(rb"xception[^\n\x00]{0,16}: \[?[0-9][0-9A-Z]{4}"),
    "<code WORD>": re.compile(rb"ode[^0-9A-Za-z\n\x00]{1,6}[A-Z]{5}"),
    "<status WORD>": re.compile(rb"tatus[^0-9A-Za-z\n\x00]{1,6}[A-Z]{5}"),
    "<status N>": re.compile(rb"tatus[^0-9\n\x00]{0,16}[45][0-9]{2}"),
}


# Five characters of a known class (SQL standard, PostgreSQL, ODBC, SQL Server's own S0...).
_CLASS = "(?:0[0-9A-FLPZ]|2[0-8BDF]|3[489BDF]|4[0245]|5[34578]|F0|HV|P0|XX|HY|IM|S[01]|72|99)"
_STATE = rf"{_CLASS}[0-9A-Z]{{3}}"
# One that is no ordinary number: it has a letter, or is a number that databases use so.
_SURE = (
    rf"(?:(?=[0-9A-Z]*[A-Z])(?=[0-9A-Z]*\d){_STATE}"
    r"|0800[0-7]|2200[0-9]|2201[0-9]|2202[0-7]|2300[0-2]|2350[1-5]|23514|2500[0-8]|28000|3400[0]|4000[0-3]|42000"
    r"|4250[14]|4260[1-2]|4261[01]|4262[0-2]|4270[1-4]|4271[0-2]|4272[35]|4280[349]|42830|42846|4288[34]|42939|42501"
    r"|5300[0]|5310[0]|5320[0]|5330[0]|5340[0]|5400[01]|54011|54023|5500[06]|5701[4]|58000|58030)"
)
_QUOTE = "[\"'`]"
# Not the exit code of a program.
_NO_EXIT = "(?<!exit )(?<!exit_)(?<!with )"
# MySQL: server errors 1000-1999, 3000-4999; client errors 2000-2069.
_MYSQL = r"(?:1\d{3}|20[0-6]\d|[34]\d{3})"
_DB_API = "(?:Operational|Programming|Internal|Integrity|Data|Database|NotSupported|Interface)Error"
_NODE_CODES = "|".join(
    (
        "ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|EAI_NODATA|EAI_FAIL|ETIMEDOUT|ETIMEOUT|ESOCKETTIMEDOUT",
        "EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EPIPE|EPROTO|ESERVFAIL|EREFUSED|ENODATA|EBADRESP|ECONNCLOSED",
        "ENOENT|EACCES|EPERM|EISDIR|ENOTDIR|EROFS|ENOSPC|EDQUOT|EMFILE|ENFILE|ENOMEM|EADDRINUSE|EADDRNOTAVAIL|EEXIST",
        "ENOEXEC|ENOSYS|ENOTEMPTY|EINVAL|EBADF|EBUSY|EXDEV|ELOOP|ENAMETOOLONG|ELIFECYCLE|ERESOLVE|EBADENGINE|EUSAGE",
        "ELOGIN|EREQUEST|ESOCKET|ETRANS|UND_ERR_[A-Z_]+|MODULE_NOT_FOUND|SELF_SIGNED_CERT_IN_CHAIN",
        "DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?",
        "CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CERT_UNTRUSTED|HOSTNAME_MISMATCH|PROTOCOL_CONNECTION_LOST",
        "PROTOCOL_SEQUENCE_TIMEOUT|POOL_CLOSED",
    )
)
_GRPC = (
    "RESOURCE_EXHAUSTED|PERMISSION_DENIED|UNAUTHENTICATED|DEADLINE_EXCEEDED|FAILED_PRECONDITION|UNAVAILABLE|NOT_FOUND"
    "|INVALID_ARGUMENT|ALREADY_EXISTS|ABORTED|INTERNAL|UNIMPLEMENTED|CANCELLED"
)
_GO_GRPC = (
    "ResourceExhausted|PermissionDenied|Unauthenticated|DeadlineExceeded|FailedPrecondition|Unavailable|NotFound"
    "|InvalidArgument|AlreadyExists|Aborted|Internal|Unimplemented|Canceled|Unknown"
)
_HTTP = r"(?:4\d\d|5[0-3]\d)"
_HTTP_USUAL = "(?:40[0134579]|41[023]|42[29]|50[0234])"

_SQLSTATE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("sqlstate",), rf"(?i:sqlstate)(?:Value)?{_QUOTE}?\]?[\[(:=\s\"'`]*({_STATE})\b"),
    (("sqlstate(",), rf"SqlState\(E({_STATE})\)"),
    (("sql state",), rf"(?i:sql state)[\s:=\"']*\[?({_STATE})\b"),
    (
        ("<code N>", "<pgcode N>"),
        rf"\b(?:[Cc]ode|pgcode|originalCode|sql_state){_QUOTE}?\s*[:=]\s*{_QUOTE}({_STATE}){_QUOTE}",
    ),
    (
        ("<code N>", "<pgcode N>"),
        rf"{_NO_EXIT}\b(?:[Cc]ode|pgcode|originalCode|sql_state){_QUOTE}?\s*[:=]\s*({_SURE})(?![\w.])",
    ),
    (("<ERROR N>", "fatal:", "panic:"), rf"\b(?:ERROR|FATAL|PANIC):\s+({_SURE}):\s"),
    (("<exception N>",), rf"Exception(?: \(0x[0-9A-Fa-f]+\))?: [\"\[]?({_STATE})(?:: |\] )"),
    (("<error N>",), rf"\b(?:DbE|DatabaseE|E|e)rror (?:code )?{_QUOTE}?({_SURE}){_QUOTE}?(?:[:\s]|$)"),
    (
        ("<error N>", "<ERROR N>", "database:"),
        rf"(?:\b[Ee]rror|\bERROR|errors\.\w+:|database:)[:\s]+{_MYSQL} \(({_STATE})\)",
    ),
    (("<ERROR N>",), rf"\bERROR ({_STATE}) \({_MYSQL}\)"),
    (("<error N>",), rf"{_DB_API}\)?:? \('({_STATE})', "),
    (("pq: ",), rf"\bpq: [^\n]{{1,500}}? \(({_STATE})\)(?:\s|$|[)\"';,.])"),
    (("psycopg",), r"psycopg2?\.errors\.([A-Z]\w+)\b"),
    (("pg::",), r"\bPG::([A-Z]\w+)\b"),
    (("asyncpg",), r"asyncpg\.exceptions\.(?:\w+\.)?([A-Z]\w+?)Error\b"),
    (("postgrex",), r"Postgrex\.Error\)? \w+ \w+ \(([a-z_]+)\)"),
    (("postgrex",), r"Postgrex\.Error\)? \w+ (\w{5}) \("),
    (("<STATE-LINE>",), rf"(?m)^({_SURE}): \S"),
)
_MYSQL_SHAPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("<error N>", "<ERROR N>"), rf"\b(?:ERROR|Error|error) ({_MYSQL})(?: \([0-9A-Z]{{5}}\)|: )"),
    (("<ERROR N>",), rf"\bERROR: ({_MYSQL})\s{{2}}"),
    (("<ERROR N>",), rf"\bERROR {_STATE} \(({_MYSQL})\)"),
    (("<error N>", "database:"), rf"(?:errors\.\w+:|database:) ({_MYSQL}) \([0-9A-Z]{{5}}\)"),
    (("mysql.connector",), rf"mysql\.connector\.errors\.\w+: ({_MYSQL})\b"),
    (("<error N>",), rf"(?:{_DB_API}|MySQLError)\W{{0,4}}\(({_MYSQL}), [ru]?[\"'](?![^\n]*DB-Lib)"),
    (("sqlstate[",), rf"SQLSTATE\[\w{{5}}\](?: \[|: [^\[\n:]{{1,80}}: )({_MYSQL})\b(?!\.)"),
    (("errno",), rf"\berrno{_QUOTE}?\s*[:=]\s*{_QUOTE}?({_MYSQL})\b"),
    (("sqlstate",), rf"\bno: ({_MYSQL}), SQLState: "),
    (("sql state",), rf"(?i:sql state)[\s:]+(?!S0)\w{{5}}\s+(?:- )?Error Code\s*: ({_MYSQL})\b"),
    (("sql state",), rf"SQL state \[(?!S0|null)\w{{5}}\]; error code \[({_MYSQL})\]"),
    (("sql error",), rf"SQL Error: ({_MYSQL}), SQLState: (?!S0)"),
    (("error code",), rf"(?:^|[\s(])(?:Server )?Error Code: ({_MYSQL})\b(?! - )"),
    (("database error code",), rf"Database error code: ({_MYSQL})\b"),
    (("myxql",), rf"MyXQL\.Error\)? \(({_MYSQL})\)"),
)
_MSSQL_SHAPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("error number",), r"Error Number:\s?(\d{2,5})\b"),
    (("msg ",), r"\bMsg (\d{2,5}), Level \d+"),
    (("[sql server]",), r"\[SQL Server\][^\n]{0,1000}?\((\d{2,5})\)(?= \(SQL[A-Z]|;|$)"),
    (("db-lib",), r"\((\d{2,5}), b?[\"'][^\n]{0,2000}DB-Lib error"),
    (("number: ",), r"\bnumber: (\d{2,5}),(?=[^}]{0,400}?\sclass: \d)"),
    (("sql error",), r"SQL Error: (\d{2,5}), SQLState: S0"),
    (("sql state",), r"SQL state \[S0\w{3}\]; error code \[(\d{2,5})\]"),
    (("sql state",), r"(?i:sql state)[\s:]+S0\w{3}\s+(?:- )?Error Code\s*: (\d{2,5})\b"),
    (("(error ",), r"\(Tds\.Error\)[^\n]{0,80}\(Error (\d{2,5})\)"),
)
_OTHER: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("oracle", ("ora-",), r"\bORA-(\d{5})\b"),
    ("prisma", ("<P-CODE>",),
     r"(?<![\w/.#-])(P(?:10[01]\d|20[0-3]\d|30[0-2]\d|400[0-2]|50[01]\d|600\d))(?![\w/-]|\.\d)"),
    ("node", ("err_",), r"(?<![\w$])(ERR_[A-Z0-9_]{4,})\b(?!=)"),
    ("node", ("er_",), r"(?<![\w$])(ER_[A-Z0-9_]{4,})\b(?!=)"),
    ("node", ("<E-WORD>", "<_WORD>"), rf"(?<![\w.$-])({_NODE_CODES})(?![\w=-])"),
    ("errno", ("errno",), r"\[Errno (-?\d{1,3})\]"),
    ("grpc", ("<code WORD>", "<status WORD>"),
     rf"\b(?:code|status|Code){_QUOTE}?\s*[:=]\s*{_QUOTE}?({_GRPC})\b"),
    ("grpc", ("statuscode.",), rf"StatusCode\.({_GRPC})\b"),
    ("grpc", ("statusruntimeexception", "statusexception"), rf"Status(?:Runtime)?Exception: ({_GRPC})\b"),
    ("grpc", ("<_WORD>", "unavailable", "unauthenticated", "aborted: ", "internal: ", "cancelled: "),
     rf"(?<![\w.:/-])(?:[1-9]|1[0-6]) ({_GRPC}): "),
    ("grpc", ("<_WORD>", "unauthenticated"), r"\b(RESOURCE_EXHAUSTED|PERMISSION_DENIED|UNAUTHENTICATED"
     r"|DEADLINE_EXCEEDED|FAILED_PRECONDITION)\b"),
    ("grpc", ("code = ",), rf"code = ({_GO_GRPC})\b"),
    ("http", ("<error N>",), rf"\bError ({_HTTP})\b(?! (?:rows?|lines?|bytes|items?|times?)\b)"),
    ("http", ("<status N>",),
     rf"(?<!exit )(?<!exited with )\b[Ss]tatus(?:[ _]?[Cc]ode)?{_QUOTE}?(?:\s*[:=]\s*|\s(?:of\s)?)"
     rf"{_QUOTE}?({_HTTP})\b(?!\s?(?:bytes|ms|rows|s\b|B\b)|\.\d|/)"),
    ("http", ("http/",), rf"\bHTTP/[\d.]+\"? ({_HTTP}) [A-Z][a-z]"),
    ("http", (" http://", " https://"), rf"(?<![\w.:/])({_HTTP}) (?:GET|POST|PUT|PATCH|DELETE) https?://"),
    ("http", ("client error:", "server error:"), rf"\b({_HTTP}) (?:Client|Server) Error: "),
    ("http", ("exceptions.",), rf"exceptions\.\w+: ({_HTTP}) [A-Z]"),
    ("http", ("responseexception",), rf"ResponseException: ({_HTTP}) "),
    ("http", ("<code N>",),
     rf"{_NO_EXIT}(?<![Ee]rror )\bcode{_QUOTE}?\s*:\s*{_QUOTE}?({_HTTP_USUAL}){_QUOTE}?(?=[,}}\s]|$)"),
)  # fmt: skip
SHAPES = (
    *(Shape("sqlstate", hints, pattern) for hints, pattern in _SQLSTATE),
    *(Shape("mysql", hints, f"(?m){pattern}") for hints, pattern in _MYSQL_SHAPES),
    *(Shape("mssql", hints, f"(?m){pattern}") for hints, pattern in _MSSQL_SHAPES),
    *(Shape(system, hints, pattern) for system, hints, pattern in _OTHER),
)
