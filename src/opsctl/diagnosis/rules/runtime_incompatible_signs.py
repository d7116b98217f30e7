"""Messages about binaries, libraries and the machine: what no change of the program's own code would mend."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_BINARY = (
    Sign(
        id="exec-format",
        weight=Weight.DECISIVE,
        needle=("exec format error", "cannot execute binary file", "cannot execute: required file not found"),
        pattern=r"exec format error|cannot execute binary file",
        source="docs.cloud.google.com/run/docs/container-contract; Linux ENOEXEC",
        example="terminated: Application failed to start: failed to load /usr/local/bin/python: exec format error",
    ),
    Sign(
        id="wrong-platform-image",
        weight=Weight.STRONG,
        needle=(
            "does not match the detected host platform",
            "must support amd64/linux",
            "no match for platform in manifest",
            "does not support linux/amd64",
        ),
        source="docs.cloud.google.com/run/docs/troubleshooting",
        example="Cloud Run does not support image 'app:1': Container manifest type must support amd64/linux.",
    ),
    Sign(
        id="glibc-version",
        weight=Weight.DECISIVE,
        needle=("glibc_", "glibcxx_", "cxxabi_", "not found (required by"),
        pattern=r"version [`'\"‘]?(?:GLIBC|GLIBCXX|CXXABI)_[\d.]+['\"’`]? not found"
        r"|version [`'\"‘]?[A-Z]\w{0,40}_[\d.]{1,20}['\"’`]? not found \(required by",
        source="glibc elf/dl-version.c",
        example="/app/migrate: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by "
        "/app/migrate)",
    ),
    Sign(
        id="shared-library",
        weight=Weight.DECISIVE,
        needle=(
            "cannot open shared object file",
            "error loading shared library",
            "error while loading shared libraries",
        ),
        unless=r"could not load dynamic library|libgssapi_krb5|libjemalloc|LD_PRELOAD|level=warn|optional",
        source="glibc elf/dl-load.c; musl ldso/dynlink.c",
        example="ImportError: libpq.so.5: cannot open shared object file: No such file or directory",
    ),
    Sign(
        id="musl-relocation",
        weight=Weight.DECISIVE,
        needle="error relocating",
        pattern=r"Error relocating \S+: \S+: symbol not found",
        source="musl ldso/dynlink.c",
        example="Error relocating /app/node_modules/bcrypt/bcrypt_lib.node: __register_atfork: symbol not found",
    ),
    Sign(
        id="undefined-symbol",
        weight=Weight.STRONG,
        needle=("undefined symbol:", "symbol lookup error"),
        pattern=r"\.so[\w.]*: undefined symbol:|symbol lookup error:|\.node: undefined symbol:",
        source="glibc elf/dl-lookup.c",
        example="ImportError: /usr/local/lib/python3.11/site-packages/grpc/_cython/cygrpc.so: undefined symbol: "
        "_ZTVN10__cxxabiv",
    ),
    Sign(
        id="elf-header",
        weight=Weight.DECISIVE,
        needle=("invalid elf header", "wrong elf class", "file too short", "elf load command"),
        pattern=r"invalid ELF header|wrong ELF class|\.so\S*: file too short|ELF load command",
        source="glibc elf/dl-load.c",
        example="Error: /app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: invalid ELF header",
    ),
    Sign(
        id="cpu-features",
        weight=Weight.DECISIVE,
        needle=("cpu does not support", "illegal instruction", "was compiled to use avx", "invalid opcode", "sigill"),
        pattern=r"CPU does not support|Illegal instruction"
        r"|compiled to use \w+ instructions, but these aren't available|\bSIGILL\b",
        unless=r"rebuild TensorFlow with the appropriate compiler flags",
        source="glibc sysdeps/x86/dl-isa-level; signal(7)",
        example="Fatal glibc error: CPU does not support x86-64-v2",
    ),
    Sign(
        id="segfault",
        weight=Weight.STRONG,
        needle=(
            "segmentation fault",
            "sigsegv",
            "terminated on signal 11",
            "terminated on signal 4",
            "terminated on signal 7",
            "uncaught signal: 11",
            "uncaught signal: 4",
            "uncaught signal: 7",
            "bus error",
        ),
        pattern=r"\bSegmentation fault\b|(?:signal|received|reason:)\s*SIGSEGV|\bSIGSEGV \(0xb\)"
        r"|terminated on signal (?:11|4|7)\b"
        r"|Uncaught signal: (?:11|4|7)\b|\bBus error\b",
        unless=r"invalid memory address or nil pointer dereference|\[signal SIGSEGV: segmentation violation code=",
        source="docs.cloud.google.com/run/docs/troubleshooting; signal(7)",
        example="Container terminated on signal 11.",
    ),
    Sign(
        id="loader-inconsistency",
        weight=Weight.DECISIVE,
        needle=("inconsistency detected by ld.so", "sigsegv: segmentation violation\npc="),
        source="glibc elf/rtld.c; denoland/deno pull request 35701; golang/go src/runtime/signal_unix.go",
        example="Inconsistency detected by ld.so: rtld.c: rtld_setup_main_map: Assertion `GL(dl_rtld_map).l_libname' "
        "failed!",
    ),
    Sign(
        id="go-cgo-segfault",
        weight=Weight.MODERATE,
        needle="signal arrived during cgo execution",
        source="golang/go src/runtime/signal_unix.go",
        example="fatal error: unexpected signal during runtime execution\nsignal arrived during cgo execution",
    ),
    Sign(
        id="sandbox-syscall",
        weight=Weight.MODERATE,
        needle=("function not implemented", "enosys", "io_uring", "errno 38"),
        pattern=r"Function not implemented|\bENOSYS\b|io_uring_(?:setup|queue_init)|\[Errno 38\]",
        unless=r"falling back|fallback|warn",
        source="gvisor.dev/docs/user_guide/compatibility/linux/amd64",
        example="OSError: [Errno 38] Function not implemented",
    ),
    Sign(
        id="sandbox-device",
        weight=Weight.STRONG,
        needle=(
            "/dev/fuse",
            "fuse: device not found",
            "cannot connect to the docker daemon",
            "/dev/kvm",
            "unshare: operation not permitted",
            "/dev/net/tun",
        ),
        pattern=r"/dev/(?:fuse|kvm|net/tun)\S*:? (?:.{0,40})?(?:No such|not found|permitted|denied|unavailable)"
        r"|fuse: device not found"
        r"|Cannot connect to the Docker daemon|unshare: .*Operation not permitted",
        source="docs.cloud.google.com/run/docs/about-execution-environments",
        example="fuse: device not found, try 'modprobe fuse' first",
    ),
    Sign(
        id="no-new-privileges",
        weight=Weight.STRONG,
        needle=(
            "no usable sandbox!",
            "running as root without --no-sandbox is not supported",
            "failed to move to new namespace",
        ),
        source="chromium sandbox/linux; docs.cloud.google.com/run/docs/about-execution-environments",
        example="[0101/000000:FATAL:zygote_host_impl_linux.cc(126)] No usable sandbox! Update your kernel or see ...",
    ),
    Sign(
        id="gpu-driver",
        weight=Weight.STRONG,
        needle=(
            "found no nvidia driver on your system",
            "cuda driver version is insufficient",
            "no cuda gpus are available",
            "torch not compiled with cuda enabled",
            "no kernel image is available for execution on the device",
        ),
        source="pytorch/pytorch torch/cuda/__init__.py",
        example="RuntimeError: Found no NVIDIA driver on your system.",
    ),
)

SIGNS_NODE = (
    Sign(
        id="node-module-version",
        weight=Weight.DECISIVE,
        needle=(
            "was compiled against a different node.js version",
            "module did not self-register",
            "node_module_version",
        ),
        pattern=r"compiled against a different Node\.js version|Module did not self-register"
        r"|requires\s+NODE_MODULE_VERSION",
        source="nodejs/node src/node_binding.cc",
        example="Error: The module '/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node'\nwas compiled "
        "against a "
        "different Node.js version using\nNODE_MODULE_VERSION 108.",
    ),
    Sign(
        id="node-native-file",
        weight=Weight.DECISIVE,
        needle=("could not locate the bindings file", "build/release/", ".node'", "prebuilds"),
        pattern=r"Could not locate the bindings file|Cannot find module ['\"][^'\"\n]*(?:build/Release/[^'\"\n]*"
        r"|\.node)['\"]"
        r"|No native build was found for platform",
        source="TooTallNate/node-bindings bindings.js; prebuild/node-gyp-build",
        example="Error: Could not locate the bindings file. Tried:\n → "
        "/app/node_modules/sqlite3/build/node_sqlite3.node",
    ),
    Sign(
        id="node-addon-output",
        weight=Weight.STRONG,
        needle="cannot find module",
        pattern=r"Cannot find module ['\"]\.{1,2}/(?:out|build|binding|lib/binding|prebuilds|bin"
        r"|dist/native)/[^'\"\n]*['\"]\s+"
        r"Require stack:\s+- \S*/node_modules/",
        source="laverdet/isolated-vm isolated-vm.js; msgbyte/tianji issue 181",
        example="Error: Cannot find module './out/isolated_vm'\nRequire stack:\n- "
        "/app/node_modules/isolated-vm/isolated-vm.js",
    ),
    Sign(
        id="node-platform-package",
        weight=Weight.DECISIVE,
        needle=("linux", "musl"),
        pattern=r"Cannot find (?:module|package) ['\"][^'\"\n]*linux-?(?:musl-)?(?:x64|arm64|x86_64|gnu)[^'\"\n]*['\"]"
        r"|Could not load the ['\"]sharp['\"] module using the linux"
        r"|Failed to load SWC binary for linux|unsupported (?:platform|architecture).{0,60}linux",
        source="lovell/sharp lib/sharp.js; rollup/rollup native.js; vercel/next.js build/swc",
        example='Error: Could not load the "sharp" module using the linux-x64 runtime',
    ),
    Sign(
        id="esbuild-platform",
        weight=Weight.DECISIVE,
        needle=(
            "you installed esbuild for another platform",
            "could not be found, and is needed by esbuild",
            "host version",
        ),
        pattern=r"installed esbuild for another platform|could not be found, and is needed by esbuild"
        r"|Host version \"[\d.]+\" does not match binary",
        source="evanw/esbuild lib/npm/node-platform.ts",
        example="Error: You installed esbuild for another platform than the one you're currently using.",
    ),
    Sign(
        id="prisma-engine",
        weight=Weight.DECISIVE,
        needle=(
            "query engine",
            "schema engine",
            "engine for current platform",
            "libquery_engine",
            "schema-engine",
            "migration-engine",
            "introspection-engine",
            "query-engine",
        ),
        pattern=r"could not locate the (?:Query|Schema) Engine|(?:Query|Schema|Migration) engine (?:library"
        r"|binary) for current platform"
        r"|Unable to require\(`[^`]*(?:query_engine|libquery)|Unable to load Node-API Library|(?:spawn"
        r"|Command failed).{0,200}"
        r"(?:schema|migration|query)-engine\S*.{0,40}(?:ENOENT|EACCES|not found)|Could not parse schema engine response"
        r"|(?:lib)?(?:query|schema)[-_]engine\S*: (?:error while|cannot open)|Could not find query-engine binary"
        r"|PrismaClientInitializationError.{0,200}(?:libssl|openssl)",
        source="prisma/prisma packages/client/src/runtime/core/engines/library; packages/internals",
        example="PrismaClientInitializationError: Prisma Client could not locate the Query Engine for runtime "
        '"debian-openssl-3.0.x".',
    ),
    Sign(
        id="prisma-openssl",
        weight=Weight.WEAK,
        needle="prisma failed to detect the libssl/openssl version",
        source="prisma/prisma packages/get-platform/src/getPlatform.ts",
        example="prisma:warn Prisma failed to detect the libssl/openssl version to use, and may not work as expected.",
    ),
    Sign(
        id="openssl-legacy",
        weight=Weight.DECISIVE,
        needle=("digital envelope routines::unsupported", "err_ossl_evp_unsupported", "ca md too weak"),
        source="nodejs/node doc/changelogs/CHANGELOG_V17.md",
        example="Error: error:0308010C:digital envelope routines::unsupported",
    ),
    Sign(
        id="node-version-engine",
        weight=Weight.DECISIVE,
        needle=(
            'the engine "node" is incompatible with this module',
            "err_pnpm_unsupported_engine",
            "requires node.js version",
            "you are using node.js",
            "is not supported by",
            "requires node >=",
        ),
        pattern=r"The engine \"node\" is incompatible with this module|ERR_PNPM_UNSUPPORTED_ENGINE"
        r"|(?:ERROR: )?This version of pnpm requires"
        r"|requires? (?:at least )?Node(?:\.js)? (?:version )?(?:>=|v?\d)|You are using Node(?:\.js)? v?[\d.]+",
        unless=r"warn|deprecat|EBADENGINE",
        source="yarnpkg/yarn src/package-compatibility.js; vercel/next.js packages/next/src/bin",
        example='error some-lib@5.0.0: The engine "node" is incompatible with this module. Expected version ">=20". '
        'Got "18.19.0"',
    ),
    Sign(
        id="npm-platform",
        weight=Weight.STRONG,
        needle=("code ebadplatform", "notsup unsupported platform for"),
        unless=r"\bwarn\b|optional",
        source="npm/cli lib/utils/error-message.js",
        example="npm error code EBADPLATFORM",
    ),
    Sign(
        id="node-builtin-missing",
        weight=Weight.DECISIVE,
        needle=(
            "no such built-in module",
            "cannot find module 'node:",
            "err_unknown_builtin_module",
            "the requested module 'node:",
        ),
        source="nodejs/node lib/internal/errors.js",
        example="Error [ERR_UNKNOWN_BUILTIN_MODULE]: No such built-in module: node:sqlite",
    ),
    Sign(
        id="node-syntax-too-new",
        weight=Weight.STRONG,
        needle=(
            "unexpected token '?'",
            "unexpected token '.'",
            "unexpected token '??='",
            "unexpected token '||='",
            "unexpected token '&&='",
        ),
        pattern=r"SyntaxError: Unexpected token '(?:\?|\.|\?\?=|\|\|=|&&=)'",
        source="nodejs.org release notes of 14 and 15",
        example="/app/node_modules/undici/lib/core.js:12\n  this.x ??= 1\n         ^^^\nSyntaxError: Unexpected token "
        "'??='",
    ),
    Sign(
        id="node-global-missing",
        weight=Weight.STRONG,
        needle=("is not defined", "is not a function"),
        pattern=r"ReferenceError: (?:fetch|crypto|structuredClone|Headers|Request|FormData|File|Blob|WebSocket"
        r"|ReadableStream|CustomEvent"
        r"|AbortSignal|globalThis|Iterator) is not defined"
        r"|(?:\.(?:toSorted|toReversed|findLast|replaceAll|flatMap|groupBy|withResolvers|hasOwn|hash|getBuiltinModule"
        r"|styleText)"
        r"|\bOf|\.parseEnv|loadEnvFile) is not a function",
        source="nodejs.org/api/globals.html (history)",
        example="ReferenceError: crypto is not defined",
    ),
    Sign(
        id="node-option",
        weight=Weight.STRONG,
        needle=("bad option:", "is not allowed in node_options"),
        pattern=r"^\S*(?:node|nodejs): (?:bad option: --|--\S+ is not allowed in NODE_OPTIONS)",
        source="nodejs/node src/node.cc",
        example="node: bad option: --experimental-strip-types",
    ),
    Sign(
        id="node-dlopen",
        weight=Weight.STRONG,
        needle="err_dlopen_failed",
        source="nodejs/node lib/internal/errors.js",
        example="  code: 'ERR_DLOPEN_FAILED'",
    ),
    Sign(
        id="browser-dependencies",
        weight=Weight.DECISIVE,
        needle=("host system is missing dependencies to run browsers", "failed to launch the browser process"),
        source="microsoft/playwright packages/playwright-core/src/server/registry/dependencies.ts; puppeteer/puppeteer",
        example="Host system is missing dependencies to run browsers.",
    ),
)
