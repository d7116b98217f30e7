"""Messages about a command that cannot be executed as it is configured."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_START = (
    Sign(
        id="platform-not-in-path",
        weight=Weight.DECISIVE,
        needle=("error finding executable", "not found (path="),
        pattern=r"error finding executable \"[^\"]*\" in PATH|\"[^\"]+\" not found \(PATH=",
        source="docs.cloud.google.com/run/docs/troubleshooting; recorded job logs",
        example="terminated: Application failed to start: failed to resolve binary path: error finding executable "
        '"uvicorn" in '
        "PATH [/usr/local/bin /usr/bin /bin]: no such file or directory",
    ),
    Sign(
        id="platform-load",
        weight=Weight.DECISIVE,
        needle="failed to load ",
        pattern=r"failed to load \S+: (?:no such file or directory|permission denied|not a directory|is a directory)",
        source="docs.cloud.google.com/run/docs/troubleshooting; ahmetb/runsd issue 50",
        example="terminated: Application failed to start: Failed to create init process: failed to load /bin/runsd: "
        "permission denied",
    ),
    Sign(
        id="platform-mode",
        weight=Weight.DECISIVE,
        needle=("invalid entrypoint", "invalid mode", "invalid command"),
        pattern=r"Invalid ENTRYPOINT\.|Command \\?\"[^\"]+\": invalid mode|Invalid command \\?\"",
        source="GoogleCloudBuild/cloud-console-sample-build pull request 1",
        example='Invalid ENTRYPOINT. [name: "gcr.io/p/app@sha256:89bd"\nerror: "Command \\"/run.sh\\": invalid mode '
        '\\"-rw-r--r--\\" for /run.sh"',
    ),
    Sign(
        id="platform-start-failed",
        weight=Weight.MODERATE,
        needle=("application exec likely failed", "application failed to start"),
        unless=r"exec format error|STARTUP TCP probe",
        source="recorded job logs",
        example="Application exec likely failed",
    ),
    Sign(
        id="exec-not-found",
        weight=Weight.DECISIVE,
        needle=("executable file not found in $path", "executable file not found in %path%"),
        pattern=r"exec: (?:\\?\"[^\"\n]+\"|[^\"\n:]{1,200}): executable file not found",
        unless=r'exec: "(?:git|pg_dump|pg_restore|psql|mysqldump|ffmpeg|gs|unzip)"',
        source="golang/go src/os/exec/lp_unix.go; opencontainers/runc libcontainer",
        example='OCI runtime create failed: starting container process caused: exec: "npm run migrate": executable '
        "file not found in $PATH",
    ),
    Sign(
        id="exec-stat-or-mode",
        weight=Weight.DECISIVE,
        needle=("permission denied", "no such file or directory"),
        pattern=r'exec: \\?"[^"\n]+": (?:stat \S+: no such file or directory|permission denied|is a directory)',
        source="opencontainers/runc libcontainer/init_linux.go",
        example='exec: "/app/entrypoint.sh": permission denied: unknown',
    ),
    Sign(
        id="exec-line",
        weight=Weight.STRONG,
        needle=("exec /", "exec ./", "standard_init_linux.go", "exec user process caused"),
        pattern=r"^(?:standard_init_linux\.go:\d+: )?exec (?:\S+"
        r"|user process caused):? ?\"?(?:no such file or directory|permission denied|not a directory)",
        source="opencontainers/runc libcontainer/standard_init_linux.go",
        example="exec /app/entrypoint.sh: no such file or directory",
    ),
    Sign(
        id="init-exec",
        weight=Weight.DECISIVE,
        needle=("fatal tini", "[dumb-init]", "gosu", "su-exec", "error: failed to launch", "s6-", "catatonit"),
        pattern=r"tini \(\d+\)\] exec .+ failed: |\[dumb-init\] .+: (?:No such file|Permission denied|Exec format)"
        r"|(?:gosu|su-exec): .+"
        r"(?:not found|No such file)|ERROR: failed to launch: |s6-\w+: fatal: unable to exec|catatonit: failed to exec",
        source="krallin/tini src/tini.c; Yelp/dumb-init; buildpacks/lifecycle cmd/launcher",
        example="[FATAL tini (7)] exec node failed: No such file or directory",
    ),
    Sign(
        id="bad-interpreter",
        weight=Weight.DECISIVE,
        needle=("bad interpreter", "required file not found", r"\r'", "^m:", "\\r’", "$'\\r'"),
        pattern=r"bad interpreter|cannot execute: required file not found|env: ['\"‘]?\w+(?:\\r"
        r"|\^M)['\"’]?: No such file"
        r"|\$'\\r': command not found|\w\r?\^M: (?:bad interpreter|not found)",
        source="bash execute_cmd.c; GNU coreutils src/env.c",
        example="/bin/sh: ./start.sh: /bin/bash^M: bad interpreter: No such file or directory",
    ),
    Sign(
        id="env-not-found",
        weight=Weight.DECISIVE,
        needle="env: ",
        pattern=r"^(?:/usr/bin/)?env: (?:can't execute )?['\"‘]?[\w./ -]+['\"’]?: (?:No such file or directory"
        r"|Permission denied)",
        source="GNU coreutils src/env.c; BusyBox coreutils/env.c",
        example="/usr/bin/env: 'bash': No such file or directory",
    ),
    Sign(
        id="shell-not-found",
        weight=Weight.STRONG,
        needle="not found",
        pattern=r"^(?:\S{0,200}/)?(?:(?:ba|da|a|z|k)?sh|[^\s/]{1,100}\.sh"
        r""
        r"|entrypoint[^\s:/]{0,60}): (?:line )?(?:\d+: )?(?:\S{1,200}\.sh: )?(?:exec: )?(?:line \d+: )?"
        r"[\w./@+-]+(?: [^:\n]+)?: "
        r"(?:command )?not found$|^[\w./-]+: command not found$",
        unless=r"husky|lefthook|: (?:prisma|typeorm|knex|sequelize|drizzle-kit|tsx|ts-node|nest|next|cross-env|tsc"
        r"|dotenv|nodemon|rimraf):",
        source="dash src/exec.c; BusyBox shell/ash.c; bash execute_cmd.c",
        example="/bin/sh: 1: flyway: not found",
    ),
    Sign(
        id="shell-tool-not-found",
        weight=Weight.MODERATE,
        needle="not found",
        pattern=r"^(?:\S*/)?(?:ba|da|a)?sh: (?:line )?(?:\d+: )?(?:exec: )?(?:prisma|typeorm|knex|sequelize"
        r"|drizzle-kit|tsx|ts-node|nest|next"
        r"|cross-env|tsc|dotenv|nodemon|rimraf): (?:command )?not found",
        source="dash src/exec.c; BusyBox shell/ash.c",
        example="sh: 1: prisma: not found",
    ),
    Sign(
        id="shell-permission",
        weight=Weight.DECISIVE,
        needle=("permission denied", "cannot execute"),
        pattern=r"^(?:\S{0,200}/)?(?:(?:ba|da|a|z)?sh|env"
        r"|[^\s/]{1,100}\.sh): (?:line )?(?:\d+: )?(?:exec: )?(?:line \d+: )?(?:can't open ['\"])?[\w./-]+['\"]?: "
        r"(?:cannot execute: )?(?:Permission denied|Is a directory)",
        unless=r"(?:mkdir|touch|chown|chmod|cp|mv|rm|tee|cannot create|can't create)\b",
        source="bash execute_cmd.c; dash src/exec.c",
        example="/bin/sh: 1: /app/entrypoint.sh: Permission denied",
    ),
    Sign(
        id="shell-script-missing",
        weight=Weight.MODERATE,
        needle=("no such file or directory", "can't open", "cannot open"),
        pattern=r"^(?:\S*/)?(?:ba|da|a)?sh: (?:\d+: )?(?:line \d+: )?(?:can't open |cannot open "
        r"|0: cannot open |0: [Cc]an't open )?['\"]?[\w./-]+\.sh['\"]?"
        r"(?:: No such file|$)",
        source="BusyBox shell/ash.c; dash src/input.c",
        example="/bin/sh: can't open '/entrypoint.sh': No such file or directory",
    ),
    Sign(
        id="interpreter-permission",
        weight=Weight.DECISIVE,
        needle=("[errno 13] permission denied", "can't open file"),
        pattern=r"can't open file ['\"][^'\"\n]+['\"]: \[Errno 13\]",
        source="python/cpython Modules/main.c",
        example="python: can't open file '/app/migrate.py': [Errno 13] Permission denied",
    ),
    Sign(
        id="joined-script",
        weight=Weight.STRONG,
        needle=("cannot find module", "can't open file", "could not open input file", "module not found"),
        pattern=r"Cannot find module ['\"]/[^'\"\n]*\S \S[^'\"\n]*['\"]"
        r"|can't open file ['\"][^'\"\n]*\S \S[^'\"\n]*['\"]: \[Errno 2\]"
        r"|Could not open input file: \S+ \S",
        source="nodejs/node lib/internal/modules/cjs/loader.js; python/cpython Modules/main.c",
        example="python: can't open file '/app/manage.py migrate': [Errno 2] No such file or directory",
    ),
    Sign(
        id="command-as-script",
        weight=Weight.DECISIVE,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"]/[^'\"\n ]*/(?:npm|npx|yarn|pnpm|sh|bash|node|bun|deno|python3?|prisma|knex"
        r"|typeorm|tsx|ts-node)['\"]",
        source="nodejs/docker-node docker-entrypoint.sh",
        example="Error: Cannot find module '/usr/src/app/npm'\n    at Module._resolveFilename",
    ),
    Sign(
        id="node-script-unreadable",
        weight=Weight.STRONG,
        needle=("eacces", "permission denied"),
        pattern=r"EACCES: permission denied, open ['\"]/(?:app|usr/src/app|workspace|srv|opt"
        r"|home)/[^'\"\n]+\.(?:[mc]?js|ts|json)['\"]"
        r"|spawn \S+ EACCES",
        source="nodejs/node lib/internal/errors.js",
        example="Error: EACCES: permission denied, open '/app/dist/migrate.js'",
    ),
    Sign(
        id="spawn-enoent",
        weight=Weight.STRONG,
        needle=("spawn", "enoent"),
        pattern=r"spawn [\w./-]+ ENOENT",
        unless=r"spawn (?:ffmpeg|git|pg_dump|pg_restore|convert|magick|gs|chromium|google-chrome|wkhtmltopdf"
        r"|soffice)\b|engine",
        source="nodejs/node lib/internal/child_process.js",
        example="Error: spawn sh ENOENT",
    ),
    Sign(
        id="jar-manifest",
        weight=Weight.STRONG,
        needle=("no main manifest attribute", "could not find or load main class", "main method not found in class"),
        source="openjdk/jdk sun/launcher/resources/launcher.properties",
        example="no main manifest attribute, in app.jar",
    ),
    Sign(
        id="dotnet-command",
        weight=Weight.MODERATE,
        needle=(
            "could not execute because the specified command or file was not found",
            "the command could not be loaded, possibly because",
        ),
        source="dotnet/sdk src/Cli/dotnet",
        example="Could not execute because the specified command or file was not found.",
    ),
)
