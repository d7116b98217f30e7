"""A local Google with a different secret at every place of its answers where one can stand."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from opsctl.lab.google.world import Project
from opsctl.lab.google.world_of_incidents import cloud_of_evidence
from tests.end_to_end.diagnose_canaries import Canaries, plant_everywhere
from tests.end_to_end.tapped_google import Tap

Json = dict[str, Any]

# What Google's JSON has no place for, or what another file of the evidence holds: not in any answer.
_NOT_SENT = re.compile(
    r"(?:reason|source) of |commit \d|repository$|filter$|image layer$|unknown section by name$|u2$|line basic$"
)
_DOWNLOAD = re.compile(r"/downloads/([\w-]{20,})")
_REGISTRY_TOKEN = re.compile(r"lab-registry-([\w-]{20,})")


class PlantedGoogle:
    """`cloud` answers with secrets; `change` puts more of them into every answer and header; `secrets` by place.

    `older` and `newer` are the commits that the two images are said to be built from.
    """

    def __init__(self, older: str, newer: str) -> None:
        evidence, planted = plant_everywhere()
        self._canaries = Canaries()
        self._searched = 0
        self.secrets = {place: secret for place, secret in planted.items() if not _NOT_SENT.match(place)}
        self._canaries.planted = self.secrets
        sections = evidence["sections"]
        sections["commits"]["data"] |= {"from": older, "to": newer}
        sections["image"]["data"]["config"]["config"]["Labels"] |= {
            "org.opencontainers.image.revision": newer,
            "org.opencontainers.image.source": f"https://ci:{self._make('provenance')}@git.example.com/o4o.git",
        }
        self._plant_names(sections["image"]["data"]["files"])
        self.cloud = cloud_of_evidence([evidence])
        # Opaque: nothing about its form says what it is.
        self.cloud.token = self._canaries.make("access token", 40)
        (project,) = (project for name, project in self.cloud.world.projects.items() if name == "netureyoutube")
        self._plant_in_project(project)
        self._plant_in_logs(project.id)
        for number, tasks in enumerate(self.cloud.world.tasks.values()):
            for task in tasks:
                task["logUri"] = f"https://logs.example.com/?access_token={self._make(f'task {number} log address')}"

    def change(self, request: web.Request, response: web.Response, body: Json | None) -> Json | None:
        """Every answer has secrets in its headers, and where it is JSON in members that nobody asked for; every error
        repeats what was sent with the request, and more."""
        place = f"{request.method} {re.sub(r'[0-9a-f]{64}', 'DIGEST', request.path)}"
        if "/downloads/" in place:
            place = "download"
        response.headers["Set-Cookie"] = f"session={self._make(f'{place} Set-Cookie')}"
        if "WWW-Authenticate" in response.headers:
            hint = self._make(f"{place} WWW-Authenticate")
            response.headers["WWW-Authenticate"] += f',error_description="password={hint}",nonce="{hint}"'
        if body is None:
            return None
        if response.status >= 400:
            return self._change_error(place, request, body)
        if not place.endswith("/token") and ("manifests" in place or place == "download"):
            # What is checked against a digest must stay as it is.
            return None
        if "labels" not in body and "textPayload" not in body:
            secret = self._make(f"{place} member")
            body["debugPassword"] = secret
            body["debugUrl"] = f"postgres://app:{secret}@10.0.0.5/app"
        return body

    def _plant_names(self, files: list[Json]) -> None:
        """Files whose names look like secrets."""
        layer = max(file["layer"] for file in files)
        names = (f"ghp_{self._make('name of a file', 36)}", f"PASSWORD={self._make('other name of a file')}.txt")
        common: Json = {"type": "file", "mode": "0644", "size": 3, "layer": layer}
        files.extend({"path": f"/app/{name}", **common} for name in names)

    def found_on_the_wire(self, tap: Tap) -> dict[str, str]:
        """All secrets, with those that the server itself made up while it answered."""
        for text in tap.sent[self._searched :]:
            for secret in (*_DOWNLOAD.findall(text), *_REGISTRY_TOKEN.findall(text)):
                self.secrets.setdefault(f"made up {secret[:6]}", secret)
        self._searched = len(tap.sent)
        return self.secrets

    def _make(self, place: str, length: int = 24) -> str:
        """The secret of a place: one, however often it is asked for."""
        return self.secrets.get(place) or self._canaries.make(place, length)

    def _change_error(self, place: str, request: web.Request, body: Json) -> Json:
        """Repeats the credentials of the request, as a careless proxy does."""
        secret = self._make(f"{place} error")
        sent = request.headers.get("Authorization", "Bearer none")
        words = (
            f" Request had Authorization: {sent} (token {sent.partition(' ')[2]} was refused), password={secret},"
            f" see https://u:{secret}@errors.example.com/?access_token={secret}"
        )
        errors = body.get("errors") or [body.get("error", {})]
        for error in errors:
            # In front, so that cutting a long text does not take it away.
            error["message"] = f"{words} {error.get('message', '')}"
            for detail in error.get("details", []):
                detail.setdefault("metadata", {})["debugPassword"] = secret
        return body

    def _plant_in_project(self, project: Project) -> None:
        make = self._make
        for email, account in project.service_accounts.items():
            account["displayName"] = f"postgres://u:{make(f'account {email}')}@10.0.0.5/app"
            account["description"] = f"password={make(f'account {email} description')}"
        for name, secret in project.secrets.items():
            for version, body in secret.versions.items():
                place = f"secret {name} {version}"
                body["annotations"] = {"password": make(place)}
                body["payload"] = {"data": make(f"{place} value")}
        for name, instance in project.sql_instances.items():
            instance["rootPassword"] = make(f"instance {name} root")
            instance["settings"]["userLabels"] = {"deploy-token": make(f"instance {name} label")}
            instance["settings"]["databaseFlags"] = [{"name": "password", "value": make(f"instance {name} flag")}]
            instance["serverCaCert"] = {"cert": f"-----BEGIN PRIVATE KEY-----\n{make(f'instance {name} key', 64)}\n"}
        email = next(iter(project.service_accounts))
        project.bind(
            "roles/cloudsql.client",
            f"serviceAccount:{email}",
            {
                "title": f"token: Bearer {make('condition of the policy', 40)}",
                "expression": f'request.headers["x-api-key"] == "{make("expression of the policy")}"',
            },
        )
        project.bind("roles/owner", f"user:ci:{make('member of the policy')}@example.com")
        project.sinks["_Default"] = {
            "writerIdentity": f"https://u:{make('identity of the sink')}@logging.example.com",
            "description": f"password={make('description of the sink')}",
        }
        excluded = make("filter of the exclusion")
        project.exclusions.append({"name": "noise", "filter": f'textPayload:"DB_PASSWORD={excluded}"'})

    def _plant_in_logs(self, project: str) -> None:
        make, entries = self._make, self.cloud.world.entries
        first = next(entry for entry in entries if "textPayload" in entry)
        bare = {key: value for key, value in first.items() if key != "textPayload"}
        url = f"https://api.example.com/v1?access_token={make('log request address')}"
        labels = {**first["resource"]["labels"], "api-key": make("resource")}
        added: list[Json] = [
            {**bare, "httpRequest": {"requestUrl": url, "referer": f"https://u:{make('log referer')}@h.example.com/"}},
            {**bare, "jsonPayload": {"message": f"password={make('log message')}", "stack": ["at connect"]}},
            {**bare, "jsonPayload": {"password": 1234567890, "apiKey": [make("log list under a name")]}},
            {**first, "textPayload": f"Error: {url}\n    at connect (postgres://u:{make('log trace')}@h/x:1:2)"},
            {**first, "operation": {"id": f"password={make('log operation')}", "producer": "x"}},
            {**first, "sourceLocation": {"file": f"https://u:{make('log source location')}@h/x.js", "line": "3"}},
            {**first, "resource": {**first["resource"], "labels": labels}},
        ]  # fmt: skip
        entries += [{**entry, "insertId": f"live{number}"} for number, entry in enumerate(added)]
        assert all(entry["logName"].startswith(f"projects/{project}/") for entry in added)
