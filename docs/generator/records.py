"""`records.md`: what opsctl writes into Mongo. The tests compare these tables with real documents, key by key."""

from __future__ import annotations

from dataclasses import fields

from docs.generator.markdown import code, explain, join, table

from opsctl.migration.models import Counters, FailureClass, PlanTotals, RunState, Selection, StoredImage
from opsctl.migration.run_record import BUCKET_SECONDS, LEASE_SECONDS, RENEW_SECONDS, Bucket, ProcessIdentity, Shard

STORED = {
    "original_url": "Exactly what the document says.",
    "image_type": "`basic`, `exterior`, `interior`, `color`, or what `images.fields` names.",
    "color_name": "Of a colour image; else null.",
    "vehicle_name": "As the document has it.",
    "bucket": "Bucket of the object.",
    "key": "Key of the object.",
    "s3_url": "HTTPS address of the object, percent-encoded; path-style with `s3.endpoint_url`.",
    "sha256": "Of the content, hex.",
    "size_bytes": "Size of the content.",
    "content_type": "Told from the content, not from what the host said.",
    "uploaded_at": "When it was stored, or found in the bucket.",
}

LEDGER = (
    ("run_id", "The run that wrote last."),
    ("state", "`complete`, or `partial`: the document is open, and the next start goes on with it."),
    ("finished_at", "When it was written, or shut to a process that lost its lease."),
    ("source_digest", "SHA-256, hex, of the BSON of the original fields, their names in sorted order."),
    ("failed", "Images that are not stored."),
    ("failed[].url", "Exactly what the document says."),
    ("failed[].type", "Image type."),
    ("failed[].color_name", "Of a colour image; else left out."),
    ("failed[].class", f"One of {', '.join(code(item.value) for item in FailureClass)}."),
    ("failed[].detail", "Why, in a few words, without the address."),
    ("failed[].attempts", "In how many runs it was tried."),
    ("failed[].last_at", "When it was tried last."),
    ("failed[].next_retry_at", "Advice for schedulers; null for a final class."),
    ("stored", "Only while `partial`: what is stored already, as in `s3_images_metadata`."),
)

RUN = (
    ("_id", "`<collection>-<sequence>`."),
    ("schema", "Version of this format: 1."),
    ("collection", "The migrated collection."),
    ("sequence", "Counts the runs of a collection. The highest is the present one."),
    ("state", f"One of {', '.join(code(item.value) for item in RunState)}."),
    ("state_reason", "Why it stopped, or null."),
    ("bucket", "Where it stores."),
    ("prefix", "Below which prefix."),
    ("created_at", "First start."),
    ("started_at", "Present start, once its plan is counted."),
    ("heartbeat_at", "Last word of the process."),
    ("finished_at", "End of the last start, or null."),
    ("starts", "How often it was started."),
    ("closed", "Whether another run takes its place: nobody goes on with it."),
    ("selection", "What it was told to work on. A start with other options is another run."),
    ("plan", "Totals counted before the first image of the present start, results of earlier ones included."),
    ("counters", "What the present start has done; added to with every heartbeat."),
    ("throttle_reason", "Why it waits at this moment, or null."),
    ("buckets", f"History for the estimate: slices of {BUCKET_SECONDS} seconds of running time, 24 hours at most."),
    ("document_failures", "Documents that could not be recorded: `{id, reason}`."),
    ("shards.0.lease.owner", "Random id of the process at work; null when nobody is."),
    ("shards.0.lease.epoch", "Raised with every taking over; each write names it."),
    (
        "shards.0.lease.renewals",
        f"Raised every {RENEW_SECONDS:g} seconds; a lease whose counter stands still for "
        f"{LEASE_SECONDS:g} seconds may be taken.",
    ),
    ("shards.0.lease.expires_at", "For people who look; opsctl does not trust clocks of other machines."),
    ("shards.0.lease.process", "Which process it is."),
    ("shards.0.in_flight", "Ids of documents whose images may be in the bucket though no document says so yet."),
)

SHARDED_RUN = (
    ("shard_count", "Into how many shards it is cut."),
    ("revision", "Raised by every write. Who takes a whole run, or ends it, names the revision that he saw."),
    ("suspects", "Ids of documents that the run before it may have left half stored."),
    ("has_foreign_work", "Whether another tool has worked on the collection: any open document may be half stored."),
    ("execution", "Of the Job whose process started last, where it says so: a retry in it begins no other run."),
    ("planning.lease", "Of the process that counts the collection and cuts it; free afterwards."),
    ("plan", "Of the whole collection at first; corrected by each shard that counts its range."),
    ("counters", "The sum of all shards; each heartbeat adds to the shard's counters and to these in one write."),
    ("shards", "Empty until the collection is cut; then one entry for each number from 0."),
)

SHARD = {
    "range": "`{after, upto}`: behind the one, up to and with the other; each is `{kind, id}`, or null for the open "
    "end. `kind` is the place of the `_id`'s type in reading order.",
    "lease": "As above: owner, epoch, renewals, expires_at, process.",
    "state": "State of this shard.",
    "state_reason": "Why it stopped, or null.",
    "heartbeat_at": "Last word of its process.",
    "finished_at": "End of its last start, or null.",
    "starts": "How often it was started.",
    "idle_since": "Since when its process has neither finished anything nor said what it waits for; null: not begun.",
    "frozen_epoch": "Epoch of the start that counted `plan`; 0: the planner did.",
    "plan": "Totals of its range, as in `plan` above.",
    "counters": "What its present start has done.",
    "throttle_reason": "Why it waits at this moment, or null.",
    "in_flight": "Ids of documents whose images may be in the bucket though no document says so yet.",
}

