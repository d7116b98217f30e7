"""What differs from the newest success of the same job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from opsctl.diagnosis.facts.execution import describe_execution, read_conditions
from opsctl.diagnosis.facts.model import (
    BaselineFacts,
    Change,
    EnvVar,
    ExecutionFacts,
    Outcome,
    Pointer,
    SecretFacts,
    TemplateSource,
)
from opsctl.diagnosis.facts.reading import as_object
from opsctl.diagnosis.facts.shape import read_shape
from opsctl.diagnosis.models import Evidence

_SIMPLE = (
    ("service-account", "service_account"),
    ("memory", "memory_limit_bytes"),
    ("timeout", "timeout_seconds"),
    ("max-retries", "max_retries"),
    ("vpc-connector", "vpc_connector"),
    ("vpc-network", "vpc_network"),
    ("vpc-egress", "vpc_egress"),
    ("execution-environment", "execution_environment"),
)
_PLACE = Pointer("baseline", "/execution/template")
Tokens = Mapping[tuple[str, str], str]


def derive_baseline(
    evidence: Evidence, now: ExecutionFacts, secrets: Iterable[SecretFacts], tokens: Tokens
) -> BaselineFacts:
    """The differences between the last success and this execution. `tokens` tell masked values apart: the same secret
    has the same token. Without a template on both sides there is nothing to compare: `changes` is None."""
    data = as_object(as_object(evidence.section("baseline").data).get("execution"))
    if not data:
        return BaselineFacts()
    shape = read_shape(data, TemplateSource.EXECUTION, "baseline", "/execution")
    then = describe_execution(
        evidence.name, shape, {}, conditions=read_conditions(shape), outcome=Outcome.SUCCEEDED, started=True
    )
    name = str(shape.fields.get("name") or "").rpartition("/")[2] or None
    if then.template_source is None or now.template_source is None:
        return BaselineFacts(name, then.completed_ns, None)
    changes = (
        *_simple_changes(then, now),
        *_env_changes(then.env, now.env, tokens),
        *_secret_changes(then, now, secrets),
    )
    return BaselineFacts(name, then.completed_ns, changes)


def _simple_changes(then: ExecutionFacts, now: ExecutionFacts) -> Iterator[Change]:
    if _image_identity(then.image) != _image_identity(now.image):
        yield Change("image", "", then.image, now.image, _PLACE)
    if _milli_cpus(then.cpu_limit) != _milli_cpus(now.cpu_limit):
        yield Change("cpu", "", then.cpu_limit, now.cpu_limit, _PLACE)
    for what, field in _SIMPLE:
        before, after = getattr(then, field), getattr(now, field)
        if before != after:
            yield Change(what, "", _show(before), _show(after), _PLACE)
    for what, before_all, after_all in (
        ("command", then.command, now.command),
        ("args", then.args, now.args),
        ("cloudsql", tuple(sorted(then.cloudsql_instances)), tuple(sorted(now.cloudsql_instances))),
    ):
        if before_all != after_all:
            yield Change(what, "", " ".join(before_all) or None, " ".join(after_all) or None, _PLACE)


def _env_changes(then: Iterable[EnvVar], now: Iterable[EnvVar], tokens: Tokens) -> Iterator[Change]:
    before, after = {item.name: item for item in then}, {item.name: item for item in now}
    for name in sorted(after.keys() - before.keys()):
        yield Change("env-added", name, None, _shown(after[name]), after[name].pointer)
    for name in sorted(before.keys() - after.keys()):
        yield Change("env-removed", name, _shown(before[name]), None, before[name].pointer)
    for name in sorted(before.keys() & after.keys()):
        if _is_changed(before[name], after[name], tokens):
            yield Change("env-changed", name, _shown(before[name]), _shown(after[name]), after[name].pointer)


def _is_changed(old: EnvVar, new: EnvVar, tokens: Tokens) -> bool:
    if (old.secret, old.secret_version) != (new.secret, new.secret_version):
        return True
    old_token, new_token = (tokens.get((item.pointer.section, f"{item.pointer.pointer}/value")) for item in (old, new))
    if old_token is not None and new_token is not None:
        return old_token != new_token
    # Of a masked value without a token nothing is known.
    return not (old.is_masked or new.is_masked) and old.value != new.value


def _secret_changes(then: ExecutionFacts, now: ExecutionFacts, secrets: Iterable[SecretFacts]) -> Iterator[Change]:
    """A secret version that was made after the last success began: what it held then is not what it holds now."""
    used = {variable.secret for variable in now.env if variable.secret} | set(now.secret_volumes)
    for secret in secrets:
        name = secret.name.rpartition("/")[2]
        if secret.created_ns is None or then.created_ns is None or (used and name not in used):
            continue
        if then.created_ns < secret.created_ns and (now.created_ns is None or secret.created_ns <= now.created_ns):
            yield Change("secret-version", name, None, secret.resolved_version or secret.version, secret.pointer)


def _image_identity(image: str | None) -> str | None:
    """The digest where there is one: the same content under another tag is no change."""
    return image.partition("@")[2] or image if image else None


def _milli_cpus(limit: str | None) -> float | str | None:
    """`1` and `1000m` are the same."""
    if limit is None:
        return None
    try:
        return float(limit[:-1]) if limit.endswith("m") else float(limit) * 1000
    except ValueError:
        return limit


def _shown(variable: EnvVar) -> str:
    if variable.secret:
        return f"secret {variable.secret}:{variable.secret_version or 'latest'}"
    return variable.value or ""


def _show(value: object) -> str | None:
    return None if value is None else str(value)
