"""Logging to stderr: plain text for people, JSON lines for collectors, nothing without passing the redactor."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from opsctl.cli.options import CommonOptions
from opsctl.cli.process import Process
from opsctl.reporting.neutralise import escape_json, make_visible
from opsctl.reporting.redact import Redactor

_SEVERITIES = {"WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "CRITICAL", "INFO": "INFO", "DEBUG": "DEBUG"}


def configure_logging(process: Process, options: CommonOptions) -> None:
    """Sends all logging to stderr. Without `-v` warnings only, with `-v` what opsctl does, with `-vv` all of it; `-q`
    errors only.

    Libraries never log below INFO: what botocore and others write at DEBUG holds headers and signatures.
    """
    handler = logging.StreamHandler(process.stderr)
    formatter = (
        JsonFormatter(process.redactor)
        if process.wants_json_logs()
        else PlainFormatter(process.redactor, verbose=options.verbose > 0)
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_library_level(options))
    logging.getLogger("opsctl").setLevel(_own_level(options))
    logging.captureWarnings(True)
    logging.raiseExceptions = False


class PlainFormatter(logging.Formatter):
    """`warning: text`; with a time and the logger's name when more is shown."""

    def __init__(self, redactor: Redactor, *, verbose: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        """One line, two or more with a traceback."""
        text = self._redactor(_text_of(self, record))
        line = f"{record.levelname.lower()}: {make_visible(text, keep_lines=True)}"
        if not self._verbose:
            return line
        return f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S} {record.name} {line}"


class JsonFormatter(logging.Formatter):
    """One object a line with `time`, `severity`, `message`, `logger`: what Cloud Logging and most collectors read
    without a rule."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return escape_json(
            json.dumps(
                {
                    "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
                    "severity": _SEVERITIES.get(record.levelname, "DEFAULT"),
                    "message": self._redactor(_text_of(self, record)),
                    "logger": record.name,
                },
                ensure_ascii=False,
            )
        )


def _text_of(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{formatter.formatException(record.exc_info)}"
    return text


def _own_level(options: CommonOptions) -> int:
    if options.quiet:
        return logging.ERROR
    return {0: logging.WARNING, 1: logging.INFO}.get(options.verbose, logging.DEBUG)


def _library_level(options: CommonOptions) -> int:
    if options.quiet:
        return logging.ERROR
    return logging.WARNING if options.verbose < 2 else logging.INFO
