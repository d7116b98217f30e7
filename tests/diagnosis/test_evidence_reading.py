"""The document in an evidence file: what is tolerated, and what is refused, with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.evidence_reading import LONGEST_HEAD
from opsctl.diagnosis.models import SectionStatus
from opsctl.errors import DataError, OpsctlError
from tests.diagnosis.evidence_documents import NAME, SCHEMA, json_values, refuse_evidence, small_document, write_json

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    document = small_document()
    change(document)
    return document


def reading_of(tmp_path: Path, change: Change) -> OpsctlError:
    return refuse_evidence(write_json(tmp_path / "e.json", changed(change)))


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
        assert refuse_evidence(path).code == code


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
    error = refuse_evidence(path)
    assert error.code == "evidence-not-json"
    assert "stands twice" in error.message


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
        error = refuse_evidence(path)
        assert error.code in ("evidence-foreign", "evidence-not-json")


def test_a_file_without_a_schema_is_given_up_soon(tmp_path: Path) -> None:
    fields = {f"key{number}": "x" * 100_000 for number in range(LONGEST_HEAD // 100_000 + 2)}
    path = write_json(tmp_path / "e.json", {**fields, "schema": SCHEMA, "executionName": NAME})
    assert "no schema in its first 4 MiB" in refuse_evidence(path).message
