"""Which shard this process is: `--shard`, or what Kubernetes and Cloud Run tell their tasks."""

import re
from collections.abc import Mapping
from dataclasses import replace

from opsctl.errors import UsageError
from opsctl.migration.shards import EXECUTION_VARIABLE, ShardChoice

COUNT_VARIABLE = "OPSCTL_SHARDS"
EXECUTION_VARIABLES = (EXECUTION_VARIABLE, "CLOUD_RUN_EXECUTION")
LONGEST_EXECUTION = 200
_HINT = "write the shard and how many there are, counted from 0, for example --shard 0/4"


def choose_shard(shard: str | None, count: int | None, environ: Mapping[str, str]) -> ShardChoice | None:
    """The flag wins; then an Indexed Job's index with `--shards` or OPSCTL_SHARDS; then Cloud Run's task index.

    None when there is nothing to share: one shard is the whole. Which execution of the Job it is comes from the
    environment in any case. Raises UsageError.
    """
    choice = _parse(shard) if shard is not None else _read(count, environ)
    if choice is None or choice.count == 1:
        return None
    named = (environ.get(name, "").strip()[:LONGEST_EXECUTION] for name in EXECUTION_VARIABLES)
    return replace(choice, execution=next(filter(None, named), None))


def _parse(shard: str) -> ShardChoice:
    match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", shard, re.ASCII)
    if match is None:
        raise UsageError(f"--shard {shard!r} cannot be read", hint=_HINT)
    return ShardChoice(int(match[1]), int(match[2]))


def _read(count: int | None, environ: Mapping[str, str]) -> ShardChoice | None:
    count = count if count is not None else _number(environ, COUNT_VARIABLE)
    job_index = _number(environ, "JOB_COMPLETION_INDEX")
    if job_index is not None:
        if count is None:
            raise UsageError(
                "this is pod number JOB_COMPLETION_INDEX of an Indexed Job, but not known is of how many",
                hint=f"give the Job's completions with --shards N or {COUNT_VARIABLE}",
            )
        return ShardChoice(job_index, count)
    task_index = _number(environ, "CLOUD_RUN_TASK_INDEX")
    task_count = count if count is not None else _number(environ, "CLOUD_RUN_TASK_COUNT")
    if task_index is not None and task_count is not None:
        return ShardChoice(task_index, task_count)
    if count is not None and count != 1:
        raise UsageError(f"there are {count} shards, but not known is which one this is", hint=_HINT)
    return None


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise UsageError(f"{name} is not a number: {text[:40]!r}", hint=_HINT)
    return int(text)
