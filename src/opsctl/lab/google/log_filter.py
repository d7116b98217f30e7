"""Filters of Cloud Logging (the Logging query language): read, and asked about entries.

Whatever is not known here is refused as the service refuses what it cannot read; nothing is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.log_filter_comparison import Predicate, compile_comparison, contains
from opsctl.lab.google.log_filter_parser import All, Comparison, Function, Node, Not, Search, Some, parse_filter
from opsctl.lab.google.log_filter_tokens import FilterError

__all__ = ["FilterError", "LogFilter", "compile_filter"]

EXECUTION_LABEL = "run.googleapis.com/execution_name"
# Whether a sign says where the time begins, and the nanoseconds from its moment to the first or last one included.
_STEPS: Mapping[str, tuple[bool, int]] = {">=": (True, 0), ">": (True, 1), "<=": (False, 0), "<": (False, -1)}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A filter that was read. `matches` tells of an entry (LogEntry as REST has it) whether it is meant.

    The rest is what an index can use, and holds for every entry that matches: the execution that its label names (in
    lower case), and the nanoseconds since 1970 between which its timestamp lies, both included. `matches_besides` does
    not look at these again.
    """

    matches: Predicate
    matches_besides: Predicate
    execution: str | None = None
    first_ns: int | None = None
    last_ns: int | None = None


def compile_filter(text: str) -> LogFilter:
    """Read a filter. Raises `FilterError`, whose message is the answer of the service."""
    node = parse_filter(text)
    terms = node.terms if isinstance(node, All) else (node,)
    executions = [term for term in terms if _names_execution(term)]
    bounds = [(bound, term) for term in terms for bound in (_bound(term),) if bound is not None]
    used = {id(term) for term in (*executions[:1], *(term for _, term in bounds))}
    execution = executions[0].value.text.casefold() if executions and isinstance(executions[0], Comparison) else None
    return LogFilter(
        matches=_compile(node),
        matches_besides=_compile(All(tuple(term for term in terms if id(term) not in used))),
        execution=execution,
        first_ns=max((ns for (is_first, ns), _ in bounds if is_first), default=None),
        last_ns=min((ns for (is_first, ns), _ in bounds if not is_first), default=None),
    )


def _compile(node: Node) -> Predicate:
    if isinstance(node, Comparison):
        return compile_comparison(node)
    if isinstance(node, Search):
        wanted = node.text.casefold()
        return lambda entry: contains(entry, wanted)
    if isinstance(node, Function):
        return _function(node)
    if isinstance(node, Not):
        inner = _compile(node.term)
        return lambda entry: not inner(entry)
    return _compile_joined(node)


def _compile_joined(node: All | Some) -> Predicate:
    inner = tuple(_compile(term) for term in node.terms)
    if isinstance(node, All):
        return lambda entry: all(predicate(entry) for predicate in inner)
    return lambda entry: any(predicate(entry) for predicate in inner)


def _function(node: Function) -> Predicate:
    """`log_id` alone is known; `sample`, `ip_in_net`, `SEARCH` and others are refused."""
    if node.name.lower() != "log_id":
        raise FilterError(f"Unparseable filter: unknown function '{node.name}'")
    if len(node.arguments) != 1:
        raise FilterError("Unparseable filter: log_id takes one argument")
    name = node.arguments[0].text
    ending = f"/logs/{name if '%2F' in name else quote(name, safe='')}".casefold()
    return lambda entry: str(entry.get("logName", "")).casefold().endswith(ending)


def _names_execution(node: Node) -> bool:
    return isinstance(node, Comparison) and node.operator == "=" and node.path == ("labels", EXECUTION_LABEL)


def _bound(node: Node) -> tuple[bool, int] | None:
    """Whether a comparison says where the time begins (else where it ends), and the moment, included."""
    if not isinstance(node, Comparison) or node.path != ("timestamp",) or node.operator not in _STEPS:
        return None
    moment = parse_time(node.value.text)
    is_first, step = _STEPS[node.operator]
    return None if moment is None else (is_first, moment + step)
