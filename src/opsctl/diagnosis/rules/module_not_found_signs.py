"""Messages of runtimes and tools about a library that is not there."""

from opsctl.diagnosis.rule import Sign, Weight

_CJS = "nodejs/node lib/internal/modules/cjs/loader.js"
_ESM = "nodejs/node lib/internal/modules/esm/resolve.js"

# A bare name: not a path, not an alias of the program's own folders, not a package that only holds a native binary.
_BARE = (
    r"(?![./~#]|@/|node:|file:|[a-z]:\\|(?:src|dist|build|app|lib)/)"
    r"(?![^'\"\n]*(?:linux|darwin|win32|freebsd)-?(?:musl-)?(?:x64|arm64|x86_64|aarch64|gnu))"
    r"(?![^'\"\n]*\s)(?![^'\"\n]*\.(?:node|sql|json|ya?ml|ts|mjs)['\"])[\w@][^'\"\n]*"
)

SIGNS_NODE = (
    Sign(
        id="node-bare",
        weight=Weight.DECISIVE,
        needle=("cannot find module", "cannot find package"),
        pattern=rf"Cannot find (?:module|package) ['\"]{_BARE}['\"]",
        unless=r"its corresponding type declarations",
        source=_CJS,
        example="Error: Cannot find module 'express'\nRequire stack:\n- /app/dist/main.js",
    ),
    Sign(
        id="node-inside-package",
        weight=Weight.STRONG,
        needle=("cannot find module", "cannot find package"),
        pattern=r"Cannot find (?:module|package) ['\"](?:file://)?/[^'\"\n ]*/node_modules/[^'\"\n ]+['\"]",
        source=_CJS,
        example="Error: Cannot find module '/app/node_modules/pg/lib/index.js'. "
        'Please verify that the package.json has a valid "main" entry',
    ),
    Sign(
        id="node-relative-in-package",
        weight=Weight.MODERATE,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"]\.{1,2}/[^'\"\n]*['\"]\s+Require stack:\s+- \S*/node_modules/",
        source=_CJS,
        example="Error: Cannot find module './lib/parse'\nRequire stack:\n- /app/node_modules/x/index.js",
    ),
    Sign(
        id="node-alias",
        weight=Weight.STRONG,
        needle=("cannot find module", "cannot find package"),
        pattern=r"Cannot find (?:module|package) ['\"](?:@/|~/|#[\w/]|src/|app/|libs?/)[^'\"\n]*['\"]",
        source=_CJS,
        example="Error: Cannot find module 'src/users/user.entity'\nRequire stack:\n- /app/dist/data-source.js",
    ),
    Sign(
        id="prisma-client-not-generated",
        weight=Weight.STRONG,
        needle=(".prisma/client", "@prisma/client did not initialize yet"),
        pattern=r"Cannot find module ['\"]\.prisma/client|@prisma/client did not initialize yet",
        source="prisma/prisma packages/client/scripts/default-index.ts",
        example='Error: @prisma/client did not initialize yet. Please run "prisma generate" and try to import it '
        "again.",
    ),
    Sign(
        id="typescript-2307",
        weight=Weight.STRONG,
        needle="its corresponding type declarations",
        pattern=rf"Cannot find module ['\"]{_BARE}['\"] or its corresponding type declarations",
        source="microsoft/TypeScript src/compiler/diagnosticMessages.json (2307)",
        example="src/main.ts(1,21): error TS2307: Cannot find module 'pg' or its corresponding type declarations.",
    ),
    Sign(
        id="typeorm-driver-package",
        weight=Weight.DECISIVE,
        needle="package has not been found installed",
        source="typeorm/typeorm src/error/DriverPackageNotInstalledError.ts",
        example='DriverPackageNotInstalledError: Postgres package has not been found installed. Please run "npm '
        'install pg".',
    ),
    Sign(
        id="sequelize-driver-package",
        weight=Weight.DECISIVE,
        needle="package manually",
        pattern=r"Please install '?[\w@/-]+'? package manually",
        source="sequelize/sequelize src/dialects/abstract/connection-manager.js",
        example="Error: Please install pg package manually",
    ),
    Sign(
        id="knex-driver-package",
        weight=Weight.DECISIVE,
        needle="knex: run",
        pattern=r"Knex: run\s+\$ ?(?:npm install|yarn add|pnpm)",
        source="knex/knex lib/client.js",
        example="Knex: run\n$ npm install pg --save\nCannot find module 'pg'",
    ),
    Sign(
        id="drizzle-kit-driver",
        weight=Weight.DECISIVE,
        needle=("please install either", "please install latest version of"),
        pattern=r"To connect to .{0,60}please install either|Please install latest version of ['\"]?drizzle-orm",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/connections.ts",
        example="To connect to Postgres database - please install either of 'pg', 'postgres', "
        "'@neondatabase/serverless' "
        "or '@vercel/postgres' drivers",
    ),
    Sign(
        id="npx-nothing-to-run",
        weight=Weight.STRONG,
        needle=("could not determine executable to run", "npx canceled due to missing packages"),
        source="npm/cli workspaces/libnpmexec/lib",
        example="npm error could not determine executable to run",
    ),
    Sign(
        id="npm-script-tool",
        weight=Weight.STRONG,
        needle="not found",
        pattern=r"^(?:sh|ash|/bin/sh)?:? ?(?:line \d+: |\d+: )?(?:prisma|typeorm|typeorm-ts-node-\w+|knex"
        r"|sequelize(?:-cli)?"
        r"|drizzle-kit|mikro-orm(?:-esm)?|node-pg-migrate|db-migrate|umzug|ts-node|tsx|tsc|nest|next|nuxt|cross-env"
        r"|dotenv"
        r"|dotenvx|env-cmd|nodemon|rimraf|run-s|npm-run-all|turbo|nx|vite|vitest|jest|mocha|babel-node|esbuild|swc"
        r"|strapi"
        r"|medusa|graphile-migrate|migrate-mongo|pm2|concurrently|wait-on|tsconfig-paths): (?:command )?not found",
        unless=r"husky|lefthook",
        source="npm/cli run-script through dash and BusyBox; bash execute_cmd.c",
        example="sh: 1: tsx: not found",
    ),
    Sign(
        id="yarn-state",
        weight=Weight.STRONG,
        needle=("tried to access", "couldn't find the node_modules state file"),
        pattern=r"tried to access \S{1,200}, but it isn't declared|Couldn't find the node_modules state file",
        source="yarnpkg/berry packages/yarnpkg-pnp/sources/loader/makeApi.ts",
        example="Error: Your application tried to access pg, but it isn't declared in your dependencies; this makes "
        "the "
        "require call ambiguous and unsound.",
    ),
    Sign(
        id="deno-bare-import",
        weight=Weight.STRONG,
        needle="relative import path",
        pattern=r"Relative import path ['\"][^'\"]+['\"] not prefixed with / or \./ or \.\./",
        source="denoland/deno import_map errors",
        example='error: Relative import path "postgres" not prefixed with / or ./ or ../',
    ),
    Sign(
        id="pino-transport",
        weight=Weight.DECISIVE,
        needle="unable to determine transport target",
        source="pinojs/pino lib/transport.js",
        example='Error: unable to determine transport target for "pino-pretty"',
    ),
    Sign(
        id="nest-package-missing",
        weight=Weight.DECISIVE,
        needle="package is missing. please, make sure",
        source="nestjs/nest packages/common/utils/load-package.util.ts",
        example='[PackageLoader] The "class-validator" package is missing. Please, make sure to install it to take '
        "advantage "
        "of ValidationPipe.",
    ),
)

