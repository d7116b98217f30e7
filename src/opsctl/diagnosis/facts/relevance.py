"""How much each message may speak about the failure.

A log is full of errors that ended nothing: retried connections, exporters of metrics, earlier warnings, and the
consequences of the first failure in later attempts. What ended the earliest failing attempt speaks with 1.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence

from opsctl.diagnosis.facts.model import Attempt, End, Level, Message, Origin
from opsctl.diagnosis.facts.phrases import Phrase

LATER_ATTEMPT = 0.3
PASSED_TASK = 0.15
RETRIED = 0.7
TELEMETRY = 0.25
SURVIVED = 0.3
_LEVELS = {
    Level.DEBUG: 0.4,
    Level.INFO: 0.55,
    Level.DEFAULT: 1.0,
    Level.WARNING: 0.5,
    Level.ERROR: 1.0,
    Level.FATAL: 1.0,
}
# An error is worth less the more errors follow it in its attempt; what is left after many.
_PER_ERROR_AFTER = 0.05
_LEAST_FOR_PLACE = 0.6

_RETRIES = Phrase(
    ("retr", "again", "attempt", "reconnecting", "waiting for", "/"),
    r"\bretry(?:ing)?\b|will (?:be retried|retry|try again)|\battempt \d+ ?(?:of|/) ?\d+|reconnecting|trying again"
    r"|\(\d+/\d+\)|next attempt in|waiting for (?:the )?(?:database|db|postgres|mysql)",
)
# The last of the tries that were allowed: what it failed of is what the program fails of.
_LAST_TRY = Phrase(
    ("/", " of ", "left", "remaining", "exhausted"),
    r"\((?P<bracket>\d{1,4})/(?P=bracket)\)|\b(?:attempt|try|retry) #?(?P<try>\d{1,4}) ?(?:of|/) ?(?P=try)\b"
    r"|no (?:more )?(?:retries|attempts|tries) (?:left|remaining)|(?:retries|attempts) exhausted",
)
_GIVES_UP = Phrase(
    ("giv", "gave", "abort", "exhausted", "max", "after", "all "),
    r"\bgiv(?:ing|e|en|es) up\b|\bgave up\b|\babort(?:ing|ed)\b|(?:retries|attempts) exhausted"
    r"|max(?:imum)? (?:number of )?(?:retries|attempts|tries)"
    r"|(?:after|all) \d{1,4} (?:failed )?(?:retries|attempts|tries)",
)
_TELEMETRY = Phrase(
    (
        *("telemetry", "otel", "metric", "trac", "statsd", "datadog", "relic", "prometheus", "honeycomb", "jaeger"),
        *("zipkin", "sentry", "apm", "profiler", "posthog", "segment.io", "rollbar", "bugsnag"),
    ),
    r"opentelemetry|\botel|(?<![\w.-])(?<!quota )metrics?(?![\w-])|metric ?(?:reader|exporter)|\btrac(?:ing|er|es)\b"
    r"|statsd|datadog|\bdd-?trace|newrelic|new relic"
    r"|prometheus|honeycomb|jaeger|zipkin|\bsentry\b|\bapm\b|telemetry|cloud ?trace|cloud ?profiler|posthog"
    r"|segment\.io|rollbar|bugsnag",
)
# An error of connecting to something, whatever the runtime.
_CONNECTING = Phrase(
    (
        *("econn", "enotfound", "eai_again", "etimedout", "ehostunreach", "refused", "getaddrinfo", "time", "reach"),
        *("host", "connect", "resol"),
    ),
    r"ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|refused|getaddrinfo|timed? ?out|unreachable|no such host"
    r"|(?:could|can|did) ?not (?:connect|reach|resolve)|can't (?:connect|reach)|connection (?:failed|error|reset|lost)"
    r"|connect(?:ing|ion)? error|name resolution",
)
# What a program says when it does without, or when a further try succeeded.
_GOES_ON = Phrase(
    (
        *("away", "falling", "fallback", "using", "memory", "without", "continue", "ignoring", "disabled", "skip"),
        *("offline", "connect", "ready", "healthy", "reachable", "is up"),
    ),
    r"\bis away\b|falling back|\bfallback\b|using .{1,40} instead|(?:are|is|be) kept in memory|in-memory"
    r"|continuing without|proceeding without|going on without|will continue|ignoring"
    r"|\bdisabled\b|\bskipp(?:ed|ing)\b|\boffline mode\b"
    r"|connection (?:successful|established|restored|ok)|connected (?:to|again|after)"
    r"|successfully connected|reconnected"
    r"|connection to \S+ established|is (?:now )?(?:ready|healthy|reachable)|\bdatabase is up\b",
)
_NOT_GOING_ON = re.compile(r"\bnot\b|n't\b|unable|failed", re.IGNORECASE)
# Warnings in name that end a program, or that are all it says of what ended it: a rejected promise in Node.js, a Spring
# context that is given up.
_ENDS = re.compile(r"UnhandledPromiseRejectionWarning: (?!Unhandled promise rejection)|cancelling refresh attempt")
# So many messages further on.
_LOOK_AHEAD = 4
_NEIGHBOUR_NS = 2_000_000_000
_ERRORS = ("error", "exception", "fail", "fatal", "panic", "traceback", "denied", "refused", "cannot", "could not")


def weigh_messages(messages: Iterable[Message], attempts: Sequence[Attempt]) -> list[Message]:
    """The messages with their relevance."""
    ordered = list(messages)
    factors = _attempt_factors(attempts)
    errors_after: dict[tuple[int, int], int] = {}
    following: dict[tuple[int, int], deque[Message]] = {}
    plain = _attempts_with_errors(ordered)
    weighed: list[Message] = []
    for message in reversed(ordered):
        key = _key(message)
        if message.origin.is_platform:
            factor = factors.get(key, 1.0) if message.origin is Origin.SYSTEM else 1.0
            weighed.append(message._replace(relevance=factor) if factor != 1.0 else message)
            continue
        after = errors_after.get(key, 0)
        place = max(_LEAST_FOR_PLACE, 1.0 - _PER_ERROR_AFTER * after)
        later = following.setdefault(key, deque(maxlen=_LOOK_AHEAD))
        is_try = _RETRIES.stands_in(_first_line(message))
        # Where nothing worse was said, the last try is what the program ended with.
        is_final = _is_last_try(message, later, is_try=is_try) or (is_try and after == 0 and key not in plain)
        relevance = factors.get(key, 0.9) * (1.0 if is_final else _by_level(message)) * place
        relevance *= _wording(message, is_retried=is_try and not is_final) * _sequel(message, later)
        later.appendleft(message)
        if _looks_like_error(message) or (is_try and key not in plain):
            errors_after[key] = after + 1
        weighed.append(message if relevance == 1.0 else message._replace(relevance=relevance))
    weighed.reverse()
    return weighed


def _attempt_factors(attempts: Sequence[Attempt]) -> dict[tuple[int, int], float]:
    """By task and attempt: the first failure of each failing task speaks fully."""
    factors: dict[tuple[int, int], float] = {}
    failed_before: set[int] = set()
    for attempt in attempts:
        key = (attempt.task, attempt.number)
        if attempt.end is End.SUCCEEDED:
            factors[key] = PASSED_TASK
        elif attempt.task in failed_before:
            factors[key] = LATER_ATTEMPT
        else:
            factors[key] = 1.0
            failed_before.add(attempt.task)
    return factors


def _by_level(message: Message) -> float:
    if message.level is Level.WARNING and _ENDS.search(message.text[:2000]):
        return _LEVELS[Level.ERROR]
    return _LEVELS[message.level]


def _attempts_with_errors(messages: Iterable[Message]) -> set[tuple[int, int]]:
    """The tasks and attempts in which something was said that is not just a warning or a try."""
    return {_key(message) for message in messages if not message.origin.is_platform and _is_plain_error(message)}


def _is_plain_error(message: Message) -> bool:
    if message.level >= Level.ERROR:
        return True
    return (
        message.level is Level.DEFAULT and _looks_like_error(message) and not _RETRIES.stands_in(_first_line(message))
    )


def _is_last_try(message: Message, following: Sequence[Message], *, is_try: bool) -> bool:
    if _LAST_TRY.stands_in(_first_line(message)):
        return True
    is_told = is_try and message.level >= Level.INFO
    return is_told and bool(following) and _GIVES_UP.stands_in(_first_line(following[0]))


def _key(message: Message) -> tuple[int, int]:
    """Task and attempt; a line without labels is one of the first."""
    return (max(message.task, 0), max(message.attempt, 0))


def _first_line(message: Message) -> str:
    return message.text[:300].partition("\n")[0]


def _wording(message: Message, *, is_retried: bool) -> float:
    factor = 1.0
    # The first line says what it is about; frames of a stack trace name libraries that did nothing wrong.
    text = _first_line(message)
    if is_retried:
        factor *= RETRIED
    if message.level <= Level.WARNING and _TELEMETRY.stands_in(text):
        factor *= TELEMETRY
    return factor


def _sequel(message: Message, following: Iterable[Message]) -> float:
    """Whether what came next shows that an error of connecting was survived, or belonged to an exporter."""
    text = message.text[:2000]
    if not _CONNECTING.stands_in(text):
        return 1.0
    for distance, later in enumerate(following):
        words = later.text[:300]
        if _GOES_ON.stands_in(words) and not _NOT_GOING_ON.search(words):
            return SURVIVED
        is_near = (later.time_ns or 0) - (message.time_ns or 0) < _NEIGHBOUR_NS
        if distance == 0 and is_near and _TELEMETRY.stands_in(words) and _CONNECTING.stands_in(words):
            return TELEMETRY
    return 1.0


def _looks_like_error(message: Message) -> bool:
    if message.level >= Level.ERROR:
        return True
    lower = message.text[:500].lower()
    # A plain loop: `any` with a generator takes three times as long.
    for word in _ERRORS:  # noqa: SIM110
        if word in lower:
            return True
    return False
