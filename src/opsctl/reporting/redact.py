"""Replaces secrets in text by `***`: the last line of defence for everything that is shown, logged or saved.

Two ways at once: what is secret by its form or its name (`secret_forms`), and the literal secrets of the configuration
in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from opsctl.reporting.key_lines import KeyBatches
from opsctl.reporting.secret_addresses import locate_user_info
from opsctl.reporting.secret_assignments import is_generated, looks_random
from opsctl.reporting.secret_forms import Mask, find_key_blocks, has_mask, is_masked, is_reference, replace_secrets
from opsctl.reporting.secret_names import Secrecy, secrecy_of
from opsctl.reporting.substrings import SubstringSearch

__all__ = [
    "MASK",
    "MIN_LITERAL_LENGTH",
    "KeyBatches",
    "Mask",
    "Redactor",
    "Secrecy",
    "SubstringSearch",
    "find_key_blocks",
    "has_mask",
    "is_generated",
    "is_masked",
    "is_reference",
    "locate_user_info",
    "looks_random",
    "redact",
    "replace_secrets",
    "secrecy_of",
]

MASK = "***"
# A shorter literal would mask ordinary words; a password that short is not protected by masking either.
MIN_LITERAL_LENGTH = 4


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`. Doing it twice changes nothing more."""
    return replace_secrets(text, _mask)


class Redactor:
    """`redact`, and the literal secrets that it has been told, wherever they appear."""

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._literals: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.learn(literals)

    def learn(self, literals: Iterable[str]) -> None:
        """Adds secrets. Texts shorter than four characters are left out: they would mask ordinary words."""
        new = {literal for literal in literals if len(literal) >= MIN_LITERAL_LENGTH} - self._literals
        if new:
            self._literals |= new
            longest_first = sorted(self._literals, key=lambda literal: (-len(literal), literal))
            self._pattern = re.compile("|".join(re.escape(literal) for literal in longest_first))

    def __call__(self, text: str) -> str:
        """`text` without any known secret and without anything that looks like one."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return redact(text)


def _mask(_kind: str, _secret: str) -> str:
    return MASK
