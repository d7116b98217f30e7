"""From evidence to facts."""

from __future__ import annotations

from dataclasses import replace

from opsctl.diagnosis.facts.assignment import assign_attempts
from opsctl.diagnosis.facts.attempts import derive_attempts
from opsctl.diagnosis.facts.baseline import derive_baseline
from opsctl.diagnosis.facts.codes import find_codes
from opsctl.diagnosis.facts.entries import select_own
from opsctl.diagnosis.facts.execution import derive_execution
from opsctl.diagnosis.facts.messages import collect_messages
from opsctl.diagnosis.facts.model import Facts, LogFacts, Origin
from opsctl.diagnosis.facts.reading import as_object, as_text, as_texts, objects
from opsctl.diagnosis.facts.relevance import weigh_messages
from opsctl.diagnosis.facts.surroundings import (
    derive_apis,
    derive_cloudsql,
    derive_commits,
    derive_identity,
    derive_image,
    derive_job,
    derive_secrets,
)
from opsctl.diagnosis.facts.tasks import derive_tasks
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Evidence, Section, SectionStatus


def derive_facts(evidence: Evidence) -> Facts:
    """Everything that rules read. Pure: the same evidence gives the same facts."""
    traits, tokens = _value_facts(evidence)
    own = select_own(evidence)
    evidence = replace(evidence, entries=own.entries)
    tasks = derive_tasks(evidence)
    execution = derive_execution(evidence, traits, tasks)
    messages = assign_attempts(collect_messages(own.entries, execution, tasks), execution, tasks)
    attempts = derive_attempts(execution, tasks, messages, own.entries)
    messages = weigh_messages(messages, attempts)
    secrets = derive_secrets(evidence)
    logs = evidence.section("logs")
    return Facts(
        execution=execution,
        attempts=attempts,
        logs=LogFacts(
            messages=tuple(messages),
            codes=tuple(find_codes(messages)),
            has_output=any(message.origin in (Origin.STDOUT, Origin.STDERR, Origin.OTHER) for message in messages),
            is_cut=_is_cut(logs) or evidence.entries_dropped > 0,
            line_count=len(evidence.entries) + evidence.entries_dropped,
            foreign_count=own.foreign_count,
            unlabelled_count=own.unlabelled_count,
        ),
        identity=derive_identity(evidence),
        secrets=secrets,
        cloudsql=derive_cloudsql(evidence),
        image=derive_image(evidence),
        baseline=derive_baseline(evidence, execution, secrets, tokens),
        commits=derive_commits(evidence),
        job=derive_job(evidence, execution),
        apis=derive_apis(evidence),
        sections={name: evidence.section(name).status for name in (*SECTIONS, *OWN_SECTIONS)},
    )


def _is_cut(logs: Section) -> bool:
    """Whether lines are missing; a log may be partial for other reasons, which its writer then tells apart."""
    truncated = as_object(logs.data).get("truncated")
    return truncated if isinstance(truncated, bool) else logs.status is SectionStatus.PARTIAL


def _value_facts(
    evidence: Evidence,
) -> tuple[dict[tuple[str, str], frozenset[str]], dict[tuple[str, str], str]]:
    """Traits and tokens by section and pointer."""
    traits: dict[tuple[str, str], frozenset[str]] = {}
    tokens: dict[tuple[str, str], str] = {}
    for _, item in objects(as_object(evidence.section("value_facts").data).get("facts"), "/facts"):
        key = (as_text(item.get("section")), as_text(item.get("pointer")))
        traits[key] = frozenset(as_texts(item.get("traits")))
        if as_text(item.get("token")):
            tokens[key] = as_text(item.get("token"))
    return traits, tokens