SIGNS_PYTHON = (
    Sign(
        id="tool-of-a-package",
        weight=Weight.MODERATE,
        needle=("not found",),
        pattern=r"(?:^|[:\s])(?:gunicorn|uvicorn|hypercorn|alembic|flask|celery|django-admin|aerich|yoyo|dbt|poetry|uv|pipenv"
        r"|prisma|knex|sequelize|sequelize-cli|typeorm|drizzle-kit|tsx|ts-node|nest|mikro-orm|node-pg-migrate|db-migrate"
        r"|rails|rake|bundle|hanami): (?:command )?not found",
        source="dash, bash and BusyBox; commands that packages of pip, npm and gem install",
        example="/bin/sh: 1: gunicorn: not found",
    ),
    Sign(
        id="python-no-module",
        weight=Weight.DECISIVE,
        needle="no module named",
        pattern=r"No module named ['\"]?(?!_(?:ctypes|sqlite3|lzma|bz2|ssl|tkinter|curses|uuid)\b|distutils\b|imp\b"
        r"|psycopg_c\b)"
        r"[\w.-]+",
        unless=r"no pq wrapper available",
        source="python/cpython Lib/importlib/_bootstrap.py",
        example="ModuleNotFoundError: No module named 'app'",
    ),
    Sign(
        id="python-removed-module",
        weight=Weight.STRONG,
        needle="no module named",
        pattern=r"No module named ['\"]?(?:distutils|imp)\b",
        source="docs.python.org/3/whatsnew/3.12.html",
        example="ModuleNotFoundError: No module named 'distutils'",
    ),
    Sign(
        id="python-relative-import",
        weight=Weight.STRONG,
        needle=("attempted relative import", "parent module"),
        pattern=r"attempted relative import (?:with no known parent package|in non-package|beyond top-level package)"
        r"|Parent module .{0,80} not loaded, cannot perform relative import",
        source="python/cpython Python/import.c",
        example="ImportError: attempted relative import with no known parent package",
    ),
    Sign(
        id="python-cannot-import-name",
        weight=Weight.MODERATE,
        needle="cannot import name",
        unless=r"most likely due to a circular import|partially initialized module",
        source="python/cpython Python/ceval.c",
        example="ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/usr/lib/werkzeug/urls.py)",
    ),
    Sign(
        id="django-driver",
        weight=Weight.DECISIVE,
        needle="error loading",
        pattern=r"Error loading (?:psycopg2?(?: or psycopg)?|MySQLdb|cx_Oracle|oracledb|pyodbc) module",
        source="django/django django/db/backends/*/base.py",
        example="django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 or psycopg module",
    ),
    Sign(
        id="python-needs-install",
        weight=Weight.STRONG,
        needle=("please install it", "pip install", "is not installed", "missing optional dependency"),
        pattern=r"(?:ImportError|ModuleNotFoundError|RuntimeError|ImproperlyConfigured)\b.{0,200}"
        r"(?:pip3? install|please install|is not installed|Missing optional dependency)",
        source="pandas-dev/pandas pandas/compat/_optional.py; sqlalchemy/sqlalchemy lib/sqlalchemy/util/concurrency.py",
        example="ImportError: Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.",
    ),
    Sign(
        id="sqlalchemy-greenlet",
        weight=Weight.STRONG,
        needle="the greenlet library is required",
        source="sqlalchemy/sqlalchemy lib/sqlalchemy/util/concurrency.py",
        example="ValueError: the greenlet library is required to use this function. No module named 'greenlet'",
    ),
    Sign(
        id="sqlalchemy-dialect-plugin",
        weight=Weight.MODERATE,
        needle="can't load plugin: sqlalchemy.dialects",
        pattern=r"Can't load plugin: sqlalchemy\.dialects:(?!postgres\b|driver\b)",
        source="sqlalchemy/sqlalchemy lib/sqlalchemy/util/langhelpers.py",
        example="sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:bigquery",
    ),
    Sign(
        id="python-distribution",
        weight=Weight.DECISIVE,
        needle=("packagenotfounderror", "distributionnotfound"),
        source="python/cpython Lib/importlib/metadata/__init__.py; pypa/setuptools pkg_resources",
        example="importlib.metadata.PackageNotFoundError: No package metadata was found for alembic",
    ),
    Sign(
        id="spacy-model",
        weight=Weight.MODERATE,
        needle="[e050] can't find model",
        source="explosion/spaCy spacy/errors.py",
        example="OSError: [E050] Can't find model 'en_core_web_sm'. It doesn't seem to be a Python package or a valid "
        "path",
    ),
    Sign(
        id="gunicorn-worker-class",
        weight=Weight.STRONG,
        needle="class uri",
        pattern=r"class uri ['\"][^'\"]+['\"] invalid or not found",
        source="benoitc/gunicorn gunicorn/util.py",
        example="Error: class uri 'uvicorn.workers.UvicornWorker' invalid or not found:",
    ),
    Sign(
        id="asgi-import",
        weight=Weight.STRONG,
        needle=("could not import module", "could not import '"),
        pattern=r"Error loading ASGI app\. Could not import module|Could not import '[\w.]+'",
        source="encode/uvicorn uvicorn/importer.py; pallets/flask src/flask/cli.py",
        example='ERROR:    Error loading ASGI app. Could not import module "main".',
    ),
)
