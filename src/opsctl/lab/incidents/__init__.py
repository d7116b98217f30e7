"""Practice incidents: complete evidence of executions that failed, ended well, were cancelled or still run.

Each module holds one, made with the builders beside it: `run` and `endings` for the execution and its tasks,
`transcript` for the log, `surroundings` for everything else. Times are fixed and nothing is random, so a file is the
same on every machine. Values are as in a saved file: masked, with what was seen in them in `value_facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsctl.lab.incidents import (
    bucket_denied,
    changelog_lock,
    half_applied,
    image_elsewhere,
    memory,
    nothing_done,
    o4o_files_missing,
    o4o_module_format,
    o4o_password_rotated,
    o4o_role_missing,
    private_address,
    secret_destroyed,
    sql_stopped,
    still_at_work,
    stopped_by_hand,
    url_unescaped,
    useful_work,
    wrong_platform,
)
from opsctl.lab.incidents.incident import Incident, Variant, restrict
from opsctl.lab.incidents.writing import write_incident

__all__ = ["INCIDENTS", "Incident", "Variant", "restrict", "write_incident"]

_MODULES = (
    o4o_files_missing,
    o4o_password_rotated,
    o4o_module_format,
    o4o_role_missing,
    half_applied,
    secret_destroyed,
    sql_stopped,
    private_address,
    memory,
    changelog_lock,
    useful_work,
    wrong_platform,
    image_elsewhere,
    bucket_denied,
    url_unescaped,
    nothing_done,
    stopped_by_hand,
    still_at_work,
)

# By name, in the order of the list: the incident of the o4o platform and its siblings first, controls last.
INCIDENTS: Mapping[str, Incident] = MappingProxyType(
    {incident.name: incident for module in _MODULES for incident in module.INCIDENTS}
)
