"""Cloud Logging API v2: entries, sinks, exclusions. https://cloud.google.com/logging/docs/reference/v2/rest"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import exhausted, invalid, not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action
from opsctl.lab.google.log_filter import FilterError, compile_filter
from opsctl.lab.google.logging_json import load_types, read_request, write_page
from opsctl.lab.google.logging_quota import ReadQuota
from opsctl.lab.google.logging_retention import Bucket, Retention, default_sink, retention_of
from opsctl.lab.google.logging_store import LogStore, Position
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface

Json = dict[str, Any]
API = "logging.googleapis.com"
LARGEST_PAGE = 1000
DEFAULT_PAGE = 50
_MOST_RESOURCES = 100
_RESOURCE = re.compile(r"projects/([^/]+)(?:/locations/[^/]+/buckets/([^/]+)/views/[^/]+)?")
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_ALL_BUCKETS = frozenset(Bucket)


def add_logging(application: web.Application, cloud: Cloud, quota: ReadQuota | None = None) -> None:
    """Entries of the world, with the quota of the service unless another one is given; sinks and exclusions."""
    store = LogStore(cloud.world)
    # Done now, so that the first reader need not wait for it.
    load_types()
    store.refresh()
    entries = _Entries(store, quota or ReadQuota())
    surface = Surface(application, cloud, API)
    surface.post("/v2/entries:list", entries.list)
    surface.get("/v2/projects/{project}/sinks", _list_sinks)
    surface.get("/v2/projects/{project}/sinks/{sink}", _get_sink)
    surface.get("/v2/projects/{project}/exclusions", _list_exclusions)


@dataclass(frozen=True, slots=True)
class _Entries:
    store: LogStore
    quota: ReadQuota

    def list(self, ask: Ask) -> bytes:
        request = _read(ask.body)
        scopes = [self._enter(ask, name) for name in request.resource_names]
        try:
            chosen = compile_filter(request.filter)
        except FilterError as error:
            raise invalid(str(error)) from error
        mark = _mark(request)
        after = _read_token(request.page_token, mark)
        size = request.page_size or DEFAULT_PAGE
        if ask.fault is not None and ask.fault.action is Action.EMPTY_PAGE:
            return write_page([], _write_token(after, mark))
        if ask.fault is not None and ask.fault.action is Action.SHORT_PAGE:
            size = min(size, ask.fault.size)
        newest_first = _ORDERS[request.order_by]
        page, last = self.store.read(scopes, chosen, after=after, newest_first=newest_first, limit=size)
        return write_page(page, _write_token(last, mark) if last is not None else "")

    def _enter(self, ask: Ask, name: str) -> tuple[str, Retention]:
        """A project, or one of its views, with what can be read there."""
        found = _RESOURCE.fullmatch(name)
        if found is None or found.group(2) not in {None, *(bucket.value for bucket in Bucket)}:
            raise invalid(f"Invalid resource name: {name}")
        project = ask.require(
            "logging.logEntries.list",
            name,
            project=found.group(1),
            message="Permission denied for all log views",
        )
        if not self.quota.take(project.id):
            raise exhausted(API, project.number)
        buckets = frozenset({Bucket(found.group(2))}) if found.group(2) else _ALL_BUCKETS
        return project.id, retention_of(project, ask.cloud.world.now(), buckets)


def _read(body: Json) -> Any:
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        request = read_request(body)
    except ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    if not 0 < len(set(request.resource_names)) <= _MOST_RESOURCES:
        raise invalid("The request must name between 1 and 100 resources.")
    if not 0 <= request.page_size <= LARGEST_PAGE:
        raise invalid(f"page_size must be between 0 and {LARGEST_PAGE}")
    if request.order_by not in _ORDERS:
        raise invalid(f"Invalid value at 'order_by': {request.order_by}")
    return request


def _list_sinks(ask: Ask) -> Json:
    project = ask.require("logging.sinks.list", f"projects/{ask.names['project']}")
    others = [body for name, body in sorted(project.sinks.items()) if name != "_Default"]
    return listing("sinks", cut_page([_without_empty(default_sink(project)), *others], ask))


def _get_sink(ask: Ask) -> Json:
    name = ask.names["sink"]
    project = ask.require("logging.sinks.get", f"projects/{ask.names['project']}/sinks/{name}")
    if name == "_Default":
        return _without_empty(default_sink(project))
    if name not in project.sinks:
        raise not_found(f"Sink {name} does not exist")
    return project.sinks[name]


def _list_exclusions(ask: Ask) -> Json:
    """The older call, which still answers with the exclusions of `_Default`."""
    project = ask.require("logging.exclusions.list", f"projects/{ask.names['project']}")
    return listing("exclusions", cut_page(default_sink(project)["exclusions"], ask))


def _without_empty(sink: Json) -> Json:
    return {name: value for name, value in sink.items() if value}


def _mark(request: Any) -> str:
    """What must be the same for a token to hold. The size of a page may change."""
    asked = [sorted(request.resource_names), request.filter, request.order_by]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _write_token(after: Position | None, mark: str) -> str:
    place = list(after) if after is not None else None
    return base64.urlsafe_b64encode(json.dumps([mark, place]).encode()).decode()


def _read_token(token: str, mark: str) -> Position | None:
    if not token:
        return None
    try:
        asked, place = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        position = None if place is None else Position(int(place[0]), str(place[1]))
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise invalid("page_token is invalid") from error
    if asked != mark:
        raise invalid("page_token doesn't match arguments from the request")
    return position
