"""Asking, warning, choosing colour and progress."""

import logging
from pathlib import Path

import pytest

from opsctl.cli.context import AppContext, DeclinedError, open_context
from opsctl.cli.logging_setup import configure_logging
from opsctl.cli.options import CommonOptions, OutputFormat
from opsctl.cli.process import Process
from opsctl.errors import UsageError
from opsctl.reporting.progress import LineProgress, SilentProgress
from opsctl.reporting.progress_bar import BarProgress
from tests.cli.processes import Stream, make_process, run_line


def context_of(process: Process, **options: object) -> AppContext:
    return open_context(process, "probe", CommonOptions(**options))  # type: ignore[arg-type]


def written(process: Process) -> tuple[str, str]:
    assert isinstance(process.stdout, Stream)
    assert isinstance(process.stderr, Stream)
    return process.stdout.getvalue(), process.stderr.getvalue()


class TestConfirm:
    @pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n", " YES \n", "예\n", "네\n"])
    def test_a_yes_goes_on(self, answer: str) -> None:
        process = make_process(is_terminal=True, stdin=answer)
        context_of(process).confirm("Write 3 documents?", assume_yes=False)
        assert written(process) == ("", "Write 3 documents? [y/N] ")

    @pytest.mark.parametrize("answer", ["n\n", "\n", "", "yess\n", "1\n"])
    def test_anything_else_does_not(self, answer: str) -> None:
        process = make_process(is_terminal=True, stdin=answer)
        with pytest.raises(DeclinedError, match=r"Nothing was changed\."):
            context_of(process).confirm("Write?", assume_yes=False)
        assert written(process)[0] == ""

    def test_yes_is_not_asked_for(self) -> None:
        process = make_process(is_terminal=True)
        context_of(process).confirm("Write?", assume_yes=True)
        assert written(process) == ("", "")

    def test_without_a_terminal_it_ends_with_2_and_names_the_flag(self) -> None:
        ended = run_line("probe confirm", make_process(stdin="y\n"))
        assert ended.exit_code == 2
        assert "Add --yes" in ended.stderr
        assert ended.stdout == ""

    def test_the_question_is_harmless(self) -> None:
        process = make_process(is_terminal=True, stdin="y\n")
        context_of(process).confirm("Write \x1b[31m?", assume_yes=False)
        assert "\x1b" not in written(process)[1]


class TestColour:
    @pytest.mark.parametrize(
        ("environ", "is_terminal", "no_color", "expected"),
        [
            ({}, True, False, True),
            ({}, False, False, False),
            ({}, True, True, False),
            ({"NO_COLOR": "1"}, True, False, False),
            ({"NO_COLOR": ""}, True, False, True),
            ({"OPSCTL_NO_COLOR": "1"}, True, False, False),
            ({"FORCE_COLOR": "1"}, False, False, True),
            ({"FORCE_COLOR": "0"}, False, False, False),
            ({"CLICOLOR_FORCE": "1"}, False, False, True),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, False),
            ({"FORCE_COLOR": "1"}, True, True, False),
            ({"TERM": "dumb"}, True, False, False),
            ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False, True),
        ],
    )
    def test_order(self, environ: dict[str, str], is_terminal: bool, no_color: bool, expected: bool) -> None:
        process = make_process(environ=environ, is_terminal=is_terminal)
        assert process.has_colour(process.stdout, no_color=no_color) is expected

    def test_forced_colour_does_not_make_a_pipe_a_terminal(self) -> None:
        """The table keeps its unlimited width; only the colour comes."""
        long_name = "x" * 150
        ended = run_line(f"probe --name {long_name}", make_process(environ={"FORCE_COLOR": "1", "COLUMNS": "40"}))
        assert "\x1b[" in ended.stdout
        assert long_name in ended.stdout

    @pytest.mark.parametrize("output", ["json", "yaml", "markdown", "csv", "ndjson", "name"])
    def test_only_tables_are_coloured(self, output: str) -> None:
        ended = run_line(f"probe -o {output}", make_process(environ={"FORCE_COLOR": "1"}, is_terminal=True))
        assert "\x1b" not in ended.stdout

    def test_the_format_does_not_depend_on_the_terminal(self) -> None:
        for output in ("json", "yaml", "markdown", "csv", "ndjson", "name"):
            on_terminal = run_line(f"probe -o {output}", make_process(is_terminal=True)).stdout
            assert run_line(f"probe -o {output}").stdout == on_terminal


