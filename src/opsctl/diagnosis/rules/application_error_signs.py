"""Messages of defects in the program itself: Node and Python."""

from opsctl.diagnosis.rule import Sign, Weight

# Errors of the system and of drivers, which say more than that nobody caught them.
_SYSTEM = (
    r"(?-i:\bE[A-Z]{4,}\b|ERR_[A-Z_]+)|Cannot find|SequelizeConnection|connect|password|authent|permission|relation"
    r"|syntax|SASL|timeout|environment|Prisma|Query|Migration|certificate"
)

SIGNS_NODE = (
    Sign(
        id="js-type-error",
        weight=Weight.STRONG,
        needle="typeerror",
        pattern=r"TypeError: (?:Cannot read propert(?:y|ies) |Cannot set propert(?:y|ies) "
        r"|Cannot destructure property|Cannot convert undefined"
        r"|[\w$.]+(?:\(\.\.\.\)[\w$.]*)? is not (?:a function|iterable|a constructor)|undefined is not (?:an object"
        r"|iterable)"
        r"|Cannot access|object is not iterable|Reduce of empty array|Converting circular structure"
        r"|Assignment to constant)",
        unless=r"use_env_variable|searchParams|must be a string, not undefined|_\d+\.default|default is not a"
        r"|ERR_INVALID_ARG_TYPE"
        r"|pg-connection-string|connection_string"
        r"|reading 'startsWith'",
        source="v8/v8 src/common/message-template.h",
        example="TypeError: Cannot read properties of undefined (reading 'map')\n    at buildReport "
        "(/app/dist/report.js:31:22)",
    ),
    Sign(
        id="js-reference-error",
        weight=Weight.STRONG,
        needle="referenceerror",
        pattern=r"ReferenceError: (?!(?:require|exports|module|__dirname|__filename|fetch|crypto|structuredClone|File"
        r"|Headers|Request|FormData|Blob"
        r"|WebSocket|ReadableStream) is not defined)[\w$]+ is not defined|Cannot access '[\w$]+' before initialization",
        source="v8/v8 src/common/message-template.h",
        example="ReferenceError: totals is not defined",
    ),
    Sign(
        id="js-range-error",
        weight=Weight.STRONG,
        needle=(
            "maximum call stack size exceeded",
            "invalid array length",
            "invalid string length",
            "invalid time value",
            "too much recursion",
            "invalid count value",
            "toofixed() digits",
        ),
        source="v8/v8 src/common/message-template.h",
        example="RangeError: Maximum call stack size exceeded",
    ),
    Sign(
        id="js-syntax-own-file",
        weight=Weight.MODERATE,
        needle="syntaxerror",
        pattern=r"SyntaxError: (?:missing \) after|Unexpected end of input|Invalid or unexpected token"
        r"|Invalid left-hand side|Unexpected token '[)}\]]'"
        r"|Illegal (?:return|break)|Identifier '[\w$]+' has already been declared|Unexpected string"
        r"|Invalid regular expression)",
        unless=r"\.tsx?:\d+",
        source="v8/v8 src/common/message-template.h",
        example="/app/dist/job.js:14\nSyntaxError: missing ) after argument list",
    ),
    Sign(
        id="js-assertion",
        weight=Weight.STRONG,
        needle=(
            "err_assertion",
            "assertionerror",
            "invariant failed",
            "invariant violation",
            "expected values to be strictly equal",
        ),
        source="nodejs/node lib/internal/assert/assertion_error.js; python AssertionError",
        example="AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:",
    ),
    Sign(
        id="js-unhandled",
        weight=Weight.WEAK,
        needle=(
            "unhandledpromiserejection",
            "unhandled promise rejection",
            "triggeruncaughtexception",
            "err_unhandled_rejection",
            "unhandled 'error' event",
            "uncaught exception",
            "uncaughtexception",
        ),
        source="nodejs/node lib/internal/process/promises.js",
        example="node:internal/process/promises:288\n            triggerUncaughtException(err, true /* fromPromise "
        "*/);",
    ),
    Sign(
        id="nest-dependencies",
        weight=Weight.STRONG,
        needle=(
            "nest can't resolve dependencies of the",
            "nest cannot create the",
            "a circular dependency has been detected",
            "nest could not find",
        ),
        source="nestjs/nest packages/core/errors/messages.ts",
        example="Error: Nest can't resolve dependencies of the ReportService (?). Please make sure that the argument "
        "at index [0] is available",
    ),
    Sign(
        id="typescript-compile-errors",
        weight=Weight.MODERATE,
        needle="error ts",
        pattern=r"error TS(?:2304|2322|2339|2345|2353|2551|2554|2739|2741|2769|7006|7016|18046|18047|18048|2532|2531"
        r"|2305|2724)\b",
        source="microsoft/TypeScript src/compiler/diagnosticMessages.json",
        example="src/main.ts(14,7): error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    Sign(
        id="prisma-validation",
        weight=Weight.MODERATE,
        needle="prismaclientvalidationerror",
        unless=r"datasource|Environment variable",
        source="prisma/prisma packages/client/src/runtime/core/errors/PrismaClientValidationError.ts",
        example="PrismaClientValidationError: Argument `where` of type UserWhereUniqueInput needs at least one of `id` "
        "arguments.",
    ),
    Sign(
        id="zod-data",
        weight=Weight.MODERATE,
        needle=("zoderror", "validationerror:", "ajv", "data should", "data must"),
        pattern=r"ZodError: |ValidationError: (?!.*(?:Config|Settings))|data(?:/\S+)? (?:should|must) (?:have|be|NOT"
        r"|match)",
        unless=r"(?-i:[\"'][A-Z][A-Z0-9]*_[A-Z0-9_]+[\"'])|environment|Settings|Config validation",
        source="colinhacks/zod; ajv-validator/ajv; jquense/yup; mongoose",
        example="ValidationError: Invoice validation failed: total: Path `total` is required.",
    ),
    Sign(
        id="js-uncaught-own-frame",
        weight=Weight.MODERATE,
        needle="error: ",
        pattern=r"^(?:Uncaught )?[A-Z]?\w*Error: [^\n]+\n(?:[^\n]*\n){0,3}?\s+at [^\n]*?\(?(?:file://)?/(?!usr/|root/)"
        r"(?![^\n]*node_modules)[^\n]+\.[mc]?[jt]s:\d+",
        unless=_SYSTEM,
        source="v8.dev/docs/stack-trace-api",
        example="Error: Expected one input file, got 0\n    at main (/app/dist/cli.js:12:11)",
    ),
    Sign(
        id="answer-not-json",
        weight=Weight.MODERATE,
        needle=("is not valid json", "in json at position", "unexpected end of json input", "jsondecodeerror"),
        pattern=r"<!DOCTYPE|Unexpected token '?<|\A(?=[\s\S]*?(?:is not valid JSON|in JSON at position"
        r"|end of JSON input|JSONDecodeError))"
        r"[\s\S]*?(?:response|body|\bfetch\b|axios|requests/models|httpx)",
        source="v8/v8 src/common/message-template.h; python/cpython Lib/json/decoder.py",
        example="SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    ),
    Sign(
        id="http-client-error",
        weight=Weight.MODERATE,
        needle=(
            "request failed with status code",
            "client error: ",
            "server error: ",
            "response code 4",
            "response code 5",
        ),
        pattern=r"Request failed with status code (?:400|404|409|422|500|502)|\b(?:400|404|409|422|500|502) (?:Client"
        r"|Server) Error: .{0,80} for url"
        r"|Response code (?:400|404|409|422|500|502)",
        source="axios/axios lib/core/settle.js; psf/requests src/requests/models.py; sindresorhus/got",
        example="AxiosError: Request failed with status code 422",
    ),
)

SIGNS_PYTHON = (
    Sign(
        id="python-exception",
        weight=Weight.STRONG,
        needle="error: ",
        pattern=r"^(?:TypeError|AttributeError|IndexError|NameError|ZeroDivisionError|AssertionError"
        r"|UnboundLocalError|RecursionError|NotImplementedError"
        r"|StopIteration|OverflowError|FloatingPointError|IndentationError|TabError|decimal\.InvalidOperation"
        r"|pandas\.errors\.\w+|polars\.exceptions\.\w+"
        r"|pandera\.errors\.\w+|pydantic\w*(?:\.\w+)*\.ValidationError|marshmallow\.exceptions\.\w+"
        r"|jsonschema\.exceptions\.\w+): ",
        unless=r"errors? for \w*(?:Settings|Config|Env)\w*|object is not subscriptable|'type' and 'NoneType'"
        r"|module '(?:collections|inspect|pkgutil)' has no|"
        r"HTTPConnection|Expected string or URL object|No module named",
        source="python/cpython Objects/exceptions.c",
        example="Traceback (most recent call last):\n  File \"/app/job.py\", line 9, in main\nTypeError: 'NoneType' "
        "object is not iterable",
    ),
    Sign(
        id="python-value-error",
        weight=Weight.MODERATE,
        needle=("valueerror:", "keyerror:", "runtimeerror:", "lookuperror:"),
        pattern=r"^(?:ValueError|LookupError|RuntimeError): (?!.*(?:URL|DSN|base64|[Ii]nvalid literal|interpolation"
        r"|PEM|boolean|Port|padding))|"
        r"^KeyError: (?!(?-i:['\"][A-Z][A-Z0-9]*_[A-Z0-9_]+['\"]))",
        unless=r"environ\b",
        source="python/cpython Objects/exceptions.c",
        example="Traceback (most recent call last):\n  File \"/app/job.py\", line 9, in main\nKeyError: 'customer_id'",
    ),
    Sign(
        id="python-syntax",
        weight=Weight.MODERATE,
        needle="syntaxerror: ",
        pattern=r"SyntaxError: (?:invalid syntax|unexpected EOF|unterminated|'\S+' was never closed|expected ':'"
        r"|f-string|unmatched|cannot assign|EOL while)",
        source="python/cpython Parser/pegen_errors.c",
        example='  File "/app/job.py", line 3\n    def main(:\n             ^\nSyntaxError: invalid syntax',
    ),
    Sign(
        id="python-circular-import",
        weight=Weight.STRONG,
        needle=("most likely due to a circular import", "partially initialized module"),
        source="python/cpython Objects/moduleobject.c",
        example="ImportError: cannot import name 'db' from partially initialized module 'app' (most likely due to a "
        "circular import)",
    ),
    Sign(
        id="python-traceback",
        weight=Weight.MODERATE,
        needle="traceback (most recent call last)",
        source="python/cpython Lib/traceback.py",
        example='Traceback (most recent call last):\n  File "/app/job.py", line 9, in <module>',
    ),
    Sign(
        id="celery-dag-task-failed",
        weight=Weight.MODERATE,
        needle=(
            "completed with 1 error",
            "compilation error in model",
            "database error in model",
            "failed dbt",
            "done. pass=",
        ),
        pattern=r"Completed with [1-9]\d* errors?|(?:Compilation|Runtime) Error in (?:model|macro|test)"
        r"|Done\. PASS=\d+ WARN=\d+ ERROR=[1-9]",
        source="dbt-labs/dbt-core core/dbt/events/types.py",
        example="Done. PASS=11 WARN=0 ERROR=1 SKIP=3 TOTAL=15",
    ),
)
