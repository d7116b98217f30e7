"""`opsctl cloudrun image ls`, `cat` and `config` on the local Google and its registry."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT
from opsctl.cli.boundary import run
from opsctl.cli.cloudrun.image.cat import write_content
from opsctl.cli.cloudrun.image.subject import image_that_ran, names_execution
from opsctl.errors import DataError
from opsctl.lab.google.faults import Action, Fault
from tests.cli.cloudrun.local_google import NAME, Terminal, open_terminal
from tests.cli.processes import Stream


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with open_terminal(tmp_path) as opened:
        yield opened


def reference_of(terminal: Terminal) -> str:
    return str(terminal.data("image", "config", NAME)["image"]["reference"])


def test_the_files_of_the_image_that_ran(terminal: Terminal) -> None:
    ended = terminal.run("image", "ls", NAME, "/app")
    assert ended.exit_code == 0
    assert f"The image that {NAME} ran" in ended.stdout
    assert "COPY dist ./dist" in ended.stdout
    assert "Downloaded" in ended.stdout
    data = terminal.data("image", "ls", NAME, "/app")
    entries = {entry["path"]: entry for entry in data["entries"]}
    assert entries["/app/package.json"]["type"] == "file"
    assert entries["/app/dist"]["mode"] == "0755"
    assert "/app/dist/migrate.js" not in entries
    assert data["isComplete"]


def test_everything_below_a_path(terminal: Terminal) -> None:
    names = terminal.run("image", "ls", NAME, "/app/dist", "-R", "-o", "name").stdout.split()
    assert "/app/dist/migrate.js" in names
    objects = [
        json.loads(line) for line in terminal.run("image", "ls", NAME, "/app", "-o", "ndjson").stdout.splitlines()
    ]
    assert {item["path"] for item in objects} >= {"/app/dist", "/app/package.json"}
    assert terminal.run("image", "ls", NAME, "/app", "-o", "csv").stdout.startswith("type,mode,sizeBytes,path")


def test_a_reference_is_looked_at_without_any_execution(terminal: Terminal) -> None:
    reference = reference_of(terminal)
    before = len(terminal.cloud.calls)
    data = terminal.data("image", "ls", reference, "/app")
    assert data["image"]["execution"] is None
    assert {call.api for call in terminal.cloud.calls[before:]} == {"registry"}


def test_a_layer_that_is_known_is_not_downloaded_again(terminal: Terminal) -> None:
    first = terminal.data("image", "ls", NAME, "/app")["download"]
    second = terminal.data("image", "ls", NAME, "/app")["download"]
    assert first["bytesRead"] > 0
    assert (second["bytesRead"], second["layersRead"]) == (0, 0)
    assert second["layersCached"] == first["layersRead"]


def test_a_download_that_is_not_enough_is_said(terminal: Terminal) -> None:
    nothing = terminal.run("image", "ls", NAME, "/app", "--max-download", "10", "-o", "json")
    assert json.loads(nothing.stdout)["errors"][0]["code"] == "download-limit"
    ended = terminal.run("image", "ls", NAME, "/app", "--max-download", "10000", "-o", "json")
    document = json.loads(ended.stdout)
    assert (ended.exit_code, document["status"]) == (4, "partial")
    assert document["data"]["undecided"]
    assert not document["data"]["isComplete"]
    assert document["data"]["download"]["bytesRead"] <= 10_000


@pytest.mark.parametrize("command", ["ls", "cat"])
def test_what_is_not_in_the_image_ends_with_7(terminal: Terminal, command: str) -> None:
    ended = terminal.run("image", command, NAME, "/app/dist/migrat.js")
    assert (ended.exit_code, ended.stdout) == (7, "")
    assert "/app/dist/migrate.js" in ended.stderr


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/app/migrate.js", "Elsewhere: /app/dist/migrate.js."),
        ("/app/dist/database/migrations/1.js", "/app/dist/database is there"),
        ("/no/such/thing", "/ is there, with /app, "),
    ],
)
def test_what_is_near_an_absent_path_is_told(terminal: Terminal, path: str, hint: str) -> None:
    assert hint in terminal.run("image", "cat", NAME, path).stderr


def test_a_bare_name_is_told_how_its_image_is_asked_for(terminal: Terminal) -> None:
    ended = terminal.run("image", "ls", "nginx")
    assert ended.exit_code == 7
    assert "nginx:latest" in ended.stderr


@pytest.mark.parametrize("command", [("ls",), ("cat", "/x"), ("config",)])
def test_an_execution_or_an_image_that_does_not_exist_ends_with_7(terminal: Terminal, command: tuple[str, ...]) -> None:
    word, *more = command
    ended = terminal.run("image", word, "o4o-api-migrations-h5x5x", *more)
    assert ended.exit_code == 7
    assert NAME in ended.stderr
    reference = reference_of(terminal).partition("@")[0]
    assert terminal.run("image", word, f"{reference}:no-such-tag", *more).exit_code == 7


def test_a_file_goes_to_a_pipe_byte_for_byte(terminal: Terminal) -> None:
    binary = io.BytesIO()
    pipe = io.TextIOWrapper(binary, encoding="utf-8")
    process = replace(terminal.process(), stdout=pipe)
    assert run(["cloudrun", "image", "cat", NAME, "/app/package.json"], process, ROOT) == 0
    assert json.loads(binary.getvalue())["type"] == "module"
    assert isinstance(process.stderr, Stream)
    assert "layer 3" in process.stderr.getvalue()
    quiet = terminal.run("image", "cat", NAME, "/app/package.json", "-q")
    assert quiet.stderr == ""


def test_a_file_that_is_too_long_is_cut_with_a_word(terminal: Terminal) -> None:
    ended = terminal.run("image", "cat", NAME, "/app/package.json", "--max-bytes", "10")
    assert ended.exit_code == 4
    assert len(ended.stdout) == 10
    assert "--max-bytes" in ended.stderr


def test_a_file_as_a_document(terminal: Terminal) -> None:
    data = terminal.data("image", "cat", NAME, "/app/package.json")
    assert json.loads(data["text"])["type"] == "module"
    assert data["entry"]["path"] == "/app/package.json"
    assert not data["isCut"]


def test_a_folder_is_no_file(terminal: Terminal) -> None:
    ended = terminal.run("image", "cat", NAME, "/app", "-o", "json")
    assert json.loads(ended.stdout)["errors"][0]["code"] == "not-a-file"


def test_bytes_do_no_harm_on_a_terminal(terminal: Terminal) -> None:
    screen = Stream(is_terminal=True)
    process = replace(terminal.process(), stdout=screen)
    write_content(b"\x1b[2Ja\xff\tb\npassword=hunter2hunter2", process)
    assert screen.getvalue() == "\\x1b[2Ja\\xff\tb\npassword=***\n"


def test_the_configuration_reads_no_layer(terminal: Terminal) -> None:
    before = len(terminal.cloud.calls)
    ended = terminal.run("image", "config", NAME)
    registry = [call.path for call in terminal.cloud.calls[before:] if call.api == "registry"]
    assert ended.exit_code == 0
    assert '["node", "dist/main.js"]' in ended.stdout
    assert "NODE_VERSION=20.18.1" in ended.stdout
    assert "org.opencontainers.image.revision=" in ended.stdout
    data = terminal.data("image", "config", NAME)
    assert registry
    assert not any(layer["digest"] in path for path in registry for layer in data["layers"])
    assert [layer["layer"] for layer in data["layers"]] == list(range(len(data["layers"])))
    assert data["image"]["layerCount"] == len(data["layers"])


def test_an_image_that_may_not_be_read_ends_with_6(terminal: Terminal) -> None:
    reference = reference_of(terminal)
    terminal.cloud.faults.add(Fault(Action.DENY, "registry"))
    ended = terminal.run("image", "ls", reference)
    assert (ended.exit_code, ended.stdout) == (6, "")
    assert "hint: " in ended.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NAME, True),
        ("nginx", True),
        ("projects/p/locations/l/jobs/j/executions/e", True),
        ("https://console.cloud.google.com/run/jobs/executions/details/l/e?project=p", True),
        ("nginx:latest", False),
        ("eu.gcr.io/p/app", False),
        ("library/nginx", False),
        ("app@sha256:abc", False),
    ],
)
def test_an_execution_is_told_from_an_image(text: str, expected: bool) -> None:
    assert names_execution(text) is expected


def test_of_several_containers_the_one_that_works_is_meant() -> None:
    containers = [{"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": "app:2", "dependsOn": ["proxy"]}]
    assert image_that_ran({"template": {"containers": containers}}) == "app:2"
    with pytest.raises(DataError, match="names no image"):
        image_that_ran({"template": {}})
