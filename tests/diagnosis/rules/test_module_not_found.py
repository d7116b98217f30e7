"""Libraries that are not installed, in the words of runtimes and tools; paths, formats and natives are others' "
"matter."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.module_not_found import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause
EXPRESS = ["Error: Cannot find module 'express'", "Require stack:", "- /app/dist/main.js"]


def image(**data: Any) -> dict[str, Any]:
    return {"image": {"config": {"config": {"WorkingDir": "/app"}}, "files": [], "absent": [], "texts": {}, **data}}


@pytest.mark.parametrize(
    "lines",
    [
        EXPRESS,
        ["Error: Cannot find module '@nestjs/core'", "Require stack:", "- /app/dist/main.js"],
        ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'pg' imported from /app/dist/db.js"],
        ["Error: Cannot find module 'dotenv/config'", "Require stack:", "- internal/preload"],
        ['error: Cannot find package "drizzle-orm" from "/app/src/migrate.ts"'],
        ["Error: Please install mysql2 package manually"],
        ["DriverPackageNotInstalledError: Postgres package has not been found installed. Try: npm install pg --save"],
        [
            "Traceback (most recent call last):",
            '  File "/app/m.py", line 2, in <module>',
            "ModuleNotFoundError: No module named 'psycopg2'",
        ],
        ["/usr/local/bin/python: No module named alembic"],
        ["ImportError: attempted relative import with no known parent package"],
        ["django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 or psycopg module"],
        ['Exception in thread "main" java.lang.NoClassDefFoundError: org/springframework/boot/SpringApplication'],
        ["java.sql.SQLException: No suitable driver found for jdbc:mysql://10.0.0.3:3306/app"],
        ["org.flywaydb.core.api.FlywayException: Unsupported Database: PostgreSQL 16.1"],
        ["Bundler::GemNotFound: Could not find rake-13.0.6 in any of the sources"],
        ["cannot load such file -- sidekiq (LoadError)"],
        ["Could not load file or assembly 'Dapper, Version=2.0.0.0'. The system cannot find the file specified."],
        ["** (UndefinedFunctionError) function Oban.start_link/1 is undefined (module Oban is not available)"],
        ["Can't locate DBD/mysql.pm in @INC (you may need to install the DBD::mysql module)"],
    ],
)
def test_fires(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


def test_tool_of_an_npm_script() -> None:
    lines = ["> app@1.0.0 migrate", "> prisma migrate deploy", "", "sh: 1: prisma: not found"]
    assert first_cause(failed_run(lines, exit_code=127)) == CAUSE


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["Error: Cannot find module '/app/dist/migrate.js'"], "image-file-missing"),
        (
            ["Error: Cannot find module './routes/orders'", "Require stack:", "- /app/dist/main.js"],
            "image-file-missing",
        ),
        (
            ["Error: Cannot find module '/app/dist/config/env' imported from /app/dist/main.js"],
            "module-format-mismatch",
        ),
        (["Error: Cannot find module '@rollup/rollup-linux-x64-gnu'"], "runtime-incompatible"),
        (["ModuleNotFoundError: No module named '_ctypes'"], "runtime-incompatible"),
        (["cannot load such file -- nokogiri/nokogiri (LoadError)"], "runtime-incompatible"),
    ],
)
def test_look_alikes(lines: list[str], cause: str) -> None:
    assert first_cause(failed_run(lines)) == cause


def test_ordinary_lines_do_not_fire() -> None:
    lines = [
        "module loaded: express",
        "no modules to reload",
        "Bundle complete! 12 Gemfile dependencies",
        "KeyError: 'total'",
    ]
    assert find_cause(diagnose_run(failed_run(lines)), CAUSE) is None


def test_dev_dependency_speaks_for_it() -> None:
    manifest = '{"dependencies": {"pg": "8"}, "devDependencies": {"express": "4"}}'
    bare = find_cause(diagnose_run(failed_run(EXPRESS, sections=image())), CAUSE)
    told = find_cause(diagnose_run(failed_run(EXPRESS, sections=image(texts={"/app/package.json": manifest}))), CAUSE)
    assert bare is not None
    assert told is not None
    assert "dev_dependency" in {piece.id for piece in told.support}
    assert told.score > bare.score


def test_module_in_the_image_speaks_against_it() -> None:
    files = [{"path": "/app/node_modules/express/package.json", "type": "file"}]
    found = find_cause(diagnose_run(failed_run(EXPRESS, sections=image(files=files))), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.against] == ["module_in_image"]
    assert found.verdict is not Verdict.CONFIRMED


def test_not_confirmed_without_the_image_and_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(EXPRESS)), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.LIKELY
    blind = find_cause(diagnose_run(failed_run(EXPRESS, without=["logs"])), CAUSE)
    assert blind is not None
    assert blind.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "lines",
    [
        ["> motocal@0.1.0 start /app", "> webpack-dev-server --inline", "", "sh: 1: webpack-dev-server: not found"],
        ["yarn run v1.22.5", "$ nodemon build/index.js", "/bin/sh: nodemon: not found", "error Command failed."],
        ["> app@1.3.0 dev", "> node_modules/.bin/nodemon x", "sh: 1: node_modules/.bin/nodemon: not found"],
        [
            "/usr/local/bundle/bin/bundle:23:in `load': cannot load such file -- "
            "/usr/local/bundle/gems/bundler-2.2.22/exe/bundle (LoadError)"
        ],
        [
            "PHP Fatal error:  require(): Failed opening required '/app/bootstrap/../vendor/autoload.php' "
            "(include_path='.') in /app/bootstrap/autoload.php on line 17"
        ],
    ],
)
def test_tools_of_scripts_and_installed_packages(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


def test_a_program_of_the_system_is_no_package() -> None:
    lines = ["> app@1.0.0 migrate", "> psql -f a.sql", "", "sh: 1: psql: not found"]
    assert first_cause(failed_run(lines, exit_code=127)) == "entrypoint-invalid"
