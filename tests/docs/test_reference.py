"""The reference is what the code says, and leaves nothing out."""

from __future__ import annotations

import re

import pytest
from docs.generate import render_pages
from docs.generator.markdown import explain
from docs.generator.outcomes import error_codes, remarks

from opsctl.cli.app import walk_commands
from opsctl.cli.completion_tree import read_tree
from opsctl.cli.schema import REPORTS
from opsctl.config import SECTIONS
from opsctl.config.profile import variable_name
from opsctl.errors import ExitCode
from opsctl.migration.models import FailureClass, RunState
from opsctl.migration.verify import DifferenceKind
from opsctl.status.models import Basis, Method, State
from tests.docs.pages import REFERENCE

# A completion script is no report.
WITHOUT_REPORT = {"completion"}


def test_the_reference_is_as_the_code_makes_it() -> None:
    """When this fails: `make docs`."""
    made = render_pages()
    committed = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    assert sorted(made) == sorted(committed)
    stale = [name for name in made if made[name] != committed[name]]
    assert not stale, f"run `make docs`: {stale}"


def test_every_command_and_option_is_documented() -> None:
    text = page("commands.md")
    sections = dict(re.findall(r"^## (opsctl .*?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    common = text[text.index("## Common options") :]
    for node in read_tree():
        name = " ".join(("opsctl", *node.path))
        if node.words and not node.options:
            continue
        body = sections.get(name, "") + common
        for option in node.options:
            for spelling in option.names:
                assert re.search(rf"`[^`]*{re.escape(spelling)}\b[^`]*`", body), f"{name} {spelling}"
            for choice in option.choices:
                assert choice in body, f"{name} {option.names} {choice}"
    assert {" ".join(("opsctl", *words)) for words, _ in walk_commands()} <= set(sections)


def test_every_command_has_its_examples() -> None:
    text = page("commands.md")
    for words, entry in walk_commands():
        command = " ".join(("opsctl", *words))
        body = text[text.index(f"\n## {command}\n") :].split("\n## ")[1]
        assert f"\n{command}" in body or f"({command}" in body, entry.name


def test_every_configuration_key_is_documented() -> None:
    text = page("configuration.md")
    for kind in SECTIONS:
        body = text[text.index(f"## Section `{kind.SECTION}`") :].split("\n## ")[0]
        for key in kind.__struct_fields__:
            assert f"| `{key}` |" in body, f"{kind.SECTION}.{key}"
            assert f"`{variable_name(kind.SECTION, key)}`" in body


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("exit-codes.md", [str(int(code)) for code in ExitCode]),
        ("error-codes.md", [f"`{code}`" for code, _, _ in error_codes()]),
        ("failure-classes.md", [f"`{item.value}`" for item in FailureClass]),
        (
            "states.md",
            [f"`{item.value}`" for kind in (State, RunState, Method, Basis, DifferenceKind) for item in kind],
        ),
        ("states.md", [f"`{code}`" for code, _ in remarks()]),
    ],
)
def test_every_value_has_a_row_with_its_meaning(name: str, values: list[str]) -> None:
    rows = {row.split(" | ")[0]: row.split(" | ")[1:] for row in re.findall(r"^\| (.*) \|$", page(name), re.MULTILINE)}
    assert len(values) > 4
    for value in values:
        assert value in rows, value
        assert all(cell.strip() for cell in rows[value]), value


def test_every_report_has_a_schema_and_every_schema_is_documented() -> None:
    text = page("json.md")
    for name in REPORTS:
        assert f"\n## {name}\n" in text
    assert {".".join(words) for words, _ in walk_commands()} - REPORTS.keys() == WITHOUT_REPORT
    assert all(f"`{name}`" in text for name in WITHOUT_REPORT)


def test_a_name_without_words_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"without words: .*later"):
        explain(["gone", "later"], {"gone": "HTTP 404"})
    with pytest.raises(LookupError, match=r"without a name: .*former"):
        explain(["gone"], {"gone": "HTTP 404", "former": "not used any more"})


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")
