"""How drivers, Cloud SQL connectors and Cloud Run say that a Cloud SQL socket or connection name is wrong."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# These explain a Cloud SQL connection that fails for another reason than its attachment.
_REFUSED_BY_API = (
    r"Error 403|notAuthorized|NOT_AUTHORIZED|accessNotConfigured|SERVICE_DISABLED|has not been used in project"
)
_NOT_SERVING = r"timed out after|i/o timeout|not running|SUSPENDED|password authentication|SQLSTATE 28"

# A refused socket is there more often than not: the list of attached instances decides.
SIGNS_SOCKET = (
    Sign(
        "node-enoent",
        Weight.DECISIVE,
        "connect enoent /cloudsql",
        source="nodejs/node lib/net.js exceptionWithHostPort with a path",
        example="Error: connect ENOENT /cloudsql/shop-prod:us-central1:shop-db/.s.PGSQL.5432",
    ),
    Sign(
        "node-refused",
        Weight.MODERATE,
        "econnrefused /cloudsql",
        source="nodejs/node lib/net.js exceptionWithHostPort with a path",
        example="Error: connect ECONNREFUSED /cloudsql/shop-prod:us-central1:shop-db/.s.PGSQL.5432",
    ),
    Sign(
        "node-not-a-socket",
        Weight.STRONG,
        "/cloudsql",
        r"connect (?:ENOTSOCK|EACCES|ENOTDIR|EINVAL|EISDIR|ENAMETOOLONG) /cloudsql",
        source="nodejs/node lib/net.js exceptionWithHostPort with a path",
        example="Error: connect EINVAL /cloudsql/shop-prod:us-central1:shop-db",
    ),
    Sign(
        "path-in-error-object",
        Weight.DECISIVE,
        ("/cloudsql/", "%2fcloudsql"),
        r"ENOENT[\s\S]{0,300}address['\"\\]*:\s*['\"\\]*/cloudsql"
        r"|address['\"\\]*:\s*['\"\\]*/cloudsql[\s\S]{0,300}ENOENT",
        source="nodejs/node error.address in util.inspect and JSON output",
        example="{ errno: -2, code: 'ENOENT', syscall: 'connect', address: "
        "'/cloudsql/shop-prod:us-central1:shop-db/.s.PGSQL.5432' }",
    ),
    Sign(
        "libpq-missing",
        Weight.DECISIVE,
        "/cloudsql",
        r"on socket \"/cloudsql/[^\"]*\" failed: No such file or directory"
        r"|No such file or directory\s+Is the server running locally and accepting\s+connections on Unix domain socket "
        r"\"/cloudsql",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c",
        example='connection to server on socket "/cloudsql/p:us-central1:db/.s.PGSQL.5432" failed: No such file or '
        "directory\n"
        "\tIs the server running locally and accepting connections on that socket?",
    ),
    Sign(
        "libpq-other",
        Weight.MODERATE,
        "/cloudsql",
        r"on socket \"/cloudsql/[^\"]*\" failed: (?:Connection refused|server closed the connection|Not a directory)"
        r"|Unix domain socket \"/cloudsql/[^\"]*\"",
        unless=_NOT_SERVING,
        source="postgres/postgres src/interfaces/libpq/fe-connect.c",
        example='connection to server on socket "/cloudsql/p:us-central1:db/.s.PGSQL.5432" failed: Connection refused',
    ),
    Sign(
        "mysql-socket",
        Weight.DECISIVE,
        "/cloudsql",
        r"through socket '/cloudsql/[^']*'(?: '[^']*')? \((?:2|errno:? ?2)\b|through socket '/cloudsql/[^']*'"
        r"[\s\S]{0,40}No such file",
        source="mysql/mysql-server libmysql/errmsg.cc CR_CONNECTION_ERROR (2002)",
        example="ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/cloudsql/p:us-central1:db' "
        "(2)",
    ),
    Sign(
        "mysql-socket-refused",
        Weight.MODERATE,
        "through socket '/cloudsql",
        source="mysql/mysql-server libmysql/errmsg.cc CR_CONNECTION_ERROR (2002)",
        example="(2002, \"Can't connect to local MySQL server through socket '/cloudsql/p:us-central1:db' (111)\")",
    ),
    Sign(
        "pymysql-socket",
        Weight.STRONG,
        "can't connect to mysql server on 'localhost'",
        r"server on 'localhost' \(\[Errno 2\] No such file or directory\)",
        source="PyMySQL/PyMySQL connections.py with unix_socket",
        example="(2003, \"Can't connect to MySQL server on 'localhost' ([Errno 2] No such file or directory)\")",
    ),
    Sign(
        "go-unix",
        Weight.DECISIVE,
        "dial unix /cloudsql",
        r"dial unix /cloudsql\S*: connect: no such file or directory",
        source="golang/go net.OpError",
        example="dial unix /cloudsql/p:us-central1:db/.s.PGSQL.5432: connect: no such file or directory",
    ),
    Sign(
        "go-unix-other",
        Weight.MODERATE,
        "dial unix /cloudsql",
        source="golang/go net.OpError",
        example="dial unix /cloudsql/p:us-central1:db/.s.PGSQL.5432: connect: connection refused",
    ),
    Sign(
        "prisma-socket",
        Weight.MODERATE,
        (
            "can't reach database server at `/cloudsql",
            "can't reach database server at /cloudsql",
            "can't reach database server at '/cloudsql",
        ),
        source="prisma/prisma-engines P1001 with the host parameter of the URL",
        example="Error: P1001: Can't reach database server at `/cloudsql/p:us-central1:db`:`5432`",
    ),
    Sign(
        "any-missing-socket",
        Weight.STRONG,
        ("/cloudsql/", "/cloudsql:"),
        r"/cloudsql[/:]\S{0,150}['\"`\s,:)][\s\S]{0,80}(?:no such file|not found|does not exist|ENOENT|nonexistent)"
        r"|(?:no such file or directory|ENOENT|does not exist|cannot find)[^\n]{0,60}/cloudsql/",
        unless=_REFUSED_BY_API,
        source="strerror(ENOENT) next to the socket path, in any client",
        example="Errno::ENOENT: No such file or directory - connect(2) for /cloudsql/p:us-central1:db",
    ),
    Sign(
        "any-refused-socket",
        Weight.MODERATE,
        "/cloudsql/",
        r"(?:refused|failed to connect|could not connect|cannot connect|unable to connect)[^\n]{0,120}/cloudsql/"
        r"|/cloudsql/\S{0,150}[^\n]{0,60}(?:refused|failed|could not connect|cannot connect)",
        unless=_REFUSED_BY_API + "|" + _NOT_SERVING,
        source="any client that names the socket path",
        example="could not connect to /cloudsql/p:us-central1:db",
    ),
)

SIGNS_CONNECTORS = (
    Sign(
        "instance-does-not-exist",
        Weight.DECISIVE,
        ("the cloud sql instance does not exist.", "instancedoesnotexist"),
        source="Cloud SQL Admin API instanceDoesNotExist (404)",
        example="googleapi: Error 404: The Cloud SQL instance does not exist., instanceDoesNotExist",
    ),
    Sign(
        "instance-404",
        Weight.STRONG,
        "failed to get instance",
        r"failed to get instance(?: metadata)?[\s\S]{0,200}(?:Error 404|notFound)",
        source="GoogleCloudPlatform/cloud-sql-go-connector internal/cloudsql/refresh.go",
        example='refresh error: failed to get instance metadata (connection name = "p:us-central1:db"): googleapi: '
        "Error 404: "
        "Not Found, notFound",
    ),
    Sign(
        "region-mismatch",
        Weight.DECISIVE,
        (
            "provided region was mismatched",
            "the region specified for the cloud sql instance is incorrect",
            "ebadsqladminregion",
        ),
        source="GoogleCloudPlatform/cloud-sql-go-connector, cloud-sql-nodejs-connector, python-connector client.py, "
        "jdbc-socket-factory",
        example="config error: provided region was mismatched - got us-central1, want asia-northeast3 (connection "
        'name = "p:r:i")',
    ),
    Sign(
        "name-malformed",
        Weight.DECISIVE,
        (
            "invalid instance connection name",
            "malformed instance connection name",
            "cloud sql connection name is invalid",
            "missing instance connection name",
            "arg `instance_connection_string` must have format",
            "invalid cloud sql instance name",
            "illegal cloud sql instance name",
            "ebadconnectionname",
            "enoconnectionname",
            "invalid full instance name",
        ),
        source="Cloud SQL connectors of Go, Node, Java and Python; Cloud SQL Auth Proxy; Cloud Run job validation",
        example="config error: invalid instance connection name, expected PROJECT:REGION:INSTANCE (connection name = "
        '"db")',
    ),
    Sign(
        "typo-hint",
        Weight.MODERATE,
        ("make sure there's no typo in that name", "verify the instance connection name"),
        unless=_REFUSED_BY_API,
        source="GoogleCloudPlatform/cloudsql-proxy v1 proxy/certs; jdbc-socket-factory SqlAdminApiFetcher",
        example='ensure that the account has access to "p:us-central1:db" (and make sure there\'s no typo in that '
        "name). Error "
        "during generateEphemeral",
    ),
    Sign(
        "java-name-or-access",
        Weight.MODERATE,
        "the cloud sql instance does not exist or your account is not authorized",
        source="GoogleCloudPlatform/cloud-sql-jdbc-socket-factory SqlAdminApiFetcher.addExceptionContext",
        example="[p:us-central1:db] The Cloud SQL Instance does not exist or your account is not authorized to "
        "access it. Please "
        "verify the instance connection name",
    ),
    Sign(
        "java-property-missing",
        Weight.STRONG,
        (
            "cloudsqlinstance property not set",
            "an instance connection name must be provided",
            "cloud sql instance connection name is not set",
        ),
        source="GoogleCloudPlatform/cloud-sql-jdbc-socket-factory; spring-cloud-gcp CloudSqlEnvironmentPostProcessor",
        example="java.lang.IllegalArgumentException: cloudSqlInstance property not set. Please specify this property "
        "in the JDBC "
        'URL or the connection Properties with value in form "project:region:instance"',
    ),
    Sign(
        "unix-socket-property",
        Weight.MODERATE,
        ("socket file", "unix socket"),
        r"(?:Unix )?socket (?:file |path )?['\"]?/cloudsql\S* (?:not found|does not exist|is missing)",
        source="programs that test for the socket before they connect",
        example="Unix socket /cloudsql/p:us-central1:db does not exist",
    ),
    Sign(
        "socket-path-too-long",
        Weight.STRONG,
        ("unix-domain socket path", "af_unix path too long", "socket path too long"),
        r"Unix-domain socket path \"/cloudsql\S* is too long|AF_UNIX path too long[\s\S]{0,80}cloudsql",
        source="postgres/postgres fe-connect.c; python/cpython socketmodule.c; limit of 108 bytes",
        example="Unix-domain socket path "
        '"/cloudsql/a-very-long-project:asia-northeast3:a-long-instance/.s.PGSQL.5432" is too '
        "long (maximum 107 bytes)",
    ),
    Sign(
        "admin-api-404",
        Weight.DECISIVE,
        "sqladmin.googleapis.com",
        r"404\b[\s\S]{0,120}sqladmin\.googleapis\.com/[\s\S]{0,80}/instances/"
        r"|sqladmin\.googleapis\.com/[^\n]{0,160}/instances/[^\n]{0,200}\b404\b",
        source="GoogleCloudPlatform/cloud-sql-python-connector client.py with aiohttp",
        example="aiohttp.client_exceptions.ClientResponseError: 404, message='Not Found', "
        "url=URL('https://sqladmin.googleapis.com/sql/v1beta4/projects/p/instances/db/connectSettings')",
    ),
)
