"""What holds for every page: links lead somewhere, nothing of a certain machine is named, the README is one screen."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from opsctl import __version__
from opsctl.cli.app import ROOT as COMMANDS
from opsctl.cli.app import CommandEntry, build_entry, walk_commands
from tests.docs.pages import (
    DIAGNOSIS,
    DOCS,
    README,
    ROOT,
    TUTORIAL,
    all_pages,
    headings,
    is_shown_in,
    read_examples,
    without_code,
)

README_LINES = 80
_LINK = re.compile(r"\]\(([^)\s]+)\)")
# Hosts that a page may name: reserved for examples, on this machine, inside a cluster, or the home of a format.
_HOSTS = re.compile(
    r"(?:[\w.-]+\.)?example\.com|127\.0\.0\.1|localhost|10\.0\.0\.1|192\.168\.0\.1|169\.254\.169\.254"
    r"|[\w.-]+\.svc\.cluster\.local|(?:\{bucket\}|[\w.-]+)\.s3\.(?:\{region\}|[\w-]+)\.amazonaws\.com"
    r"|keepachangelog\.com|semver\.org|github\.com"
)
_MACHINE_PATH = re.compile(r"(?<![\w.~}-])/(?:work|home|root|tmp|Users|var/folders)/\S*")
_ODD_WORDS = re.compile(r"\b(?<!User-)(?:sub)?agents?\b|\bsessions? of\b|\bworkspace\b|\bprompts?\b", re.IGNORECASE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)}: {target}"
        assert file.is_relative_to(ROOT)
        if anchor:
            assert anchor in set(headings(file)), f"{name_of(page)}: {target}"


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_pages_name_no_machine_and_no_strange_host(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not _MACHINE_PATH.findall(text)
    assert not _ODD_WORDS.findall(text)
    hosts = re.findall(r"\bhttps?://(?:[^\s/@`\"']*@)?([^\s/:?#`\"'\])>|,]+)", text)
    assert not [host for host in hosts if not _HOSTS.fullmatch(host)]


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_a_page_has_one_title_and_no_line_that_runs_away(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1
    assert text.count("\n```") % 2 == 0
    if page.parent.name not in ("reference", "reports"):
        assert not [line for line in outside.splitlines() if len(line) > 120 and not line.startswith("|")]


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    """In shell blocks and in inline code; words in capitals stand for something."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|console|yaml|bash)\n(.*?)```", text, re.DOTALL)
    for command in re.findall(
        r"(?:^|[\s$(`])opsctl ([^\n`|>;&)#\"]*)", "\n".join([*blocks, *re.findall(r"`[^`\n]+`", text)])
    ):
        check_command(command.split())


def check_command(words: list[str]) -> None:
    group, path = COMMANDS, []
    while words and re.fullmatch(r"[a-z]+", words[0]):
        entry = group.find(words[0])
        assert entry is not None or words[0] in PLANNED, words
        if entry is None:
            return
        path.append(words.pop(0))
        if isinstance(entry, CommandEntry):
            command = build_entry(entry, ".".join(path[:-1]))
            known = {spelling for parameter in command.params for spelling in parameter.opts}
            given = [word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)]
            assert set(given) - {"-vv"} <= known, (path, given)
            return
        group = entry


# Named as planned, or as what does not exist.
PLANNED: set[str] = set()


def test_the_index_leads_to_every_page() -> None:
    index = DOCS / "index.md"
    linked = {
        (DOCS / target.partition("#")[0]).resolve() for target in _LINK.findall(index.read_text(encoding="utf-8"))
    }
    assert set(DOCS.rglob("*.md")) - linked - {index} == set()


def test_the_readme_is_one_screen() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_the_pages_have_examples_that_run() -> None:
    assert len(read_examples(README)) == 4
    assert len(read_examples(TUTORIAL)) >= 8
    assert len(read_examples(DIAGNOSIS)) >= 6
    text = "".join(page.read_text(encoding="utf-8") for page in (README, TUTORIAL, DIAGNOSIS))
    assert text.count("```console") == text.count("<!-- run: exit")
    assert {" ".join(words) for words, _ in walk_commands()} >= {"status", "migrate images", "migrate verify"}


def test_the_changelog_knows_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a",), "a\nb\n", False),
        (("a", "..."), "a\nb\n", True),
        (("b", "..."), "a\nb\nc\n", False),
        (("...", "b"), "a\nb\n", True),
        (("...", "b"), "a\nb\nc\n", False),
        (("a", "...", "c", "..."), "a\nb\nc\nd\n", True),
        (("a", "...", "b", "d"), "a\nb\nc\nd\n", False),
        (("took   3 s",), "took 12 min 4 s\n", True),
        (("475 documents",), "474 documents\n", False),
        (("rate 0.15 images/s",), "rate 95 images/s\n", True),
        ((), "", True),
        ((), "a\n", False),
    ],
)
def test_what_is_shown_must_have_been_printed(shown: tuple[str, ...], printed: str, expected: bool) -> None:
    assert is_shown_in(shown, printed) is expected
