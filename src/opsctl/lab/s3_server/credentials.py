"""The lab's key pair, in AWS's own file format: `AWS_SHARED_CREDENTIALS_FILE=PATH` lets any S3 tool use it."""

from __future__ import annotations

import os
import secrets
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path

from opsctl.errors import ConfigError
from opsctl.lab.s3_server.signature import AccessKey


def read_or_create(path: Path) -> AccessKey:
    """The key pair in `path`; when there is no such file, a new pair is written there, readable by its owner only.

    Raises ConfigError when the file holds no key pair.
    """
    if not path.exists():
        _create(path)
    return read(path)


def read(path: Path) -> AccessKey:
    """The key pair of profile `default` in `path`; raises ConfigError when it cannot be read."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        profile = parser["default"]
        return AccessKey(profile["aws_access_key_id"], profile["aws_secret_access_key"])
    except (OSError, KeyError, UnicodeDecodeError, ConfigParserError) as error:
        # The error's own text may quote a line of the file, secret included.
        message = f"{path} holds no key pair ({type(error).__name__})"
        hint = "It needs a [default] section with aws_access_key_id and aws_secret_access_key."
        raise ConfigError(message, hint=hint) from None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        "[default]",
        f"aws_access_key_id = LAB{secrets.token_hex(8).upper()}",
        f"aws_secret_access_key = {secrets.token_hex(20)}",
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