class TestProgress:
    @pytest.mark.parametrize(
        ("environ", "is_terminal", "quiet", "kind"),
        [
            ({}, True, False, BarProgress),
            ({}, False, False, LineProgress),
            ({"CI": "true"}, True, False, LineProgress),
            ({"TERM": "dumb"}, True, False, LineProgress),
            ({"FORCE_COLOR": "1"}, False, False, LineProgress),
            ({}, True, True, SilentProgress),
        ],
    )
    def test_what_fits(self, environ: dict[str, str], is_terminal: bool, quiet: bool, kind: type) -> None:
        process = make_process(environ=environ, is_terminal=is_terminal)
        assert isinstance(context_of(process, quiet=quiet).progress(), kind)


class TestStream:
    def test_ndjson_is_a_whole_envelope_a_line(self) -> None:
        ended = run_line("probe stream -o ndjson")
        assert ended.exit_code == 8
        lines = ended.stdout.splitlines()
        assert len(lines) == 2
        assert all(line.startswith('{"schema": "opsctl.probe/v1"') for line in lines)

    def test_a_terminal_is_redrawn_and_a_pipe_appended_to(self) -> None:
        assert run_line("probe stream", make_process(is_terminal=True)).stdout.count("\x1b[H\x1b[2J") == 2
        piped = run_line("probe stream").stdout
        assert "\x1b" not in piped
        assert piped.count("Probe 현대 아반떼") == 2

    @pytest.mark.parametrize("output", ["json", "yaml", "csv"])
    def test_one_document_cannot_follow_changes(self, output: str) -> None:
        ended = run_line(f"probe stream -o {output}")
        assert ended.exit_code == 2
        assert "-o ndjson" in ended.stderr


class TestProfile:
    URI = "mongodb://user:canary-s3cr3t@h/"

    def test_the_secrets_of_the_profile_are_masked_from_then_on(self, tmp_path: Path) -> None:
        process = make_process(tmp_path, environ={"OPSCTL_MONGO_URI": self.URI})
        context = context_of(process)
        assert process.redactor("the text canary-s3cr3t") == "the text canary-s3cr3t"
        context.load_profile()
        assert process.redactor("the text canary-s3cr3t") == "the text ***"

    def test_a_warning_is_said_once(self, tmp_path: Path) -> None:
        (tmp_path / "opsctl.toml").write_text(f'[profiles.a.mongo]\nuri = "{self.URI}"\n')
        (tmp_path / "opsctl.toml").chmod(0o644)
        process = make_process(tmp_path)
        context = context_of(process)
        configure_logging(process, context.options)
        context.load_profile()
        context.load_profile()
        assert written(process)[1].count("chmod 600") == 1
        assert "canary" not in written(process)[1]

    def test_flags_override(self, tmp_path: Path) -> None:
        context = context_of(make_process(tmp_path))
        profile = context.load_profile({"images.workers": ("--workers", 3), "images.max_bytes": ("--max-bytes", None)})
        values = {setting.key: (setting.value, str(setting.origin)) for setting in profile.settings()}
        assert values["workers"] == (3, "--workers")
        assert values["max_bytes"] == (33554432, "default")


def test_announcements_go_to_stderr_and_not_with_q() -> None:
    for quiet in (False, True):
        process = make_process()
        context_of(process, quiet=quiet).announce("Profile prod")
        assert written(process) == ("", "" if quiet else "Profile prod\n")


def test_require_format() -> None:
    context = context_of(make_process(), output=OutputFormat.CSV)
    context.require_format(OutputFormat.CSV)
    with pytest.raises(UsageError, match="-o csv"):
        context.require_format(OutputFormat.JSON)


def test_logging_of_others_is_untouched_after_a_test() -> None:
    assert logging.raiseExceptions
