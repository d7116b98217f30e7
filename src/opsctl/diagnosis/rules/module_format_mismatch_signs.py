"""Messages about a module that is there and cannot be loaded as it is: ESM, CommonJS, TypeScript, missing "
"extensions."""

from opsctl.diagnosis.rule import Sign, Weight

_CJS = "nodejs/node lib/internal/modules/cjs/loader.js"
_ESM = "nodejs/node lib/internal/modules/esm/resolve.js"
_ERRORS = "nodejs/node lib/internal/errors.js"

# Node explains these itself and goes on: advice, not the failure.
_ADVICE = r"MODULE_TYPELESS_PACKAGE_JSON|ExperimentalWarning|Reparsing as ES module"

SIGNS_SYNTAX = (
    Sign(
        id="class-without-new",
        weight=Weight.MODERATE,
        needle="cannot be invoked without 'new'",
        pattern=r"Class constructor \S+ cannot be invoked without 'new'",
        source="v8 message-template.h kConstructorNonCallable; classes compiled for an older target",
        example="TypeError: Class constructor Model cannot be invoked without 'new'",
    ),
    Sign(
        id="import-outside-module",
        weight=Weight.DECISIVE,
        needle=("cannot use import statement outside a module", "cannot use import statement outside"),
        unless=_ADVICE,
        source="v8/v8 src/common/message-template.h",
        example="SyntaxError: Cannot use import statement outside a module",
    ),
    Sign(
        id="unexpected-export",
        weight=Weight.DECISIVE,
        needle=("unexpected token 'export'", "unexpected token export", 'unexpected token "export"'),
        source="v8/v8 src/common/message-template.h",
        example="export class Init1700000000000 {\n^^^^^^\nSyntaxError: Unexpected token 'export'",
    ),
    Sign(
        id="unexpected-import",
        weight=Weight.DECISIVE,
        needle=("unexpected token import", "unexpected token 'import'", "unexpected identifier 'import'"),
        source="v8/v8 src/common/message-template.h",
        example='import { MigrationInterface } from "typeorm";\n^^^^^^\nSyntaxError: Unexpected token import',
    ),
    Sign(
        id="import-meta-outside",
        weight=Weight.DECISIVE,
        needle="cannot use 'import.meta' outside a module",
        source="v8/v8 src/common/message-template.h",
        example="SyntaxError: Cannot use 'import.meta' outside a module",
    ),
    Sign(
        id="top-level-await",
        weight=Weight.STRONG,
        needle=(
            "await is only valid in async functions and the top level bodies of modules",
            "await is only valid in async function",
        ),
        source="v8/v8 src/common/message-template.h",
        example="SyntaxError: await is only valid in async functions and the top level bodies of modules",
    ),
    Sign(
        id="not-defined-in-esm",
        weight=Weight.DECISIVE,
        needle="is not defined in es module scope",
        source="nodejs/node lib/internal/modules/esm/module_job.js",
        example="ReferenceError: require is not defined in ES module scope, you can use import instead",
    ),
    Sign(
        id="commonjs-variable-not-defined",
        weight=Weight.STRONG,
        needle=(
            "require is not defined",
            "exports is not defined",
            "module is not defined",
            "__dirname is not defined",
            "__filename is not defined",
        ),
        pattern=r"(?:ReferenceError: |Error: )(?:require|exports|module|__dirname|__filename) is not defined",
        source="nodejs.org/api/esm.html#differences-between-es-modules-and-commonjs",
        example="ReferenceError: __dirname is not defined",
    ),
    Sign(
        id="dynamic-require",
        weight=Weight.DECISIVE,
        needle=("dynamic require of", "calling `require` for"),
        pattern=r"Dynamic require of ['\"][^'\"]+['\"] is not supported"
        r"|Calling `require` for ['\"][^'\"]+['\"] in an environment",
        source="evanw/esbuild internal/runtime/runtime.go",
        example='Error: Dynamic require of "fs" is not supported',
    ),
    Sign(
        id="typescript-by-node",
        weight=Weight.STRONG,
        needle="syntaxerror",
        pattern=r"^(?:file://)?\S+\.(?:ts|mts|cts|tsx):\d+[\s\S]{0,1500}?SyntaxError: (?:Unexpected (?:token"
        r"|identifier|strict)"
        r"|Missing initializer|Invalid or unexpected|missing \))",
        source="nodejs.org/api/typescript.html",
        example="/app/src/data-source.ts:4\nexport const url: string = process.env.URL;\n                 ^\n\n"
        "SyntaxError: Unexpected token ':'",
    ),
    Sign(
        id="typescript-keywords-by-node",
        weight=Weight.STRONG,
        needle="syntaxerror",
        pattern=r"^[ \t]*(?:import type |export type |export interface |interface \w+ \{|(?:private|public|readonly"
        r"|declare) \w+|@Entity\()"
        r"[\s\S]{0,400}?SyntaxError: ",
        source="nodejs.org/api/typescript.html",
        example="import type { Knex } from 'knex';\n            ^\n\nSyntaxError: Unexpected token '{'",
    ),
    Sign(
        id="strip-only",
        weight=Weight.DECISIVE,
        needle=(
            "is not supported in strip-only mode",
            "err_unsupported_typescript_syntax",
            "stripping types is currently unsupported",
        ),
        source="nodejs/node lib/internal/modules/typescript.js",
        example="SyntaxError [ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX]: TypeScript enum is not supported in strip-only mode",
    ),
    Sign(
        id="ts-node-compile",
        weight=Weight.MODERATE,
        needle="unable to compile typescript",
        source="TypeStrong/ts-node src/index.ts",
        example="TSError: ⨯ Unable to compile TypeScript:\nsrc/main.ts(3,1): error TS2304: Cannot find name 'x'.",
    ),
    Sign(
        id="module-kind-option",
        weight=Weight.STRONG,
        needle=("error ts5110", "error ts1479", "error ts2835", "error ts2834", "error ts1295"),
        source="microsoft/TypeScript src/compiler/diagnosticMessages.json",
        example="error TS2835: Relative import paths need explicit file extensions in ECMAScript imports when "
        "'--moduleResolution' is 'node16' or 'nodenext'.",
    ),
)

