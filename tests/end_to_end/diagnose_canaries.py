"""A recorded execution with a different secret at every place where one can stand."""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Iterator
from typing import Any

from opsctl.lab.incidents import INCIDENTS

INCIDENT = "o4o-api-migrations-h5x5h"
_ALPHABET = string.ascii_letters + string.digits


class Canaries:
    """Makes secrets and remembers them by the place where they were planted."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def make(self, place: str, length: int = 24, alphabet: str = _ALPHABET) -> str:
        """A random-looking text that no other place has; always the same for one place."""
        digest = b"".join(hashlib.sha256(f"{place} {turn}".encode()).digest() for turn in range(1 + length // 32))
        secret = "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])
        assert secret not in self.planted.values()
        self.planted[place] = secret
        return secret


def plant_everywhere() -> tuple[dict[str, Any], dict[str, str]]:
    """The evidence, and the secrets in it by place."""
    canaries = Canaries()
    evidence = INCIDENTS[INCIDENT].evidence()
    sections = evidence["sections"]
    execution, job = sections["execution"]["data"], sections["job"]["data"]
    baseline = sections["baseline"]["data"]["execution"]
    for name, template in (
        ("execution", execution["template"]),
        ("job", job["template"]["template"]),
        ("baseline", baseline["template"]),
    ):
        container = template["containers"][0]
        container["env"] = [*container.get("env", []), *_variables(f"{name} env", canaries)]
        container["args"] = [*container.get("args", []), *_arguments(f"{name} args", canaries)]
        container["command"] = ["node", f"--token={canaries.make(f'{name} command')}"]
    for name, owner in (("execution", execution), ("job", job), ("baseline", baseline)):
        owner["annotations"] = {
            **owner.get("annotations", {}),
            "client.example/api-key": canaries.make(f"{name} annotation by name"),
            "client.example/notes": f"postgres://u:{canaries.make(f'{name} annotation by form')}@db.internal/x",
        }
        owner["labels"] = {**owner.get("labels", {}), "deploy-token": canaries.make(f"{name} label")}
    _plant_in_words(sections, execution, canaries)
    _plant_in_logs(sections["logs"]["data"], canaries)
    _plant_in_image(sections["image"]["data"], canaries)
    for number, commit in enumerate(sections["commits"]["data"]["commits"]):
        commit["subject"] += f" (DB_PASSWORD={canaries.make(f'commit {number}')})"
    sections["commits"]["data"]["repository"] = f"https://ci:{canaries.make('repository')}@git.example.com/o4o.git"
    evidence["sections"]["something_new"] = {
        "status": "ok",
        "data": {"password": canaries.make("unknown section by name"), "url": f"redis://:{canaries.make('u2')}@r:6379"},
    }
    return evidence, canaries.planted


def _variables(place: str, canaries: Canaries) -> list[dict[str, str]]:
    by_name = ("DB_PASSWORD_OLD", "API_KEY", "ClientSecret", "github_token", "SMTP_PASS", "PRIVATE_KEY_ID_SECRET")
    variables = {name: canaries.make(f"{place} {name}") for name in by_name}
    return [
        {"name": name, "value": value}
        for name, value in {
            **variables,
            "FEATURE_FLAGS": canaries.make(f"{place} by entropy", 40),
            "DATABASE_URL": f"postgres://app:{canaries.make(f'{place} URL')}@10.0.0.5:5432/app",
            "JDBC_URL": f"jdbc:mysql://10.0.0.5/app?user=app&password={canaries.make(f'{place} JDBC')}",
            "ADO": f"Server=10.0.0.5;User Id=app;Password={canaries.make(f'{place} ADO')};Encrypt=true",
            "DSN": f"host=10.0.0.5 user=app password='{canaries.make(f'{place} libpq')}' dbname=app",
            "SETTINGS": f'{{"db": {{"password": "{canaries.make(f"{place} JSON")}", "port": 5432}}}}',
            "PEM": _pem(f"{place} PEM", canaries),
        }.items()
    ]


def _arguments(place: str, canaries: Canaries) -> list[str]:
    return [
        f"--password={canaries.make(f'{place} joined')}",
        "--api-key",
        canaries.make(f"{place} apart"),
        f"mysql://app:{canaries.make(f'{place} URL')}@10.0.0.5/app",
        f"-Dspring.datasource.password={canaries.make(f'{place} property')}",
    ]


def _plant_in_words(sections: dict[str, Any], execution: dict[str, Any], canaries: Canaries) -> None:
    """Conditions, tasks, reasons, sources."""
    execution["conditions"][0]["message"] += f" See postgres://u:{canaries.make('condition')}@10.0.0.5/app"
    execution["logUri"] = f"https://logs.example.com/?access_token={canaries.make('log address')}"
    for number, task in enumerate(sections["tasks"]["data"]["tasks"]):
        words = f"failed with password={canaries.make(f'task {number} status')}"
        task["lastAttemptResult"] = {**task.get("lastAttemptResult", {}), "exitCode": 1}
        task["lastAttemptResult"]["status"] = {"code": 10, "message": words}
        task["conditions"] = [
            {"type": "Completed", "state": "CONDITION_FAILED", "message": f"token: {_jwt(f'task {number}', canaries)}"}
        ]
    for name, section in sections.items():
        section["reason"] = f"asked with Authorization: Bearer {canaries.make(f'reason of {name}', 40)}"
        section["source"] = f"https://u:{canaries.make(f'source of {name}')}@run.example.com/v2"


def _plant_in_logs(data: dict[str, Any], canaries: Canaries) -> None:
    first = next(entry for entry in data["entries"] if "textPayload" in entry)
    lines = [*_lines(canaries)]
    added: list[dict[str, Any]] = []
    for number, text in enumerate(lines):
        added.append({**first, "insertId": f"canary{number}", "textPayload": text})
        added.append({**first, "insertId": f"error{number}", "severity": "ERROR", "textPayload": f"Error: {text}"})
    for entry in added[len(lines) :: 3]:
        entry["labels"] = {**entry["labels"], "session_token": canaries.make(f"log label {entry['insertId']}")}
    key = _pem("PEM line by line", canaries).split("\n")
    added += [{**first, "insertId": f"key{number}", "textPayload": text} for number, text in enumerate(key)]
    structured = {key: value for key, value in first.items() if key != "textPayload"}
    added += [
        {
            **structured,
            "insertId": "canary-json",
            "severity": "ERROR",
            "jsonPayload": {
                "message": f"connect postgres://app:{canaries.make('JSON log URL')}@10.0.0.5/app failed",
                "config": {"password": canaries.make("JSON log by name"), "retries": 3},
                "headers": [{"authorization": f"Bearer {canaries.make('JSON log header', 40)}"}],
            },
        },
        _audit(structured, canaries),
    ]
    data["entries"] = [data["entries"][0], *added, *data["entries"][1:]]
    data["filter"] = f'resource.type="cloud_run_job" AND textPayload:"password={canaries.make("filter")}"'


def _lines(canaries: Canaries) -> Iterator[str]:
    make = canaries.make
    yield f"connecting to postgres://o4o_api:{make('line URL')}@10.20.0.3:5432/o4o"
    yield f"amqp://user:{make('line amqp')}@mq:5672 refused, then mongodb+srv://u:{make('line mongo')}@c0.example.com/x"
    yield f"> Authorization: Bearer {make('line bearer', 40)}"
    basic = "app:" + make("line basic")
    yield f"> Authorization: Basic {base64.b64encode(basic.encode()).decode()}"
    yield f"> Cookie: session={make('line cookie', 40)}; theme=dark"
    yield f"> X-Api-Key: {make('line header', 32)}"
    yield f'{{"level":"error","db":{{"user":"app","password":"{make("line JSON")}"}}}}'
    yield f"{{ password: '{make('line object')}', user: 'app' }}"
    yield f"DB_PASSWORD={make('line assignment')} DB_USER=app"
    yield f"export API_KEY='{make('line export')}'"
    yield f"password authentication with password: {make('line colon')}, retrying"
    yield _pem("line PEM", canaries)
    yield f"token {_jwt('line JWT', canaries)} expired"
    yield f"GET https://storage.googleapis.com/b/o?X-Goog-Signature={make('line signed', 64, 'abcdef0123456789')}&x=1"
    yield f"GET https://a.blob.core.windows.net/c?sv=2022&sig={make('line SAS', 43)}%3D&se=2026"
    yield f"GET https://api.example.com/?access_token={make('line query', 32)}&page=2"
    yield f"aws AKIA{make('line AWS id', 16, string.ascii_uppercase + string.digits)} was refused"
    yield f"git ghp_{make('line GitHub', 36)} has no access"
    yield f"slack xoxb-123456789012-{make('line Slack', 24)} is revoked"
    yield f"key AIza{make('line Google', 35)} is not valid"
    yield f"stripe sk_live_{make('line Stripe', 24)} is not valid"
    yield f"aws_secret_access_key = {make('line AWS secret', 40)}"
    yield f"mysql -h 10.0.0.5 -u app --password={make('line command')} app"
    yield f"curl -u app:{make('line curl')} https://api.example.com/v1"
    yield f"psql 'host=10.0.0.5 user=app password={make('line libpq')} dbname=app'"
    yield f"Data Source=10.0.0.5;User ID=sa;Pwd={make('line ADO')};"
    yield f'<add key="DbPassword" value="{make("line XML")}"/> in web.config'
    yield f':password => "{make("line Ruby")}", :pool => 5'
    yield f"비밀번호 설정 DB_PASSWORD={make('line Korean')} 로 접속 실패"
    yield f"\x1b[31mDB_PASSWORD={make('line colour')}\x1b[0m"


def _audit(entry: dict[str, Any], canaries: Canaries) -> dict[str, Any]:
    variables = _variables("audit request", canaries)
    return {
        **entry,
        "insertId": "canary-audit",
        "severity": "NOTICE",
        "logName": "projects/netureyoutube/logs/cloudaudit.googleapis.com%2Factivity",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "methodName": "google.cloud.run.v2.Jobs.UpdateJob",
            "request": {"job": {"template": {"template": {"containers": [{"env": variables}]}}}},
            "response": {
                "spec": {"template": {"spec": {"containers": [{"env": _variables("audit response", canaries)}]}}},
                "metadata": {"annotations": {"deploy-password": canaries.make("audit annotation")}},
            },
            "status": {"code": 7, "message": f"denied for token={canaries.make('audit status')}"},
        },
    }


def _plant_in_image(image: dict[str, Any], canaries: Canaries) -> None:
    inner = image["config"].setdefault("config", {})
    inner["Env"] = [*inner.get("Env", []), f"NPM_TOKEN={canaries.make('image env')}"]
    inner["Labels"] = {"registry-password": canaries.make("image label")}
    history = f"RUN npm config set //r/:_authToken={canaries.make('image history')}"
    image["config"]["history"] = [{"created_by": history}]
    image["texts"] = {
        **image.get("texts", {}),
        "/app/.env": f"DB_PASSWORD={canaries.make('image .env')}\nAPI_KEY={canaries.make('image .env key')}\n",
        "/app/config.json": f'{{"jwtSecret": "{canaries.make("image JSON")}"}}',
        "/app/key.pem": _pem("image PEM", canaries),
        "/app/.npmrc": f"//registry.example.com/:_authToken={canaries.make('image npmrc', 36)}",
    }
    for file in image["files"][:1]:
        file["createdBy"] = f"ARG BUILD_PASSWORD={canaries.make('image layer')}"


def _pem(place: str, canaries: Canaries) -> str:
    body = "\n".join(canaries.make(f"{place} line {number}", 64) for number in range(3))
    kind = "RSA PRIVATE KEY"
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


def _jwt(place: str, canaries: Canaries) -> str:
    return f"eyJhbGciOiJIUzI1NiJ9.eyJ{canaries.make(f'{place} body', 40)}.{canaries.make(f'{place} signature', 43)}"
