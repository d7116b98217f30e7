"""A required environment variable is not set

What is wrong
-------------
The program reads its settings from the environment, and one that it cannot do without is not there or is empty. In
Cloud Run every job has its own variables: those of a service, of another job or of a `.env` file on a developer's
machine do not come along. A variable is often lost when a job is created again, when `--set-env-vars` replaces the
whole list where `--update-env-vars` was meant, or when a new release reads one more.

How it is recognised
--------------------
- The name in the message: "Environment variable not found: DATABASE_URL" (Prisma), "Config validation error: ... is
  required" (NestJS), "Field required" for Settings (pydantic), "Set the X environment variable" (Django), KeyError
  below os.environ, "key not found" (Ruby), "Could not resolve placeholder" (Spring), "required key X missing value"
  (Go), "unbound variable" (shell), "could not fetch environment variable" (Elixir), "NotPresent" (Rust).
- What drivers say about an empty value: "client password must be a string", "no password supplied", "(using password:
  NO)", "Value cannot be null. (Parameter 'connectionString')", "getaddrinfo ENOTFOUND undefined", the user "root".
- The job: a variable that a message names is not among the job's and the image's; the last success still had it.

Look-alikes
-----------
- The variable is set and its value cannot be used: env-malformed.
- The variable refers to a secret that cannot be read: the execution does not start, secret-unavailable.
- A wrong password: db-auth-failed. A refused connection to 127.0.0.1 may be either: the driver's default address.
- "X not set, metrics are off" or "using default" is not a failure.

Remedy
------
Set the variable on the job (or the reference to its secret) and run again. Keep the list of required variables in one
place that the deployment checks.

Sources
-------
prisma-engines, nestjs/config, envalid, t3-env, pydantic-settings, django-environ, python-decouple, envconfig,
caarlos0/env, Spring, smallrye-config, dotnet/runtime, Npgsql, rails, laravel, symfony, elixir; libpq, node-postgres,
MySQL; bash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import EnvVar, Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.env_missing_signs import SIGNS_NODE, SIGNS_PYTHON
from opsctl.diagnosis.rules.env_missing_signs_drivers import SIGNS_DRIVER
from opsctl.diagnosis.rules.env_missing_signs_others import (
    SIGNS_COMPILED,
    SIGNS_FRAMEWORKS,
    SIGNS_GENERIC,
    SIGNS_SHELL,
)
from opsctl.diagnosis.rules.program_mentions import last_error, missing_variables, settings_complaint, spoken
from opsctl.diagnosis.rules.resolver_host_signs import SIGNS_HOST_MISSING

_ADDRESS = re.compile(r"HOST|URL|URI|DSN|SOCKET|CONN|INSTANCE|SERVER|ADDR|DATABASE|DATASOURCE", re.IGNORECASE)
_PASSWORD = re.compile(r"PASS|PWD|SECRET|URL|URI|DSN|CONN|CREDENTIAL", re.IGNORECASE)
_PASSWORDLESS = (
    "using password: NO",
    "no password supplied",
    "No password has been provided",
    "no password was provided",
    "password must be a",
)
_LOOPBACK = (
    "127.0.0.1:5432",
    "::1:5432",
    "127.0.0.1:3306",
    "::1:3306",
    "127.0.0.1:27017",
    "localhost:5432",
    "localhost:3306",
)


def look(facts: Facts) -> Iterator[Clue]:
    """Whether the variables that messages name are set, and whether the last success had more of them."""
    removed = {change.name: change for change in facts.baseline.changed("env-removed")}
    named = missing_variables(facts)[:6]
    is_told = facts.seen("execution")
    for mention in named:
        variable = facts.execution.variable(mention.name)
        values = {"variable": mention.name}
        if mention.name in removed:
            where = (removed.pop(mention.name).pointer, mention.pointer)
            yield Clue("named_was_removed", Weight.STRONG, where, values=values)
        elif variable is not None and is_empty(variable):
            yield Clue("named_is_empty", Weight.STRONG, (variable.pointer, mention.pointer), values=values)
        elif variable is not None:
            where = (variable.pointer, mention.pointer)
            yield Clue("named_is_set", Weight.STRONG, where, supports=False, values=values)
        elif is_told and mention.name not in facts.image.env_names:
            place = Pointer("execution", "/template/containers/0/env")
            yield Clue("named_not_set", Weight.MODERATE, (place, mention.pointer), values=values)
    last = last_error(facts)
    said_last = next((mention for mention in named if last is not None and mention.pointer == last.pointer), None)
    if said_last is not None:
        yield Clue("named_last", Weight.STRONG, (said_last.pointer,), values={"variable": said_last.name})
    complaint = settings_complaint(facts, "[Ff]ield required")
    if complaint is not None:
        yield Clue("settings_field", Weight.STRONG, (complaint,))
    for change in list(removed.values())[:2]:
        yield Clue("removed_since_success", Weight.MODERATE, (change.pointer,), values={"variable": change.name})
    if is_told:
        yield from _default_address(facts)
        yield from _no_password(facts)


def _no_password(facts: Facts) -> Iterator[Clue]:
    """The driver sent no password, and no variable of the job holds one."""
    said = next(spoken(facts, *_PASSWORDLESS), None)
    holders = [variable for variable in facts.execution.env if _PASSWORD.search(variable.name)]
    if said is not None and all(is_empty(variable) for variable in holders):
        place = holders[0].pointer if holders else Pointer("execution", "/template/containers/0/env")
        yield Clue("no_password_set", Weight.STRONG, (place, said.pointer))


def is_empty(variable: EnvVar) -> bool:
    """Whether a variable is there and holds nothing."""
    has_source = variable.secret is not None or variable.is_masked
    return not variable.traits.isdisjoint(("empty", "blank")) or (not has_source and variable.value in ("", None))


def _default_address(facts: Facts) -> Iterator[Clue]:
    """The driver went to its default address, and no variable of the job gives one."""
    if any(_ADDRESS.search(variable.name) for variable in facts.execution.env):
        return
    said = next(spoken(facts, *_LOOPBACK), None)
    if said is not None:
        place = Pointer("execution", "/template/containers/0/env")
        yield Clue("no_address_set", Weight.MODERATE, (place, said.pointer))


RULE = Rule(
    cause="env-missing",
    family="program",
    stage=Stage.CONFIGURE,
    signs=(
        *SIGNS_NODE,
        *SIGNS_PYTHON,
        *SIGNS_GENERIC,
        *SIGNS_SHELL,
        *SIGNS_COMPILED,
        *SIGNS_FRAMEWORKS,
        *SIGNS_DRIVER,
        *SIGNS_HOST_MISSING,
    ),
    look=look,
    refutable_by=("execution",),
    remedies=(
        Remedy(
            "see_variables",
            Risk.READ_ONLY,
            (
                "gcloud run jobs describe {job} --project={project} --region={region} "
                "--format='yaml(spec.template.spec.template.spec.containers[0].env[].name)'",
            ),
        ),
        Remedy(
            "set_variable",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=NAME=VALUE",),
        ),
        Remedy(
            "set_secret",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-secrets=NAME=SECRET:latest",),
        ),
        Remedy(
            "one_run_with_variable",
            Risk.REVERSIBLE,
            ("gcloud run jobs execute {job} --project={project} --region={region} --update-env-vars=NAME=VALUE",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "execution",
        "gcloud run jobs executions describe {execution} --project={project} --region={region} "
        "--format='yaml(spec.template.spec.containers[0].env[].name)'",
    ),
)
