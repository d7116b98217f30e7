"""Messages of runtimes about a file of the program that is not in the image."""

from opsctl.diagnosis.rule import Sign, Weight

# Sockets, mounted secrets, kernel files and scratch folders are not built into an image.
NOT_OF_IMAGE = r"(?!/(?:cloudsql|secrets?|tmp|proc|sys|dev|run|var/run|mnt|etc/secrets|root/\.|nonexistent)(?:/|['\"]))"
_JS = "nodejs/node lib/internal/modules/cjs/loader.js"

SIGNS_NODE = (
    Sign(
        id="node-own-path",
        weight=Weight.DECISIVE,
        needle="cannot find module",
        pattern=rf"Cannot find module ['\"](?:file://)?{NOT_OF_IMAGE}/(?![^'\"\n]*/node_modules/)"
        r"[^'\"\n ]+['\"]",
        unless=r"Cannot find module ['\"](?:file://)?/[^'\"\n]+['\"] imported from"
        r"|/(?:npm|npx|yarn|pnpm|sh|bash|node|bun|deno|python3?|prisma|knex|typeorm|tsx|ts-node)['\"]",
        source=_JS,
        example="Error: Cannot find module '/app/dist/migrate.js'\n    at Module._resolveFilename "
        "{\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []\n}",
    ),
    Sign(
        id="node-own-path-esm",
        weight=Weight.STRONG,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"](?:file://)?/(?![^'\"\n]*/node_modules/)[^'\"\n]+\.(?:m"
        r"|c)?js(?:on)?['\"] imported from "
        r"(?!\S+\.(?:m|c)?ts\b)",
        source="nodejs/node lib/internal/modules/esm/resolve.js",
        example="Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/dist/jobs/sync.js' imported from "
        "/app/dist/main.js",
    ),
    Sign(
        id="node-entry-esm",
        weight=Weight.DECISIVE,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"](?:file://)?/(?![^'\"\n]*/node_modules/)[^'\"\n ]+['\"] imported from (?:file://)?/(?:\S*/)?$",
        source="nodejs/node lib/internal/modules/esm/resolve.js (the entry has no importing file)",
        example="Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/dist/server.js' imported from /app/",
    ),
    Sign(
        id="node-relative",
        weight=Weight.STRONG,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"]\.{1,2}/(?![^'\"\n]*(?:build/Release|\.node['\"]))[^'\"\n]*['\"]",
        unless=r"its corresponding type declarations|imported from \S+\.(?:m|c)?ts\b"
        r"|Require stack:\s+- \S*/node_modules/",
        source=_JS,
        example="Error: Cannot find module './config/database'\nRequire stack:\n- /app/dist/main.js",
    ),
    Sign(
        id="deno-bun-module",
        weight=Weight.DECISIVE,
        needle="module not found",
        pattern=r"(?:error: )?Module not found ['\"](?:file://)?[^'\"\n]+\.(?:[mc]?[jt]sx?|json)['\"]",
        source="denoland/deno cli/graph_util.rs; oven-sh/bun src/bun.js",
        example='error: Module not found "file:///app/src/migrate.ts".',
    ),
    Sign(
        id="node-enoent",
        weight=Weight.STRONG,
        needle=("enoent: no such file or directory", "enoent, no such file"),
        pattern=rf"ENOENT: no such file or directory, (?:open|scandir|stat|lstat|access|opendir|copyfile|readlink) "
        rf"\\?['\"]{NOT_OF_IMAGE}[^'\"\n]+",
        unless=r"(?:uploads?|cache|logs?|\.npm|_logs|\.lock)/|\.env['\"]|warn(?:ing)?\b",
        source="libuv/libuv include/uv.h through nodejs/node lib/internal/errors.js",
        example="Error: ENOENT: no such file or directory, scandir '/app/dist/database/migrations'",
    ),
    Sign(
        id="dotenv-enoent",
        weight=Weight.MODERATE,
        needle=".env",
        pattern=r"ENOENT: no such file or directory, open ['\"][^'\"]*\.env[\w.]*['\"]|\.env[\w.]*:? not found",
        unless=r"warn|ignor|skip|optional|using (?:process|system) env|injecting env \(0\)",
        source="motdotla/dotenv lib/main.js",
        example="Error: ENOENT: no such file or directory, open '/app/.env'",
    ),
    Sign(
        id="package-json",
        weight=Weight.DECISIVE,
        needle=("package.json", "package json"),
        pattern=r"(?:Could not read package\.json|ENOENT.{0,120}package\.json|Couldn't find a package\.json file in"
        r"|ERR_PNPM_NO_(?:IMPORTER_MANIFEST_FOUND|PKG_MANIFEST)\s+No package\.json|No package\.json was found)",
        source="npm/cli lib/utils/error-message.js; yarnpkg/yarn src/cli/index.js; pnpm/pnpm",
        example="npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open "
        "'/workspace/package.json'",
    ),
    Sign(
        id="next-build",
        weight=Weight.DECISIVE,
        needle=("could not find a production build", "could not find a valid build in the"),
        source="vercel/next.js packages/next/src/server/next-server.ts",
        example="Error: Could not find a production build in the '.next' directory. Try building your app with 'next "
        "build' "
        "before starting the production server.",
    ),
    Sign(
        id="tsconfig",
        weight=Weight.STRONG,
        needle=("error ts5083", "error ts18003", "error ts6053", "error ts5058", "error ts5057"),
        source="microsoft/TypeScript src/compiler/diagnosticMessages.json",
        example="error TS5083: Cannot read file '/app/tsconfig.json'.",
    ),
    Sign(
        id="browser-not-fetched",
        weight=Weight.STRONG,
        needle=(
            "executable doesn't exist at",
            "could not find chrome (ver",
            "could not find chromium (rev",
            "browser was not found at the configured",
        ),
        source="microsoft/playwright packages/playwright-core/src/server/registry/index.ts; puppeteer/puppeteer",
        example="browserType.launch: Executable doesn't exist at "
        "/root/.cache/ms-playwright/chromium-1091/chrome-linux/chrome",
    ),
)

