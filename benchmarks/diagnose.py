"""Time and memory of the whole command `opsctl cloudrun diagnose --from-evidence FILE -o json`.

    python -m benchmarks.diagnose [--lines 5000 200000] [--kind mixed|text|json] [--gz] [--runs 5]

Each file is made in a temporary folder: the log of a migration whose second attempt fails as well, written by an ORM, a
structured logger and the platform. On the same file, in the same run, Python's own `json.load` and `jq` read it whole:
they are the floor of anything that reads JSON, and tell how busy the machine is. Runs alternate; the smallest of each
is told.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

PROJECT, REGION, JOB, EXECUTION = "shop-prod", "europe-west1", "orders-migrate", "orders-migrate-x7k2p"
NAME = f"projects/{PROJECT}/locations/{REGION}/jobs/{JOB}/executions/{EXECUTION}"
RESOURCE = {"type": "cloud_run_job", "labels": {"job_name": JOB, "location": REGION, "project_id": PROJECT}}
ERROR = """\
QueryFailedError: column "channel_id" of relation "orders" already exists
    at PostgresQueryRunner.query (/app/node_modules/typeorm/driver/postgres/PostgresQueryRunner.js:219:19)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async AddChannel1767000000000.up (/app/dist/database/migrations/1767000000000-AddChannel.js:12:9) {
  query: 'ALTER TABLE "orders" ADD "channel_id" uuid',
  driverError: error: column "channel_id" of relation "orders" already exists
    code: '42701',"""
Entry = dict[str, Any]


class Usage(NamedTuple):
    """What a process took. `peak_mib` is its largest resident size."""

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    exit_code: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, nargs="+", default=[5_000, 200_000])
    parser.add_argument("--kind", choices=("mixed", "text", "json"), default="mixed")
    parser.add_argument("--gz", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for lines in options.lines:
            path = Path(folder) / f"evidence-{lines}.json{'.gz' if options.gz else ''}"
            write_sample(path, lines, options.kind)
            size_mib = path.stat().st_size / (1 << 20)
            print(f"{lines} lines ({options.kind}), {size_mib:.1f} MiB{' packed' if options.gz else ''}")
            report(measure_all(commands_for(path), options.runs))


def commands_for(path: Path) -> dict[str, list[str]]:
    opened = "gzip.open" if path.suffix == ".gz" else "open"
    commands = {
        "opsctl cloudrun diagnose": [
            *(sys.executable, "-m", "opsctl", "cloudrun", "diagnose"),
            *("--from-evidence", str(path), "-o", "json"),
        ],
        "json.load": [
            sys.executable,
            "-c",
            f"import gzip, json, sys; json.load({opened}(sys.argv[1], 'rb'))",
            str(path),
        ],
    }
    if shutil.which("jq") and path.suffix != ".gz":
        commands["jq length"] = ["jq", "length", str(path)]
    return commands


def measure_all(commands: dict[str, list[str]], runs: int) -> dict[str, Usage]:
    """The smallest of each figure: the machine can only add to it."""
    best: dict[str, Usage] = {}
    for _ in range(runs):
        for name, command in commands.items():
            now = run(command)
            old = best.get(name, now)
            best[name] = Usage(
                min(old.wall_seconds, now.wall_seconds),
                min(old.cpu_seconds, now.cpu_seconds),
                min(old.peak_mib, now.peak_mib),
                now.exit_code,
            )
    return best


def run(command: list[str]) -> Usage:
    """Runs a command to its end; its output is thrown away."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    # Bytes on macOS, KiB elsewhere.
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, os.waitstatus_to_exitcode(status))


def report(measured: dict[str, Usage]) -> None:
    ours = next(iter(measured.values()))
    for name, used in measured.items():
        cpu, memory = ours.cpu_seconds / used.cpu_seconds, ours.peak_mib / used.peak_mib
        ratios = f"ours is {cpu:.2f} x the CPU, {memory:.2f} x the memory"
        print(
            f"  {name:26}{used.wall_seconds:8.2f} s wall {used.cpu_seconds:8.2f} s CPU {used.peak_mib:7.0f} MiB"
            f"   exit {used.exit_code}   {'' if used is ours else ratios}"
        )


