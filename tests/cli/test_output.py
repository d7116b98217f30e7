"""What is shown leads on with the profile that this command was given."""

from __future__ import annotations

import pytest

from opsctl.cli.output import keep_profile
from opsctl.reporting.view import NextCommand, ReportView, Step, Steps

LISTED = "opsctl cloudrun image ls app:v1 /app | head"


def view_with(command: str) -> ReportView:
    return ReportView(
        "t", blocks=(Steps((Step("s", commands=(command,)),)),), next_commands=(NextCommand(command, "why"),)
    )


def shown(view: ReportView) -> tuple[str, str]:
    (steps,) = view.blocks
    assert isinstance(steps, Steps)
    return steps.steps[0].commands[0], view.next_commands[0].command


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (LISTED, "opsctl --profile 'my lab' cloudrun image ls app:v1 /app | head"),
        ("opsctl cloudrun logs x --profile other", "opsctl cloudrun logs x --profile other"),
        ("opsctl cloudrun rules show schema-drift", "opsctl cloudrun rules show schema-drift"),
        ("gcloud run jobs update j", "gcloud run jobs update j"),
    ],
)
def test_commands_keep_the_profile_where_it_matters(command: str, expected: str) -> None:
    assert shown(keep_profile(view_with(command), "my lab")) == (expected, expected)


def test_without_a_profile_nothing_is_added() -> None:
    assert shown(keep_profile(view_with(LISTED), None)) == (LISTED, LISTED)
