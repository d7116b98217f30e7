"""What `cloudrun logs` does once the execution is known: reads, follows, writes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

from opsctl.cli.context import AppContext
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest
from opsctl.diagnosis.execution_list import read_execution
from opsctl.diagnosis.facts.model import Outcome as Ending
from opsctl.diagnosis.log_follow import FollowClock, LogFollower
from opsctl.diagnosis.log_lines import LineBuilder, LogLine
from opsctl.diagnosis.log_query import (
    AUDIT_RETENTION_DAYS,
    DAY_NS,
    LineChoice,
    execution_query,
    execution_window,
    window_around,
)
from opsctl.diagnosis.log_reading import LogReader, LogReport, LogSelection, SilenceReason, Tail, open_masker, read_tail
from opsctl.diagnosis.log_silence import explain_silence
from opsctl.diagnosis.log_view import cut_text, log_view, silence_text, text_lines
from opsctl.diagnosis.ports import LogQuery, Sources
from opsctl.diagnosis.resolve import Resolution
from opsctl.diagnosis.timestamps import to_nanoseconds
from opsctl.errors import ExitCode, NotFoundError
from opsctl.reporting.rows import name_lines, ndjson_lines

STREAMS = (OutputFormat.TEXT, OutputFormat.NDJSON)


class LogCommand:
    """What the command does once the execution is known."""

    def __init__(self, context: AppContext, sources: Sources, found: Resolution, selection: LogSelection) -> None:
        self._context = context
        self._sources = sources
        self._found = found
        self._row = None if found.execution is None else read_execution(found.execution)
        self._selection = selection
        self._now = context.process.now

    async def read(self) -> Outcome:
        """The whole log. `-o text` and `-o ndjson` write each line as it comes."""
        builder = self._open_builder()
        reader = LogReader(self._sources.logs, self._query(), builder)
        is_stream, write = self._is_stream, self._open_writer(flush=False)
        kept: list[LogLine] = []
        count = 0
        async for line in reader.read(self._selection):
            count += 1
            if is_stream:
                write(line)
            else:
                kept.append(line)
        tail = Tail(tuple(kept), builder.entry_count, builder.program_count, cut=reader.cut, error=reader.error)
        return await self._finish(tail, has_lines=count > 0)

    async def read_last(self, count: int) -> Outcome:
        """The last lines."""
        tail = await read_tail(self._sources.logs, self._query(), self._open_builder, self._selection, count)
        if self._is_stream:
            write = self._open_writer(flush=False)
            for line in tail.lines:
                write(line)
        return await self._finish(tail, has_lines=bool(tail.lines))

    async def follow(self, stop: StopRequest, interval_seconds: float) -> Outcome:
        """Line after line until the execution has ended, or until it is interrupted."""
        context, texts = self._context, self._context.texts
        if self._found.execution is None:
            raise self._found.missing or NotFoundError(f"{self._found.name.execution} does not exist any more.")
        context.announce(texts.get("cloudrun.follow_started", execution=self._found.name.execution))
        follower = LogFollower(
            self._sources.run,
            self._sources.logs,
            self._found.name.full,
            self._query,
            self._open_builder(),
            FollowClock(self._now, lambda seconds: wait_for_stop(stop, seconds)),
            interval_seconds=interval_seconds,
            on_failure=lambda message: context.announce(texts.get("cloudrun.follow_failed", message=message)),
        )
        write = self._open_writer(flush=True)
        async for line in follower.follow(self._selection):
            write(line)
        if follower.was_interrupted:
            context.announce(texts.get("cloudrun.follow_interrupted"))
            if stop.exit_code is ExitCode.UNAVAILABLE:
                raise TimedOutError("The execution did not end in time (--timeout).")
            return Outcome(emitted=True, exit_code=stop.exit_code or ExitCode.INTERRUPTED)
        ending = follower.row.outcome if follower.row is not None else Ending.UNTOLD
        outcome = texts.get(f"cloudrun.outcome_{ending.value}")
        context.announce(texts.get("cloudrun.follow_ended", execution=self._found.name.execution, outcome=outcome))
        return Outcome(emitted=True)

    @property
    def _is_stream(self) -> bool:
        return self._context.options.output in STREAMS

    async def _finish(self, tail: Tail, *, has_lines: bool) -> Outcome:
        """The report; of a stream, whose lines are written, what there is to say beside them."""
        if self._found.execution is None and not tail.entry_count and self._found.missing is not None:
            # Neither the execution nor a line of it: the name is wrong, or both are gone.
            raise self._found.missing
        report = await self._build_report(tail, has_lines=has_lines)
        if not self._is_stream:
            return Outcome(report, view=lambda texts: log_view(report, texts), error=tail.error)
        texts = self._context.texts
        if not has_lines:
            self._context.announce(texts.get("cloudrun.no_lines"))
        for reason in report.silence:
            self._context.announce(silence_text(reason, texts))
        if report.cut == "limit":
            self._context.announce(cut_text(report.cut, report.entries_read, texts))
        return Outcome(emitted=True, error=tail.error)

    async def _build_report(self, tail: Tail, *, has_lines: bool) -> LogReport:
        name, row = self._found.name, self._row
        silence: tuple[SilenceReason, ...] = ()
        if tail.error is None and not (has_lines and tail.program_count):
            silence = await explain_silence(
                self._sources.logs, name.project, row, self._selection, entries_read=tail.entry_count, now=self._now()
            )
        return LogReport(
            execution=name.execution,
            job=name.job,
            project=name.project,
            region=name.location,
            outcome=row.outcome if row else Ending.UNTOLD,
            created_at=row.created_at if row else None,
            started_at=row.started_at if row else None,
            completed_at=row.completed_at if row else None,
            entries_read=tail.entry_count,
            cut=tail.cut,
            silence=silence,
            lines=tail.lines,
        )

    def _query(self, since: datetime | None = None) -> LogQuery:
        """Bounded by the execution's times; by how long records of an end are kept when it is deleted."""
        now_ns = to_nanoseconds(self._now())
        if self._found.execution is None:
            window = window_around(now_ns - AUDIT_RETENTION_DAYS * DAY_NS, now_ns)
        else:
            window = execution_window(self._found.execution, now_ns)
        since_ns = None if since is None else to_nanoseconds(since)
        choice = LineChoice(task=self._selection.task, attempt=self._selection.attempt, since_ns=since_ns)
        return execution_query(self._found.name, window, choice)

    def _open_builder(self) -> LineBuilder:
        return LineBuilder(open_masker(self._found.execution))

    def _open_writer(self, *, flush: bool) -> Callable[[LogLine], None]:
        process, texts = self._context.process, self._context.texts
        if self._context.options.output is OutputFormat.NDJSON:
            return lambda line: process.write("".join(ndjson_lines([line], clean=process.redactor)), flush=flush)
        return lambda line: process.write(
            "".join(name_lines(text_lines(line, texts), clean=process.redactor)), flush=flush
        )


async def wait_for_stop(stop: StopRequest, seconds: float) -> bool:
    """Waits so long, or until the command is to stop: True then."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
