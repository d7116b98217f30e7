"""What differs from the newest success of the same job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from opsctl.diagnosis.facts.execution import derive_execution
from opsctl.diagnosis.facts.model import BaselineFacts, Change, EnvVar, ExecutionFacts, Pointer, SecretFacts
from opsctl.diagnosis.facts.reading import as_object, point
from opsctl.diagnosis.models import Evidence, Section, SectionStatus

_SIMPLE = (
    ("image", "image"),
    ("service-account", "service_account"),
    ("memory", "memory_limit_bytes"),
    ("cpu", "cpu_limit"),
    ("timeout", "timeout_seconds"),
    ("max-retries", "max_retries"),
    ("vpc-connector", "vpc_connector"),
    ("vpc-network", "vpc_network"),
    ("vpc-egress", "vpc_egress"),
    ("execution-environment", "execution_environment"),
)


def derive_baseline(
    evidence: Evidence,
    now: ExecutionFacts,
    secrets: Iterable[SecretFacts],
    tokens: Mapping[tuple[str, str], str],
) -> BaselineFacts:
    """The differences between the last success and this execution. `tokens` tell masked values apart: the same secret
    has the same token."""
    section = evidence.section("baseline")
    data = as_object(as_object(section.data).get("execution"))
    if not data:
        return BaselineFacts()
    then = derive_execution(_as_evidence(evidence, section, data), {})
    # Its variables are read with pointers into its own section.
    changes = (
        *_simple_changes(then, now),
        *_env_changes(then.env, now.env, tokens),
        *_secret_changes(then, now, secrets),
    )
    name = str(data.get("name") or "").rpartition("/")[2] or None
    return BaselineFacts(name, then.completed_ns, changes)


def _as_evidence(evidence: Evidence, section: Section, data: Mapping[str, object]) -> Evidence:
    return Evidence(evidence.name, None, {"execution": Section(SectionStatus.OK, source=section.source, data=data)})


def _simple_changes(then: ExecutionFacts, now: ExecutionFacts) -> Iterator[Change]:
    for what, field in _SIMPLE:
        before, after = getattr(then, field), getattr(now, field)
        if before != after:
            yield Change(what, "", _show(before), _show(after), Pointer("baseline", "/execution/template"))
    for what, before_all, after_all in (
        ("command", then.command, now.command),
        ("args", then.args, now.args),
        ("cloudsql", then.cloudsql_instances, now.cloudsql_instances),
    ):
        if before_all != after_all:
            place = Pointer("baseline", "/execution/template")
            yield Change(what, "", " ".join(before_all) or None, " ".join(after_all) or None, place)


def _env_changes(
    then: Iterable[EnvVar], now: Iterable[EnvVar], tokens: Mapping[tuple[str, str], str]
) -> Iterator[Change]:
    before, after = {item.name: item for item in then}, {item.name: item for item in now}
    for name in sorted(after.keys() - before.keys()):
        yield Change("env-added", name, None, _shown(after[name]), after[name].pointer)
    for name in sorted(before.keys() - after.keys()):
        place = point("baseline", f"/execution{before[name].pointer.pointer}", name)
        yield Change("env-removed", name, _shown(before[name]), None, place)
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        old_token = tokens.get(("baseline", f"/execution{old.pointer.pointer}/value"))
        new_token = tokens.get(("execution", f"{new.pointer.pointer}/value"))
        if old.is_masked and new.is_masked:
            is_changed = old_token is not None and new_token is not None and old_token != new_token
        else:
            is_changed = (old.value, old.secret, old.secret_version) != (new.value, new.secret, new.secret_version)
        if is_changed:
            yield Change("env-changed", name, _shown(old), _shown(new), new.pointer)


def _secret_changes(then: ExecutionFacts, now: ExecutionFacts, secrets: Iterable[SecretFacts]) -> Iterator[Change]:
    """A secret version that was made after the last success began: what it held then is not what it holds now."""
    used = {variable.secret for variable in now.env if variable.secret} | set(now.secret_volumes)
    for secret in secrets:
        name = secret.name.rpartition("/")[2]
        if secret.created_ns is None or then.created_ns is None or (used and name not in used):
            continue
        if then.created_ns < secret.created_ns and (now.created_ns is None or secret.created_ns <= now.created_ns):
            yield Change("secret-version", name, None, secret.resolved_version or secret.version, secret.pointer)


def _shown(variable: EnvVar) -> str:
    if variable.secret:
        return f"secret {variable.secret}:{variable.secret_version or 'latest'}"
    return variable.value or ""


def _show(value: object) -> str | None:
    return None if value is None else str(value)
