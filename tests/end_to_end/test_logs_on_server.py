"""`opsctl migrate logs` on the real API server, with the logs of kwok."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsctl.adapters.kube.client import TIMEOUT_SECONDS
from tests.end_to_end.kube_jobs import COMMAND_SECONDS, JOB, JobSite, open_job_site
from tests.servers.kube_cluster import KubeCluster, LogFile, wait_for
from tests.servers.proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.servers

START = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)
READING_RULES = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
)


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> JobSite:
    return open_job_site(cluster, tmp_path)


@pytest.fixture
def line(cluster: KubeCluster) -> Iterator[TcpProxy]:
    with tcp_proxy(cluster.port) as proxy:
        yield proxy


@pytest.fixture
def far_site(cluster: KubeCluster, line: TcpProxy, tmp_path: Path) -> JobSite:
    return open_job_site(cluster, tmp_path, port=line.port)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in text.splitlines()]


class Following:
    """A command that follows: what it wrote so far, and its end."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.child = child
        self.lines: list[str] = []
        self.notes: list[str] = []
        self._arrived: queue.Queue[None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._drain, args=pair, daemon=True)
            for pair in ((child.stdout, self.lines), (child.stderr, self.notes))
        ]
        for thread in self._threads:
            thread.start()

    def _drain(self, stream: Any, lines: list[str]) -> None:
        for each in stream:
            lines.append(each.rstrip("\n"))
            self._arrived.put(None)
        self._arrived.put(None)

    def wait(self, is_reached: Callable[[], bool]) -> None:
        """Until it is so; looked at again with every line."""
        while not is_reached():
            try:
                self._arrived.get(timeout=COMMAND_SECONDS)
            except queue.Empty:
                raise AssertionError(f"waited in vain: {self.lines} {self.notes}") from None
            assert is_reached() or self.child.poll() is None, f"ended: {self.lines} {self.notes}"

    def wait_for_text(self, text: str) -> None:
        self.wait(lambda: self.has_text(text))

    def wait_for_note(self, words: str) -> None:
        self.wait(lambda: any(words in each for each in list(self.notes)))

    def end(self) -> int:
        code = self.child.wait(timeout=COMMAND_SECONDS)
        for thread in self._threads:
            thread.join(timeout=COMMAND_SECONDS)
        return code

    def has_text(self, text: str) -> bool:
        return any(json.loads(each)["text"] == text for each in list(self.lines))

    @property
    def texts(self) -> list[str]:
        return [json.loads(each)["text"] for each in self.lines]


@pytest.fixture
def follow() -> Iterator[Callable[..., Following]]:
    started: list[Following] = []

    def start(site: JobSite, *words: str) -> Following:
        started.append(Following(site.start("migrate", "logs", "--follow", "-o", "ndjson", *words)))
        return started[-1]

    yield start
    for each in started:
        if each.child.poll() is None:
            each.child.kill()
            each.child.wait(timeout=COMMAND_SECONDS)


def write_two(site: JobSite) -> tuple[str, str, LogFile, LogFile]:
    """Two pods with a line each, and their logs."""
    site.create_job()
    pods = site.pod(0), site.pod(1)
    logs = [site.cluster.pod_log(site.namespace, pod)[0] for pod in pods]
    logs[0].write("zero", at=after(0))
    logs[1].write("one", at=after(1))
    return *pods, logs[0], logs[1]


def test_two_pods_are_one_log_with_what_was_before_a_restart(site: JobSite) -> None:
    site.create_job()
    first, second = site.pod(0), site.pod(1)
    current, previous = site.cluster.pod_log(site.namespace, first)
    other, _ = site.cluster.pod_log(site.namespace, second)
    previous.write("before 1", "before 2", at=after(0))
    other.write("other", at=after(1))
    current.write("now", at=after(2))
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": "2025-12-23T05:41:00Z",
        "finishedAt": "2025-12-23T05:42:00Z",
    }
    site.set_status(first, restartCount=1, lastState={"terminated": ended})
    done = site.run("migrate", "logs", "-o", "ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(each["text"], each["index"], each["isPrevious"]) for each in objects(done.stdout)] == [
        ("before 1", 0, True),
        ("before 2", 0, True),
        ("other", 1, False),
        ("now", 0, False),
    ]
    words = ("--shard", "0", "--no-previous", "--tail", "1")
    assert [each["text"] for each in objects(site.run("migrate", "logs", "-o", "ndjson", *words).stdout)] == ["now"]
    since = site.run("migrate", "logs", "-o", "ndjson", "--since", "2025-12-23T05:42:01Z").stdout
    assert [each["text"] for each in objects(since)] == ["other", "now"]
    assert "[previous]" in site.run("migrate", "logs").stdout


