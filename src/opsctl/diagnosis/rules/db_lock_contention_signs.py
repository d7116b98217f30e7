"""How servers, drivers and migration tools say that a lock is held or that two transactions block each other."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# Package managers and infrastructure tools have locks of their own, and so have files.
_OTHER_LOCKS = r"dpkg|/var/lib/apt|terraform|state lock|lock ?file|package-lock|yarn\.lock|poetry\.lock|\.git/"
_OVERCOME = r"\bretrying\b|\bwill (?:be )?retr"

SIGNS_SERVERS: tuple[Sign, ...] = (
    Sign(
        "postgres-deadlock",
        Weight.DECISIVE,
        "deadlock detected",
        unless=_OVERCOME,
        source="postgres src/backend/storage/lmgr/deadlock.c",
        example="ERROR:  deadlock detected",
    ),
    Sign(
        "mysql-deadlock",
        Weight.DECISIVE,
        "deadlock found when trying to get lock",
        source="mysql share/messages_to_clients.txt ER_LOCK_DEADLOCK",
        example="Deadlock found when trying to get lock; try restarting transaction",
    ),
    Sign(
        "sqlserver-deadlock",
        Weight.DECISIVE,
        "deadlock victim",
        source="learn.microsoft.com sql error 1205",
        example="Transaction (Process ID 57) was deadlocked on lock resources with another process and has been chosen"
        " as the deadlock victim. Rerun the transaction.",
    ),
    Sign(
        "oracle-deadlock",
        Weight.DECISIVE,
        "ora-00060",
        source="docs.oracle.com error messages ORA-00060",
        example="ORA-00060: deadlock detected while waiting for resource",
    ),
    Sign(
        "galera-conflict",
        Weight.DECISIVE,
        "wsrep detected deadlock/conflict",
        source="mariadb sql/wsrep_mysqld.cc",
        example="WSREP detected deadlock/conflict and aborted the transaction. Try restarting the transaction",
    ),
    Sign(
        "mysql-lock-wait",
        Weight.DECISIVE,
        "lock wait timeout exceeded",
        source="mysql share/messages_to_clients.txt ER_LOCK_WAIT_TIMEOUT",
        example="ERROR 1205 (HY000) at line 12: Lock wait timeout exceeded; try restarting transaction",
    ),
    Sign(
        "mysql-nowait",
        Weight.DECISIVE,
        "lock(s) could not be acquired immediately and nowait is set",
        source="mysql share/messages_to_clients.txt ER_LOCK_NOWAIT",
        example="Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.",
    ),
    Sign(
        "mysql-metadata-lock",
        Weight.STRONG,
        "waiting for table metadata lock",
        source="dev.mysql.com general thread states",
        example="| 412 | app | 10.8.0.3 | shop | Query | 2811 | Waiting for table metadata lock | ALTER TABLE orders |",
    ),
    Sign(
        "postgres-lock-timeout",
        Weight.DECISIVE,
        "canceling statement due to lock timeout",
        source="postgres src/backend/tcop/postgres.c",
        example="PG::LockNotAvailable: ERROR:  canceling statement due to lock timeout",
    ),
    Sign(
        "postgres-nowait",
        Weight.DECISIVE,
        "could not obtain lock on",
        r"could not obtain lock on (?:relation|row|table|tuple|object)",
        source="postgres src/backend/catalog/namespace.c, access/heap/heapam.c",
        example='ERROR:  could not obtain lock on relation "orders"',
    ),
    Sign(
        "postgres-statement-timeout-locked",
        Weight.STRONG,
        "canceling statement due to statement timeout",
        r"canceling statement due to statement timeout[\s\S]{0,1000}?while (?:locking|updating|deleting) tuple",
        source="postgres src/backend/storage/lmgr/lmgr.c XactLockTableWaitErrorCb",
        example="ERROR:  canceling statement due to statement timeout\n"
        'CONTEXT:  while updating tuple (0,12) in relation "accounts"',
    ),
    Sign(
        "postgres-statement-timeout",
        Weight.MODERATE,
        "canceling statement due to statement timeout",
        source="postgres src/backend/tcop/postgres.c",
        example="error: canceling statement due to statement timeout",
    ),
    Sign(
        "postgres-serialization",
        Weight.STRONG,
        "could not serialize access",
        r"could not serialize access due to (?:concurrent|read/write)",
        source="postgres src/backend/access/heap, storage/lmgr/predicate.c",
        example="ERROR:  could not serialize access due to concurrent update",
    ),
    Sign(
        "postgres-catalogue-race",
        Weight.DECISIVE,
        ("tuple concurrently", "_nsp_index", "pg_extension_name_index", "pg_namespace_nspname_index"),
        r"tuple concurrently (?:updated|deleted)"
        r"|violates unique constraint .{0,3}pg_(?:type_typname|class_relname)_nsp_index"
        r"|violates unique constraint .{0,3}pg_(?:extension_name|namespace_nspname)_index",
        source="postgres src/backend/access/heap/heapam.c simple_heap_update",
        example='ERROR:  duplicate key value violates unique constraint "pg_type_typname_nsp_index"',
    ),
    Sign(
        "postgres-object-in-use",
        Weight.STRONG,
        "is being accessed by other users",
        source="postgres src/backend/commands/dbcommands.c",
        example='ERROR:  database "shop" is being accessed by other users',
    ),
    Sign(
        "cockroach-retry",
        Weight.STRONG,
        ("transactionretrywithprotorefresherror", "restart transaction"),
        source="cockroachlabs.com transaction retry error reference",
        example="ERROR: restart transaction: TransactionRetryWithProtoRefreshError: WriteTooOldError",
    ),
    Sign(
        "sqlserver-lock-timeout",
        Weight.DECISIVE,
        "lock request time out period exceeded",
        source="learn.microsoft.com sql error 1222",
        example="Msg 1222, Level 16, State 51, Line 1 Lock request time out period exceeded.",
    ),
    Sign(
        "oracle-busy",
        Weight.DECISIVE,
        "ora-00054",
        source="docs.oracle.com error messages ORA-00054",
        example="ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired",
    ),
    Sign(
        "sqlite-locked",
        Weight.STRONG,
        ("database is locked", "database table is locked", "database schema is locked"),
        source="sqlite src/main.c sqlite3ErrStr",
        example="sqlite3.OperationalError: database is locked",
    ),
    Sign(
        "mongodb-write-conflict",
        Weight.STRONG,
        ("writeconflict", "write conflict during plan execution"),
        source="mongodb src/mongo/base/error_codes.yml WriteConflict",
        example="MongoServerError: WriteConflict error: this operation conflicted with another operation. Please retry"
        " your operation or multi-document transaction.",
    ),
    Sign(
        "mongodb-lock-timeout",
        Weight.STRONG,
        "unable to acquire",
        r"unable to acquire .{0,60}lock .{0,80}within",
        source="mongodb src/mongo/db/concurrency/lock_state.cpp",
        example="MongoServerError: Unable to acquire IX lock on '{5764607: Database, shop}' within 5ms.",
    ),
    Sign(
        "firestore-contention",
        Weight.STRONG,
        "too much contention on these",
        source="cloud.google.com/firestore transaction failures",
        example="10 ABORTED: Too much contention on these documents. Please try again.",
    ),
    Sign(
        "spanner-aborted",
        Weight.MODERATE,
        ("transaction was aborted", "was wounded by a different transaction", "transaction was wounded"),
        source="cloud.google.com/spanner transactions, ABORTED",
        example="google.api_core.exceptions.Aborted: 409 Transaction was aborted. It was wounded by a higher priority"
        " transaction due to conflict on keys in range",
    ),
    Sign(
        "localised",
        Weight.DECISIVE,
        (
            "교착 상태",
            "deadlock entdeckt",
            "verklemmung",
            "interblocage",
            "взаимоблокировка",
            "デッドロックを検出",
            "检测到死锁",
        ),
        source="postgres src/backend/po/*.po",
        example="오류:  교착 상태가 발생했습니다",
    ),
)
