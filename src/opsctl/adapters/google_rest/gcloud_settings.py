"""What gcloud is set to on this machine, read from its files and environment without starting it.

Format and order of precedence: `gcloud topic configurations`, `gcloud topic startup`.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GcloudSettings:
    """The active configuration of gcloud. What is not set is None."""

    configuration: str
    project: str | None = None
    region: str | None = None
    """Of Cloud Run, else of Compute Engine."""
    account: str | None = None
    impersonated_account: str | None = None
    """The service account that gcloud acts as."""


def read_gcloud_settings(environment: Mapping[str, str] = os.environ) -> GcloudSettings:
    """Environment first, then the files of the active configuration. Files that are missing or broken say nothing."""
    folder = find_gcloud_folder(environment)
    name = environment.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _read(folder / "active_config").strip() or "default"
    properties = _read_properties(folder / "configurations" / f"config_{name}") if _is_plain(name) else {}

    def first(*places: str) -> str | None:
        values = (properties.get(place) if "/" in place else environment.get(place) for place in places)
        return next((value.strip() for value in values if value and value.strip() not in ("", "(unset)")), None)

    return GcloudSettings(
        configuration=name,
        project=first("CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT", "core/project", "DEVSHELL_PROJECT_ID"),
        region=first("CLOUDSDK_RUN_REGION", "run/region", "CLOUDSDK_COMPUTE_REGION", "compute/region"),
        account=first("CLOUDSDK_CORE_ACCOUNT", "core/account"),
        impersonated_account=first("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT", "auth/impersonate_service_account"),
    )


def find_gcloud_folder(environment: Mapping[str, str]) -> Path:
    """Where gcloud keeps its settings and credentials; it need not exist."""
    if folder := environment.get("CLOUDSDK_CONFIG"):
        return Path(folder)
    if os.name == "nt" and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "gcloud"
    if home := environment.get("HOME"):
        return Path(home) / ".config" / "gcloud"
    return Path("~/.config/gcloud").expanduser()


def _read_properties(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_read(path))
    except configparser.Error:
        return {}
    return {f"{section}/{key}": value for section in parser.sections() for key, value in parser.items(section)}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _is_plain(name: str) -> bool:
    """The name becomes a part of a path."""
    return "/" not in name and "\\" not in name and "\0" not in name
