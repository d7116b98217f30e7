"""The locks of the checkout, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Locked:
    """A version with the hashes of its files; `marker` says on which machines it is installed, empty: on all."""

    version: str
    marker: str
    hashes: frozenset[str]


def read_lock(name: str) -> dict[str, Locked]:
    """By package."""
    found = {}
    for block in re.split(r"\n(?=\w)", (ROOT / name).read_text(encoding="utf-8")):
        package, version, marker = re.match(r"([\w.\[\]-]+)==(\S+)(?: ; (.*?))? \\", block).groups()  # type: ignore[union-attr]
        found[package] = Locked(version, marker or "", frozenset(re.findall(r"sha256:([0-9a-f]{64})", block)))
    return found
