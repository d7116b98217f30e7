"""A configured value together with where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a flag, a variable of the environment, a line of the file, or the built-in default."""

    kind: Literal["flag", "environment", "file", "default"]
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        if self.kind == "file" and self.line is not None:
            return f"{self.name}, line {self.line}"
        return self.name


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written (TOML value, or text from the environment), before references are followed and types
    are checked."""

    value: object
    origin: Origin
    folder: Path | None = None
    """Folder that relative paths in the value start from; None means the working directory."""
