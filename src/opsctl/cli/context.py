"""What a command gets: its options, the configuration, and the ways to talk to the person who called it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from opsctl.cli.kubernetes_access import KubeSecrets
from opsctl.cli.options import CommonOptions, OutputFormat
from opsctl.cli.output import ReportStream, open_progress
from opsctl.cli.process import Process, is_terminal
from opsctl.config import Profile, load_profile
from opsctl.errors import UsageError
from opsctl.lab.state import LAB_PROFILE, lab_config_file, locate_lab
from opsctl.reporting.language import LANGUAGES, Language
from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.progress import Progress
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.view import Texts

_log = logging.getLogger(__name__)


class DeclinedError(UsageError):
    """The person said no."""

    default_code = "declined"


@dataclass(frozen=True, slots=True)
class AppContext:
    """The first argument of every command. `command` is its dotted name, `migrate.images`."""

    command: str
    options: CommonOptions
    process: Process
    texts: Texts
    _warned: list[str] = field(default_factory=list, repr=False)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the process."""
        return self.process.environ

    def load_profile(self, flags: Mapping[str, tuple[str, object]] | None = None) -> Profile:
        """The chosen profile; `flags` override keys: `{"images.workers": ("--workers", workers)}`, None is no override.

        Raises `ConfigError` or `NotFoundError`. Warnings are said once, on stderr.
        """
        profile = load_profile(
            config_path=self.options.config or self._find_lab_config(),
            profile_name=self.options.profile,
            environ=self.process.environ,
            folder=self.process.folder,
            flags=flags,
        )
        # Asked only where a Secret is really needed: what was learned before stays hidden.
        profile = replace(profile, read_secret=KubeSecrets(profile, self.process.redactor.learn))
        self.process.redactor.learn(profile.secrets())
        for warning in profile.warnings():
            if warning not in self._warned:
                self._warned.append(warning)
                _log.warning("%s", warning)
        return profile

    def _find_lab_config(self) -> Path | None:
        """Profile `lab` leads to the lab on this machine while it is up; one of your own needs --config then."""
        if LAB_PROFILE not in (self.options.profile, self.process.environ.get("OPSCTL_PROFILE")):
            return None
        path = lab_config_file(locate_lab())
        return path if path.is_file() else None

    def announce(self, text: str) -> None:
        """A line for the person, on stderr; not with `-q`."""
        if not self.options.quiet:
            self._write_line(text)

    def confirm(self, question: str, *, assume_yes: bool) -> None:
        """Asks on stderr before something is changed. `assume_yes` is the value of `--yes`.

        Raises `DeclinedError` for anything but a yes, and `UsageError` when there is no terminal to ask.
        """
        if assume_yes:
            return
        if not (is_terminal(self.process.stdin) and is_terminal(self.process.stderr)):
            raise UsageError(
                f"This needs a confirmation, and there is no terminal to ask: {question}",
                hint="Add --yes to go ahead without being asked.",
            )
        self.process.tell(make_visible(self.process.redactor(self.texts.get("common.confirm", question=question))))
        answer = self.process.stdin.readline().strip().lower()
        if answer not in ("y", "yes", "예", "네"):
            raise DeclinedError("Nothing was changed.")

    def progress(self) -> Progress:
        """A context manager that shows progress on stderr: a bar, lines, or nothing with `-q`."""
        return open_progress(self.process, self.options, self.texts)

    def stream(self) -> ReportStream:
        """Writes several reports one after the other (`--watch`). Raises `UsageError` for a format that holds only one
        document."""
        return ReportStream(self.command, self.process, self.options, self.texts)

    def require_format(self, *formats: OutputFormat) -> None:
        """Raises `UsageError` unless the chosen format is one of `formats`: for options that need a certain one."""
        if self.options.output not in formats:
            raise UsageError(
                f"-o {self.options.output} does not go with the other options.",
                hint=f"Choose one of {', '.join(formats)}.",
            )

    def _write_line(self, text: str) -> None:
        self.process.tell(make_visible(self.process.redactor(text)) + "\n")


def open_context(process: Process, command: str, options: CommonOptions) -> AppContext:
    """The context of one command. The language comes from `--lang`, else `OPSCTL_LANG`, else English."""
    return AppContext(command, options, process, Catalogue(choose_language(process.environ, options.lang)))


def choose_language(environ: Mapping[str, str], chosen: Language | None) -> Language:
    """An unknown `OPSCTL_LANG` is ignored: it must not make every command fail."""
    named = environ.get("OPSCTL_LANG", "")
    return chosen or (named if named in LANGUAGES else "en")
