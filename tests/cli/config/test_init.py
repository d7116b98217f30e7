"""`opsctl config init`."""

import json
import os
import stat
from pathlib import Path

from opsctl.cli.app import ROOT
from opsctl.config.starter import STARTER
from tests.cli.processes import Ended, make_process, run_line


def run(folder: Path, line: str, *, stdin: str = "", is_terminal: bool = False) -> Ended:
    return run_line(f"config init {line}", make_process(folder, stdin=stdin, is_terminal=is_terminal), ROOT)


def test_it_writes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    os.umask(0o022)
    ended = run(tmp_path, "--yes -o json")
    path = tmp_path / "opsctl.toml"
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["data"] == {"path": str(path), "replaced": False}
    assert path.read_text(encoding="utf-8") == STARTER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["opsctl.toml"]


def test_it_asks_on_a_terminal(tmp_path: Path) -> None:
    assert run(tmp_path, "", stdin="n\n", is_terminal=True).exit_code == 2
    assert not (tmp_path / "opsctl.toml").exists()
    ended = run(tmp_path, "", stdin="y\n", is_terminal=True)
    assert ended.exit_code == 0
    assert f"Write a starter configuration to {tmp_path / 'opsctl.toml'}? [y/N]" in ended.stderr


def test_without_a_terminal_and_without_yes_nothing_is_written(tmp_path: Path) -> None:
    ended = run(tmp_path, "")
    assert ended.exit_code == 2
    assert "--yes" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "opsctl.toml"
    path.write_text("# mine\n")
    ended = run(tmp_path, "--yes")
    assert ended.exit_code == 2
    assert "--force" in ended.stderr
    assert path.read_text() == "# mine\n"


def test_force_replaces_and_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "opsctl.toml"
    path.write_text("# mine\n")
    path.chmod(0o644)
    ended = run(tmp_path, "--yes --force -o json")
    assert json.loads(ended.stdout)["data"]["replaced"] is True
    assert path.read_text(encoding="utf-8") == STARTER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_dangling_link_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "opsctl.toml").symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path, "--yes").exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_another_place(tmp_path: Path) -> None:
    assert run(tmp_path, f"--yes --config {tmp_path / 'other.toml'}").exit_code == 0
    assert (tmp_path / "other.toml").exists()


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    ended = run(tmp_path, "--yes --config none/opsctl.toml")
    assert ended.exit_code == 1
    assert "cannot be written: No such file or directory" in ended.stderr
