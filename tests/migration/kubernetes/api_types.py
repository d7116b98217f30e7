"""Documents read strictly as the API's own types: every key must be one of the type, every value of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

PLAIN = {"str": str, "int": int, "bool": bool}
KINDS = {"Job": "V1Job", "Role": "V1Role", "RoleBinding": "V1RoleBinding", "ServiceAccount": "V1ServiceAccount"}


def check_document(document: Mapping[str, Any]) -> None:
    """Raises AssertionError naming the path of what the API's types do not have."""
    check_value(document, KINDS[document["kind"]], document["kind"])


def check_value(value: Any, kind: str, path: str) -> None:
    """One value of a type as the `kubernetes` package names it."""
    client: Any = import_module("kubernetes.client")  # here: it takes a second
    if listed := re.fullmatch(r"list\[(.*)\]", kind):
        assert isinstance(value, list), f"{path} is no list"
        for position, item in enumerate(value):
            check_value(item, listed[1], f"{path}[{position}]")
    elif mapped := re.fullmatch(r"dict\[str, (.*)\]", kind):
        assert isinstance(value, dict), f"{path} is no mapping"
        for key, item in value.items():
            check_value(item, mapped[1], f"{path}.{key}")
    elif kind in PLAIN:
        assert type(value) is PLAIN[kind], f"{path} is no {kind}"
    elif kind == "object":
        assert isinstance(value, str | int), f"{path} is neither text nor number"
    else:
        model = getattr(client, kind)
        names = {wire: own for own, wire in model.attribute_map.items()}
        assert isinstance(value, dict), f"{path} is no mapping"
        assert set(value) <= set(names), f"{path} has no {set(value) - set(names)}"
        for key, item in value.items():
            check_value(item, model.openapi_types[names[key]], f"{path}.{key}")
        model(**{names[key]: item for key, item in value.items()})  # raises for a field that is required
