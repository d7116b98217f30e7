"""Messages of programs that stop on purpose, and of checks that failed."""

from opsctl.diagnosis.rule import Sign, Weight

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
