"""How bad the writer of a line thought it was: the severity of the entry, else the word the line begins with."""

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
_WORDS = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "verbose": Level.DEBUG,
    "info": Level.INFO,
    "notice": Level.INFO,
    "warn": Level.WARNING,
    "warning": Level.WARNING,
    "error": Level.ERROR,
    "err": Level.ERROR,
    "err!": Level.ERROR,
    "severe": Level.ERROR,
    "fatal": Level.FATAL,
    "critical": Level.FATAL,
    "panic": Level.FATAL,
}
# The level stands among times, process ids and logger names at the begin of a line, in capitals, in brackets or before
# a colon; as an ordinary word in a sentence it says nothing.
_PREFIX = re.compile(
    r"^(?:[\[(<]?[\d:.,/TZ+\-]+[\])>]?[ |]{1,3}){0,3}(?:npm |\S{1,60}[ |\]:]{1,3})?[\[<|\"']?"
    r"(?:(TRACE|DEBUG|VERBOSE|INFO|NOTICE|WARN|WARNING|ERROR|ERR!?|SEVERE|FATAL|CRITICAL|PANIC)\b"
    r"|(trace|debug|verbose|info|notice|warn|warning|error|err|severe|fatal|critical|panic)\b(?=[\])>|:]|\s{2}))"
)
_NODE_WARNING = re.compile(r"\(node:\d+\) .*Warning|\S+:\d+: \w*Warning:|\w+Warning: |npm warn ", re.IGNORECASE)


def find_level(severity: str, text: str) -> Level:
    """The level of a line. Plain text on stdout or stderr has the severity DEFAULT: its own words decide then."""
    known = _SEVERITIES.get(severity)
    if known is not None and known is not Level.INFO:
        return known
    start = text[:160]
    match = _PREFIX.match(start)
    if match is not None:
        return _WORDS[(match[1] or match[2]).lower()]
    if "arning" in start and _NODE_WARNING.match(start):
        return Level.WARNING
    return known or Level.DEFAULT


def stated_severity(payload: Mapping[str, Any], severity: str) -> str:
    """The severity of a structured line: that of the entry, else what the logger wrote. Pino and Bunyan write numbers
    from 10 (trace) to 60 (fatal)."""
    if severity in _SEVERITIES:
        return severity
    for key in ("severity", "level", "levelname", "log_level", "loglevel", "@level"):
        stated = payload.get(key)
        if isinstance(stated, str):
            word = _WORDS.get(stated.lower())
            return severity if word is None else _NAMES[word]
        if isinstance(stated, int) and not isinstance(stated, bool):
            return next((name for most, name in _NUMBERS if stated <= most), "CRITICAL")
    return severity


_NAMES = {
    Level.DEBUG: "DEBUG",
    Level.INFO: "INFO",
    Level.WARNING: "WARNING",
    Level.ERROR: "ERROR",
    Level.FATAL: "CRITICAL",
}
_NUMBERS = ((20, "DEBUG"), (30, "INFO"), (40, "WARNING"), (50, "ERROR"))
