"""What a program said last before its timeout ended it: done, listening, still at work, or waiting for somebody.

Shared by the rules about timeouts. Cloud Run's text is the same for all of them; the last words tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from opsctl.diagnosis.facts.model import Attempt, End, Facts, Level, Message, Pointer
from opsctl.diagnosis.rules import last_words_patterns as patterns

LAST_MESSAGES = 10
FIRST_CHARACTERS = 300
# Silence that is not just the rhythm of the work: this share of the whole time, or this long.
LONG_SHARE = 0.3
LONG_SECONDS = 60.0
SHORT_SHARE = 0.1
# Lines that say the same again and again: so many, and at most this share of them different.
LEAST_REPEATED = 4
DIFFERENT_SHARE = 1 / 3
NANOSECONDS = 1e9


class Said(StrEnum):
    """What kind of thing a message says."""

    DONE = "done"
    LISTENING = "listening"
    IDLE = "idle"
    ASKING = "asking"
    CONTACTING = "contacting"
    WAITING = "waiting"
    FAILED = "failed"
    PROGRESS = "progress"
    STATEMENT = "statement"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LastWords:
    """The end of an attempt that its timeout ended.

    `silence_seconds` (and its `share` of the allowed time) is None when times are missing. `spoken` are the last
    messages, oldest first.
    """

    attempt: Attempt
    limit_seconds: float | None
    silence_seconds: float | None
    spoken: tuple[tuple[Said, Message], ...]

    @property
    def share(self) -> float | None:
        """The silence as a share of the allowed time."""
        if self.silence_seconds is None or not self.limit_seconds:
            return None
        return self.silence_seconds / self.limit_seconds

    @property
    def is_long_silence(self) -> bool:
        """Whether nothing came for so long that it was not the rhythm of the work."""
        if self.silence_seconds is None or self.share is None:
            return False
        return self.share >= LONG_SHARE or (self.silence_seconds >= LONG_SECONDS and self.share >= SHORT_SHARE)

    @property
    def is_busy(self) -> bool:
        """Whether lines came until the end."""
        return self.share is not None and self.share < SHORT_SHARE

    def last(self, *kinds: Said) -> Message | None:
        """The newest of the last messages that says one of these."""
        return next((message for said, message in reversed(self.spoken) if said in kinds), None)

    @property
    def final(self) -> Said:
        """What the very last message says; OTHER without one."""
        return self.spoken[-1][0] if self.spoken else Said.OTHER

    @property
    def is_repeating(self) -> bool:
        """Whether the last messages say the same few things again and again, and count nothing."""
        if len(self.spoken) < LEAST_REPEATED or any(
            said not in (Said.IDLE, Said.OTHER) for said, _ in self.spoken[-3:]
        ):
            return False
        lines = {_without_times(message.text[:FIRST_CHARACTERS]) for _, message in self.spoken}
        return len(lines) <= max(1.0, len(self.spoken) * DIFFERENT_SHARE)

    @property
    def is_idle(self) -> bool:
        """Whether the program had nothing to do at the end."""
        return self.final is Said.IDLE or self.is_repeating


def find_last_words(facts: Facts) -> LastWords | None:
    """The last words of the first failing attempt when a timeout ended it."""
    attempt = facts.first_failure
    if attempt is None or attempt.end is not End.TIMEOUT:
        return None
    newest = (message for message in reversed(facts.logs.messages) if _is_of(message, attempt))
    messages = list(islice(newest, LAST_MESSAGES))[::-1]
    ended_ns = attempt.ended_ns or _expected_end_ns(facts, attempt)
    silence = None
    if ended_ns is not None and attempt.last_output_ns is not None:
        silence = max(0.0, (ended_ns - attempt.last_output_ns) / NANOSECONDS)
    spoken = tuple((_classify_message(message), message) for message in messages)
    return LastWords(attempt, _limit_seconds(facts, attempt), silence, spoken)


def classify(text: str) -> Said:
    """What a message says, told from its beginning."""
    text = text[:FIRST_CHARACTERS]
    return next((said for said, holds in _KINDS if holds(text)), Said.OTHER)


def _classify_message(message: Message) -> Said:
    """What a message says; the numbers of a debug line are those of the machinery, not of the work."""
    said = classify(message.text)
    is_detail = message.level is Level.DEBUG and said in (Said.PROGRESS, Said.STATEMENT)
    return Said.OTHER if is_detail else said


def ended_itself(facts: Facts) -> tuple[Pointer, ...]:
    """Where it shows that every failing attempt ended before its timeout; empty when that is not so or not known."""
    itself = (End.EXITED, End.SIGNALLED, End.MEMORY)
    failing = [attempt for attempt in facts.attempts if attempt.end is not End.SUCCEEDED]
    if not failing or any(attempt.end not in itself for attempt in failing):
        return ()
    return failing[0].pointers


def _is_listening(text: str) -> bool:
    return patterns.LISTENING.search(text) is not None and patterns.PROXY.search(text) is None


def _finds_nothing(text: str) -> bool:
    """Whether nothing is there to do: a count of nothing with no other count beside it."""
    plain = _without_times(text)
    return patterns.ZERO.search(plain) is not None and _COUNT.search(plain) is None


def _is_done(text: str) -> bool:
    """Whether the whole is done; "batch 3 done" is not, and "500/500" is."""
    if patterns.WHOLE.search(text) is not None:
        return patterns.DONE.search(text) is not None or patterns.PROGRESS.search(text) is not None
    return patterns.DONE.search(text) is not None and patterns.PART.search(text) is None


def _is_waiting(text: str) -> bool:
    if patterns.TRYING.search(text) is not None:
        return True
    return patterns.WAITING.search(text) is not None and patterns.PROGRESS.search(text) is None


_COUNT = re.compile(r"(?<![\w.-])[1-9]\d*(?![\w.-])")


def _without_times(text: str) -> str:
    return patterns.TIMES.sub("", text)


# In this order: what is said first counts.
_KINDS: tuple[tuple[Said, Callable[[str], object]], ...] = (
    (Said.LISTENING, _is_listening),
    (Said.ASKING, patterns.ASKING.search),
    (Said.IDLE, patterns.IDLE.search),
    (Said.DONE, _is_done),
    (Said.IDLE, _finds_nothing),
    (Said.FAILED, patterns.FAILED.search),
    (Said.CONTACTING, patterns.CONTACTING.search),
    (Said.WAITING, _is_waiting),
    (Said.PROGRESS, patterns.PROGRESS.search),
    (Said.STATEMENT, patterns.STATEMENT.search),
)


def _is_of(message: Message, attempt: Attempt) -> bool:
    """Whether the program wrote it in this attempt; lines without labels count for the only one there is."""
    is_task = max(message.task, 0) == attempt.task and max(message.attempt, 0) == attempt.number
    return is_task and not message.origin.is_platform and bool(message.text.strip())


def _expected_end_ns(facts: Facts, attempt: Attempt) -> int | None:
    """When the timeout must have come, where no line tells: the program begins to write soon after its start."""
    if attempt.first_output_ns is None or not facts.execution.timeout_seconds:
        return None
    return attempt.first_output_ns + int(facts.execution.timeout_seconds * NANOSECONDS)


def _limit_seconds(facts: Facts, attempt: Attempt) -> float | None:
    """How long the attempt was allowed to take, else how long it took as far as it can be seen."""
    if facts.execution.timeout_seconds:
        return facts.execution.timeout_seconds
    if attempt.ended_ns is None or attempt.first_output_ns is None:
        return None
    return (attempt.ended_ns - attempt.first_output_ns) / NANOSECONDS or None
