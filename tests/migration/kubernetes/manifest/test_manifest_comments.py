"""Manifests as they are printed."""

from __future__ import annotations

from typing import get_args

import pytest
import yaml

from opsctl.migration.kubernetes.manifest.comments import write_comments
from opsctl.migration.kubernetes.manifest.documents import build_manifest
from opsctl.migration.kubernetes.manifest.models import ManifestSettings, Variable
from opsctl.migration.kubernetes.manifest.takeover import take_over
from opsctl.migration.kubernetes.models import JobKey
from opsctl.reporting.language import Language
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.yaml_documents import dump_documents
from tests.migration.kubernetes.old_job import KEY, has_password, old_job

SETTINGS = ManifestSettings(
    JobKey(KEY.namespace, "car-images"),
    "python:3.11-slim",
    4,
    2,
    variables=(Variable("OPSCTL_MONGO_URI"),),
    takeover=take_over(old_job(), has_password),
)


@pytest.mark.parametrize("language", get_args(Language))
def test_the_printed_text_holds_the_documents_and_every_comment(language: Language) -> None:
    documents, texts = build_manifest(SETTINGS), Catalogue(language)
    written = dump_documents([(document.body, write_comments(document, texts)) for document in documents])
    assert list(yaml.safe_load_all(written)) == [document.body for document in documents]
    told = sum(line.strip().startswith("# ") for line in written.splitlines())
    assert told >= sum(len(document.notes) for document in documents)


def test_what_a_person_has_to_decide_stands_above_its_place() -> None:
    job = build_manifest(SETTINGS)[-1]
    lines = dump_documents([(job.body, write_comments(job, Catalogue("en")))]).splitlines()
    marked = [
        next(later for later in lines[number:] if not later.lstrip().startswith("#")).strip()
        for number, line in enumerate(lines)
        if "# DECIDE:" in line
    ]
    assert marked == ["- name: MONGODB_URI", "- name: OPSCTL_MONGO_URI"]
