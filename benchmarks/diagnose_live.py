"""`opsctl cloudrun diagnose EXECUTION` beside the six commands that it replaces, on the same local Google.

    python -m benchmarks.diagnose_live [--runs 7] [--delay-ms 0 100]

The six: `gcloud run jobs executions describe`, `gcloud logging read`, `gcloud run jobs describe`, `gcloud projects
get-iam-policy`, the files of the image (`crane export - | tar t`), and migrate.js out of it. Both ways run in turn,
with opsctl's layer cache empty and filled; `gcloud --version` beside them tells what starting gcloud takes. Each is a
process of its own. Medians, with the smallest and the largest in brackets; ratios are medians of those of the rounds.
"""

from __future__ import annotations

import argparse
import base64
import json
import shlex
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.live_google import (
    EXECUTION,
    EXECUTION_PATH,
    JOB,
    OPSCTL,
    PROJECT,
    REGION,
    Calls,
    LiveGoogle,
    Usage,
    live_google,
    require,
    run,
    spread,
)

SEQUENCE = "six commands"
COLD, WARM = "opsctl, empty cache", "opsctl, filled cache"
PYTHON, START = "python -c print()", "gcloud --version"
_FAILED_EXECUTION = 3


@dataclass(slots=True)
class Rounds:
    """What one way took, round by round."""

    usages: list[Usage] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)

    def add(self, usage: Usage, calls: Calls) -> None:
        self.usages.append(usage)
        self.calls.append(calls)

    def walls(self) -> list[float]:
        return [usage.wall_seconds for usage in self.usages]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--delay-ms", type=int, nargs="+", default=[0, 100])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with live_google(folder, "opsctl.lab.google") as google:
            commands = _write_sequence(google)
            for delay_ms in options.delay_ms:
                google.delay(0)
                _measure_round(google, commands, {})
                google.delay(delay_ms / 1000)
                rounds: dict[str, Rounds] = {}
                for _ in range(options.runs):
                    _measure_round(google, commands, rounds)
                print(f"\nEvery answer {delay_ms} ms later, {options.runs} rounds" if delay_ms else "\nNo delay")
                _report(rounds, tuple(commands))


def _measure_round(google: LiveGoogle, commands: dict[str, list[str]], rounds: dict[str, Rounds]) -> None:
    """Everything once, in turn."""
    gcloud = _gcloud_environment(google)
    parts = {name: _measure(google, command, gcloud) for name, command in commands.items()}
    for name, measured in parts.items():
        rounds.setdefault(name, Rounds()).add(*measured)
    rounds.setdefault(SEQUENCE, Rounds()).add(*_sum(list(parts.values())))
    environment = google.environment()
    shutil.rmtree(environment["OPSCTL_CACHE_DIR"], ignore_errors=True)
    diagnose = [OPSCTL, "cloudrun", "diagnose", EXECUTION, "--project", PROJECT, "--region", REGION]
    for name in (COLD, WARM):
        rounds.setdefault(name, Rounds()).add(*_measure(google, diagnose, environment, expected=_FAILED_EXECUTION))
    rounds.setdefault(START, Rounds()).add(*_measure(google, [require("gcloud"), "--version"], gcloud))
    rounds.setdefault(PYTHON, Rounds()).add(*_measure(google, [sys.executable, "-c", "print()"], environment))


def _measure(
    google: LiveGoogle, command: list[str], environment: dict[str, str], *, expected: int = 0
) -> tuple[Usage, Calls]:
    """Ends the program when the command does not do its work."""
    google.forget_calls()
    output = google.folder / "output"
    usage = run(command, environment, output)
    if usage.exit_code != expected or not output.stat().st_size:
        raise SystemExit(f"{shlex.join(command)}: exit {usage.exit_code}\n{output.read_text(errors='replace')[-2000:]}")
    return usage, google.calls()


def _sum(parts: list[tuple[Usage, Calls]]) -> tuple[Usage, Calls]:
    """One after the other."""
    usages, calls = [usage for usage, _ in parts], [made for _, made in parts]
    return (
        Usage(
            sum(usage.wall_seconds for usage in usages),
            sum(usage.cpu_seconds for usage in usages),
            max(usage.peak_mib for usage in usages),
            0,
        ),
        Calls(
            sum(made.made for made in calls),
            sum(made.log_reads for made in calls),
            sum(made.seconds for made in calls),
        ),
    )


