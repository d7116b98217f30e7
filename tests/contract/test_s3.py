"""The S3 contract on every server: the lab's with plain pytest, versitygw and a given one with `-m servers`."""

from tests.contract.s3_semantics import *  # noqa: F403
