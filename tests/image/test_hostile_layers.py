"""Layers made to hurt are refused with a clear code or read, in bounded memory and time, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIGHEST_PEAK_MIB = 64
# The time of the processor that the known work takes, on whatever machine; the slowest takes a third of it.
MOST_TIMES = 60
BOMB = "layer-bomb"
# Making a million headers takes ten seconds.
LONG = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("gzip-bomb", BOMB),
        ("zstd-bomb", BOMB),
        pytest.param("plain-2-gib", "0 found, 5 absent, 0 undecided", marks=LONG),
        pytest.param("million-files", "1 found, 4 absent, 0 undecided", marks=LONG),
        pytest.param("million-folders", BOMB, marks=LONG),
        pytest.param("million-hard-links", BOMB, marks=LONG),
        pytest.param("million-symlinks", BOMB, marks=LONG),
        pytest.param("folder-replaced", "layer-unreadable", marks=LONG),
        ("pax-100-mb", "layer-unreadable"),
        pytest.param("names-of-1-mb", BOMB, marks=LONG),
        pytest.param("deep-names", BOMB, marks=LONG),
        ("symlink-maze", BOMB),
        ("hard-link-maze", "1 found, 3 absent, 1 undecided"),
    ],
)
def test_a_layer_made_to_hurt_is_bounded(name: str, outcome: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.image.hostile", name],
        cwd=ROOT, capture_output=True, timeout=1800, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outcome"] == outcome
    assert found["peak_mib"] < HIGHEST_PEAK_MIB
    assert found["seconds"] < MOST_TIMES * found["known_seconds"]
