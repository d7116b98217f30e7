"""The history of a run that several processes wrote at once, put together to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from opsctl.migration.run_record import BUCKET_SECONDS, Bucket


def join_buckets(buckets: Sequence[Bucket]) -> tuple[Bucket, ...]:
    """Slices of ten seconds, in order, from slices that overlap: what each did is spread evenly over its time.

    Sums stay what they were. A time in which nobody worked has no slice.
    """
    done: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    covered: dict[int, float] = defaultdict(float)
    for bucket in buckets:
        began = bucket.at.timestamp()
        ended = began + max(bucket.seconds, 0.001)
        for cell in range(int(began // BUCKET_SECONDS), int(ended // BUCKET_SECONDS) + 1):
            seconds = min(ended, (cell + 1) * BUCKET_SECONDS) - max(began, cell * BUCKET_SECONDS)
            if seconds <= 0:
                continue
            part = seconds / (ended - began)
            for place, amount in enumerate((bucket.images, bucket.documents, bucket.size_bytes)):
                done[cell][place] += part * amount
            # The longest of them: exact unless they lie in the same ten seconds and do not overlap.
            covered[cell] = max(covered[cell], seconds)
    return _round_off({cell: (covered[cell], done[cell]) for cell in sorted(done)})


def _round_off(cells: dict[int, tuple[float, list[float]]]) -> tuple[Bucket, ...]:
    """Whole images and documents; what is cut off goes to the next slice."""
    joined: list[Bucket] = []
    exact, given = [0.0, 0.0, 0.0], [0, 0, 0]
    for cell, (seconds, amounts) in cells.items():
        exact = [before + amount for before, amount in zip(exact, amounts, strict=True)]
        whole = [round(total) - before for total, before in zip(exact, given, strict=True)]
        given = [before + amount for before, amount in zip(given, whole, strict=True)]
        at = datetime.fromtimestamp(cell * BUCKET_SECONDS, UTC)
        joined.append(Bucket(at, seconds, *whole))
    return tuple(joined)
