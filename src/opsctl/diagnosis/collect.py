"""Collects the evidence of one execution: every part at the same time, each with its own limit of time, and none able
to fail the whole.

What depends on the template (identity, secrets, databases, image) starts when the template is known; what is looked for
in the image waits for the log as well, because the log names the paths that are missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from opsctl.diagnosis.collectors.accounts import SOURCE as ACCOUNTS_SOURCE
from opsctl.diagnosis.collectors.accounts import collect_account
from opsctl.diagnosis.collectors.answers import failed, skipped, slow
from opsctl.diagnosis.collectors.apis import SOURCE as APIS_SOURCE
from opsctl.diagnosis.collectors.apis import collect_apis
from opsctl.diagnosis.collectors.commits import SOURCE as COMMITS_SOURCE
from opsctl.diagnosis.collectors.commits import collect_commits
from opsctl.diagnosis.collectors.image import SOURCE as IMAGE_SOURCE
from opsctl.diagnosis.collectors.image import ImageAnswer, collect_image
from opsctl.diagnosis.collectors.logs import SOURCE as LOGS_SOURCE
from opsctl.diagnosis.collectors.logs import LogBounds, LogReading
from opsctl.diagnosis.collectors.references import References, read_references
from opsctl.diagnosis.collectors.run import (
    BASELINE_SOURCE,
    JOB_SOURCE,
    TASKS_SOURCE,
    collect_baseline,
    collect_job,
    collect_tasks,
    tasks_section,
)
from opsctl.diagnosis.collectors.secrets import SOURCE as SECRETS_SOURCE
from opsctl.diagnosis.collectors.secrets import collect_secrets
from opsctl.diagnosis.collectors.sql import SOURCE as SQL_SOURCE
from opsctl.diagnosis.collectors.sql import collect_sql
from opsctl.diagnosis.facts.reading import as_object
from opsctl.diagnosis.facts.shape import find_shape
from opsctl.diagnosis.models import (
    OWN_SECTIONS,
    SECTIONS,
    Evidence,
    ExecutionName,
    JsonObject,
    LogEntry,
    Section,
    SectionStatus,
)
from opsctl.diagnosis.ports import Sources
from opsctl.errors import OpsctlError

T = TypeVar("T")


class Watch(Protocol):
    """Who wants to know how far it is."""

    def begin(self, section: str) -> None:
        """A part is being asked for."""
        ...

    def end(self, section: str, status: SectionStatus) -> None:
        """A part is there, or is known to be missing."""
        ...

    def read_lines(self, count: int) -> None:
        """So many log lines so far."""
        ...


class Unwatched:
    """Nobody."""

    def begin(self, section: str) -> None:
        """Nothing."""

    def end(self, section: str, status: SectionStatus) -> None:
        """Nothing."""

    def read_lines(self, count: int) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """Limits. Seconds are for one part, from the moment that it starts; for the image beside those for the log."""

    section_seconds: float = 20.0
    logs_seconds: float = 150.0
    image_seconds: float = 180.0
    commits_seconds: float = 20.0
    logs: LogBounds = field(default_factory=LogBounds)
    without_image: str | None = None
    """Why the image is not to be looked at."""

    def within(self, seconds: float | None) -> CollectSettings:
        """Shorter limits, so that a report about what was there in time still comes out before `seconds` are over. The
        image comes after the log, and the commits after the image."""
        if seconds is None:
            return self
        return replace(
            self,
            section_seconds=min(self.section_seconds, 0.5 * seconds),
            logs_seconds=min(self.logs_seconds, 0.4 * seconds),
            image_seconds=min(self.image_seconds, 0.3 * seconds),
            commits_seconds=min(self.commits_seconds, 0.1 * seconds),
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out while the execution was looked for: its name, and its section."""

    name: ExecutionName
    execution: Section


