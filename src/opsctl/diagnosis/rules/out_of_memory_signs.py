"""What the platform, the runtimes and their libraries print when memory runs out."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# Cloud Run's own words, and what shells, servers and pools say about a process that was killed under them.
SIGNS_KILLED = (
    Sign(
        "memory-limit-reached",
        Weight.PLATFORM,
        "the configured memory limit was reached",
        platform=True,
        source="Cloud Run, condition of the execution and status of the attempt",
        example="Task nightly-x2x2x-task0 failed with exit code: 0 and message: The configured memory limit was "
        "reached.",
    ),
    Sign(
        "memory-limit-exceeded",
        Weight.PLATFORM,
        "memory limit of ",
        r"memory limit of [\d.]+ ?[KMG]i?B? exceeded with [\d.]+ ?[KMG]i?B? used",
        platform=True,
        source="Cloud Run, varlog/system; cloud.google.com/run/docs/troubleshooting",
        example="Memory limit of 512 MiB exceeded with 566 MiB used. Consider increasing the memory limit, see "
        "https://cloud.google.com/run/docs/configuring/memory-limits",
    ),
    Sign(
        "killed-signal-9",
        Weight.MODERATE,
        "container terminated on signal 9",
        platform=True,
        source="Cloud Run, varlog/system",
        example="Container terminated on signal 9.",
    ),
    Sign(
        "shell-killed",
        Weight.STRONG,
        "killed",
        r"^(?:[\w./-]+: (?:line )?\d+:? +(?:\d+ )?|\[\d+\]\+? +)?Killed(?:\s{2,}\S.*)?\s*$",
        platform=False,
        source="bash jobs.c, strsignal(SIGKILL) of glibc",
        example="/app/run.sh: line 12:    27 Killed                  python load.py",
    ),
    Sign(
        "gunicorn-worker-killed",
        Weight.STRONG,
        "perhaps out of memory?",
        source="benoitc/gunicorn gunicorn/arbiter.py",
        example="[2024-06-13 22:29:21 +0000] [7] [ERROR] Worker (pid:14) was sent SIGKILL! Perhaps out of memory?",
    ),
    Sign(
        "process-pool-broken",
        Weight.MODERATE,
        "a process in the process pool was terminated abruptly",
        source="python/cpython Lib/concurrent/futures/process.py",
        example="concurrent.futures.process.BrokenProcessPool: A process in the process pool was terminated abruptly "
        "while the future was running or pending.",
    ),
    Sign(
        "joblib-worker-terminated",
        Weight.STRONG,
        "excessive memory usage causing the operating system to kill the worker",
        source="joblib/loky loky/process_executor.py",
        example="joblib.externals.loky.process_executor.TerminatedWorkerError: A worker process managed by the "
        "executor "
        "was unexpectedly terminated. This could be caused by a segmentation fault while calling the function or by an "
        "excessive memory usage causing the Operating System to kill the worker.",
    ),
    Sign(
        "celery-worker-killed",
        Weight.STRONG,
        "worker exited prematurely: signal 9",
        source="celery/billiard billiard/pool.py",
        example="billiard.einfo.ExceptionWithTraceback: WorkerLostError('Worker exited prematurely: signal 9 (SIGKILL) "
        "Job: 3.')",
    ),
    Sign(
        "torch-worker-killed",
        Weight.STRONG,
        "is killed by signal: killed",
        source="pytorch/pytorch torch/csrc/DataLoader.cpp",
        example="RuntimeError: DataLoader worker (pid 41) is killed by signal: Killed.",
    ),
    Sign(
        "npm-child-killed",
        Weight.STRONG,
        (
            "err! signal sigkill",
            "npm error signal sigkill",
            "killed with sigkill",
            "exited with sigkill",
            "signal 'sigkill'",
            'signal "sigkill"',
        ),
        source="npm/cli lib/utils/error-message.js; sindresorhus/execa lib/return/message.js",
        example="npm ERR! signal SIGKILL",
    ),
    Sign(
        "child-exit-137",
        Weight.STRONG,
        "137",
        r"(?:exit(?:ed)?(?: with)?(?: status)?(?: code)?|return code|returned non-zero exit status|error)[ :=]*137\b",
        platform=False,
        source="POSIX: 128 + signal number",
        example="error Command failed with exit code 137.",
    ),
    Sign(
        "subprocess-sigkill",
        Weight.STRONG,
        (
            "died with <signals.sigkill: 9>",
            "signal: killed",
            "signal: 9 (sigkill)",
            "signal: 9, sigkill",
            "interrupted by signal 9",
            "terminated by signal sigkill",
        ),
        source="python/cpython Lib/subprocess.py; golang/go os/exec_posix.go; rust-lang/rust library/std os/unix",
        example="subprocess.CalledProcessError: Command '['pg_restore', '-d', 'app']' died with <Signals.SIGKILL: 9>.",
    ),
    Sign(
        "kernel-oom-killer",
        Weight.DECISIVE,
        ("oom-kill:", "out of memory: killed process", "out of memory: kill process", "oom-killer", "oomkilled"),
        source="torvalds/linux mm/oom_kill.c; kubernetes container status",
        example="Out of memory: Killed process 2217 (node) total-vm:1934040kB, anon-rss:498212kB",
    ),
    Sign(
        "pm2-memory-restart",
        Weight.MODERATE,
        "max memory limit",
        r"current process id \d+ .*restarted|current memory .* max memory limit",
        source="Unitech/pm2 lib/Worker.js",
        example="[PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value "
        "(current_memory=314572800"
        " max_memory_limit=209715200 [octets]) current memory over max memory limit",
    ),
)

# Limits that a runtime sets for its own heap.
SIGNS_RUNTIME = (
    Sign(
        "node-heap-limit",
        Weight.DECISIVE,
        "javascript heap out of memory",
        r"allocation failed - javascript heap out of memory|javascript heap out of memory\W*$",
        unless=r"if you (?:see|get|encounter)|to avoid",
        source="v8/v8 src/api/api.cc V8::FatalProcessOutOfMemory; nodejs/node src/node_errors.cc",
        example="FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ),
    Sign(
        "node-heap-other",
        Weight.DECISIVE,
        (
            "ineffective mark-compacts near heap limit",
            "reached heap limit",
            "call_and_retry_last allocation failed",
            "fatal process out of memory",
            "invalid table size allocation failed",
            "invalid array length allocation failed",
        ),
        source="v8/v8 src/heap/heap.cc",
        example="FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of "
        "memory",
    ),
    Sign(
        "node-worker-heap",
        Weight.DECISIVE,
        ("err_worker_out_of_memory", "worker terminated due to reaching memory limit"),
        source="nodejs/node lib/internal/errors.js",
        example="Error [ERR_WORKER_OUT_OF_MEMORY]: Worker terminated due to reaching memory limit: JS heap out of "
        "memory",
    ),
    Sign(
        "node-array-buffer",
        Weight.STRONG,
        "array buffer allocation failed",
        source="v8/v8 src/common/message-template.h",
        example="RangeError: Array buffer allocation failed",
    ),
    Sign(
        "errno-enomem",
        Weight.STRONG,
        ("cannot allocate memory", "enomem", "not enough memory"),
        r"\benomem\b|cannot allocate memory|: not enough memory",
        unless=r"transparent huge|hugepage|background save|overcommit_memory is set",
        source="glibc strerror(ENOMEM); libuv include/uv.h",
        example="Error: spawn ENOMEM",
    ),
    Sign(
        "bun-out-of-memory",
        Weight.DECISIVE,
        ("bun has run out of memory", "panic(main thread): out of memory", "panic: out of memory"),
        source="oven-sh/bun src/crash_handler.zig",
        example="panic(main thread): Out of memory",
    ),
    Sign(
        "java-heap",
        Weight.DECISIVE,
        ("outofmemoryerror", "java heap space"),
        r"java\.lang\.OutOfMemoryError|java heap space",
        unless=r"unable to create (?:new )?native thread",
        source="openjdk/jdk src/hotspot/share/memory/universe.cpp",
        example='Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
    ),
    Sign(
        "java-gc-overhead",
        Weight.DECISIVE,
        ("gc overhead limit exceeded", "compressed class space", "direct buffer memory"),
        r"GC overhead limit exceeded|OutOfMemoryError.*(?:compressed class space|direct buffer memory)",
        source="openjdk/jdk src/hotspot/share/memory/universe.cpp, java/nio/Bits.java",
        example="Caused by: java.lang.OutOfMemoryError: GC overhead limit exceeded",
    ),
    Sign(
        "java-native-thread",
        Weight.STRONG,
        ("unable to create new native thread", "unable to create native thread"),
        source="openjdk/jdk src/hotspot/share/prims/jvm.cpp",
        example="java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
        "process/resource "
        "limits reached",
    ),
    Sign(
        "java-native-memory",
        Weight.DECISIVE,
        ("insufficient memory for the java runtime environment", "native memory allocation ("),
        source="openjdk/jdk src/hotspot/share/utilities/vmError.cpp",
        example="# There is insufficient memory for the Java Runtime Environment to continue.",
    ),
    Sign(
        "java-heap-reserve",
        Weight.DECISIVE,
        ("could not reserve enough space for", "initial heap size set to a larger value than the maximum heap size"),
        source="openjdk/jdk src/hotspot/share/runtime/arguments.cpp",
        example="Error occurred during initialization of VM\nCould not reserve enough space for object heap",
    ),
    Sign(
        "jvm-buildpack-memory",
        Weight.DECISIVE,
        ("unable to calculate memory configuration", "required memory is greater than available"),
        source="paketo-buildpacks/libjvm calc/calculator.go",
        example="unable to calculate memory configuration fixed memory regions require 621938K which is greater than "
        "512M "
        "available for allocation",
    ),
    Sign(
        "netty-direct-memory",
        Weight.DECISIVE,
        ("outofdirectmemoryerror", "of direct memory (used:"),
        source="netty/netty common/src/main/java/io/netty/util/internal/PlatformDependent.java",
        example="io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 16777216 byte(s) of direct memory "
        "(used: 117440512, max: 119537664)",
    ),
    Sign(
        "go-out-of-memory",
        Weight.DECISIVE,
        ("runtime: out of memory", "runtime: cannot allocate memory", "runtime: cannot map pages in arena"),
        source="golang/go src/runtime/mem_linux.go, malloc.go",
        example="fatal error: runtime: out of memory: cannot allocate 67108864-byte block (463798272 in use)",
    ),
    Sign(
        "python-memory-error",
        Weight.DECISIVE,
        ("memoryerror", "_arraymemoryerror"),
        r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|\bMemoryError(?:\(|:|$)",
        source="python/cpython Objects/exceptions.c; numpy/numpy numpy/_core/_exceptions.py",
        example="numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape "
        "(1000000000,) and data type float64",
    ),
    Sign(
        "python-unable-to-allocate",
        Weight.STRONG,
        "unable to allocate ",
        r"unable to allocate [\d.]+ (?:[KMGT]i?B|bytes)",
        source="numpy/numpy numpy/_core/_exceptions.py",
        example="Unable to allocate 1.20 GiB for an array with shape (40, 4000000) and data type object",
    ),
    Sign(
        "arrow-duckdb-memory",
        Weight.DECISIVE,
        ("arrowmemoryerror", "out of memory error: ", "c error: out of memory"),
        source="apache/arrow python/pyarrow/error.pxi; duckdb/duckdb src/storage/buffer; pandas/_libs/parsers",
        example="duckdb.duckdb.OutOfMemoryException: Out of Memory Error: failed to allocate data of size 64.0 MiB "
        "(370.1 MiB/409.6 MiB used)",
    ),
    Sign(
        "dotnet-out-of-memory",
        Weight.DECISIVE,
        ("system.outofmemoryexception", "insufficient memory to continue the execution of the program"),
        source="dotnet/runtime src/libraries/System.Private.CoreLib OutOfMemoryException.cs",
        example="Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was "
        "thrown.",
    ),
    Sign(
        "dotnet-init-heap",
        Weight.DECISIVE,
        ("gc heap initialization failed", "failed to create coreclr, hresult: 0x8007000e"),
        source="dotnet/runtime src/coreclr/vm/ceemain.cpp",
        example="GC heap initialization failed with error 0x8007000E\nFailed to create CoreCLR, HRESULT: 0x8007000E",
    ),
    Sign(
        "php-memory-limit",
        Weight.DECISIVE,
        "allowed memory size of",
        r"allowed memory size of \d+ bytes exhausted",
        source="php/php-src Zend/zend_alloc.c",
        example="PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in "
        "/app/vendor/laravel/framework/src/Illuminate/Database/Connection.php on line 419",
    ),
    Sign(
        "php-out-of-memory",
        Weight.DECISIVE,
        "out of memory (allocated",
        source="php/php-src Zend/zend_alloc.c",
        example="PHP Fatal error:  Out of memory (allocated 268435456) (tried to allocate 135168 bytes) in /app/a.php",
    ),
    Sign(
        "ruby-no-memory",
        Weight.DECISIVE,
        ("failed to allocate memory", "nomemoryerror"),
        source="ruby/ruby gc.c rb_memerror",
        example="[FATAL] failed to allocate memory",
    ),
    Sign(
        "rust-allocation",
        Weight.DECISIVE,
        "memory allocation of",
        r"memory allocation of \d+ bytes failed",
        source="rust-lang/rust library/std/src/alloc.rs",
        example="memory allocation of 2147483648 bytes failed",
    ),
    Sign(
        "cpp-bad-alloc",
        Weight.DECISIVE,
        ("std::bad_alloc", "tcmalloc: large alloc failed"),
        source="gcc libstdc++ new_handler",
        example="terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
    ),
    Sign(
        "erlang-heap-alloc",
        Weight.DECISIVE,
        ("eheap_alloc: cannot", "binary_alloc: cannot", "erts_mmap: cannot"),
        source="erlang/otp erts/emulator/beam/erl_alloc.c",
        example='eheap_alloc: Cannot allocate 1140328500 bytes of memory (of type "heap").',
    ),
    Sign(
        "r-vector-allocation",
        Weight.DECISIVE,
        ("cannot allocate vector of size", "vector memory exhausted"),
        source="wch/r-source src/main/memory.c",
        example="Error: cannot allocate vector of size 1.5 Gb",
    ),
    Sign(
        "shell-fork-memory",
        Weight.STRONG,
        "fork: cannot allocate memory",
        source="bash jobs.c",
        example="/bin/sh: fork: Cannot allocate memory",
    ),
    Sign(
        "postgres-client-memory",
        Weight.MODERATE,
        ("out of memory for query result", "out of memory while reading tuples"),
        source="postgres/postgres src/interfaces/libpq/fe-exec.c",
        example="psql: error: out of memory for query result",
    ),
    Sign(
        "out-of-memory-words",
        Weight.MODERATE,
        ("out of memory", "ran out of memory", "insufficient memory"),
        r"(?:^|error|fatal|panic|exception|:|process)\W[^:\n]{0,60}\b(?:ran )?out of memory\b|insufficient memory",
        unless=r"out of shared memory|oom command not allowed|cuda out of memory|sort memory|perhaps out of memory",
        source="common to many programs",
        example="fatal: Out of memory, malloc failed (tried to allocate 1048576 bytes)",
    ),
    Sign(
        "gpu-memory",
        Weight.STRONG,
        ("cuda out of memory", "cuda error: out of memory", "resource_exhausted: out of memory", "oom when allocating"),
        source="pytorch/pytorch c10/cuda/CUDACachingAllocator.cpp; tensorflow/tensorflow core/framework/op_kernel",
        example="torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
        "21.95",
    ),
    Sign(
        "memory-mb-of-limit",
        Weight.MODERATE,
        ("memory usage exceeded", "exceeded memory limit", "exceeded the memory limit", "memory limit exceeded"),
        unless=r"clickhouse|DB::Exception|MEMORY_LIMIT_EXCEEDED|code: 241",
        platform=False,
        source="common to many programs",
        example="worker 3 stopped: exceeded memory limit (512 MB)",
    ),
)

SIGNS = SIGNS_KILLED + SIGNS_RUNTIME