SELECTION = {
    "where": "MongoDB filter in extended JSON, or null.",
    "image_types": "Only these types; empty: all.",
    "limit": "Number of documents, or null.",
    "retry_failed": "Whether final failures are tried again.",
}

PLAN = {
    "documents": "Documents of the selection.",
    "documents_processed": "Of them closed before this start.",
    "images": "Their images; an image is a distinct type, colour and URL of a document.",
    "images_stored": "Of them stored before this start.",
    "images_failed": "Of them failed for good before this start.",
    "images_unselected": "Images of types that were not selected and are not stored.",
}

COUNTERS = {
    "documents_complete": "Closed.",
    "documents_partial": "Left open with images to be tried again.",
    "documents_failed": "Not recorded: they would pass Mongo's limit of 16 MB.",
    "conflicts": "Documents that changed while their images were fetched.",
    "images_stored": "Stored and recorded.",
    "images_found": "Of them in the bucket already.",
    "images_failed": "Failed for good.",
    "images_later": "Left to be tried again.",
    "bytes_stored": "Uploaded.",
    "requests": "Requests to image hosts.",
}

BUCKET = {
    "at": "Its beginning.",
    "seconds": "Its length.",
    "images": "Images finished.",
    "documents": "Documents closed.",
    "bytes": "Bytes uploaded.",
}

PROCESS = {
    "host": "Host name.",
    "boot_id": "Which boot of it.",
    "namespace": "PID namespace: keeps containers apart.",
    "pid": "Process id.",
    "started": "Start time of the process, as the system writes it: a pid may be used again.",
}


def records_page() -> str:
    """The whole page."""
    return join(
        "# Records in Mongo",
        "What opsctl writes. Original fields are never written. Names are snake_case, as in the collection; times are "
        "BSON dates.",
        "## A document",
        "All `s3_*` fields of a document are set by one update, guarded on its original fields.",
        table(
            ("field", "content"),
            (
                (
                    "`s3_main_image`, `s3_image_url`, ...",
                    "The shape of the source field, with S3 addresses. Null where "
                    "an image failed; lists keep order and length. The names are those of `images.fields`.",
                ),
                (
                    "`s3_images_metadata`",
                    "One entry for each stored image. A document that has it, be it empty, is processed.",
                ),
                ("`s3_migration`", "opsctl's own ledger of the document. The old Job wrote none."),
            ),
        ),
        "### s3_images_metadata",
        _table("[]", STORED, StoredImage),
        "### s3_migration",
        table(("key", "content"), [(code(key), text) for key, text in LEDGER]),
        "## opsctl_runs",
        "A collection of the same database, one document for each run. A run goes on over many starts until everything "
        "is done.",
        table(("key", "content"), [(code(key), text) for key, text in RUN]),
        "### A sharded run",
        "What is different when several processes share a run; the other keys are the same.",
        table(("key", "content"), [(code(key), text) for key, text in SHARDED_RUN]),
        "Each entry of `shards`:",
        _table("", SHARD, Shard, {"within": "range"}),
        "### selection",
        _table("", SELECTION, Selection),
        "### plan",
        _table("", PLAN, PlanTotals),
        "### counters",
        _table("", COUNTERS, Counters),
        "### buckets",
        _table("[]", BUCKET, Bucket, {"size_bytes": "bytes"}),
        "### process",
        _table("", PROCESS, ProcessIdentity),
    )


def record_keys() -> dict[str, set[str]]:
    """Every documented key by the table it stands in; what the tests compare documents with."""
    return {
        "s3_images_metadata": set(STORED),
        "s3_migration": {key.split("[")[0] for key, _ in LEDGER},
        "failed": {key.removeprefix("failed[].") for key, _ in LEDGER if key.startswith("failed[].")},
        "opsctl_runs": {key.split(".")[0] for key, _ in RUN},
        "lease": {key.rpartition(".")[2] for key, _ in RUN if ".lease." in key},
        "selection": set(SELECTION),
        "plan": set(PLAN),
        "counters": set(COUNTERS),
        "buckets": set(BUCKET),
        "process": set(PROCESS),
    }


def sharded_keys() -> tuple[set[str], set[str]]:
    """The documented keys that a sharded run has beyond those of other runs, and those of a shard."""
    common = {key.split(".")[0] for key, _ in RUN}
    return {key.split(".")[0] for key, _ in SHARDED_RUN} - common, set(SHARD)


def _table(suffix: str, words: dict[str, str], kind: type, renamed: dict[str, str] | None = None) -> str:
    """A table whose keys are the fields of a dataclass. Raises `LookupError` when they are not."""
    names = [(renamed or {}).get(item.name, item.name) for item in fields(kind)]
    return table((f"key{' of each' if suffix else ''}", "content"), [(code(n), t) for n, t in explain(names, words)])
