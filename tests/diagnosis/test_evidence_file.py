"""Reading evidence files: what is tolerated, and what is refused with which error, exit code and place."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.evidence_reading import LONGEST_HEAD
from opsctl.diagnosis.models import SectionStatus
from opsctl.errors import DataError, NotFoundError, OpsctlError, UsageError
from tests.diagnosis.evidence_documents import NAME, SCHEMA, json_values, small_document, write_json

Change = Callable[[dict[str, Any]], object]


def refusal(path: Path) -> OpsctlError:
    with pytest.raises(OpsctlError) as caught:
        read_evidence(path)
    error = caught.value
    assert error.hint
    assert "\n" not in error.message
    return error


def changed(change: Change) -> dict[str, Any]:
    document = small_document()
    change(document)
    return document


def reading_of(tmp_path: Path, change: Change) -> OpsctlError:
    return refusal(write_json(tmp_path / "e.json", changed(change)))


# What is read


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


def test_the_order_of_keys_does_not_matter(tmp_path: Path) -> None:
    document = small_document()
    usual = read_evidence(write_json(tmp_path / "a.json", document))
    for keys in (sorted(document), sorted(document, reverse=True)):
        shuffled = {key: document[key] for key in keys}
        shuffled["sections"] = {
            name: {key: section[key] for key in sorted(section)} for name, section in document["sections"].items()
        }
        assert read_evidence(write_json(tmp_path / "b.json", shuffled)) == usual


def test_a_schema_that_comes_last_is_checked_as_well(tmp_path: Path) -> None:
    document = small_document()
    sections = document.pop("sections")
    for schema, code in (("other/v1", "evidence-foreign"), ("opsctl.evidence/v2", "evidence-version")):
        path = write_json(tmp_path / "e.json", {"sections": sections, "executionName": NAME, "schema": schema})
        assert refusal(path).code == code


def test_newer_fields_sections_and_states_are_tolerated(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["schema"] = "opsctl.evidence/v1.3"
        document["later"] = {"a": [1]}
        document["sections"]["weather"] = {"status": "ok", "data": {"rain": True}}
        document["sections"]["mood"] = 5
        document["sections"]["secrets"] = {"status": "throttled", "data": {"secrets": []}, "later": 1}
        document["sections"]["cloudsql"] = {"data": {"instances": []}}
        document["sections"]["job"] = {"status": "ok"}
        document["sections"]["logs"]["data"]["entries"][0]["later"] = {"x": 1}

    evidence = read_evidence(write_json(tmp_path / "e.json", changed(change)))
    assert evidence.section("weather").data == {"rain": True}
    assert evidence.section("mood").status is SectionStatus.SKIPPED
    secrets = evidence.section("secrets")
    assert (secrets.status, secrets.reason, secrets.data) == (SectionStatus.UNKNOWN, 'its status is "throttled"', None)
    assert evidence.section("cloudsql").status is SectionStatus.UNKNOWN
    assert evidence.section("job").status is SectionStatus.ERROR
    assert sorted(evidence.remarks) == ["no-data:job", "unknown-status:cloudsql", "unknown-status:secrets"]
    assert len(evidence.entries) == 4


@pytest.mark.parametrize("status", ["denied", "not_found", "skipped", "error", "no_data", "unheard-of"])
def test_data_counts_only_where_the_status_says_that_there_is_some(tmp_path: Path, status: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["sections"]["logs"]["status"] = status
        document["sections"]["execution"]["status"] = status

    evidence = read_evidence(write_json(tmp_path / "e.json", changed(change)))
    assert evidence.entries == ()
    assert evidence.section("execution").data is None
    assert evidence.section("logs").data is None


@pytest.mark.parametrize("data", [{}, {"entries": None}, {"entries": []}])
def test_protobuf_leaves_an_empty_list_out(tmp_path: Path, data: dict[str, Any]) -> None:
    document = small_document()
    document["sections"]["logs"]["data"] = data
    evidence = read_evidence(write_json(tmp_path / "e.json", document))
    assert evidence.entries == ()
    assert evidence.section("logs").status is SectionStatus.OK


def test_without_sections_everything_counts_as_skipped(tmp_path: Path) -> None:
    evidence = read_evidence(
        write_json(tmp_path / "e.json", {"schema": SCHEMA, "executionName": "orders-migrate-x7k2p"})
    )
    assert evidence.sections == {}
    assert evidence.name.execution == "orders-migrate-x7k2p"


@pytest.mark.parametrize(
    ("name", "execution"),
    [("e-1", "e-1"), ("namespaces/p/executions/e-1", "e-1"), ("projects/p/locations/l/jobs/-/executions/e-1", "e-1")],
)
def test_other_spellings_of_an_execution_are_tolerated(tmp_path: Path, name: str, execution: str) -> None:
    path = write_json(tmp_path / "e.json", {"schema": SCHEMA, "executionName": name})
    assert read_evidence(path).name.execution == execution


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


def test_halves_of_characters_can_be_written_again(tmp_path: Path) -> None:
    path = write_json(
        tmp_path / "e.json",
        changed(lambda d: d["sections"]["logs"]["data"]["entries"][0].update(textPayload="a\ud800b")),
    )
    assert read_evidence(path).entries[0].text == "a\ufffdb"


def test_numbers_beyond_bounds_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    text = json.dumps(small_document()).replace('"failedCount": 1', f'"a": 1e999, "b": NaN, "c": {"9" * 9000}')
    path.write_text(text)
    data = read_evidence(path).section("execution").data or {}
    assert (data["a"], data["b"], data["c"]) == ("1e999", "NaN", "9" * 9000)


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


# What is refused


def test_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.json", tmp_path / "file" / "none.json"):
        error = refusal(path)
        assert isinstance(error, NotFoundError)
        assert (error.exit_code, error.code) == (7, "file-not-found")


def test_a_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert error.message == f"{tmp_path} is a folder."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_json(tmp_path / "e.json", small_document())
    path.chmod(0)
    assert refusal(path).exit_code == 6


def test_a_named_pipe_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is a named pipe" in refusal(pipe).message
    assert "/dev/stdin" in (refusal(pipe).hint or "")
    for device in ("/dev/zero", "/dev/null", "/dev/tty"):
        if Path(device).exists():
            assert refusal(Path(device)).exit_code == 2


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "evidence-empty", "is empty"),
        (b" \n\t", "evidence-empty", "is empty"),
        (gzip.compress(b""), "evidence-empty", "is empty"),
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
        (gzip.compress(b'{"a": 1}') + b"rubbish", "evidence-damaged", "is a damaged gzip file"),
    ],
)
def test_a_file_of_another_kind(tmp_path: Path, raw: bytes, code: str, words: str) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(raw)
    error = refusal(path)
    assert isinstance(error, DataError)
    assert (error.exit_code, error.code) == (1, code)
    assert words in error.message
    assert error.message.startswith(f"{path} ")


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ("opsctl.evidence/v2", "evidence-version"),
        ("opsctl.evidence/v0", "evidence-version"),
        ("opsctl.evidence/v10.1", "evidence-version"),
        ("opsctl.evidence/v1x", "evidence-foreign"),
        ("opsctl.evidence/v1\n", "evidence-foreign"),
        ("opsctl.status/v1", "evidence-foreign"),
        ("opsctl.evidence/v" + "1" * 6000, "evidence-foreign"),
        (None, "evidence-foreign"),
        (1, "evidence-foreign"),
        ({"a": "x" * 5000}, "evidence-foreign"),
    ],
)
def test_another_schema_or_version(tmp_path: Path, schema: object, code: str) -> None:
    error = reading_of(tmp_path, lambda document: document.update(schema=schema))
    assert error.code == code
    assert "$.schema is" in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (None, "evidence-incomplete"),
        (5, "evidence-incomplete"),
        ("", "evidence-incomplete"),
        ("  ", "evidence-incomplete"),
        (["e"], "evidence-incomplete"),
        ("projects/p/locations/l/services/shop", "evidence-other-resource"),
        ("projects/p/locations/l/jobs/j", "evidence-other-resource"),
    ],
)
def test_no_execution_name(tmp_path: Path, name: object, code: str) -> None:
    error = reading_of(tmp_path, lambda document: document.update(executionName=name))
    assert (error.code, error.exit_code) == (code, 1)
    assert "$.executionName is" in error.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(sections=[]), "$.sections is a list, not an object (line 1, column "),
        (lambda d: d.update(sections=None), "$.sections is null, not an object"),
        (lambda d: d["sections"].update(job=None), "$.sections.job is null, not an object"),
        (lambda d: d["sections"].update(job="ok"), "$.sections.job is a text, not an object"),
        (lambda d: d["sections"].update(job=[{}]), "$.sections.job is a list, not an object"),
        (lambda d: d["sections"]["execution"].update(data=[1]), "$.sections.execution.data is a list, not an object"),
        (lambda d: d["sections"]["execution"].update(data=True), "$.sections.execution.data is true, not an object"),
        (lambda d: d["sections"]["logs"].update(data=[{}]), "$.sections.logs.data is a list, not an object"),
        (
            lambda d: d["sections"]["logs"]["data"].update(entries={"a": 1}),
            "$.sections.logs.data.entries is an object, not a list",
        ),
        (lambda d: d["sections"]["logs"]["data"].update(entries=7), "entries is a number, not a list"),
    ],
)
def test_a_part_of_the_wrong_type_is_named(tmp_path: Path, change: Change, words: str) -> None:
    error = reading_of(tmp_path, change)
    assert (error.code, error.exit_code) == ("evidence-wrong-type", 1)
    assert words in error.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"sections": {', '"sections": {}, "sections": {'),
        ('"tasks": {', '"execution": {}, "tasks": {'),
        ('"entries": [', '"entries": [], "entries": ['),
        ('"status": "denied"', '"status": "ok", "status": "denied"'),
    ],
)
def test_a_part_that_stands_twice_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "e.json"
    text = json.dumps(small_document())
    assert old in text
    path.write_text(text.replace(old, new, 1))
    error = refusal(path)
    assert error.code == "evidence-not-json"
    assert "stands twice" in error.message


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_that_is_cut_anywhere_is_told_as_cut(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps(small_document(), ensure_ascii=False, indent=indent).encode()
    path = tmp_path / "e.json"
    for end in range(1, len(text)):
        path.write_bytes(text[:end])
        error = refusal(path)
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
        error = refusal(path)
        assert isinstance(error, DataError)
        assert error.code == "evidence-cut"


def test_a_cut_gzip_file_names_the_line_up_to_which_it_could_be_read(tmp_path: Path) -> None:
    noise = random.Random(4)
    lines = [f"{noise.getrandbits(400):x}" for _ in range(5000)]
    raw = gzip.compress(json.dumps({"schema": SCHEMA, "executionName": NAME, "later": lines}, indent=0).encode())
    path = tmp_path / "e.json.gz"
    path.write_bytes(raw[: len(raw) // 2])
    line = int(refusal(path).message.partition("line ")[2].partition(",")[0])
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


@given(json_values, st.lists(st.sampled_from(["executionName", "sections", "logs", "data", "entries", 0]), max_size=6))
def test_any_json_in_any_place_gives_evidence_or_a_data_error(
    tmp_path_factory: Any, value: object, way: list[str | int]
) -> None:
    document: Any = small_document()
    place = document
    for step in way:
        if isinstance(place, dict) and isinstance(place.get(step), dict | list):
            place = place[step]
    place[next(iter(place)) if isinstance(place, dict) else 0] = value
    path = write_json(tmp_path_factory.getbasetemp() / "any.json", document)
    try:
        read_evidence(path)
    except OpsctlError as error:
        assert isinstance(error, DataError)  # noqa: PT017  nothing else may come


def test_a_huge_file_of_another_kind_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    line = b'{"textPayload": "' + b"x" * 1000 + b'"},\n'
    # Sparse: 8 GiB that take no room, and would take minutes to read.
    for head in (
        b'{"entries": [' + line * 1000,
        b'{"a": 1, ' + b"".join(b'"k%d": {"v": "%s"},' % (n, line.hex()[:900].encode()) for n in range(9000)),
    ):
        with path.open("wb") as file:
            file.write(head)
            file.truncate(8 << 30)
        error = refusal(path)
        assert error.code in ("evidence-foreign", "evidence-not-json")


def test_a_file_without_a_schema_is_given_up_soon(tmp_path: Path) -> None:
    fields = {f"key{number}": "x" * 100_000 for number in range(LONGEST_HEAD // 100_000 + 2)}
    path = write_json(tmp_path / "e.json", {**fields, "schema": SCHEMA, "executionName": NAME})
    assert "no schema in its first 4 MiB" in refusal(path).message
