"""What happened, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsctl.diagnosis.facts.model import Attempt, End, Facts, Pointer
from opsctl.diagnosis.rank import Ranking
from opsctl.diagnosis.report import TimelineItem
from opsctl.diagnosis.timestamps import to_datetime
from opsctl.reporting.view import Texts

# The pointer with what stands there, and its time in nanoseconds since 1970.
Locate = Callable[[Pointer], tuple[Pointer, int | None]]

# More attempts than this are summed up by their first and last.
MOST_ATTEMPTS = 8


def build_timeline(facts: Facts, ranking: Ranking, texts: Texts, locate: Locate) -> tuple[TimelineItem, ...]:
    """Creation, start, attempts, the first line that decided, the end; and what changed shortly before. `locate` finds
    lines of the log."""
    drafts = sorted(_drafts(facts, ranking, texts, locate), key=lambda draft: draft[0])
    return tuple(
        TimelineItem(at, event, text, pointer.section, pointer.pointer)
        for time_ns, event, text, pointer in drafts
        if (at := to_datetime(time_ns)) is not None
    )


def _drafts(facts: Facts, ranking: Ranking, texts: Texts, locate: Locate) -> Iterator[tuple[int, str, str, Pointer]]:
    execution = facts.execution
    moments = (
        ("created", execution.created_ns, "/createTime"),
        ("started", execution.started_ns, "/startTime"),
        ("completed", execution.completed_ns, "/completionTime"),
    )
    for event, time_ns, pointer in moments:
        if time_ns is not None:
            yield time_ns, event, texts.get(f"diagnose.event_{event}"), Pointer("execution", pointer)
    yield from _before(facts, texts)
    attempts = facts.attempts
    shown = attempts if len(attempts) <= MOST_ATTEMPTS else (*attempts[: MOST_ATTEMPTS - 1], attempts[-1])
    for attempt in shown:
        yield from _attempt(attempt, texts)
    yield from _deciding_line(ranking, texts, locate)


def _before(facts: Facts, texts: Texts) -> Iterator[tuple[int, str, str, Pointer]]:
    if facts.baseline.completed_ns is not None:
        text = texts.get("diagnose.event_last_success", execution=facts.baseline.execution or "")
        yield facts.baseline.completed_ns, "last-success", text, Pointer("baseline", "/execution/completionTime")
    for secret in facts.secrets:
        if secret.created_ns is not None and facts.baseline.changed("secret-version"):
            name = secret.name.rpartition("/")[2]
            version = secret.resolved_version or secret.version
            text = texts.get("diagnose.event_secret_version", secret=name, version=version)
            if any(change.name == name for change in facts.baseline.changed("secret-version")):
                yield secret.created_ns, "secret-version", text, secret.pointer


def _attempt(attempt: Attempt, texts: Texts) -> Iterator[tuple[int, str, str, Pointer]]:
    place = attempt.pointers[0] if attempt.pointers else Pointer("tasks", "")
    if attempt.ended_ns is None:
        return
    words = name_end(attempt.end.value, attempt.exit_code, attempt.signal, texts)
    text = texts.get("diagnose.event_attempt", task=str(attempt.task), attempt=str(attempt.number), end=words)
    yield attempt.ended_ns, "attempt-ended", text, place


def name_end(end: str, exit_code: int | None, signal: int | None, texts: Texts) -> str:
    """How an attempt ended, in the reader's words."""
    if end == End.EXITED and exit_code is not None:
        return texts.get("diagnose.end_exit_code", code=str(exit_code))
    if end == End.SIGNALLED and signal is not None:
        return texts.get("diagnose.end_signal", signal=str(signal))
    return texts.get(f"diagnose.end_{end}")


def _deciding_line(ranking: Ranking, texts: Texts, locate: Locate) -> Iterator[tuple[int, str, str, Pointer]]:
    """The first log line that the first finding rests on."""
    found = ranking.findings[0].support if ranking.findings else ()
    lines = (locate(place) for piece in found for place in piece.pointers)
    told = ((time_ns, pointer) for pointer, time_ns in lines if time_ns is not None and pointer.excerpt)
    first = next(told, None)
    if first is not None:
        yield first[0], "error", texts.get("diagnose.event_error", excerpt=first[1].excerpt), first[1]
