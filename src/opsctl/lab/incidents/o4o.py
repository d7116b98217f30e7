"""The job of the o4o platform that four incidents share: one for each of the four guesses that were made about it.

A connection that fails (A), an entry point that fails (B), files that the image lacks (C), a role that the account
lacks (D): in every sibling another guess is right, and the other three are there as suspects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from opsctl.lab.incidents.endings import completed
from opsctl.lab.incidents.incident import Json, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain
from opsctl.lab.incidents.surroundings import (
    POLICY,
    REGISTRY,
    RUN_API,
    SECRETS_API,
    SQL_API,
    TAKEN,
    File,
    commit,
    image,
    image_config,
    instance,
    secret,
    service_account,
    value_fact,
)

PROJECT = Project("netureyoutube", "481936277105", "asia-northeast3")
DATABASE = "netureyoutube:asia-northeast3:o4o-platform-db"
SOCKET = f"/cloudsql/{DATABASE}"
REPOSITORY = "asia-northeast3-docker.pkg.dev/netureyoutube/o4o-api/api-server"
MIGRATIONS = "/app/dist/database/migrations"
DEPLOYER = PROJECT.account("github-actions")
ROLES = ("roles/cloudsql.client", "roles/logging.logWriter", "roles/secretmanager.secretAccessor")

SPEC = JobSpec(
    project=PROJECT,
    name="o4o-api-migrations",
    image=f"{REPOSITORY}:latest",
    command=("node",),
    args=("dist/migrate.js",),
    env=(
        plain("NODE_ENV", "production"),
        plain("DB_HOST", SOCKET),
        plain("DB_PORT", "5432"),
        plain("DB_USERNAME", "o4o_api"),
        plain("DB_NAME", "o4o_platform"),
        from_secret("DB_PASSWORD", "o4o-db-password"),
        from_secret("JWT_SECRET", "o4o-jwt-secret"),
        plain("SESSION_SALT", "***(s1)"),
    ),
    timeout_seconds=300,
    max_retries=1,
    cloudsql=(DATABASE,),
)
# Before the separate entry point, the job ran the tool's own command line.
FORMER = replace(
    SPEC, args=("node_modules/typeorm/cli.js", "migration:run", "-d", "dist/database/data-source.js"), env=SPEC.env[:6]
)

STEPS = (
    "# debian.sh --arch 'amd64' out/ 'bookworm' '@1735516800'",
    'RUN /bin/sh -c ARCH= OPENSSL_ARCH= && dpkgArch="$(dpkg --print-architecture)" # buildkit',
    "COPY docker-entrypoint.sh /usr/local/bin/ # buildkit",
    "COPY package.json package-lock.json ./ # buildkit",
    "RUN /bin/sh -c npm ci --omit=dev # buildkit",
    "COPY dist ./dist # buildkit",
)
FILES = (
    File("/app/package.json", 3, STEPS[3], 1684),
    File("/app/node_modules/typeorm/package.json", 4, STEPS[4], 9120),
    File("/app/node_modules/pg/package.json", 4, STEPS[4], 1612),
    File("/app/dist/main.js", 5, STEPS[5], 18240),
    File("/app/dist/migrate.js", 5, STEPS[5], 3391),
    File("/app/dist/database/data-source.js", 5, STEPS[5], 2210),
)
MIGRATION_FILES = tuple(
    File(f"{MIGRATIONS}/{name}.js", 5, STEPS[5], size)
    for name, size in (
        ("1733900000000-CreateStores", 4102),
        ("1735200000000-AddPartnerSettlement", 2877),
        ("1768100000000-AddForumCategories", 1950),
    )
)
PACKAGE = """{
  "name": "@o4o/api-server",
  "version": "0.5.3",
  "type": "module",
  "main": "dist/main.js",
  "dependencies": {"pg": "^8.13.1", "typeorm": "^0.3.20"}
}
"""

SUSPECTS = (
    commit(
        "4ca11e480",
        "ci: add CACHEBUST to renew the Docker layer cache",
        "2026-01-12T01:31:09Z",
        "apps/admin-dashboard/Dockerfile",
        ".github/workflows/deploy-admin.yml",
    ),
    commit(
        "58fe4ef46",
        "fix(api): add migrate.js to the .dockerignore whitelist",
        "2026-01-12T01:12:44Z",
        "apps/api-server/.dockerignore",
    ),
    commit(
        "6e6ee7cec",
        "fix(ci): use delimiter syntax for env vars of the migration job",
        "2026-01-12T00:48:20Z",
        ".github/workflows/deploy-api.yml",
    ),
    commit(
        "f6d12b51f",
        "feat(api): separate migration entry point for Cloud Run Job",
        "2026-01-11T23:57:02Z",
        "apps/api-server/src/migrate.ts",
        "apps/api-server/package.json",
        ".github/workflows/deploy-api.yml",
    ),
)


def last_success(suffix: str, build: str, created: datetime, spec: JobSpec = SPEC, generation: int = 6) -> Run:
    """The newest run that succeeded before."""
    return Run(spec, suffix, build, created, 14.2, 31.7, completed("31.7s"), generation=generation, creator=DEPLOYER)


def around(run: Run, baseline: Run, password: Json, roles: Sequence[str] = ROLES) -> dict[str, Any]:
    """The sections that the siblings have in common: job, baseline, account, secrets, instance, values."""
    signing = secret("o4o-jwt-secret", "latest", "2", "2025-08-19T04:10:51Z")
    updated = run.at(-95)
    return {
        "job": ok(
            job(run, created="2025-11-03T07:22:10.000000Z", updated=updated, executions=41), f"{RUN_API} jobs.get"
        ),
        "baseline": ok({"execution": execution(baseline)}, f"{RUN_API} executions.list"),
        "service_account": ok(service_account(run.spec.account or PROJECT.default_account, roles), POLICY),
        "secrets": ok({"secrets": [password, signing]}, SECRETS_API),
        "cloudsql": ok({"instances": [instance(DATABASE)]}, SQL_API),
        "value_facts": ok(
            {
                "facts": [
                    value_fact("execution", "/template/containers/0/env/1/value", ("socket-path",), len(SOCKET)),
                    value_fact("execution", "/template/containers/0/env/2/value", ("number",), 4),
                    value_fact("execution", "/template/containers/0/env/7/value", ("base64",), 44, "s1"),
                ]
            },
            TAKEN,
        ),
    }


def image_section(run: Run, files: Sequence[File], absent: Sequence[str] = ()) -> Json:
    """What was looked at in the image of the run."""
    config = image_config(
        created=run.at(-260),
        steps=STEPS,
        cmd=("node", "dist/main.js"),
        env=("NODE_VERSION=20.18.1",),
        revision=run.build.rpartition(" ")[2],
    )
    data = image(run, files, absent=absent, config=config, texts={"/app/package.json": PACKAGE})
    return partial(data, REGISTRY, "only /app/package.json, /app/dist and two packages were listed")


def day(number: int, hour: int, minute: int, second: float = 0.1) -> datetime:
    """A time in January 2026, UTC."""
    whole = int(second)
    return datetime(2026, 1, number, hour, minute, whole, round((second - whole) * 1_000_000), tzinfo=UTC)
