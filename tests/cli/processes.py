"""A process that a test can look into: streams in memory, an environment of its own, a clock that stands still."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from opsctl.cli.app import CommandEntry, GroupEntry
from opsctl.cli.boundary import run
from opsctl.cli.process import Process
from opsctl.reporting.redact import Redactor

NOW = datetime(2026, 1, 12, 3, 4, 5, tzinfo=UTC)
PROBE = GroupEntry(
    "opsctl",
    "Commands for tests.",
    (
        CommandEntry("probe", "tests.cli.probe_command", "Does what it is told."),
        GroupEntry("deep", "A group.", (CommandEntry("probe", "tests.cli.probe_command", "The same, deeper."),)),
        CommandEntry("absent", "tests.cli.no_such_module", "Not part of this installation."),
    ),
)


class Stream(io.StringIO):
    """Text in memory that can claim to be a terminal."""

    def __init__(self, text: str = "", *, is_terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__(text)
        self._is_terminal = is_terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._is_terminal


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command line left behind."""

    exit_code: int
    stdout: str
    stderr: str


def make_process(
    folder: Path = Path("/nonexistent"),
    *,
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
    is_terminal: bool = False,
    stdout: Stream | None = None,
    stderr: Stream | None = None,
) -> Process:
    return Process(
        stdin=Stream(stdin, is_terminal=is_terminal),
        stdout=stdout or Stream(is_terminal=is_terminal),
        stderr=stderr or Stream(is_terminal=is_terminal),
        environ={"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "no-config"), **(environ or {})},
        folder=folder,
        now=lambda: NOW,
        monotonic=lambda: 0.0,
        redactor=Redactor(),
    )


def run_line(line: str, process: Process | None = None, commands: GroupEntry = PROBE) -> Ended:
    """Runs `line`, split at blanks."""
    return run_words(line.split(), process, commands)


def run_words(words: list[str], process: Process | None = None, commands: GroupEntry = PROBE) -> Ended:
    process = process or make_process()
    exit_code = run(words, process, commands)
    assert isinstance(process.stdout, Stream)
    assert isinstance(process.stderr, Stream)
    return Ended(exit_code, process.stdout.getvalue(), process.stderr.getvalue())
