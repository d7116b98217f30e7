"""The access token of the lab, in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def read_or_create_token(path: Path) -> str:
    """The token in the file; a new one when there is no file yet."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"ya29.lab-{secrets.token_urlsafe(24)}\n")
    return path.read_text(encoding="ascii").strip()
