"""Layers made to hurt are refused with a clear code or read, in bounded memory and time, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIGHEST_PEAK_MIB = 64
MOST_SECONDS = 30  # of CPU; the slowest takes half of it
BOMB = "layer-bomb"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("gzip-bomb", BOMB),
        ("zstd-bomb", BOMB),
        ("plain-2-gib", "0 found, 5 absent, 0 undecided"),
        ("million-files", "1 found, 4 absent, 0 undecided"),
        ("million-hard-links", BOMB),
        ("million-symlinks", BOMB),
        ("folder-replaced", "layer-unreadable"),
        ("pax-100-mb", "layer-unreadable"),
        ("names-of-1-mb", BOMB),
        ("deep-names", BOMB),
        ("symlink-maze", BOMB),
        ("hard-link-maze", "1 found, 3 absent, 1 undecided"),
    ],
)
def test_a_layer_made_to_hurt_is_bounded(name: str, outcome: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.image.hostile", name],
        cwd=ROOT, capture_output=True, timeout=240, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outcome"] == outcome
    assert found["peak_mib"] < HIGHEST_PEAK_MIB
    assert found["seconds"] < MOST_SECONDS
