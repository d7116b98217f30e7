"""The Mongo contract on every server: plain pytest asks the lab's, `-m servers` mongo-java-server and a given one."""

from tests.contract.mongo_semantics import *  # noqa: F403
