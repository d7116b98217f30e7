"""Manifests on disk, for the moment in which a Job is deleted and not yet created again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from opsctl.errors import DataError
from opsctl.migration.kubernetes.models import JobKey
from opsctl.migration.kubernetes.ports import JsonObject

MOST_FILES = 1_000


class DiskKeeper:
    """Writes into one folder, readable by its owner alone: a Job may hold a password. Implements
    `restart.recreation.ManifestKeeper`. JSON is what `kubectl create -f` takes too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, key: JobKey, manifest: JsonObject) -> str:
        """Never over an older file, which may be all that is left of a Job. Raises DataError."""
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, path = self._create(key)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                self.discard(str(path))  # half a manifest looks like one
                raise
        except OSError as error:
            raise DataError(
                f"the manifest of Job {key} cannot be kept in {self._folder}: {error.strerror}",
                hint="nothing was changed; free the folder, or run the command in another one",
            ) from error
        return str(path)

    def discard(self, path: str) -> None:
        """A file that cannot be removed does no harm."""
        with suppress(OSError):
            Path(path).unlink()

    def _create(self, key: JobKey) -> tuple[int, Path]:
        for path in self._names(key):
            try:
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path
            except FileExistsError:
                continue
        raise OSError(0, "too many manifests are kept there already")

    def _names(self, key: JobKey) -> Iterator[Path]:
        stem = f"{key.namespace}.{key.name}.job"
        yield self._folder / f"{stem}.json"
        for number in range(2, MOST_FILES):
            yield self._folder / f"{stem}.{number}.json"
