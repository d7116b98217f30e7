"""Commands of the connection itself: the handshake, what the server is, who the client is."""

from __future__ import annotations

from typing import Any, Final

from opsctl.lab.mongo_wire.authentication import MECHANISM, Conversation
from opsctl.lab.mongo_wire.commands.request import Request
from opsctl.lab.mongo_wire.documents import MAX_DOCUMENT_BYTES, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError

# MongoDB 7.0 speaks wire version 21.
WIRE_VERSION: Final = 21
SERVER_VERSION: Final = (7, 0, 0)
MAX_MESSAGE_BYTES: Final = 48_000_000


def hello(request: Request) -> Document:
    """The handshake, under its new and its old names. A client may begin to authenticate in it."""
    answer: Document = {
        "helloOk": True,
        "isWritablePrimary" if request.name == "hello" else "ismaster": True,
        "maxBsonObjectSize": MAX_DOCUMENT_BYTES,
        "maxMessageSizeBytes": MAX_MESSAGE_BYTES,
        "maxWriteBatchSize": 100_000,
        "localTime": request.deployment.clock(),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": request.connection.number,
        "minWireVersion": 0,
        "maxWireVersion": WIRE_VERSION,
        "readOnly": False,
    }
    if "saslSupportedMechs" in request.body:
        answer["saslSupportedMechs"] = [MECHANISM]
    attempt = request.body.get("speculativeAuthenticate")
    if isinstance(attempt, dict) and request.deployment.credentials is not None:
        try:
            answer["speculativeAuthenticate"] = _start(request, attempt, str(attempt.get("db")))
        except CommandError:
            # As a server does: no answer to the attempt, and the client begins again in the open.
            request.connection.conversation = None
    return {**answer, "ok": 1.0}


def sasl_start(request: Request) -> Document:
    """The first message of an authentication. Raises `CommandError` (AuthenticationFailed, MechanismUnavailable)."""
    return {**_start(request, request.body, request.database), "ok": 1.0}


def sasl_continue(request: Request) -> Document:
    """The further messages. Raises `CommandError` (AuthenticationFailed, ProtocolError)."""
    conversation = request.connection.conversation
    if conversation is None or request.body.get("conversationId") != conversation.number:
        raise CommandError(Code.ProtocolError, "No SASL session state found")
    try:
        payload, done = conversation.proceed(bytes(request.body.get("payload", b"")))
    except CommandError:
        request.connection.conversation = None
        raise
    if done:
        request.connection.user = conversation.user
        request.connection.conversation = None
    return {"conversationId": conversation.number, "done": done, "payload": payload, "ok": 1.0}


def _start(request: Request, body: Document, database: str) -> Document:
    mechanism = body.get("mechanism")
    if mechanism != MECHANISM:
        raise CommandError(
            Code.MechanismUnavailable, f"Received authentication for mechanism {mechanism} which is not enabled"
        )
    credentials = request.deployment.credentials
    if credentials is None or database != "admin":
        raise CommandError(Code.AuthenticationFailed, "Authentication failed.")
    options = body.get("options")
    skips_last = isinstance(options, dict) and bool(options.get("skipEmptyExchange"))
    conversation = Conversation(credentials, skips_last_exchange=skips_last)
    payload = conversation.begin(bytes(body.get("payload", b"")))
    request.connection.conversation = conversation
    return {"conversationId": conversation.number, "done": False, "payload": payload}


def logout(request: Request) -> Document:
    """Forget who the client is."""
    request.connection.user = None
    return {"ok": 1.0}


def acknowledge(_request: Request) -> Document:
    """A command that needs no more than an answer."""
    return {"ok": 1.0}


def end_sessions(request: Request) -> Document:
    """Close what the sessions have left open."""
    sessions: Any = request.body.get(request.name)
    for session in sessions if isinstance(sessions, list) else []:
        if isinstance(session, dict):
            request.deployment.cursors.kill_of_session(session.get("id"))
    return {"ok": 1.0}


def build_info(_request: Request) -> Document:
    """The version whose answers are given. `modules` says that this is the stand-in."""
    return {
        "version": ".".join(map(str, SERVER_VERSION)),
        "versionArray": [*SERVER_VERSION, 0],
        "gitVersion": "",
        "modules": ["opsctl-lab"],
        "bits": 64,
        "debug": False,
        "maxBsonObjectSize": MAX_DOCUMENT_BYTES,
        "ok": 1.0,
    }


def get_parameter(request: Request) -> Document:
    """Server parameters; only one is known. Raises `CommandError` (InvalidOptions)."""
    known = {"featureCompatibilityVersion": {"version": "7.0"}}
    every = request.body["getParameter"] == "*"
    found = {name: value for name, value in known.items() if every or name in request.body}
    if not found:
        raise CommandError(Code.InvalidOptions, "no option found to get")
    return {**found, "ok": 1.0}


def what_is_my_uri(request: Request) -> Document:
    """The client's address as the server sees it."""
    return {"you": request.connection.peer, "ok": 1.0}


def connection_status(request: Request) -> Document:
    """Who the client has proved to be."""
    user = request.connection.user
    users = [] if user is None else [{"user": user, "db": "admin"}]
    roles = [] if user is None else [{"role": "root", "db": "admin"}]
    return {"authInfo": {"authenticatedUsers": users, "authenticatedUserRoles": roles}, "ok": 1.0}


def server_status(request: Request) -> Document:
    """The little that tools ask for first."""
    return {
        "version": ".".join(map(str, SERVER_VERSION)),
        "process": "opsctl-lab",
        "localTime": request.deployment.clock(),
        "metrics": {"cursor": {"open": {"total": len(request.deployment.cursors)}}},
        "ok": 1.0,
    }
