"""What systems print when a file system, a table space or the descriptors of a process are used up."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS = (
    Sign(
        "errno-enospc",
        Weight.DECISIVE,
        ("no space left on device", "enospc"),
        r"no space left on device|\bENOSPC\b",
        unless=r"file watchers|inotify",
        source="glibc strerror(ENOSPC); libuv include/uv.h",
        example="Error: ENOSPC: no space left on device, write",
    ),
    Sign(
        "file-watchers",
        Weight.DECISIVE,
        ("system limit for number of file watchers reached", "inotify watch limit", "inotify instances"),
        r"file watchers reached|inotify.{0,60}(?:limit|reached|too many)|too many.{0,30}inotify",
        source="nodejs/node lib/internal/fs/watchers.js; paulmillr/chokidar",
        example="Error: ENOSPC: System limit for number of file watchers reached, watch '/app/src'",
    ),
    Sign(
        "dotnet-inotify",
        Weight.DECISIVE,
        "limit (128) on the number of inotify instances",
        r"inotify instances has been reached",
        source="dotnet/runtime FileSystemWatcher.Linux.cs",
        example="The configured user limit (128) on the number of inotify instances has been reached.",
    ),
    Sign(
        "too-many-files",
        Weight.STRONG,
        ("too many open files", "emfile", "enfile"),
        r"too many open files|\bEMFILE\b|\bENFILE\b",
        source="glibc strerror(EMFILE)",
        example="OSError: [Errno 24] Too many open files: '/tmp/part-1021.csv'",
    ),
    Sign(
        "disk-full",
        Weight.DECISIVE,
        ("disk is full", "disk full", "not enough space on the disk", "insufficient disk space", "out of disk space"),
        r"\b(?:disk|device) (?:is )?full\b|(?:not enough|insufficient|out of) (?:free )?(?:disk )?space",
        unless=r"\b0 disk full|disk full check|insufficient space for shared memory",
        source="sqlite/sqlite src/main.c (SQLITE_FULL); .NET IOException",
        example="sqlite3.OperationalError: database or disk is full",
    ),
    Sign(
        "disk-quota",
        Weight.DECISIVE,
        ("disk quota exceeded", "edquot"),
        source="glibc strerror(EDQUOT)",
        example="cp: error writing '/mnt/share/a.bin': Disk quota exceeded",
    ),
    Sign(
        "postgres-disk-full",
        Weight.DECISIVE,
        ("could not extend file", "could not write to file", "could not write block"),
        r"no space left|check free disk space|size limit|disk full",
        source="postgres/postgres src/backend/storage/smgr/md.c (53100)",
        example='ERROR:  could not extend file "base/16384/24601": No space left on device\nHINT:  Check free disk '
        "space.",
    ),
    Sign(
        "postgres-temp-limit",
        Weight.STRONG,
        "temporary file size exceeds temp_file_limit",
        source="postgres/postgres src/backend/storage/file/fd.c (53400)",
        example="ERROR:  temporary file size exceeds temp_file_limit (1025563kB)",
    ),
    Sign(
        "postgres-shared-memory",
        Weight.STRONG,
        ("out of shared memory", "could not resize shared memory segment"),
        source="postgres/postgres src/backend/storage/lmgr/lock.c, ipc/dsm_impl.c",
        example='ERROR:  could not resize shared memory segment "/PostgreSQL.1" to 16777216 bytes: No space left on '
        "device",
    ),
    Sign(
        "mysql-table-full",
        Weight.DECISIVE,
        ("' is full", "disk full (", "error writing file", "got error 28 from storage engine", "errcode: 28"),
        r"the table '[^']{0,130}' is full|disk full \(|errcode: 28|got error 28"
        r"|error writing file .{0,200}(?:28|no space)",
        source="mysql/mysql-server share/messages_to_clients.txt ER_RECORD_FILE_FULL (1114), ER_DISK_FULL (1021)",
        example="ERROR 1114 (HY000) at line 40: The table 'orders' is full",
    ),
    Sign(
        "mssql-full",
        Weight.DECISIVE,
        (
            "filegroup is full",
            "the transaction log for database",
            "could not allocate space for object",
            "could not allocate a new page for database",
        ),
        r"filegroup is full|is full due to|could not allocate (?:space|a new page)",
        source="learn.microsoft.com/sql/relational-databases/errors-events (1105, 9002, 1101)",
        example="Could not allocate space for object 'dbo.orders' in database 'app' because the 'PRIMARY' filegroup is "
        "full.",
    ),
    Sign(
        "oracle-extend",
        Weight.DECISIVE,
        ("ora-01653", "ora-01654", "ora-01652", "ora-01536", "ora-01688", "ora-12953", "unable to extend t"),
        source="docs.oracle.com/error-help/db",
        example="ORA-01653: unable to extend table APP.ORDERS by 128 in tablespace USERS",
    ),
    Sign(
        "redis-maxmemory",
        Weight.DECISIVE,
        "oom command not allowed when used memory",
        source="redis/redis src/server.c shared.oomerr",
        example="ReplyError: OOM command not allowed when used memory > 'maxmemory'.",
    ),
    Sign(
        "clickhouse-memory",
        Weight.STRONG,
        ("memory_limit_exceeded", "memory limit (total) exceeded", "memory limit (for query) exceeded"),
        source="ClickHouse/ClickHouse src/Common/MemoryTracker.cpp (code 241)",
        example="Code: 241. DB::Exception: Memory limit (for query) exceeded: would use 9.32 GiB. "
        "(MEMORY_LIMIT_EXCEEDED)",
    ),
    Sign(
        "elasticsearch-flood-stage",
        Weight.DECISIVE,
        ("flood-stage watermark", "flood stage disk watermark"),
        source="elastic/elasticsearch DiskThresholdMonitor.java",
        example="blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
        "read-only-allow-delete "
        "block];",
    ),
    Sign(
        "thread-limit",
        Weight.MODERATE,
        ("can't start new thread", "fork: resource temporarily unavailable", "fork: retry:", "pthread_create failed"),
        source="python/cpython Modules/_threadmodule.c; bash jobs.c",
        example="RuntimeError: can't start new thread",
    ),
    Sign(
        "ports-exhausted",
        Weight.MODERATE,
        ("cannot assign requested address", "eaddrnotavail"),
        r"cannot assign requested address|EADDRNOTAVAIL",
        unless=r"\[?::1\]?|localhost|127\.0\.0\.1|0\.0\.0\.0|bind|listen",
        source="glibc strerror(EADDRNOTAVAIL); cloud.google.com/nat/docs/ports-and-addresses",
        example="dial tcp 203.0.113.9:443: connect: cannot assign requested address",
    ),
    Sign(
        "scratch-volume",
        Weight.STRONG,
        ("exceeded its local ephemeral storage", "usage of emptydir volume", "exceeds the limit"),
        r"ephemeral storage|emptydir volume .{0,80}exceeds the limit",
        source="kubernetes pkg/kubelet/eviction; cloud.google.com/run/docs/configuring/jobs/in-memory-volume-mounts",
        example='Usage of EmptyDir volume "scratch" exceeds the limit "1Gi".',
    ),
)