def test_following_goes_on_with_the_pod_that_the_controller_makes(
    site: JobSite, follow: Callable[..., Following]
) -> None:
    first, second, zero, one = write_two(site)
    following = follow(site)
    following.wait_for_text("zero")
    following.wait_for_text("one")
    zero.write("last words")
    following.wait_for_text("last words")
    site.delete_pod(first)
    third = site.pod(0, other_than=first)
    new, _ = site.cluster.pod_log(site.namespace, third)
    new.write("new pod")
    following.wait_for_text("new pod")
    one.write("still here")
    following.wait_for_text("still here")
    for pod in (second, third):
        site.cluster.finish_pod(site.namespace, pod, 0)
    assert following.end() == 0
    # A pod that does not answer for five seconds holds the others up no longer: on a busy machine either comes first.
    assert sorted(following.texts[:2]) == ["one", "zero"]
    assert following.texts[2:] == ["last words", "new pod", "still here"]
    assert f"Job {site.namespace}/{JOB} is complete." in following.notes


def test_a_server_that_is_away_is_told_and_nothing_is_lost(
    far_site: JobSite, line: TcpProxy, follow: Callable[..., Following]
) -> None:
    first, second, zero, one = write_two(far_site)
    following = follow(far_site)
    following.wait_for_text("one")
    line.refuse()
    following.wait_for_note("The API server is away")
    zero.write("while away", at=after(5))
    one.write("as well", at=after(6))
    line.restore()
    following.wait_for_note("The API server answers again.")
    following.wait_for_text("while away")
    following.wait_for_text("as well")
    for _ in range(3):
        line.cut()
    zero.write("after the cut", at=after(7))
    following.wait_for_text("after the cut")
    for pod in (first, second):
        far_site.cluster.finish_pod(far_site.namespace, pod, 0)
    assert following.end() == 0
    assert sorted(following.texts) == sorted({"zero", "one", "while away", "as well", "after the cut"})


def test_a_beginning_is_not_cut_by_a_number_that_nobody_gave(site: JobSite) -> None:
    _, _, zero, _ = write_two(site)
    zero.write(*map(str, range(1_500)), at=after(2))
    words = ("--shard", "0", "-o", "ndjson")
    assert len(objects(site.run("migrate", "logs", *words).stdout)) == 1_000
    since = ("--since", after(2).isoformat())
    assert len(objects(site.run("migrate", "logs", *words, *since).stdout)) == 1_500
    assert len(objects(site.run("migrate", "logs", *words, *since, "--tail", "10").stdout)) == 10


def test_an_answer_that_breaks_off_in_the_middle(far_site: JobSite, line: TcpProxy) -> None:
    """The proxy gives what it has and then no more: the lines that came are shown, and that some are missing."""
    _, _, zero, _ = write_two(far_site)
    zero.write(*(f"{number} {'x' * 200}" for number in range(50_000)), at=after(2))
    line.cut_answers_after(1_000_000)
    done = far_site.run("migrate", "logs", "--tail", "100000", "-o", "ndjson", "--shard", "0")
    assert done.returncode == 4, done.stderr
    assert "not all lines could be read" in done.stderr
    texts = [each["text"] for each in objects(done.stdout)]
    assert texts[0] == "zero"
    assert 100 < len(texts) < 50_001


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_being_interrupted_ends_it_although_the_server_hangs(
    far_site: JobSite, line: TcpProxy, follow: Callable[..., Following], number: signal.Signals, code: int
) -> None:
    write_two(far_site)
    following = follow(far_site)
    following.wait_for_text("one")
    line.hold()
    following.child.send_signal(number)
    # Less than a request to a server that says nothing would take.
    assert following.child.wait(timeout=TIMEOUT_SECONDS - 3) == code
    following.end()
    assert not any("Traceback" in note for note in following.notes)


def test_time_runs_out(site: JobSite, follow: Callable[..., Following]) -> None:
    """Lines come until then; on a busy machine the start alone may take the shorter of these times."""
    write_two(site)
    for seconds in ("3", "10", "30"):
        following = follow(site, "--timeout", seconds)
        assert following.end() == 5
        assert any("did not" in note and "--timeout" in note for note in following.notes)
        if following.has_text("one"):
            return
    raise AssertionError(f"no line came within {seconds} s")


