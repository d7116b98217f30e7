"""Writes the completion scripts of `completions/`: `python -m opsctl.cli.completion_files [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from opsctl.cli.completion_scripts import render_script
from opsctl.cli.completion_tree import read_tree

FILES = {"bash": "opsctl.bash", "zsh": "opsctl.zsh", "fish": "opsctl.fish"}


def render_files() -> dict[str, str]:
    """File name -> content."""
    tree = read_tree()
    return {name: render_script(shell, tree) for shell, name in FILES.items()}


def write_files(folder: Path) -> None:
    """Writes all files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_files(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("completions"))