def write_sample(path: Path, lines: int, kind: str = "mixed") -> None:
    """An evidence file with about so many log lines, always the same."""
    status = {"code": 10, "message": "The container exited with an error."}
    sections = {
        "execution": {
            "name": NAME,
            "job": JOB,
            "createTime": "2026-01-12T00:00:00Z",
            "startTime": "2026-01-12T00:00:05Z",
            "completionTime": "2026-01-12T09:00:00Z",
            "taskCount": 1,
            "failedCount": 1,
            "template": {
                "containers": [{"image": "europe-west1-docker.pkg.dev/shop-prod/apps/orders:1", "env": []}],
                "maxRetries": 1,
                "timeout": "36000s",
            },
            "conditions": [
                {
                    "type": "Completed",
                    "state": "CONDITION_FAILED",
                    "message": f"Task {EXECUTION}-task0 failed with exit code: 1 and message: {status['message']}",
                    "executionReason": "NON_ZERO_EXIT_CODE",
                }
            ],
        },
        "tasks": {"tasks": [{"index": 0, "retried": 1, "lastAttemptResult": {"status": status, "exitCode": 1}}]},
    }
    head = {"schema": "opsctl.evidence/v1", "collectedAt": "2026-01-12T10:00:00Z", "executionName": NAME}
    with _open_to_write(path) as file:
        told = {name: {"status": "ok", "data": part} for name, part in sections.items()}
        file.write(
            f'{json.dumps(head)[:-1]}, "sections": {json.dumps(told)[:-1]}, "logs": {{"status": "ok", "data": {{'
        )
        file.write('"truncated": false, "entries": [')
        for number, entry in enumerate(sample_entries(lines, kind)):
            file.write(f"{',' if number else ''}\n{json.dumps(entry, ensure_ascii=False)}")
        file.write("]}}}}\n")


def _open_to_write(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, "wt", compresslevel=1, encoding="utf-8"))
    return path.open("w", encoding="utf-8")


def sample_entries(lines: int, kind: str) -> Iterator[Entry]:
    """Log entries of two attempts, each of which fails at its end."""
    half = max(lines // 2, 20)
    for number in range(2 * half):
        attempt, place = divmod(number, half)
        trace = ERROR.splitlines()
        if place == half - 1:
            text = "Container called exit(1)."
            yield {**_entry(number, attempt, "varlog/system"), "severity": "WARNING", "textPayload": text}
        elif place >= half - 1 - len(trace):
            yield {**_entry(number, attempt, "stderr"), "textPayload": trace[place - (half - 1 - len(trace))]}
        else:
            yield _program_entry(number, attempt, kind)


def _program_entry(number: int, attempt: int, kind: str) -> Entry:
    share = number % 10
    entry = _entry(number, attempt, "stderr" if share == 7 else "stdout")
    if kind == "json" or (kind == "mixed" and share in (2, 5)):
        record = {
            "level": 30,
            "time": 1767225600000 + number,
            "pid": 1,
            "hostname": "localhost",
            "reqId": f"req-{number * 7919 % 1000003:x}",
            "msg": f"batch {number} written: 500 rows of orders in {number % 97} ms",
            "batch": {"rows": 500, "offset": number * 500, "table": "orders"},
        }
        return {**entry, "jsonPayload": record}
    texts = (
        f"query: UPDATE orders SET total = price * quantity WHERE id BETWEEN {number * 500} AND {number * 500 + 499}",
        f"[{number:07d}] INFO  orders.copy - 500 rows copied, {number % 89} ms, no errors",
        f'{{"level":30,"time":{1767225600000 + number},"msg":"batch {number} done","rows":500,"table":"orders"}}',
        f"\x1b[32minfo\x1b[0m: 주문 {number * 500}건 처리 완료 ({number % 100} %)",
        f"2026-01-12 01:02:03,{number % 1000:03d} DEBUG sqlalchemy.pool Connection checked out from pool, {number}",
        f"    -> index orders_channel_idx rebuilt, pass {number}",
        "",
        f"(node:1) Warning: statement {number} took longer than expected, status 200, retry in 5 s",
        f"GET https://inventory.internal/api/v1/items/{number}?page=2 200 in {number % 300} ms",
        f"migrating order {number}: state=OPEN customer=c-{number * 31 % 99991} total={number % 1000}.50",
    )
    return {**entry, "textPayload": texts[share]}


def _entry(number: int, attempt: int, log: str) -> Entry:
    milliseconds = number * 150
    hours, minutes, seconds = milliseconds // 3_600_000, milliseconds // 60_000 % 60, milliseconds // 1000 % 60
    moment = f"2026-01-12T{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds % 1000:03d}{number % 1000:03d}Z"
    return {
        "insertId": f"6964a1{number:018x}",
        "timestamp": moment,
        "receiveTimestamp": moment,
        "logName": f"projects/{PROJECT}/logs/run.googleapis.com%2F{log.replace('/', '%2F')}",
        "resource": RESOURCE,
        "labels": {
            "instanceId": "0087244a80b1c1d3e6a2",
            "run.googleapis.com/execution_name": EXECUTION,
            "run.googleapis.com/task_attempt": str(attempt),
            "run.googleapis.com/task_index": "0",
            "gcb-trigger-region": "global",
        },
    }


if __name__ == "__main__":
    main()
