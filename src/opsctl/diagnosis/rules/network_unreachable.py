"""An address that the job cannot reach at all

What is wrong
-------------
The program asked for a host and got no answer: the name has no address, or the packets go nowhere until the client
gives up. On Cloud Run the usual reasons are a private address without VPC egress, a VPC connector that is gone or
stopped, all traffic sent into a network without NAT, a firewall or allow list that does not know the job, and a service
name from Docker Compose or Kubernetes, which no DNS server outside that network knows. It is not only about databases:
Google APIs without Private Google Access, Redis, MongoDB Atlas and any HTTP host fail in the same way.

How it is recognised
--------------------
- Names: ENOTFOUND, EAI_AGAIN, "could not translate host name", "no such host", UnknownHostException, nxdomain,
  php_network_getaddresses, "Temporary failure in name resolution".
- Addresses: ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, "i/o timeout", "Connection timed out", "No route to host", the Cloud
  SQL message "timed out after 10s", SQL Server and MongoDB selection timeouts.
- Cloud Run states that the VPC connector or network does not exist.
- A private host or a private-only Cloud SQL instance and no VPC access on the job; or silence after "connecting to ..."
  until the task timeout.

Look-alikes
-----------
- "Connection refused" is an answer: db-connection-refused.
- A stopped Cloud SQL instance also times out; its state tells.
- A statement, lock or idle timeout happens on an open connection.
- A failed trace or metrics exporter is not the failure of the job.

Remedy
------
Correct the host name; give the job VPC egress to the network of the private address; add Cloud NAT when all traffic
goes through the VPC and the target is on the internet; open the firewall or allow list.

Sources
-------
Runtime and driver sources named at each sign; Cloud Run documentation on VPC egress and Cloud SQL; Cloud SQL connector
sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Attempt, End, Facts, Message, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import host_settings, is_private, is_single_label, stopped_instances
from opsctl.diagnosis.rules.last_words import FIRST_CHARACTERS, Said, classify
from opsctl.diagnosis.rules.network_unreachable_signs_clients import SIGNS_CLIENTS
from opsctl.diagnosis.rules.network_unreachable_signs_databases import SIGNS_DATABASES
from opsctl.diagnosis.rules.network_unreachable_signs_names import SIGNS_NAMES
from opsctl.diagnosis.rules.network_unreachable_signs_platform import SIGNS_PLATFORM

# Without an address: a word that begins a connection, and one that says it stands.
_CONNECTING = re.compile(
    r"\b(?:connecting|trying to connect|attempting (?:to connect|connection)|(?:opening|establishing) (?:a )?connection"
    r"|waiting for (?:the )?(?:db|database|postgres\w*|mysql|redis|mongo\w*)|dialing|resolving|contacting|calling"
    r"|fetching|requesting|downloading|uploading to|sending request)\b",
    re.IGNORECASE,
)
_CONNECTED = re.compile(r"\bconnected\b|connection (?:established|successful|ok)", re.IGNORECASE)
# Requests that are slow to answer look like those that nobody answers.
_SLOW = re.compile(r"\b(?:download|upload|fetch|load|read|sync|pull|push|quer|call|request)\w*\b", re.IGNORECASE)
_SILENT_SHARE = 0.6


SHORTEST_WAIT_NS = 4_000_000_000


def look(facts: Facts) -> Iterator[Clue]:
    """Private or unknown hosts without a way to them, silence after a connection attempt, changes of the network."""
    if facts.seen("execution"):
        yield from _private_without_vpc(facts)
        yield from _bare_names(facts)
        if facts.execution.vpc_egress == "ALL_TRAFFIC":
            is_silent = next(_silent_connects(facts), None) is not None
            pointer = Pointer("execution", "/template/vpcAccess/egress", "ALL_TRAFFIC")
            yield Clue("all_traffic", Weight.STRONG if is_silent else Weight.WEAK, (pointer,))
    if facts.seen("logs"):
        silent = next(_silent_connects(facts), None)
        if silent is not None:
            is_plain = _SLOW.search(silent.text[:FIRST_CHARACTERS]) is None
            weight = Weight.STRONG if is_plain or facts.execution.vpc_egress == "ALL_TRAFFIC" else Weight.MODERATE
            yield Clue("silent_connect", weight, (silent.pointer,), values={"line": silent.text.split("\n")[0][:120]})
    changes = tuple(change for change in facts.baseline.changes or () if change.what.startswith("vpc"))
    if changes:
        yield Clue("vpc_changed", Weight.MODERATE, tuple(change.pointer for change in changes))
    for instance in stopped_instances(facts):
        yield Clue(
            "instance_stopped",
            Weight.STRONG,
            (instance.pointer,),
            supports=False,
            values={"instance": instance.connection_name},
        )


def _ended_at_once(facts: Facts) -> bool:
    """Whether the first failing attempt was over before anybody gives up waiting for an address."""
    first = facts.first_failure
    if first is None or first.first_output_ns is None or first.ended_ns is None:
        return False
    return first.ended_ns - first.first_output_ns < SHORTEST_WAIT_NS


def _private_without_vpc(facts: Facts) -> Iterator[Clue]:
    if facts.execution.vpc_connector or facts.execution.vpc_network:
        return
    private = [setting for setting in host_settings(facts.execution) if is_private(setting.host)]
    if private and not _ended_at_once(facts):
        yield Clue(
            "private_host_without_vpc",
            Weight.MODERATE,
            tuple(setting.pointer for setting in private),
            values={"variable": private[0].variable, "host": private[0].host},
        )
    if facts.seen("cloudsql"):
        for instance in facts.cloudsql:
            if "PRIVATE" in instance.ip_types and "PRIMARY" not in instance.ip_types:
                yield Clue(
                    "private_instance_without_vpc",
                    Weight.MODERATE,
                    (instance.pointer,),
                    values={"instance": instance.connection_name},
                )


def _bare_names(facts: Facts) -> Iterator[Clue]:
    bare = [setting for setting in host_settings(facts.execution) if is_single_label(setting.host)]
    if bare:
        yield Clue(
            "bare_host_name",
            Weight.WEAK,
            tuple(setting.pointer for setting in bare),
            values={"variable": bare[0].variable, "host": bare[0].host},
        )


def _silent_connects(facts: Facts) -> Iterator[Message]:
    """The last lines of attempts that ran into the timeout in silence after announcing a connection."""
    for attempt in facts.attempts:
        if attempt.end is End.TIMEOUT and _was_silent(attempt, facts.execution.timeout_seconds):
            last = _last_output(facts, attempt)
            if last is not None and _announces(last.text[:FIRST_CHARACTERS]):
                yield last


def _announces(text: str) -> bool:
    """Whether a last line announces a connection or a request; a connection that stands is another matter."""
    if _CONNECTED.search(text):
        return False
    return _CONNECTING.search(text) is not None or classify(text) is Said.CONTACTING


def _was_silent(attempt: Attempt, timeout_seconds: float | None) -> bool:
    if attempt.last_output_ns is None or attempt.ended_ns is None:
        return False
    silence_seconds = (attempt.ended_ns - attempt.last_output_ns) / 1e9
    return silence_seconds >= _SILENT_SHARE * (timeout_seconds or 600.0)


def _last_output(facts: Facts, attempt: Attempt) -> Message | None:
    return next(
        (
            message
            for message in reversed(facts.logs.messages)
            if not message.origin.is_platform and message.task == attempt.task and message.attempt == attempt.number
        ),
        None,
    )


RULE = Rule(
    cause="network-unreachable",
    family="database",
    stage=Stage.CONNECT,
    signs=(*SIGNS_PLATFORM, *SIGNS_NAMES, *SIGNS_CLIENTS, *SIGNS_DATABASES),
    codes=(
        Codes("mysql", Weight.STRONG, ("2005",)),
        Codes("mysql", Weight.WEAK, ("2002", "2003")),
        Codes("mssql", Weight.STRONG, ("40615",)),
        Codes("oracle", Weight.STRONG, ("12170", "12535", "12543", "12545", "12154")),
        Codes("sqlstate", Weight.WEAK, ("08001", "08006")),
        Codes("prisma", Weight.WEAK, ("P1001", "P1002")),
        Codes("grpc", Weight.WEAK, ("UNAVAILABLE", "DEADLINE_EXCEEDED")),
    ),
    look=look,
    yields_to=("cloudsql-not-attached", "env-malformed", "env-missing"),
    remedies=(
        Remedy(
            "correct_host",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=DB_HOST=HOST",),
        ),
        Remedy(
            "vpc_egress",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} --network=NETWORK --subnet=SUBNET "
                "--vpc-egress=private-ranges-only",
            ),
        ),
        Remedy(
            "nat",
            Risk.REVERSIBLE,
            (
                "gcloud compute routers create ROUTER --project={project} --region={region} --network=NETWORK",
                "gcloud compute routers nats create NAT --project={project} --region={region} --router=ROUTER "
                "--auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges",
            ),
        ),
        Remedy(
            "private_ranges_only",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --vpc-egress=private-ranges-only",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "execution",
        "gcloud run jobs executions describe {execution} --project={project} --region={region} "
        "--format='yaml(metadata.annotations, spec.template.spec.containers[0].env)'",
    ),
)
