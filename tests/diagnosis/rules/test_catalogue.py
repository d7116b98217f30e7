"""What holds for every rule: its page, its signs, its words in both languages."""

from __future__ import annotations

import re

import pytest

from opsctl.diagnosis.models import SECTIONS
from opsctl.diagnosis.rule import Risk, Rule, Sign, Weight, compiled
from opsctl.diagnosis.rules import CAUSES, CONTROLS, load_rules, read_page
from opsctl.reporting.texts import placeholders, read_area

EVERY = (*CAUSES, *CONTROLS)
PAGE_PARTS = ("What is wrong", "How it is recognised", "Look-alikes", "Remedy", "Sources")
COMMAND_PLACEHOLDERS = {
    "project",
    "region",
    "job",
    "execution",
    "service_account",
    "image",
    "folder",
    "secret",
    "instance",
}
RULES = load_rules()
SIGNS = [pytest.param(rule, sign, id=f"{rule.cause}:{sign.id}") for rule in RULES for sign in rule.signs]


def rule_of(cause: str) -> Rule:
    return load_rules((cause,))[0]


@pytest.mark.parametrize("cause", EVERY)
def test_a_cause_has_a_page(cause: str) -> None:
    page = read_page(cause)
    lines = page.splitlines()
    assert lines[0].strip(), "the first line is the title"
    assert [part for part in PAGE_PARTS if not re.search(rf"^{part}$", page, re.MULTILINE)] == []
    assert len(lines) >= 20


@pytest.mark.parametrize("cause", EVERY)
def test_a_rule_is_complete(cause: str) -> None:
    rule = rule_of(cause)
    assert rule.cause == cause
    assert rule.is_control == (cause in CONTROLS)
    assert set(rule.yields_to) <= set(EVERY)
    assert cause not in rule.yields_to
    assert set(rule.needs) | set(rule.refutable_by) <= set(SECTIONS)
    ids = [sign.id for sign in rule.signs]
    assert len(ids) == len(set(ids)), "ids are unique"
    if not rule.is_control:
        assert rule.remedies
        assert rule.check is not None
        assert rule.check.section in SECTIONS


@pytest.mark.parametrize("cause", EVERY)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_rule_has_its_words(cause: str, language: str) -> None:
    rule = rule_of(cause)
    texts = read_area("ko" if language == "ko" else "en", f"causes_{rule.family}")
    wanted = {f"{rule.key}_title", f"{rule.key}_summary"}
    if rule.check is not None:
        wanted.add(f"{rule.key}_check")
    for remedy in rule.remedies:
        wanted.add(f"{rule.key}_remedy_{remedy.id}")
        if remedy.risk is not Risk.READ_ONLY:
            wanted |= {f"{rule.key}_remedy_{remedy.id}_before", f"{rule.key}_remedy_{remedy.id}_undo"}
    assert wanted - set(texts) == set()
    assert not [key for key in wanted if not texts[key].strip()]


@pytest.mark.parametrize("cause", EVERY)
def test_commands_name_only_what_is_known(cause: str) -> None:
    rule = rule_of(cause)
    commands = [command for remedy in rule.remedies for command in remedy.commands]
    if rule.check is not None:
        commands.append(rule.check.command)
    for command in commands:
        assert placeholders(command) <= COMMAND_PLACEHOLDERS, command
        assert "\n" not in command


@pytest.mark.parametrize(("rule", "sign"), SIGNS)
def test_a_sign_matches_what_the_tool_prints(rule: Rule, sign: Sign) -> None:
    assert sign.example, "an example"
    assert sign.source, "where the text was read"
    assert all(needle == needle.lower() and len(needle) >= 3 for needle in sign.needles)
    assert any(needle in sign.example.lower() for needle in sign.needles)
    assert sign.find(sign.example) is not None
    if sign.pattern is not None:
        compiled(sign.pattern)


def test_platform_weight_is_for_what_the_platform_says() -> None:
    """Only Cloud Run can state what Cloud Run did: a program may print the same words."""
    said_by_anyone = [
        f"{rule.cause}:{sign.id}"
        for rule in RULES
        for sign in rule.signs
        if sign.weight is Weight.PLATFORM and sign.platform is not True
    ]
    assert not said_by_anyone


def test_every_cause_is_known_once() -> None:
    assert len(EVERY) == len(set(EVERY)) == 31
