"""`opsctl config check`: every section, every service, the worst code."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from opsctl.cli.config.check import ConfigCheckReport, check_sections, run_checks
from opsctl.cli.config.service_check import CheckState, ServiceCheck, check_from_error, worst_error
from opsctl.cli.context import open_context
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.options import CommonOptions
from opsctl.cli.outcome import Outcome
from opsctl.config import MongoSection, Profile
from opsctl.config.values import Given, Origin
from opsctl.errors import AccessDeniedError, ConfigError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.reporting.texts import Catalogue
from tests.cli.processes import make_process

ENVIRON = {
    "OPSCTL_MONGO_URI": "mongodb://h",
    "OPSCTL_MONGO_DATABASE": "d",
    "OPSCTL_MONGO_COLLECTION": "c",
    "OPSCTL_S3_BUCKET": "b",
}


def check(folder: Path, *services: ServiceCheck, environ: dict[str, str] | None = None) -> Outcome:
    def try_services(_profile: Profile) -> Sequence[ServiceCheck]:
        return services

    process = make_process(folder, environ=ENVIRON if environ is None else environ)
    return run_checks(open_context(process, "config.check", CommonOptions()), lambda: try_services)


def states(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome.report, ConfigCheckReport)
    return {item.name: item.state for item in outcome.report.checks}


def test_all_is_well(tmp_path: Path) -> None:
    outcome = check(tmp_path, ServiceCheck("mongo", CheckState.OK, "475 documents"), ServiceCheck("s3", CheckState.OK))
    assert outcome.final_exit_code() == 0
    assert states(outcome) == {
        "mongo": "ok",
        "s3": "ok",
        "kubernetes": "not_configured",
        "images": "ok",
        "cloudrun": "not_configured",
    }


def test_a_service_that_is_configured_and_not_tried_does_not_read_as_healthy(tmp_path: Path) -> None:
    assert states(check(tmp_path, ServiceCheck("mongo", CheckState.OK)))["s3"] == "not_tried"


def test_a_timeout_is_no_fault_of_a_service(tmp_path: Path) -> None:
    def read_secret(_key: str, _target: str) -> str:
        raise TimedOutError("too long")

    here, values = Origin("file", "f", 1), {"uri": {"kube_secret": "n/s/k"}, "database": "d", "collection": "c"}
    sections = {"mongo": {key: Given(value, here) for key, value in values.items()}}
    profile = Profile("p", None, sections, {}, read_secret)
    with pytest.raises(TimedOutError):
        check_sections(profile)
    assert profile.is_configured(MongoSection)


def test_a_wrong_section_is_told_and_the_other_services_are_tried(tmp_path: Path) -> None:
    environ = {**ENVIRON, "OPSCTL_S3_ENDPOINT_URL": "nonsense"}
    outcome = check(tmp_path, ServiceCheck("mongo", CheckState.OK), ServiceCheck("s3", CheckState.OK), environ=environ)
    assert states(outcome)["s3"] == "invalid"
    assert states(outcome)["mongo"] == "ok"
    assert outcome.final_exit_code() == 2
    assert outcome.error is not None
    assert "s3.endpoint_url" in outcome.error.message


def test_nothing_configured_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Nothing is configured"):
        check(tmp_path, environ={})


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"ok"}, None),
        ({"ok", "not_configured", "not_tried"}, None),
        ({"unavailable", "ok"}, 5),
        ({"unavailable", "not_found"}, 7),
        ({"unavailable", "not_found", "denied"}, 6),
        ({"denied", "error"}, 1),
        ({"error", "invalid", "unavailable"}, 2),
    ],
)
def test_the_worst_state_decides(found: set[str], code: int | None) -> None:
    error = worst_error(tuple(ServiceCheck(state, CheckState(state), "why", "do") for state in sorted(found)))
    assert (None if error is None else int(error.exit_code)) == code


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ConfigError("x"), "invalid"),
        (AccessDeniedError("x"), "denied"),
        (NotFoundError("x"), "not_found"),
        (UnavailableError("x"), "unavailable"),
        (DataError("x"), "error"),
        (OpsctlError("x"), "error"),
    ],
)
def test_errors_of_services_become_states(error: OpsctlError, state: str) -> None:
    assert check_from_error("s3", error) == ServiceCheck("s3", CheckState(state), "x", None)


def test_both_languages_have_a_word_for_every_state(tmp_path: Path) -> None:
    outcome = check(tmp_path, *(ServiceCheck(name, CheckState.OK) for name in ("mongo", "s3")))
    assert outcome.view is not None
    for language in ("en", "ko"):
        texts = Catalogue("ko" if language == "ko" else "en")
        assert outcome.view(texts).title
        for state in CheckState:
            assert texts.get(f"config.state_{state}")
