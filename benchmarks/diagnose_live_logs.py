"""What the log of an execution costs a live diagnosis: reads of Cloud Logging, time, memory.

    python -m benchmarks.diagnose_live_logs [--runs 3] [--lines 2000 20000 100000]

First every practice incident, one process each. Then executions of many lines, with one task and with 20 tasks of three
attempts. Cloud Logging's quota of 60 reads a minute and project holds, so that each run has a server of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.live_google import EXECUTION, OPSCTL, PROJECT, REGION, LiveGoogle, Usage, live_google, run, spread
from opsctl.lab.incidents import INCIDENTS

_SHAPES = ((1, 2), (20, 3))
_OUTCOMES = (0, 3, 4)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lines", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    options = parser.parse_args()
    _measure_incidents()
    for tasks, attempts in _SHAPES:
        for lines in options.lines:
            _measure_lines(lines, tasks, attempts, options.runs)


def _measure_incidents() -> None:
    print(f"{'execution':32}{'log reads':>10}{'calls':>7}{'wall':>9}{'CPU':>9}{'peak':>9}  first cause")
    with tempfile.TemporaryDirectory() as name, live_google(Path(name), "opsctl.lab.google") as google:
        # A variant of another incident is about the same execution.
        names = dict.fromkeys(str(found.evidence()["executionName"]) for found in INCIDENTS.values())
        for full in names:
            _, project, _, region, _, _, _, execution = full.split("/")
            google.forget_calls()
            usage, report = _diagnose(google, execution, project, region)
            calls = google.calls()
            causes = [finding["cause"] for finding in report["findings"]]
            print(
                f"{execution:32}{calls.log_reads:10}{calls.made:7}{usage.wall_seconds:7.2f} s{usage.cpu_seconds:7.2f} s"
                f"{usage.peak_mib:5.0f} MiB  {causes[0] if causes else '-'}"
            )


def _measure_lines(lines: int, tasks: int, attempts: int, runs: int) -> None:
    usages: list[Usage] = []
    reads, made, seconds, seen = 0, 0, 0.0, ""
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name:
            words = ("--lines", str(lines), "--tasks", str(tasks), "--attempts", str(attempts))
            with live_google(Path(name), "benchmarks.large_log_google", *words) as google:
                usage, report = _diagnose(google, EXECUTION, PROJECT, REGION)
                calls = google.calls()
                usages.append(usage)
        reads, made, seconds = calls.log_reads, calls.made, calls.seconds
        logs = next(item for item in report["completeness"]["sections"] if item["section"] == "logs")
        seen = f"{report['findings'][0]['cause']}; logs {logs['status']}: {logs['reason'] or 'whole'}"
    print(
        f"\n{lines} lines, {tasks} tasks of {attempts} attempts: {reads} log reads of {made} calls "
        f"({seconds:.1f} s in them)\n"
        f"  wall {spread([usage.wall_seconds for usage in usages])}, CPU {spread([u.cpu_seconds for u in usages])}, "
        f"peak {statistics.median(usage.peak_mib for usage in usages):.0f} MiB\n  {seen}"
    )


def _diagnose(google: LiveGoogle, execution: str, project: str, region: str) -> tuple[Usage, dict[str, Any]]:
    output = google.folder / "report.json"
    place = ("--project", project, "--region", region)
    command = [OPSCTL, "cloudrun", "diagnose", execution, *place, "-o", "json", "--quiet"]
    usage = run(command, google.environment(), output)
    if usage.exit_code not in _OUTCOMES:
        raise SystemExit(output.read_text(errors="replace")[-2000:])
    report = json.loads(output.read_text())["data"]
    return usage, report


if __name__ == "__main__":
    main()