SIGNS_PYTHON = (
    Sign(
        id="python-script",
        weight=Weight.DECISIVE,
        needle="can't open file",
        pattern=r"can't open file ['\"][^'\"\n ]+['\"]: \[Errno 2\]",
        source="python/cpython Modules/main.c",
        example="python: can't open file '/app/manage.py': [Errno 2] No such file or directory",
    ),
    Sign(
        id="python-errno-2",
        weight=Weight.STRONG,
        needle=("[errno 2] no such file or directory", "filenotfounderror"),
        pattern=rf"\[Errno 2\] No such file or directory: b?['\"]{NOT_OF_IMAGE}[^'\"\n]*[/.][^'\"\n]*['\"]",
        unless=r"\.(?:log|pid|lock|sock|tmp)['\"]|subprocess\.py",
        source="python/cpython Objects/exceptions.c",
        example="FileNotFoundError: [Errno 2] No such file or directory: 'sql/001_init.sql'",
    ),
    Sign(
        id="nltk-resource",
        weight=Weight.DECISIVE,
        needle="please use the nltk downloader to obtain the resource",
        source="nltk/nltk nltk/data.py",
        example="LookupError: Resource punkt not found.\n  Please use the NLTK Downloader to obtain the resource:",
    ),
    Sign(
        id="model-not-fetched",
        weight=Weight.STRONG,
        needle=(
            "can't load tokenizer for",
            "[e050] can't find model",
            "does not appear to have a file named",
            "error no file named",
        ),
        source="huggingface/transformers src/transformers/utils/hub.py; explosion/spaCy spacy/errors.py",
        example="OSError: Can't load tokenizer for '/models/encoder'. If you were trying to load it from "
        "'https://huggingface.co/models', make sure you don't have a local directory with the same name.",
    ),
    Sign(
        id="git-lfs-pointer",
        weight=Weight.STRONG,
        needle=("invalid load key, 'v'", "version https://git-lfs.github.com/spec", "git-lfs.github.com/spec/v1"),
        source="git-lfs/git-lfs docs/spec.md",
        example="_pickle.UnpicklingError: invalid load key, 'v'.",
    ),
    Sign(
        id="django-template-fixture",
        weight=Weight.STRONG,
        needle=(
            "templatedoesnotexist",
            "no fixture named",
            "jinja2.exceptions.templatenotfound",
            "missing staticfiles manifest entry",
        ),
        source="django/django django/template/exceptions.py, django/core/management/commands/loaddata.py",
        example="django.template.exceptions.TemplateDoesNotExist: mail/report.html",
    ),
    Sign(
        id="relative-folder-file",
        weight=Weight.MODERATE,
        needle=("templatesyntaxerror", "no such file", "notadirectoryerror"),
        pattern=r"(?:fixtures?|templates?|sql|migrations?|schemas?|config|assets"
        r"|resources)/[\w./-]+['\"]?:? (?:No such file|not found)",
        source="python/cpython Objects/exceptions.c",
        example="could not read migrations/0001_init.sql: No such file or directory",
    ),
)

