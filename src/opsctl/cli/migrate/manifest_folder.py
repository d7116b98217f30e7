"""Where the manifest of a Job is kept while the Job is deleted and not yet there again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from opsctl.migration.kubernetes.kept_manifest import DiskKeeper


def manifest_folder(environ: Mapping[str, str]) -> Path:
    """`OPSCTL_STATE_DIR`, else the user's state folder."""
    from platformdirs import user_state_path  # noqa: PLC0415  # 20 ms that a given folder does not need

    named = environ.get("OPSCTL_STATE_DIR")
    return (Path(named) if named else user_state_path("opsctl")) / "jobs"


def keeper_of(environ: Mapping[str, str]) -> DiskKeeper:
    """Keeps manifests there."""
    return DiskKeeper(manifest_folder(environ))
