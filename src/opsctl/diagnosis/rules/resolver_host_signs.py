"""Host names that no resolver can find because they are none: with a port, a scheme, a password in them, or empty.

The same complaint of a resolver as for a wrong name; what it names tells that a variable has to be corrected or set.
"""

from opsctl.diagnosis.rule import Sign, Weight

_NEEDLES = (
    "enotfound",
    "eai_again",
    "eai_noname",
    "could not translate host name",
    "unknown mysql server host",
    "can't connect to mysql server on",
    "failed to resolve",
    "lookup ",
    "unknownhostexception",
    "getaddrinfo for ",
    "could not resolve host",
)
# The words of the resolvers, up to the host. MySQL clients add the port of their own accord: see below.
_QUOTED = (
    r"(?:could not translate host name|[Ff]ailed to resolve(?: host)?|Unknown MySQL server host"
    r"|Can't connect to MySQL server on) ['\"]"
)
_BARE = (
    r"(?:(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME)|UnknownHostException:|getaddrinfo for|Could not resolve host:"
    r"|\blookup(?= \S{0,300}(?: on [\d.:\[\]]+)?: (?:no such host|server misbehaving|Temporary failure|\[-]))) "
)
_PORT = r"[\w.-]{1,253}:\d{1,5}(?!\w|[:.]\w)"
# Sockets of Cloud SQL have a cause of their own; Java prints "name/<unresolved>".
_WRONG = r"(?!['\"]?/cloudsql/|[\w.-]+/<unresolved>)[^\s'\"@/${}<>%=\\,]{0,253}(?:[@/${}<>%=\\]|,(?=\w))"

SIGNS_HOST_MALFORMED = (
    Sign(
        id="node-host-base",
        weight=Weight.DECISIVE,
        needle=("enotfound base", "eai_again base"),
        pattern=r"(?:ENOTFOUND|EAI_AGAIN) base(?![\w.-])",
        source="brianc/node-postgres packages/pg-connection-string/index.js (URL parsed against postgres://base)",
        example="Error: getaddrinfo ENOTFOUND base",
    ),
    Sign(
        id="host-is-not-a-host",
        weight=Weight.DECISIVE,
        needle=_NEEDLES,
        pattern=rf"{_QUOTED}(?:{_WRONG}|\s|[^'\"\s]{{1,253}}\s[^'\"\n]{{0,253}}['\"])|{_BARE}(?:['\"]|{_WRONG})",
        source="nodejs.org/api/dns.html; postgres libpq fe-connect.c; golang net; mysql-server errmsg-utf8.txt",
        example="Error: getaddrinfo ENOTFOUND https://db.example.com",
    ),
    Sign(
        id="host-with-port",
        weight=Weight.DECISIVE,
        needle=_NEEDLES,
        pattern=rf"(?:could not translate host name|[Ff]ailed to resolve(?: host)?"
        rf"|Unknown MySQL server host) ['\"]{_PORT}"
        rf"|{_BARE}{_PORT}",
        source="postgres libpq fe-connect.c; nodejs.org/api/dns.html; golang net; openjdk java.net",
        example='psql: error: could not translate host name "10.1.2.3:5432" to address: Name or service not known',
    ),
)

SIGNS_HOST_MISSING = (
    Sign(
        id="undefined-as-host",
        weight=Weight.DECISIVE,
        needle=_NEEDLES,
        pattern=rf"(?:{_QUOTED}|{_BARE})(?:undefined|null|None|nil|NaN)(?![\w.-])",
        source="nodejs.org/api/dns.html; postgres libpq fe-connect.c; golang net; openjdk java.net",
        example="Error: getaddrinfo ENOTFOUND undefined",
    ),
    Sign(
        id="empty-host",
        weight=Weight.DECISIVE,
        needle=(
            'host name ""',
            "host name ''",
            "server host ''",
            "server on ''",
            "resolve host ''",
            "lookup : no such host",
            "lookup :",
        ),
        pattern=r"(?:host name|server host|server on|resolve host) (?:\"\"|'')|\blookup ?: no such host",
        source="postgres libpq fe-connect.c; mysql-server errmsg-utf8.txt; golang net",
        example='could not translate host name "" to address: Name or service not known',
    ),
)
