"""How an error that ends a command is told: lines or a log entry on stderr, an envelope on stdout."""

from __future__ import annotations

import json
from typing import Any

from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import status_of
from opsctl.cli.process import Process
from opsctl.errors import OpsctlError
from opsctl.reporting.envelope import build_envelope, dump_json
from opsctl.reporting.neutralise import escape_json, make_visible


def tell_error(error: OpsctlError, process: Process) -> None:
    """Message and hint on stderr."""
    process.tell(format_error(error, process))


def write_failure(command: str, error: OpsctlError, process: Process, output: OutputFormat) -> None:
    """The envelope of a command that failed, for the formats that have one; nothing for the others."""
    if output not in (OutputFormat.JSON, OutputFormat.YAML, OutputFormat.NDJSON):
        return
    code = error.exit_code
    envelope = build_envelope(
        command=command, status=status_of(code), exit_code=code, report=None, errors=[error], clean=process.redactor
    )
    process.write(dump_document(envelope, output))


def dump_document(envelope: dict[str, Any], output: OutputFormat) -> str:
    """An envelope as JSON, as one line of JSON, or as YAML."""
    if output is OutputFormat.YAML:
        from opsctl.reporting.yaml_text import dump_yaml  # noqa: PLC0415 - PyYAML only for YAML

        return dump_yaml(envelope)
    return dump_json(envelope, indent=None if output is OutputFormat.NDJSON else 2)


def format_error(error: OpsctlError, process: Process) -> str:
    """The error that ends a command as it goes to stderr: two lines for a person, one JSON object for a collector."""
    message = process.redactor(error.message)
    hint = None if error.hint is None else process.redactor(error.hint)
    if process.wants_json_logs():
        entry = {
            "time": process.now().isoformat(),
            "severity": "ERROR",
            "message": message,
            "logger": "opsctl",
            "code": error.code,
            "hint": hint,
        }
        return escape_json(json.dumps(entry, ensure_ascii=False)) + "\n"
    text = f"error: {make_visible(message, keep_lines=True)}\n"
    return text if hint is None else f"{text}hint: {make_visible(hint, keep_lines=True)}\n"
