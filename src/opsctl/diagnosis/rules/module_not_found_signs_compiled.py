"""Messages of the JVM, .NET, Ruby, PHP, Go, Elixir and Perl about a library that is not there."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_JVM = (
    Sign(
        id="jvm-class-not-found",
        weight=Weight.STRONG,
        needle=("classnotfoundexception", "noclassdeffounderror"),
        pattern=r"(?:ClassNotFoundException|NoClassDefFoundError): (?!Could not initialize class)[\w$./]+",
        unless=r"Could not find or load main class|^[ \t]*(?:DEBUG|TRACE)\b",
        source="openjdk/jdk java.base java/lang/ClassNotFoundException.java",
        example='Exception in thread "main" java.lang.NoClassDefFoundError: org/postgresql/Driver',
    ),
    Sign(
        id="jvm-driver-class",
        weight=Weight.DECISIVE,
        needle=(
            "cannot load driver class",
            "failed to load driver class",
            "cannot find database driver",
            "unable to instantiate jdbc driver",
        ),
        pattern=r"Cannot load driver class:|Failed to load driver class \S+ in either of|Cannot find database driver:"
        r"|Unable to instantiate JDBC driver:",
        source="spring-projects/spring-boot DataSourceProperties; brettwooldridge/HikariCP HikariConfig; "
        "liquibase DatabaseFactory; flyway DriverDataSource",
        example="java.lang.IllegalStateException: Cannot load driver class: org.postgresql.Driver",
    ),
    Sign(
        id="jvm-no-suitable-driver",
        weight=Weight.STRONG,
        needle="no suitable driver",
        pattern=r"No suitable driver(?: found for jdbc:)?",
        unless=r"No suitable driver found for (?!jdbc:)",
        source="openjdk/jdk java.sql java/sql/DriverManager.java",
        example="java.sql.SQLException: No suitable driver found for jdbc:postgresql://10.0.0.3:5432/app",
    ),
    Sign(
        id="flyway-database-module",
        weight=Weight.STRONG,
        needle=("no database found to handle jdbc:", "unsupported database:"),
        pattern=r"No database found to handle jdbc:(?:postgresql|mysql|mariadb|sqlserver|oracle|sqlite|snowflake"
        r"|cockroach)"
        r"|Unsupported Database: (?:PostgreSQL|MySQL|MariaDB|Microsoft SQL Server|Oracle)",
        source="flyway/flyway flyway-core DatabaseTypeRegister.java",
        example="org.flywaydb.core.api.FlywayException: Unsupported Database: PostgreSQL 16.2",
    ),
    Sign(
        id="jvm-main-class",
        weight=Weight.MODERATE,
        needle="could not find or load main class",
        source="openjdk/jdk sun/launcher/resources/launcher.properties",
        example="Error: Could not find or load main class com.example.Migrate",
    ),
)

SIGNS_DOTNET = (
    Sign(
        id="dotnet-assembly",
        weight=Weight.DECISIVE,
        needle="could not load file or assembly",
        unless=r"incorrect format|not a valid Win32|BadImageFormat|\.resources,",
        source="dotnet/runtime src/coreclr/dlls/mscorrc/mscorrc.rc",
        example="System.IO.FileNotFoundException: Could not load file or assembly 'Npgsql, Version=8.0.0.0, "
        "Culture=neutral, "
        "PublicKeyToken=5d8b90d52f46fda7'. The system cannot find the file specified.",
    ),
    Sign(
        id="dotnet-deps-json",
        weight=Weight.STRONG,
        needle="an assembly specified in the application dependencies manifest",
        source="dotnet/runtime src/native/corehost/hostpolicy/deps_resolver.cpp",
        example="Error:\n  An assembly specified in the application dependencies manifest (migrate.deps.json) was not "
        "found:",
    ),
    Sign(
        id="dotnet-ef-missing",
        weight=Weight.STRONG,
        needle="dotnet-ef does not exist",
        source="dotnet/sdk src/Cli/dotnet CommandResolver strings",
        example="* You intended to execute a .NET program, but dotnet-ef does not exist.",
    ),
    Sign(
        id="ef-design-package",
        weight=Weight.STRONG,
        needle="doesn't reference microsoft.entityframeworkcore.design",
        source="dotnet/efcore src/ef/Properties/Resources.resx",
        example="Your startup project 'Api' doesn't reference Microsoft.EntityFrameworkCore.Design. This package is "
        "required "
        "for the Entity Framework Core Tools to work.",
    ),
)

SIGNS_OTHERS = (
    Sign(
        id="ruby-load",
        weight=Weight.DECISIVE,
        needle="cannot load such file",
        pattern=r"cannot load such file -- (?!/)(?!pg_ext|nokogiri/nokogiri|\S*\.so\b)[\w./-]+",
        source="ruby/ruby load.c",
        example="cannot load such file -- pg (LoadError)",
    ),
    Sign(
        id="ruby-gem-path",
        weight=Weight.STRONG,
        needle="cannot load such file -- /",
        pattern=r"cannot load such file -- /\S{0,300}/gems/\S",
        source="rubygems/rubygems lib/rubygems.rb (a binstub of a gem that is not there)",
        example="/usr/local/bundle/bin/bundle:23:in `load': cannot load such file -- "
        "/usr/local/bundle/gems/bundler-2.2.22/exe/bundle (LoadError)",
    ),
    Sign(
        id="bundler-gem-missing",
        weight=Weight.DECISIVE,
        needle=("in locally installed gems", "in any of the sources", "bundler::gemnotfound", "gem::missingspecerror"),
        pattern=r"Could not find .{1,200} in (?:locally installed gems|any of the sources)|Bundler::GemNotFound"
        r"|Gem::MissingSpecError",
        source="rubygems/rubygems bundler/lib/bundler/spec_set.rb",
        example="Could not find pg-1.5.4 in locally installed gems (Bundler::GemNotFound)",
    ),
    Sign(
        id="bundler-command",
        weight=Weight.STRONG,
        needle="bundler: command not found:",
        source="rubygems/rubygems bundler/lib/bundler/cli/exec.rb",
        example="bundler: command not found: rails\nInstall missing gem executables with `bundle install`",
    ),
    Sign(
        id="rails-adapter-gem",
        weight=Weight.DECISIVE,
        needle=("but the gem is not loaded", "is not part of the bundle. add it to your gemfile"),
        source="rails/rails activerecord/lib/active_record/connection_adapters.rb",
        example="Specified 'postgresql' for database adapter, but the gem is not loaded. Add `gem 'pg'` to your "
        "Gemfile",
    ),
    Sign(
        id="php-class",
        weight=Weight.STRONG,
        needle="not found",
        pattern=r"(?:Uncaught Error|Fatal error|Error|ClassNotFoundError).{0,80}(?:Class|Interface"
        r"|Trait) ['\"](?!Redis\b|Imagick\b"
        r"|NumberFormatter\b|IntlDateFormatter\b|Collator\b|ZipArchive\b|DOMDocument\b|SoapClient\b|MongoDB\\\\?Driver)"
        r"[\w\\]+['\"] not found",
        source="php/php-src Zend/zend_execute_API.c",
        example='PHP Fatal error:  Uncaught Error: Class "Doctrine\\DBAL\\Driver" not found in /app/bin/migrate.php:12',
    ),
    Sign(
        id="php-autoload",
        weight=Weight.DECISIVE,
        needle="vendor/autoload.php",
        pattern=r"vendor/autoload\.php\S*.{0,40}(?:failed to open stream|No such file)"
        r"|(?:failed to open stream|Failed opening required).{0,120}vendor/autoload\.php",
        source="php/php-src main/main.c; getcomposer.org/doc/01-basic-usage.md",
        example="PHP Warning:  require(/var/www/vendor/autoload.php): Failed to open stream: No such file or directory "
        "in "
        "/var/www/artisan on line 18",
    ),
    Sign(
        id="php-vendor-file",
        weight=Weight.STRONG,
        needle="vendor/",
        pattern=r"(?:require|include)(?:_once)?\([^)\n]{0,200}vendor/(?!composer/\.\.|autoload)[^)\n]{1,200}\): "
        r"Failed to open stream|Failed opening required ['\"][^'\"\n]{0,200}vendor/(?!composer/\.\.|autoload)",
        source="php/php-src main/main.c; composer/composer src/Composer/Autoload/ClassLoader.php",
        example="include(/app/vendor/laravel/framework/src/Illuminate/Support/Str.php): Failed to open stream: No such "
        "file or directory",
    ),
    Sign(
        id="composer-not-installed",
        weight=Weight.DECISIVE,
        needle=(
            "please run composer install",
            'run "composer install"',
            "try running composer install",
            "dependencies are missing",
        ),
        source="symfony/recipes bin/console",
        example='LogicException: Dependencies are missing. Try running "composer install".',
    ),
    Sign(
        id="go-driver-not-linked",
        weight=Weight.DECISIVE,
        needle="forgotten import?",
        pattern=r"sql: unknown driver \"[^\"]*\" \(forgotten import",
        source="golang/go src/database/sql/sql.go",
        example='sql: unknown driver "postgres" (forgotten import?)',
    ),
    Sign(
        id="go-modules",
        weight=Weight.DECISIVE,
        needle=("no required module provides package", "cannot find module providing package", "missing go.sum entry"),
        source="golang/go src/cmd/go/internal/modload/import.go",
        example="main.go:8:2: no required module provides package github.com/jackc/pgx/v5; to add it:",
    ),
    Sign(
        id="elixir-module",
        weight=Weight.STRONG,
        needle="is not available",
        pattern=r"function \S+ is undefined \(module \S+ is not available\)",
        source="elixir-lang/elixir lib/elixir/lib/exception.ex",
        example="** (UndefinedFunctionError) function Postgrex.start_link/1 is undefined (module Postgrex is not "
        "available)",
    ),
    Sign(
        id="mix-deps",
        weight=Weight.DECISIVE,
        needle=("unchecked dependencies for environment", "the dependency is not available, run"),
        source="elixir-lang/elixir lib/mix/lib/mix/tasks/deps.loadpaths.ex",
        example="Unchecked dependencies for environment prod:\n* ecto_sql (Hex package)\n  the dependency is not "
        'available, run "mix deps.get"',
    ),
    Sign(
        id="mix-task",
        weight=Weight.MODERATE,
        needle='** (mix) the task "',
        pattern=r'\*\* \(Mix\) The task "[\w.]+" could not be found',
        source="elixir-lang/elixir lib/mix/lib/mix/exceptions.ex",
        example='** (Mix) The task "ecto.migrate" could not be found',
    ),
    Sign(
        id="perl-inc",
        weight=Weight.DECISIVE,
        needle="in @inc",
        pattern=r"Can't locate \S+\.pm in @INC",
        source="Perl/perl5 pp_ctl.c",
        example="Can't locate DBD/Pg.pm in @INC (you may need to install the DBD::Pg module)",
    ),
    Sign(
        id="r-package",
        weight=Weight.DECISIVE,
        needle="there is no package called",
        source="wch/r-source src/library/base/R/library.R",
        example="Error in library(DBI) : there is no package called ‘DBI’",
    ),
)
