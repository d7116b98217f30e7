"""Commits of a local checkout, read with the git program.

Nothing is written and no remote is asked.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from opsctl.adapters.git_program import GitProgram
from opsctl.diagnosis.ports import Commit, CommitRange
from opsctl.errors import DataError, NotFoundError

MOST_COMMITS = 200
MOST_FILES = 2_000
MOST_OUTPUT_BYTES = 32 << 20
LONGEST_SUBJECT = 300
DEADLINE_SECONDS = 10.0

# gitrevisions(7) without its operators (`~ ^ : @{ ..`), and never with the look of an option.
_REVISION = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock$|[./]$))[A-Za-z0-9_@][\w.+/@-]{0,249}", re.ASCII)
# Whatever the configuration says: whole paths, no renames (they would need contents), merges against the line that
# they were merged into.
_LOG = (
    "log", "-z", "--raw", "--root", "--no-renames", "--no-relative", "--diff-merges=first-parent", "--no-ext-diff",
    "--no-textconv", "--no-notes", "--no-mailmap", "--no-color", "--no-decorate", "--encoding=UTF-8",
    "--format=tformat:%H%x1f%P%x1f%cI%x1f%s",
)  # fmt: skip


class GitCommits:
    """Implements `diagnosis.ports.Commits` on the repository that holds `folder`.

    A question ends within `timeout_seconds`. Raises `NotFoundError` (`unknown-revision`; `no-repository` when the
    folder is none), `AccessDeniedError` (`unsafe-repository`: it belongs to somebody else), `DataError` (parts of the
    history are not there) and `UnavailableError` (`no-git`, `timeout`, `unavailable`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        timeout_seconds: float = DEADLINE_SECONDS,
        most_commits: int = MOST_COMMITS,
        most_output_bytes: int = MOST_OUTPUT_BYTES,
        program: str = "git",
    ) -> None:
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._most_commits = most_commits
        self._most_output_bytes = most_output_bytes
        self._program = program

    async def list_commits(self, older: str | None, newer: str) -> CommitRange:
        """Revisions are ids (7 digits and more), tags and branches. A merge has the files that it brought into its
        first parent, as far as they differ between the two revisions."""
        if not self._folder.is_dir():
            raise NotFoundError(f"There is no folder {self._folder}.", code="no-repository")
        deadline = time.monotonic() + self._timeout_seconds
        git = GitProgram(self._program, self._folder, deadline, self._most_output_bytes)
        try:
            return await asyncio.to_thread(self._list_commits, git, older, newer)
        except asyncio.CancelledError:
            git.called_off.set()
            raise

    def _list_commits(self, git: GitProgram, older: str | None, newer: str) -> CommitRange:
        boundary = _find_shallow_boundary(git)
        newer_id = _resolve(git, newer, is_shallow=boundary is not None)
        older_id, remarks = "", list[str]()
        selection: tuple[str, ...] = ("--no-walk", newer_id)
        if older is not None:
            older_id = _resolve(git, older, is_shallow=boundary is not None)
            selection = ("--date-order", f"--max-count={self._most_commits + 1}", newer_id, f"^{older_id}")
            remarks = _describe_relation(git, older_id, newer_id)
        answer = git.ask(*_LOG, *selection, "--")
        found = list(_parse_log(answer.output))
        kept = found[: self._most_commits]
        if answer.is_cut and kept == found:
            kept.pop()  # the cut went through it
        if len(kept) < len(found):
            remarks.append(f"There are more than the newest {len(kept)} commits.")
        kept = _without_unknown_files(kept, boundary, remarks)
        if older_id and any(entry.is_merge for entry in kept):
            kept = _keep_changed_files(git, kept, older_id, newer_id)
        if any(len(entry.commit.files) > MOST_FILES for entry in kept):
            remarks.append(f"Of a commit at most {MOST_FILES} files are listed.")
        commits = tuple(replace(entry.commit, files=entry.commit.files[:MOST_FILES]) for entry in kept)
        return CommitRange(_name_repository(git), older_id, newer_id, commits, " ".join(remarks) or None)


@dataclass(frozen=True, slots=True)
class _LogEntry:
    commit: Commit
    is_merge: bool


