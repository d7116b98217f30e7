"""Collects the Cloud SQL instances that the template names, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsctl.diagnosis.collectors.answers import EMPTY_ANSWER, empty, failed, reason_of, seen, skipped, status_of
from opsctl.diagnosis.collectors.each import ask_each
from opsctl.diagnosis.facts.reading import as_object, as_text, objects
from opsctl.diagnosis.models import JsonObject, Section, SectionStatus
from opsctl.diagnosis.ports import SqlInstances
from opsctl.errors import OpsctlError

SOURCE = "sqladmin.googleapis.com/sql/v1beta4 instances.get"


async def collect_sql(sql: SqlInstances, connection_names: Sequence[str]) -> Section:
    """One item for each connection name `project:region:instance`. An instance that does not exist has the state
    NOT_FOUND, one that may not be seen DENIED."""
    if not connection_names:
        return skipped("the job names no Cloud SQL instance")

    async def ask(connection_name: str) -> JsonObject:
        # A project may be in a domain, `example.com:project`: the last two parts are region and instance.
        project, _, instance = connection_name.rsplit(":", 2)
        return await sql.get_instance(project, instance)

    answers = await ask_each(ask, connection_names)
    errors = [answer for answer in answers if isinstance(answer, OpsctlError)]
    if not any(answers):
        return empty(EMPTY_ANSWER, SOURCE)
    if len(errors) == len(answers) and not any(status_of(error) is SectionStatus.NOT_FOUND for error in errors):
        return failed(errors[0], SOURCE)
    items = [_item(name, answer) for name, answer in zip(connection_names, answers, strict=True)]
    refused = [reason_of(error) for error in errors if status_of(error) is not SectionStatus.NOT_FOUND]
    return seen({"instances": items}, SOURCE, refused)


def _item(connection_name: str, answer: JsonObject | OpsctlError) -> dict[str, Any]:
    if isinstance(answer, OpsctlError):
        state = {SectionStatus.NOT_FOUND: "NOT_FOUND", SectionStatus.DENIED: "DENIED"}.get(status_of(answer), "UNKNOWN")
        return {"connectionName": connection_name, "state": state, "activationPolicy": None, "ipTypes": []}
    settings = as_object(answer.get("settings"))
    network = as_object(settings.get("ipConfiguration"))
    return {
        # What the job uses: the instance may answer with the region that it really is in.
        "connectionName": connection_name,
        "actualConnectionName": answer.get("connectionName"),
        "state": as_text(answer.get("state")),
        "activationPolicy": settings.get("activationPolicy"),
        "ipTypes": [as_text(address.get("type")) for _, address in objects(answer.get("ipAddresses"), "")],
        "suspensionReason": answer.get("suspensionReason"),
        "databaseVersion": answer.get("databaseVersion"),
        "serverCaMode": network.get("serverCaMode"),
        "sslMode": network.get("sslMode"),
    }
