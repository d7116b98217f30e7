"""What reading a checkout must not do, and what it calls the repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from opsctl.adapters.git import GitCommits
from tests.adapters.git_checkouts import Checkout, write_program

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "o4o-platform")


@pytest.fixture
def commits(checkout: Checkout) -> GitCommits:
    return GitCommits(checkout.folder)


class TestNothingIsStarted:
    async def test_programs_named_in_the_configuration_of_the_repository(
        self, checkout: Checkout, commits: GitCommits, tmp_path: Path
    ) -> None:
        older = checkout.commit("one", "a.txt")
        trap = write_program(tmp_path / "trap", f"#!/bin/sh\necho \"$0 $*\" >> '{tmp_path}/sprung'\nexit 1\n")
        (checkout.folder / ".gitattributes").write_text("*.txt diff=trap filter=trap\n")
        newer = checkout.commit("two", "a.txt")
        hooks = tmp_path / "hooks"
        hooks.mkdir()
        for name in ("post-index-change", "reference-transaction", "pre-auto-gc"):
            shutil.copy(trap, hooks / name)
        for key in (
            *("core.fsmonitor", "core.pager", "pager.log", "diff.external", "diff.trap.textconv", "diff.trap.command"),
            *("gpg.program", "core.sshCommand", "core.editor", "filter.trap.smudge", "core.alternateRefsCommand"),
        ):
            checkout.git("config", key, str(trap))
        checkout.git("config", "core.hooksPath", str(hooks))
        checkout.git("config", "log.showSignature", "true")
        checkout.git("config", "alias.log", f"!{trap}")
        found = await commits.list_commits(older, newer)
        assert [commit.files for commit in found.commits] == [(".gitattributes", "a.txt")]
        assert not (tmp_path / "sprung").exists()

    async def test_the_checkout_stays_as_it_is(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "a")
        newer = checkout.commit("two", "b")
        os.utime(checkout.folder / "a", (1, 1))  # makes git want to refresh its index

        def look() -> dict[str, tuple[int, int]]:
            return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in checkout.folder.rglob("*")}

        before = look()
        await commits.list_commits(older, newer)
        assert look() == before

    async def test_variables_do_not_lead_to_another_repository(
        self, checkout: Checkout, commits: GitCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        newer = checkout.commit("ours", "a")
        other = Checkout(tmp_path / "other")
        other.commit("theirs", "b")
        monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
        monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
        found = await commits.list_commits(None, "HEAD")
        assert (found.newer, found.commits[0].subject) == (newer, "ours")


class TestRepositoryName:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://x-access-token:ghs_secret@github.com/o4o/platform.git", "https://github.com/o4o/platform.git"),
            ("https://github.com/o4o/platform?token=secret", "https://github.com/o4o/platform"),
            ("ssh://git@github.com:22/o4o/platform.git", "ssh://github.com:22/o4o/platform.git"),
            ("git@github.com:o4o/platform.git", "git@github.com:o4o/platform.git"),
            ("../elsewhere", "o4o-platform"),
            ("/srv/git/platform.git", "o4o-platform"),
        ],
    )
    async def test_where_it_comes_from_without_credentials(
        self, checkout: Checkout, commits: GitCommits, url: str, name: str
    ) -> None:
        checkout.commit("one", "a")
        checkout.git("remote", "add", "origin", url)
        assert (await commits.list_commits(None, "HEAD")).repository == name

    async def test_a_bare_repository(self, checkout: Checkout, tmp_path: Path) -> None:
        older = checkout.commit("one", "a")
        newer = checkout.commit("two", "b")
        bare = tmp_path / "mirror.git"
        checkout.git("clone", "-q", "--bare", str(checkout.folder), str(bare))
        found = await GitCommits(bare).list_commits(older, newer)
        assert (found.repository, [commit.files for commit in found.commits]) == ("mirror.git", [("b",)])
