'''The command line. Folders are commands: `opsctl migrate images` is `cli/migrate/images.py`.

How to write a command
----------------------

One module, one function, one `COMMAND`. The function gets the context first; every further parameter is an option or an
argument of Typer, with `Annotated`. It returns an `Outcome` or raises an `OpsctlError`; it prints nothing and exits
nowhere. Command modules do not use `from __future__ import annotations`: Typer would have to evaluate them on every
start.

    """Shows how far the migration is."""

    from typing import Annotated

    import typer

    from opsctl.cli.command import CommandSpec, Example
    from opsctl.cli.context import AppContext
    from opsctl.cli.outcome import Outcome
    from opsctl.errors import ExitCode


    def status(
        context: AppContext,
        recount: Annotated[bool, typer.Option("--recount", help="Count every object of the bucket.")] = False,
    ) -> Outcome:
        """Mongo, S3 and Kubernetes joined: counts, rate, time left.

        The docstring is the help text.
        """
        report = run_async(lambda stop: take_status(build_sources(context), recount=recount), drain_seconds=0)
        return Outcome(report, view=lambda texts: status_view(report, texts), exit_code=ExitCode.FINDINGS)


    COMMAND = CommandSpec(
        status,
        examples=(Example("How far is it?", "opsctl status"), Example("For a script", "opsctl status -o json --check")),
    )

Then one line in the table of `cli/app.py`: name, dotted module, help line. The module is imported when its command is
called, so SDKs are still imported on use only (`cli/services.py`). `profile`, `config`, `output`, `quiet`, `verbose`,
`no_color`, `lang`, `timeout` and `exit_zero` belong to the common options: every command has them, before and after
its word.

- **Formats**: `CommandSpec(formats=...)` lists what `-o` accepts (default `table json yaml markdown`). A list command
  adds `csv`, `ndjson`, `name` and fills `Outcome.items` / `Outcome.names`.
- **Config**: `context.load_profile()` reads file and environment; `profile.section(MongoSection)` checks one section
  and raises `ConfigError`. Flags of the command that override a key: `context.load_profile({"images.workers":
  ("--workers", workers)})`; a None is no override.
- **Errors with a report**: a run that stopped half-way returns `Outcome(report, view=...,
  error=UnavailableError(...))`.
- **Streams**: `context.stream().emit(report, view)` writes one report after the other (`--watch`): a line of JSON each
  with `-o ndjson`, a redrawn screen on a terminal, appended text elsewhere. Return `Outcome(emitted=True,
  exit_code=...)` afterwards.
- **Progress**: `with context.progress() as progress:` then `progress.phase("Fetching")`, `progress.update(done, total,
  note)`; it goes to stderr, is a bar on a terminal and a line every 30 s elsewhere, and nothing with `-q`. Call
  `update` at least every few seconds.
- **Asking**: `context.confirm("Write s3_* fields to 380 documents in prod?", assume_yes=yes)` asks on stderr, raises
  `UsageError` when nobody can answer, and `DeclinedError` (exit 2) for a no. `context.announce(text)` writes a line to
  stderr.
- **Signals**: `run_async(main, drain_seconds=...)` of `cli/signals.py` runs `main(stop)`. `stop` is an `asyncio.Event`
  that the first Ctrl-C, SIGTERM or the `--timeout` sets; `stop.exit_code` then holds the code to end with (130, 143 or
  5), else None. A second signal leaves at once. `drain_seconds=0` cancels `main` at the first signal, for commands
  that have nothing to finish.
- **Schema**: add the report's dataclass to the table of `cli/schema.py`.
- **Texts**: `texts.get("status.title", state=...)` reads `reporting/texts/en/status.py` and
  `reporting/texts/ko/status.py`, each a dict `MESSAGES`; a test holds both to the same keys and placeholders.
'''
