"""Messages of Python, the JVM, .NET, Ruby, PHP, Go and Elixir about a version, an extension or a native library."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_PYTHON = (
    Sign(
        id="python-built-without",
        weight=Weight.DECISIVE,
        needle=("no module named '_", "no module named _", "ssl module is not available"),
        pattern=r"No module named ['\"]?_(?:ctypes|sqlite3|lzma|bz2|ssl|tkinter|curses|uuid)\b"
        r"|SSL module is not available",
        source="devguide.python.org/getting-started/setup-building",
        example="ModuleNotFoundError: No module named '_ctypes'",
    ),
    Sign(
        id="psycopg-no-libpq",
        weight=Weight.DECISIVE,
        needle=("no pq wrapper available", "libpq library not found"),
        source="psycopg/psycopg psycopg/psycopg/pq/__init__.py",
        example="ImportError: no pq wrapper available.\nAttempts made:\n- couldn't import psycopg 'python' "
        "implementation: "
        "libpq library not found",
    ),
    Sign(
        id="numpy-abi",
        weight=Weight.DECISIVE,
        needle=(
            "may indicate binary incompatibility",
            "compiled using numpy 1.x cannot be run in",
            "compiled against api version",
            "compiled against abi version",
        ),
        source="numpy/numpy numpy/__init__.cython-30.pxd; numpy/_core/src/multiarray",
        example="ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, "
        "got 88",
    ),
    Sign(
        id="python-version-required",
        weight=Weight.DECISIVE,
        needle=(
            "requires a different python",
            "requires python",
            "python version",
            "this version of python",
            "python 3.",
        ),
        pattern=r"requires a different Python: |requires Python '?[<>=~!]|Python [\d.]+ (?:or (?:later|newer"
        r"|above) )is required"
        r"|(?:RuntimeError|SystemError|ImportError|ERROR): .{0,80}(?:only supports?|requires?"
        r"|needs) Python (?:>=? ?)?\d",
        source="pypa/pip src/pip/_internal/resolution; common guards",
        example="ERROR: Package 'app' requires a different Python: 3.8.18 not in '>=3.11'",
    ),
    Sign(
        id="python-removed-name",
        weight=Weight.STRONG,
        needle=(
            "no module named 'distutils'",
            "no module named 'imp'",
            "module 'collections' has no attribute",
            "module 'inspect' has no attribute",
            "module 'asyncio' has no attribute 'coroutine'",
            "module 'pkgutil' has no attribute 'impimporter'",
            "unsupported operand type(s) for |: 'type' and 'nonetype'",
            "'type' object is not subscriptable",
            "unsupported operand type(s) for |: 'type' and 'type'",
            "cannot import name 'self' from 'typing'",
            "cannot import name 'strenum' from 'enum'",
            "cannot import name 'utc' from 'datetime'",
            "cannot import name 'typealias' from 'typing'",
            "no module named 'tomllib'",
        ),
        source="docs.python.org/3/whatsnew",
        example="AttributeError: module 'collections' has no attribute 'Mapping'",
    ),
    Sign(
        id="python-library-loading",
        weight=Weight.DECISIVE,
        needle=(
            "cannot load library",
            "could not find library",
            "couldn't find wkhtmltopdf",
            "could not find the gdal library",
            "is not installed or it's not in your path",
        ),
        pattern=r"OSError: cannot load library '|Could not find the GDAL library|OSError: (?:no library called"
        r"|cannot load library)"
        r"|is not installed or it's not in your PATH|Could not find library geos_c",
        source="CFFI ffi.dlopen; django.contrib.gis libgdal; tesseract, ffmpeg wrappers",
        example="OSError: cannot load library 'libgobject-2.0-0': libgobject-2.0-0: cannot open shared object file",
    ),
    Sign(
        id="subprocess-program-missing",
        weight=Weight.MODERATE,
        needle="no such file or directory",
        pattern=r"\[Errno 2\] No such file or directory: ['\"](?!\.)[\w-]+['\"]|spawn (?:ffmpeg|git|pg_dump"
        r"|pg_restore|psql|mysqldump|mysql"
        r"|java|python3?|convert|magick|gs|chromium|google-chrome|gcloud|wkhtmltopdf|libreoffice|soffice|unzip"
        r"|curl) ENOENT",
        source="python/cpython Lib/subprocess.py; nodejs/node lib/internal/child_process.js",
        example="FileNotFoundError: [Errno 2] No such file or directory: 'pg_dump'",
    ),
    Sign(
        id="program-in-path",
        weight=Weight.STRONG,
        needle="executable file not found in $path",
        pattern=r'exec: "(?:git|pg_dump|pg_restore|psql|mysqldump|ffmpeg|java|gs|chromium|google-chrome|gcloud'
        r'|terraform|kubectl|unzip)": '
        r"executable file not found in \$PATH",
        source="golang/go src/os/exec/lp_unix.go",
        example='exec: "pg_dump": executable file not found in $PATH',
    ),
    Sign(
        id="client-server-version",
        weight=Weight.STRONG,
        needle=("aborting because of server version mismatch", "unsupported version (1."),
        source="postgres/postgres src/bin/pg_dump/pg_backup_db.c",
        example="pg_dump: error: aborting because of server version mismatch",
    ),
    Sign(
        id="protobuf-generated",
        weight=Weight.STRONG,
        needle=(
            "descriptors cannot be created directly",
            "descriptors cannot not be created directly",
            "gencode/runtime versions",
            "detected incompatible protobuf",
        ),
        source="protocolbuffers/protobuf python/google/protobuf/descriptor.py",
        example="TypeError: Descriptors cannot be created directly.",
    ),
)

SIGNS_JVM_DOTNET = (
    Sign(
        id="jvm-class-version",
        weight=Weight.DECISIVE,
        needle=(
            "unsupportedclassversionerror",
            "has been compiled by a more recent version of the java runtime",
            "unsupported class file major version",
            "invalid target release",
            "source option",
        ),
        pattern=r"UnsupportedClassVersionError|more recent version of the Java Runtime"
        r"|Unsupported class file major version",
        source="openjdk/jdk src/hotspot/share/classfile/classFileParser.cpp",
        example="java.lang.UnsupportedClassVersionError: com/example/Migrate has been compiled by a more recent "
        "version of the "
        "Java Runtime (class file version 65.0)",
    ),
    Sign(
        id="jvm-native-library",
        weight=Weight.DECISIVE,
        needle=("unsatisfiedlinkerror", "in java.library.path"),
        source="openjdk/jdk java.base java/lang/ClassLoader.java",
        example="java.lang.UnsatisfiedLinkError: no netty_tcnative in java.library.path",
    ),
    Sign(
        id="jvm-crash",
        weight=Weight.DECISIVE,
        needle="a fatal error has been detected by the java runtime environment",
        source="openjdk/jdk src/hotspot/share/utilities/vmError.cpp",
        example="# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at "
        "pc=0x00007f",
    ),
    Sign(
        id="jvm-reflection-closed",
        weight=Weight.STRONG,
        needle=("inaccessibleobjectexception", 'does not "opens', 'does not "exports'),
        source="openjdk/jdk java.base java/lang/reflect/AccessibleObject.java",
        example="java.lang.reflect.InaccessibleObjectException: Unable to make field private accessible: module "
        "java.base does "
        'not "opens java.lang" to unnamed module',
    ),
    Sign(
        id="jvm-option",
        weight=Weight.MODERATE,
        needle=("unrecognized vm option", "unrecognized option:", "could not create the java virtual machine"),
        source="openjdk/jdk src/hotspot/share/runtime/arguments.cpp",
        example="Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.",
    ),
    Sign(
        id="jvm-linkage",
        weight=Weight.MODERATE,
        needle=("nosuchmethoderror", "nosuchfielderror", "incompatibleclasschangeerror", "abstractmethoderror"),
        pattern=r"java\.lang\.(?:NoSuchMethodError|NoSuchFieldError|IncompatibleClassChangeError|AbstractMethodError)",
        source="openjdk/jdk java.base java/lang/NoSuchMethodError.java",
        example="java.lang.NoSuchMethodError: 'void org.slf4j.Logger.info(java.lang.String)'",
    ),
    Sign(
        id="dotnet-framework",
        weight=Weight.DECISIVE,
        needle=(
            "you must install or update .net to run this application",
            "it was not possible to find any compatible framework version",
            "the required library libhostfxr.so could not be found",
            "no .net sdks were found",
            "a compatible .net sdk was not found",
            "you must install .net to run this application",
        ),
        source="dotnet/runtime src/native/corehost/fxr/framework_info.cpp, hostmisc",
        example="You must install or update .NET to run this application.\n\nFramework: 'Microsoft.NETCore.App', "
        "version '8.0.0' (x64)",
    ),
    Sign(
        id="dotnet-icu",
        weight=Weight.DECISIVE,
        needle=(
            "couldn't find a valid icu package",
            "no usable version of libssl was found",
            "only the invariant culture is supported in globalization-invariant",
        ),
        source="dotnet/runtime System.Globalization.Native; "
        "learn.microsoft.com/dotnet/core/runtime-config/globalization",
        example="Process terminated. Couldn't find a valid ICU package installed on the system.",
    ),
    Sign(
        id="dotnet-native",
        weight=Weight.DECISIVE,
        needle=(
            "unable to load shared library",
            "unable to load dll",
            "dllnotfoundexception",
            "badimageformatexception",
            "platformnotsupportedexception",
        ),
        unless=r"libgssapi",
        source="dotnet/runtime src/coreclr/dlls/mscorrc/mscorrc.rc",
        example="System.DllNotFoundException: Unable to load shared library 'libgdiplus' or one of its dependencies.",
    ),
)

SIGNS_OTHERS = (
    Sign(
        id="pdo-extension",
        weight=Weight.STRONG,
        needle=("you need to enable the pdo", "pdo extension", "pdo_mysql extension", "pdo_pgsql extension"),
        pattern=r"need to enable the PDO"
        r"|PDO(?:_\w+)? extension (?:is )?(?:missing|required|not (?:installed|loaded|enabled))",
        source="cakephp/phinx Db/Adapter; php-src ext/pdo",
        example="You need to enable the PDO_Mysql extension for Phinx to run properly.",
    ),
    Sign(
        id="ruby-version",
        weight=Weight.DECISIVE,
        needle=(
            "but your gemfile specified",
            "which is incompatible with the current version",
            "requires ruby version",
        ),
        pattern=r"Your Ruby version is [\d.p]+, but your Gemfile specified"
        r"|requires Ruby version .{1,40}\. The current ruby version"
        r"|which is incompatible with the current version, Ruby",
        source="rubygems/rubygems bundler/lib/bundler/definition.rb",
        example="Your Ruby version is 3.0.6, but your Gemfile specified ~> 3.2.0",
    ),
    Sign(
        id="ruby-platform",
        weight=Weight.DECISIVE,
        needle=(
            "your bundle only supports platforms",
            "incompatible library version",
            "linked to incompatible",
            "extensions are not built",
        ),
        pattern=r"Your bundle only supports platforms|incompatible library version|linked to incompatible"
        r"|because its extensions are not built",
        unless=r"^Ignoring \S+ because its extensions are not built\. Try",
        source="rubygems/rubygems bundler/lib/bundler/cli; ruby/ruby dln.c",
        example='Your bundle only supports platforms ["arm64-darwin-23"] but your local platform is x86_64-linux.',
    ),
    Sign(
        id="ruby-native-load",
        weight=Weight.STRONG,
        needle=(
            "cannot load such file -- pg_ext",
            "cannot load such file -- nokogiri/nokogiri",
            "cannot load such file -- mysql2/mysql2",
        ),
        source="ged/ruby-pg lib/pg.rb; sparklemotion/nokogiri",
        example="cannot load such file -- nokogiri/nokogiri (LoadError)",
    ),
    Sign(
        id="php-pdo-driver",
        weight=Weight.DECISIVE,
        needle="could not find driver",
        source="php/php-src ext/pdo/pdo_dbh.c",
        example="PDOException: could not find driver",
    ),
    Sign(
        id="php-extension",
        weight=Weight.STRONG,
        needle=(
            "call to undefined function",
            "requires ext-",
            "the requested php extension",
            "extension is missing from your system",
            "not found",
            "undefined constant",
        ),
        pattern=r"Call to undefined function (?:\w+\\\\?)*(?:pcntl|mysqli|pg|mb|bc|gmp|intl|iconv|curl|gd|image"
        r"|imagick|posix|socket|simplexml"
        r"|sodium|openssl|exif|bz|gz|ftp|ldap|redis|apcu|opcache)_?\w*\(|requires ext-\w+|requested PHP extension"
        r"|Class ['\"]\\?(?:Redis|Imagick|NumberFormatter|IntlDateFormatter|Collator|ZipArchive|DOMDocument"
        r"|SoapClient|MongoDB\\+Driver\\+Manager)"
        r"['\"] not found|Undefined (?:class )?constant ['\"]?(?:PDO::MYSQL_ATTR|SIGTERM)",
        source="php/php-src Zend; composer/composer src/Composer/DependencyResolver/Problem.php",
        example="PHP Fatal error:  Uncaught Error: Call to undefined function pcntl_signal() in /app/worker.php:9",
    ),
    Sign(
        id="php-version",
        weight=Weight.DECISIVE,
        needle=(
            "your composer dependencies require a php version",
            "composer detected issues in your platform",
            "your php version",
        ),
        pattern=r"Composer dependencies require a PHP version|Composer detected issues in your platform"
        r"|your PHP version \([\d.]+\S*\) does not satisfy",
        source="composer/composer src/Composer/Autoload/AutoloadGenerator.php",
        example='Composer detected issues in your platform: Your Composer dependencies require a PHP version ">= '
        '8.2.0". You are '
        "running 8.1.27.",
    ),
    Sign(
        id="php-zend-abi",
        weight=Weight.MODERATE,
        needle=("unable to load dynamic library", "module api="),
        source="php/php-src ext/standard/dl.c",
        example="PHP Warning:  PHP Startup: Unable to load dynamic library 'pdo_pgsql' (tried: "
        "/usr/lib/php/pdo_pgsql.so)",
    ),
    Sign(
        id="go-sqlite-cgo",
        weight=Weight.DECISIVE,
        needle=("go-sqlite3 requires cgo to work", "requires cgo to work"),
        source="mattn/go-sqlite3 static_mock.go",
        example="Binary was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work. This is a stub",
    ),
    Sign(
        id="go-toolchain",
        weight=Weight.STRONG,
        needle=("go.mod requires go >=", "requires go >="),
        source="golang/go src/cmd/go/internal/gover",
        example="go: go.mod requires go >= 1.23 (running go 1.21.5; GOTOOLCHAIN=local)",
    ),
    Sign(
        id="beam-nif",
        weight=Weight.DECISIVE,
        needle=(
            "failed to load nif library",
            "was compiled for a later version of the run-time system",
            "nif_not_loaded",
            "corrupt atom table",
        ),
        source="erlang/otp erts/emulator/beam/erl_nif.c, beam_load.c",
        example="Failed to load NIF library: '/app/lib/bcrypt_elixir-3.1.0/priv/bcrypt_nif.so: cannot open shared "
        "object file'",
    ),
    Sign(
        id="terraform-style-platform",
        weight=Weight.STRONG,
        needle=("qemu: uncaught target signal", "qemu-x86_64: could not open"),
        source="qemu/qemu linux-user/signal.c",
        example="qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
    ),
)
