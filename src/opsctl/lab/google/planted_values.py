"""Values in place of the masks of a practice incident, so that masking has something to do. None of them opens
anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

Json = dict[str, Any]

_MASK = re.compile(r"\*\*\*\((s\d+)\)")
# Where the length of a whole URL is known, its parts are written out so that it comes out right.
_WRITTEN_OUT = {
    "dongdaemun-api": {"s1": "app_migrate", "s2": "mJ4-Tq2w@7cXr9vB0e", "s4": "mJ4-Tq2w7cXr9"},
}
_USUAL_LENGTH = 44


def plant_values(evidence: Json) -> Json:
    """The same evidence with a value for every mask: the same one for the same token, with the traits and the length
    that were seen before masking. `value_facts` stays as it is."""
    project = str(evidence["executionName"]).split("/")[1]
    facts = evidence["sections"].get("value_facts", {}).get("data", {}).get("facts", [])
    lengths = {fact["token"]: fact["length"] for fact in facts if fact.get("token")}

    def value(found: re.Match[str]) -> str:
        token = found.group(1)
        written = _WRITTEN_OUT.get(project, {}).get(token)
        return json.dumps(written or _random_looking(project, token, lengths.get(token, _USUAL_LENGTH)))[1:-1]

    planted: Json = json.loads(_MASK.sub(value, json.dumps(evidence)))
    return planted


def _random_looking(project: str, token: str, length: int) -> str:
    """Base64 of that length, always the same for a project and a token."""
    raw = hashlib.shake_256(f"{project}/{token}".encode()).digest(
        length * 3 // 4 - (1 if length == _USUAL_LENGTH else 0)
    )
    return base64.b64encode(raw).decode("ascii")
