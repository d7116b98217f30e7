"""`opsctl config show`."""

import csv
import io
import json
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT
from tests.cli.processes import Ended, make_process, run_line

FILE = """
[profiles.prod.mongo]
uri = { env = "MONGODB_URI" }
database = "triple_db"
collection = "danawa_vehicle_data"
[profiles.prod.s3]
bucket = "b"
access_key_id = "AKIA"
secret_access_key = "canary-literal"
endpoint_url = "http://user:canary-endpoint@h:9000"
"""
ENVIRON = {"MONGODB_URI": "mongodb://u:canary-password@h1,h2/?authSource=admin", "OPSCTL_IMAGES_WORKERS": "8"}


def run(folder: Path, line: str = "", environ: dict[str, str] | None = None) -> Ended:
    (folder / "opsctl.toml").write_text(FILE, encoding="utf-8")
    (folder / "opsctl.toml").chmod(0o600)
    return run_line(f"config show {line}", make_process(folder, environ=ENVIRON if environ is None else environ), ROOT)


@pytest.mark.parametrize("output", ["table", "json", "yaml", "markdown", "csv", "ndjson", "name"])
def test_no_format_shows_a_secret(tmp_path: Path, output: str) -> None:
    ended = run(tmp_path, f"-o {output}")
    assert ended.exit_code == 0
    assert "canary" not in ended.stdout + ended.stderr


def test_every_value_has_its_origin(tmp_path: Path) -> None:
    data = json.loads(run(tmp_path, "-o json").stdout)["data"]
    settings = {f"{item['section']}.{item['key']}": item for item in data["settings"]}
    file = str(tmp_path / "opsctl.toml")
    assert (data["profile"], data["file"]) == ("prod", file)
    assert settings["mongo.uri"] == {
        "section": "mongo",
        "key": "uri",
        "value": "mongodb://***@h1,h2/?authSource=admin",
        "origin": "file",
        "originName": file,
        "line": 3,
        "reference": "env MONGODB_URI",
        "isSecret": True,
        "problem": None,
    }
    assert (settings["images.workers"]["value"], settings["images.workers"]["originName"]) == (
        8,
        "OPSCTL_IMAGES_WORKERS",
    )
    assert (settings["s3.region"]["value"], settings["s3.region"]["origin"]) == (None, "default")
    assert settings["s3.secret_access_key"]["value"] == "***"
    assert settings["s3.session_token"]["value"] is None
    assert settings["images.fields"]["value"][0] == {"source": "main_image", "target": "s3_main_image", "type": "basic"}


def test_what_cannot_be_used_is_listed_and_the_command_ends_with_2(tmp_path: Path) -> None:
    ended = run(tmp_path, "-o json", {})
    envelope = json.loads(ended.stdout)
    assert (ended.exit_code, envelope["exitCode"], envelope["status"]) == (2, 2, "error")
    assert envelope["errors"][0]["code"] == "config"
    [problem] = [item for item in envelope["data"]["settings"] if item["problem"]]
    assert problem["key"] == "uri"
    assert "MONGODB_URI, which is not set" in problem["problem"]
    assert len(envelope["data"]["settings"]) > 30


def test_the_table_names_key_origin_and_value(tmp_path: Path) -> None:
    lines = run(tmp_path).stdout.splitlines()
    assert any(
        line.split() == ["mongo.database", f"{tmp_path}/opsctl.toml,", "line", "4", "triple_db"] for line in lines
    )
    assert any(line.split() == ["images.workers", "OPSCTL_IMAGES_WORKERS", "8"] for line in lines)
    assert any(line.split() == ["images.max_bytes", "default", "33554432"] for line in lines)


def test_csv_and_names_list_the_same_keys(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(tmp_path, "-o csv").stdout, newline="")))
    assert [f"{row['section']}.{row['key']}" for row in rows] == run(tmp_path, "-o name").stdout.splitlines()


def test_korean(tmp_path: Path) -> None:
    text = run(tmp_path, "--lang ko").stdout
    assert "프로필 prod 설정" in text
    assert "기본값" in text


def test_without_a_file(tmp_path: Path) -> None:
    ended = run_line("config show -o json", make_process(tmp_path), ROOT)
    assert json.loads(ended.stdout)["data"]["file"] is None
    assert ended.exit_code == 0