async def collect(
    known: Known,
    sources: Sources,
    now: Callable[[], datetime],
    settings: CollectSettings | None = None,
    watch: Watch | None = None,
) -> Evidence:
    """The evidence of an execution, secrets and all: mask it before anything else is done with it.

    Raises nothing but what ends the process: a part that fails is a section that says so.
    """
    async with asyncio.TaskGroup() as group:
        collecting = _Collecting(
            known, sources, settings or CollectSettings(), group, now=now, watch=watch or Unwatched()
        )
        return await collecting.run()


class _Collecting:
    def __init__(
        self,
        known: Known,
        sources: Sources,
        settings: CollectSettings,
        group: asyncio.TaskGroup,
        *,
        now: Callable[[], datetime],
        watch: Watch,
    ) -> None:
        self._name, self._known, self._sources, self._now = known.name, known, sources, now
        self._settings, self._watch, self._group = settings, watch, group

    async def run(self) -> Evidence:
        name, sources, start = self._name, self._sources, self._group.create_task
        fields = as_object(self._known.execution.data)
        reading = LogReading(
            sources.logs, name, fields, now=self._now, bounds=self._settings.logs, tell=self._watch.read_lines
        )
        job = start(self._section("job", lambda: collect_job(sources.run, name)))
        logs = start(self._logs(reading))
        template = start(self._find_template(job, logs, reading))
        created = fields.get("createTime")
        baseline = start(self._section("baseline", lambda: collect_baseline(sources.run, name, created)))
        answer = start(self._image(template, logs, reading))
        asked = {
            "tasks": start(self._tasks()),
            "job": job,
            "logs": logs,
            "baseline": baseline,
            "service_account": self._with(
                template, "service_account", lambda found: collect_account(sources.accounts, name, found)
            ),
            "secrets": self._with(template, "secrets", lambda found: collect_secrets(sources.secrets, found.secrets)),
            "cloudsql": self._with(template, "cloudsql", lambda found: collect_sql(sources.sql, found.sql_instances)),
            "apis": self._with(template, "apis", lambda found: collect_apis(sources.apis, name.project, found)),
            "commits": start(self._commits(answer, baseline)),
        }
        sections = {section: await task for section, task in asked.items()}
        sections |= {"execution": self._known.execution, "image": (await answer).section}
        entries, dropped = reading.entries()
        collected_at = self._now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        in_order = {section: sections[section] for section in (*SECTIONS, *OWN_SECTIONS) if section in sections}
        return Evidence(name, collected_at, in_order, entries, dropped)

    async def _tasks(self) -> Section:
        tasks: list[JsonObject] = []

        def keep(failure: Section) -> Section:
            return tasks_section(tasks, failure.reason) if tasks else failure

        return await self._bounded(
            "tasks",
            lambda: collect_tasks(self._sources.run, self._name, tasks),
            keep,
            self._settings.section_seconds,
        )

    async def _logs(self, reading: LogReading) -> Section:
        """What was read before an error or the limit of time stays."""

        async def read() -> Section:
            await reading.read()
            return reading.section()

        def keep(failure: Section) -> Section:
            return reading.section(failure.reason) if reading.has_entries else failure

        return await self._bounded("logs", read, keep, self._settings.logs_seconds)

    async def _find_template(
        self, job: asyncio.Task[Section], logs: asyncio.Task[Section], reading: LogReading
    ) -> References | None:
        """What the template refers to: of the execution; without it of its audit record, else of the job."""
        shape = find_shape(Evidence(self._name, None, {"execution": self._known.execution}))
        if not shape.template:
            sections = {"job": await job, "logs": await logs}
            shape = find_shape(Evidence(self._name, None, sections, reading.entries()[0]))
        return read_references(shape, self._name.project)

    def _skip(self, name: str, reason: str) -> Section:
        self._watch.end(name, SectionStatus.SKIPPED)
        return skipped(reason)

    async def _section(self, name: str, ask: Callable[[], Awaitable[Section]]) -> Section:
        return await self._bounded(name, ask, lambda section: section, self._settings.section_seconds)

    def _with(
        self,
        template: asyncio.Task[References | None],
        name: str,
        ask: Callable[[References], Awaitable[Section]],
    ) -> asyncio.Task[Section]:
        async def wait() -> Section:
            found = await template
            return self._skip(name, _NO_TEMPLATE) if found is None else await self._section(name, lambda: ask(found))

        return self._group.create_task(wait())

    async def _image(
        self, template: asyncio.Task[References | None], logs: asyncio.Task[Section], reading: LogReading
    ) -> ImageAnswer:
        images, reason = self._sources.images, self._settings.without_image
        if images is None or reason is not None:
            return ImageAnswer(self._skip("image", reason or "not asked"))
        found = await template
        if found is None or not found.image:
            return ImageAnswer(self._skip("image", _NO_TEMPLATE))

        async def read_messages() -> Iterable[str]:
            # Not `await logs`: what ends the waiting must not end the log.
            await asyncio.wait({logs})
            return _texts(reading.entries()[0])

        return await self._bounded(
            "image",
            lambda: collect_image(images, found, read_messages, with_provenance=self._sources.commits is not None),
            ImageAnswer,
            self._settings.logs_seconds + self._settings.image_seconds,
        )

    async def _commits(self, image: asyncio.Task[ImageAnswer], baseline: asyncio.Task[Section]) -> Section:
        if self._sources.commits is None:
            return self._skip("commits", "no checkout was named (--repo)")
        answer, before = await image, await baseline
        return await self._bounded(
            "commits",
            lambda: collect_commits(self._sources, self._name, self._known.execution, answer.description, before),
            lambda section: section,
            self._settings.commits_seconds,
        )

    async def _bounded(
        self, name: str, ask: Callable[[], Awaitable[T]], wrap: Callable[[Section], T], seconds: float
    ) -> T:
        """What `ask` answers; an error or a silence as a section instead."""
        self._watch.begin(name)
        source = _SOURCES[name]
        try:
            async with asyncio.timeout(seconds):
                answer = await ask()
        except TimeoutError:
            answer = wrap(slow(seconds, source))
        except OpsctlError as error:
            answer = wrap(failed(error, source))
        except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw must not take the others with it
            answer = wrap(Section(SectionStatus.ERROR, _unreadable(error), source))
        section = answer.section if isinstance(answer, ImageAnswer) else answer
        self._watch.end(name, section.status if isinstance(section, Section) else SectionStatus.OK)
        return answer


