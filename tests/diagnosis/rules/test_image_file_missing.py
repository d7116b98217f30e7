"""Files of the program that the image lacks; what the image really holds decides."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rule import Weight
from opsctl.diagnosis.rules.image_file_missing import RULE
from tests.diagnosis.runs import diagnose_run, facts_of, failed_run, find_cause, first_cause

CAUSE = RULE.cause
MIGRATE = ["Error: Cannot find module '/app/dist/migrate.js'", "  code: 'MODULE_NOT_FOUND',", "  requireStack: []", "}"]


def image(files: tuple[str, ...] = (), absent: tuple[str, ...] = (), *, complete: bool = False) -> dict[str, Any]:
    data = {
        "config": {"config": {"WorkingDir": "/app"}},
        "files": [{"path": path, "type": "file", "mode": "0644"} for path in files],
        "absent": list(absent),
        "complete": complete,
    }
    return {"image": data}


@pytest.mark.parametrize(
    "lines",
    [
        MIGRATE,
        ["Error: Cannot find module '/app/dist/main'", "  requireStack: []"],
        ["Error: ENOENT: no such file or directory, scandir '/app/dist/database/migrations'"],
        ['error: Module not found "src/migrate.ts"'],
        [
            "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open "
            "'/app/package.json'"
        ],
        ["python: can't open file '/app/scripts/backfill.py': [Errno 2] No such file or directory"],
        ["FileNotFoundError: [Errno 2] No such file or directory: 'config/settings.yaml'"],
        ["Error: Unable to access jarfile target/app.jar"],
        ["Could not open input file: artisan"],
        ["Could not locate Gemfile or .bundle/ directory"],
        [
            "System.IO.FileNotFoundException: The configuration file 'appsettings.json' was not found and is not "
            "optional."
        ],
        ["Error: Could not find Prisma Schema that is required for this command."],
        ["Error: Can't find meta/_journal.json file"],
        ["Error: No file drizzle/0001_init.sql found in drizzle folder"],
        ['error: failed to open source, "file:///migrations": open /migrations: no such file or directory'],
        ["Error: could not find migrations directory `./db/migrations`"],
        [
            "FAILED: Path doesn't exist: '/app/migrations'.  Please use the 'init' command to create a new scripts "
            "folder."
        ],
        ["psql: error: /migrations/V1.sql: No such file or directory"],
        ["2024/01/01 10:00:00 open templates/report.tmpl: no such file or directory"],
        ["/bin/sh: can't open 'scripts/run.sh': No such file or directory"],
        [
            "browserType.launch: Executable doesn't exist at "
            "/root/.cache/ms-playwright/chromium-1091/chrome-linux/chrome"
        ],
    ],
)
def test_fires(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Error: Cannot find module 'express'", "module-not-found"),
        ("Error: Cannot find module '/app/dist/db/env' imported from /app/dist/main.js", "module-format-mismatch"),
        ("python: can't open file '/app/manage.py migrate': [Errno 2] No such file or directory", "entrypoint-invalid"),
        ("Error: Cannot find module '/usr/src/app/npm'", "entrypoint-invalid"),
        ("Error: connect ENOENT /cloudsql/p:europe-west1:db/.s.PGSQL.5432", "cloudsql-not-attached"),
    ],
)
def test_look_alikes(line: str, cause: str) -> None:
    assert first_cause(failed_run([line])) == cause


@pytest.mark.parametrize(
    "line",
    [
        "FileNotFoundError: [Errno 2] No such file or directory: '/cloudsql/p:r:i/.s.PGSQL.5432'",
        "Error: ENOENT: no such file or directory, open '/tmp/report.csv'",
        "No migrations to apply.",
        "copied 12 files, no such file skipped",
    ],
)
def test_other_places_do_not_fire(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line])), CAUSE)
    assert found is None or found.probability < 0.5


def test_the_image_confirms_it() -> None:
    ranking = diagnose_run(failed_run(MIGRATE, sections=image(("/app/package.json",), ("/app/dist/migrate.js",))))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].verdict is Verdict.CONFIRMED
    assert "path_not_in_image" in {piece.id for piece in ranking.findings[0].support}


def test_the_image_refutes_it() -> None:
    missing = find_cause(diagnose_run(failed_run(MIGRATE)), CAUSE)
    there = find_cause(diagnose_run(failed_run(MIGRATE, sections=image(("/app/dist/migrate.js",)))), CAUSE)
    assert missing is not None
    assert there is not None
    assert [piece.id for piece in there.against] == ["path_in_image"]
    assert there.probability < missing.probability


def test_without_an_ending_the_compiled_file_counts() -> None:
    lines = ["Error: Cannot find module '/app/dist/main'"]
    found = find_cause(diagnose_run(failed_run(lines, sections=image(("/app/dist/main.js",)))), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.against] == ["path_in_image"]


def test_the_script_of_the_command_is_looked_up() -> None:
    container = {"command": ["node"], "args": ["dist/migrate.js"]}
    ranking = diagnose_run(failed_run([], container=container, sections=image(("/app/package.json",), complete=True)))
    found = find_cause(ranking, CAUSE)
    assert found is not None
    assert "script_not_in_image" in {piece.id for piece in found.support}


def test_a_folder_that_was_looked_for() -> None:
    absent = ("/app/dist/database/migrations", "/app/node_modules/pg", "/app/docs")
    (clue,) = RULE.look(facts_of(failed_run([], sections=image((), absent))))
    assert (clue.id, clue.weight) == ("looked_for", Weight.STRONG)
    assert clue.values == {"path": "/app/dist/database/migrations"}


def test_a_folder_that_is_elsewhere_or_not_essential_says_less() -> None:
    elsewhere = image(("/app/build/migrations/1.js",), ("/app/src/migrations",))
    other = image((), ("/app/docs",))
    for sections in (elsewhere, other):
        (clue,) = RULE.look(facts_of(failed_run([], sections=sections)))
        assert (clue.id, clue.weight) == ("looked_for", Weight.MODERATE)


def test_never_confirmed_without_the_image_and_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(MIGRATE)), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.LIKELY
    blind = find_cause(diagnose_run(failed_run(MIGRATE, without=["logs"])), CAUSE)
    assert blind is not None
    assert blind.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "line",
    [
        "/opt/backup/run.sh: line 50: /tmp/lib/common.sh: No such file or directory",
        "/app/run.sh: 12: .: Can't open /app/lib/env.sh",
        "cp: cannot stat '/opt/overlay/*': No such file or directory",
        "[PM2][ERROR] Script not found: /usr/src/app/dist/index.js",
        "FATAL: config file '/etc/piler/manticore.conf' does not exist or is not readable",
        'Cannot load migrations from "/var/www/html/migrations" because it is not a valid directory.',
        "FileNotFoundError: Configuration file not found at config.yaml",
        "can't read config file './cmd/api/config.yml'",
        "Make sure the directory ./config/environments/development exists",
        "InternalServerError: Please provide a file named MigratorConfig.js in your project root.",
        "ErrorException: include(/var/www/vendor/composer/../../database/seeds/DatabaseSeeder.php): failed to open "
        "stream: No such file or directory in /var/www/vendor/composer/ClassLoader.php:444",
    ],
)
def test_shells_and_hand_written_checks(line: str) -> None:
    assert first_cause(failed_run([line])) == CAUSE


@pytest.mark.parametrize(
    "line",
    [
        "config file /etc/app/local.yaml not found, using defaults",
        "INFO Template ./mail.html is missing, creating it",
        "WARN  config file /app/overrides.yaml does not exist",
        "GET https://api.example.com/files/report.json 404 not found",
        "/app/run.sh: line 3: /cloudsql/p:r:i: No such file or directory",
        "cat: /proc/self/cgroup.max: No such file or directory",
    ],
)
def test_harmless_words_about_files(line: str) -> None:
    causes = [found.rule.cause for found in diagnose_run(failed_run([line, "Processed 500 of 500 rows"])).findings]
    assert CAUSE not in causes


def test_a_folder_that_the_program_itself_names_says_more_than_one_that_was_only_looked_for() -> None:
    folder = "/app/dist/database/migrations"
    image = {"absent": [folder], "files": [{"path": "/app/dist/migrate.js"}], "config": {}}
    only_looked_for = find_cause(diagnose_run(failed_run(sections={"image": image})), RULE.cause)
    named = {**image, "namedBy": {folder: "/app/dist/migrate.js"}}
    found = find_cause(diagnose_run(failed_run(sections={"image": named})), RULE.cause)
    assert only_looked_for is not None
    assert found is not None
    assert "program_names_it" in {piece.id for piece in found.support}
    assert found.probability > only_looked_for.probability
