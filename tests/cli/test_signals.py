"""Stopping: the first signal asks, the second leaves, --timeout bounds."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from opsctl.cli.interrupts import Terminated, TimedOutError, limit_time, raise_on_sigterm
from opsctl.cli.signals import StopRequest, join_unless_stopped, run_async
from opsctl.errors import ExitCode

# Long enough that a test which waits for it has failed in any case.
FOREVER_SECONDS = 120.0


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("use_uvloop", [False, True])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_the_first_signal_sets_the_event_and_is_remembered(number: int, code: ExitCode, use_uvloop: bool) -> None:
    async def main(stop: StopRequest) -> tuple[str, ExitCode | None]:
        asyncio.get_running_loop().call_soon(send, number)
        await stop.wait()
        await asyncio.sleep(0.01)
        return "drained", stop.exit_code

    assert run_async(main, use_uvloop=use_uvloop) == ("drained", code)


@pytest.mark.parametrize("use_uvloop", [False, True])
def test_a_signal_reaches_a_loop_that_sleeps(use_uvloop: bool) -> None:
    async def main(stop: StopRequest) -> bool:
        threading.Timer(0.05, send, (signal.SIGTERM,)).start()
        await asyncio.wait_for(stop.wait(), FOREVER_SECONDS)
        return stop.is_set()

    assert run_async(main, use_uvloop=use_uvloop)


def test_the_second_signal_leaves_at_once() -> None:
    left: list[int] = []

    async def main(stop: StopRequest) -> None:
        send(signal.SIGINT)
        await stop.wait()
        send(signal.SIGTERM)
        await asyncio.sleep(0)

    run_async(main, leave=left.append)
    assert left == [143]


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_without_a_drain_the_work_is_cancelled_at_once(number: int, error: type[BaseException]) -> None:
    cleaned: list[str] = []

    async def main(_stop: StopRequest) -> None:
        asyncio.get_running_loop().call_soon(send, number)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("cleaned")

    with pytest.raises(error):
        run_async(main, drain_seconds=0)
    assert cleaned == ["cleaned"]


def test_a_drain_that_takes_too_long_is_cut() -> None:
    async def main(_stop: StopRequest) -> None:
        send(signal.SIGINT)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_async(main, drain_seconds=0.01)


def test_results_and_errors_come_through() -> None:
    async def answer(stop: StopRequest) -> int:
        assert stop.exit_code is None
        return 42

    async def fail(_stop: StopRequest) -> None:
        raise ValueError("x")

    async def cancel(_stop: StopRequest) -> None:
        raise asyncio.CancelledError

    assert run_async(answer) == 42
    with pytest.raises(ValueError, match="x"):
        run_async(fail)
    with pytest.raises(asyncio.CancelledError):
        run_async(cancel)


def test_the_handlers_of_before_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]

    async def main(_stop: StopRequest) -> None:
        send(signal.SIGTERM)

    run_async(main)
    with raise_on_sigterm(), limit_time(30):
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_timeout_asks_the_asynchronous_command_to_stop() -> None:
    async def main(stop: StopRequest) -> ExitCode | None:
        # As the timer does when its time is over; a timer of its own may be over before `run_async` has begun.
        asyncio.get_running_loop().call_soon(send, signal.SIGALRM)
        await asyncio.wait_for(stop.wait(), FOREVER_SECONDS)
        return stop.exit_code

    with limit_time(FOREVER_SECONDS):
        assert run_async(main) is ExitCode.UNAVAILABLE


def test_a_timeout_cancels_work_without_a_drain() -> None:
    async def main(_stop: StopRequest) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimedOutError, match=r"within 0\.02 seconds") as raised, limit_time(0.02):
        run_async(main, drain_seconds=0)
    assert raised.value.exit_code == 5
    assert raised.value.code == "timeout"


def test_a_timeout_ends_a_wait_for_a_thread_inside_of_the_loop() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait, args=(FOREVER_SECONDS,), daemon=True)
    thread.start()

    async def main(_stop: StopRequest) -> None:
        join_unless_stopped(thread)

    try:
        with pytest.raises(TimedOutError), limit_time(0.05):
            run_async(main, drain_seconds=0)
        assert thread.is_alive()
    finally:
        release.set()
    join_unless_stopped(thread)
    assert not thread.is_alive()


def test_a_timeout_ends_a_synchronous_command() -> None:
    with pytest.raises(TimedOutError), limit_time(0.02):
        threading.Event().wait(FOREVER_SECONDS)


def test_a_time_that_is_over_at_once_is_told_as_any_other_and_leaves_no_handler() -> None:
    before = signal.getsignal(signal.SIGALRM)
    for _ in range(50):
        with pytest.raises(TimedOutError, match=r"within 1e-06 seconds"), limit_time(1e-6):
            threading.Event().wait(FOREVER_SECONDS)
        assert signal.getsignal(signal.SIGALRM) is before


def test_sigterm_lets_finally_run() -> None:
    done: list[str] = []

    def work() -> None:
        try:
            send(signal.SIGTERM)
            time.sleep(FOREVER_SECONDS)
        finally:
            done.append("done")

    with pytest.raises(Terminated), raise_on_sigterm():
        work()
    assert done == ["done"]


_STUCK = """
import asyncio, sys, time
from opsctl.cli.signals import run_async

async def main(stop):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
    print("started", flush=True)
    await stop.wait()
    print("stopping", flush=True)

run_async(main)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_leaves_although_a_thread_is_stuck(number: int, code: int) -> None:
    """A thread cannot be cancelled, and the loop waits for it: only leaving helps."""
    with subprocess.Popen([sys.executable, "-c", _STUCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(number)
        assert process.wait(timeout=FOREVER_SECONDS) == code


_TERMINATED = """
import sys
from opsctl.cli.boundary import run
from opsctl.cli.process import Process
from tests.cli.processes import PROBE

sys.exit(run(["probe", "terminate", "-o", "json"], Process.current(), PROBE))
"""


def test_the_program_ends_with_143_on_sigterm_and_says_so_in_json() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _TERMINATED], capture_output=True, text=True, timeout=FOREVER_SECONDS, check=False
    )
    assert ended.returncode == 143
    assert '"exitCode": 143' in ended.stdout


def test_a_closed_pipe_ends_with_141_and_says_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "opsctl", "--help"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_full_disk_ends_with_1_and_says_so_once() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        command = [sys.executable, "-m", "opsctl", "--version", "-o", "json"]
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=FOREVER_SECONDS, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "error: The report cannot be written: No space left on device.\n")


def test_a_signal_that_the_main_thread_does_not_feel_wakes_the_loop() -> None:
    """It came on another thread, or just before the loop went to sleep."""
    waiting, delivered = threading.Event(), threading.Event()

    def deliver() -> None:
        if waiting.wait(FOREVER_SECONDS):
            # Most of the time the loop is asleep by now; a signal that comes earlier must end it all the same.
            time.sleep(0.2)
            delivered.set()
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    async def wait(_: StopRequest) -> None:
        waiting.set()
        await asyncio.sleep(2 * FOREVER_SECONDS)

    thread = threading.Thread(target=deliver)
    thread.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_async(wait, drain_seconds=0)
    assert time.monotonic() - began < FOREVER_SECONDS
    assert delivered.is_set()
    thread.join()
