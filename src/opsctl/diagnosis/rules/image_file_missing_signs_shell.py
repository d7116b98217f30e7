"""Messages of shells, their tools and hand-written checks about a file that is not in the image."""

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.image_file_missing_signs import NOT_OF_IMAGE

# What is mounted or made at run time, even for a script.
_NOT_OF_IMAGE_SCRIPT = r"(?!/(?:cloudsql|secrets?|proc|sys|dev|run|var/run|mnt|etc/secrets)/)"

SIGNS_SHELL = (
    Sign(
        id="shell-script-file",
        weight=Weight.STRONG,
        needle=("no such file or directory", "can't open", "cannot open"),
        pattern=rf"^(?:/bin/)?(?:sh|bash|ash|dash|source|\.)(?:: line \d+"
        rf"|: \d+)?:? (?:cannot (?:open|stat|access) "
        rf"|can't (?:open|stat) |0: [Cc]an(?:no"
        rf"|')t open )?['\"‘]?{NOT_OF_IMAGE}[\w./-]*[./][\w./-]+['\"’]?(?::? (?:No such file"
        rf"|not found)|$)",
        unless=r"\.sock\b",
        source="BusyBox shell/ash.c; bash; GNU coreutils",
        example="/bin/sh: can't open 'scripts/migrate.sh': No such file or directory",
    ),
    Sign(
        id="shell-cd",
        weight=Weight.STRONG,
        needle=("can't cd to", "cd: "),
        pattern=r"cd: can't cd to |\bcd: /?[\w./-]{1,200}: No such file or directory",
        source="dash src/cd.c; bash builtins/cd.def",
        example="/bin/sh: 1: cd: can't cd to /srv/app",
    ),
    Sign(
        id="script-of-a-script",
        weight=Weight.STRONG,
        needle=("no such file or directory", "can't open", "cannot open"),
        pattern=r"^(?!(?:\S{0,200}/)?(?:sh|bash|ash|dash|zsh|cat|cp|mv|ls|tail|head|grep|sed|awk|find|rm|chmod"
        r"|chown|tar|psql|env): )[\w./@-]{1,200}: (?:line )?(?:\d+: )?"
        r"(?:(?:\.|source)(?::| ) ?)?(?:line \d+: )?(?:[Cc]an(?:no|')t open )?"
        rf"['\"]?(?:{NOT_OF_IMAGE}|(?=\S{{1,300}}\.(?:sh|bash|env|py|js|sql|conf|rb|pl)\b)){_NOT_OF_IMAGE_SCRIPT}"
        r"[\w./@-]*[./][\w./@-]+['\"]?(?:: No such file or directory|$)",
        unless=r"\.(?:sock|log|pid|lock|tmp)\b|: \w+: (?:cannot|can't) (?:create|touch|remove)",
        source="bash error.c; dash src/input.c; BusyBox shell/ash.c",
        example="/opt/backup/run.sh: line 50: /tmp/lib/common.sh: No such file or directory",
    ),
    Sign(
        id="tool-cannot-stat",
        weight=Weight.MODERATE,
        needle=("cannot stat", "cannot access", "can't stat", "cannot open", "can't open", "no such file or directory"),
        pattern=rf"^(?:cp|mv|ls|chmod|chown|install|tar|cat|sed|awk|envsubst|find|head|tail|source|ln|rsync): .{{0,40}}"
        rf"(?:cannot|can't) (?:stat|access|open) (?:['‘]{NOT_OF_IMAGE}|\S{{1,300}} \(No such file)"
        rf"|^(?:cat|cp|mv|ls|tail|head|grep|sed|find"
        rf"|tar): ['‘]?{NOT_OF_IMAGE}[\w./*-]*[./][\w./*-]+['’]?: No such file",
        unless=r"\.(?:sock|log|pid|lock|tmp)['’]",
        source="GNU coreutils; BusyBox",
        example="cp: cannot stat '/opt/overlay/*': No such file or directory",
    ),
    Sign(
        id="named-file-missing",
        weight=Weight.STRONG,
        needle=("not found", "does not exist", "doesn't exist", "not a valid directory", "is missing"),
        pattern=r"\b(?:[Cc]onfig(?:uration)?(?: file)?|[Ss]cript|[Tt]emplate|[Ss]chema(?: file)?|[Mm]igrations? "
        r"(?:folder|directory|dir|path|file|script)|[Ff]older|[Dd]irectory|[Ff]ile|[Pp]ath|[Mm]anifest"
        r"|[Mm]odel(?: file)?"
        rf"|[Ss]eed(?: file)?|[Bb]undle)(?: not found)?:? ['\"`]?{NOT_OF_IMAGE}(?!https?:|gs:"
        rf"|s3:)(?:\.{{0,2}}/[\w./@-]+"
        r"|[\w./@-]+\.(?:[cm]?[jt]s|py|rb|php|sql|ya?ml|json|toml|ini|conf|cfg|xml|csv|prisma|hcl|jar|dll|exs?|ejs|html))"
        r"['\"`]?(?: (?:was |is |could |does |do )?(?:not (?:be )?found|not exist|doesn't exist|missing)|$)",
        unless=r"DefaultCredentials|\b(?:warn(?:ing)?|info|debug|notice)\b|creating|skipp|ignor|using default"
        r"|fall(?:ing)? ?back"
        r"|certificate|optional|\bgs:|\bs3:"
        r"|bucket|HTTP|\b404\b|upload|download",
        source="Unitech/pm2 lib/API.js; common words of hand-written checks",
        example="[PM2][ERROR] Script not found: /usr/src/app/dist/index.js",
    ),
    Sign(
        id="own-file-not-found",
        weight=Weight.STRONG,
        needle=(
            "a file named",
            "make sure the",
            "make sure that the",
            "filenotfounderror: ",
            "file not found",
            "can't read",
            "cannot read",
            "can't find",
            "cannot find",
            "could not find",
        ),
        pattern=r"^(?:[\w.]{0,60}\.)?FileNotFoundError: (?!\[Errno|\[WinError)\S"
        r"|^(?:.{0,80}\W)?(?:config(?:uration)?|settings|schema|template|model|manifest|seed|fixture"
        r"|migration)s? files? not found"
        rf"|\b(?:can't|can ?not|could not|unable to) (?:read|find|locate|load"
        rf"|open) (?:the )?(?:\w{{1,20}} ){{0,2}}file:? "
        rf"['\"`]?{NOT_OF_IMAGE}(?!https?:|gs:|s3:)[\w@-]*[./]+[\w@-][\w./@-]*"
        r"|\b[Mm]ake sure (?:that )?the (?:\w{1,20} )?(?:file|directory|folder) \S{1,200} (?:exists|is present)\b"
        r"|\b(?:provide|create|add|missing|requires?) an? (?:\w{1,20} )?file named [\w./-]+\.\w",
        unless=r"\b(?:warn(?:ing)?|info|debug|notice)\b|creating|skipp|ignor|using default|fall(?:ing)? ?back|optional|gs://|s3://|bucket",
        source="python/cpython Lib/builtins (raised with words of the program); common words of hand-written checks",
        example="FileNotFoundError: Configuration file not found at config.yaml",
    ),
    Sign(
        id="doctrine-directory",
        weight=Weight.DECISIVE,
        needle="because it is not a valid directory",
        pattern=r"Cannot load (?:migrations|fixtures|\w+) from \"[^\"]+\" because it is not a valid directory",
        source="doctrine/migrations src/Finder/Exception/InvalidDirectory.php",
        example='Cannot load migrations from "/var/www/html/migrations" because it is not a valid directory.',
    ),
    Sign(
        id="google-credentials-file",
        weight=Weight.MODERATE,
        needle=("was not found", "does not exist, or it is not a file"),
        pattern=r"DefaultCredentialsError: File \S+ was not found|The file at \S+ does not exist, or it is not a file",
        source="googleapis/google-auth-library-python google/auth/_default.py; google-auth-library-nodejs "
        "googleauth.ts",
        example="google.auth.exceptions.DefaultCredentialsError: File /keys/app.json was not found.",
    ),
)
