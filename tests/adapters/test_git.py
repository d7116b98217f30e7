"""Commits of real repositories, made by git itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from opsctl.adapters.git import MOST_FILES, GitCommits
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.git_checkouts import Checkout, write_program

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "o4o-platform")


@pytest.fixture
def commits(checkout: Checkout) -> GitCommits:
    return GitCommits(checkout.folder)


class TestRange:
    async def test_what_the_newer_one_has_and_the_older_one_has_not_newest_first(
        self, checkout: Checkout, commits: GitCommits
    ) -> None:
        older = checkout.commit("before", "a")
        first = checkout.commit("fix(api): whitelist", "apps/api/.dockerignore", "apps/api/src/migrate.ts")
        newer = checkout.commit("ci: cache\n\nA body that nobody asked for.", "Dockerfile")
        checkout.commit("after", "a")
        found = await commits.list_commits(older, newer)
        assert (found.repository, found.older, found.newer, found.cut_reason) == ("o4o-platform", older, newer, None)
        assert [commit.id for commit in found.commits] == [newer, first]
        assert [commit.subject for commit in found.commits] == ["ci: cache", "fix(api): whitelist"]
        assert [commit.files for commit in found.commits] == [
            ("Dockerfile",),
            ("apps/api/.dockerignore", "apps/api/src/migrate.ts"),
        ]
        assert found.commits[0].time.startswith("2026-01-12T00:")
        assert found.commits[0].time.endswith("+09:00")

    async def test_without_an_older_one_only_the_newer_one(self, checkout: Checkout, commits: GitCommits) -> None:
        checkout.commit("before", "a")
        newer = checkout.commit("this", "b")
        found = await commits.list_commits(None, newer)
        assert [(commit.subject, commit.files) for commit in found.commits] == [("this", ("b",))]
        assert (found.older, found.cut_reason) == ("", None)

    async def test_the_first_commit_of_all_has_its_files(self, checkout: Checkout, commits: GitCommits) -> None:
        newer = checkout.commit("first", "a", "b")
        (commit,) = (await commits.list_commits(None, newer)).commits
        assert commit.files == ("a", "b")

    async def test_the_same_commit_twice_is_no_commit(self, checkout: Checkout, commits: GitCommits) -> None:
        only = checkout.commit("one", "a")
        found = await commits.list_commits(only, only)
        assert (found.commits, found.cut_reason) == ((), None)

    async def test_revisions_are_short_ids_tags_and_branches(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "a")
        checkout.git("tag", "-a", "v1.0.0+build", "-m", "annotated")
        checkout.git("tag", "@o4o/api@1.0.0")
        newer = checkout.commit("two", "b")
        checkout.git("branch", "release/2026-01")
        for old, new in [
            (older[:7], newer[:12]),
            ("v1.0.0+build", "release/2026-01"),
            ("@o4o/api@1.0.0", "HEAD"),
            (older.upper(), "main"),
        ]:
            found = await commits.list_commits(old, new)
            assert (found.older, found.newer, len(found.commits)) == (older, newer, 1), (old, new)

    async def test_an_empty_commit_touches_nothing(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "a")
        checkout.commit("two", "b")
        newer = checkout.commit("retry ci")
        found = await commits.list_commits(older, newer)
        assert [(commit.subject, commit.files) for commit in found.commits] == [("retry ci", ()), ("two", ("b",))]

    async def test_paths_and_subjects_may_hold_any_bytes(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "a")
        names = [b":000000 line\nbreak", "한글/é".encode(), b"tab\there", b"bad\xff", b'quote"\\']
        newer = checkout.commit("subject: :100644 \x1f 제목 %s", *names)
        (commit,) = (await commits.list_commits(older, newer)).commits
        assert commit.subject == "subject: :100644 \x1f 제목 %s"
        assert set(commit.files) == {":000000 line\nbreak", "한글/é", "tab\there", "bad\\xff", 'quote"\\'}

    async def test_removed_and_renamed_files_are_touched(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "old-name", "gone")
        checkout.git("mv", "old-name", "new-name")
        checkout.git("rm", "-q", "gone")
        newer = checkout.commit("two")
        (commit,) = (await commits.list_commits(older, newer)).commits
        assert set(commit.files) == {"old-name", "new-name", "gone"}

    async def test_from_a_folder_below_whole_paths(self, checkout: Checkout) -> None:
        older = checkout.commit("one", "apps/api/a")
        checkout.git("config", "diff.relative", "true")
        newer = checkout.commit("two", "apps/api/a", "Dockerfile")
        (commit,) = (await GitCommits(checkout.folder / "apps" / "api").list_commits(older, newer)).commits
        assert set(commit.files) == {"Dockerfile", "apps/api/a"}


class TestMerges:
    async def test_a_merge_has_what_it_brought_and_its_commits_are_there_too(
        self, checkout: Checkout, commits: GitCommits
    ) -> None:
        older = checkout.commit("one", "a")
        checkout.git("switch", "-qc", "side")
        side = checkout.commit("side", "side.ts")
        checkout.git("switch", "-q", "main")
        main = checkout.commit("main", "main.ts")
        checkout.git("merge", "-q", "--no-edit", "side")
        found = await commits.list_commits(older, "HEAD")
        assert [commit.files for commit in found.commits] == [("side.ts",), ("main.ts",), ("side.ts",)]
        assert {commit.id for commit in found.commits[1:]} == {side, main}

    async def test_a_merge_of_what_the_older_one_had_already_touches_nothing(
        self, checkout: Checkout, commits: GitCommits
    ) -> None:
        checkout.commit("one", "a")
        checkout.git("switch", "-qc", "side")
        checkout.commit("side", "side.ts")
        checkout.git("switch", "-q", "main")
        older = checkout.commit("main", "main.ts")
        checkout.git("switch", "-q", "side")
        checkout.git("merge", "-q", "--no-edit", "main")
        found = await commits.list_commits(older, "side")
        assert [commit.files for commit in found.commits] == [(), ("side.ts",)]


class TestLeftOut:
    async def test_more_commits_than_asked_for_are_cut_and_said(self, checkout: Checkout) -> None:
        older = checkout.commit("one", "a")
        ids = [checkout.commit(str(number), "a") for number in range(4)]
        found = await GitCommits(checkout.folder, most_commits=3).list_commits(older, ids[-1])
        assert [commit.id for commit in found.commits] == ids[:0:-1]
        assert found.cut_reason == "There are more than the newest 3 commits."
        found = await GitCommits(checkout.folder, most_commits=4).list_commits(older, ids[-1])
        assert (len(found.commits), found.cut_reason) == (4, None)

    async def test_more_files_than_fit_are_cut_and_said(self, checkout: Checkout, commits: GitCommits) -> None:
        older = checkout.commit("one", "a")
        newer = checkout.commit("vendor", *(f"vendor/{number}" for number in range(MOST_FILES + 1)))
        found = await commits.list_commits(older, newer)
        assert len(found.commits[0].files) == MOST_FILES
        assert found.cut_reason == f"Of a commit at most {MOST_FILES} files are listed."

    async def test_output_without_end_is_cut_at_a_whole_commit(self, checkout: Checkout) -> None:
        older = checkout.commit("one", "a")
        checkout.commit("big", *(f"vendor/{number:0100}" for number in range(50)))
        newer = checkout.commit("small", "b")
        found = await GitCommits(checkout.folder, most_output_bytes=2_000).list_commits(older, newer)
        assert [(commit.subject, commit.files) for commit in found.commits] == [("small", ("b",))]
        assert found.cut_reason == "There are more than the newest 1 commits."

    async def test_a_rewritten_history_is_said(self, checkout: Checkout, commits: GitCommits) -> None:
        checkout.commit("one", "a")
        older = checkout.commit("two", "b")
        checkout.git("commit", "-q", "--amend", "-m", "two, again")
        newer = checkout.git("rev-parse", "HEAD")
        found = await commits.list_commits(older, newer)
        assert [commit.subject for commit in found.commits] == ["two, again"]
        assert found.cut_reason == (
            f"{newer[:9]} does not come after {older[:9]} (another branch, or a history that was rewritten): "
            f"1 commit(s) that only {older[:9]} has are left out."
        )

    async def test_an_image_that_was_rolled_back_is_said(self, checkout: Checkout, commits: GitCommits) -> None:
        newer = checkout.commit("one", "a")
        checkout.commit("two", "b")
        older = checkout.commit("three", "b")
        found = await commits.list_commits(older, newer)
        assert found.commits == ()
        assert found.cut_reason == (
            f"{newer[:9]} comes before {older[:9]}: it lacks 2 commit(s) that the older image had."
        )

    async def test_the_edge_of_a_shallow_checkout_is_not_read_as_adding_every_file(
        self, checkout: Checkout, tmp_path: Path
    ) -> None:
        older = checkout.commit("one", "a")
        edge = checkout.commit("two", "b")
        newer = checkout.commit("three", "c")
        shallow = tmp_path / "shallow"
        checkout.git("clone", "-q", "--depth", "2", f"file://{checkout.folder}", str(shallow))
        with pytest.raises(NotFoundError, match=r"^The checkout is shallow and does not hold ") as caught:
            await GitCommits(shallow).list_commits(older, newer)
        assert caught.value.code == "unknown-revision"
        assert "fetch-depth: 0" in (caught.value.hint or "")
        found = await GitCommits(shallow).list_commits(edge, newer)
        assert [(commit.files, found.cut_reason) for commit in found.commits] == [(("c",), None)]
        found = await GitCommits(shallow).list_commits(None, edge)
        assert [commit.files for commit in found.commits] == [()]
        assert found.cut_reason is not None
        assert found.cut_reason.startswith("The checkout is shallow: ")

    async def test_a_checkout_without_trees_asks_no_remote(self, checkout: Checkout, tmp_path: Path) -> None:
        older = checkout.commit("one", "a")
        newer = checkout.commit("two", "b")
        checkout.git("config", "uploadpack.allowFilter", "true")
        partial = tmp_path / "partial"
        checkout.git("clone", "-q", "--filter=tree:0", "--no-checkout", f"file://{checkout.folder}", str(partial))
        checkout.git("-C", str(partial), "config", "protocol.file.allow", "always")
        with pytest.raises(DataError) as caught:
            await GitCommits(partial).list_commits(older, newer)
        assert (caught.value.code, caught.value.hint) == ("incomplete-repository", "git fetch --refetch --no-filter")


class TestRefusals:
    @pytest.mark.parametrize(
        "revision",
        ["0000000", "f" * 40, "no-such-tag", "main~1", "main^", "HEAD@{1}", "a..b", "-h", "--output=x", "", " ", "a b",
         "main:a", "main\nx", "x.lock", "ends/", "*", "é", "a" * 251],
    )  # fmt: skip
    async def test_a_revision_that_is_not_there_or_is_none(
        self, checkout: Checkout, commits: GitCommits, revision: str
    ) -> None:
        checkout.commit("one", "a")
        checkout.commit("two", "a")
        for older, newer in [(revision, "main"), ("main", revision), (None, revision)]:
            with pytest.raises(NotFoundError) as caught:
                await commits.list_commits(older, newer)
            assert caught.value.code == "unknown-revision"
        assert sorted(path.name for path in checkout.folder.iterdir()) == [".git", "a"]

    async def test_a_tree_is_no_commit(self, checkout: Checkout, commits: GitCommits) -> None:
        checkout.commit("one", "a")
        tree = checkout.git("rev-parse", "HEAD^{tree}")
        with pytest.raises(NotFoundError) as caught:
            await commits.list_commits(None, tree)
        assert caught.value.code == "unknown-revision"

    async def test_a_repository_without_commits(self, commits: GitCommits) -> None:
        with pytest.raises(NotFoundError) as caught:
            await commits.list_commits(None, "HEAD")
        assert caught.value.code == "unknown-revision"

    async def test_a_folder_that_is_none_and_one_that_is_no_repository(self, tmp_path: Path) -> None:
        for folder in (tmp_path / "none", tmp_path):
            with pytest.raises(NotFoundError) as caught:
                await GitCommits(folder).list_commits(None, "HEAD")
            assert caught.value.code == "no-repository"
            assert str(folder) in caught.value.message

    async def test_a_repository_of_somebody_else(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.commit("one", "a")
        doubting = write_program(tmp_path / "git", '#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"\n')
        with pytest.raises(AccessDeniedError) as caught:
            await GitCommits(checkout.folder, program=str(doubting)).list_commits(None, "HEAD")
        assert caught.value.code == "unsafe-repository"
        assert caught.value.hint == f"git config --global --add safe.directory {checkout.folder}"

    async def test_no_git(self, checkout: Checkout) -> None:
        with pytest.raises(UnavailableError, match=r"no-such-git cannot be started: ") as caught:
            await GitCommits(checkout.folder, program="no-such-git").list_commits(None, "HEAD")
        assert caught.value.code == "no-git"

    async def test_a_git_that_hangs_is_ended_with_what_it_started(self, checkout: Checkout, tmp_path: Path) -> None:
        hanging = write_program(tmp_path / "git", "#!/bin/sh\nsleep 600 &\nwait\n")
        with pytest.raises(UnavailableError) as caught:
            await GitCommits(checkout.folder, program=str(hanging), timeout_seconds=0.2).list_commits(None, "HEAD")
        assert caught.value.code == "timeout"

    async def test_a_git_that_fails_is_quoted(self, checkout: Checkout, tmp_path: Path) -> None:
        broken = write_program(tmp_path / "git", "#!/bin/sh\necho 'fatal: out of memory' >&2\nexit 128\n")
        with pytest.raises(UnavailableError, match=r"git rev-parse ended with 128: fatal: out of memory"):
            await GitCommits(checkout.folder, program=str(broken)).list_commits(None, "HEAD")

    async def test_a_broken_repository(self, checkout: Checkout, commits: GitCommits) -> None:
        checkout.commit("one", "a")
        (checkout.folder / ".git" / "HEAD").write_text("nothing\n")
        with pytest.raises(OpsctlError) as caught:
            await commits.list_commits(None, "HEAD")
        assert caught.value.code == "no-repository"
