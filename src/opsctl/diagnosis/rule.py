"""What a rule is made of: signs in messages, error codes, and clues from the other facts.

How to write a rule
-------------------
One module a cause in `rules/`, named like the cause. Its docstring is the page that `opsctl cloudrun rules show CAUSE`
prints: first line the title, then `What is wrong`, `How it is recognised`, `Look-alikes`, `Remedy`, `Sources`. It ends
with one `RULE`. Words for people (title, summary, remedies) are in the texts of its family.

- A **sign** is a text template of a tool: `needle` (one or more lower-case literals, one of which every match holds: it
  makes the search fast) and, where the needle alone says too little, a `pattern`. Match what the tool's format string
  fixes, never a host, a table or a name. `example` is a message as the tool prints it; a test holds needle and pattern
  to it. `source` says where the text was read.
- A **code** is an error code that `facts.codes` finds in whatever shape the driver prints it: prefer it to a sign.
- A **clue** comes from `look(facts)`: configuration, image, roles, times. It supports or refutes.

Weights are log-odds: see `Weight`. Evidence adds up, each further piece for less (`rank`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache

from opsctl.diagnosis.facts.model import Facts, Pointer


class Weight(StrEnum):
    """How much one piece of evidence says, from "the platform states it" to "a hint"."""

    PLATFORM = "platform"  # Cloud Run says itself what it did: nothing in a log outweighs it
    DECISIVE = "decisive"  # this text or fact has one reading
    STRONG = "strong"  # seldom anything else
    MODERATE = "moderate"  # fits this cause and a few others
    WEAK = "weak"  # a hint; never enough alone


class Stage(IntEnum):
    """How far a run has to come for a cause to show. An error of a later stage proves that earlier ones were passed."""

    PLATFORM = 1  # image, secrets, quota: before the container
    START = 2  # command, binary format
    LOAD = 3  # modules, files of the program
    CONFIGURE = 4  # environment, tool configuration
    CONNECT = 5  # name resolution, socket, TCP
    SESSION = 6  # TLS, user, database, connection limit
    HISTORY = 7  # migration lock, migration history
    WORK = 8  # statements, program logic, API calls
    END = 9  # memory, time, exit


class Risk(StrEnum):
    """What a remedy can do."""

    READ_ONLY = "read-only"
    REVERSIBLE = "reversible"
    CHANGES_DATA = "changes-data"


@dataclass(frozen=True, slots=True)
class Sign:
    """A message template. `needle` is lower case; `pattern` is searched in the message, ignoring case unless it says
    otherwise; `unless` takes a match back. `platform` True: only in what Cloud Run writes; False: only in what the
    program writes; None: anywhere."""

    id: str
    weight: Weight
    needle: str | tuple[str, ...]
    pattern: str | None = None
    unless: str | None = None
    platform: bool | None = None
    source: str = ""
    example: str = ""

    @property
    def needles(self) -> tuple[str, ...]:
        """The needles as a tuple."""
        return (self.needle,) if isinstance(self.needle, str) else self.needle

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the sign stands in a text, as offsets; None when it does not."""
        lower = text.lower()
        place = next((lower.find(needle) for needle in self.needles if needle in lower), None)
        if place is None or (self.unless is not None and compiled(self.unless).search(text)):
            return None
        if self.pattern is None:
            return place, place + len(self.needles[0])
        match = compiled(self.pattern).search(text)
        return match.span() if match else None


@dataclass(frozen=True, slots=True)
class Codes:
    """Error codes of one system that speak for the cause. A code may be a prefix ending in `*` (`23*`)."""

    system: str
    weight: Weight
    codes: tuple[str, ...]

    def holds(self, code: str) -> bool:
        """Whether a code is one of them."""
        return any(code == own or (own.endswith("*") and code.startswith(own[:-1])) for own in self.codes)


@dataclass(frozen=True, slots=True)
class Clue:
    """A fact that supports or refutes a cause. `id` names its sentence in the texts of the family (`clue_<id>`)."""

    id: str
    weight: Weight
    pointers: tuple[Pointer, ...]
    supports: bool = True
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do. `id` names its sentences: `<cause>_remedy_<id>`, and for a risk above read-only `..._before`
    (precondition) and `..._undo`. Commands have the placeholders of `report.placeholders`: {project}, {region}, {job},
    {execution}, {service_account}, {image}, {folder}, {secret}, {instance}."""

    id: str
    risk: Risk
    commands: tuple[str, ...] = ()
    is_workaround: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The read-only look that tells this cause best from others: a command, and the section it would fill."""

    section: str
    command: str


def no_clues(_facts: Facts) -> Iterator[Clue]:
    """For rules that need nothing but messages."""
    return iter(())


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One cause. `family` is the area of its texts (`causes_<family>`).

    `needs`: without any of these sections the cause is "not checked". `refutable_by`: sections that could speak against
    it; while one is missing it is never "confirmed". `yields_to`: more specific causes that hide it when they are seen.
    """

    cause: str
    family: str
    stage: Stage
    signs: tuple[Sign, ...] = ()
    codes: tuple[Codes, ...] = ()
    look: Callable[[Facts], Iterator[Clue]] = no_clues
    needs: tuple[str, ...] = ("logs",)
    refutable_by: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    check: Check | None = None
    is_control: bool = False

    @property
    def key(self) -> str:
        """The prefix of its texts."""
        return self.cause.replace("-", "_")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a sign, compiled on first use: a run needs few of the hundreds."""
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
