"""Messages for people, in English and Korean.

A key is `area.name`. The area is a module in `en/` and in `ko/` with a dict `MESSAGES` (`name` -> template with
`{placeholders}`), read on first use. Both languages hold the same areas, names and placeholders; a test keeps it so.
Messages of errors are not here: they are English with stable codes.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache
from importlib import import_module

from opsctl.reporting.format import ValueFormat
from opsctl.reporting.language import Language
from opsctl.reporting.view import Scalar


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The messages of one language, with values written for it. Implements `reporting.view.Texts`."""

    language: Language = "en"
    zone: tzinfo | None = None
    _format: ValueFormat = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_format", ValueFormat(self.language, self.zone))

    def get(self, key: str, /, **values: Scalar) -> str:
        """The message with its values put in. Raises `KeyError` for a message or a placeholder that does not exist."""
        area, _, name = key.partition(".")
        template = read_area(self.language, area)[name]
        return _fill(template, {placeholder: self._format.show(value) for placeholder, value in values.items()})

    def show(self, value: Scalar, /) -> str:
        """One value as text."""
        return self._format.show(value)


@cache
def read_area(language: Language, area: str) -> Mapping[str, str]:
    """The messages of one area. Raises `KeyError` when there is no such area."""
    if not area.isidentifier():
        raise KeyError(area)
    try:
        messages: Mapping[str, str] = import_module(f"{__name__}.{language}.{area}").MESSAGES
    except ModuleNotFoundError as error:
        raise KeyError(area) from error
    return messages


def placeholders(template: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Puts values in by name only: no attribute or index access, so that a template cannot reach into a value."""
    parts: list[str] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(values[name])
    return "".join(parts)
