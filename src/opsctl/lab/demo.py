"""`opsctl lab run`: the main job from its beginning to its proof, through the very commands that an operator types."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import bson

from opsctl.lab.environment import Lab, open_collection
from opsctl.lab.sample_data import Sample

HALF = 0.4
POLL_SECONDS = 1.0

OUR_FIELDS = frozenset(
    {
        "s3_main_image",
        "s3_image_url",
        "s3_exterior_images",
        "s3_interior_images",
        "s3_color_images",
        "s3_images_metadata",
        "s3_migration",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command that was run, and how it ended."""

    command: str
    exit_code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demonstration proved. `originals_unchanged` compares all original fields, byte by byte, with before."""

    state: str
    documents: int
    images_stored: int
    images_failed: int
    failed_by_class: dict[str, int]
    expected_stored: int
    expected_failed_by_class: dict[str, int]
    differences: int
    originals_digest: str
    originals_unchanged: bool
    seconds: float
    steps: tuple[Step, ...]

    @property
    def is_as_expected(self) -> bool:
        return (
            self.state == "complete_with_failures"
            and self.images_stored == self.expected_stored
            and self.failed_by_class == self.expected_failed_by_class
            and self.differences == 0
            and self.originals_unchanged
        )


class Demo:
    """Runs the steps. `show` gets every command before it runs; `output` is where the commands' reports go."""

    def __init__(self, lab: Lab, sample: Sample, *, options: Sequence[str], output: Any, show: Callable[[str], None]):
        self._lab = lab
        self._sample = sample
        self._options = tuple(options)
        self._output = output
        self._show = show
        self._steps: list[Step] = []

    def run(self) -> DemoReport:
        """Everything, in order. Takes half a minute."""
        began = time.monotonic()
        before = digest_originals(self._lab)
        self._run("migrate", "images", "--dry-run")
        self._migrate()
        self._run("status")
        self._run("migrate", "verify")
        status, verified = self._read("status"), self._read("migrate", "verify")
        failures = self._read("migrate", "failures")
        after = digest_originals(self._lab)
        expected = Counter({outcome.value: count for outcome, count in self._sample.outcomes.items()})
        stored = expected.pop("stored")
        return DemoReport(
            state=status["state"],
            documents=status["documents"]["total"],
            images_stored=status["images"]["stored"],
            images_failed=status["images"]["failed"],
            failed_by_class=failures["byClass"],
            expected_stored=stored,
            expected_failed_by_class=dict(sorted(expected.items())),
            differences=verified["differenceCount"],
            originals_digest=after,
            originals_unchanged=before == after,
            seconds=round(time.monotonic() - began, 1),
            steps=tuple(self._steps),
        )

    def _migrate(self) -> None:
        """The migration, and `status` once it is about half done."""
        words = ("migrate", "images", "--yes")
        self._announce(words)
        began = time.monotonic()
        child = subprocess.Popen(self._command(*words), stdout=self._output)  # noqa: S603 our own program
        try:
            while child.poll() is None:
                time.sleep(POLL_SECONDS)
                if self._is_half_done():
                    self._run("status")
                    break
            code = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        self._steps.append(Step(f"opsctl {' '.join(words)}", code, round(time.monotonic() - began, 1)))

    def _is_half_done(self) -> bool:
        images = self._read("status")["images"]
        done = (images["stored"] or 0) + (images["failed"] or 0)
        return bool(images["planned"]) and done >= HALF * images["planned"]

    def _run(self, *words: str) -> None:
        self._announce(words)
        began = time.monotonic()
        code = subprocess.run(self._command(*words), stdout=self._output, check=False).returncode  # noqa: S603
        self._steps.append(Step(f"opsctl {' '.join(words)}", code, round(time.monotonic() - began, 1)))

    def _read(self, *words: str) -> dict[str, Any]:
        """The `data` of a command's JSON."""
        command = self._command(*words, "-q", "-o", "json")
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603
        data: dict[str, Any] = json.loads(done.stdout)["data"]
        return data

    def _announce(self, words: Sequence[str]) -> None:
        self._show(f"$ opsctl {' '.join(words)} --profile lab")

    def _command(self, *words: str) -> list[str]:
        config = ["--config", str(self._lab.config_file), "--profile", "lab"]
        return [sys.executable, "-m", "opsctl", *words, *config, *self._options]


def digest_originals(lab: Lab) -> str:
    """SHA-256 over the BSON of all original fields of all documents, in `_id` order and in the documents' own order."""
    digest = hashlib.sha256()
    with open_collection(lab) as (_, collection):
        for document in collection.find(sort=[("_id", 1)]):
            digest.update(bson.encode({name: value for name, value in document.items() if name not in OUR_FIELDS}))
    return digest.hexdigest()
