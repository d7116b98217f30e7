"""`opsctl migrate manifest` without any cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from opsctl.cli.app import ROOT
from opsctl.cli.migrate.manifest_secrets import secret_detector
from opsctl.cli.migrate.manifest_settings import ManifestRequest
from opsctl.reporting.redact import Redactor
from tests.cli.processes import Ended, make_process, run_words

CANARY = "hunter2-canary"
PROFILE = f"""
[profiles.prod.mongo]
uri = "mongodb://admin:{CANARY}@db/?authSource=admin"
database = "triple_db"
collection = "cars"
[profiles.prod.s3]
bucket = "carimage"
secret_access_key = "{CANARY}-too"
access_key_id = "id-of-the-key"
[profiles.prod.kubernetes]
namespace = "apc-backup-ns"
job = "car-images"
kubeconfig = "no-such-file"
"""


def run_manifest(folder: Path, *words: str, profile: str = PROFILE) -> Ended:
    (folder / "opsctl.toml").write_text(profile, encoding="utf-8")
    (folder / "opsctl.toml").chmod(0o600)
    ended = run_words(["migrate", "manifest", *words], make_process(folder), ROOT)
    assert CANARY not in ended.stdout + ended.stderr
    return ended


def test_it_is_printed_without_any_cluster_and_says_what_is_to_be_decided(tmp_path: Path) -> None:
    ended = run_manifest(tmp_path, "--shards", "4")
    assert ended.exit_code == 0, ended.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(ended.stdout)]
    assert kinds == ["ServiceAccount", "Role", "RoleBinding", "Job"]
    assert ended.stdout.count("# DECIDE:") == 3
    assert "To be decided before it can be applied: 3" in ended.stderr


def test_every_format_holds_the_same_documents(tmp_path: Path) -> None:
    plain = run_manifest(tmp_path, "--image", "x").stdout
    documents = list(yaml.safe_load_all(plain))
    for output in ("json", "yaml"):
        data = yaml.safe_load(run_manifest(tmp_path, "--image", "x", "-o", output).stdout)["data"]
        assert data["documents"] == documents
        still_open = {note["values"]["name"] for note in data["notes"] if note["isOpen"]}
        assert still_open == {"OPSCTL_MONGO_URI", "OPSCTL_S3_SECRET_ACCESS_KEY"}
    markdown = run_manifest(tmp_path, "--image", "x", "-o", "markdown").stdout
    assert markdown == f"```yaml\n{plain}```\n"


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (ManifestRequest(None, None, None, 1, 1, (), None), "opsctl migrate manifest"),
        (
            ManifestRequest("old", "main", "a b", 4, 2, ("User:kim",), "job", "new"),
            "opsctl migrate manifest --from-job old --container main --name new --image 'a b' --shards 4 "
            "--parallelism 2 --operator User:kim --only job",
        ),
    ],
)
def test_the_command_that_prints_it_again(request_: ManifestRequest, command: str) -> None:
    assert request_.command() == command


def test_quiet_says_nothing_beside_the_manifest(tmp_path: Path) -> None:
    ended = run_manifest(tmp_path, "-q")
    assert ended.stderr == ""
    assert list(yaml.safe_load_all(ended.stdout))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--only", "secrets"), "There is no part 'secrets'"),
        (("--dry-run",), "--dry-run goes with --apply"),
        (("--replace",), "--replace goes with --apply"),
        (("--apply", "--yes", "--force"), "--force goes with --replace"),
        (("--container", "x"), "--container goes with --from-job"),
        (("--from-job", "a/b/c"), "'a/b/c' names no Job"),
        (("--from-job", "/x"), "'/x' names no Job"),
        (("--operator", "kim"), "--operator 'kim' cannot be read"),
        (("--shards", "0"), "--shards"),
        (("--shards", "2", "--parallelism", "3"), "3 pods at once for 2 shards"),
        (("--name", "Bad_Name"), "cannot be the name of a Job"),
        (("--name", "j" * 63), "too long"),
    ],
)
def test_wrong_calls(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    ended = run_manifest(tmp_path, *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_without_a_kubeconfig_nothing_can_be_taken_over_or_applied(tmp_path: Path) -> None:
    for words in (("--from-job", "old"), ("--apply", "--yes")):
        ended = run_manifest(tmp_path, *words)
        assert ended.exit_code == 2
        assert "no-such-file" in ended.stderr


def test_a_profile_without_a_namespace_is_told(tmp_path: Path) -> None:
    ended = run_manifest(tmp_path, profile=PROFILE.replace('namespace = "apc-backup-ns"', ""))
    assert ended.exit_code == 2
    assert "kubernetes.namespace is not set" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MONGODB_URI", "mongodb://u:pw-of-u@db/", True),
        ("MONGODB_URI", "mongodb://db/", False),
        ("MONGODB_URI", "mongodb://$(USER):$(PASSWORD)@db/", False),
        ("DB_PASSWORD", "short", True),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD", "  ", False),
        ("DB_PASSWORD", "$(OTHER)", False),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("REQUIRE_PASSWORD", "true", False),
        ("API_TOKEN", "x1", True),
        ("SESSION_TOKEN_KIND", "jwt", False),
        ("SALT", "winter", False),
        ("SALT", "9f8Ka71Lm2Qz0Xc5Vb4N", True),
        ("ANYTHING", "AKIAIOSFODNN7EXAMPLE", True),
        ("ANYTHING", "learned-secret", True),
        ("AWS_REGION", "us-east-1", False),
        ("--password", "short", True),
        ("", "tool --user u --password short --verbose", True),
        ("", "tool --password-file /run/secrets/db --token $TOKEN --debug", False),
    ],
)
def test_what_is_secret(name: str, value: str, expected: Any) -> None:
    assert secret_detector(Redactor(["learned-secret"]))(name, value) is expected
