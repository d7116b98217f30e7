"""Start-up of `opsctl --help`, as CPU time against an empty Typer app of the same version.

    python -m benchmarks.startup [--runs 21]

Runs alternate, each is a process of its own with its bytecode compiled. The smallest CPU time of each is compared: the
machine can only add to it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

EMPTY = '''\
import typer
from typing import Annotated

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def hello(name: Annotated[str, typer.Option(help="A name.")] = "you") -> None:
    """An empty app."""


app()
'''


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty_app.py"
        empty.write_text(EMPTY)
        # As a module, so that its bytecode is cached like any other's.
        commands = {
            "empty Typer app --help": [sys.executable, "-c", "import empty_app", "--help"],
            "opsctl --help": [sys.executable, "-m", "opsctl", "--help"],
            "opsctl status --help": [sys.executable, "-m", "opsctl", "status", "--help"],
            "opsctl --version": [sys.executable, "-m", "opsctl", "--version"],
        }
        environment = {**os.environ, "PYTHONPATH": folder}
        smallest = dict.fromkeys(commands, float("inf"))
        for _ in range(runs):
            for name, command in commands.items():
                smallest[name] = min(smallest[name], cpu_seconds(command, environment))
    floor = smallest["empty Typer app --help"]
    for name, seconds in smallest.items():
        print(f"{name:24} {seconds * 1000:6.0f} ms CPU   {seconds / floor:.2f} x")


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
