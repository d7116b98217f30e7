"""The Cloud SQL instance is not attached to the job, or its connection name is wrong

What is wrong
-------------
Cloud Run puts a socket for each attached Cloud SQL instance under /cloudsql/PROJECT:REGION:INSTANCE. The program
opens a path there that does not exist: the job was deployed without the instance, or one of the three parts of the
name differs from the instance that is attached. A service and a job of the same image have separate settings, so an
instance that is attached to the service is not thereby attached to the job. The same happens to programs that use a
Cloud SQL connector library with a wrong name or region.

How it is recognised
--------------------
- "No such file or directory" or ENOENT, less surely "refused", at a path under /cloudsql/.
- Connector texts: "provided region was mismatched", "invalid instance connection name", "The Cloud SQL instance does
  not exist".
- A variable names a socket and the execution has no such instance attached, or the attachment was there in the last
  success and is gone.

Look-alikes
-----------
- Error 403 while connecting: the service account lacks roles/cloudsql.client, or the API is off
  (iam-permission-denied).
- "timed out after 10s": the instance has no address that the job can reach (network-unreachable).
- "instance is not running": it is stopped (db-connection-refused).
- A missing local socket outside /cloudsql means that no host was given (db-connection-refused).
- When the connector itself reports why it could not connect, it was there.
- When the very instance of the path is attached, this cause is unlikely: the socket is there.

Remedy
------
Set the instance on the job with its exact connection name, as "gcloud sql instances describe" prints it, and use the
same name in the program's settings.

Sources
-------
Cloud SQL documentation, "Connect from Cloud Run"; google.cloud.run.v2.Volume; sources of the Cloud SQL connectors for
Go, Java, Node and Python and of the Cloud SQL Auth Proxy; libpq and MySQL client sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Message, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.cloudsql_not_attached_signs import SIGNS_CONNECTORS, SIGNS_SOCKET
from opsctl.diagnosis.rules.connection_settings import instances_in, socket_settings

_TRIED = re.compile(
    r"timed out|i/o timeout|handshake failed|no route|not running|instance state|error 403|notauthorized"
    r"|has not been used",
    re.IGNORECASE,
)

_FAILED = re.compile(
    r"ENOENT|no such file|refused|can't reach|can't connect|could not connect|cannot connect|failed|does not exist",
    re.IGNORECASE,
)
# No answer, in words that name no socket: a pool that got no connection, a path that Python does not print.
_NO_CONNECTION = re.compile(
    r"timeout acquiring a connection|ResourceRequest timed out|ConnectionAcquireTimeoutError|pool timed out"
    r"|timed out fetching a new connection|timeout exceeded when trying to connect"
    r"|connection terminated due to connection"
    r"|is not available, request timed out|Can't reach database server|connect (?:ENOENT|ETIMEDOUT)"
    r"|connection timed? ?out"
    r"|unable to (?:connect|obtain) (?:to|connection)|could not connect|(?:sock\.connect|sock_connect)\([\s\S]{0,800}"
    r"FileNotFoundError",
    re.IGNORECASE,
)
_CONNECTION_NAME = re.compile(
    r"(?:[a-z][a-z0-9.-]{0,60}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]:[a-z]+-[a-z]+\d{1,2}:[a-z][a-z0-9-]*"
)
# A library that opens the connection itself needs no socket.
_LIBRARY = ("cloud/sql/connector", "cloudsqlconn", "cloud-sql-connector", "cloud-sql-socket-factory", "SocketFactory")
_RELEVANT_FROM = 0.4
_LONGEST_TEXT = 8000
_MOST_PLACES = 3


def look(facts: Facts) -> Iterator[Clue]:
    """The sockets that settings and messages name, against what is attached, what exists and the last success."""
    served = _first_served(facts)
    if served is not None:
        yield Clue("connector_tried", Weight.STRONG, (served.pointer,), supports=False)
    elif facts.seen("execution"):
        yield from _named_against_attached(facts)
        yield from _hidden_socket(facts)
        yield from _name_without_socket(facts)
    yield from _missing_instances(facts)
    yield from _detached(facts)


def _first_served(facts: Facts) -> Message | None:
    """The first message in which the connector itself failed for another reason: for that it had to be there."""
    return next(
        (
            message
            for message in facts.logs.messages
            if ("connection name" in message.text or "Cloud SQL connection failed" in message.text)
            and _TRIED.search(message.text)
        ),
        None,
    )


def _named_against_attached(facts: Facts) -> Iterator[Clue]:
    attached = facts.execution.cloudsql_instances
    failing, named = _named(facts)
    if not named:
        return
    if not failing and _unanswered(facts) is not None:
        failing = {setting.instance for setting in socket_settings(facts.execution)}
    absent = {name: pointers for name, pointers in named.items() if name not in attached}
    for name, pointers in absent.items():
        # A variable may be left over; a connection that failed was wanted.
        weight = Weight.DECISIVE if name in failing else Weight.STRONG
        if attached:
            yield Clue("other_instance", weight, pointers, values={"named": name, "attached": ", ".join(attached)})
        else:
            yield Clue("no_instance", weight, pointers, values={"named": name})
    if not absent:
        name = next(iter(named))
        yield Clue("attached", Weight.STRONG, named[name], supports=False, values={"named": name})


def _named(facts: Facts) -> tuple[set[str], dict[str, tuple[Pointer, ...]]]:
    """The instances of failed connections, and every instance that a variable or a message names, with the places."""
    failing: set[str] = set()
    named: dict[str, tuple[Pointer, ...]] = {}
    for setting in socket_settings(facts.execution):
        named[setting.instance] = (*named.get(setting.instance, ()), setting.pointer)
    for message in facts.logs.messages:
        if "/cloudsql" in message.text:
            found = instances_in(message.text)
            if _FAILED.search(message.text):
                failing.update(found)
            for name in found:
                if len(named.get(name, ())) < _MOST_PLACES:
                    named[name] = (*named.get(name, ()), message.locate(message.text.find("/cloudsql")))
    return failing, named


def _hidden_socket(facts: Facts) -> Iterator[Clue]:
    """A masked value or secret is known to be a socket path, and nothing is attached."""
    if facts.execution.cloudsql_instances:
        return
    hidden = [variable for variable in facts.execution.env if "socket-path" in variable.traits]
    if hidden and not socket_settings(facts.execution):
        yield Clue(
            "hidden_socket",
            Weight.STRONG,
            tuple(variable.pointer for variable in hidden),
            values={"variable": hidden[0].name},
        )


def _name_without_socket(facts: Facts) -> Iterator[Clue]:
    """A variable holds a connection name for a socket, nothing is attached, and connections get no answer."""
    if facts.execution.cloudsql_instances or socket_settings(facts.execution):
        return
    named = next(
        (one for one in facts.execution.env if one.value and _CONNECTION_NAME.fullmatch(one.value.strip())), None
    )
    failure = _unanswered(facts) if named is not None else None
    if named is None or named.value is None or failure is None:
        return
    if any(word in message.text for message in facts.logs.messages for word in _LIBRARY):
        return
    values = {"variable": named.name, "named": named.value.strip()}
    yield Clue("name_without_socket", Weight.STRONG, (named.pointer, failure.pointer), values=values)


def _unanswered(facts: Facts) -> Message | None:
    return next(
        (
            message
            for message in facts.logs.messages
            if not message.origin.is_platform
            and message.relevance >= _RELEVANT_FROM
            and _NO_CONNECTION.search(message.text[:_LONGEST_TEXT])
        ),
        None,
    )


def _missing_instances(facts: Facts) -> Iterator[Clue]:
    if not facts.seen("cloudsql"):
        return
    for instance in facts.cloudsql:
        if instance.state == "NOT_FOUND":
            yield Clue(
                "instance_not_found", Weight.STRONG, (instance.pointer,), values={"named": instance.connection_name}
            )


def _detached(facts: Facts) -> Iterator[Clue]:
    if facts.seen("baseline"):
        for change in facts.baseline.changed("cloudsql"):
            if change.before and change.before != change.after:
                yield Clue(
                    "detached",
                    Weight.STRONG,
                    (change.pointer,),
                    values={"before": change.before, "after": change.after or "-"},
                )
    job = facts.job
    if facts.seen("job") and facts.seen("execution") and job.pointer is not None:
        added = [name for name in job.cloudsql_instances or () if name not in facts.execution.cloudsql_instances]
        if added:
            yield Clue("attached_since", Weight.MODERATE, (job.pointer,), values={"named": ", ".join(added)})


RULE = Rule(
    cause="cloudsql-not-attached",
    family="database",
    stage=Stage.CONNECT,
    signs=(*SIGNS_SOCKET, *SIGNS_CONNECTORS),
    codes=(Codes("mysql", Weight.WEAK, ("2002",)),),
    look=look,
    refutable_by=("execution",),
    remedies=(
        Remedy(
            "attach",
            Risk.REVERSIBLE,
            (
                "gcloud sql instances describe INSTANCE --project={project} --format='value(connectionName)'",
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--set-cloudsql-instances={instance}",
            ),
        ),
        Remedy(
            "correct_name",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--update-env-vars=DB_HOST=/cloudsql/{instance}",
            ),
        ),
        Remedy(
            "proxy",
            Risk.CHANGES_DATA,
            ("cloud-sql-proxy {instance} --port=5433",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "execution",
        "gcloud run jobs executions describe {execution} --project={project} --region={region} "
        "--format='yaml(metadata.annotations, spec.template.spec.volumes)'",
    ),
)
