"""Commands of a runbook, run as a person would run them: in a shell, one after the other, in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Example, is_shown_in

LONGEST_SECONDS = 600
# `status` gives every source a second or so. On a busy machine one may not answer in time: then it is asked again.
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Shell:
    """`opsctl` is this checkout's; of this machine's own settings nothing is left."""

    folder: Path
    settings: Mapping[str, str]

    def run(self, command: str, *, language: str = "en") -> subprocess.CompletedProcess[str]:
        """One command line."""
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self._environment(language),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    def check(self, examples: Sequence[Example], *, language: str = "en") -> None:
        """Runs all of them. Fails at the first that ends with another code, or prints something else, than its page
        says."""
        for example in examples:
            done = self.run(example.command, language=language)
            for _ in range(LOOKS if example.command.startswith("opsctl status") else 0):
                if _is_as_told(example, done):
                    break
                done = self.run(example.command, language=language)
            told = f"{example.page}: {example.command}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == example.exit_code, told
            assert _is_as_told(example, done), told

    def _environment(self, language: str) -> dict[str, str]:
        programs = self.folder / "bin"
        if not programs.exists():
            programs.mkdir()
            program = programs / "opsctl"
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opsctl "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        own = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.folder), "COLUMNS": "120"}
        return {**own, "OPSCTL_LANG": language, "PYTHONDONTWRITEBYTECODE": "1", **self.settings}


def _is_as_told(example: Example, done: subprocess.CompletedProcess[str]) -> bool:
    shown = not example.shown or is_shown_in(example.shown, done.stdout)
    return shown and done.returncode == example.exit_code


def language_of(page: Path) -> str:
    return "ko" if page.name.endswith(".ko.md") else "en"
