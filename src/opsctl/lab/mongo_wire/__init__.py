"""A MongoDB server in one Python process, for the lab and the tests.

Documents live in memory, a snapshot file is optional. Queries, updates and errors answer as a standalone MongoDB 7.0
does, or are refused by name; transactions, change streams, array filters, update pipelines, collations, text and TTL
indexes are not built.
"""

from opsctl.lab.mongo_wire.server import MongoServer, serve_mongo

__all__ = ["MongoServer", "serve_mongo"]
