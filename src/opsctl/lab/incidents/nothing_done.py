"""A green execution that did nothing: the tool found no migrations, because the image has none."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import GIT, LOGGING_API, REGISTRY, RUN_API, File, commit, commits, image
from opsctl.lab.incidents.surroundings import image_config as config_of
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("insadong-shop", "812264930071", "asia-northeast3")
DATABASE = "insadong-shop:asia-northeast3:shop"
SPEC = JobSpec(
    PROJECT,
    "shop-migrate",
    "asia-northeast3-docker.pkg.dev/insadong-shop/shop/api:412",
    env=(
        plain("NODE_ENV", "production"),
        plain("DB_HOST", f"/cloudsql/{DATABASE}"),
        from_secret("DB_PASSWORD", "shop-db-password"),
    ),
    command=("npx",),
    args=("typeorm", "migration:run", "-d", "dist/data-source.js"),
    account=PROJECT.account("shop-migrate"),
    cloudsql=(DATABASE,),
)
RUN = Run(
    SPEC,
    "z1y6h",
    "api 412",
    datetime(2026, 2, 9, 3, 33, 18, 300000, tzinfo=UTC),
    10.4,
    18.9,
    completed("18.9s"),
    generation=64,
)
BASELINE = Run(
    SPEC,
    "e8b3k",
    "api 409",
    datetime(2026, 2, 6, 2, 14, 55, 720000, tzinfo=UTC),
    10.0,
    24.5,
    completed("24.5s"),
    generation=63,
)
STEPS = (
    "# debian.sh --arch 'amd64' out/ 'bookworm' '@1735516800'",
    "COPY /app/node_modules ./node_modules # buildkit",
    "COPY /app/dist ./dist # buildkit",
)
FILES = (
    File("/app/node_modules/typeorm/cli.js", 1, STEPS[1], 2901),
    File("/app/dist/main.js", 2, STEPS[2], 20110),
    File("/app/dist/data-source.js", 2, STEPS[2], 1422),
)
CHANGES = (
    commit("2f81bb0a9", "build: bundle the server into one file", "2026-02-08T12:20:41Z", "build.mjs", "package.json"),
    commit("b02d9e7f3", "feat: loyalty points", "2026-02-07T06:02:18Z", "src/migrations/1770000000000-Loyalty.ts"),
)


def build() -> Json:
    """Nothing failed. The listing of the image is whole, so what is not in it is not there."""
    resource = execution(RUN)
    config = config_of(created="2026-02-09T03:10:02.000000Z", steps=STEPS, cmd=("node", "dist/main.js"))
    return assemble(
        RUN.name,
        RUN.at(300),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-01-01T00:00:00.000000Z", updated=RUN.at(-25), executions=140),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "cloudsql": absent("denied", "Permission 'cloudsql.instances.get' denied"),
            "image": ok(
                image(RUN, FILES, absent=("/app/dist/migrations", "/app/src"), config=config, complete=True), REGISTRY
            ),
            "commits": ok(commits("shop", "77aa01c3e", "2f81bb0a9", CHANGES), GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """An alarming line that is harmless, and a calm one that is not."""
    log = Transcript(RUN).attempt(0, 11.2)
    log.err("(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.")
    log.err("npm error: update check failed: getaddrinfo EAI_AGAIN registry").wait(1.1)
    log.out('query: SELECT * FROM "information_schema"."tables" WHERE "table_name" = \'migrations\'')
    log.out('query: SELECT * FROM "migrations" "migrations" ORDER BY "id" DESC')
    return log.out("No migrations are pending").exit(0).ended(resource)


INCIDENTS = (
    Incident(
        "shop-migrate-z1y6h",
        "no-failure",
        build,
        ladder(("conditions", "execution", "tasks"), ("logs", "logs"), ("image", "image"), ("commits", "commits")),
    ),
)
