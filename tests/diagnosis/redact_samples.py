"""Evidence with a secret at one place, for the tests of masking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

JOB = "projects/netureyoutube/locations/asia-northeast3/jobs/o4o-api-migrations"
Plant = Callable[[str], tuple[str, Any]]


def container(env: list[dict[str, Any]] | None = None, **members: Any) -> dict[str, Any]:
    return {
        "image": "asia-northeast3-docker.pkg.dev/netureyoutube/o4o-api/api-server@sha256:" + "0a1b2c3d" * 8,
        "env": [{"name": "NODE_ENV", "value": "production"}, *(env or [])],
        **members,
    }


def execution(env: list[dict[str, Any]] | None = None, **members: Any) -> dict[str, Any]:
    return {
        "name": f"{JOB}/executions/o4o-api-migrations-h5x5h",
        "template": {"containers": [container(env, **members)], "maxRetries": 1, "timeout": "300s"},
        "conditions": [{"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "NON_ZERO_EXIT_CODE"}],
    }


def variable(name: str, value: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value}]


def audit(response: dict[str, Any]) -> dict[str, Any]:
    record = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "methodName": "/Jobs.RunJob",
        "status": {
            "code": 10,
            "message": "Execution o4o-api-migrations-h5x5h has failed to complete, 0/1 tasks were a success.",
        },
        **response,
    }
    return {
        "entries": [
            {
                "insertId": "5",
                "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event",
                "protoPayload": record,
            }
        ]
    }


def v1_execution(env: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {"annotations": {"run.googleapis.com/secrets": "db:projects/1/secrets/db-password"}},
        "spec": {"template": {"spec": {"containers": [container(env, **members)]}}},
    }


def line(text: str) -> dict[str, Any]:
    return {
        "entries": [{"insertId": "1", "logName": "projects/p/logs/run.googleapis.com%2Fstderr", "textPayload": text}]
    }


def fields(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "entries": [{"insertId": "1", "logName": "projects/p/logs/run.googleapis.com%2Fstdout", "jsonPayload": payload}]
    }


# Where a secret can stand that is any text: what stands around it says that it is one.
ANYWHERE: dict[str, Plant] = {
    "env password": lambda s: ("execution", execution(variable("DB_PASSWORD", s))),
    "env glued name": lambda s: ("execution", execution(variable("PGPASSWORD", s))),
    "env api key": lambda s: ("execution", execution(variable("MAILGUN_API_KEY", s))),
    "env client secret": lambda s: ("execution", execution(variable("OAUTH_CLIENT_SECRET_STAGING", s))),
    "env credentials": lambda s: ("execution", execution(variable("AWS_CREDENTIALS", s))),
    "env cookie": lambda s: ("execution", execution(variable("SECRET_COOKIE", s))),
    "env secret key base": lambda s: ("execution", execution(variable("SECRET_KEY_BASE", s))),
    "task env": lambda s: ("tasks", {"tasks": [{"containers": [container(variable("DB_PASS", s))]}]}),
    "job env": lambda s: ("job", {"template": {"template": {"containers": [container(variable("DB_PWD", s))]}}}),
    "baseline env": lambda s: ("baseline", {"execution": execution(variable("DB_PASSWORD", s))}),
    "audit response": lambda s: ("logs", audit({"response": v1_execution(variable("DB_PASSWORD", s))})),
    "audit request": lambda s: (
        "logs",
        audit({"request": {"job": {"template": execution(variable("DB_PASSWORD", s))}}}),
    ),
    "flag with next argument": lambda s: ("execution", execution(args=["migrate", "--password", "x" + s])),
    "flag with value": lambda s: ("execution", execution(args=["migrate", f"--db-password={s}"])),
    "audit argument": lambda s: ("logs", audit({"response": v1_execution([], args=["--api-key", "x" + s])})),
    "annotation": lambda s: ("job", {"annotations": {"example.com/api-token": s}}),
    "label": lambda s: ("execution", {"labels": {"db-password": s}}),
    "image env": lambda s: ("image", {"config": {"config": {"Env": ["PATH=/bin", f"NPM_TOKEN_SECRET={s}"]}}}),
    "json field": lambda s: ("logs", fields({"message": "connecting", "db": {"password": s}})),
    "json headers": lambda s: ("logs", fields({"headers": [{"name": "Authorization", "value": s}]})),
}

# Where it ends at a space, a quote or a sign that separates: it is of letters and digits here.
IN_TEXT: dict[str, Plant] = {
    "env database url": lambda s: (
        "execution",
        execution(variable("DATABASE_URL", f"postgres://app:{s}@10.1.2.3:5432/app")),
    ),
    "env url with unescaped": lambda s: (
        "execution",
        execution(variable("DATABASE_URL", f"mysql://app:a/{s}@b#c@h/app")),
    ),
    "env url without slashes": lambda s: ("execution", execution(variable("DB_URI", f"postgres:app:{s}@10.1.2.3/app"))),
    "env url without scheme": lambda s: (
        "execution",
        execution(variable("DATABASE_URL", f"app:{s}@10.1.2.3:5432/app")),
    ),
    "env any name, url": lambda s: ("execution", execution(variable("TARGET", f"redis://:{s}@10.0.0.3:6379"))),
    "env go dsn": lambda s: ("execution", execution(variable("DSN", f"app:{s}@tcp(10.0.0.3:3306)/app?parseTime=true"))),
    "env libpq": lambda s: (
        "execution",
        execution(variable("DB", f"host=/cloudsql/p:r:i user=app password={s} dbname=app")),
    ),
    "env jdbc": lambda s: (
        "execution",
        execution(variable("SPRING_URL", f"jdbc:postgresql://h/db?user=app&password={s}&ssl=true")),
    ),
    "env oracle": lambda s: ("execution", execution(variable("JDBC", f"jdbc:oracle:thin:app/{s}@//10.0.0.9:1521/svc"))),
    "env ado.net": lambda s: (
        "execution",
        execution(variable("ConnectionStrings__Main", f"Server=h;User Id=sa;Password=a {s};")),
    ),
    "env json": lambda s: (
        "execution",
        execution(variable("CONFIG", '{"db": {"host": "h", "password": "' + s + '"}}')),
    ),
    "env entropy": lambda s: ("execution", execution(variable("RUNTIME", f"Zk39fJq0Lm2Qw8Er5Ty1{s}"))),
    "argument entropy": lambda s: ("execution", execution(args=[f"Zk39fJq0Lm2Qw8Er5Ty1{s}"])),
    "argument url": lambda s: ("execution", execution(args=["-database", f"postgres://app:{s}@h:5432/db", "up"])),
    "mysql -p": lambda s: ("execution", execution(command=["mysql"], args=["-h", "h", f"-p{s}", "app"])),
    "shell": lambda s: ("execution", execution(command=["sh", "-c"], args=[f"PGPASSWORD={s} psql -h h -f up.sql"])),
    "shell mysql": lambda s: (
        "execution",
        execution(command=["sh", "-c"], args=[f"mysql -h h -uapp -p{s} app < up.sql"]),
    ),
    "shell flag": lambda s: ("execution", execution(args=[f"flyway migrate --password {s} --url x"])),
    "curl": lambda s: ("execution", execution(command=["sh", "-c"], args=[f"curl -u app:{s} https://h/x"])),
    "condition": lambda s: ("execution", {"conditions": [{"message": f"failed: postgres://app:{s}@h/db"}]}),
    "log url": lambda s: ("logs", line(f"cannot connect to postgres://app:{s}@h:5432/db: timeout")),
    "log web url": lambda s: ("logs", line(f"GET https://app:{s}@h/x@2x.png 403")),
    "log assignment": lambda s: ("logs", line(f"env: DB_PASSWORD={s} NODE_ENV=production")),
    "log object": lambda s: ("logs", line("{ user: 'app', password: '" + s + "', host: 'h' }")),
    "log json": lambda s: ("logs", line('{"level":"error","db_password":"' + s + '"}')),
    "log escaped json": lambda s: ("logs", line('{"msg":"{\\"password\\":\\"' + s + '\\"}"}')),
    "log ruby": lambda s: ("logs", line('{:user=>"app", :password=>"' + s + '"}')),
    "log java": lambda s: ("logs", line("{user=app, password=" + s + ", ssl=true}")),
    "log header": lambda s: ("logs", line(f"> Authorization: Bearer {s}")),
    "log header json": lambda s: ("logs", line('{"headers":{"authorization":"Basic ' + s + '"}}')),
    "log bearer": lambda s: ("logs", line(f"sent Bearer {s}9 to api")),
    "log cookie": lambda s: ("logs", line(f"Set-Cookie: sid={s}; Path=/")),
    "log cookie json": lambda s: ("logs", line('{"cookie":"sid=' + s + '"}')),
    "log signed url": lambda s: (
        "logs",
        line(f"GET https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature={s}&w=3"),
    ),
    "log google url": lambda s: ("logs", line(f"https://storage.googleapis.com/b/o?X-Goog-Signature={s}")),
    "log azure url": lambda s: ("logs", line(f"https://a.blob.core.windows.net/c?sv=2021&sig={s}")),
    "log jwt": lambda s: ("logs", line(f"token eyJhbGciOiJIUzI1NiJ9.eyJ{s}.c2lnbmF0dXJl")),
    "log pem": lambda s: ("logs", line(f"key -----BEGIN PRIVATE KEY-----\n{s}\n-----END PRIVATE KEY----- read")),
    "log pem escaped": lambda s: (
        "logs",
        line(f'"-----BEGIN RSA PRIVATE KEY-----\\n{s}\\n-----END RSA PRIVATE KEY-----\\n"'),
    ),
    "log sql": lambda s: ("logs", line(f"CREATE ROLE app WITH LOGIN PASSWORD '{s}'")),
    "log sql mysql": lambda s: ("logs", line(f"CREATE USER 'app'@'%' IDENTIFIED WITH mysql_native_password BY '{s}'")),
    "log github": lambda s: ("logs", line(f"using ghp_0123456789abcdefghij{s}")),
    "log stripe": lambda s: ("logs", line(f"Stripe: sk_live_0123456789{s}")),
    "log google key": lambda s: ("logs", line(f"key=AIzaSyA0123456789abcdefghijklmnop{s}")),
    "image history": lambda s: ("image", {"config": {"history": [{"created_by": f"ENV DB_PASSWORD={s}"}]}}),
    "image file": lambda s: ("image", {"texts": {"/app/.npmrc": f"//registry.example.org/:_authToken={s}\n"}}),
    "commit": lambda s: ("commits", {"commits": [{"subject": f"use postgres://app:{s}@h/db"}]}),
    "request url": lambda s: ("logs", {"entries": [{"httpRequest": {"requestUrl": f"https://h/x?token={s}&a=1"}}]}),
}
