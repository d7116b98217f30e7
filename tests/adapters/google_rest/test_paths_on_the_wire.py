"""What the HTTP library makes of encoded names: the request line must say what was meant, byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opsctl.adapters.google_rest.accounts import GoogleAccounts
from opsctl.adapters.google_rest.artifacts import ArtifactRegistry
from opsctl.adapters.google_rest.cloud_logging import CloudLogging
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.secrets import SecretVersions
from opsctl.adapters.google_rest.services import ServiceUsage
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.adapters.google_rest.sql import CloudSql
from opsctl.diagnosis.ports import LogQuery


class Answering(BaseHTTPRequestHandler):
    """Answers everything with `{}` and keeps the request lines."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.lines.append(self.requestline)  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 named by the base class

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.lines = []  # type: ignore[attr-defined]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def session(server: ThreadingHTTPServer) -> Iterator[GoogleSession]:
    url = f"http://127.0.0.1:{server.server_port}"
    session = GoogleSession(Credentials("lab-token", environment={}), Endpoints(dict.fromkeys(Api, url)))
    yield session
    session.close()


async def test_names_arrive_as_one_segment_each(server: ThreadingHTTPServer, session: GoogleSession) -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    await ArtifactRegistry(session).get_docker_image("eu-docker.pkg.dev/example.com/p/r/a/b", digest)
    await SecretVersions(session).get_version("projects/example.com:p/secrets/S", "latest")
    await CloudSql(session).get_instance("p", "db/../users?x=1#y %2e")
    await GoogleAccounts(session).get_service_account("a+b@p.iam.gserviceaccount.com")
    await GoogleAccounts(session).get_project_policy("example.com:p")
    assert await CloudLogging(session).list_exclusions("p") == ()
    async for page in CloudLogging(session).read(LogQuery("p", "f")):
        assert not page.has_more
    await ServiceUsage(session).get_states("p", ("run.googleapis.com",))
    lines = [line.removesuffix(" HTTP/1.1") for line in server.lines]  # type: ignore[attr-defined]
    assert [line.replace("?prettyPrint=false", "").replace("&prettyPrint=false", "") for line in lines] == [
        "GET /v1/projects/example.com%3Ap/locations/eu/repositories/r/dockerImages/a%2Fb%40sha256%3A" + digest[7:],
        "GET /v1/projects/example.com%3Ap/secrets/S/versions/latest",
        "GET /sql/v1beta4/projects/p/instances/db%2F..%2Fusers%3Fx%3D1%23y%20%252e",
        "GET /v1/projects/-/serviceAccounts/a%2Bb%40p.iam.gserviceaccount.com",
        "POST /v3/projects/example.com%3Ap:getIamPolicy",
        "GET /v2/projects/p/sinks/_Default",
        "POST /v2/entries:list",
        "GET /v1/projects/p/services:batchGet?names=projects%2Fp%2Fservices%2Frun.googleapis.com"
        "&fields=services%28name%2Cstate%29",
        "GET /v1/projects/p/services?filter=state%3AENABLED&pageSize=200"
        "&fields=services%28name%2Cstate%29%2CnextPageToken",
    ]
