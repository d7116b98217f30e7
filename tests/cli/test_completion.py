"""Completion: the committed tables are the generated ones, and bash completes with them, without Python."""

import shutil
import subprocess
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT, walk_commands
from opsctl.cli.completion_files import FILES, render_files, write_files
from opsctl.cli.completion_scripts import render_script
from opsctl.cli.completion_tree import CompletionNode, CompletionOption, Word, read_tree
from tests.cli.processes import make_process, run_line

FOLDER = Path(__file__).parents[2] / "completions"
BASH = shutil.which("bash")


@pytest.mark.parametrize("name", FILES.values())
def test_the_committed_file_is_the_generated_one(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == render_files()[name], (
        "run: python -m opsctl.cli.completion_files"
    )


def test_files_are_written(tmp_path: Path) -> None:
    write_files(tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(FILES.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_command_prints_the_script(shell: str) -> None:
    ended = run_line(f"completion {shell}", make_process(), ROOT)
    assert ended.exit_code == 0
    assert ended.stdout == render_script(shell, read_tree())
    for words, _ in walk_commands():
        assert words[-1] in ended.stdout


def test_an_unknown_shell() -> None:
    assert run_line("completion tcsh", make_process(), ROOT).exit_code == 2


def test_the_scripts_start_nothing_but_sed_and_sort() -> None:
    for text in render_files().values():
        assert "opsctl " not in "\n".join(line for line in text.splitlines() if "$(opsctl" in line or "`opsctl" in line)
        assert "python" not in text.replace("python -m opsctl.cli.completion_files", "")


def test_bash_is_here() -> None:
    """The tests below are worth something only with bash; a machine without it must not pass them silently."""
    assert BASH is not None


def complete(*words: str, folder: Path, environ: dict[str, str] | None = None) -> list[str]:
    """What bash offers for the last word."""
    script = f"""
source {FOLDER / "opsctl.bash"}
COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
COMP_CWORD={len(words) - 1}
_opsctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", **(environ or {})}
    ended = subprocess.run(
        [str(BASH), "--norc", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=120,
        check=True,
    )
    assert ended.stderr == ""
    return [line for line in ended.stdout.splitlines() if line]


def test_bash_commands(tmp_path: Path) -> None:
    assert complete("opsctl", "", folder=tmp_path) == [entry.name for entry in ROOT.entries]
    assert complete("opsctl", "mi", folder=tmp_path) == ["migrate"]
    assert complete("opsctl", "config", "", folder=tmp_path) == ["init", "show", "check"]
    assert complete("opsctl", "-o", "json", "config", "s", folder=tmp_path) == ["show"]
    assert complete("opsctl", "--profile", "config", "config", "s", folder=tmp_path) == ["show"]
    assert complete("opsctl", "config", "show", "", folder=tmp_path) == []
    assert complete("opsctl", "completion", "", folder=tmp_path) == ["bash", "zsh", "fish", "powershell"]


def test_bash_options(tmp_path: Path) -> None:
    offered = complete("opsctl", "config", "init", "--", folder=tmp_path)
    assert {"--force", "--yes", "--profile", "--output", "--help"} <= set(offered)
    assert complete("opsctl", "config", "init", "--fo", folder=tmp_path) == ["--force"]
    assert "--force" not in complete("opsctl", "config", "show", "--", folder=tmp_path)
    assert complete("opsctl", "--vers", folder=tmp_path) == ["--version"]


def test_bash_values(tmp_path: Path) -> None:
    assert complete("opsctl", "config", "init", "-o", "", folder=tmp_path) == ["table", "json", "yaml", "markdown"]
    assert "csv" in complete("opsctl", "config", "show", "--output", "", folder=tmp_path)
    assert complete("opsctl", "config", "show", "--output", "=", "js", folder=tmp_path) == ["json"]
    assert "yaml" in complete("opsctl", "config", "show", "--output", "=", folder=tmp_path)
    assert complete("opsctl", "--lang", "", folder=tmp_path) == ["en", "ko"]
    assert complete("opsctl", "--timeout", "", folder=tmp_path) == []


def test_bash_files_with_blanks(tmp_path: Path) -> None:
    (tmp_path / "my config.toml").touch()
    assert complete("opsctl", "--config", "my", folder=tmp_path) == ["my config.toml"]


def test_bash_profiles_come_from_the_file(tmp_path: Path) -> None:
    assert complete("opsctl", "--profile", "", folder=tmp_path) == []
    (tmp_path / "opsctl.toml").write_text(
        "[profiles.prod.mongo]\n[profiles.prod.s3]\n  [profiles.staging]\n# [profiles.old.s3]\n"
    )
    assert complete("opsctl", "--profile", "", folder=tmp_path) == ["prod", "staging"]
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    assert complete("opsctl", "--profile", "s", folder=deep) == ["staging"]
    named = tmp_path / "named.toml"
    named.write_text("[profiles.other]\n")
    assert complete("opsctl", "--profile", "", folder=deep, environ={"OPSCTL_CONFIG": str(named)}) == ["other"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_quotes_in_help_texts_do_no_harm(shell: str) -> None:
    hostile = 'it\'s $(touch /tmp/x) `x` \\ %s: "q"'
    node = CompletionNode(
        ("odd",), (Word("one", hostile),), (CompletionOption(("--flag",), hostile, "choices", ("a", "b")),)
    )
    written = render_script(shell, (CompletionNode((), (Word("odd", hostile),), ()), node))
    if shell == "bash":
        checked = subprocess.run(
            [str(BASH), "-n"], input=written, text=True, capture_output=True, timeout=120, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")
    else:
        quoted = {"zsh": "it'\\''s $(touch", "fish": "it\\'s $(touch", "powershell": "'one'"}[shell]
        assert quoted in written
