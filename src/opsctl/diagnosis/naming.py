"""Which execution a person means: what they paste, taken apart without asking anyone.

Forms of names: cloud.google.com/run/docs/reference/rest. Forms of URLs: the console's, and `logUri` of executions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from opsctl.errors import UsageError

EXAMPLE = "o4o-api-migrations-h5x5h"

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,98}[a-z0-9])?")
_FIELDS = {
    "projects": "project",
    "namespaces": "project",
    "locations": "region",
    "regions": "region",
    "jobs": "job",
    "executions": "execution",
}
_FLAGS = {"--project": "project", "--region": "region", "--job": "job"}
_FLAGS_WITH_VALUE = ("--format", "--account", "--configuration", "--profile", "-o")
_COMMAND_WORDS = frozenset(
    ("gcloud", "alpha", "beta", "run", "jobs", "executions", "describe", "opsctl", "cloudrun", "diagnose")
)
_API_VERSION = re.compile(r"^/*(?:run\.googleapis\.com/)?(?:apis/run\.googleapis\.com/)?(?:v[12]/)?")
_REGIONAL_HOST = re.compile(r"([a-z]+-[a-z]+\d+)-run\.googleapis\.com")
_EXECUTION_PAGE = re.compile(r"/run/jobs/executions/details/([^/;]+)/([^/;]+)")
_JOB_PAGE = re.compile(r"/run/jobs/details/([^/;]+)/([^/;]+)")
# In the filter of a log URL, decoded.
_IN_FILTER = {
    "execution": re.compile(r"run\.googleapis\.com/execution_name\\?\"?\s*=\s*\\?\"?([a-z0-9-]+)"),
    "job": re.compile(r"resource\.labels\.\"?job_name\\?\"?\s*=\s*\\?\"?([a-z0-9-]+)"),
    "region": re.compile(r"resource\.labels\.\"?location\\?\"?\s*=\s*\\?\"?([a-z0-9-]+)"),
    "project": re.compile(r"resource\.labels\.\"?project_id\\?\"?\s*=\s*\\?\"?([a-z0-9.:-]+)"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """An execution as far as it is named. What is not known is empty."""

    execution: str
    job: str = ""
    region: str = ""
    project: str = ""

    def complete(self, *, job: str | None = None, region: str | None = None, project: str | None = None) -> Target:
        """With what is still empty taken from elsewhere. Raises `UsageError` for what is no name."""
        return replace(
            self,
            job=self.job or check_name("job", job or ""),
            region=self.region or check_name("region", region or ""),
            project=self.project or check_project(project or ""),
        )


def parse_target(text: str) -> Target:
    """A short id, a resource name (v1 or v2), a URL of the console, of the log viewer or of the API, or a whole
    `gcloud run jobs executions describe ...`. Raises `UsageError` for anything else."""
    text = text.strip()
    if len(text) > 20_000 or not text.isprintable():
        raise _refuse("That is no execution")
    if len(text.split()) > 1:
        return _parse_command(text.split())
    if "://" in text or text.startswith("console.cloud.google.com/"):
        return _parse_url(text)
    if "/" in text:
        return _parse_resource_name(text)
    return _target({"execution": text})


def check_name(kind: str, name: str) -> str:
    """A name of Cloud Run, or empty. Raises `UsageError` for other characters: names go into filters and paths."""
    if name and not _NAME.fullmatch(name):
        raise _refuse(f"{name[:80]!r} cannot be the name of a Cloud Run {kind}: only a-z, 0-9 and - are allowed")
    return name


def check_project(project: str) -> str:
    """A project id or number, or empty. Raises `UsageError` for what cannot be one."""
    if project and not _PROJECT.fullmatch(project):
        raise UsageError(f"{project[:80]!r} cannot be the id of a Google Cloud project", hint="Such as: netureyoutube")
    return project


def _target(fields: dict[str, str]) -> Target:
    """Raises `UsageError` when there is no execution in it, or another part cannot be a name."""
    execution = check_name("execution", fields.get("execution", ""))
    job = check_name("job", fields.get("job", ""))
    region = check_name("region", fields.get("region", ""))
    project = check_project(fields.get("project", ""))
    if execution:
        return Target(execution, job, region, project)
    if job:
        place = "".join(f" --{key} {value}" for key, value in (("region", region), ("project", project)) if value)
        raise UsageError(
            "That names a job, not one of its executions",
            hint=f"The newest failed one: opsctl cloudrun diagnose --job {job} --latest-failed{place}",
        )
    raise _refuse("That names no execution")


def _parse_command(words: list[str]) -> Target:
    fields: dict[str, str] = {}
    names = []
    rest = iter(words)
    for word in rest:
        flag, has_value, value = word.partition("=")
        if flag in _FLAGS:
            fields[_FLAGS[flag]] = value if has_value else next(rest, "")
        elif word in _FLAGS_WITH_VALUE:
            next(rest, "")
        elif not word.startswith("-") and word not in _COMMAND_WORDS:
            names.append(word)
    if len(names) != 1:
        raise _refuse("That does not name one execution")
    return parse_target(names[0]).complete(**fields)


def _parse_url(text: str) -> Target:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname or ""
    except ValueError as error:
        raise _refuse("That is not a URL") from error
    if host == "console.cloud.google.com":
        return _parse_console_url(parts)
    if host == "run.googleapis.com" or host.endswith("-run.googleapis.com"):
        regional = _REGIONAL_HOST.fullmatch(host)
        return _parse_resource_name(parts.path).complete(region=regional[1] if regional else None)
    raise _refuse("That is no URL of an execution in the Google Cloud console")


def _parse_console_url(parts: SplitResult) -> Target:
    fields = {"project": parse_qs(parts.query).get("project", [""])[0]}
    if page := _EXECUTION_PAGE.search(parts.path):
        fields |= {"region": page[1], "execution": page[2]}
    elif page := _JOB_PAGE.search(parts.path):
        fields |= {"region": page[1], "job": page[2]}
    else:
        # Filters are encoded once, or twice when the link went through another one.
        filters = unquote(unquote(f"{parts.path}\n{parts.query}\n{parts.fragment}"))
        found = {key: pattern.search(filters) for key, pattern in _IN_FILTER.items()}
        fields |= {key: match[1] for key, match in found.items() if match and not fields.get(key)}
    return _target(fields)


def _parse_resource_name(text: str) -> Target:
    segments = _API_VERSION.sub("", text).strip("/").split("/")
    fields: dict[str, str] = {}
    for kind, name in zip(segments[::2], segments[1::2], strict=False):
        if kind == "tasks" and "execution" in fields:
            break
        if kind not in _FIELDS or not name:
            raise _refuse("That is not the resource name of an execution")
        fields[_FIELDS[kind]] = name
    return _target(fields)


def _refuse(what: str) -> UsageError:
    return UsageError(
        what,
        hint=f"Give an id such as {EXAMPLE}, a full name (projects/P/locations/L/jobs/J/executions/E), or the URL of "
        "its page in the console.",
    )