_SOURCES = {
    "tasks": TASKS_SOURCE,
    "job": JOB_SOURCE,
    "logs": LOGS_SOURCE,
    "baseline": BASELINE_SOURCE,
    "service_account": ACCOUNTS_SOURCE,
    "secrets": SECRETS_SOURCE,
    "cloudsql": SQL_SOURCE,
    "apis": APIS_SOURCE,
    "image": IMAGE_SOURCE,
    "commits": COMMITS_SOURCE,
}
_NO_TEMPLATE = "what the execution ran is not known: neither it nor its job could be read"


def _unreadable(error: Exception) -> str:
    """Kind and place, without the text: it may hold what was being read."""
    trace, line = error.__traceback__, 0
    name = ""
    while trace is not None:
        name, line = trace.tb_frame.f_code.co_name, trace.tb_lineno
        trace = trace.tb_next
    return f"an answer that opsctl cannot read ({type(error).__name__} in {name}:{line})"


def _texts(entries: Iterable[LogEntry]) -> Iterable[str]:
    """What the lines say, as far as it is text."""
    for entry in entries:
        if entry.text is not None:
            yield entry.text
        elif entry.json is not None:
            yield " ".join(
                str(entry.json.get(key)) for key in ("message", "msg", "error", "stack") if key in entry.json
            )
