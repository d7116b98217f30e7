"""Only commits whose files touch the failing path count as related."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.commit_relevance import failing_paths, relate_commits
from opsctl.diagnosis.report import CommitItem
from tests.diagnosis.reports import judged
from tests.diagnosis.runs import failed_run

SCRIPT = "Error: Cannot find module '/app/dist/db/run.js'\nRequire stack:\n- /app/dist/main.js"
SYNTAX = 'error: syntax error at or near "CREAT"\n    at /app/dist/migrations/0042-orders.js:11:5\nsqlState: 42601'


def relate(line: str, *files: tuple[str, ...]) -> list[CommitItem]:
    commits: list[dict[str, Any]] = [
        {"id": f"{number:040x}", "subject": "fix migrate.js", "time": "2026-01-01T00:00:00Z", "files": list(names)}
        for number, names in enumerate(files)
    ]
    sections: dict[str, Any] = {"commits": {"commits": commits}}
    facts, found = judged(
        failed_run(line.split("\n"), container={"command": ["node", "dist/main.js"]}, sections=sections)
    )
    items = {item.id: item for item in relate_commits(facts, found)}
    return [items[commit["id"]] for commit in commits]


@pytest.mark.parametrize(
    ("name", "relevance"),
    [
        ("src/db/run.ts", "direct"),
        ("apps/api/src/db/run.ts", "direct"),
        ("src/main.ts", "direct"),
        (".dockerignore", "direct"),
        ("Dockerfile", "indirect"),
        ("Dockerfile.prod", "indirect"),
        ("docker/api.Dockerfile", "indirect"),
        ("docker/api.Dockerfile.dockerignore", "direct"),
        ("tsconfig.build.json", "indirect"),
        ("nest-cli.json", "indirect"),
        ("vite.config.ts", "indirect"),
        (".babelrc.json", "indirect"),
        ("project.toml", "indirect"),
        ("skaffold.yaml", "indirect"),
        ("deploy/prod.tfvars", "indirect"),
        ("infra/prod.tfvars", "indirect"),
        ("infra/migrate.job.yaml", "indirect"),
        ("clouddeploy.yaml", "indirect"),
        (".github/actions/build/action.yml", "indirect"),
        ("src/webpack.ts", "none"),
        ("cloudbuild-admin.yaml", "none"),
        ("infra/admin.job.yaml", "none"),
        ("src/jobs.ts", "none"),
        ("cloudbuild.yaml", "indirect"),
        (".github/workflows/deploy.yml", "indirect"),
        ("src/web/page.tsx", "none"),
        ("README.md", "none"),
        ("src/dba/runner.ts", "none"),
        ("docs/main.md.txt", "none"),
    ],
)
def test_by_what_a_commit_changed_not_by_its_subject(name: str, relevance: str) -> None:
    (item,) = relate(SCRIPT, (name,))
    assert item.relevance == relevance
    assert item.files == ((name,) if relevance != "none" else ())


def test_a_migration_in_the_trace_makes_its_commit_direct() -> None:
    first, second = relate(SYNTAX, ("src/migrations/0042-orders.ts", "README.md"), ("src/web/x.ts",))
    assert (first.relevance, first.files) == ("direct", ("src/migrations/0042-orders.ts",))
    assert second.relevance == "none"


class TestNeighbours:
    """Several programs in one repository."""

    def test_the_dockerfile_of_another_program_is_none(self) -> None:
        own, other, theirs = relate(
            SCRIPT, ("apps/orders/src/db/run.ts",), ("apps/admin/Dockerfile",), ("apps/orders/Dockerfile",)
        )
        assert [own.relevance, other.relevance, theirs.relevance] == ["direct", "none", "indirect"]

    def test_without_a_touched_file_the_names_of_job_and_image_tell(self) -> None:
        other, own = relate(SCRIPT, ("apps/admin/Dockerfile",), ("apps/orders/Dockerfile",))
        assert [other.relevance, own.relevance] == ["none", "indirect"]

    def test_a_workflow_for_another_program_is_none(self) -> None:
        own, other, plain = relate(
            SCRIPT,
            (".github/workflows/deploy-orders.yml",),
            (".github/workflows/deploy-admin.yml",),
            (".github/workflows/release.yml",),
        )
        assert [own.relevance, other.relevance, plain.relevance] == ["indirect", "none", "indirect"]


def test_relevant_ones_come_first() -> None:
    files = [("README.md",), ("Dockerfile",), ("src/db/run.ts",)]
    commits = [
        {"id": str(number), "subject": "", "time": "", "files": list(names)} for number, names in enumerate(files)
    ]
    facts, found = judged(failed_run(SCRIPT.split("\n"), sections={"commits": {"commits": commits}}))
    assert [item.relevance for item in relate_commits(facts, found)] == ["direct", "indirect", "none"]


def test_without_a_finding_nothing_is_suspicious() -> None:
    commits = {"commits": [{"id": "1", "subject": "x", "time": "", "files": ["src/db/run.ts"]}]}
    facts, _ = judged(failed_run(SCRIPT.split("\n"), sections={"commits": commits}))
    assert [item.relevance for item in relate_commits(facts, None)] == ["none"]


def test_paths_of_libraries_and_sockets_are_not_the_programs() -> None:
    lines = [
        "Error: connect ENOENT /cloudsql/a-b:europe-west1:c/.s.PGSQL.5432",
        "    at /app/node_modules/pg/lib/client.js:1:1",
    ]
    facts, found = judged(failed_run(lines))
    assert not [path for path in failing_paths(facts, found) if "node_modules" in path or "cloudsql" in path]
