"""The log of a practice incident, read with the real client library of Cloud Logging over HTTP."""

from __future__ import annotations

from google.cloud import logging as cloud_logging
from google.oauth2.credentials import Credentials

from opsctl.lab.google.server import serve_in_thread
from opsctl.lab.google.world_of_incidents import world_of_incidents

EXECUTION = "o4o-api-migrations-h5x5h"
FILTER = (
    f'resource.type="cloud_run_job"\nlabels."run.googleapis.com/execution_name"="{EXECUTION}"\n'
    'timestamp>="2026-01-12T01:59:00Z"\ntimestamp<="2026-01-12T02:10:41Z"'
)


def test_client_reads_every_entry_page_by_page() -> None:
    world = world_of_incidents([EXECUTION])
    with serve_in_thread(world) as google:
        client = cloud_logging.Client(  # type: ignore[no-untyped-call]
            project="netureyoutube",
            credentials=Credentials(token=google.cloud.token),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": google.url},
            _use_grpc=False,
        )
        entries = list(client.list_entries(filter_=FILTER, page_size=10))  # type: ignore[no-untyped-call]
        pages = [call for call in google.cloud.calls if call.path == "/v2/entries:list"]
    assert len(entries) == len(world.entries) > 10
    assert len(pages) > 1
    times = [entry.timestamp for entry in entries]
    assert times == sorted(times)
    assert any("ENOENT" in str(entry.payload) for entry in entries)
