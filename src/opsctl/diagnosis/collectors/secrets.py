"""Collects which secret versions the template names, and their states. Never a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsctl.diagnosis.collectors.answers import EMPTY_ANSWER, empty, failed, reason_of, seen, skipped, status_of
from opsctl.diagnosis.collectors.each import ask_each
from opsctl.diagnosis.collectors.references import SecretReference
from opsctl.diagnosis.facts.reading import as_text
from opsctl.diagnosis.models import Section, SectionStatus
from opsctl.diagnosis.ports import Secrets
from opsctl.errors import OpsctlError

SOURCE = "secretmanager.googleapis.com/v1 versions.get"


async def collect_secrets(secrets: Secrets, references: Sequence[SecretReference]) -> Section:
    """One item for each reference; one that does not exist has the state NOT_FOUND, one that may not be seen DENIED."""
    if not references:
        return skipped("the job uses no secrets")

    async def ask(reference: SecretReference) -> dict[str, Any]:
        version = await secrets.get_version(reference.resource, reference.version)
        return {
            "resolvedVersion": as_text(version.get("name")).rpartition("/")[2],
            "state": as_text(version.get("state")),
            "createTime": version.get("createTime"),
        }

    answers = await ask_each(ask, references)
    errors = [answer for answer in answers if isinstance(answer, OpsctlError)]
    statuses = {status_of(error) for error in errors}
    if not errors and not any(answer["state"] for answer in answers if isinstance(answer, dict)):
        return empty(EMPTY_ANSWER, SOURCE)
    # A secret that is not there is an answer; when nothing but refusals came, nothing was seen.
    if len(errors) == len(answers) and SectionStatus.NOT_FOUND not in statuses:
        return failed(errors[0], SOURCE)
    items = [_item(reference, answer) for reference, answer in zip(references, answers, strict=True)]
    refused = [reason_of(error) for error in errors if status_of(error) is not SectionStatus.NOT_FOUND]
    return seen({"secrets": items}, SOURCE, refused)


def _item(reference: SecretReference, answer: dict[str, Any] | OpsctlError) -> dict[str, Any]:
    named = {"name": reference.name, "version": reference.version}
    if isinstance(answer, OpsctlError):
        return named | {"resolvedVersion": None, "state": _STATES[status_of(answer)], "createTime": None}
    return named | answer


_STATES = {
    SectionStatus.NOT_FOUND: "NOT_FOUND",
    SectionStatus.DENIED: "DENIED",
    SectionStatus.ERROR: "UNKNOWN",
}
