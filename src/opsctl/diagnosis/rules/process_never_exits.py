"""The work is done and the process stays alive

What is wrong
    A job's task is over when its process ends. This one did its work, or is a server, a worker or a scheduler that by
    design never ends, and stayed alive until the task timeout. Something keeps it: an open pool of database
    connections, a timer, a queue or Redis client, a thread that is not a daemon, a listener on a port, a question that
    waits for an answer on a terminal that is not there.

How it is recognised
    The platform's text is that of every timeout. The last words of the program say "done", "completed", "No pending
    migrations", or "Server listening on ...", "Waiting for messages", "Watching for file changes"; then nothing follows
    until the end, or health checks and heartbeats only. Often the same happens in every attempt, after seconds of work.

Look-alikes
    - task-timeout: lines with progress come until the end.
    - network-unreachable, db-lock-contention: silence follows "connecting" or "acquiring lock", not "done".
    - "Batch 12 completed" is the end of a part, not of the work.
    - A proxy beside the program ("ready for new connections") is not the program; a script that waits for it is.

Remedy
    End the process: close pools and clients in a finally block, or call process.exit(0), sys.exit(), System.exit(0)
    when the work is done. Give the job the command of the work, not that of the server. A longer timeout changes
    nothing; the work itself is most likely complete, so look before running it again.

Sources
    nodejs.org/api/process.html (when a process exits); docs.python.org/3/library/threading.html (daemon threads);
    cloud.google.com/run/docs/create-jobs; start-up lines of the frameworks named in `last_words.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Sign, Stage, Weight
from opsctl.diagnosis.rules.last_words import LastWords, Said, ended_itself, find_last_words

SIGNS = (
    Sign(
        "configured-timeout",
        Weight.WEAK,
        "the configured timeout was reached",
        platform=True,
        source="Cloud Run, condition of the execution and status of the attempt",
        example="Task nightly-x2x2x-task0 failed with exit code: 0 and message: The configured timeout was reached.",
    ),
    Sign(
        "maximum-timeout",
        Weight.WEAK,
        "has reached the maximum timeout of",
        platform=True,
        source="Cloud Run, varlog/system",
        example="Terminating task because it has reached the maximum timeout of 300 seconds.",
    ),
    Sign(
        "did-not-exit",
        Weight.MODERATE,
        ("did not exit one second after the test run", "asynchronous operations that weren't stopped"),
        source="jestjs/jest packages/jest-cli/src/run.ts",
        example="Jest did not exit one second after the test run has completed.",
    ),
    Sign(
        "failed-to-exit-gracefully",
        Weight.WEAK,
        "has failed to exit gracefully and has been force exited",
        source="jestjs/jest packages/jest-worker",
        example="A worker process has failed to exit gracefully and has been force exited.",
    ),
)

# Commands of servers, workers and watchers: right for a service, wrong for a job.
_SERVERS = re.compile(
    r"\b(?:npm|yarn|pnpm|bun)(?: run)? (?:start|serve|dev)(?::\w+)?\b|\bnext (?:start|dev)\b|\bnest start\b|\bnodemon\b"
    r"|--watch\b|\buvicorn\b|\bgunicorn\b|\bhypercorn\b|manage\.py runserver|\bflask run\b"
    r"|\bcelery\b.*\b(?:worker|beat)\b"
    r"|\bsidekiq\b|\bpuma\b|rails s(?:erver)?\b|\bphp-fpm\b|artisan (?:serve|queue:work|schedule:work)"
    r"|\bapache2|httpd\b"
    r"|\bnginx\b|\bsupervisord\b|\bcron(?:d)?\b|\btail -f\b|\bsleep infinity\b|server\.js\b|\bpm2(?:-runtime)? start\b"
)


def look(facts: Facts) -> Iterator[Clue]:
    """The last words of the attempt, and a command that starts a server."""
    words = find_last_words(facts)
    if words is None:
        itself = ended_itself(facts)
        if itself:
            yield Clue("ended_itself", Weight.STRONG, itself, supports=False)
        return
    command = _server_command(facts)
    if command is not None:
        yield Clue("server_command", Weight.MODERATE, (command,), values={"command": command.excerpt})
    if facts.seen("logs"):
        yield from _judge(words)


def _judge(words: LastWords) -> Iterator[Clue]:
    silence = {"silence": f"{words.silence_seconds:.0f}" if words.silence_seconds is not None else "-"}
    listening = words.last(Said.LISTENING)
    done = words.last(Said.DONE)
    asking = words.last(Said.ASKING)
    progress = words.last(Said.PROGRESS, Said.STATEMENT)
    if listening is not None and (progress is None or progress.position < listening.position):
        is_quiet = not words.is_busy or words.final in (Said.LISTENING, Said.IDLE)
        yield Clue(
            "listening", Weight.DECISIVE if is_quiet else Weight.MODERATE, (listening.locate(0),), values=silence
        )
    elif asking is not None and (progress is None or progress.position < asking.position):
        yield Clue("asking", Weight.STRONG, (asking.locate(0),), values=silence)
    elif words.is_idle:
        weight = Weight.DECISIVE if words.is_repeating else Weight.STRONG
        yield Clue("idle", weight, (words.spoken[-1][1].locate(0),), values=silence)
    elif done is not None and _is_after_work(words):
        weight = Weight.DECISIVE if words.is_long_silence else Weight.MODERATE
        yield Clue("work_done", weight, (done.locate(0),), values=silence)
    elif words.final is Said.PROGRESS and words.is_busy:
        yield Clue("progress", Weight.STRONG, (words.spoken[-1][1].locate(0),), supports=False, values=silence)


def _is_after_work(words: LastWords) -> bool:
    """Whether only small talk follows the last word of completion, and not at once the end."""
    kinds = [said for said, _ in words.spoken]
    after = kinds[len(kinds) - kinds[::-1].index(Said.DONE) :]
    return not words.is_busy and all(said in (Said.OTHER, Said.IDLE) for said in after)


def _server_command(facts: Facts) -> Pointer | None:
    """The command when it is that of a server: the job's, else the image's."""
    execution, image = facts.execution, facts.image
    own = " ".join((*execution.command, *execution.args))
    if own:
        return Pointer("execution", "/template/containers/0/command", own) if _SERVERS.search(own) else None
    inherited = " ".join((*image.entrypoint, *image.command))
    return Pointer("image", "/config", inherited) if _SERVERS.search(inherited) else None


RULE = Rule(
    cause="process-never-exits",
    family="platform",
    stage=Stage.END,
    signs=SIGNS,
    look=look,
    remedies=(
        Remedy("exit_when_done", Risk.REVERSIBLE),
        Remedy(
            "right_command",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --region {region} --project {project} "
                "--command COMMAND --args ARGUMENT,ARGUMENT",
            ),
        ),
        Remedy(
            "bound_the_wait",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --region {region} --project {project} "
                "--command timeout --args=--preserve-status,300,COMMAND",
            ),
            is_workaround=True,
        ),
    ),
    check=Check(
        "logs",
        "opsctl cloudrun logs {execution} --project={project} --region={region} --tail=30",
    ),
)
