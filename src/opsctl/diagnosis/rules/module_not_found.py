"""A library that the program imports is not installed

What is wrong
-------------
The program starts and asks for a library, package or module by name, and the runtime does not find it: it is not in the
image, or it is there and not on the import path. The same holds for the program's own package when the path does not
lead to it. Usually the image was built without it: a dev dependency that production leaves out, an install step that
was skipped or copied nothing, a requirement that was never written down, a path alias that the compiler left in place.

How it is recognised
--------------------
- Node: "Cannot find module 'pg'", "Cannot find package 'pg' imported from", with a bare name; tools that ask for a
  driver ("Please install pg package manually", "Postgres package has not been found installed").
- Python: "No module named", "attempted relative import with no known parent package", "Error loading psycopg2".
- JVM: ClassNotFoundException, NoClassDefFoundError, "No suitable driver". .NET: "Could not load file or assembly".
- Ruby: "cannot load such file -- pg", Bundler::GemNotFound. PHP: a missing vendor/autoload.php. Go: "forgotten import".
- A tool of an npm script that the shell does not find ("sh: 1: tsx: not found").
- The image: no such folder in node_modules; package.json names the library under devDependencies only.

Look-alikes
-----------
- A path instead of a name ("/app/dist/migrate.js") is a file of the program: image-file-missing.
- The module is there and cannot be read as it is (import, require, file extension): module-format-mismatch.
- A native library or a binary for another platform (".so", "linux-x64", "build/Release"): runtime-incompatible.
- The command of the job itself is not found: entrypoint-invalid.

Remedy
------
Add the library to the dependencies that production installs, rebuild, and look into the image before the next run. For
the program's own package set the working folder or the import path (PYTHONPATH, NODE_PATH, tsconfig paths).

Sources
-------
nodejs/node loaders; python/cpython importlib; openjdk and dotnet runtimes; rubygems/bundler; php-src and composer;
golang database/sql; elixir mix; the places named at each sign.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.module_not_found_signs import SIGNS_NODE, SIGNS_PYTHON
from opsctl.diagnosis.rules.module_not_found_signs_compiled import SIGNS_DOTNET, SIGNS_JVM, SIGNS_OTHERS
from opsctl.diagnosis.rules.program_mentions import Mention, missing_commands, missing_modules, runs_npm_script

_LIBRARY_FOLDER = re.compile(r"/(?:site-packages|dist-packages|node_modules|gems)/(?:@[^/]+/)?[^/]+$")
_PACKAGE = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")
_SYSTEM_TOOLS = re.compile(
    r"^(?:\S*/)?(?:node|npm|npx|yarn|pnpm|ba?sh|env|git|curl|wget|python3?|pip3?|java|make|docker|gcloud|gsutil|aws|psql|pg_\w+"
    r"|mysql\w*|mariadb\w*|sqlite3|redis-cli|mongo\w*|jq|nc|ffmpeg|openssl|envsubst|sudo|su|gosu|tini|dumb-init)$"
)


def look(facts: Facts) -> Iterator[Clue]:
    """Whether the named module is in the image, on its path, and among the dependencies of production."""
    modules = missing_modules(facts)[:5]
    if facts.seen("image"):
        for module in modules:
            yield from _in_image(facts, module)
            yield from _in_manifest(facts, module)
        if not modules:
            yield from _library_absent(facts)
    if missing_commands(facts) and runs_npm_script(facts):
        command = missing_commands(facts)[0]
        # What a system package brings is no package of npm.
        weight = Weight.WEAK if _SYSTEM_TOOLS.search(command.name) else Weight.STRONG
        yield Clue("tool_of_a_script", weight, (command.pointer,), values={"command": command.name})


def _library_absent(facts: Facts) -> Iterator[Clue]:
    """A library that was looked for is not installed, and the program did not live to say so."""
    absent = sorted(path for path in facts.image.absent if _LIBRARY_FOLDER.search(path))
    if absent:
        names = sorted({path.rpartition("/")[2] for path in absent})
        place = Pointer("image", "/absent", absent[0])
        yield Clue("library_absent", Weight.STRONG, (place,), values={"module": ", ".join(names[:4])})


def _in_image(facts: Facts, module: Mention) -> Iterator[Clue]:
    folder = (facts.image.working_folder or "/app").rstrip("/")
    top = module.name.split(".")[0]
    package = _PACKAGE.match(module.name)
    installed = f"{folder}/node_modules/{package.group()}" if package else ""
    is_node = bool(installed) and not module.name.startswith((".", "/"))
    if is_node and facts.image.has(installed):
        yield _clue("module_in_image", Weight.STRONG, module, Pointer("image", "/files", installed), supports=False)
    elif is_node and facts.image.has(installed) is False:
        yield _clue("module_not_in_image", Weight.STRONG, module, Pointer("image", "/absent", installed))
    elif facts.image.has(f"{folder}/{top}") or facts.image.has(f"{folder}/src/{top}"):
        yield _clue("module_off_the_path", Weight.MODERATE, module, Pointer("image", "/files", f"{folder}/{top}"))


def _in_manifest(facts: Facts, module: Mention) -> Iterator[Clue]:
    """What package.json says of it."""
    package = _PACKAGE.match(module.name)
    for path, text in facts.image.texts.items():
        if package is None or not path.endswith("/package.json") or "/node_modules/" in path:
            continue
        groups = _dependencies(text)
        is_dev = package.group() in groups.get("devDependencies", ())
        if is_dev and package.group() not in groups.get("dependencies", ()):
            where = Pointer("image", f"/texts/{path.replace('~', '~0').replace('/', '~1')}", "devDependencies")
            yield _clue("dev_dependency", Weight.STRONG, module, where)


def _dependencies(text: str) -> dict[str, tuple[str, ...]]:
    try:
        manifest = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(manifest, dict):
        return {}
    return {key: tuple(value) for key, value in manifest.items() if isinstance(value, dict)}


def _clue(name: str, weight: Weight, module: Mention, place: Pointer, *, supports: bool = True) -> Clue:
    return Clue(name, weight, (place, module.pointer), supports, {"module": module.name})


RULE = Rule(
    cause="module-not-found",
    family="program",
    stage=Stage.LOAD,
    signs=(*SIGNS_NODE, *SIGNS_PYTHON, *SIGNS_JVM, *SIGNS_DOTNET, *SIGNS_OTHERS),
    codes=(Codes("node", Weight.WEAK, ("MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND")),),
    look=look,
    refutable_by=("image",),
    yields_to=("runtime-incompatible",),
    remedies=(
        Remedy(
            "add_dependency",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=REBUILT_IMAGE",),
        ),
        Remedy(
            "set_path",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=PYTHONPATH=/app",),
        ),
        Remedy(
            "last_good_image",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=IMAGE_OF_THE_LAST_SUCCESS",),
            is_workaround=True,
        ),
    ),
    check=Check("image", "opsctl cloudrun image ls {image} {folder}/node_modules"),
)