SIGNS_LOADER = (
    Sign(
        id="require-of-esm",
        weight=Weight.DECISIVE,
        needle=("err_require_esm", "require() of es module", "must use import to load es module"),
        unless=_ADVICE,
        source=_ERRORS,
        example="Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/nanoid/index.js from "
        "/app/dist/main.js "
        "not supported.",
    ),
    Sign(
        id="require-async-module",
        weight=Weight.DECISIVE,
        needle=(
            "err_require_async_module",
            "cannot be used on an esm graph with top-level await",
            "err_require_cycle_module",
        ),
        source=_ERRORS,
        example="Error [ERR_REQUIRE_ASYNC_MODULE]: require() cannot be used on an ESM graph with top-level await.",
    ),
    Sign(
        id="ambiguous-module",
        weight=Weight.DECISIVE,
        needle=("err_ambiguous_module_syntax", "cannot determine intended module format"),
        source=_ERRORS,
        example="ReferenceError: Cannot determine intended module format because both require() and top-level await "
        "are present.",
    ),
    Sign(
        id="set-type-module",
        weight=Weight.STRONG,
        needle=(
            'to load an es module, set "type": "module"',
            "to treat it as a commonjs script, rename it to use the '.cjs'",
        ),
        unless=_ADVICE,
        source=_CJS,
        example='(node:1) Warning: To load an ES module, set "type": "module" in the package.json or use the .mjs '
        "extension.",
    ),
    Sign(
        id="unknown-extension",
        weight=Weight.DECISIVE,
        needle=("unknown file extension", "err_unknown_file_extension"),
        source="nodejs/node lib/internal/modules/esm/get_format.js",
        example='TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension ".ts" for /app/src/migrate.ts',
    ),
    Sign(
        id="directory-import",
        weight=Weight.DECISIVE,
        needle=("err_unsupported_dir_import", "is not supported resolving es modules"),
        source=_ERRORS,
        example="Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '/app/dist/entities' is not supported resolving "
        "ES modules imported from /app/dist/main.js",
    ),
    Sign(
        id="extension-missing",
        weight=Weight.DECISIVE,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"](?:file://)?/(?![^'\"\n]*/node_modules/)[^'\"\n]*/[^'\"\n./]+(?:\.(?:entity"
        r"|service|module"
        r"|controller|dto|config|schema|model|repository|enum|types?|utils?|helper|constants?"
        r"|migration))?['\"] imported from (?!(?:file://)?/(?:\S*/)?$)",
        source=_ESM,
        example="Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/dist/config/env' imported from "
        "/app/dist/main.js",
    ),
    Sign(
        id="did-you-mean-extension",
        weight=Weight.DECISIVE,
        needle="did you mean to import",
        pattern=r"Did you mean to import ['\"]?[^'\"\n]{1,300}\.(?:m|c)?js",
        source=_ESM,
        example='Did you mean to import "file:///app/dist/config/env.js"?',
    ),
    Sign(
        id="js-import-of-typescript",
        weight=Weight.STRONG,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"](?:file://)?[^'\"\n]+\.(?:m|c)?js['\"] imported from \S+\.(?:m|c)?tsx?\b",
        source=_ESM,
        example="Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/src/env.js' imported from /app/src/main.ts",
    ),
    Sign(
        id="package-subpath-extension",
        weight=Weight.STRONG,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"](?:file://)?\S*/node_modules/[^'\"\n]+/[^'\"\n./]+['\"] imported from",
        source=_ESM,
        example="Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/node_modules/dayjs/plugin/utc' imported from "
        "/app/dist/main.js",
    ),
    Sign(
        id="named-export-commonjs",
        weight=Weight.DECISIVE,
        needle="is a commonjs module, which may not support all module.exports as named exports",
        source="nodejs/node lib/internal/modules/esm/module_job.js",
        example="SyntaxError: Named export 'Client' not found. The requested module 'pg' is a CommonJS module, which "
        "may not "
        "support all module.exports as named exports.",
    ),
    Sign(
        id="no-such-export",
        weight=Weight.STRONG,
        needle="does not provide an export named",
        pattern=r"The requested module ['\"](?!node:)[^'\"]+['\"] does not provide an export named",
        source="v8/v8 src/common/message-template.h",
        example="SyntaxError: The requested module 'lodash' does not provide an export named 'debounce'",
    ),
    Sign(
        id="package-exports",
        weight=Weight.STRONG,
        needle=("err_package_path_not_exported", 'no "exports" main defined in', 'is not defined by "exports" in'),
        source=_ERRORS,
        example='Error [ERR_PACKAGE_PATH_NOT_EXPORTED]: No "exports" main defined in '
        "/app/node_modules/got/package.json",
    ),
    Sign(
        id="json-attribute",
        weight=Weight.DECISIVE,
        needle=(
            "err_import_attribute_missing",
            "err_import_assertion_type_missing",
            'needs an import attribute of "type: json"',
        ),
        source=_ERRORS,
        example='TypeError [ERR_IMPORT_ATTRIBUTE_MISSING]: Module "file:///app/config.json" needs an import attribute '
        "of "
        '"type: json"',
    ),
    Sign(
        id="import-assert-keyword",
        weight=Weight.STRONG,
        needle="unexpected identifier 'assert'",
        source="nodejs.org/api/esm.html#import-attributes",
        example="SyntaxError: Unexpected identifier 'assert'",
    ),
    Sign(
        id="interop-default",
        weight=Weight.STRONG,
        needle=("default is not a function", "default is not a constructor", "_1.default", "is not a constructor"),
        pattern=r"TypeError: (?:\(0 , )?[\w$.]*(?:_\d+|_default|Default|default)\.?(?:default"
        r"|\w+)?\)? is not a (?:function|constructor)",
        source="typescriptlang.org/tsconfig#esModuleInterop",
        example="TypeError: dayjs_1.default is not a function",
    ),
    Sign(
        id="esm-loader-option",
        weight=Weight.STRONG,
        needle=("tsx must be loaded with --import", "--loader", "err_loader_chain_incomplete"),
        pattern=r"tsx must be loaded with --import|ERR_LOADER_CHAIN_INCOMPLETE|`--loader` .{0,40}(?:removed"
        r"|not supported)",
        source="privatenumber/tsx src/loader.ts",
        example="Error: tsx must be loaded with --import instead of --loader",
    ),
    Sign(
        id="unsupported-url-scheme",
        weight=Weight.STRONG,
        needle="err_unsupported_esm_url_scheme",
        source=_ERRORS,
        example="Error [ERR_UNSUPPORTED_ESM_URL_SCHEME]: Only URLs with a scheme in: file, data, and node are "
        "supported by the "
        "default ESM loader.",
    ),
    Sign(
        id="knex-typescript-config",
        weight=Weight.STRONG,
        needle=("failed to load external module ts-node", "failed to load external module"),
        pattern=r"Failed to load external module (?:ts-node|tsx|@swc|@babel|esbuild|sucrase)",
        source="knex/knex bin/cli.js",
        example="Failed to load external module ts-node/register",
    ),
    Sign(
        id="typeorm-unable-to-open",
        weight=Weight.MODERATE,
        needle="unable to open file:",
        pattern=r"Unable to open file: .{0,300}(?:Cannot use import|Unexpected token|require\(\) of ES|ERR_REQUIRE_ESM"
        r"|Unknown file extension|not defined in ES module|outside a module)",
        source="typeorm/typeorm src/commands/CommandUtils.ts",
        example='Error: Unable to open file: "/app/src/data-source.ts". Cannot use import statement outside a module',
    ),
    Sign(
        id="python-null-bytes",
        weight=Weight.MODERATE,
        needle=(
            "source code string cannot contain null bytes",
            "source code cannot contain null bytes",
            "non-utf-8 code starting with",
        ),
        source="python/cpython Parser/pegen.c",
        example="SyntaxError: source code cannot contain null bytes",
    ),
    Sign(
        id="python-bad-magic",
        weight=Weight.MODERATE,
        needle=("bad magic number in", "runtimeerror: bad magic number"),
        source="python/cpython Lib/importlib/_bootstrap_external.py",
        example="ImportError: bad magic number in 'app': b'a\\r\\r\\n'",
    ),
)