def test_why_there_are_no_lines(site: JobSite) -> None:
    site.create_job(suspend=True)
    done = site.run("migrate", "logs")
    assert done.returncode == 0
    assert "spec.suspend" in done.stdout
    site.cluster.request(
        "PATCH", f"{site.jobs_path}/{JOB}", {"spec": {"suspend": False}}, content_type="application/merge-patch+json"
    )
    first, second = site.pod(0), site.pod(1)
    done = site.run("migrate", "logs", "-o", "json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert {(each["pod"], each["reason"]) for each in data["silences"]} == {(first, "no-log"), (second, "no-log")}
    site.cluster.pod_log(site.namespace, first)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "example.com/opsctl:1"'}}
    site.set_status(second, state={"running": None, **waiting}, ready=False)
    told = {
        each["pod"]: each for each in json.loads(site.run("migrate", "logs", "-o", "json").stdout)["data"]["silences"]
    }
    assert told[first]["reason"] == "no-output"
    assert told[second]["reason"] == "not-started"
    assert told[second]["detail"].startswith("ImagePullBackOff: Back-off pulling")


def test_why_a_job_gets_no_pods(site: JobSite) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{site.namespace}/resourcequotas"
    site.cluster.request("POST", path, quota)
    # What the quota controller would write, which this cluster does not have.
    status = {"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}
    site.cluster.request("PATCH", f"{path}/none/status", status, content_type="application/merge-patch+json")
    site.create_job()
    wait_for(
        lambda: site.cluster.items(f"/api/v1/namespaces/{site.namespace}/events") or None, "the controller's complaint"
    )
    done = site.run("migrate", "logs", "-o", "text")
    assert (done.returncode, done.stdout) == (0, "")
    assert "The Job has no pods: FailedCreate:" in done.stderr
    assert "exceeded quota" in done.stderr


def test_the_pods_of_a_complete_job_may_be_gone(site: JobSite) -> None:
    first, second, _, _ = write_two(site)
    for pod in (first, second):
        site.cluster.finish_pod(site.namespace, pod, 0)
    wait_for(
        lambda: site.cluster.request("GET", f"{site.jobs_path}/{JOB}")["status"].get("completionTime"), "the Job's end"
    )
    done = site.run("migrate", "logs", "--follow", "-o", "ndjson")
    assert [each["text"] for each in objects(done.stdout)] == ["zero", "one"]
    for pod in (first, second):
        site.delete_pod(pod)
    wait_for(lambda: not site.cluster.items(site.pods_path) or None, "the pods to be gone")
    done = site.run("migrate", "logs", "-o", "text")
    assert (done.returncode, done.stdout) == (0, "")
    assert "its pods are deleted" in done.stderr


def test_hostile_lines_are_harmless(site: JobSite) -> None:
    site.create_job(env={"DB_PASSWORD": "s3cr3t word"})
    log, _ = site.cluster.pod_log(site.namespace, site.pod(0))
    log.write("\x1b[2J\x1b]0;owned\x07 with s3cr3t word", "x" * (1 << 20), "한국어 \u202e line", at=after(0))
    with log.path.open("ab") as file:
        file.write(b"2025-12-23T05:42:01.000000000Z stdout F \xff\xfe\x00 not text\n")
    for output in ("table", "text", "ndjson", "json", "markdown", "csv"):
        done = site.run("migrate", "logs", "--shard", "0", "-o", output)
        assert done.returncode == 0, done.stderr
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(done.stdout)
        assert "s3cr3t word" not in done.stdout
        assert "한국어" in done.stdout
        assert "not text" in done.stdout
        assert len(done.stdout) < 500_000


@pytest.mark.parametrize("missing", ["jobs", "pods", "pods/log", "events"])
def test_one_right_less_is_named(cluster: KubeCluster, tmp_path: Path, missing: str) -> None:
    site = open_job_site(cluster, tmp_path, context="user")
    write_two(site)
    cluster.grant(site.namespace, *(rule for rule in READING_RULES if rule["resources"] != [missing]))
    done = site.run("migrate", "logs", "-o", "json")
    if missing == "events":
        assert (done.returncode, done.stderr) == (0, "")
        return
    assert done.returncode == 6, done.stdout + done.stderr
    assert f"{missing}{'.batch' if missing == 'jobs' else ''} in namespace {site.namespace}" in done.stderr
    assert f'resources: ["{missing}"]' in done.stderr
    followed = site.run("migrate", "logs", "-f")
    assert followed.returncode == 6, followed.stderr
    assert f'resources: ["{missing}"]' in followed.stderr


def test_what_is_not_there(site: JobSite) -> None:
    done = site.run("migrate", "logs")
    assert done.returncode == 7
    assert JOB in done.stderr
    assert site.run("migrate", "logs", "-f").returncode == 7
    write_two(site)
    done = site.run("migrate", "logs", "--pod", "nobody")
    assert done.returncode == 7
    assert f"{JOB}-0-" in done.stderr
    assert site.run("migrate", "logs", "--container", "sidecar").returncode == 7


def test_a_server_that_is_down(far_site: JobSite, line: TcpProxy) -> None:
    line.refuse()
    for words in ((), ("-f",)):
        done = far_site.run("migrate", "logs", *words)
        assert done.returncode == 5, done.stderr
        assert "cannot be reached" in done.stderr


def test_the_reader_of_the_pipe_is_gone(site: JobSite, follow: Callable[..., Following]) -> None:
    _, _, zero, _ = write_two(site)
    child = site.start("migrate", "logs", "-f", "-o", "ndjson")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    zero.write("nobody reads this")
    assert child.wait(timeout=COMMAND_SECONDS) == 141
    assert "Traceback" not in child.stderr.read()
    child.stderr.close()
