"""JSON values as YAML, in the same order, harmless on a terminal."""

from __future__ import annotations

from typing import Any

import yaml

from opsctl.reporting.neutralise import escape_json, make_visible


class _Dumper(yaml.SafeDumper):
    """Writes text that holds unsafe characters between double quotes, where an escape can stand for each of them."""


def dump_yaml(value: object) -> str:
    """YAML text that ends with a line feed."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=1 << 20
    )
    return escape_json(text)


def _represent_text(dumper: _Dumper, text: str) -> Any:
    style = None if make_visible(text) == text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
