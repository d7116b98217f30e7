"""Finding and reading the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.config.file import MAX_FILE_BYTES, find_config_file, read_config_file, suggest
from opsctl.errors import ConfigError


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_order_in_which_a_file_is_found(tmp_path: Path) -> None:
    user = write(tmp_path / "home/.config/opsctl/opsctl.toml", "")
    environ = {"HOME": str(tmp_path / "home")}
    folder = tmp_path / "project/deep/deeper"
    folder.mkdir(parents=True)
    assert find_config_file(None, environ, folder) == user
    upwards = write(tmp_path / "project/opsctl.toml", "")
    assert find_config_file(None, environ, folder) == upwards
    nearest = write(folder / "opsctl.toml", "")
    assert find_config_file(None, environ, folder) == nearest
    named = tmp_path / "named.toml"
    assert find_config_file(None, {**environ, "OPSCTL_CONFIG": str(named)}, folder) == named
    assert (
        find_config_file(tmp_path / "flag.toml", {**environ, "OPSCTL_CONFIG": str(named)}, folder)
        == tmp_path / "flag.toml"
    )


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert find_config_file(None, {"HOME": str(tmp_path)}, tmp_path) is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("default_profile = \n", "not valid TOML.*line 1", "config init"),
        ("[profiles.prod.mongo\nuri = 1", "not valid TOML.*line 1", "config init"),
        ("\n\ndefault_profil = 'x'", "Unknown key 'default_profil' .*line 3", "Did you mean 'default_profile'"),
        ("[mongo]\nuri = 'x'", "Unknown key 'mongo' .*line 1", "profiles.NAME"),
        ("default_profile = 3", "default_profile must be .*line 1", None),
        ("profiles = 3", "profiles must be tables .*line 1", "profiles.NAME"),
        ("[profiles]\nprod = 3", "'prod' must be a table .*line 2", "profiles.prod"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        read_config_file(write(tmp_path / "opsctl.toml", text))
    assert raised.value.exit_code == 2
    assert (hint is None) == (raised.value.hint is None)
    assert hint is None or hint in str(raised.value.hint)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        read_config_file(tmp_path / "none.toml")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        read_config_file(tmp_path)


def test_a_file_below_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config_file(write(tmp_path / "file", "") / "opsctl.toml")


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "opsctl.toml"
    path.write_bytes("# 이름\nx = '현대'".encode("euc-kr"))
    with pytest.raises(ConfigError, match=r"not UTF-8 text \(line 1\)"):
        read_config_file(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than"):
        read_config_file(write(tmp_path / "opsctl.toml", "#" * (MAX_FILE_BYTES + 1)))


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "opsctl.toml"
    path.write_bytes(b"\xef\xbb\xbfdefault_profile = 'a'")
    assert read_config_file(path).default_profile == "a"


@pytest.mark.parametrize(("mode", "expected"), [(0o600, False), (0o640, True), (0o604, True), (0o644, True)])
def test_who_may_read_it(tmp_path: Path, mode: int, expected: bool) -> None:
    path = write(tmp_path / "opsctl.toml", "")
    path.chmod(mode)
    assert read_config_file(path).is_readable_by_others is expected


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("file") / "opsctl.toml"
    path.write_bytes(text.encode())
    try:
        message = ""
        read_config_file(path)
    except ConfigError as error:
        message = error.message
    assert not message or str(path) in message


def test_suggest() -> None:
    assert suggest("regoin", ("bucket", "region")) == "Did you mean 'region'?"
    assert suggest("zzz", ("bucket", "region")) == "Known are: bucket, region."
