"""From the open documents of a collection to their results: what is between reading one and having it written.

    feed -> bounded queue -> workers: plan -> (fetch -> store) per image -> one update per document

Memory is bounded by the queue and the number of workers, whatever the size of the collection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from opsctl.migration.document import DocumentWork, build_update, has_work, plan_work
from opsctl.migration.document_writer import DocumentWriter
from opsctl.migration.models import DocumentId, DocumentView, IdRange, PlannedImage, Settings, SourceDocument
from opsctl.migration.patience import Patience
from opsctl.migration.ports import DocumentStore
from opsctl.migration.reading import read_pages
from opsctl.migration.transfer import Outcome, Transfer

CHUNK_DOCUMENTS = 100
CHUNK_BYTES = 8 * 1024 * 1024
CONFLICT_TRIES = 3

DocumentQueue = asyncio.Queue[SourceDocument | None]
Announce = Callable[[Sequence[DocumentId]], Awaitable[None]]


@dataclass(slots=True)
class Pipeline:
    """Moves every open document of one start of a run, or as many as there is time for before `stop` is set.

    `announce` writes which documents are worked on, before the first of their images is stored.
    `look_everywhere`: any open document may have objects that it does not name. `suspect` does that for some of them.
    """

    run_id: str
    settings: Settings
    within: IdRange | None
    documents: DocumentStore
    transfer: Transfer
    writer: DocumentWriter
    patience: Patience
    stop: asyncio.Event
    announce: Announce
    look_everywhere: bool = False
    reached_limit: bool = False
    unfinished: int = 0  # processed documents whose missing images could not all be tried again
    _suspects: set[object] = field(default_factory=set)
    _open: dict[object, DocumentId] = field(default_factory=dict)
    _image_tasks: set[asyncio.Task[tuple[Outcome, ...]]] = field(default_factory=set)

    def suspect(self, identifiers: Iterable[DocumentId], *, are_announced: bool) -> None:
        """Documents that an earlier start may have left with images stored but not recorded. Those that are announced
        stay so until they are dealt with."""
        for identifier in identifiers:
            self._suspects.add(_hashable(identifier))
            if are_announced:
                self._open[_hashable(identifier)] = identifier

    async def run(self) -> None:
        """Do it. Raises what the stores raise when they stay away, and BusyError when the lease is lost."""
        workers_count = self.settings.limits.workers
        queue: DocumentQueue = asyncio.Queue(maxsize=workers_count)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._work(queue)) for _ in range(workers_count)]
            drain = group.create_task(self._cut_off_after_stop())
            await self._feed(queue)
            for _ in workers:
                await queue.put(None)
            await asyncio.wait(workers)
            drain.cancel()

    # -- feed

    async def _feed(self, queue: DocumentQueue) -> None:
        """Read open documents ahead, announce them in chunks, and hand them out."""
        selection = self.settings.selection
        chunk: list[SourceDocument] = []
        chunk_bytes = fed = 0
        async for page in read_pages(self.documents, selection, DocumentView.OPEN, self.patience, self.within):
            for document in filter(self._is_wanted, page.documents):
                if self.stop.is_set():
                    return
                if fed == selection.limit:
                    self.reached_limit = True
                    await self._hand_out(chunk, queue)
                    return
                fed += 1
                chunk.append(document)
                chunk_bytes += document.size_bytes
                if len(chunk) >= CHUNK_DOCUMENTS or chunk_bytes >= CHUNK_BYTES:
                    await self._hand_out(chunk, queue)
                    chunk, chunk_bytes = [], 0
        await self._hand_out(chunk, queue)

    def _is_wanted(self, document: SourceDocument) -> bool:
        """One that this very run has tried again already is not: a limit goes on behind it."""
        was_visited = document.is_processed and document.run_id == self.run_id
        return not was_visited and has_work(document, self.settings.mapping, self.settings.selection)

    async def _hand_out(self, chunk: Sequence[SourceDocument], queue: DocumentQueue) -> None:
        if not chunk or self.stop.is_set():
            return
        self._open.update({_hashable(document.id): document.id for document in chunk})
        await self.announce(tuple(self._open.values()))
        for document in chunk:
            await queue.put(document)

    # -- workers

    async def _work(self, queue: DocumentQueue) -> None:
        while (document := await queue.get()) is not None:
            if not self.stop.is_set():
                await self._migrate(document)

    async def _cut_off_after_stop(self) -> None:
        """What is in flight when the run is told to stop may finish, but only within a bound."""
        await self.stop.wait()
        self.transfer.budgets.let_go()
        await self.transfer.clock.sleep(self.settings.limits.drain_seconds)
        for task in self._image_tasks:
            task.cancel()

    async def _migrate(self, document: SourceDocument) -> None:
        """Work on one document. It stays among those in flight while objects may be stored that it does not name."""
        mapping = self.settings.mapping
        outcomes: list[Outcome] = []
        current: SourceDocument | None = document
        for _ in range(CONFLICT_TRIES):
            if current is None:
                break
            work = plan_work(current, mapping, self.settings.selection)
            outcomes = await self._visit(work, outcomes)
            now = self.transfer.clock.now()
            update = build_update(work, mapping, outcomes, run_id=self.run_id, now=now)
            if update.results is None and not outcomes and not self.stop.is_set():
                break  # no image of a wanted type
            if update.results is None and (current.is_processed or not outcomes):
                self.unfinished += int(current.is_processed)
                return  # not all was tried
            current = await self.writer.write(update)
        else:
            if current is not None:
                return  # it changed under every try
        self._open.pop(_hashable(document.id), None)

    async def _visit(self, work: DocumentWork, known: Sequence[Outcome]) -> list[Outcome]:
        """Move every image of a document that has no outcome yet; returns all outcomes that belong to the plan."""
        wanted = {image.ref for image in work.todo}
        outcomes = [outcome for outcome in known if outcome.ref in wanted]
        left = work.without(outcome.ref for outcome in outcomes)
        if left and (self.look_everywhere or _hashable(work.document.id) in self._suspects):
            outcomes += await self.transfer.find_stored(work.document.id, work.plan.vehicle_name, left)
        groups = work.by_url(outcome.ref for outcome in outcomes)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._move(work, images)) for images in groups]
            self._image_tasks.update(tasks)
        self._image_tasks.difference_update(tasks)
        return outcomes + [outcome for task in tasks if not task.cancelled() for outcome in task.result()]

    async def _move(self, work: DocumentWork, images: Sequence[PlannedImage]) -> tuple[Outcome, ...]:
        if self.stop.is_set():
            return ()
        return await self.transfer.move(work.document.id, work.plan.vehicle_name, images, work.visits)


def _hashable(document_id: DocumentId) -> object:
    """An `_id` may be a nested document, which no set can hold."""
    try:
        hash(document_id)
    except TypeError:
        return repr(document_id)
    return document_id
