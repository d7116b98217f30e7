"""Nothing listens where the program looks for its database

What is wrong
-------------
The program tried to open a connection and the other side answered at once that no server is there: the port is
closed, or the file of the local socket does not exist. In a Cloud Run container this is most often "localhost": the
container holds the program alone, so a database on the developer's machine or in the next Compose service is not
there. A server that is stopped, or another port, gives the same answer. Redis, MongoDB, SQL Server and plain HTTP
servers count as well.

How it is recognised
--------------------
- "Connection refused" in the words of the runtime or driver: ECONNREFUSED, [Errno 111], "connect: connection
  refused", "os error 111", SocketException (111), MySQL 2002 and 2003 with (111), Prisma P1001 at localhost.
- A missing local socket: /var/run/postgresql/.s.PGSQL.5432, /var/run/mysqld/mysqld.sock, /tmp.
- A variable of the job gives localhost or 127.0.0.1 as the host, or no variable names a database host at all.
- The Cloud SQL instance is stopped or suspended as of now.

Look-alikes
-----------
- A refused or missing socket under /cloudsql/ belongs to the attachment of the instance: cloudsql-not-attached.
- A name that does not resolve, or a connection that times out, got no answer at all: network-unreachable.
- A server that answers and rejects the user was reached: db-auth-failed.
- Exporters of traces and metrics are refused in many healthy jobs and are not held to be the failure.

Remedy
------
Set the host and port of the real server in the job's variables; for Cloud SQL attach the instance and use its socket,
or its private address with VPC egress. Start the instance when it is stopped.

Sources
-------
libpq, pgjdbc, MySQL client and mysqlnd sources; Node, CPython, Go, Rust and .NET runtimes; Prisma error reference;
Cloud Run documentation, "Connect from Cloud Run" of Cloud SQL.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import host_settings, is_local, names_server, stopped_instances
from opsctl.diagnosis.rules.db_connection_refused_signs import SIGNS_RUNTIMES
from opsctl.diagnosis.rules.db_connection_refused_signs_databases import SIGNS_DATABASES

_LOCAL = ("127.0.0.1", "::1", "localhost")


def look(facts: Facts) -> Iterator[Clue]:
    """Hosts that are the container itself, no host at all, and Cloud SQL instances that do not run."""
    if facts.seen("execution"):
        yield from _local_host(facts)
        yield from _no_host(facts)
    for instance in stopped_instances(facts):
        yield Clue(
            "instance_stopped",
            Weight.STRONG,
            (instance.pointer,),
            values={
                "instance": instance.connection_name,
                "state": instance.state,
                "policy": instance.activation_policy,
            },
        )


def _local_host(facts: Facts) -> Iterator[Clue]:
    execution = facts.execution
    if any("cloud_sql_proxy" in word or "cloud-sql-proxy" in word for word in (*execution.command, *execution.args)):
        return
    local = [setting for setting in host_settings(execution) if is_local(setting.host)]
    if local:
        yield Clue(
            "local_host",
            Weight.WEAK,
            tuple(setting.pointer for setting in local),
            values={"variable": local[0].variable, "host": local[0].host},
        )


def _no_host(facts: Facts) -> Iterator[Clue]:
    if names_server(facts.execution):
        return
    refused = next(
        (
            message
            for message in facts.logs.messages
            if "refused" in message.text.lower() and any(place in message.text.lower() for place in _LOCAL)
        ),
        None,
    )
    if refused:
        yield Clue("no_host_variable", Weight.WEAK, (refused.pointer,))


RULE = Rule(
    cause="db-connection-refused",
    family="database",
    stage=Stage.CONNECT,
    signs=(*SIGNS_RUNTIMES, *SIGNS_DATABASES),
    codes=(
        Codes("oracle", Weight.DECISIVE, ("12541",)),
        Codes("mysql", Weight.WEAK, ("2002", "2003")),
        Codes("sqlstate", Weight.WEAK, ("08001", "57P03")),
        Codes("prisma", Weight.WEAK, ("P1001",)),
    ),
    look=look,
    yields_to=("cloudsql-not-attached",),
    remedies=(
        Remedy(
            "set_host",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--update-env-vars=DB_HOST=HOST,DB_PORT=PORT",
            ),
        ),
        Remedy(
            "start_instance",
            Risk.REVERSIBLE,
            ("gcloud sql instances patch INSTANCE --project={project} --activation-policy=ALWAYS",),
        ),
        Remedy("proxy", Risk.CHANGES_DATA, ("cloud-sql-proxy {instance} --port=5433",), is_workaround=True),
    ),
    check=Check(
        "execution",
        "gcloud run jobs executions describe {execution} --project={project} --region={region} "
        "--format='yaml(spec.template.spec.containers[0].env)'",
    ),
)
