"""A secret of the job cannot be read

What is wrong
    The job refers to a secret in Secret Manager, as an environment variable or as a volume, or its program asks for
    one, and gets no value: the job's service account may not read it, or the secret or its version does not exist, is
    disabled or destroyed. "latest" means the version that was created last, even when that one is disabled.

How it is recognised
    Secrets in environment variables are read before the container starts. When that fails, a condition says
    "Permission denied on secret", "was not found" or "is in DISABLED state" (reason SecretsAccessCheckFailed), and no
    line of the program exists. Secrets in volumes and secrets that the program fetches fail later, with Secret
    Manager's own text: "Permission 'secretmanager.versions.access' denied", "not found or has no versions".

Look-alikes
    - iam-permission-denied: a 403 of any other Google API; and "Secret Manager API has not been used in project".
    - env-missing: the variable is not set on the job at all; Secret Manager is never asked.
    - env-malformed, db-auth-failed: the secret was read and its value does not work, often after a rotation.
    - image-unavailable: the container did not start either; its text names the image.

Remedy
    Grant roles/secretmanager.secretAccessor on the secret to the job's service account (grants take a minute or two),
    or add an enabled version, enable the disabled one, or pin the job to one that works.

Sources
    cloud.google.com/run/docs/configuring/jobs/secrets; cloud.google.com/secret-manager/docs/access-control; states of
    google.cloud.secretmanager.v1.SecretVersion; the places named at each text in `secret_unavailable_signs.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Message, Pointer, SecretFacts
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.secret_unavailable_signs import SIGNS

PERMISSION = "secretmanager.versions.access"
READING_ROLES = frozenset({"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"})
UNUSABLE = frozenset({"DISABLED", "DESTROYED", "NOT_FOUND"})
_SECRET_MANAGER = re.compile(r"secret[ _-]?manager|/secrets/|secret version", re.IGNORECASE)


def look(facts: Facts) -> Iterator[Clue]:
    """States of the secrets, the account's access, and whether the container got past its secrets."""
    for secret in facts.secrets:
        if secret.state in UNUSABLE:
            yield _unusable(secret, facts)
    yield from _access(facts)
    started = _first_output(facts)
    if started is not None and not facts.execution.secret_volumes and not _speaks_of_secrets(facts):
        # Variables are resolved before the container starts, and this one did start.
        yield Clue("container_ran", Weight.STRONG, (started.locate(0),), supports=False)


def _unusable(secret: SecretFacts, facts: Facts) -> Clue:
    """A version that cannot be read now. It may have been readable when a container started."""
    version = secret.resolved_version or secret.version
    values = {"secret": secret.name, "version": version, "state": secret.state}
    weight = Weight.DECISIVE if _first_output(facts) is None else Weight.MODERATE
    return Clue("version_unusable", weight, (secret.pointer,), values=values)


def _access(facts: Facts) -> Iterator[Clue]:
    """What is known of the right to read secrets; an answer of Policy Troubleshooter tells more than roles do."""
    checks = [check for check in facts.identity.access if check.permission == PERMISSION]
    for check in checks:
        clue = "access_granted" if check.is_granted else "access_denied"
        weight = Weight.STRONG if check.is_granted else Weight.DECISIVE
        values = {"resource": check.resource}
        yield Clue(clue, weight, (check.pointer,), supports=not check.is_granted, values=values)
    roles = facts.identity.roles
    if checks or roles is None or not _refers_to_secrets(facts) or _first_output(facts) is not None:
        return
    place = Pointer("service_account", "/projectRoles", ", ".join(sorted(roles)))
    if roles & READING_ROLES:
        yield Clue("role_held", Weight.MODERATE, (place,), supports=False)
    elif facts.execution.has_started is False:
        yield Clue("role_absent", Weight.MODERATE, (place,), values={"account": facts.identity.email or "-"})


def _refers_to_secrets(facts: Facts) -> bool:
    return bool(facts.execution.secret_volumes or any(variable.secret for variable in facts.execution.env))


def _first_output(facts: Facts) -> Message | None:
    """The first line of the program."""
    return next((message for message in facts.logs.messages if not message.origin.is_platform), None)


def _speaks_of_secrets(facts: Facts) -> bool:
    """Whether the log names Secret Manager or a secret's resource: then the program may fetch secrets by itself."""
    return any("ecret" in message.text and _SECRET_MANAGER.search(message.text) for message in facts.logs.messages)


RULE = Rule(
    cause="secret-unavailable",
    family="platform",
    stage=Stage.PLATFORM,
    signs=SIGNS,
    look=look,
    needs=("execution",),
    refutable_by=("service_account",),
    remedies=(
        Remedy(
            "grant_accessor",
            Risk.REVERSIBLE,
            (
                "gcloud secrets add-iam-policy-binding {secret} --project {project} "
                "--member serviceAccount:{service_account} --role roles/secretmanager.secretAccessor",
            ),
        ),
        Remedy(
            "enable_version",
            Risk.REVERSIBLE,
            ("gcloud secrets versions enable VERSION --secret {secret} --project {project}",),
        ),
        Remedy(
            "add_version",
            Risk.REVERSIBLE,
            ("gcloud secrets versions add {secret} --project {project} --data-file -",),
        ),
        Remedy(
            "pin_version",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --region {region} --project {project} "
                "--update-secrets VARIABLE={secret}:VERSION",
            ),
            is_workaround=True,
        ),
    ),
    check=Check("secrets", "gcloud secrets versions list {secret} --project {project}"),
)
