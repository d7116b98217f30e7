"""Which shard a process is."""

from __future__ import annotations

import pytest

from opsctl.cli.migrate.shard_choice import choose_shard
from opsctl.errors import UsageError
from opsctl.migration.shards import ShardChoice

POD = {"JOB_COMPLETION_INDEX": "2"}
TASK = {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "3"}


@pytest.mark.parametrize(
    ("shard", "count", "environ", "expected"),
    [
        (None, None, {}, None),
        ("1/4", None, {}, ShardChoice(1, 4)),
        (" 1 / 4 ", None, {}, ShardChoice(1, 4)),
        ("0/1", None, {}, None),
        ("1/4", None, POD, ShardChoice(1, 4)),
        (None, 5, POD, ShardChoice(2, 5)),
        (None, None, {**POD, "OPSCTL_SHARDS": "8"}, ShardChoice(2, 8)),
        (None, 5, {**POD, "OPSCTL_SHARDS": "8"}, ShardChoice(2, 5)),
        (None, 1, {"JOB_COMPLETION_INDEX": "0"}, None),
        (None, None, TASK, ShardChoice(1, 3)),
        (None, None, {**TASK, "CLOUD_RUN_EXECUTION": "images-x7k2p"}, ShardChoice(1, 3, "images-x7k2p")),
        ("2/4", None, {**POD, "OPSCTL_EXECUTION": "5f0c"}, ShardChoice(2, 4, "5f0c")),
        ("2/4", None, {**POD, "OPSCTL_EXECUTION": " "}, ShardChoice(2, 4)),
        ("0/1", None, {"OPSCTL_EXECUTION": "5f0c"}, None),
        (None, None, {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "1"}, None),
        (None, None, {"CLOUD_RUN_TASK_INDEX": "0"}, None),
        (None, 1, {}, None),
        (None, None, {"JOB_COMPLETION_INDEX": " "}, None),
    ],
)
def test_the_choice(
    shard: str | None, count: int | None, environ: dict[str, str], expected: ShardChoice | None
) -> None:
    assert choose_shard(shard, count, environ) == expected


@pytest.mark.parametrize(
    ("shard", "count", "environ"),
    [
        ("4/4", None, {}),
        ("1", None, {}),
        ("-1/4", None, {}),
        ("a/b", None, {}),
        ("1/4/5", None, {}),
        ("0/0", None, {}),
        ("٣/٤", None, {}),
        ("0/99999", None, {}),
        (None, None, POD),
        (None, 2, POD),
        (None, 4, {}),
        (None, 4, {"JOB_COMPLETION_INDEX": "two"}),
        (None, None, {"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "3"}),
    ],
)
def test_what_cannot_be(shard: str | None, count: int | None, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        choose_shard(shard, count, environ)
    assert caught.value.hint
