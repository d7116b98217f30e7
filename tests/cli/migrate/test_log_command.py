"""`opsctl migrate logs` on a cluster in memory."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import textwrap
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from rich.cells import cell_len

from opsctl.cli.app import ROOT
from opsctl.cli.context import AppContext, open_context
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.migrate.log_command import LogCommand
from opsctl.cli.options import CommonOptions, OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.output import write_outcome
from opsctl.cli.process import Process
from opsctl.cli.signals import StopRequest
from opsctl.errors import AccessDeniedError, ExitCode, NotFoundError, UnavailableError
from opsctl.migration.kubernetes.logs.models import LogReport, LogWishes
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, Stream, make_process, run_words
from tests.migration.kubernetes.logs.scene import Scene
from tests.migration.kubernetes.old_job import KEY, old_job
from tests.reporting.test_json_schema import problems

HOSTILE = b"2025-12-23T05:42:05Z \x1b[2J\x1b]0;owned\x07 \xff\xfe =cmd|calc '\xe2\x80\xae hunter2 mongodb://a:b@h/"


class Terminal:
    """Runs the command in a process that can be looked into."""

    def __init__(self, scene: Scene, output: OutputFormat, *, is_terminal: bool = False, **options: Any) -> None:
        self.scene = scene
        stdout = Stream(is_terminal=is_terminal)
        self.process: Process = make_process(environ={"TERM": "xterm"}, stdout=stdout)
        self.options = replace(CommonOptions(output=output), **options)
        self.context: AppContext = open_context(self.process, "migrate.logs", self.options)

    def command(self, wishes: LogWishes) -> LogCommand:
        return LogCommand(self.context, self.scene.cluster, KEY, wishes)

    def read(self, wishes: LogWishes = LogWishes()) -> Ended:  # noqa: B008 it is frozen
        outcome = asyncio.run(self.command(wishes).read())
        return self.write(outcome)

    def write(self, outcome: Outcome) -> Ended:
        write_outcome("migrate.logs", outcome, self.process, self.options, self.context.texts)
        assert isinstance(self.process.stdout, Stream)
        assert isinstance(self.process.stderr, Stream)
        return Ended(outcome.final_exit_code(), self.process.stdout.getvalue(), self.process.stderr.getvalue())


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_table_by_time_with_what_was_before_a_restart_marked(scene: Scene) -> None:
    ended = Terminal(scene, OutputFormat.TABLE).read()
    assert (ended.exit_code, ended.stderr) == (0, "")
    rows = [line for line in ended.stdout.splitlines() if line.rstrip().endswith(("a1", "b1", "a2", "b2"))]
    assert [row.split()[-1] for row in rows] == ["a1", "b1", "a2", "b2"]
    assert "a [previous]" in rows[0]
    assert "opsctl status" in ended.stdout


def test_plain_lines_are_made_for_grep(scene: Scene) -> None:
    lines = Terminal(scene, OutputFormat.TEXT).read().stdout.splitlines()
    assert [line.split(" ", 3)[3] for line in lines] == ["a[previous] a1", "b b1", "a a2", "b b2"]
    assert all(line.startswith("2025-12-23 ") for line in lines)


def test_one_document_one_object_a_line_and_rows_hold_the_same(scene: Scene) -> None:
    envelope = json.loads(Terminal(scene, OutputFormat.JSON).read().stdout)
    assert problems(envelope, envelope_schema("migrate.logs", LogReport)) == []
    lines = envelope["data"]["lines"]
    assert [line["isPrevious"] for line in lines] == [True, False, False, False]
    objects = Terminal(scene, OutputFormat.NDJSON).read().stdout.splitlines()
    assert [json.loads(line) for line in objects] == lines
    rows = list(csv.DictReader(io.StringIO(Terminal(scene, OutputFormat.CSV).read().stdout)))
    assert [row["text"] for row in rows] == [line["text"] for line in lines]


@pytest.mark.parametrize("output", [*list(OutputFormat)[:6], OutputFormat.TEXT])
def test_hostile_lines_are_harmless_and_the_jobs_own_secrets_are_masked(scene: Scene, output: OutputFormat) -> None:
    scene.add("c", lines=[HOSTILE, b"2025-12-23T05:42:05Z " + b"x" * (1 << 20)])
    stdout = Terminal(scene, output).read().stdout
    assert "\x1b" not in stdout
    assert "\x07" not in stdout
    assert "\u202e" not in stdout
    assert "hunter2" not in stdout
    assert "a:b@" not in stdout
    assert "owned" in stdout
    assert len(stdout) < 400_000


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("columns", ["80", "200"])
def test_no_line_is_wider_than_the_terminal(
    scene: Scene, columns: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    scene.add("c", lines=[f"2025-12-23T05:42:05Z {'아반떼 외장 이미지 저장 ' * 30}".encode()])
    for number in range(12):
        scene.add(f"car-image-migration-{number}-x7k2p", lines=[])
    terminal = Terminal(scene, OutputFormat.TABLE, is_terminal=True, no_color=True, lang=language)
    ended = terminal.read()
    assert max(map(cell_len, ended.stdout.splitlines())) <= int(columns)
    assert "12" in ended.stdout


def test_colour_is_for_terminals_only(scene: Scene) -> None:
    assert "\x1b[" in Terminal(scene, OutputFormat.TEXT, is_terminal=True).read().stdout
    assert "\x1b[" not in Terminal(scene, OutputFormat.TEXT, is_terminal=True, no_color=True).read().stdout
    assert "\x1b[" not in Terminal(scene, OutputFormat.TEXT).read().stdout


def test_a_hundred_silent_pods_are_one_sentence(scene: Scene) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    for number in range(100):
        scene.add(f"p{number:03}", phase="Pending", containerStatuses=[{"name": "migrate", "state": waiting}])
    ended = Terminal(scene, OutputFormat.TEXT).read(LogWishes(most_pods=200))
    (sentence,) = ended.stderr.splitlines()
    assert sentence == "100 pods (p099, p098, p097, …): not started: ImagePullBackOff: no such image"


def test_no_lines_are_explained(scene: Scene) -> None:
    scene.remove_pods()
    scene.job["spec"]["suspend"] = True
    ended = Terminal(scene, OutputFormat.TABLE).read()
    assert ended.exit_code == 0
    assert "No lines." in ended.stdout
    assert "spec.suspend" in ended.stdout
    plain = Terminal(scene, OutputFormat.TEXT, lang="ko").read()
    assert plain.stdout == ""
    assert "로그가 없습니다." in plain.stderr
    assert "일시 중지(spec.suspend)" in plain.stderr


def test_what_could_not_be_read_decides_the_code(scene: Scene) -> None:
    scene.cluster.failing["cut b"] = UnavailableError("reset by peer")
    ended = Terminal(scene, OutputFormat.TEXT).read()
    assert ended.exit_code == ExitCode.PARTIAL
    assert "Pod b: not all lines could be read: reset by peer" in ended.stderr
    scene.cluster.denied.add("get pods/log")
    terminal = Terminal(scene, OutputFormat.JSON)
    outcome = asyncio.run(terminal.command(LogWishes()).read())
    assert isinstance(outcome.error, AccessDeniedError)
    envelope = json.loads(terminal.write(outcome).stdout)
    assert (envelope["exitCode"], envelope["errors"][0]["code"]) == (6, "denied")
    assert {silence["reason"] for silence in envelope["data"]["silences"]} == {"denied"}
    scene.cluster.denied.clear()
    del scene.cluster.objects["jobs", KEY.namespace, KEY.name]
    with pytest.raises(NotFoundError):
        Terminal(scene, OutputFormat.TEXT).read()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda scene: scene.end(), "is complete."),
        (lambda scene: scene.end("Failed", "Failed"), "has failed: Reason"),
    ],
)
def test_following_writes_lines_and_tells_how_it_ended(
    scene: Scene, change: Callable[[Scene], None], words: str
) -> None:
    change(scene)
    terminal = Terminal(scene, OutputFormat.NDJSON)
    outcome = asyncio.run(terminal.command(LogWishes()).follow(StopRequest(), scene.cluster.clock))
    ended = terminal.write(outcome)
    assert [json.loads(line)["text"] for line in ended.stdout.splitlines()] == ["a1", "b1", "a2", "b2"]
    assert words in ended.stderr
    assert ended.exit_code == 0


def key_lines(seed: int, *, left_out: int = 0) -> list[str]:
    """A private key as it is printed line by line."""
    body = textwrap.wrap(base64.b64encode(Random(seed).randbytes(400)).decode(), 64)
    return ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"][left_out:]


def add_keys(scene: Scene) -> list[str]:
    """Two pods that print a key at the same time; of one the begin is not in the window. The lines to be masked."""
    first, second = key_lines(1), key_lines(2, left_out=3)
    scene.add("c", lines=[f"2025-12-23T05:42:05.{n:03}Z INFO root: {line}".encode() for n, line in enumerate(first)])
    scene.add("d", lines=[f"2025-12-23T05:42:05.{n:03}Z {line}".encode() for n, line in enumerate(second)])
    return [*first[1:-1], *second[:-1]]


@pytest.mark.parametrize("output", [*list(OutputFormat)[:6], OutputFormat.TEXT])
def test_keys_that_are_printed_line_by_line_are_masked(scene: Scene, output: OutputFormat) -> None:
    secrets = add_keys(scene)
    stdout = Terminal(scene, output).read().stdout
    assert not any(line in stdout.replace("\n", "") for line in secrets)
    assert stdout.count("END PRIVATE KEY") == (0 if output is OutputFormat.NAME else 2)


def follow(terminal: Terminal, *changes: Callable[[], None]) -> Ended:
    """Follows while the changes happen, two seconds after each other."""
    scene = terminal.scene

    async def main() -> Outcome:
        async def change() -> None:
            for each in changes:
                await scene.cluster.clock.sleep(3.0)
                each()

        changing = asyncio.ensure_future(change())
        outcome = await terminal.command(LogWishes()).follow(StopRequest(), scene.cluster.clock)
        await changing
        return outcome

    return terminal.write(asyncio.run(main()))


def test_keys_are_masked_while_following_too(scene: Scene) -> None:
    secrets = add_keys(scene)
    scene.end()
    stdout = follow(Terminal(scene, OutputFormat.TEXT)).stdout
    assert not any(line in stdout for line in secrets)
    assert stdout.count("END PRIVATE KEY") == 2


def test_a_job_that_is_created_again_has_new_secrets_and_the_old_ones_stay_masked(scene: Scene) -> None:
    def create_again() -> None:
        scene.remove_pods()
        scene.job = scene.cluster.add(old_job())
        container = scene.job["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": "DB_PASSWORD", "value": "second-one"}]
        scene.add("e", lines=[b"2025-12-23T05:42:07Z e hunter2 second-one"])

    ended = follow(Terminal(scene, OutputFormat.NDJSON), create_again, scene.end)
    texts = [json.loads(line)["text"] for line in ended.stdout.splitlines()]
    assert texts[-1] == "e *** ***"
    assert ended.exit_code == 0


def test_following_that_is_interrupted_or_out_of_time(scene: Scene) -> None:
    async def follow(code: ExitCode) -> Outcome:
        stop = StopRequest()
        asyncio.get_running_loop().call_later(0.05, stop.request, code)
        return await Terminal(scene, OutputFormat.TEXT).command(LogWishes()).follow(stop, scene.cluster.clock)

    assert asyncio.run(follow(ExitCode.INTERRUPTED)).final_exit_code() == 130
    with pytest.raises(TimedOutError):
        asyncio.run(follow(ExitCode.UNAVAILABLE))


@pytest.mark.parametrize(
    "words", [("--follow", "-o", "json"), ("-o", "name"), ("--since", "soon"), ("--tail", "0"), ("--shard", "-1")]
)
def test_a_wrong_call_ends_with_2(words: tuple[str, ...]) -> None:
    assert run_words(["migrate", "logs", *words], commands=ROOT).exit_code == 2
