"""`json.md`: the envelope, and what `data` holds for each command, from the schemas that `opsctl schema` prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from docs.generator.markdown import code, join, table

from opsctl.cli.app import walk_commands
from opsctl.cli.schema import REPORTS, find_report
from opsctl.reporting.envelope import camel_case, schema_name
from opsctl.reporting.json_schema import envelope_schema

ENVELOPE = {
    "schema": "Name and version of the document: `opsctl.<command>/v1`. `opsctl/v1` when no command was reached.",
    "command": "Dotted name, such as `migrate.images`.",
    "status": "`ok`, `findings`, `partial` or `error`. Pending is ok, interrupted is partial, busy is error.",
    "exitCode": "What the process ends with; see [exit codes](exit-codes.md).",
    "data": "The report, or null when there is none.",
    "errors": "`{code, message, hint}` each; see [error codes](error-codes.md). A command that stopped half-way has "
    "both `data` and an error.",
}

RULES = """\
- Keys are camelCase. A key is never missing: what is not known is null, and never 0.
- Times are RFC 3339 in UTC. Durations are seconds. Sizes are bytes, whole numbers.
- New keys may come with a later version; a key keeps its meaning while the version in `schema` stays.
- Control characters and escape sequences from outside are escaped; secrets are `***`.
- `-o yaml` writes the same document. `-o ndjson` writes one object a line: the items of a list, or one envelope for
  each look of `status --watch`. `-o csv` has the items as rows, their keys as columns.
"""


def json_page() -> str:
    """The whole page."""
    with_schema = sorted(REPORTS)
    without = sorted({".".join(words) for words, _ in walk_commands()} - REPORTS.keys())
    return join(
        "# JSON output",
        "With `-o json` a command writes one complete document to stdout, also when it fails, also for a wrong call. "
        "Everything else goes to stderr.",
        "## Envelope",
        table(("key", "meaning"), [(code(key), ENVELOPE[key]) for key in envelope_schema("", object)["required"]]),
        RULES,
        "`opsctl schema COMMAND` prints the JSON Schema of the whole document.",
        "## Commands",
        "".join(f"- [{code(schema_name(name))}](#{_anchor(name)})\n" for name in with_schema),
        f"Without a report, and so without a schema: {', '.join(map(code, without))}." if without else "",
        *(_command(name) for name in with_schema),
    )


def _command(name: str) -> str:
    schema = envelope_schema(name, find_report(name))
    definitions: dict[str, Any] = schema["$defs"]
    report = schema["properties"]["data"]["anyOf"][0]["$ref"].rpartition("/")[2]
    inner = [_definition(kind, definitions[kind]) for kind in definitions if kind != report]
    return join(f"## {name}", _definition(None, definitions[report]), *inner)


def _definition(kind: str | None, schema: dict[str, Any]) -> str:
    rows = [(code(key), describe(value)) for key, value in schema["properties"].items()]
    description = _translate(schema.get("description", ""), schema["properties"])
    return join(f"{code(kind)}: {description}" if kind else description, table(("key", "type"), rows))


def describe(schema: dict[str, Any]) -> str:
    """The type of a value in words."""
    return " or ".join(dict.fromkeys(_alternatives(schema)))


def _alternatives(schema: dict[str, Any]) -> list[str]:
    if "anyOf" in schema:
        return [words for part in schema["anyOf"] for words in _alternatives(part)]
    if "$ref" in schema:
        return [code(schema["$ref"].rpartition("/")[2])]
    if "enum" in schema:
        return ["one of " + ", ".join(code(value) for value in schema["enum"])]
    kinds = schema.get("type", "any")
    return [_plain(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]


def _plain(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        return f"list of {describe(schema['items'])}"
    if kind == "object":
        return f"object, its values {describe(schema.get('additionalProperties', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _translate(text: str, keys: Iterable[str]) -> str:
    """A docstring in the words of JSON: its keys, null, true and false."""
    renamed = {key: camel_case(key) for key in re.findall(r"`([a-z0-9_]+)`", text) if camel_case(key) in keys}
    for old, new in renamed.items():
        text = text.replace(code(old), code(new))
    for python, json in (("None", "null"), ("True", "true"), ("False", "false")):
        text = re.sub(rf"\b{python}\b", json, text)
    return " ".join(text.split())


def _anchor(name: str) -> str:
    return name.replace(".", "")
