"""What opsctl relies on in a MongoDB: the same tests for every server, through the fixture `mongo_uri`.

A test module imports everything from here and names, by its `mongo_uri`, the server to be held to it. Nothing here is
about one server: limits, passwords and protocol versions have tests of their own.
"""

from tests.contract.mongo_clients import collection, database
from tests.contract.mongo_racing import TestFindOneAndUpdate, TestManyClients
from tests.contract.mongo_reading import TestCountsAndFilters, TestIdRanges, TestValues
from tests.contract.mongo_writing import TestDuplicates, TestGuards, TestUpdates

__all__ = [
    "TestCountsAndFilters",
    "TestDuplicates",
    "TestFindOneAndUpdate",
    "TestGuards",
    "TestIdRanges",
    "TestManyClients",
    "TestUpdates",
    "TestValues",
    "collection",
    "database",
]
