"""Commands on collections, databases and indexes."""

from __future__ import annotations

from opsctl.lab.mongo_wire.commands.reading import one_batch
from opsctl.lab.mongo_wire.commands.request import Request, refuse_options
from opsctl.lab.mongo_wire.documents import Document
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.filters import build_matcher


def create(request: Request) -> Document:
    """Make an empty collection."""
    refuse_options(request.body, "capped", "timeseries", "viewOn", "validator", "collation", "expireAfterSeconds")
    store = request.deployment.store
    if store.get(request.database, request.collection_name) is not None:
        raise CommandError(Code.NamespaceExists, f"Collection {request.namespace} already exists.")
    store.write(request.database, request.collection_name)
    return {"ok": 1.0}


def drop(request: Request) -> Document:
    """Remove a collection; one that is not there is no error."""
    dropped = request.deployment.store.drop(request.database, request.collection_name)
    if dropped is None:
        return {"ok": 1.0}
    return {"nIndexesWas": len(dropped.indexes), "ns": request.namespace, "ok": 1.0}


def drop_database(request: Request) -> Document:
    """Remove a database with all it holds."""
    existed = request.deployment.store.drop_database(request.database)
    return {"dropped": request.database, "ok": 1.0} if existed else {"ok": 1.0}


def list_collections(request: Request) -> Document:
    """The collections of a database."""
    described = [
        {
            "name": name,
            "type": "collection",
            "options": {},
            "info": {"readOnly": False},
            "idIndex": collection.indexes["_id_"].spec,
        }
        for name, collection in request.deployment.store.collections(request.database)
    ]
    matches = build_matcher(request.body.get("filter") or {})
    found = [item for item in described if matches(item)]
    if request.body.get("nameOnly"):
        found = [{"name": item["name"], "type": item["type"]} for item in found]
    return one_batch(f"{request.database}.$cmd.listCollections", found)


def list_databases(request: Request) -> Document:
    """The databases of the server."""
    store = request.deployment.store
    described: list[Document] = []
    for database in store.databases():
        size_bytes = sum(collection.size_bytes for _, collection in store.collections(database))
        described.append({"name": database, "sizeOnDisk": size_bytes, "empty": size_bytes == 0})
    matches = build_matcher(request.body.get("filter") or {})
    found = [item for item in described if matches(item)]
    if request.body.get("nameOnly"):
        return {"databases": [{"name": item["name"]} for item in found], "ok": 1.0}
    return {"databases": found, "totalSize": sum(item["sizeOnDisk"] for item in found), "ok": 1.0}


def create_indexes(request: Request) -> Document:
    """Build indexes; the collection is made when it does not exist."""
    store = request.deployment.store
    existed = store.get(request.database, request.collection_name) is not None
    collection = store.write(request.database, request.collection_name)
    before = len(collection.indexes)
    for spec in request.documents("indexes"):
        collection.create_index(spec)
    return {
        "numIndexesBefore": before,
        "numIndexesAfter": len(collection.indexes),
        "createdCollectionAutomatically": not existed,
        "ok": 1.0,
    }


def list_indexes(request: Request) -> Document:
    """The indexes of a collection."""
    collection = request.deployment.store.get(request.database, request.collection_name)
    if collection is None:
        raise CommandError(Code.NamespaceNotFound, f"ns does not exist: {request.namespace}")
    return one_batch(request.namespace, [index.spec for index in collection.indexes.values()])


def drop_indexes(request: Request) -> Document:
    """Remove one index by its name or key, or (with `*`) all but that of `_id`."""
    collection = request.deployment.store.get(request.database, request.collection_name)
    if collection is None:
        raise CommandError(Code.NamespaceNotFound, f"ns not found {request.namespace}")
    before, wanted = len(collection.indexes), request.body.get("index")
    if wanted == "*":
        collection.indexes = {"_id_": collection.indexes["_id_"]}
        return {"nIndexesWas": before, "ok": 1.0}
    found = [index.name for index in collection.indexes.values() if wanted in (index.name, index.spec["key"])]
    if not found:
        raise CommandError(Code.IndexNotFound, f"index not found with name [{wanted}]")
    if found[0] == "_id_":
        raise CommandError(Code.InvalidOptions, "cannot drop _id index")
    del collection.indexes[found[0]]
    return {"nIndexesWas": before, "ok": 1.0}


def collection_stats(request: Request) -> Document:
    """Count and size of a collection."""
    collection = request.deployment.store.read(request.database, request.collection_name)
    count, size_bytes = len(collection), collection.size_bytes
    answer: Document = {"ns": request.namespace, "count": count, "size": size_bytes, "storageSize": size_bytes}
    if count:
        answer["avgObjSize"] = size_bytes // count
    return {**answer, "nindexes": len(collection.indexes), "capped": False, "ok": 1.0}


def database_stats(request: Request) -> Document:
    """Counts and size of a database."""
    collections = [collection for _, collection in request.deployment.store.collections(request.database)]
    size_bytes = sum(collection.size_bytes for collection in collections)
    return {
        "db": request.database,
        "collections": len(collections),
        "objects": sum(map(len, collections)),
        "dataSize": size_bytes,
        "storageSize": size_bytes,
        "indexes": sum(len(collection.indexes) for collection in collections),
        "ok": 1.0,
    }
