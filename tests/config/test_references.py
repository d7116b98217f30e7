"""Following references."""

from pathlib import Path

import pytest

from opsctl.config.references import MAX_REFERENCED_BYTES, describe_reference, follow_reference, is_reference
from opsctl.errors import ConfigError


def follow(value: object, environ: dict[str, str] | None = None, folder: Path | None = None) -> str:
    return follow_reference(value, key="mongo.uri", environ=environ or {}, folder=folder)


def test_env() -> None:
    assert follow({"env": "NAME"}, {"NAME": "value "}) == "value "


@pytest.mark.parametrize(("environ", "state"), [({}, "is not set"), ({"NAME": ""}, "is empty")])
def test_env_that_leads_nowhere(environ: dict[str, str], state: str) -> None:
    with pytest.raises(
        ConfigError, match=f"mongo.uri refers to the environment variable NAME, which {state}"
    ) as raised:
        follow({"env": "NAME"}, environ)
    assert raised.value.hint == "Set it: export NAME=..."


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_file_is_relative_to_the_folder_and_loses_its_line_end(tmp_path: Path, ending: str) -> None:
    (tmp_path / "secret").write_bytes(f" pass word {ending}".encode())
    assert follow({"file": "secret"}, folder=tmp_path) == " pass word "
    assert follow({"file": str(tmp_path / "secret")}, folder=Path("/elsewhere")) == " pass word "


def test_file_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_text("x" * (MAX_REFERENCED_BYTES + 1))
    for name, state in (
        ("none", "does not exist"),
        ("empty", "is empty"),
        ("binary", "not UTF-8"),
        ("large", "larger"),
        (".", "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=state):
            follow({"file": name}, folder=tmp_path)


def test_kube_secret_is_read_by_whoever_can() -> None:
    asked: list[tuple[str, str]] = []

    def read(key: str, target: str) -> str:
        asked.append((key, target))
        return " pass word \n"

    value = {"kube_secret": "ns/name/key"}
    assert follow_reference(value, key="mongo.uri", environ={}, folder=None, read_secret=read) == " pass word "
    assert asked == [("mongo.uri", "ns/name/key")]
    with pytest.raises(ConfigError, match="Secret ns/name/key, which is not read here"):
        follow(value)
    with pytest.raises(ConfigError, match="which is empty"):
        follow_reference(value, key="mongo.uri", environ={}, folder=None, read_secret=lambda *_: "\n")


@pytest.mark.parametrize("target", ["name", "ns/name", "ns//key", "ns/name/key/more"])
def test_a_kube_secret_names_three_things(target: str) -> None:
    with pytest.raises(ConfigError, match=r"mongo\.uri: a kube_secret reference must look like namespace/name/key"):
        follow_reference({"kube_secret": target}, key="mongo.uri", environ={}, folder=None, read_secret=lambda *_: "x")


@pytest.mark.parametrize("value", [{"env": 3}, {"env": ""}, {"file": None}])
def test_a_target_must_be_text(value: object) -> None:
    with pytest.raises(ConfigError, match="must be text"):
        follow(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"env": "A"}, True),
        ({"file": 1}, True),
        ({"env": "A", "file": "b"}, False),
        ({}, False),
        ({"other": 1}, False),
        ("env", False),
        (None, False),
    ],
)
def test_what_is_a_reference(value: object, expected: bool) -> None:
    assert is_reference(value) is expected


def test_a_description_names_the_target_only() -> None:
    assert describe_reference({"env": "MONGODB_URI"}) == "env MONGODB_URI"
