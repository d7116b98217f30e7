"""What `migrate logs` does once the cluster is open: reads, follows, writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from opsctl.cli.context import AppContext
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.migrate.job_secrets import find_job_secrets
from opsctl.cli.migrate.log_keys import KeyMask
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest
from opsctl.errors import ExitCode
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.logs.follow import FollowOutput, follow_logs
from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.migration.kubernetes.logs.models import LogReading, LogWishes, Silence
from opsctl.migration.kubernetes.logs.reading import read_logs
from opsctl.migration.kubernetes.logs.view import log_view, silence_sentences, text_line
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind
from opsctl.migration.kubernetes.ports import Cluster, JsonObject
from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.rows import ndjson_lines

STREAMS = (OutputFormat.TEXT, OutputFormat.NDJSON)
# What could not be read although it may be there.
_GAPS = {"denied", "cut"}
_COLOURS = (36, 35, 33, 32, 34, 96, 95, 93, 92, 94)


class LogCommand:
    """What the command does once the cluster is open."""

    def __init__(self, context: AppContext, cluster: Cluster, key: JobKey, wishes: LogWishes) -> None:
        self._context = context
        self._cluster = cluster
        self._key = key
        self._wishes = wishes
        process, options = context.process, context.options
        self._has_colour = process.has_colour(process.stdout, no_color=options.no_color)
        self._mask_keys = KeyMask()

    async def read(self) -> Outcome:
        """What is there now."""
        self._learn_secrets(await self._cluster.get(Kind.JOB, self._key.namespace, self._key.name))
        reading = await read_logs(self._cluster, self._key, self._wishes)
        report = replace(reading.report, lines=tuple(self._mask_keys(reading.report.lines)))
        code = ExitCode.PARTIAL if any(silence.reason in _GAPS for silence in report.silences) else ExitCode.OK
        if self._context.options.output not in (*STREAMS, OutputFormat.CSV):
            return Outcome(report, view=lambda texts: log_view(report, texts), exit_code=code, error=reading.error)
        if self._context.options.output is OutputFormat.CSV:
            self._announce_silences(reading)
            return Outcome(items=report.lines, item_type=LogLine, exit_code=code, error=reading.error)
        self._write(report.lines, flush=True)
        self._announce_silences(reading)
        return Outcome(emitted=True, exit_code=code, error=reading.error)

    async def follow(self, stop: StopRequest, clock: Clock) -> Outcome:
        """Line after line until the Job has ended, or until it is interrupted."""
        context, texts = self._context, self._context.texts
        context.announce(texts.get("kubernetes.log_follow_started", job=str(self._key)))
        output = FollowOutput(
            lambda lines: self._write(self._mask_keys(lines), flush=True), self._announce, self._learn_secrets
        )
        job = await follow_logs(self._cluster, self._key, self._wishes, output, clock=clock, stop=stop)
        if job is not None:
            context.announce(self._ending(job))
            return Outcome(emitted=True)
        if stop.exit_code is ExitCode.UNAVAILABLE:
            raise TimedOutError("The Job did not end in time (--timeout).")
        return Outcome(emitted=True, exit_code=stop.exit_code or ExitCode.INTERRUPTED)

    def _learn_secrets(self, job: JsonObject) -> None:
        """Those of earlier looks stay: a Job that is created again may have others."""
        self._context.process.redactor.learn(find_job_secrets(job))

    def _ending(self, job: JobFacts) -> str:
        texts, name = self._context.texts, str(self._key)
        if job.is_complete:
            return texts.get("kubernetes.log_follow_complete", job=name)
        if job.failed_reason is None:
            return texts.get("kubernetes.log_follow_pods_ended", job=name)
        words = ": ".join(word for word in (job.failed_reason, job.failed_message) if word)
        return texts.get(
            "kubernetes.log_follow_failed", job=name, detail=texts.get("kubernetes.log_detail", detail=words)
        )

    def _announce_silences(self, reading: LogReading) -> None:
        if not reading.report.lines:
            self._context.announce(self._context.texts.get("kubernetes.log_no_lines"))
        self._announce(reading.report.silences)

    def _announce(self, silences: Sequence[Silence]) -> None:
        for sentence in silence_sentences(silences, self._context.texts):
            self._context.announce(sentence)

    def _write(self, lines: Sequence[LogLine], *, flush: bool) -> None:
        """A line each; of many at once the last one is flushed."""
        process = self._context.process
        is_json = self._context.options.output is OutputFormat.NDJSON
        for line in lines:
            process.write(
                "".join(ndjson_lines([line], clean=process.redactor)) if is_json else self._text(line), flush=False
            )
        if flush:
            process.write("")

    def _text(self, line: LogLine) -> str:
        clean = self._context.process.redactor
        head, text = (make_visible(clean(part)) for part in text_line(line, self._key.name, self._context.texts))
        if self._has_colour:
            head = f"\x1b[{_COLOURS[crc32(line.pod.encode()) % len(_COLOURS)]}m{head}\x1b[0m"
        return f"{head} {text}".rstrip() + "\n"
