"""The module is there and cannot be loaded as it is

What is wrong
-------------
Node reads every file either as an ECMAScript module or as CommonJS, and only JavaScript. The file that failed is of the
other kind: compiled to `import` while the package says CommonJS, or to `require` while package.json has
"type": "module"; a dependency that ships only ECMAScript modules and is required; an import without the file extension
that ECMAScript modules ask for; a TypeScript source that plain Node was told to run. It often appears after an update
of one dependency, a changed tsconfig, or a new entry point that is built in another way than the rest.

How it is recognised
--------------------
- "Cannot use import statement outside a module", "Unexpected token 'export'", "require is not defined in ES module
  scope", "exports is not defined", "__dirname is not defined".
- ERR_REQUIRE_ESM, ERR_UNKNOWN_FILE_EXTENSION, ERR_UNSUPPORTED_DIR_IMPORT, ERR_PACKAGE_PATH_NOT_EXPORTED,
  ERR_IMPORT_ATTRIBUTE_MISSING, "Named export ... not found ... is a CommonJS module", "x_1.default is not a function".
- "Cannot find module '/app/dist/config/env' imported from": the same path with ".js" at its end would be found.
- The image: the "type" in package.json does not fit the text of the entry script; `node` with a ".ts" file.

Look-alikes
-----------
- A bare package name that is not found: module-not-found.
- A complete path with its extension that is not in the image: image-file-missing.
- A dependency that needs a newer Node ("Unexpected token '??='", "No such built-in module"): runtime-incompatible.
- Node's own advice about missing "type" (MODULE_TYPELESS_PACKAGE_JSON) or loading of ECMAScript modules by `require`
  is a warning and ends nothing.

Remedy
------
Run the compiled files, not the sources. Make the compiler's module setting, "type" in package.json and the extensions
agree (`.mjs` and `.cjs` decide for one file). For a dependency that is ECMAScript only: load it with `import()`, or
stay on its last CommonJS version.

Sources
-------
nodejs/node lib/internal/errors.js, lib/internal/modules; v8/v8 message-template.h; nodejs.org/api/esm.html;
typescriptlang.org/tsconfig; TypeStrong/ts-node; evanw/esbuild.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.module_format_mismatch_signs import SIGNS_LOADER, SIGNS_SYNTAX
from opsctl.diagnosis.rules.program_mentions import absolute

_IMPORT = re.compile(r"^(?:import\s[^(]|export\s)", re.MULTILINE)
_REQUIRE = re.compile(
    r"^(?:(?:const|let|var) .{1,80}= *require\(|require\(|module\.exports\b|exports\.|Object\.defineProperty\(exports)",
    re.MULTILINE,
)
_LOADER = re.compile(r"tsx|ts-node|@swc-node|esbuild-register|babel|--experimental-(?:strip|transform)-types|sucrase")


def look(facts: Facts) -> Iterator[Clue]:
    """The entry script against the "type" of its package, and plain Node given TypeScript."""
    words = (*facts.execution.command, *facts.execution.args) or (*facts.image.entrypoint, *facts.image.command)
    words = tuple(word for element in words for word in element.split())
    script = next((word for word in words if re.search(r"\.[mc]?[jt]s$", word)), None)
    if script is None:
        return
    is_plain_node = any(word.split("/")[-1] == "node" for word in words) and not _LOADER.search(" ".join(words))
    if is_plain_node and re.search(r"\.[mc]?ts$", script):
        place = Pointer("execution", "/template/containers/0", script)
        yield Clue("typescript_by_node", Weight.MODERATE, (place,), values={"script": script})
    if facts.seen("image"):
        yield from _script_and_type(facts, absolute(facts, script))


def _script_and_type(facts: Facts, script: str) -> Iterator[Clue]:
    text = facts.image.texts.get(script)
    if text is None or not script.endswith(".js"):
        return
    kind = _package_type(facts, script)
    if kind is None:
        return
    has_import, has_require = bool(_IMPORT.search(text)), bool(_REQUIRE.search(text))
    places = (Pointer("image", f"/texts/{script.replace('~', '~0').replace('/', '~1')}", script),)
    if kind == "module" and has_require and not has_import:
        yield Clue("require_in_esm_package", Weight.STRONG, places, values={"script": script})
    elif kind != "module" and has_import and not has_require:
        yield Clue("import_in_commonjs_package", Weight.STRONG, places, values={"script": script})
    elif has_import != has_require:
        yield Clue("script_fits_type", Weight.WEAK, places, supports=False, values={"script": script})


def _package_type(facts: Facts, script: str) -> str | None:
    """The "type" that the nearest package.json above a script gives; None when it was not read."""
    folder = script
    while folder:
        folder = folder.rpartition("/")[0]
        text = facts.image.texts.get(f"{folder}/package.json")
        if text is None:
            if facts.image.has(f"{folder}/package.json"):
                return None
            continue
        try:
            manifest = json.loads(text)
        except ValueError:
            return None
        return str(manifest.get("type", "commonjs")) if isinstance(manifest, dict) else None
    return None


RULE = Rule(
    cause="module-format-mismatch",
    family="program",
    stage=Stage.LOAD,
    signs=(*SIGNS_SYNTAX, *SIGNS_LOADER),
    codes=(
        Codes(
            "node",
            Weight.DECISIVE,
            (
                "ERR_REQUIRE_ESM",
                "ERR_REQUIRE_ASYNC_MODULE",
                "ERR_REQUIRE_CYCLE_MODULE",
                "ERR_AMBIGUOUS_MODULE_SYNTAX",
                "ERR_UNKNOWN_FILE_EXTENSION",
                "ERR_UNSUPPORTED_DIR_IMPORT",
                "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
                "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
                "ERR_IMPORT_ATTRIBUTE_MISSING",
                "ERR_IMPORT_ASSERTION_TYPE_MISSING",
            ),
        ),
        Codes("node", Weight.STRONG, ("ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_UNSUPPORTED_ESM_URL_SCHEME")),
    ),
    look=look,
    remedies=(
        Remedy(
            "run_compiled",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} --command=node "
                "--args=dist/COMPILED_SCRIPT.js",
            ),
        ),
        Remedy("align_module_settings", Risk.REVERSIBLE),
        Remedy(
            "last_good_image",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=IMAGE_OF_THE_LAST_SUCCESS",),
            is_workaround=True,
        ),
    ),
    check=Check("image", "opsctl cloudrun image cat {image} {folder}/package.json"),
)
