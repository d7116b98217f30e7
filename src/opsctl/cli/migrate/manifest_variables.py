"""What the pods of a manifest are told of the profile: its keys as variables, secrets as references only.

A pod is inside the cluster: `mongo.forward`, `kubernetes.*` and `cloudrun.*` are not for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import msgspec

from opsctl.config import ImagesSection, MongoSection, Profile, S3Section
from opsctl.config.decoding import required_keys
from opsctl.config.profile import Setting, secret_texts, variable_name
from opsctl.config.sections import ConfigSection
from opsctl.errors import ConfigError
from opsctl.migration.kubernetes.manifest.models import Grant, SecretKey, Takeover, Variable
from opsctl.migration.kubernetes.manifest.roles import forward_grant, secret_grant
from opsctl.migration.kubernetes.models import JobKey

_SECTIONS: tuple[type[ConfigSection], ...] = (MongoSection, S3Section, ImagesSection)
_NOT_FOR_PODS = frozenset({"mongo.forward"})


def pod_variables(
    profile: Profile, job: JobKey, takeover: Takeover | None, clean: Callable[[str], str]
) -> tuple[Variable, ...]:
    """`OPSCTL_<SECTION>_<KEY>` of everything that is not a default, in the order of the reference. No service is asked.

    A value that `clean` would mask is no value of a manifest. What the profile takes from a variable of the environment
    is taken from the variable of that name of the older Job, if it has one. Raises ConfigError for a value that cannot
    be used or that no variable can hold.
    """
    images = profile.section(ImagesSection)
    given = {
        (setting.section, setting.key): setting
        for setting in profile.settings()
        if setting.origin.kind != "default" and f"{setting.section}.{setting.key}" not in _NOT_FOR_PODS
    }
    variables = _variables(given, images, job, takeover)
    return tuple(
        Variable(variable.name) if variable.value is not None and clean(variable.value) != variable.value else variable
        for variable in variables
    )


def operator_grants(profile: Profile, job: JobKey) -> tuple[Grant, ...]:
    """What the profile makes the commands need beside the Job: a port-forward, Secrets. Asks nothing."""
    grants: list[Grant] = []
    forward = profile.value(MongoSection, "forward")
    if isinstance(forward, str):
        namespace, _, target = forward.rpartition(":")[0].partition("/")
        grants.append(forward_grant(job, namespace, target))
    secrets: dict[str, set[str]] = {}
    for setting in profile.settings():
        if setting.section in (MongoSection.SECTION, S3Section.SECTION):
            namespace, name, _ = _secret_target(setting.reference) or ("", "", "")
            if namespace:
                secrets.setdefault(namespace, set()).add(name)
    return (*grants, *(secret_grant(job, space, tuple(names)) for space, names in sorted(secrets.items())))


def _variables(
    given: dict[tuple[str, str], Setting], images: ImagesSection, job: JobKey, takeover: Takeover | None
) -> Iterator[Variable]:
    supplied = _names_of(takeover)
    for wrong in given.values():
        # A key that does not exist, or a wrong value. A reference may lead somewhere in the pod.
        if wrong.problem and not wrong.reference and wrong.section in {kind.SECTION for kind in _SECTIONS}:
            raise ConfigError(wrong.problem)
    for section in _SECTIONS:
        for key in section.__struct_fields__:
            setting = given.get((section.SECTION, key))
            name = variable_name(section.SECTION, key)
            if setting is not None:
                variable = _variable(name, setting, job, takeover, supplied)
                is_default = section is ImagesSection and getattr(images, key) == getattr(_DEFAULTS, key)
                # What the older Job has already need not be decided.
                if not is_default and not (variable.is_undecided and name in supplied):
                    yield variable
            elif key in required_keys(section) and name not in supplied:
                raise ConfigError(
                    f"{section.SECTION}.{key} is not set, and the pods need it.",
                    hint=f"Set it in the profile, or name a Job that has {name} with --from-job.",
                )


_DEFAULTS = ImagesSection()


def _variable(
    name: str, setting: Setting, job: JobKey, takeover: Takeover | None, supplied: frozenset[str]
) -> Variable:
    kind, _, target = (setting.reference or "").partition(" ")
    if kind == "env" and target != name and target in supplied:
        return Variable(name, repeats=target)
    secret = _secret_target(setting.reference)
    if secret is not None:
        namespace, secret_name, key = secret
        is_here = namespace == job.namespace
        note = () if is_here else (("namespace", namespace),)
        text = None if is_here else "note_secret_elsewhere"
        return Variable(name, secret=SecretKey(secret_name, key), open_note=text, note_values=note)
    if setting.is_secret and _is_secret_value(setting):
        if takeover is not None and takeover.container.get("envFrom") and kind == "env":
            return Variable(name, open_note="note_secret_in_source", note_values=(("source", f"$({target})"),))
        return Variable(name)
    if setting.problem is not None:
        raise ConfigError(setting.problem)
    return Variable(name, _as_text(setting))


def _is_secret_value(setting: Setting) -> bool:
    """A Mongo URI without a password is none; one that cannot be read may be."""
    key = f"{setting.section}.{setting.key}"
    return setting.value is None or bool(secret_texts(key, setting.value)) or key != f"{MongoSection.SECTION}.uri"


def _names_of(takeover: Takeover | None) -> frozenset[str]:
    environment = takeover.container.get("env", []) if takeover is not None else []
    return frozenset(str(variable.get("name")) for variable in environment)


def _secret_target(reference: str | None) -> tuple[str, str, str] | None:
    kind, _, target = (reference or "").partition(" ")
    parts = target.split("/")
    return (parts[0], parts[1], parts[2]) if kind == "kube_secret" and len(parts) == 3 and all(parts) else None


def _as_text(setting: Setting) -> str:
    """As opsctl reads it from a variable: lists with commas, or as JSON where their items hold one."""
    value = msgspec.to_builtins(setting.value)
    name = f"{setting.section}.{setting.key}"
    if isinstance(value, list | tuple):
        plain = [item for item in value if isinstance(item, str) and re.fullmatch(r"[^\s,\[][^,]*(?<!\s)", item)]
        text = ",".join(plain) if len(plain) == len(value) else json.dumps(value, ensure_ascii=False)
        return text or "[]"
    text = value if isinstance(value, str) else json.dumps(value)
    if not text:
        raise ConfigError(f"{name} is empty: an empty variable of a pod counts as not set ({setting.origin}).")
    return text
