"""A file of the program is not in the image

What is wrong
-------------
The program asks for a file or folder of its own that the image does not hold: the compiled script, the migrations, the
schema, a template, a configuration file, a model or a browser that a build step should have fetched. Most often a COPY
line leaves it out, .dockerignore removes it, the build wrote it elsewhere, a later build stage did not take it over, or
the working folder is not the one the path starts from.

How it is recognised
--------------------
- Node: "Cannot find module '/app/dist/migrate.js'" or "./config", with a path; ENOENT with open or scandir.
- Python: "can't open file", "[Errno 2] No such file or directory: 'sql/001.sql'". JVM: "Unable to access jarfile".
- PHP: "Could not open input file: artisan". Ruby: "Could not locate Gemfile". .NET: appsettings.json.
- Migration tools: "Can't find meta/_journal.json file", "Could not find Prisma Schema", "Path doesn't exist" (Alembic),
  "failed to open source ... no such file" (golang-migrate), "could not find migrations directory" (dbmate).
- The image: the path that the message names is not in it, or the script of the command is not.

Look-alikes
-----------
- A bare package name ("express"): module-not-found.
- A path without its extension in an ECMAScript import, or a ".ts" file that imports ".js": module-format-mismatch.
- A path with a blank in it ("/app/manage.py migrate"): the arguments were joined, entrypoint-invalid.
- A socket below /cloudsql: cloudsql-not-attached. A file of a mounted secret: secret-unavailable.
- The file is in the image under another path than the tool's configuration says: migration-config-invalid.

Remedy
------
Copy the file into the final stage of the image, correct .dockerignore or the step that fetches it, rebuild, and look
into the image before the next run. When the working folder is wrong, correct it or give the complete path.

Sources
-------
nodejs/node, python/cpython, openjdk, php-src, ruby, dotnet/runtime; prisma, drizzle-orm, alembic, golang-migrate,
goose, dbmate, Flyway, Liquibase, Knex, node-pg-migrate, and the places named at each sign; docs.docker.com on
.dockerignore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.image_file_missing_signs import SIGNS_NODE, SIGNS_OTHERS, SIGNS_PYTHON
from opsctl.diagnosis.rules.image_file_missing_signs_migration import SIGNS_MIGRATION
from opsctl.diagnosis.rules.image_file_missing_signs_shell import SIGNS_SHELL
from opsctl.diagnosis.rules.program_mentions import absolute, missing_paths

_LIBRARIES = ("/node_modules", "/site-packages/", "/dist-packages/", "/vendor/", "/.venv/", "/gems/")
_SCRIPT = re.compile(r"\.(?:[mc]?js|[mc]?ts|py|rb|php|jar|dll|sh|sql|pl|exs?)$")
_ESSENTIAL = re.compile(
    r"/(?:migrations?|versions|alembic|prisma|drizzle|changelog|sql|dist|build|priv|database)(?:/|$)|\.sql$"
)
_ENDINGS = ("", ".js", ".mjs", ".cjs", ".json", "/index.js", ".ts", ".rb")


def look(facts: Facts) -> Iterator[Clue]:
    """The paths that messages and the command name, against the content of the image."""
    if not facts.seen("image"):
        return
    named: set[str] = set()
    for mention in missing_paths(facts)[:8]:
        if not mention.name.startswith("/") and facts.image.working_folder is None:
            continue
        path = absolute(facts, mention.name)
        if any(part in path for part in _LIBRARIES):
            continue
        named.add(path)
        is_there = _is_there(facts, path)
        if is_there is False:
            where = (Pointer("image", "/absent", path), mention.pointer)
            yield Clue("path_not_in_image", Weight.DECISIVE, where, values={"path": path})
        elif is_there:
            where = (Pointer("image", "/files", path), mention.pointer)
            yield Clue("path_in_image", Weight.STRONG, where, supports=False, values={"path": path})
    yield from _script_absent(facts, named)
    yield from _looked_for(facts, named)


def _is_there(facts: Facts, path: str) -> bool | None:
    answers = [facts.image.has(path + ending) for ending in _ENDINGS]
    if any(answers):
        return True
    return False if answers[0] is False else None


def _script_absent(facts: Facts, named: set[str]) -> Iterator[Clue]:
    words = (*facts.execution.command, *facts.execution.args) or (*facts.image.entrypoint, *facts.image.command)
    for word in words:
        if not _SCRIPT.search(word) or " " in word:
            continue
        path = absolute(facts, word)
        if path not in named and _is_there(facts, path) is False:
            named.add(path)
            yield Clue(
                "script_not_in_image", Weight.STRONG, (Pointer("image", "/absent", path),), values={"path": path}
            )


def _looked_for(facts: Facts, told: set[str]) -> Iterator[Clue]:
    """Paths of the program that were looked for and are not there, though no message names them."""
    own = [
        path
        for path in sorted(facts.image.absent)
        if path not in told and not any(part in path for part in _LIBRARIES) and not path.startswith("/cloudsql")
    ]
    if not own:
        return
    # What a job cannot do without, and nothing of that name elsewhere in the image.
    essential = [path for path in own if _ESSENTIAL.search(path) and not _has_namesake(facts, path)]
    named = next((path for path in essential if path in facts.image.named_by), None)
    if named is not None:
        program = facts.image.named_by[named]
        place = Pointer("image", "/absent", named), Pointer("image", "/namedBy", f"{program}: {named}")
        yield Clue("program_names_it", Weight.DECISIVE, place, values={"path": named, "program": program})
        return
    first = (essential or own)[0]
    where = tuple(Pointer("image", "/absent", path) for path in (essential or own)[:3])
    yield Clue("looked_for", Weight.STRONG if essential else Weight.MODERATE, where, values={"path": first})


def _has_namesake(facts: Facts, path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    files = (file for file in facts.image.files if not any(part in file for part in _LIBRARIES))
    return any(f"/{name}/" in file or file.endswith(f"/{name}") for file in files)


RULE = Rule(
    cause="image-file-missing",
    family="program",
    stage=Stage.LOAD,
    signs=(*SIGNS_NODE, *SIGNS_PYTHON, *SIGNS_OTHERS, *SIGNS_SHELL, *SIGNS_MIGRATION),
    codes=(
        Codes("node", Weight.WEAK, ("MODULE_NOT_FOUND", "ENOENT")),
        Codes("prisma", Weight.STRONG, ("P3015",)),
    ),
    look=look,
    refutable_by=("image",),
    yields_to=("module-format-mismatch", "cloudsql-not-attached", "secret-unavailable"),
    remedies=(
        Remedy(
            "look_into_image",
            Risk.READ_ONLY,
            ("opsctl cloudrun image ls {image} {folder}",),
        ),
        Remedy(
            "copy_file",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=REBUILT_IMAGE",),
        ),
        Remedy(
            "last_good_image",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=IMAGE_OF_THE_LAST_SUCCESS",),
            is_workaround=True,
        ),
    ),
    check=Check("image", "opsctl cloudrun image ls {image} {folder}"),
)