def _parse_log(output: bytes) -> Iterator[_LogEntry]:
    """`git log -z --raw`: a header, then pairs of a line that begins with a colon and a path."""
    tokens = iter(output.split(b"\0"))
    header: list[str] | None = None
    files: list[str] = []
    for token in tokens:
        if token.lstrip(b"\n").startswith(b":"):
            files.append(_decode(next(tokens, b"")))
        elif token:
            if header is not None:
                yield _build_entry(header, files)
            header, files = _decode(token.lstrip(b"\n")).split("\x1f", 3), []
    if header is not None:
        yield _build_entry(header, files)


def _build_entry(header: list[str], files: list[str]) -> _LogEntry:
    if len(header) != 4:
        raise DataError("git log printed something that is no commit.")
    commit_id, parents, committed_at, subject = header
    commit = Commit(commit_id, subject[:LONGEST_SUBJECT], committed_at, tuple(dict.fromkeys(files)))
    return _LogEntry(commit, is_merge=" " in parents)


def _decode(text: bytes) -> str:
    """Paths and subjects are bytes; what is no UTF-8 stays readable as `\\xff`."""
    return text.decode("utf-8", errors="backslashreplace")


def _resolve(git: GitProgram, revision: str, *, is_shallow: bool) -> str:
    """The full id of a commit."""
    if _REVISION.fullmatch(revision) is None:
        raise NotFoundError(f"{revision!r} is no revision.", code="unknown-revision")
    answer = git.run("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if answer.exit_code == 0:
        return answer.text
    if "ambiguous" in answer.error:
        message, hint = f"More than one commit begins with {revision}.", "Name more digits of it."
    elif is_shallow:
        message = f"The checkout is shallow and does not hold {revision}."
        hint = "git fetch --unshallow --tags (in GitHub Actions: fetch-depth: 0 for actions/checkout)"
    else:
        message, hint = f"The checkout does not hold {revision}.", "git fetch --tags"
    raise NotFoundError(message, hint=hint, code="unknown-revision")


def _find_shallow_boundary(git: GitProgram) -> frozenset[str] | None:
    """The commits whose parents a shallow checkout does not hold; None when the checkout is whole. The first question
    of all: it finds out whether this is a repository."""
    answer = git.ask("rev-parse", "--is-shallow-repository", "--git-path", "shallow")
    is_shallow, _, path = answer.text.partition("\n")
    if is_shallow != "true":
        return None
    with suppress(OSError):
        return frozenset((git.folder / path).read_text(encoding="ascii", errors="replace").split())
    return frozenset()


def _without_unknown_files(
    entries: list[_LogEntry], boundary: frozenset[str] | None, remarks: list[str]
) -> list[_LogEntry]:
    """Commits at the edge of a shallow checkout look as if they had added every file."""
    if boundary is None or boundary.isdisjoint(entry.commit.id for entry in entries):
        return entries
    remarks.append("The checkout is shallow: what its oldest commits changed, and what was before, is not in it.")
    return [
        replace(entry, commit=replace(entry.commit, files=())) if entry.commit.id in boundary else entry
        for entry in entries
    ]


def _describe_relation(git: GitProgram, older: str, newer: str) -> list[str]:
    """What is left out because the newer revision does not come after the older one."""
    if git.run("merge-base", "--is-ancestor", older, newer).exit_code == 0:
        return []
    lost = git.ask("rev-list", "--count", older, f"^{newer}", "--").text
    if git.run("merge-base", "--is-ancestor", newer, older).exit_code == 0:
        return [f"{newer[:9]} comes before {older[:9]}: it lacks {lost} commit(s) that the older image had."]
    return [
        f"{newer[:9]} does not come after {older[:9]} (another branch, or a history that was rewritten): "
        f"{lost} commit(s) that only {older[:9]} has are left out."
    ]


def _keep_changed_files(git: GitProgram, entries: list[_LogEntry], older: str, newer: str) -> list[_LogEntry]:
    """A merge of what the older revision had already changes nothing between the two."""
    answer = git.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-relative", older, newer, "--")
    if answer.is_cut:
        return entries
    changed = {_decode(name) for name in answer.output.split(b"\0")}
    return [
        replace(
            entry, commit=replace(entry.commit, files=tuple(name for name in entry.commit.files if name in changed))
        )
        if entry.is_merge
        else entry
        for entry in entries
    ]


def _name_repository(git: GitProgram) -> str:
    """Where the checkout comes from, without credentials; else the name of its folder."""
    url = git.run("config", "--get", "remote.origin.url").text
    if "://" in url:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    is_path = not url or url.startswith((".", "/", "~"))
    return git.folder.resolve().name if is_path else url
