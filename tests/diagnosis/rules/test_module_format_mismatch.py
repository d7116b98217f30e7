"""ECMAScript modules against CommonJS, TypeScript under plain Node, missing extensions; Node's advice is harmless."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.module_format_mismatch import RULE
from tests.diagnosis.runs import diagnose_run, facts_of, failed_run, find_cause, first_cause

CAUSE = RULE.cause
MODULE = '{"name": "app", "type": "module"}'
COMMONJS = '{"name": "app"}'
REQUIRES = 'const { Client } = require("pg");\nmodule.exports = {};\n'
IMPORTS = 'import pg from "pg";\nexport default {};\n'


def image(**texts: str) -> dict[str, Any]:
    paths = {"manifest": "/app/package.json", "script": "/app/dist/migrate.js"}
    named = {paths[name]: text for name, text in texts.items()}
    return {
        "image": {
            "config": {"config": {"WorkingDir": "/app"}},
            "files": [{"path": path} for path in named],
            "texts": named,
        }
    }


def piece_ids(lines: list[str], sections: dict[str, Any]) -> tuple[set[str], set[str]]:
    container = {"command": ["node"], "args": ["dist/migrate.js"]}
    clues = tuple(RULE.look(facts_of(failed_run(lines, container=container, sections=sections))))
    return {clue.id for clue in clues if clue.supports}, {clue.id for clue in clues if not clue.supports}


@pytest.mark.parametrize(
    "lines",
    [
        [
            'import { MigrationInterface } from "typeorm";',
            "^^^^^^",
            "",
            "SyntaxError: Cannot use import statement outside a module",
        ],
        ["export class Init {", "^^^^^^", "", "SyntaxError: Unexpected token 'export'"],
        ["ReferenceError: require is not defined in ES module scope, you can use import instead"],
        ["ReferenceError: exports is not defined in ES module scope"],
        ["ReferenceError: __dirname is not defined"],
        [
            "Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/chalk/source/index.js from /app/a.js "
            "not supported."
        ],
        ["Error [ERR_REQUIRE_ASYNC_MODULE]: require() cannot be used on an ESM graph with top-level await."],
        ['TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension ".ts" for /app/src/seed.ts'],
        ["Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '/app/dist/db' is not supported resolving ES modules"],
        [
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/dist/config/database' imported from "
            "/app/dist/index.js"
        ],
        [
            "SyntaxError: Named export 'Pool' not found. The requested module 'pg' is a CommonJS module, which may "
            "not support all module.exports as named exports."
        ],
        ["SyntaxError: The requested module './env.js' does not provide an export named 'default'"],
        ['Error [ERR_PACKAGE_PATH_NOT_EXPORTED]: No "exports" main defined in /app/node_modules/x/package.json'],
        ["SyntaxError [ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX]: TypeScript enum is not supported in strip-only mode"],
        ["TypeError: p_queue_1.default is not a constructor", "    at Object.<anonymous> (/app/dist/q.js:4:15)"],
        ['Error: Dynamic require of "crypto" is not supported'],
    ],
)
def test_fires(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


@pytest.mark.parametrize(
    "line",
    [
        "(node:1) [MODULE_TYPELESS_PACKAGE_JSON] Warning: Module type of file:///app/a.js is not specified. "
        "Reparsing as ES module",
        "(node:1) ExperimentalWarning: CommonJS module /app/a.js is loading ES Module /app/b.js using require().",
        "ReferenceError: totals is not defined",
        "TypeError: rows.map is not a function",
        "Error: Cannot find module 'express'",
        "Error: Cannot find module '/app/dist/jobs/sync.js' imported from /app/dist/main.js",
    ],
)
def test_look_alikes(line: str) -> None:
    assert first_cause(failed_run([line])) != CAUSE


@pytest.mark.parametrize(
    ("manifest", "script", "clue"),
    [
        (MODULE, REQUIRES, "require_in_esm_package"),
        (COMMONJS, IMPORTS, "import_in_commonjs_package"),
    ],
)
def test_the_image_alone_supports_it(manifest: str, script: str, clue: str) -> None:
    support, against = piece_ids([], image(manifest=manifest, script=script))
    assert clue in support
    assert not against


@pytest.mark.parametrize(("manifest", "script"), [(MODULE, IMPORTS), (COMMONJS, REQUIRES)])
def test_a_fitting_script_speaks_against_it(manifest: str, script: str) -> None:
    _, against = piece_ids(["x"], image(manifest=manifest, script=script))
    assert against == {"script_fits_type"}


@pytest.mark.parametrize("manifest", ["not json", "[]"])
def test_an_unreadable_manifest_says_nothing(manifest: str) -> None:
    assert piece_ids(["x"], image(manifest=manifest, script=IMPORTS)) == (set(), set())


def test_typescript_under_plain_node() -> None:
    plain = diagnose_run(failed_run(["x"], container={"command": ["node"], "args": ["src/migrate.ts"]}))
    loaded = diagnose_run(
        failed_run(["x"], container={"command": ["node"], "args": ["--import", "tsx", "src/migrate.ts"]})
    )
    assert find_cause(plain, CAUSE) is not None
    assert find_cause(loaded, CAUSE) is None


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["x"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
