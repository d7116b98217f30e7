"""Cutting a collection into contiguous ranges of equal work, and what a run is when its shards are what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opsctl.errors import UsageError
from opsctl.migration.models import BEFORE_ALL, IdRange, PageToken, PlanTotals, RunState
from opsctl.migration.run_record import Shard

MOST_SHARDS = 1024
BLOCKS_PER_SHARD = 64
EXECUTION_VARIABLE = "OPSCTL_EXECUTION"
"""In the environment of a process: which execution of a Job it belongs to (`ShardChoice.execution`)."""

_IMAGE_WEIGHT = 100  # against 1 for looking at a document


@dataclass(frozen=True, slots=True)
class ShardChoice:
    """Which part of how many a process was told to work on; parts are counted from 0. Raises UsageError.

    `execution` names the execution of a Job that the process belongs to: another start of a part in the same
    execution is a retry, and never the beginning of another run.
    """

    index: int
    count: int
    execution: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SHARDS:
            raise UsageError(f"there cannot be {self.count} shards", hint=f"1 to {MOST_SHARDS} are possible")
        if not 0 <= self.index < self.count:
            raise UsageError(
                f"there is no shard {self.index} of {self.count}",
                hint=f"shards are counted from 0: 0/{self.count} to {self.count - 1}/{self.count}",
            )


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """One range and what it holds."""

    within: IdRange
    totals: PlanTotals


@dataclass(slots=True)
class Cutter:
    """Takes documents in reading order and cuts them afterwards, in memory that the number of shards bounds.

    Neighbours are added up in blocks, which grow as more documents come; a cut lies between two blocks. So a shard
    is off its fair share by a block on either side: 1/16 of a share, or one document if that is more.
    """

    count: int
    _blocks: list[_Block] = field(default_factory=list)
    _step: int = 0
    _weight: int = 0

    def add(self, place: PageToken, totals: PlanTotals) -> None:
        """One document, counted, and its place in reading order."""
        weight = 1 + _IMAGE_WEIGHT * totals.images_remaining
        self._weight += weight
        # null sorts last and cannot be told from the beginning of its kind: no cut lies behind it.
        self._append(_Block(place if place[1] is not None else self._last_place(), totals, weight))
        if len(self._blocks) > BLOCKS_PER_SHARD * self.count:
            self._coarsen()

    def cut(self) -> tuple[ShardPlan, ...]:
        """The ranges. Together they are the whole of all places, also of documents that are inserted later."""
        cuts = [0, *self._find_cuts(), len(self._blocks)]
        places = [None, *(self._place(index) for index in cuts[1:-1]), None]
        plans = []
        for number in range(self.count):
            totals = PlanTotals()
            for block in self._blocks[cuts[number] : cuts[number + 1]]:
                totals = totals.plus(block.totals)
            plans.append(ShardPlan(IdRange(places[number], places[number + 1]), totals))
        return tuple(plans)

    def _find_cuts(self) -> list[int]:
        """How many blocks lie in front of each inner cut: as near to its fair share as blocks allow."""
        cuts: list[int] = []
        index = passed = 0
        for number in range(1, self.count):
            target = self._weight * number / self.count
            while index < len(self._blocks):
                weight = self._blocks[index].weight
                if passed + weight - target > target - passed:
                    break
                passed += weight
                index += 1
            cuts.append(index)
        return cuts

    def _place(self, index: int) -> PageToken:
        return self._blocks[index - 1].upto if index else BEFORE_ALL

    def _last_place(self) -> PageToken:
        return self._blocks[-1].upto if self._blocks else BEFORE_ALL

    def _append(self, block: _Block) -> None:
        if self._blocks and self._blocks[-1].weight + block.weight <= self._step:
            block = self._blocks.pop().joined(block)
        self._blocks.append(block)

    def _coarsen(self) -> None:
        """Two neighbours are heavier than a step together; so half of the blocks are left at most."""
        blocks, self._blocks = self._blocks, []
        self._step = max(2, 4 * self._weight // (BLOCKS_PER_SHARD * self.count))
        for block in blocks:
            self._append(block)


@dataclass(frozen=True, slots=True)
class _Block:
    upto: PageToken
    totals: PlanTotals
    weight: int

    def joined(self, other: _Block) -> _Block:
        return _Block(other.upto, self.totals.plus(other.totals), self.weight + other.weight)


def settle(shards: Sequence[Shard]) -> tuple[RunState, str | None] | None:
    """The state that its shards give a run, with a reason; None while somebody works, or is still to begin."""
    if not shards or any(shard.lease.owner is not None for shard in shards):
        return None
    states = {shard.state for shard in shards}
    if all(state.is_over for state in states):
        failed = RunState.COMPLETE_WITH_FAILURES
        return (failed if failed in states else RunState.COMPLETE), None
    for shard in shards:
        if shard.state in (RunState.STOPPED, RunState.FAILED):
            return RunState.STOPPED, shard.state_reason
    return None