def _report(rounds: dict[str, Rounds], parts: tuple[str, ...]) -> None:
    sequence = rounds[SEQUENCE]
    order = (*parts, SEQUENCE, COLD, WARM, START, PYTHON)
    for name in order:
        measured = rounds[name]
        ratios = [whole / own for whole, own in zip(sequence.walls(), measured.walls(), strict=True)]
        calls = statistics.median(call.made for call in measured.calls)
        spent_ms = 1000 * statistics.median(call.seconds for call in measured.calls)
        cpu_seconds = statistics.median(usage.cpu_seconds for usage in measured.usages)
        against = f"{spread(ratios, 'x', 1)} faster" if name in (COLD, WARM) else ""
        print(
            f"  {name:40}{spread(measured.walls()):24}{cpu_seconds:6.2f} s CPU {calls:4.0f} calls "
            f"{spent_ms:6.0f} ms in them   {against}"
        )
    starts = [
        sum(rounds[part].usages[number].wall_seconds for part in parts if part.startswith("gcloud"))
        for number in range(len(sequence.usages))
    ]
    shares = [four / whole for four, whole in zip(starts, sequence.walls(), strict=True)]
    bare = [4 * start / whole for start, whole in zip(rounds[START].walls(), sequence.walls(), strict=True)]
    print(f"  the four gcloud commands are {100 * statistics.median(shares):.0f} % of the sequence; ", end="")
    print(f"four times `{START}` is {100 * statistics.median(bare):.0f} % of it")


def _write_sequence(google: LiveGoogle) -> dict[str, list[str]]:
    """The commands as an on-call engineer would type them."""
    container = google.get(f"/v2/{EXECUTION_PATH}")["template"]["containers"][0]
    image = f"127.0.0.1:{google.port}/{container['image'].partition('/')[2]}"
    gcloud, crane = require("gcloud"), require("crane")
    log_filter = f'resource.type="cloud_run_job" AND labels."run.googleapis.com/execution_name"="{EXECUTION}"'
    since = 'timestamp>="2026-01-12T00:00:00Z"'
    export = shlex.join([crane, "export", image, "-"])
    return {
        "gcloud run jobs executions describe": [gcloud, "run", "jobs", "executions", "describe", EXECUTION],
        "gcloud logging read": [gcloud, "logging", "read", f"{log_filter} AND {since}", "--limit=1000"],
        "gcloud run jobs describe": [gcloud, "run", "jobs", "describe", JOB],
        "gcloud projects get-iam-policy": [gcloud, "projects", "get-iam-policy", PROJECT],
        "crane export | tar t": ["bash", "-o", "pipefail", "-c", f"{export} | tar t"],
        "crane export | tar xO migrate.js": [
            *("bash", "-o", "pipefail", "-c"),
            f"{export} | tar xO app/dist/migrate.js",
        ],
    }


def _gcloud_environment(google: LiveGoogle) -> dict[str, str]:
    """Cloud Run is asked through a proxy that is the server itself: gcloud puts the region in front of the host."""
    docker = google.folder / "docker"
    docker.mkdir(exist_ok=True)
    login = base64.b64encode(f"oauth2accesstoken:{google.token}".encode()).decode()
    docker_config = {"auths": {f"127.0.0.1:{google.port}": {"auth": login}}}
    (docker / "config.json").write_text(json.dumps(docker_config), encoding="utf-8")
    services = ("CLOUDRESOURCEMANAGER", "IAM", "LOGGING")
    return google.environment(
        TERM="dumb",
        DOCKER_CONFIG=str(docker),
        CLOUDSDK_CONFIG=str(google.folder / "gcloud"),
        CLOUDSDK_CORE_PROJECT=PROJECT,
        CLOUDSDK_CORE_DISABLE_PROMPTS="1",
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING="1",
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK="1",
        CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=str(google.folder / "token"),
        CLOUDSDK_RUN_REGION=REGION,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN="http://run.test/",
        CLOUDSDK_PROXY_TYPE="http",
        CLOUDSDK_PROXY_ADDRESS="127.0.0.1",
        CLOUDSDK_PROXY_PORT=str(google.port),
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": f"{google.url}/" for name in services},
    )


if __name__ == "__main__":
    main()
