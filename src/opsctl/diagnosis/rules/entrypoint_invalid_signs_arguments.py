"""Messages of command-line tools about arguments, sub-commands and scripts that they do not know."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_ARGUMENTS = (
    Sign(
        id="npm-missing-script",
        weight=Weight.DECISIVE,
        needle=("missing script", "script not found", "couldn't find a script named"),
        pattern=r"(?:npm (?:ERR!|error)|ERR_PNPM_NO_SCRIPT|ERROR)\s.{0,20}Missing script:? |error: Script not found"
        r"|Couldn't find a script named"
        r"|missing script: \S",
        source="npm/cli workspaces/run-script; pnpm/pnpm; yarnpkg/berry; oven-sh/bun",
        example='npm error Missing script: "migrate:prod"',
    ),
    Sign(
        id="yarn-command",
        weight=Weight.STRONG,
        needle='error command "',
        pattern=r'error Command "[^"]+" not found\.',
        source="yarnpkg/yarn src/cli/commands/run.js",
        example='error Command "migrate" not found.',
    ),
    Sign(
        id="npm-unknown-command",
        weight=Weight.DECISIVE,
        needle=("unknown command:", "did you mean one of these"),
        pattern=r"^(?:npm (?:ERR!|error) )?Unknown command: ['\"][^'\"]+['\"]",
        source="npm/cli lib/cli/entry.js; django/django core/management",
        example='Unknown command: "migrte"\n\nTo see a list of supported npm commands, run:\n  npm help',
    ),
    Sign(
        id="argparse",
        weight=Weight.STRONG,
        needle=(
            "error: unrecognized arguments:",
            "invalid choice:",
            "the following arguments are required:",
            "too few arguments",
        ),
        pattern=r"^(?:\S{1,80}(?: \S{1,80}){0,4}: )?error: (?:unrecognized arguments:|argument .{0,80}invalid choice:"
        r"|the following arguments are required:)",
        source="python/cpython Lib/argparse.py",
        example="migrate.py: error: unrecognized arguments: --env prod",
    ),
    Sign(
        id="click",
        weight=Weight.STRONG,
        needle=(
            "error: no such command",
            "error: no such option",
            "error: missing command",
            "error: got unexpected extra argument",
            "error: missing argument",
            "error: missing option",
        ),
        source="pallets/click src/click/exceptions.py",
        example="Error: No such command 'db upgrade'.",
    ),
    Sign(
        id="commander-yargs",
        weight=Weight.STRONG,
        needle=(
            "error: unknown command",
            "error: unknown option",
            "error: missing required argument",
            "error: too many arguments",
            "unknown argument:",
            "unknown arguments:",
            "not enough non-option arguments",
        ),
        pattern=r"^(?:error: (?:unknown (?:command|option)|missing required argument|too many arguments)"
        r"|Unknown arguments?: "
        r"|Not enough non-option arguments)",
        source="tj/commander.js lib/command.js; yargs/yargs locales/en.json",
        example="error: unknown option '--migrate-now'",
    ),
    Sign(
        id="cobra-go-flag",
        weight=Weight.STRONG,
        needle=(
            "unknown command ",
            "unknown flag: --",
            "unknown shorthand flag",
            "flag provided but not defined",
            "flag needs an argument",
        ),
        pattern=r'unknown command "[^"]+" for "|unknown flag: --|unknown shorthand flag: '
        r"|flag provided but not defined: -|flag needs an argument:",
        source="spf13/cobra command.go; spf13/pflag; golang/go src/flag/flag.go",
        example='Error: unknown command "migrate up" for "app"',
    ),
    Sign(
        id="clap",
        weight=Weight.STRONG,
        needle=(
            "error: unexpected argument",
            "error: unrecognized subcommand",
            "error: found argument",
            "error: the subcommand",
        ),
        source="clap-rs/clap clap_builder/src/error/format.rs",
        example="error: unexpected argument '--dry' found",
    ),
    Sign(
        id="symfony-console",
        weight=Weight.STRONG,
        needle=(
            "is not defined.",
            "there are no commands defined in the",
            "option does not exist",
            "too many arguments to",
        ),
        pattern=r'Command "[^"]+" is not defined\.|There are no commands defined in the "'
        r'|The "-[^"]+" option does not exist'
        r"|Too many arguments to \"",
        source="symfony/console Application.php",
        example='Command "migrate --force" is not defined.',
    ),
    Sign(
        id="rake-task",
        weight=Weight.STRONG,
        needle=("don't know how to build task", "unrecognized command", "could not find command"),
        pattern=r"Don't know how to build task ['`\"]|Unrecognized command [\"']|Could not find command [\"']",
        source="ruby/rake lib/rake/task_manager.rb; rails railties lib/rails/command.rb; rails/thor",
        example="Don't know how to build task 'db:migrate:all' (See the list of available tasks with `rake --tasks`)",
    ),
    Sign(
        id="make-target",
        weight=Weight.STRONG,
        needle="no rule to make target",
        source="GNU make src/remake.c",
        example="make: *** No rule to make target 'migrate'.  Stop.",
    ),
    Sign(
        id="mix-task",
        weight=Weight.STRONG,
        needle='** (mix) the task "',
        pattern=r'\*\* \(Mix\) The task "[^"\n]+" could not be found',
        source="elixir-lang/elixir lib/mix/lib/mix/exceptions.ex",
        example='** (Mix) The task "ecto.migrate.all" could not be found',
    ),
    Sign(
        id="node-option",
        weight=Weight.MODERATE,
        needle="bad option:",
        pattern=r"^\S*(?:node|nodejs): bad option: -",
        source="nodejs/node src/node.cc",
        example="node: bad option: --migrate",
    ),
    Sign(
        id="python-option",
        weight=Weight.STRONG,
        needle=("unknown option -", "unknown option --", "illegal option"),
        pattern=r"^(?:(?:\S*python\S*: )?unknown option -|(?:\S*/)?(?:ba|da)?sh: (?:\d+: )?(?:illegal option"
        r"|invalid option"
        r"|-\w: invalid option|--: invalid option))",
        source="python/cpython Python/initconfig.c; bash shell.c",
        example="unknown option --migrate\nusage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...",
    ),
    Sign(
        id="main-module",
        weight=Weight.STRONG,
        needle=("__main__", "can't find '__main__' module", "is a package and cannot be directly executed"),
        pattern=r"can't find '__main__' module in"
        r"|No module named \S+\.__main__; '\S+' is a package and cannot be directly executed",
        source="python/cpython Lib/runpy.py",
        example="/usr/local/bin/python: can't find '__main__' module in '/app'",
    ),
    Sign(
        id="functions-framework-target",
        weight=Weight.STRONG,
        needle=("is expected to contain a function named", "function '", "provided module does not contain"),
        pattern=r"is expected to contain a function named|Function '[^']+' is not defined in the provided module",
        source="GoogleCloudPlatform/functions-framework-python src/functions_framework/_function_registry.py",
        example="File /workspace/main.py is expected to contain a function named 'hello_http'. Found: 'run' instead",
    ),
    Sign(
        id="flyway-liquibase-arguments",
        weight=Weight.STRONG,
        needle=("invalid flag:", "unexpected argument(s):", "invalid argument '", "error: invalid operation"),
        pattern=r"ERROR: Invalid (?:flag|operation): |Unexpected argument\(s\): |Invalid argument '[^']+'",
        source="flyway/flyway flyway-commandline; liquibase/liquibase LiquibaseCommandLine",
        example="ERROR: Invalid operation: migrateall",
    ),
    Sign(
        id="windows-path",
        weight=Weight.STRONG,
        needle=("program files/git/", "program files\\git\\"),
        source="git-for-windows/msys2-runtime path conversion",
        example='error finding executable "C:/Program Files/Git/app/migrate" in PATH',
    ),
)
