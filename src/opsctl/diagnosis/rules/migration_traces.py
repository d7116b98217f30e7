"""What the rules about migrations read out of attempts: how the first failure ended, and what only its retries say."""

from __future__ import annotations

import re

from opsctl.diagnosis.facts.model import Attempt, End, Facts, Level, Message

# Endings that leave a run half done without a word of its own.
_CUT_SHORT = (End.TIMEOUT, End.MEMORY, End.SIGNALLED)


def failing_attempt_messages(facts: Facts) -> tuple[Message, ...]:
    """What the program said in the earliest failing attempt, in order. Lines without a label count as the first's."""
    first = facts.first_failure
    if first is None:
        return ()
    return tuple(message for message in facts.logs.messages if _belongs(message, first))


def said_only_by_retries(facts: Facts, pattern: re.Pattern[str]) -> Message | None:
    """The first line of a retry that matches, when the attempt before it failed without saying so.

    A first attempt that was killed, or that names an error of its own, can leave behind what the retry stumbles over.
    None when there was no retry, and when the first attempt may have failed in the same way unheard.
    """
    first = facts.first_failure
    if first is None or not any(attempt.number > first.number for attempt in facts.attempts):
        return None
    before = failing_attempt_messages(facts)
    if any(pattern.search(message.text) for message in before):
        return None
    if first.end not in _CUT_SHORT and not any(message.level >= Level.ERROR for message in before):
        return None
    retries = (message for message in facts.logs.messages if message.attempt > first.number)
    return next((message for message in retries if pattern.search(message.text)), None)


def _belongs(message: Message, attempt: Attempt) -> bool:
    if message.origin.is_platform or message.task not in (-1, attempt.task):
        return False
    return message.attempt in (-1, attempt.number)
