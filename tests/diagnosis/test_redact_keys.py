"""Private keys in a log that are printed line by line: every line of them is masked."""

from __future__ import annotations

import base64
import json
import textwrap

import pytest

from opsctl.diagnosis.evidence_entries import SharedParts, to_entry
from opsctl.diagnosis.redact import Masker, TokenBook


def test_a_key_that_is_printed_line_by_line_is_masked_in_each_line() -> None:
    body = [base64.b64encode(bytes([number]) * 48).decode() for number in range(3)]
    lines = ["loaded", "-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----", "migrating AAAA"]
    entries = [{"logName": "stderr", "labels": {"instanceId": "0"}, "textPayload": text} for text in lines]
    masked = Masker(TokenBook()).mask_section("logs", {"entries": entries})
    assert [entry["textPayload"] for entry in masked["entries"]] == [
        "loaded",
        "-----BEGIN PRIVATE KEY-----",
        *("***(s1)", "***(s2)", "***(s3)"),
        "-----END PRIVATE KEY-----",
        "migrating AAAA",
    ]


@pytest.mark.parametrize("is_structured", [False, True])
@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_a_key_behind_the_words_of_a_logger_is_masked_though_its_begin_is_missing(
    left_out: int, *, is_structured: bool
) -> None:
    body = textwrap.wrap(base64.b64encode(bytes(range(1, 140))).decode(), 64)
    key = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"][left_out:]
    lines = [f"2026-01-12 02:00:{number:02} INFO root: {text}" for number, text in enumerate(key)]
    # Lines of another container in between.
    texts = [text for line in lines for text in (("a", line), ("b", "GET /healthz 200"))]
    entries = [
        {
            "logName": "stderr",
            "labels": {"instanceId": instance},
            **({"jsonPayload": {"severity": "INFO", "msg": text}} if is_structured else {"textPayload": text}),
        }
        for instance, text in texts
    ]
    shown = json.dumps(Masker(TokenBook()).mask_section("logs", {"entries": entries}))
    assert not any(line in shown for line in body)
    assert shown.count("INFO root: ***(s") == len([line for line in body if any(line in text for text in key)])
    parts = SharedParts()
    masked = Masker(TokenBook()).mask_entries([to_entry(number, raw, parts) for number, raw in enumerate(entries)])
    shown = json.dumps([entry.json or entry.text for entry in masked])
    assert not any(line in shown for line in body)
    assert shown.count("GET /healthz 200") == len(lines)


def test_what_stands_beside_a_line_of_a_key_is_masked_as_well() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    entries = [
        {"logName": "stderr", "textPayload": f"password=hunter2hunter2 {text}"}
        for text in ("-----BEGIN PRIVATE KEY-----", line)
    ]
    masked = Masker(TokenBook()).mask_section("logs", {"entries": entries})
    assert [entry["textPayload"] for entry in masked["entries"]] == [
        "password=***(s1) -----BEGIN PRIVATE KEY-----",
        "password=***(s1) ***(s2)",
    ]
