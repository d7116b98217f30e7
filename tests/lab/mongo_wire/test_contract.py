"""The Mongo contract, on the embedded stand-in."""

from tests.contract.mongo_semantics import *  # noqa: F403
