"""What commands name: from the finding's own evidence first, quoted, and never a guess."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.app import walk_commands
from opsctl.diagnosis.command_values import CommandValues, command_values, commands_of, fill
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rule import Remedy, Risk, Rule
from opsctl.diagnosis.rules import CAUSES, CONTROLS, load_rules
from opsctl.diagnosis.smallest_roles import SMALLEST_ROLES
from opsctl.lab.incidents import INCIDENTS, write_incident
from opsctl.reporting.redact import redact
from tests.diagnosis.reports import first_of, values_of
from tests.diagnosis.runs import facts_of, failed_run

RULES = load_rules((*CAUSES, *CONTROLS))
COMMANDS = sorted(
    {command for rule in RULES for remedy in rule.remedies for command in remedy.commands}
    | {rule.check.command for rule in RULES if rule.check}
)
PLACEHOLDERS = {"project", "region", "job", "execution", "service_account", "image", "folder", "secret", "instance"}
PASSWORD_LINE = 'error: password authentication failed for user "o4o_api"'


def read_incident(name: str) -> Evidence:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "incident.json"
        write_incident(INCIDENTS[name], path)
        return read_evidence(path)


def attached(*instances: str) -> dict[str, Any]:
    return {"volumes": [{"name": "sql", "cloudSqlInstance": {"instances": list(instances)}}]}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_rules_use_known_placeholders_and_can_be_parsed(command: str) -> None:
    assert set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", command)) <= PLACEHOLDERS
    filled = fill(command, command_values(facts_of(failed_run(["boom"]))))
    assert shlex.split(filled)
    assert "{" not in re.sub(r"\$\{\w+\}", "", filled.replace("{print", ""))


def test_opsctl_commands_of_rules_exist() -> None:
    """A command that is only planned is no help at night."""
    known = {f"opsctl {' '.join(words)}" for words, _ in walk_commands()}
    named = [command for command in COMMANDS if command.startswith("opsctl ")]
    assert [command for command in named if not any(command.startswith(each) for each in known)] == []


def test_the_log_is_read_further_back_than_the_last_day() -> None:
    values = CommandValues({"execution": "x-1"}, {})
    assert fill("gcloud logging read 'e={execution}'", values) == "gcloud logging read 'e=x-1' --freshness=30d"
    assert fill("gcloud logging read x --freshness=9d", values).count("--freshness") == 1


class TestFill:
    def test_a_value_is_quoted_for_the_shell(self) -> None:
        filled = fill("run {job} --x={image}", CommandValues({"job": "a b; rm -rf /", "image": "i@sha256:1"}, {}))
        assert shlex.split(filled) == ["run", "a b; rm -rf /", "--x=i@sha256:1"]

    @pytest.mark.parametrize("quote", ["'", '"'])
    def test_inside_of_quotes_only_what_needs_none(self, quote: str) -> None:
        command = f"read {quote}e={{execution}}{quote}"
        assert fill(command, CommandValues({"execution": "a-1"}, {})) == f"read {quote}e=a-1{quote}"
        assert fill(command, CommandValues({"execution": "a'$(x)\"b"}, {})) == f"read {quote}e=EXECUTION{quote}"

    def test_what_is_not_known_stays_in_capitals(self) -> None:
        assert fill("x {job} ROLE", CommandValues({}, {})) == "x JOB ROLE"

    def test_doubled_braces_and_values_with_braces_are_literal(self) -> None:
        filled = fill("x '{{a}}' {job} {image}", CommandValues({"job": "{image}", "image": "i"}, {}))
        assert shlex.split(filled) == ["x", "{a}", "{image}", "i"]

    def test_a_word_is_replaced_whole_only(self) -> None:
        values = CommandValues({}, {"NAME": "x", "IMAGE@sha256:LAST_GOOD_DIGEST": "i@sha256:2"})
        assert fill("--v DB_NAME=NAME --i IMAGE@sha256:LAST_GOOD_DIGEST", values) == "--v DB_NAME=x --i i@sha256:2"

    @given(st.sampled_from(COMMANDS), st.text(min_size=1, max_size=30))
    def test_no_value_adds_a_word_to_a_command(self, command: str, value: str) -> None:
        hostile = CommandValues(dict.fromkeys(PLACEHOLDERS, value), dict.fromkeys(("ROLE", "TABLE", "INSTANCE"), value))
        assert len(shlex.split(fill(command, hostile))) == len(shlex.split(fill(command, CommandValues({}, {}))))


class TestValues:
    def test_the_secret_that_the_error_names(self) -> None:
        line = (
            "Error: 7 PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied for resource "
            "'projects/shop-prod/secrets/signing-key/versions/3' (or it may not exist)."
        )
        values = values_of(failed_run([line], secrets={"DB_PASSWORD": "db-password"}))
        assert values.placeholders["secret"] == "signing-key"
        assert values.words["BAD_VERSION"] == "3"

    def test_the_secret_of_the_password_before_the_first_one(self) -> None:
        secrets = {"JWT_SECRET": "jwt", "DB_PASSWORD": "db-password"}
        values = values_of(failed_run([PASSWORD_LINE], secrets=secrets))
        assert values.placeholders["secret"] == "db-password"
        assert values.words["DB_PASSWORD"] == "DB_PASSWORD"
        assert values.words["DB_USER"] == "o4o_api"

    def test_the_variable_has_the_name_that_the_job_uses(self) -> None:
        finding = first_of(failed_run([PASSWORD_LINE], secrets={"PGPASSWORD": "pg"}))
        pinned = [command for item in finding.workarounds for command in item.commands]
        assert any("--update-secrets=PGPASSWORD=pg:VERSION" in command for command in pinned)

    def test_the_instance_whose_socket_failed_before_the_attached_one(self) -> None:
        line = "Error: connect ENOENT /cloudsql/shop-prod:europe-west1:orders-new/.s.PGSQL.5432"
        run = failed_run([line], template=attached("shop-prod:europe-west1:orders-old"))
        assert values_of(run).placeholders["instance"] == "shop-prod:europe-west1:orders-new"
        assert values_of(run).words["INSTANCE"] == "orders-new"

    def test_the_role_that_suffices_for_the_permission(self) -> None:
        line = (
            "Error: uploader@shop-prod.iam.gserviceaccount.com does not have storage.objects.create access to the "
            "Google Cloud Storage object. Permission 'storage.objects.create' denied on resource."
        )
        finding = first_of(failed_run([line]))
        assert finding.cause == "iam-permission-denied"
        assert finding.remedy is not None
        assert "--role roles/storage.objectCreator" in finding.remedy.commands[0]
        assert "serviceAccount:uploader@shop-prod.iam.gserviceaccount.com" in finding.remedy.commands[0]

    def test_a_right_is_given_to_the_account_of_the_run_not_to_the_one_before(self) -> None:
        evidence = mask_evidence(read_incident("o4o-api-migrations-d4m7s")).evidence
        finding = first_of(evidence)
        assert finding.cause == "iam-permission-denied"
        assert finding.remedy is not None
        assert "serviceAccount:o4o-migrations@netureyoutube.iam.gserviceaccount.com" in finding.remedy.commands[0]
        assert "--role roles/cloudsql.client " in finding.remedy.commands[0]

    def test_a_role_that_is_held_is_not_the_one_to_grant(self) -> None:
        account = {"email": "a@shop-prod.iam.gserviceaccount.com", "projectRoles": ["roles/logging.logWriter"]}
        sections = {"service_account": {**account, "method": "project-policy", "access": []}}
        line = (
            "Error 403: boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission "
            "cloudsql.instances.connect on resource instances/orders."
        )
        run = failed_run([line], template=attached("shop-prod:europe-west1:orders"), sections=sections)
        assert values_of(run).words["ROLE"] == "roles/cloudsql.client"

    def test_an_api_that_is_off_names_the_api(self) -> None:
        line = (
            "Error: Cloud Vision API has not been used in project 123 before or it is disabled. Enable it by visiting "
            "https://console.developers.google.com/apis/api/vision.googleapis.com/overview?project=123 then retry."
        )
        finding = first_of(failed_run([line]))
        assert finding.remedy is not None
        assert finding.remedy.commands == ("gcloud services enable vision.googleapis.com --project shop-prod",)

    def test_a_masked_value_and_an_option_are_no_values(self) -> None:
        values = values_of(
            failed_run([PASSWORD_LINE.replace("o4o_api", "***(s1)")], container={"image": "--project=x"})
        )
        assert "DB_USER" not in values.words
        assert "image" not in values.placeholders

    def test_the_repository_of_the_image(self) -> None:
        words = command_values(facts_of(failed_run(["x"]))).words
        assert (words["LOCATION"], words["IMAGE_PROJECT"], words["REPOSITORY"]) == ("europe-west1", "shop-prod", "apps")


class TestTools:
    REMEDY = Remedy(
        "repair",
        Risk.CHANGES_DATA,
        ("npx prisma migrate resolve --rolled-back MIGRATION", "flyway repair", "alembic stamp REVISION"),
    )
    QUERY = Remedy("rows", Risk.READ_ONLY, ('psql "$DATABASE_URL" -c "select count(*) from TABLE"',))

    def test_commands_of_other_tools_are_left_out(self) -> None:
        values = CommandValues({}, {"MIGRATION": "20260101000000_init"}, frozenset({"prisma"}))
        assert commands_of(self.REMEDY, values) == ("npx prisma migrate resolve --rolled-back 20260101000000_init",)

    def test_without_a_trace_of_a_tool_all_are_named(self) -> None:
        assert len(commands_of(self.REMEDY, CommandValues({}, {}))) == 3

    def test_a_query_is_for_the_database_that_is_there(self) -> None:
        mysql = CommandValues({}, {"TABLE": "sku"}, frozenset({"mysql"}))
        assert commands_of(self.QUERY, mysql) == ('mysql -e "select count(*) from sku"',)
        both = CommandValues({}, {}, frozenset({"mysql", "postgres"}))
        assert commands_of(self.QUERY, both)[0].startswith("psql")

    def test_what_only_postgres_has_is_left_out(self) -> None:
        remedy = Remedy("see", Risk.READ_ONLY, ("psql -c 'select * from pg_stat_activity'", "psql -c '\\du'"))
        assert commands_of(remedy, CommandValues({}, {}, frozenset({"mysql"}))) == ()

    @pytest.mark.parametrize(
        ("line", "tool"),
        [
            ("PrismaClientInitializationError: P1000: Authentication failed against database server", "prisma"),
            ("django.db.utils.OperationalError: FATAL: password authentication failed", "django"),
            ("knexfile.js: ER_ACCESS_DENIED_ERROR: Access denied for user 'app'@'%'", "knex"),
            ("ER_ACCESS_DENIED_ERROR: Access denied for user 'app'@'%' (using password: YES)", "mysql"),
            ("psycopg2.OperationalError: password authentication failed for user app", "postgres"),
        ],
    )
    def test_a_tool_is_known_by_its_words(self, line: str, tool: str) -> None:
        assert tool in command_values(facts_of(failed_run([line]))).tools


def test_the_last_good_image_is_named_and_only_when_it_is_another_one() -> None:
    run = failed_run(["Error: Cannot find module '/app/dist/x.js'"], sections={"baseline": baseline("apps/orders:0")})
    told = [command for item in first_of(run).workarounds for command in item.commands]
    assert any("--image=europe-west1-docker.pkg.dev/shop-prod/apps/orders:0" in command for command in told)
    same = failed_run(["Error: Cannot find module '/app/dist/x.js'"], sections={"baseline": baseline("apps/orders:1")})
    assert not [item for item in first_of(same).workarounds if "--image=" in "".join(item.commands)]


def baseline(image: str) -> dict[str, Any]:
    container = {"image": f"europe-west1-docker.pkg.dev/shop-prod/{image}", "env": []}
    template = {"containers": [container], "timeout": "600s", "maxRetries": 0}
    return {"execution": {"name": "x/executions/good", "createTime": "2025-12-01T00:00:00Z", "template": template}}


@pytest.mark.parametrize("permission", SMALLEST_ROLES)
def test_roles_and_permissions_have_their_form(permission: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", permission)
    assert re.fullmatch(r"roles/[a-z]+\.[a-zA-Z]+", SMALLEST_ROLES[permission])


def all_remedies() -> list[tuple[Rule, Remedy]]:
    return [(rule, remedy) for rule in RULES for remedy in rule.remedies]


def test_no_remedy_of_any_rule_is_lost_without_evidence_against_it() -> None:
    facts = facts_of(failed_run(["boom"]))
    values = command_values(facts)
    for rule, remedy in all_remedies():
        assert len(commands_of(remedy, values)) >= min(1, len(remedy.commands)), rule.cause


@pytest.mark.parametrize("command", COMMANDS)
def test_the_last_line_of_defence_leaves_our_own_commands_alone(command: str) -> None:
    """Everything that is shown passes the general redactor: a command with a mask in it is no command."""
    facts = facts_of(failed_run([PASSWORD_LINE], secrets={"DB_PASSWORD": "db-password"}))
    filled = fill(command, command_values(facts))
    assert redact(filled) == filled
