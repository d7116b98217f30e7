"""What gcloud is set to: files and environment, in gcloud's own order."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from opsctl.adapters.google_rest.gcloud_settings import GcloudSettings, read_gcloud_settings

DEFAULT = """\
[core]
account = me@example.com
project = of-the-file

[compute]
region = us-central1

[run]
region = asia-northeast3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "configurations").mkdir()
    write(tmp_path, "default", DEFAULT)
    write(tmp_path, "other", "[core]\nproject = of-the-other\n[compute]\nregion = europe-west1\n")
    # gcloud makes a new default configuration when this file is missing.
    (tmp_path / "active_config").write_text("default", encoding="utf-8")
    write(tmp_path, "third", "[core]\nproject = of-the-third\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / "configurations" / f"config_{name}").write_text(text, encoding="utf-8")


def read(folder: Path, **environment: str) -> GcloudSettings:
    return read_gcloud_settings({"CLOUDSDK_CONFIG": str(folder), **environment})


def test_the_active_configuration_is_read(folder: Path) -> None:
    assert read(folder) == GcloudSettings("default", "of-the-file", "asia-northeast3", "me@example.com")


def test_another_configuration_may_be_active(folder: Path) -> None:
    (folder / "active_config").write_text("other\n", encoding="utf-8")
    assert read(folder) == GcloudSettings("other", "of-the-other", "europe-west1")
    assert read(folder, CLOUDSDK_ACTIVE_CONFIG_NAME="default").project == "of-the-file"


def test_the_environment_comes_first(folder: Path) -> None:
    found = read(
        folder,
        CLOUDSDK_CORE_PROJECT="a",
        GOOGLE_CLOUD_PROJECT="b",
        CLOUDSDK_RUN_REGION="c",
        CLOUDSDK_CORE_ACCOUNT="d@example.com",
        CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT="e@p.iam.gserviceaccount.com",
    )
    assert found == GcloudSettings("default", "a", "c", "d@example.com", "e@p.iam.gserviceaccount.com")
    assert read(folder, GOOGLE_CLOUD_PROJECT="b").project == "b"


def test_the_region_of_cloud_run_comes_before_that_of_compute_engine(folder: Path) -> None:
    assert read(folder, CLOUDSDK_COMPUTE_REGION="x").region == "asia-northeast3"
    write(folder, "default", "[compute]\nregion = us-central1\n")
    assert read(folder).region == "us-central1"
    assert read(folder, CLOUDSDK_COMPUTE_REGION="x").region == "x"


def test_cloud_shell_names_the_project_when_gcloud_does_not(folder: Path) -> None:
    assert read(folder, DEVSHELL_PROJECT_ID="shell").project == "of-the-file"
    write(folder, "default", "[core]\nproject =\n")
    assert read(folder, DEVSHELL_PROJECT_ID="shell").project == "shell"


@pytest.mark.parametrize(
    "text", ["no section", "100%", "[core", "[core]\nproject = (unset)\n", "\x00\xff", "[core]\n[core]\n"]
)
def test_a_broken_file_says_nothing(folder: Path, text: str) -> None:
    (folder / "configurations" / "config_default").write_bytes(text.encode("latin-1"))
    assert read(folder) == GcloudSettings("default")


def test_missing_files_are_no_error(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == GcloudSettings("default")
    assert read_gcloud_settings({"HOME": str(tmp_path)}) == GcloudSettings("default")


def test_the_name_of_a_configuration_is_no_path(folder: Path) -> None:
    (folder / "configurations" / "config_").mkdir()
    found = read(folder, CLOUDSDK_ACTIVE_CONFIG_NAME="/../../configurations/config_default")
    assert found.project is None


@pytest.mark.servers
def test_gcloud_itself_says_the_same(folder: Path) -> None:
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on the PATH")
    foreign = ("CLOUDSDK_CORE", "CLOUDSDK_RUN", "CLOUDSDK_COMPUTE", "GOOGLE_", "DEVSHELL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= {"CLOUDSDK_CONFIG": str(folder), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
    for extra in (
        {},
        {"CLOUDSDK_ACTIVE_CONFIG_NAME": "third"},
        {"CLOUDSDK_CORE_PROJECT": "a", "CLOUDSDK_RUN_REGION": "b"},
    ):
        own = read_gcloud_settings(environment | extra)
        for key, value in {"core/project": own.project, "core/account": own.account, "run/region": own.region}.items():
            done = subprocess.run(
                ["gcloud", "config", "get-value", key, "--quiet"],
                env=environment | extra, capture_output=True, text=True, check=True, timeout=300,
            )  # fmt: skip
            assert done.stdout.strip() == (value or "")
