"""The migration tool's configuration is wrong

What is wrong
-------------
The migration tool started and stopped over its own settings, before it looked at any migration: the data source file
exports nothing usable, the dialect, driver or provider is unknown or does not fit the migrations, the configuration
file or the environment in it is not found, the schema or entity list is invalid, the search path selects no schema, or
a pooler in between does not allow what the tool needs.

How it is recognised
--------------------
- "Given data source file must contain export of a DataSource instance" (TypeORM), "Dialect needs to be explicitly
  supplied" (Sequelize), "Required configuration option 'client' is missing" (Knex), "Please specify 'dialect' param"
  (drizzle-kit), "MikroORM config file not found", schema validation P1012 and P3019 of Prisma.
- "No 'script_location' key found" (Alembic), "isn't an available database backend" (Django), AdapterNotSpecified
  (Rails), "was not found in the configured search path" (Liquibase), "No value provided for placeholder" (Flyway),
  "unknown driver ... (forgotten import?)" (golang-migrate), "doesn't match your migrations assembly" (EF Core).
- "no schema has been selected to create in": the search path names a schema that does not exist.
- "prepared statement s0 already exists": a transaction pooler, and the tool was not told.

Look-alikes
-----------
- env-missing: the configuration is right and reads a variable that is not set; the message names the variable.
- env-malformed: the variable is set and its URL cannot be parsed ("the URL must start with the protocol").
- image-file-missing: the configuration names a file that should be there and is not in the image.
- module-not-found: the driver's package is not installed ("Please install mysql2 package manually").
- db-privilege-missing: the shadow database may not be created.

Remedy
------
Correct the tool's configuration file or its arguments in the job: the exported data source, the dialect of the real
server, the path as it is inside the image (build output, not sources), the section for this environment. In production
use the command that only applies migrations (`prisma migrate deploy`, not `migrate dev`).

Sources
-------
typeorm CommandUtils.ts; sequelize-cli config-helper.js; knex client.js; drizzle-kit validations; mikro-orm
Configuration.ts; prisma-engines schema_engine.rs; alembic script/base.py; django db/utils.py; liquibase FileUtil.java;
flyway Location.java; golang-migrate database/driver.go; efcore DesignStrings.resx; pgbouncer client.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import EnvVar, Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.migration_config_invalid_node_signs import SIGNS_NODE
from opsctl.diagnosis.rules.migration_config_invalid_signs import SIGNS_JVM, SIGNS_OTHERS, SIGNS_PYTHON, SIGNS_RUBY_PHP
from opsctl.diagnosis.rules.migration_traces import failing_attempt_messages

# The tool has no URL, in words that do not say whether a variable or the configuration lacks it.
_NO_URL = re.compile(
    r"keyerror: 'url'|configure the url, user and password|argument [\"`]url[\"`] is missing"
    r"|please provide required params for"
    r"|are required for database connection|property is required in your prisma config file"
    r"|'url' attribute is not specified"
    r"|dialect needs to be explicitly supplied|required configuration option 'client'|driveroptionnotseterror",
    re.IGNORECASE,
)
_URL_NAMES = re.compile(
    r"^(?:DATABASE|DB|POSTGRES\w*|PG|MYSQL|SQL\w*|JDBC|FLYWAY|LIQUIBASE\w*|SPRING_DATASOURCE)_?(?:URL|URI|DSN"
    r"|CONNECTION)$"
)
_SCHEMA_LOST = re.compile(
    r"could not find prisma schema that is required|could not find a schema\.prisma|could not load `--schema`",
    re.IGNORECASE,
)


def look(facts: Facts) -> Iterator[Clue]:
    """Whether the URL that the tool misses is set on the job, and whether a schema that it misses is in the image."""
    for message in failing_attempt_messages(facts):
        if _NO_URL.search(message.text):
            variable = _url_variable(facts)
            if variable is not None:
                where = (variable.pointer, message.pointer)
                yield Clue("url_is_set", Weight.MODERATE, where, values={"variable": variable.name})
            return
        if _SCHEMA_LOST.search(message.text):
            yield from _schema_elsewhere(facts)
            return


def _url_variable(facts: Facts) -> EnvVar | None:
    usable = (
        variable
        for variable in facts.execution.env
        if _URL_NAMES.search(variable.name.upper()) and "empty" not in variable.traits and variable.value != ""
    )
    return next(usable, None)


def _schema_elsewhere(facts: Facts) -> Iterator[Clue]:
    if not facts.seen("image"):
        return
    schemas = [path for path in facts.image.files if path.endswith(".prisma") and "/node_modules/" not in path]
    if schemas:
        where = (Pointer("image", "/files", schemas[0]),)
        yield Clue("schema_elsewhere", Weight.DECISIVE, where, values={"path": schemas[0]})
    elif facts.image.is_complete or any(path.endswith(".prisma") for path in facts.image.absent):
        where = (Pointer("image", "/absent", "schema.prisma"),)
        yield Clue("schema_not_in_image", Weight.STRONG, where, supports=False)


RULE = Rule(
    cause="migration-config-invalid",
    family="migration",
    stage=Stage.CONFIGURE,
    signs=SIGNS_NODE + SIGNS_JVM + SIGNS_PYTHON + SIGNS_RUBY_PHP + SIGNS_OTHERS,
    codes=(
        Codes("prisma", Weight.DECISIVE, ("P3019", "P3013", "P3007", "P3004")),
        Codes("prisma", Weight.STRONG, ("P3020",)),
        Codes("prisma", Weight.MODERATE, ("P3014",)),
        Codes("prisma", Weight.WEAK, ("P1012",)),
        Codes("sqlstate", Weight.STRONG, ("42P05", "26000")),
    ),
    look=look,
    yields_to=("env-missing", "env-malformed"),
    remedies=(
        Remedy(
            "see_settings",
            Risk.READ_ONLY,
            (
                "gcloud run jobs executions describe {execution} --region {region} --project {project}"
                " --format='yaml(spec.template.spec.containers[0])'",
            ),
        ),
        Remedy("correct_config", Risk.REVERSIBLE),
        Remedy(
            "correct_arguments",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --args=ARGUMENTS",),
        ),
        Remedy("older_image", Risk.REVERSIBLE, is_workaround=True),
    ),
    check=Check("image", "opsctl cloudrun image ls {image} {folder}"),
)
