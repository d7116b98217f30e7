"""Messages of defects in the program itself, and of programs that refuse on purpose: Node, Python and refusals."""

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
        weight=Weight.WEAK,
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

SIGNS_REFUSAL = (
    Sign(
        id="business-refusal",
        weight=Weight.STRONG,
        needle=(
            "minimum",
            "maximum",
            "threshold",
            "out of balance",
            "inconsisten",
            "duplicate",
            "rejected",
            "nothing was",
            "nothing written",
            "not replacing",
            "not writing",
            "not continuing",
            "not proceeding",
            "stopping",
            "halting",
            "stale",
            "too old",
            "too few",
            "too many",
            "unexpectedly",
            "sanity",
            "incomplete",
            "expected",
            "do not match",
            "does not match",
        ),
        pattern=r"^(?:.{0,80}\W)?(?:ERROR|Error|FATAL|[Ff]atal|CRITICAL|Critical|SEVERE|ABORT(?:ED)?|ALERT|❌|✖|✗)\W.{0,300}?"
        r"(?:(?:below|under|above|over|less than|more than|exceeds?) (?:the |our |an? )?(?:\w+ ){0,2}"
        r"(?:minimum|maximum|threshold|limit of \d|tolerance)"
        r"|out of balance|inconsisten(?:t|cy|cies)\b|\b[Dd]uplicate \w+ (?:\w+ )?(?:in|found|detected)\b"
        r"|\b(?:batch|file|row|record|order"
        r"|invoice|input|feed|payload|upload|message)s? (?:\S+ )?(?:was |were |is |are )?rejected"
        r"|nothing (?:was |has been )?(?:written|changed|imported|deleted|applied)|\bnot (?:replacing|writing"
        r"|continuing|proceeding"
        r"|publishing|overwriting|deleting|touching)\b"
        r"|\b(?:stopping|halting|bailing out)\b|\b(?:is|are) (?:stale|too old|incomplete)\b|\btoo (?:few"
        r"|many) (?!connections|clients|requests"
        r"|open|redirects)\w+|[Ee]xpected (?:at least |exactly |about )?[\d,]+ (?:\w+ ){0,3}(?:but|,|got|found)"
        r"|(?:totals?|counts?|sums?|checksums?|hash(?:es)?) (?:do|does) not match)",
        unless=r"connection|ECONNREFUSED|transaction is aborted|duplicate key|unique constraint|migration|quota"
        r"|rate limit|memory"
        r"|certificate|schema|relation|version|lock",
        source="common words of hand-written checks",
        example="CRITICAL: Source row count (0) is below the accepted minimum of 1000. Not replacing the table.",
    ),
    Sign(
        id="deliberate-refusal",
        weight=Weight.MODERATE,
        needle=(
            "refusing to",
            "refuse to",
            "aborting",
            "aborted:",
            "will not continue",
            "cannot continue",
            "giving up",
            "safety check",
            "sanity check",
            "precondition",
            "not allowed in production",
            "must not be run",
        ),
        pattern=r"\b[Rr]efus(?:ing|e[sd]?) to (?!connect)\w+|\b[Aa]borting(?:[:.,!]| \w+)|(?:safety|sanity"
        r"|pre-?flight|integrity|consistency) check"
        r"(?:s)? (?:failed|did not pass)|not allowed in production|must not be run|cannot continue",
        unless=r"current transaction is aborted|connection|ECONNREFUSED|transaction|server version mismatch|npm"
        r"|install",
        source="common words of hand-written checks",
        example="Refusing to import: the file has 0 rows, 1000 or more expected",
    ),
    Sign(
        id="check-failed-counts",
        weight=Weight.STRONG,
        needle=("failed", "errors", "invalid", "mismatch", "missing", "rejected"),
        pattern=r"\b[1-9][\d,]* (?:of|/|out of) [\d,]+ (?:\w+ ){0,3}(?:failed|invalid|rejected|could not be)"
        r"|(?:row|record|item|file|count|checksum|total)s? (?:count )?mismatch|(?:validation|verification"
        r"|reconciliation|quality check|checks?) failed\b(?! for 0\b)"
        r"|\b[1-9]\d* (?:validation )?errors? (?:found|occurred|detected)",
        unless=r"[Mm]igration checksum|schema history|Config validation|environment|pool|Schema validation|P1012"
        r"|certificate|signature",
        source="common words of hand-written checks",
        example="Verification failed: 12 of 4800 rows failed the checksum comparison",
    ),
    Sign(
        id="rails-protected-environment",
        weight=Weight.STRONG,
        needle=(
            "protectedenvironmenterror",
            "you are attempting to run a destructive action against your",
            "this command is prohibited from running in this environment",
            "command canceled",
            "command cancelled",
        ),
        pattern=r"ProtectedEnvironmentError|destructive action against your"
        r"|prohibited from running in this environment|Command cancell?ed",
        source="rails/rails activerecord/lib/active_record/migration.rb; laravel/framework ConfirmableTrait.php",
        example="ActiveRecord::ProtectedEnvironmentError: You are attempting to run a destructive action against your "
        "'production' database.",
    ),
    Sign(
        id="prompt-without-terminal",
        weight=Weight.STRONG,
        needle=(
            "interactive prompts require a tty",
            "environment is non-interactive",
            "the input device is not a tty",
            "aborted: no tty",
            "eof when reading a line",
            "inappropriate ioctl for device",
            "user force closed the prompt",
        ),
        source="drizzle-team/drizzle-orm drizzle-kit; prisma/prisma packages/migrate; python input()",
        example="Error: Interactive prompts require a TTY terminal (process.stdin.isTTY or process.stdout.isTTY is "
        "false).",
    ),
    Sign(
        id="prisma-data-loss",
        weight=Weight.MODERATE,
        needle="--accept-data-loss",
        source="prisma/prisma packages/migrate/src/commands/DbPush.ts",
        example="Error: Use the --accept-data-loss flag to ignore the data loss warnings like prisma db push "
        "--accept-data-loss",
    ),
    Sign(
        id="django-command-error",
        weight=Weight.MODERATE,
        needle=("commanderror:", "systemcheckerror"),
        pattern=r"CommandError: (?!.*(?:migration|Unknown command|fixture|database|Conflicting))"
        r"|SystemCheckError: System check identified",
        source="django/django django/core/management/base.py",
        example="SystemCheckError: System check identified some issues:",
    ),
    Sign(
        id="exit-with-reason",
        weight=Weight.MODERATE,
        needle=("exiting with", "exit code", "exited with code", "exiting due to"),
        pattern=r"[Ee]xiting (?:with (?:code|status|error|exit code)|due to|because)",
        unless=r"exit(?:ing with)? (?:code|status) 0\b|code: ?0\b",
        source="common words of hand-written checks",
        example="Import is incomplete, exiting with code 3",
    ),
    Sign(
        id="tests-failed",
        weight=Weight.STRONG,
        needle=("test suites: ", "failing", "short test summary info", "tests failed", "= failures =", "fail:"),
        pattern=r"Test Suites: [1-9]\d* failed|^[ \t]*[1-9]\d* failing$|short test summary info|=+ [1-9]\d* failed"
        r"|Tests:? +(?:failed: )?[1-9]\d* failed",
        source="jestjs/jest; mochajs/mocha; pytest-dev/pytest",
        example="Test Suites: 1 failed, 11 passed, 12 total",
    ),
)
