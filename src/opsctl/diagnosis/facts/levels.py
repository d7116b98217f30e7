"""How bad the writer of a line thought it was: the severity of the entry, else the level the line begins with.

Loggers put the level among times, process ids and names at the begin of a line. Sources: the default formats of Python
`logging`, loguru, structlog, uvicorn, gunicorn, celery; Logback, Log4j, java.util.logging, Spring Boot; winston, pino,
NestJS, npm; Rails, Laravel, Symfony, PHP; klog, glog, zap, zerolog, logrus, slog; env_logger, tracing; Serilog, NLog,
Microsoft.Extensions.Logging; PostgreSQL, MySQL, nginx.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opsctl.diagnosis.facts.model import Level

_SEVERITIES = {
    "DEBUG": Level.DEBUG,
    "INFO": Level.INFO,
    "NOTICE": Level.INFO,
    "WARNING": Level.WARNING,
    "ERROR": Level.ERROR,
    "CRITICAL": Level.FATAL,
    "ALERT": Level.FATAL,
    "EMERGENCY": Level.FATAL,
}
_LEVEL_WORDS = {
    Level.DEBUG: "trace debug verbose verb silly sill fine finer finest dbug trce dbg vrb trc debu trac query",
    Level.INFO: "info inf information informational notice log note config http timing",
    Level.WARNING: "warn warning wrn deprecated",
    Level.ERROR: "error err err! erro eror severe fail failed",
    Level.FATAL: "fatal ftl fata critical crit panic pani pnc emergency emerg alert crt dpanic",
}
_WORDS = {word: level for level, words in _LEVEL_WORDS.items() for word in words.split()}
_LETTERS = {"D": Level.DEBUG, "I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.FATAL}

_CAPITALS = (
    "TRACE|DEBUG|VERBOSE|FINEST|FINER|FINE|DBG|VRB|TRC|INFO|INF|NOTICE|LOG|WARNING|WARN|WRN|ERROR|ERRO|ERR!?|EROR|SEVERE"
    "|FATAL|FTL|FATA|CRITICAL|CRIT|PANIC|DPANIC|EMERGENCY|ALERT|DEBU|TRAC"
)
_SMALL = "trace|debug|verbose|info|information|notice|warning|warn|error|err|severe|fatal|critical|panic|alert"
_SHORT = "trce|dbug|info|warn|fail|crit"  # Microsoft.Extensions.Logging
# What may stand before a level: a time, a date, a zone, a number, something in brackets, a dash, a name before a dash.
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FURNITURE = (
    r"(?:[\[(<]?[+\-]?\d[\w:.,/+\-]*[\])>,:]{0,2}|\[[^\]\n]{1,60}\]|UTC|GMT|AM|PM|[A-Z],|-{1,3}|\#\d+\]?"
    rf"|{_MONTHS}"
    r"|[\w.$/\-]{1,60}(?=\s-\s)|[^\s\[\]\"'=]{1,80}:|npm)"
)
_PREFIX = re.compile(
    rf"\s{{0,8}}(?:{_FURNITURE}[\s|]{{1,12}}){{0,8}}"
    rf"(?:[\[(<|\"']{{0,2}}(?P<capitals>{_CAPITALS})(?![\w=.-])"
    rf"|\[(?P<bracketed>(?i:{_SMALL}|warn|dbg|wrn|inf|ftl|crit))\s*[\]:/]"
    rf"|(?P<small>{_SMALL}|{_SHORT}):(?=\s|$)"
    rf"|(?P<wide>{_SMALL})\s{{2}}"
    rf"|\w{{1,40}}\.(?P<channel>{_CAPITALS}):"
    rf"|[\w.@/\-]{{1,60}}[ :](?P<named>ERROR|FATAL|CRITICAL|SEVERE|WARNING|WARN)\b)"
)
_KLOG = re.compile(r"([DIWEF])\d{4} \d\d:\d\d:\d\d")
_LOGFMT = re.compile(r"(?:^|[\s{,\"])(?:level|lvl|severity|loglevel|log\.level)=[\"']?([A-Za-z]{3,13})\b")
_NPM = re.compile(
    r"\s{0,2}(?:npm |prisma:)(ERR!|error|WARN|warn|notice|info|verbose|verb|http|timing|silly|sill|query)\s"
)
_PHP = re.compile(
    r"(?:\[[^\]\n]{10,40}\] )?(?:PHP )?(?:(?P<fatal>Fatal error|Parse error|Recoverable fatal error)"
    r"|(?P<warning>Warning|Deprecated|Strict Standards)|(?P<notice>Notice)):\s"
)
# By the first character: most lines begin like none of them.
_FORMS_BY_FIRST = {
    **dict.fromkeys(" \tn", (_NPM,)),
    **dict.fromkeys("I", (_KLOG,)),
    **dict.fromkeys("EWFD", (_KLOG, _PHP)),
    **dict.fromkeys("RSN[", (_PHP,)),
    "P": (_PHP,),
    "p": (_NPM,),
}
_RUNTIME_WARNING = re.compile(r"\(node:\d+\) .*Warning|\S+:\d+: (?:\w*Warning|warning):|\w+Warning: ")
# Levels of structured lines as numbers: Monolog counts in hundreds, Pino and Bunyan in tens; below that GELF and slog
# disagree, and nothing is told.
_NUMBERS = (
    (9, None), (20, "DEBUG"), (30, "INFO"), (40, "WARNING"), (50, "ERROR"), (99, "CRITICAL"),
    (100, "DEBUG"), (250, "INFO"), (300, "WARNING"), (400, "ERROR"),
)  # fmt: skip
_LEVEL_KEYS = (
    *("severity", "levelname", "level_name", "level", "log_level", "loglevel", "@level", "@l", "Level", "LogLevel"),
    *("log.level", "lvl", "severityText", "severity_text"),
)
_NAMES = {
    Level.DEBUG: "DEBUG",
    Level.INFO: "INFO",
    Level.WARNING: "WARNING",
    Level.ERROR: "ERROR",
    Level.FATAL: "CRITICAL",
}
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_PREFIX = 160


def find_level(severity: str, text: str) -> Level:
    """The level of a line. Plain text on stdout or stderr has the severity DEFAULT: its own words decide then."""
    known = _SEVERITIES.get(severity)
    if known is not None and known is not Level.INFO:
        return known
    stated = find_stated_level(text)
    return stated if stated is not None else known or Level.DEFAULT


def find_stated_level(text: str) -> Level | None:
    """The level that a logger wrote at the begin of a line; None when there is none. As an ordinary word of a sentence
    (`Error handling is on`) it says nothing."""
    start = text[:_LONGEST_PREFIX]
    match = _PREFIX.match(start)
    if match is not None and match.lastgroup is not None:
        return _WORDS[match[match.lastgroup].lower()]
    for form in _FORMS_BY_FIRST.get(start[:1], ()):
        found = form.match(start)
        if found is not None:
            return _level_of_form(found)
    if "l=" in start or "severity=" in start:
        found = _LOGFMT.search(start)
        if found is not None:
            return _WORDS.get(found[1].lower())
    return Level.WARNING if "arning" in start and _RUNTIME_WARNING.match(start) else None


def stated_severity(payload: Mapping[str, Any], severity: str) -> str:
    """The severity of a structured line: that of the entry, else what the logger wrote as a word or a number."""
    if severity in _SEVERITIES:
        return severity
    for key in _LEVEL_KEYS:
        stated = _level_value(payload, key)
        if isinstance(stated, str):
            level = _WORDS.get(_ESCAPES.sub("", stated).strip().lower())
            if level is not None:
                return _NAMES[level]
        elif isinstance(stated, int) and not isinstance(stated, bool):
            name = next((name for most, name in _NUMBERS if stated <= most), "CRITICAL")
            if name is not None:
                return name
    return severity


def _level_of_form(match: re.Match[str]) -> Level:
    if match.re is _KLOG:
        return _LETTERS[match[1]]
    if match.re is _NPM:
        return _WORDS[match[1].lower()]
    if match["fatal"]:
        return Level.FATAL
    return Level.WARNING if match["warning"] else Level.INFO


def _level_value(payload: Mapping[str, Any], key: str) -> object:
    if key == "log.level" and isinstance(payload.get("log"), dict):
        # Elastic's common schema, nested.
        return payload["log"].get("level")
    return payload.get(key)
