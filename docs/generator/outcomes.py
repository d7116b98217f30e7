"""`exit-codes.md`, `error-codes.md`, `failure-classes.md`, `states.md`."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from docs.generator.markdown import code, explain, join, table

import opsctl
from opsctl.errors import ExitCode, OpsctlError
from opsctl.migration.models import FailureClass, RunState
from opsctl.migration.verify import DifferenceKind
from opsctl.reporting.texts.en.status import MESSAGES
from opsctl.status.models import Basis, Method, State

EXIT_CODES = {
    ExitCode.OK: "Done; or everything could be read and nothing is wrong.",
    ExitCode.ERROR: "Unexpected, or an answer, an image or an evidence file that cannot be read.",
    ExitCode.USAGE: "Wrong call or wrong configuration. Trying again does not help.",
    ExitCode.FINDINGS: "Looked, and something is wrong: a stalled or contradictory migration, differences found by "
    "`migrate verify`, an execution that failed.",
    ExitCode.PARTIAL: "Finished, but some images failed, some sources could not be asked, a limit was too small, or "
    "the evidence does not tell how an execution ended.",
    ExitCode.UNAVAILABLE: "A service could not be reached, timed out, or throttled until the retries ran out; or "
    "`--timeout` ran out. Try again later.",
    ExitCode.DENIED: "Credentials missing, wrong, or not sufficient.",
    ExitCode.NOT_FOUND: "No such bucket, collection, profile, job, execution, image, path in an image, evidence "
    "file, incident or cause.",
    ExitCode.PENDING: "Only with `status --check`: not complete yet, and nothing is wrong.",
    ExitCode.BUSY: "Another run holds the lease.",
    ExitCode.INTERRUPTED: "Ctrl-C (SIGINT).",
    ExitCode.CLOSED_PIPE: "The reader of stdout went away.",
    ExitCode.TERMINATED: "SIGTERM.",
}

ERRORS = {
    "api-disabled": "The API is switched off in the project. `hint` is the command that switches it on.",
    "busy": "Another run holds the lease on the same work.",
    "config": "The configuration is missing something, or says something that cannot be.",
    "conflict": "Another tool looks after a field of an object of the manifest. Nothing was taken from it.",
    "cut": "A stream of the Kubernetes API broke off before its end.",
    "data": "A file or an answer that cannot be understood.",
    "declined": "The person said no.",
    "denied": "A service refused: the account may not do what was asked. The message names the permission where the "
    "service does.",
    "denied-or-absent": "A service refused and does not tell whether the thing exists: look at the name first, then at "
    "the permission.",
    "digest-mismatch": "What a registry sent is not what its digest says. Nothing of it was used or kept.",
    "digest-unsupported": "A digest of a kind that cannot be verified (sha256 and sha512 can).",
    "download-limit": "The answer would take more than `--max-download` allows.",
    "error": "Anything else that ends a command.",
    "evidence-cut": "The evidence file ends in the middle.",
    "evidence-damaged": "The evidence file is packed (.gz) and damaged.",
    "evidence-empty": "The evidence file is empty.",
    "evidence-foreign": "A JSON file, but no evidence: another `schema`, or none.",
    "evidence-incomplete": "The evidence file does not say which execution it is about.",
    "evidence-not-json": "The evidence file is no JSON.",
    "evidence-other-resource": "The evidence file is about something else than an execution of a job.",
    "evidence-too-large": "A value in the evidence file is larger than any that is read.",
    "evidence-unreadable": "The evidence file cannot be read: rights, a damaged disk or archive.",
    "evidence-version": "The evidence file was written for a newer version of the format.",
    "evidence-wrong-type": "A value in the evidence file has another type than the format says; the message has the "
    "place.",
    "expired-credentials": "The sign-in is no longer accepted. `hint` says how to sign in again.",
    "file-not-found": "There is no such file.",
    "idle": "A stream of the Kubernetes API was silent for too long, although its connection stood.",
    "image-not-found": "The registry does not have the image, its repository, or a part of it.",
    "image-platform": "The image is not offered for linux/amd64, which Cloud Run runs; the message names the platforms "
    "that it is offered for.",
    "image-reference": "Not the name of an image.",
    "immutable": "The Job is there and its pod template differs, which nobody can change. Nothing was changed.",
    "incomplete-repository": "The checkout is a partial clone and lacks what was asked for: "
    "`git fetch --refetch --no-filter`.",
    "internal": "Something that opsctl did not expect: a bug.",
    "interrupted": "Ctrl-C.",
    "job-ending": "The Job is being deleted. Nothing was changed.",
    "job-not-found": "There is no such job in that region and project. `hint` has near names.",
    "layer-bomb": "A layer of the image unpacks to more than is reasonable; it was given up.",
    "layer-truncated": "A layer is shorter than its manifest says. Nothing of it was used or kept.",
    "layer-unreadable": "A layer that cannot be read: a compression that is not known, not held by the registry, or "
    "damaged.",
    "manifest-schema-1": "The image has a manifest of Docker's schema 1, which tells neither sizes nor digests that "
    "can be trusted.",
    "manifest-unreadable": "Manifest or index of the image cannot be understood.",
    "no-credentials": "No credentials were found, or what should give them does not. `hint` says how to sign in.",
    "no-git": "git is not there, or cannot be started.",
    "no-repository": "No such folder, or it is no git checkout.",
    "no-space": "The temporary files that sorting needs cannot be written.",
    "no-such-key": "The bucket has no such object.",
    "no-such-path": "The image does not have the path. `hint` says what is near, or which build step removed it.",
    "not-a-file": "The path in the image is a folder, a device, or a loop of links.",
    "not-an-image": "The reference names something else than a container image, such as a chart or a signature.",
    "node-lost": "A pod of the Job is on a node that no longer reports, so a deletion of the Job would not end. "
    "Nothing was changed.",
    "not-created": "A Job was deleted, and time ran out before it was created again. `hint` has its manifest.",
    "not-found": "A named thing does not exist.",
    "not-gone": "A Job that was deleted is still there: its pods have not ended. `hint` says how to go on.",
    "not-written": "A file could not be written.",
    "other-writer": "Somebody else works on the migration. Nothing was changed.",
    "output": "The report cannot be written: disk full, closed descriptor.",
    "recreated": "The Job was deleted, and before it was created again somebody else created one of that name.",
    "refused": "Kubernetes refuses it though the right is there: an invalid value, a quota, a policy. The message "
    "has its words.",
    "region-unsupported": "Cloud Run is not offered in the region.",
    "stopped": "Called off while it waited for an answer.",
    "terminated": "SIGTERM.",
    "throttled": "A service asked for fewer requests, until the retries ran out.",
    "timeout": "No answer in time, or the command did not finish within `--timeout`.",
    "unavailable": "A service cannot be reached, or broke off, until the retries ran out.",
    "undecided": "Something about the manifest is still to be decided; the message names it. Nothing was changed.",
    "unknown-revision": "The checkout does not have the commit. `git fetch` may bring it.",
    "unsafe-repository": "git does not trust the checkout: it belongs to another user.",
    "usage": "The command was called wrongly.",
}

FAILURES = {
    FailureClass.GONE: (
        "HTTP 404 or 410; or the host name does not exist, asked twice.",
        "Correct the document, or leave it.",
    ),
    FailureClass.REFUSED: (
        "HTTP 401, 403 or another status that is no success and does not pass; more than 5 redirects; the bucket holds "
        "another object under the key.",
        "Ask the host's operator for access.",
    ),
    FailureClass.EXHAUSTED: ("Was `later` in three runs.", "`--retry-failed` once the host works."),
    FailureClass.NOT_AN_IMAGE: (
        "The body is no image by its first bytes: an HTML page, text, nothing.",
        "Look at the address in a browser.",
    ),
    FailureClass.TOO_LARGE: ("The body is larger than `images.max_bytes`.", "Raise the limit, then `--retry-failed`."),
    FailureClass.PLACEHOLDER: (
        "The body is a picture of `images.placeholder_sha256`.",
        "None is needed: there is no image.",
    ),
    FailureClass.BLOCKED_ADDRESS: (
        "The address, or one it redirects to, is not public.",
        "If it is meant: `images.allow_private_hosts`, then `--retry-failed`.",
    ),
    FailureClass.BAD_URL: (
        "No address that could be fetched: relative without `images.base_url`, another scheme, not a text.",
        "Set `images.base_url`, or correct the document.",
    ),
    FailureClass.LATER: (
        "HTTP 408, 425, 429, 5xx; a timeout; a connection that failed or ended early. Tried three times in a run.",
        "Start `migrate images` again.",
    ),
    FailureClass.OURS: (
        "Not the image's fault: names cannot be looked up, or the host failed 20 images in a row and was left alone.",
        "Start `migrate images` again. Does not count as a try.",
    ),
}

STATES = {
    State.NOT_STARTED: "No document is processed, and there is no trace of work.",
    State.RUNNING: "A run is at work; without a run record: the newest upload is less than five minutes old.",
    State.THROTTLED: "At work, but waiting: a host asked for rest, or Mongo or S3 is away for the moment.",
    State.PAUSED: "Paused on request.",
    State.STALLED: "Documents are open and nobody is at work; or a run is alive and finishes nothing.",
    State.SILENT: "The record says that a run is at work, but it has not been heard of for 30 seconds, or its process "
    "is gone.",
    State.FINISHING: "At work, and no image is left.",
    State.COMPLETE: "Every document is processed, and no image failed.",
    State.COMPLETE_WITH_FAILURES: "Every document is processed; some images failed for good.",
    State.CONTRADICTORY: "Two sources say things that cannot both be true.",
    State.UNKNOWN: "Not enough could be seen to tell.",
}

STATE_EXITS = {
    ExitCode.FINDINGS: (State.STALLED, State.SILENT, State.CONTRADICTORY),
    ExitCode.PARTIAL: (State.UNKNOWN,),
}

RUN_STATES = {
    RunState.PLANNED: "Claimed; documents and images are being counted.",
    RunState.RUNNING: "Images are moving.",
    RunState.PAUSING: "Told to pause. Reserved: no command writes it yet.",
    RunState.PAUSED: "Paused. Reserved: no command writes it yet.",
    RunState.STOPPING: "Told to stop. Reserved: no command writes it yet.",
    RunState.STOPPED: "Ended before everything was done; `state_reason` says why. The next start goes on.",
    RunState.FAILED: "Failed. Reserved: an error ends a run as `stopped`, because the next start may go on.",
    RunState.COMPLETE: "Every image is stored.",
    RunState.COMPLETE_WITH_FAILURES: "Every image is stored or failed for good.",
}

METHODS = {
    Method.EXACT: "Counted now, to the end.",
    Method.COUNTER: "What the run or the database counted along, as of its last word.",
    Method.LOWER_BOUND: "At least this many: the time did not suffice to count to the end.",
}

BASES = {
    Basis.RUN_HISTORY: "The run's own history of images finished.",
    Basis.UPLOAD_TIMES: "The upload times in the documents; for a migration without a run record.",
    Basis.DOCUMENTS_SINCE_START: "Documents done since the first upload. No range.",
    Basis.NOT_MOVING: "None: nothing is moving.",
    Basis.TOO_EARLY: "None yet: the history is too short.",
    Basis.REMAINDER_UNKNOWN: "None: what is left is not known.",
    Basis.RATE_UNKNOWN: "None: the rate is not known.",
    Basis.NOTHING_LEFT: "None: nothing is left.",
}

DIFFERENCES = {
    DifferenceKind.MISSING_OBJECT: "A document records it, the bucket does not have it.",
    DifferenceKind.SIZE_MISMATCH: "The object's size is not the recorded one.",
    DifferenceKind.ORPHAN_OBJECT: "The bucket has it, no document records it.",
    DifferenceKind.SOURCE_CHANGED: "An original field is not what it was when its images were stored.",
    DifferenceKind.RESULT_MISMATCH: "The `s3_*` fields do not match `s3_images_metadata`.",
}


def exit_codes_page() -> str:
    rows = [(str(int(item)), code(item.name.lower()), EXIT_CODES[item]) for item in ExitCode]
    explain(ExitCode, EXIT_CODES)
    return join(
        "# Exit codes",
        "Scripts rely on the numbers: they never change.",
        table(("code", "name", "meaning"), rows),
        "When several apply: an interruption, then the error that stopped the command, then findings, then partial. "
        "`--exit-zero` turns 3, 4 and 8 into 0; in the JSON envelope `status` keeps the truth.",
        "The codes of `status` by state are in [states](states.md).",
    )


def errors_page() -> str:
    rows = [(code(name), str(int(exit_code)), text) for name, exit_code, text in sorted(error_codes())]
    return join(
        "# Error codes",
        "`errors[].code` of the [JSON envelope](json.md), and `code` of a JSON log line. `message` and `hint` are for "
        "people and may change; the codes do not.",
        table(("code", "exit", "meaning"), rows),
    )


def failures_page() -> str:
    explain(FailureClass, {kind: when for kind, (when, _) in FAILURES.items()})
    rows = [(code(item.value), "final" if item.is_final else "tried again", *FAILURES[item]) for item in FailureClass]
    rows.append(
        (
            code("unrecorded"),
            "final",
            "Another tool skipped the image and wrote no reason down.",
            "None yet: opsctl does not open documents again that another tool closed.",
        )
    )
    return join(
        "# Failure classes",
        "Why an image could not be stored. A final class closes the image; its document can be complete. The others "
        "leave the document open: the next start tries them again. `opsctl migrate failures` lists them.",
        table(("class", "kind", "when", "what to do"), rows),
        "In the document a failure has the fields of [`s3_migration.failed`](records.md#s3_migration).",
    )


def states_page() -> str:
    exits = {state: exit_code for exit_code, states in STATE_EXITS.items() for state in states}
    explain(State, STATES)
    states = [(code(item.value), str(int(exits.get(item, ExitCode.OK))), STATES[item]) for item in State]
    named = [(code(name), text) for name, text in explain(RunState, RUN_STATES)]
    return join(
        "# States",
        "## Of a migration",
        "`state` of `opsctl status`. The code is what the command ends with; a source that could not be asked makes a "
        "0 a 4, `--check` makes it an 8 while the migration is not complete.",
        table(("state", "exit", "meaning"), states),
        "## Reasons",
        "`stateCode` and `contradictions[].code`. The sentence is `stateReason`; words in braces are filled in.",
        table(("code", "sentence"), [(code(name), text) for name, text in remarks()]),
        "## Of a number",
        "`method` beside every count.",
        table(("method", "meaning"), [(code(name), text) for name, text in explain(Method, METHODS)]),
        "## Of an estimate",
        "`eta.basis`.",
        table(("basis", "made from"), [(code(name), text) for name, text in explain(Basis, BASES)]),
        "## Of a run record",
        "`state` of `opsctl migrate images` and of a [run record](records.md#opsctl_runs).",
        table(("state", "meaning"), named),
        "## Of a difference",
        "`kind` in `opsctl migrate verify`.",
        table(("kind", "meaning"), [(code(name), text) for name, text in explain(DifferenceKind, DIFFERENCES)]),
    )


def remarks() -> list[tuple[str, str]]:
    """Code and English sentence of everything that `status` may give as a reason."""
    prefix = "remark_"
    return sorted(
        (key.removeprefix(prefix).replace("_", "-"), text) for key, text in MESSAGES.items() if key.startswith(prefix)
    )


def error_codes() -> set[tuple[str, ExitCode, str]]:
    """Code, exit code and meaning of every error of the program: those of the classes, and those given where an error
    is raised. Raises `LookupError` when one of them has no words here, or words are left over."""
    classes = dict(_error_classes())
    found = {(kind.default_code, kind.exit_code) for kind in classes.values()}
    for path in sorted(Path(opsctl.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = _named_texts(tree)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in classes:
                kind = classes[call.func.id]
                given = (word.value for word in call.keywords if word.arg == "code")
                found |= {(text, kind.exit_code) for value in given for text in _texts(value, named)}
    meanings = dict(explain(sorted({name for name, _ in found}), ERRORS))
    return {(name, exit_code, meanings[name]) for name, exit_code in found}


def _texts(value: ast.expr, named: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The texts that an expression can be: written out, one of two, or a name that was given one before."""
    if isinstance(value, ast.IfExp):
        yield from (*_texts(value.body, named), *_texts(value.orelse, named))
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.Name):
        yield from named.get(value.id, ())


def _named_texts(tree: ast.AST) -> dict[str, list[str]]:
    """The texts that are given to `code` somewhere in a module."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code":
            found.setdefault("code", []).extend(_texts(node.value, {}))
    return found


def _error_classes() -> Iterator[tuple[str, type[OpsctlError]]]:
    """Every class of error by name. Imports all modules, except those that run when imported."""
    for module in pkgutil.walk_packages(opsctl.__path__, "opsctl."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    waiting: list[type[OpsctlError]] = [OpsctlError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("opsctl."):
            yield kind.__name__, kind
