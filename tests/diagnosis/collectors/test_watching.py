"""Whoever watches hears the end of every part, also of those that are not asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from opsctl.diagnosis.collect import CollectSettings, Known, Unwatched, collect
from opsctl.diagnosis.evidence_reading import parse_execution_name
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Section, SectionStatus
from tests.diagnosis.collectors.live import NOW, PATIENT, QUICK, incident
from tests.fakes.virtual_time import run_virtual

PARTS = {*SECTIONS, *OWN_SECTIONS} - {"execution", "value_facts"}


class Listener(Unwatched):
    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.heard: list[tuple[str, str]] = []

    def begin(self, section: str) -> None:
        self.begun[section] += 1
        self.heard.append(("begin", section))

    def end(self, section: str, status: SectionStatus) -> None:
        assert isinstance(status, SectionStatus)
        self.ended[section] += 1
        self.heard.append(("end", section))


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("settings", [PATIENT, replace(PATIENT, without_image="--no-image")])
def test_every_part_ends_once(settings: CollectSettings, is_known: bool) -> None:
    document, google = incident()
    name = parse_execution_name(document["executionName"])
    section = Section(SectionStatus.OK, data=google.executions[name.full])
    if not is_known:
        section = Section(SectionStatus.NOT_FOUND, "gone")
        google.jobs.clear()
    listener = Listener()
    run_virtual(lambda: collect(Known(name, section), google.sources(), lambda: NOW, settings, listener))
    assert listener.ended == Counter(dict.fromkeys(PARTS, 1))
    assert listener.begun <= listener.ended


def test_the_image_is_asked_for_while_the_log_is_still_read() -> None:
    document, google = incident()
    google.faults = {"read": None}
    name = parse_execution_name(document["executionName"])
    listener = Listener()
    known = Known(name, Section(SectionStatus.OK, data=google.executions[name.full]))
    run_virtual(lambda: collect(known, google.sources(), lambda: NOW, QUICK, listener))
    heard = listener.heard
    assert heard.index(("begin", "image")) < heard.index(("end", "logs")) < heard.index(("end", "image"))
