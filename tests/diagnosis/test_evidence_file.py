"""Opening evidence files: packed or not, from a pipe, cut or damaged anywhere, and files of other kinds."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.models import SectionStatus
from opsctl.errors import DataError, NotFoundError, OpsctlError, UsageError
from tests.diagnosis.evidence_documents import NAME, SCHEMA, refuse_evidence, small_document, write_json


@pytest.mark.parametrize("name", ["e.json", "e.json.gz", "evidence"])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_an_ordinary_file_is_read(tmp_path: Path, name: str, *, ensure_ascii: bool) -> None:
    evidence = read_evidence(write_json(tmp_path / name, small_document(), ensure_ascii=ensure_ascii, indent=1))
    assert evidence.name.full == NAME
    assert (evidence.name.project, evidence.name.job) == ("shop-prod", "orders-migrate")
    assert evidence.name.execution == "orders-migrate-x7k2p"
    assert evidence.collected_at == "2026-01-12T02:10:00Z"
    assert {name: section.status for name, section in evidence.sections.items()} == {
        "execution": SectionStatus.OK,
        "tasks": SectionStatus.DENIED,
        "logs": SectionStatus.OK,
        "image": SectionStatus.NO_DATA,
    }
    assert evidence.section("execution").source == "run.googleapis.com"
    assert evidence.section("tasks").reason == "permission run.tasks.list is missing"
    assert evidence.section("commits").status is SectionStatus.SKIPPED
    assert evidence.section("logs").data == {"filter": 'severity>="INFO"', "truncated": False}
    first, second, third, last = evidence.entries
    assert [entry.number for entry in evidence.entries] == [0, 1, 2, 3]
    assert (first.text, first.severity, first.labels["run.googleapis.com/task_attempt"]) == (
        "실행 시작",
        "DEFAULT",
        "0",
    )
    assert second.text is None
    assert second.json is not None
    assert second.json["err"]["code"] == "42P01"
    assert third.severity == "WARNING"
    assert (third.time_ns, first.labels) == (1_768_176_000_002_123_000, third.labels)
    assert first.resource is third.resource
    assert last.proto == {"status": {"code": 10, "message": "x"}}
    assert last.time_ns == 1_768_183_800_000_000_000
    assert (evidence.entries_dropped, evidence.remarks) == (0, ())


def test_a_gzip_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    raw = json.dumps(small_document()).encode()
    # Two members, as `cat a.gz b.gz` makes.
    path.write_bytes(gzip.compress(raw[:100]) + gzip.compress(raw[100:]))
    assert len(read_evidence(path).entries) == 4


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(small_document()).encode())
    assert len(read_evidence(path).entries) == 4


def test_bytes_that_are_no_utf_8_are_remarked(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    raw = json.dumps(small_document(), ensure_ascii=False).encode()
    path.write_bytes(raw.replace("실행 시작".encode(), "실행 시작".encode("euc-kr")))
    evidence = read_evidence(path)
    assert evidence.remarks == ("invalid-utf8",)
    assert "\ufffd" in (evidence.entries[0].text or "")


@contextmanager
def fed_pipe(raw: bytes, *, piece: int) -> Iterator[int]:
    """The reading end of a pipe that a thread writes to."""
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as file:
            for begin in range(0, len(raw), piece):
                file.write(raw[begin : begin + piece])

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield reading
    finally:
        thread.join()
        os.close(reading)


@pytest.mark.parametrize("piece", [1, 100_000])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="the system has no /dev/fd")
def test_a_pipe_of_the_shell_is_read(piece: int, *, packed: bool) -> None:
    raw = json.dumps(small_document()).encode()
    with fed_pipe(gzip.compress(raw) if packed else raw, piece=piece) as reading:
        assert len(read_evidence(Path(f"/dev/fd/{reading}")).entries) == 4


READ_INPUT = """
import sys
from pathlib import Path
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.errors import OpsctlError
try:
    print(len(read_evidence(Path(sys.argv[1])).entries))
except OpsctlError as error:
    print(error.message)