SIGNS_OTHERS = (
    Sign(
        id="jar",
        weight=Weight.DECISIVE,
        needle="unable to access jarfile",
        source="openjdk/jdk java.base share/native/libjli/emessages.h",
        example="Error: Unable to access jarfile /app/app.jar",
    ),
    Sign(
        id="jvm-file-not-found",
        weight=Weight.STRONG,
        needle=("filenotfoundexception", "nosuchfileexception"),
        pattern=rf"(?:FileNotFoundException|NoSuchFileException): {NOT_OF_IMAGE}(?!class path|https?:)[\w./ -]+",
        unless=r"\.log\b|Permission denied|Could not load file or assembly",
        source="openjdk/jdk java.base java/io/FileInputStream.java",
        example="java.io.FileNotFoundException: config/application.yml (No such file or directory)",
    ),
    Sign(
        id="jvm-classpath-resource",
        weight=Weight.STRONG,
        needle=(
            "cannot be opened because it does not exist",
            "could not be found in classpath",
            "config data resource",
        ),
        pattern=r"class path resource \[[^\]]+\] cannot be opened because it does not exist"
        r"|Config data resource .{0,200} (?:does not exist|cannot be found)",
        source="spring-projects/spring-framework ClassPathResource.java; spring-boot "
        "ConfigDataResourceNotFoundException.java",
        example="java.io.FileNotFoundException: class path resource [db/seed.csv] cannot be opened because it does not "
        "exist",
    ),
    Sign(
        id="dotnet-application",
        weight=Weight.STRONG,
        needle=(
            "you intended to execute a .net application",
            "you intended to execute a .net core application",
            "does not exist",
            "it was not possible to find any installed .net core sdks",
        ),
        pattern=r"(?:The )?application ['\"]?[\w./-]+(?:\.dll)?['\"]? (?:to execute )?does not exist"
        r"|The application to execute does not exist"
        r"|It was not possible to find any installed \.NET Core SDKs",
        source="dotnet/runtime src/native/corehost/fxr/fx_muxer.cpp",
        example="The application to execute does not exist: '/app/Migrate.dll'.",
    ),
    Sign(
        id="dotnet-appsettings",
        weight=Weight.DECISIVE,
        needle="was not found and is not optional",
        source="dotnet/runtime Microsoft.Extensions.Configuration.FileExtensions Strings.resx",
        example="System.IO.FileNotFoundException: The configuration file 'appsettings.json' was not found and is not "
        "optional.",
    ),
    Sign(
        id="dotnet-file",
        weight=Weight.STRONG,
        needle=("could not find file '", "could not find a part of the path '"),
        pattern=rf"Could not find (?:file|a part of the path) ['\"]{NOT_OF_IMAGE}",
        source="dotnet/runtime System.Private.CoreLib Strings.resx (IO_FileNotFound_FileName)",
        example="System.IO.FileNotFoundException: Could not find file '/app/Scripts/0001.sql'.",
    ),
    Sign(
        id="ruby-own-file",
        weight=Weight.STRONG,
        needle=("cannot load such file -- /", "@ rb_sysopen", "no such file or directory @"),
        pattern=rf"cannot load such file -- /(?!\S*/gems/)|No such file or directory @ (?:rb_sysopen|dir_initialize"
        rf"|rb_file_s_\w+) - "
        rf"{NOT_OF_IMAGE}",
        unless=r"\.(?:log|pid|sock)\b|libpq",
        source="ruby/ruby load.c, io.c",
        example="cannot load such file -- /app/config/environment (LoadError)",
    ),
    Sign(
        id="bundler-gemfile",
        weight=Weight.DECISIVE,
        needle=(
            "could not locate gemfile",
            "no rakefile found (looking for",
            "could not load database configuration. no such file",
        ),
        source="rubygems/rubygems bundler/lib/bundler/errors.rb; ruby/rake lib/rake/application.rb; rails railties",
        example="Could not locate Gemfile or .bundle/ directory",
    ),
    Sign(
        id="rails-schema-file",
        weight=Weight.DECISIVE,
        needle="doesn't exist yet. run `",
        pattern=r"(?:schema\.rb|structure\.sql)\S* doesn't exist yet\.",
        source="rails/rails activerecord/lib/active_record/tasks/database_tasks.rb",
        example="/app/db/schema.rb doesn't exist yet. Run `bin/rails db:migrate` to create it, then try again.",
    ),
    Sign(
        id="asset-manifest",
        weight=Weight.STRONG,
        needle=(
            "vite manifest not found at",
            "is not present in the asset pipeline",
            "unable to locate mix file",
            "mix manifest does not exist",
        ),
        source="laravel/framework src/Illuminate/Foundation/Vite.php; rails/sprockets-rails",
        example="Vite manifest not found at: /var/www/public/build/manifest.json",
    ),
    Sign(
        id="php-input-file",
        weight=Weight.DECISIVE,
        needle="could not open input file:",
        source="php/php-src sapi/cli/php_cli.c",
        example="Could not open input file: artisan",
    ),
    Sign(
        id="php-stream",
        weight=Weight.STRONG,
        needle="failed to open stream: no such file or directory",
        pattern=r"(?:require"
        r"|include)(?:_once)?\((?![^)]*vendor/(?!composer/\.\.))[^)\n]+\): Failed to open stream: No such file"
        r"|Failed opening required "
        r"['\"](?![^'\"]*vendor/(?!composer/\.\.))",
        source="php/php-src main/streams/plain_wrapper.c",
        example="PHP Fatal error:  Uncaught Error: require(/var/www/bootstrap/app.php): Failed to open stream: "
        "No such file or directory",
    ),
    Sign(
        id="go-open",
        weight=Weight.STRONG,
        needle="no such file or directory",
        pattern=r"\b(?:open|stat|lstat|readdirent|read) (?!/(?:cloudsql|secrets?|tmp|proc|sys|dev|run|var/run"
        r"|etc)/)[\w./-]*[\w-]: "
        r"no such file or directory",
        unless=r"fork/exec|exec:|\.sock\b|level=(?:warn|info|debug)|\.env: no such",
        source="golang/go src/io/fs/fs.go (PathError)",
        example="panic: open config/prod.yaml: no such file or directory",
    ),
    Sign(
        id="viper-config",
        weight=Weight.DECISIVE,
        needle="not found in",
        pattern=r'Config File "[^"]+" Not Found in "',
        unless=r"using (?:env|default)",
        source="spf13/viper viper.go",
        example='Fatal error config file: Config File "config" Not Found in "[/app /etc/app]"',
    ),
    Sign(
        id="go-template-glob",
        weight=Weight.DECISIVE,
        needle="pattern matches no files",
        source="golang/go src/html/template/template.go",
        example="panic: html/template: pattern matches no files: `templates/*.html`",
    ),
    Sign(
        id="rust-os-error-2",
        weight=Weight.MODERATE,
        needle=("(os error 2)", "code: 2, kind: notfound"),
        source="rust-lang/rust library/std/src/io/error.rs",
        example="Error: No such file or directory (os error 2)",
    ),
    Sign(
        id="make-makefile",
        weight=Weight.STRONG,
        needle="no targets specified and no makefile found",
        source="GNU make src/main.c",
        example="make: *** No targets specified and no makefile found.  Stop.",
    ),
)
