"""Every sentence that opsctl itself gives as a reason has one in each language."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path

import pytest

import opsctl.diagnosis
from opsctl.diagnosis import own_reasons
from opsctl.diagnosis.own_reasons import is_nothing_there, translate_reason
from opsctl.diagnosis.report import SectionSummary
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.texts.en.diagnose import MESSAGES

ENGLISH, KOREAN = Catalogue("en", UTC), Catalogue("ko", UTC)
HANGUL = re.compile("[가-힣]")
SAMPLES = (
    *own_reasons._SENTENCES,
    "no answer within 20 s",
    "none of the 12 executions before this one succeeded",
    "none of the 300 executions that were looked at succeeded",
    "the execution is older than 30 days, for which lines are usually kept; audit records are kept for 400",
    "the log has more than 60000 lines: its begin and its end were read, and of the middle the ends of attempts",
    "3 lines name no execution and were taken by job and time: they may be of another one",
    "Permission denied for all log views (logging.logEntries.list is missing)",
    "no such repository, or no right (artifactregistry.repositories.downloadArtifacts may be missing)",
    "a log exclusion filter may hide lines: quiet severity<ERROR",
)


@pytest.mark.parametrize("reason", SAMPLES)
def test_english_stays_as_it_is_and_korean_is_korean(reason: str) -> None:
    expected = reason.replace("none of the 0 executions before this one succeeded", MESSAGES["reason_first_execution"])
    assert translate_reason(reason, ENGLISH) == expected
    assert HANGUL.search(translate_reason(reason, KOREAN)) or reason == "--no-image"


def test_each_sentence_of_a_list_is_translated_and_what_a_service_said_is_kept() -> None:
    said = "run.googleapis.com: Permission 'run.jobs.get' denied; ask somebody"
    reason = f"no answer within 2.5 s; {said}; the tag as it is now; it may have moved since the execution"
    first, *kept, last = translate_reason(reason, KOREAN).split("; ")
    assert first == "2.5초 안에 응답이 없었습니다"
    assert "; ".join(kept) == said
    assert last == KOREAN.get("diagnose.reason_tag_now")


def test_the_sentences_are_those_that_collectors_write() -> None:
    """A sentence that was changed there and not here would be shown in English only."""
    package = Path(opsctl.diagnosis.__file__).parent
    files = [*package.glob("collect*.py"), *package.glob("collectors/*.py"), package / "policy_reading.py"]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    joined = re.sub(r'"\s+f?"', "", source)
    for sentence in own_reasons._SENTENCES:
        assert sentence.replace(" 0 ", " {looked} ") in joined or sentence == "--no-image", sentence


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("skipped", "the job uses no secrets", True),
        ("skipped", "the job names no Cloud SQL instance", True),
        ("skipped", "no checkout was named (--repo)", False),
        ("denied", "the job uses no secrets", False),
        ("skipped", None, False),
    ],
)
def test_what_a_job_does_not_use_was_not_missed(status: str, reason: str | None, expected: bool) -> None:
    assert is_nothing_there(SectionSummary("secrets", status, reason)) is expected