"""


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_read_from_a_pipe_and_from_a_file(tmp_path: Path, name: str, *, packed: bool) -> None:
    raw = json.dumps(small_document()).encode()
    path = tmp_path / "e"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    command = [sys.executable, "-c", READ_INPUT, name]
    assert subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True).stdout == b"4\n"
    with path.open("rb") as file:
        assert subprocess.run(command, stdin=file, capture_output=True, check=True).stdout == b"4\n"
    told = subprocess.run(command, input=b"", capture_output=True, check=True).stdout
    assert told == b"standard input is empty.\n"
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
    assert told == b"standard input is no file.\n"


def test_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.json", tmp_path / "file" / "none.json"):
        error = refuse_evidence(path)
        assert isinstance(error, NotFoundError)
        assert (error.exit_code, error.code) == (7, "file-not-found")


def test_a_folder(tmp_path: Path) -> None:
    error = refuse_evidence(tmp_path)
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert error.message == f"{tmp_path} is a folder."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_json(tmp_path / "e.json", small_document())
    path.chmod(0)
    assert refuse_evidence(path).exit_code == 6


def test_a_named_pipe_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is a named pipe" in refuse_evidence(pipe).message
    assert "/dev/stdin" in (refuse_evidence(pipe).hint or "")
    for device in ("/dev/zero", "/dev/null", "/dev/tty"):
        if Path(device).exists():
            assert refuse_evidence(Path(device)).exit_code == 2


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "evidence-empty", "is empty"),
        (b" \n\t", "evidence-empty", "is empty"),
        (gzip.compress(b"", mtime=0), "evidence-empty", "is empty"),
        (b"[]", "evidence-foreign", "it begins with a list"),
        (b'"x"', "evidence-foreign", "it begins with a text"),
        (b"-7", "evidence-foreign", "it begins with a number"),
        (b"null", "evidence-foreign", "it begins with null"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", "evidence-foreign", r"it begins with '\x7f'"),
        (b"apiVersion: run.googleapis.com/v1\nkind: Execution\n", "evidence-foreign", "it begins with 'a'"),
        (b"<html>", "evidence-foreign", "it begins with '<'"),
        (b"\x00\x00\x00\x00", "evidence-foreign", r"it begins with '\x00'"),
        (b"PK\x03\x04rest", "evidence-not-json", "is a zip archive"),
        (b"\x28\xb5\x2f\xfdrest", "evidence-not-json", "compressed with zstd"),
        ('{"schema": 1}'.encode("utf-16"), "evidence-not-json", "is UTF-16 text"),
        (b"{}", "evidence-foreign", "it has no schema"),
        (b'{"name": "projects/p", "conditions": []}', "evidence-foreign", "it has no schema"),
        (b'{"schema": "opsctl.evidence/v1"', "evidence-cut", "line 1, column 32"),
        (b'{"schema": "opsctl.evidence/v1"}\n{}', "evidence-not-json", "line 2, column 1: there is more text"),
        (b'{"schema": "opsctl.evidence/v1"}', "evidence-incomplete", "$.executionName is missing"),
        (b'{"schema": "opsctl.evidence/v1", "schema": 1}', "evidence-not-json", 'column 34: the key "schema"'),
        (b"{schema: 1}", "evidence-not-json", "line 1, column 2"),
        (b'{"a": ' + b"[" * 100_000, "evidence-not-json", "nested"),
        (b"\x1f\x8b\x08\x00", "evidence-cut", "gzip data ends too early"),
        (b"\x1f\x8b\x08\x00" + b"\x00" * 6 + b"\xff" * 30, "evidence-damaged", "is a damaged gzip file"),
        (b"\x1f\x9d\x90rest", "evidence-damaged", "is a damaged gzip file"),
        (gzip.compress(b'{"a": 1}', mtime=0) + b"rubbish", "evidence-damaged", "is a damaged gzip file"),
    ],
)
def test_a_file_of_another_kind(tmp_path: Path, raw: bytes, code: str, words: str) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(raw)
    error = refuse_evidence(path)
    assert isinstance(error, DataError)
    assert (error.exit_code, error.code) == (1, code)
    assert words in error.message
    assert error.message.startswith(f"{path} ")


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_that_is_cut_anywhere_is_told_as_cut(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps(small_document(), ensure_ascii=False, indent=indent).encode()
    path = tmp_path / "e.json"
    for end in range(1, len(text)):
        path.write_bytes(text[:end])
        error = refuse_evidence(path)
        assert isinstance(error, DataError)
        # A number may be whole before its last digit; what is missing then is what comes after it.
        assert error.code == "evidence-cut", text[max(0, end - 30) : end]
        assert "line " in error.message


def test_a_gzip_file_that_is_cut_anywhere_is_told_as_cut(tmp_path: Path) -> None:
    raw = gzip.compress(json.dumps(small_document()).encode())
    path = tmp_path / "e.json.gz"
    # One byte alone is not known as gzip yet.
    for end in range(2, len(raw)):
        path.write_bytes(raw[:end])
        error = refuse_evidence(path)
        assert isinstance(error, DataError)
        assert error.code == "evidence-cut"


def test_a_cut_gzip_file_names_the_line_up_to_which_it_could_be_read(tmp_path: Path) -> None:
    noise = random.Random(4)
    lines = [f"{noise.getrandbits(400):x}" for _ in range(5000)]
    raw = gzip.compress(json.dumps({"schema": SCHEMA, "executionName": NAME, "later": lines}, indent=0).encode())
    path = tmp_path / "e.json.gz"
    path.write_bytes(raw[: len(raw) // 2])
    line = int(refuse_evidence(path).message.partition("line ")[2].partition(",")[0])
    assert 2300 < line < 2700


@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_a_changed_byte_gives_evidence_or_a_data_error(
    tmp_path_factory: Any, place: int, byte: int, packed: bool
) -> None:
    raw = bytearray(json.dumps(small_document(), ensure_ascii=False).encode())
    if packed:
        raw = bytearray(gzip.compress(bytes(raw)))
    raw[place % len(raw)] = byte
    path = tmp_path_factory.getbasetemp() / "changed.json"
    path.write_bytes(raw)
    try:
        read_evidence(path)
    except OpsctlError as error:
        assert isinstance(error, DataError)  # noqa: PT017  nothing else may come
