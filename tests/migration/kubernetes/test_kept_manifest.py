"""Manifests on a disk that fails."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsctl.errors import DataError
from opsctl.migration.kubernetes.kept_manifest import DiskKeeper
from tests.migration.kubernetes.old_job import KEY, old_job


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """As on a disk that is full: a write that goes beyond it fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_half_a_manifest_is_not_left_behind(tmp_path: Path) -> None:
    with files_of_at_most(100), pytest.raises(DataError, match="cannot be kept"):
        DiskKeeper(tmp_path).keep(KEY, old_job())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_removed_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    keeper = DiskKeeper(tmp_path)
    keeper.discard(str(tmp_path / "folder"))
    keeper.discard(str(tmp_path / "gone"))
    assert (tmp_path / "folder").exists()
