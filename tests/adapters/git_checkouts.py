"""Repositories made by git itself, for the tests of its adapter."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

_IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "C",
    "GIT_COMMITTER_EMAIL": "c@example.com",
}


class Checkout:
    """A repository whose commits are a minute apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._minute = 0
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, check: bool = True) -> str:
        self._minute += 1
        when = f"2026-01-12T{self._minute // 60:02}:{self._minute % 60:02}:00+09:00"
        environment = {"PATH": os.environ["PATH"], **_IDENTITY, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout.strip()

    def commit(self, subject: str, *names: str | bytes) -> str:
        """Changes the named files and commits them; the id."""
        for name in names:
            path = os.path.join(os.fsencode(self.folder), os.fsencode(name))  # noqa: PTH118  # names may be any bytes
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            with open(path, "ab") as file:  # noqa: PTH123
                file.write(b"line\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


def write_program(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
