"""A Google API answers 403 to the job's identity

What is wrong
    The program called a Google API, or Cloud Run's own Cloud SQL connector did so for it, and the answer was "not
    allowed": the job's service account lacks a permission on that resource, may not act as another account, its token
    has too narrow a scope, or the API is switched off in the project. Refusals of other clouds are counted here too.

How it is recognised
    "Permission '...' denied on resource", "does not have storage.objects.get access", "User does not have
    bigquery.jobs.create permission", "The caller does not have permission", "The client is not authorized to make this
    request", gRPC code 7 PERMISSION_DENIED, "has not been used in project ... before or it is disabled". "(or it may
    not exist)" at the end is literal: a wrong name or project gets the same answer.

Look-alikes
    - secret-unavailable: the permission is secretmanager.versions.access; the remedy is a grant on the secret.
    - image-unavailable: Cloud Run's service agent, not the job's account, may not read the image.
    - quota-exhausted: 403 with reason rateLimitExceeded or quotaExceeded.
    - db-privilege-missing, db-auth-failed: the database server refuses a user or a statement (SQLSTATE 42501, 28P01).
    - cloudsql-not-attached: the socket does not exist at all; nobody was asked for a right.
    - A refused exporter of traces or metrics fails nothing but itself.

Remedy
    Grant the smallest role that has the named permission to the job's service account, on the named resource; enable
    the API that the text names. New grants take effect within minutes. Do not widen the default account to Editor.

Sources
    cloud.google.com/iam/docs/permission-error-messages; google.rpc.ErrorInfo reasons; cloud.google.com/sql/docs (roles
    of the connector); the places named at each text in `iam_permission_denied_signs*.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import AccessCheck, Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.iam_permission_denied_signs import NOT_IAM
from opsctl.diagnosis.rules.iam_permission_denied_signs import SIGNS as SIGNS_SERVICES
from opsctl.diagnosis.rules.iam_permission_denied_signs_clients import SIGNS as SIGNS_FRAMES

SQL_API = "sqladmin.googleapis.com"
READ_SECRET = "secretmanager.versions.access"  # noqa: S105
OWNER = "roles/owner"
# What has the permissions that a connector to Cloud SQL needs (cloudsql.instances.connect and .get).
CLOUDSQL_ROLES = frozenset(
    {"roles/cloudsql.client", "roles/cloudsql.editor", "roles/cloudsql.admin", "roles/editor", OWNER}
)
_REFUSALS = ("denied", "does not have", "lacks", "issing", "equired '")
_PERMISSION = re.compile(r"\b(?!www\.)[a-z][a-z]+\.[a-zA-Z]+\.[a-zA-Z]+\b")
_NOT_IAM = re.compile(NOT_IAM, re.IGNORECASE)


def look(facts: Facts) -> Iterator[Clue]:
    """Permissions that messages name, held against what is known of the account; and an account that is disabled."""
    identity = facts.identity
    if identity.is_disabled:
        place = Pointer("service_account", "/disabled", identity.email or "")
        yield Clue("account_disabled", Weight.STRONG, (place,), values={"account": identity.email or "-"})
    refused = _refused_permissions(facts)
    is_refused = bool(refused) or _has_refusal_code(facts)
    for check in identity.access:
        if check.permission != READ_SECRET:
            yield from _judge(check, facts, refused, is_refused)
    yield from _cloudsql_role(facts, is_refused)
    if facts.apis.get(SQL_API) == "DISABLED" and facts.execution.cloudsql_instances:
        yield Clue("api_off", Weight.STRONG, (Pointer("apis", "/services", SQL_API),), values={"api": SQL_API})
    for change in facts.baseline.changed("service-account"):
        values = {"before": change.before or "-", "after": change.after or "-"}
        yield Clue("account_changed", Weight.MODERATE if refused else Weight.WEAK, (change.pointer,), values=values)


def _judge(check: AccessCheck, facts: Facts, refused: frozenset[str], is_refused: bool) -> Iterator[Clue]:
    """One answer of Policy Troubleshooter. Deny policies are not in it, so "granted" is not the last word."""
    values = {"permission": check.permission, "resource": check.resource}
    is_named = check.permission in refused
    # The connector of a job with an instance needs these, whatever the messages name.
    is_needed = check.permission.startswith("cloudsql.") and bool(facts.execution.cloudsql_instances)
    if not check.is_granted:
        weight = Weight.DECISIVE if is_named else Weight.STRONG if is_needed else Weight.MODERATE
        yield Clue("not_granted", weight, (check.pointer,), values=values)
    elif is_named or (is_needed and not is_refused):
        yield Clue("granted", Weight.MODERATE, (check.pointer,), supports=False, values=values)


def _cloudsql_role(facts: Facts, is_refused: bool) -> Iterator[Clue]:
    """A job with a Cloud SQL instance needs the client role. Inherited and group bindings are not in `roles`."""
    roles = facts.identity.roles
    is_checked = any(check.permission.startswith("cloudsql.") for check in facts.identity.access)
    if roles is None or not facts.execution.cloudsql_instances or is_checked:
        return
    place = Pointer("service_account", "/projectRoles", ", ".join(sorted(roles)))
    if not roles & CLOUDSQL_ROLES:
        yield Clue("cloudsql_role_absent", Weight.MODERATE, (place,), values={"account": facts.identity.email or "-"})
    elif not is_refused:
        yield Clue("cloudsql_role_held", Weight.MODERATE, (place,), supports=False)


def _refused_permissions(facts: Facts) -> frozenset[str]:
    """The permissions (`service.resource.verb`) that messages about a refusal name."""
    refused: set[str] = set()
    for message in facts.logs.messages:
        text = message.text
        named = _PERMISSION.findall(text) if any(word in text for word in _REFUSALS) else []
        if named and not _NOT_IAM.search(text):
            refused.update(named)
    return frozenset(refused)


def _has_refusal_code(facts: Facts) -> bool:
    """Whether any message carries the code of a refusal."""
    refusals = {("grpc", "PERMISSION_DENIED"), ("http", "403")}
    return any((code.system, code.code) in refusals for code in facts.logs.codes)


RULE = Rule(
    cause="iam-permission-denied",
    family="platform",
    stage=Stage.WORK,
    signs=SIGNS_SERVICES + SIGNS_FRAMES,
    codes=(Codes("grpc", Weight.MODERATE, ("PERMISSION_DENIED",)), Codes("http", Weight.MODERATE, ("403",))),
    look=look,
    refutable_by=("service_account",),
    yields_to=("secret-unavailable", "image-unavailable"),
    remedies=(
        Remedy(
            "grant_role",
            Risk.REVERSIBLE,
            (
                "gcloud projects add-iam-policy-binding {project} "
                "--member serviceAccount:{service_account} --role ROLE --condition None",
            ),
        ),
        Remedy("enable_api", Risk.REVERSIBLE, ("gcloud services enable SERVICE.googleapis.com --project {project}",)),
        Remedy(
            "other_account",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --service-account ACCOUNT",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "service_account",
        "gcloud policy-troubleshoot iam //cloudresourcemanager.googleapis.com/projects/{project} "
        "--principal-email {service_account} --permission PERMISSION",
    ),
)
