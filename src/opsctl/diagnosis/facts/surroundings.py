"""What stands around the execution: identity, secrets, databases, image, job, commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsctl.diagnosis.facts.model import (
    AccessCheck,
    CommitFacts,
    ExecutionFacts,
    IdentityFacts,
    ImageFacts,
    JobFacts,
    Pointer,
    SecretFacts,
    SqlInstanceFacts,
)
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text, as_texts, objects, point
from opsctl.diagnosis.facts.shape import attached_instances, job_template
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.timestamps import parse_time


def derive_identity(evidence: Evidence) -> IdentityFacts:
    """Facts of `service_account`."""
    section = evidence.section("service_account")
    data = as_object(section.data)
    roles = data.get("projectRoles")
    return IdentityFacts(
        email=as_text(data.get("email")) or None,
        is_disabled=data.get("disabled") is True,
        roles=frozenset(as_texts(roles)) if isinstance(roles, list) else None,
        method=as_text(data.get("method")) or None,
        access=tuple(_read_access(data.get("access"))),
    )


def _read_access(value: object) -> Iterator[AccessCheck]:
    for pointer, item in objects(value, "/access"):
        verdict, permission = as_text(item.get("verdict")), as_text(item.get("permission"))
        # Any other verdict (UNKNOWN_INFO_DENIED, ...) tells nothing.
        if verdict in ("GRANTED", "DENIED", "NOT_GRANTED"):
            resource = as_text(item.get("resource"))
            place = point("service_account", pointer, f"{permission} on {resource}: {verdict}")
            yield AccessCheck(permission, resource, verdict == "GRANTED", place)


def derive_secrets(evidence: Evidence) -> tuple[SecretFacts, ...]:
    """Facts of `secrets`: versions and states, never values."""
    data = as_object(evidence.section("secrets").data)
    found = []
    for pointer, item in objects(data.get("secrets"), "/secrets"):
        name, version, state = as_text(item.get("name")), as_text(item.get("version")), as_text(item.get("state"))
        resolved = as_text(item.get("resolvedVersion")) or None
        shown = f"{name.rpartition('/')[2]} version {version}{f' = {resolved}' if resolved else ''}: {state}"
        place = point("secrets", pointer, shown)
        found.append(SecretFacts(name, version, resolved, state, parse_time(item.get("createTime")), place))
    return tuple(found)


def derive_cloudsql(evidence: Evidence) -> tuple[SqlInstanceFacts, ...]:
    """Facts of `cloudsql`."""
    data = as_object(evidence.section("cloudsql").data)
    found = []
    for pointer, item in objects(data.get("instances"), "/instances"):
        name, state = as_text(item.get("connectionName")), as_text(item.get("state"))
        policy, kinds = as_text(item.get("activationPolicy")), as_texts(item.get("ipTypes"))
        shown = f"{name}: {state}, activation policy {policy or 'not given'}, addresses {', '.join(kinds) or 'none'}"
        found.append(SqlInstanceFacts(name, state, policy, kinds, point("cloudsql", pointer, shown)))
    return tuple(found)


def derive_apis(evidence: Evidence) -> dict[str, str]:
    """Facts of `apis`: the state of each Google API in the project, as it is now."""
    services = as_object(evidence.section("apis").data).get("services")
    return {as_text(item.get("name")): as_text(item.get("state")) for _, item in objects(services, "/services")}


def derive_image(evidence: Evidence) -> ImageFacts:
    """Facts of `image`."""
    data = as_object(evidence.section("image").data)
    outer = as_object(data.get("config"))
    # An OCI image config has the run settings in its own `config`.
    inner = as_object(outer.get("config")) or outer
    texts = as_object(data.get("texts"))
    return ImageFacts(
        digest=as_text(data.get("digest")) or None,
        architecture=as_text(outer.get("architecture")) or None,
        os=as_text(outer.get("os")) or None,
        entrypoint=as_texts(inner.get("Entrypoint")),
        command=as_texts(inner.get("Cmd")),
        working_folder=as_text(inner.get("WorkingDir")) or None,
        env_names=frozenset(variable.partition("=")[0] for variable in as_texts(inner.get("Env"))),
        files={
            as_text(item.get("path")).rstrip("/"): as_text(item.get("mode"))
            for _, item in objects(data.get("files"), "/files")
            if as_text(item.get("path"))
        },
        absent=frozenset(path.rstrip("/") for path in as_texts(data.get("absent")) if path.strip("/")),
        texts={path: text for path, text in texts.items() if isinstance(text, str)},
        is_complete=data.get("complete") is True,
        named_by={path: as_text(name) for path, name in as_object(data.get("namedBy")).items()},
    )


def derive_job(evidence: Evidence, execution: ExecutionFacts) -> JobFacts:
    """Facts of `job`: as it is now, which may not be as it ran."""
    section = evidence.section("job")
    if not section.status.has_data:
        return JobFacts()
    data = as_object(section.data)
    template, annotations = job_template(data)
    updated = parse_time(data.get("updateTime"))
    is_later = None if updated is None or execution.created_ns is None else updated > execution.created_ns
    return JobFacts(
        generation=as_count(data.get("generation")),
        was_changed_after=is_later,
        cloudsql_instances=attached_instances(template, annotations) if template else None,
        pointer=Pointer("job", "/updateTime", as_text(data.get("updateTime"))),
    )


def derive_commits(evidence: Evidence) -> tuple[CommitFacts, ...]:
    """Facts of `commits`."""
    data = as_object(evidence.section("commits").data)
    return tuple(_read_commits(data.get("commits")))


def _read_commits(value: object) -> Iterable[CommitFacts]:
    for pointer, item in objects(value, "/commits"):
        subject, identifier = as_text(item.get("subject")), as_text(item.get("id"))
        place = point("commits", pointer, f"{identifier[:9]} {subject}")
        yield CommitFacts(identifier, subject, as_text(item.get("time")), as_texts(item.get("files")), place)
