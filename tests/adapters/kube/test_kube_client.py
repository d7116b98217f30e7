"""The client: pages, retries, refusals and broken answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from opsctl.errors import AccessDeniedError, ConfigError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.kube.api_server import (
    Answer,
    api_server,
    broken_answer,
    client_of,
    hanging_answer,
    items_of,
    json_answer,
    refusal,
    text_answer,
)
from tests.servers.launch import refusing_port

JOB = "/apis/batch/v1/namespaces/n/jobs/j"


async def test_a_read_is_signed_and_names_us() -> None:
    async with api_server(json_answer({"kind": "Job"})) as server, client_of(server.access()) as client:
        assert await client.get(JOB, (("pretty", "a b"),)) == {"kind": "Job"}
    request = server.requests[0]
    assert (request.path, request.query["pretty"]) == (JOB, "a b")
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert request.headers["User-Agent"].startswith("opsctl/")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"username": "u", "password": "p"}, {"Authorization": "Basic dTpw"}),
        ({"token": "t", "as": "someone"}, {"Authorization": "Bearer t", "Impersonate-User": "someone"}),
    ],
)
async def test_other_ways_to_sign_in(user: dict[str, Any], expected: dict[str, str]) -> None:
    async with api_server(json_answer({})) as server, client_of(server.access(user)) as client:
        await client.get("/version")
    assert {name: server.requests[0].headers[name] for name in expected} == expected


async def test_every_group_and_extra_of_whom_it_acts_for_is_sent() -> None:
    extra = {"acme.com/project": ["a", "b"], "scopes": ["view"], "Scopes": ["열람"], "50% a": ["x"]}
    user = {"token": "t", "as": "someone", "as-uid": "u-1", "as-groups": ["g1", "g2"], "as-user-extra": extra}
    async with api_server(json_answer({})) as server, client_of(server.access(user)) as client:
        await client.get("/version")
    headers = server.requests[0].headers
    sent = [(name, value) for name, value in headers.items() if name.startswith("Impersonate-")]
    assert sent == [
        ("Impersonate-User", "someone"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g2"),
        ("Impersonate-Extra-acme.com%2Fproject", "a"),
        ("Impersonate-Extra-acme.com%2Fproject", "b"),
        ("Impersonate-Extra-scopes", "view"),
        ("Impersonate-Extra-scopes", "열람"),
        ("Impersonate-Extra-50%25%20a", "x"),
    ]


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"as-groups": ["g"]}, "does not name"),
        ({"as-uid": "u"}, "does not name"),
        ({"as-user-extra": {"a": ["b"]}}, "does not name"),
        ({"as": "x", "as-groups": "g"}, "as-groups of 'u' must be a list"),
        ({"as": "x", "as-user-extra": ["a"]}, "as-user-extra of 'u' must be a table"),
        ({"as": "x", "as-user-extra": {"a": "b"}}, "as-user-extra of 'u' must be a list"),
        ({"as": "x", "as-groups": ["a\nb"]}, "what it acts as of user 'u' is not one line"),
        ({"as": "x\0y"}, "what it acts as of user 'u' is not one line"),
        ({"token": "t\x1b"}, "the token of user 'u' is not one line"),
    ],
)
async def test_whom_to_act_for_must_be_clear(user: dict[str, Any], words: str) -> None:
    """Acting with other rights than the file says would be worse than not acting."""
    async with api_server(json_answer({})) as server, client_of(server.access({"token": "t", **user})) as client:
        with pytest.raises(ConfigError, match=words):
            await client.get("/version")
    assert server.requests == []


async def test_a_list_comes_in_pages() -> None:
    first = json_answer({"metadata": {"continue": "next"}, "items": [{"n": 1}, {"n": 2}]})
    async with (
        api_server(first, json_answer({"metadata": {}, "items": [{"n": 3}]})) as server,
        client_of(server.access()) as client,
    ):
        items = await items_of(client, "/api/v1/pods", (("labelSelector", "a=b"),))
    assert items == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [dict(request.query) for request in server.requests] == [
        {"labelSelector": "a=b", "limit": "500"},
        {"labelSelector": "a=b", "limit": "500", "continue": "next"},
    ]


async def test_an_outdated_list_goes_on_where_the_server_says() -> None:
    answers = (
        json_answer({"metadata": {"continue": "old"}, "items": [{"n": 1}]}),
        refusal(410, "Expired", "The provided continue parameter is too old", metadata={"continue": "newer"}),
        json_answer({"metadata": {}, "items": [{"n": 2}]}),
    )
    async with api_server(*answers) as server, client_of(server.access()) as client:
        assert await items_of(client, "/api/v1/pods") == [{"n": 1}, {"n": 2}]
    assert [request.query.get("continue") for request in server.requests] == [None, "old", "newer"]


@pytest.mark.parametrize(
    "trouble",
    [refusal(429, "TooManyRequests"), refusal(500, "InternalError"), text_answer("upstream is gone", 503)],
    ids=["throttled", "internal", "proxy"],
)
async def test_a_read_is_sent_again(trouble: Answer) -> None:
    pauses: list[float] = []
    async with (
        api_server(trouble, trouble, json_answer({"ok": 1})) as server,
        client_of(server.access(), pauses=pauses) as client,
    ):
        assert await client.get(JOB) == {"ok": 1}
    assert len(pauses) == 2
    assert pauses[0] < pauses[1]


async def test_retries_end() -> None:
    async with (
        api_server(refusal(503, "ServiceUnavailable", "the server is starting")) as server,
        client_of(server.access()) as client,
    ):
        with pytest.raises(UnavailableError, match="the server is starting"):
            await client.get(JOB)
    assert len(server.requests) == 4


async def test_a_change_is_sent_again_only_when_nothing_was_begun() -> None:
    async with api_server(refusal(500, "InternalError", "half done?")) as server, client_of(server.access()) as client:
        with pytest.raises(UnavailableError, match="half done"):
            await client.send("POST", "/api/v1/namespaces/n/pods", {"kind": "Pod"})
    assert (len(server.requests), server.bodies) == (1, [b'{"kind":"Pod"}'])
    async with (
        api_server(refusal(429, "TooManyRequests"), json_answer({"ok": 1})) as server,
        client_of(server.access()) as client,
    ):
        patch = "application/merge-patch+json"
        assert await client.send("PATCH", JOB, {"a": 1}, content_type=patch) == {"ok": 1}
    assert [request.content_type for request in server.requests] == [patch, patch]


async def test_a_cut_answer_of_a_read_is_asked_for_once_more() -> None:
    async with (
        api_server(broken_answer(b'{"a": ', length=100), json_answer({"a": 1})) as server,
        client_of(server.access()) as client,
    ):
        assert await client.get(JOB) == {"a": 1}
    async with api_server(broken_answer(b'{"a": ', length=100)) as server, client_of(server.access()) as client:
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await client.get(JOB)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(404, "NotFound", 'jobs.batch "j" not found'), NotFoundError, "not-found"),
        (refusal(409, "Conflict", "the object has been modified"), DataError, "conflict"),
        (refusal(409, "AlreadyExists", 'jobs.batch "j" already exists'), DataError, "already-exists"),
        (refusal(422, "Invalid", "field is immutable"), DataError, "invalid"),
        (refusal(401, "Unauthorized", "Unauthorized"), AccessDeniedError, "expired-credentials"),
        (text_answer("<html>sign in here</html>"), DataError, "data"),
        (text_answer("[]"), DataError, "data"),
        (text_answer("see /login", 302), DataError, "data"),
        (text_answer("who?", 401), AccessDeniedError, "expired-credentials"),
    ],
)
async def test_refusals_become_our_errors(answer: Answer, error: type[OpsctlError], code: str) -> None:
    async with api_server(answer) as server, client_of(server.access()) as client:
        with pytest.raises(error) as raised:
            await client.send("PUT", JOB, {})
    assert raised.value.code == code
    assert "secret-token" not in raised.value.message
    assert len(server.requests) == 1


async def test_a_missing_right_is_named_with_the_rule_that_grants_it() -> None:
    message = (
        'jobs.batch "j" is forbidden: User "joe" cannot get resource "jobs" in API group "batch" in the namespace "n"'
    )
    async with api_server(refusal(403, "Forbidden", message)) as server, client_of(server.access()) as client:
        with pytest.raises(AccessDeniedError) as raised:
            await client.get(JOB)
    error = raised.value
    assert (error.permission, error.code) == ("get jobs.batch in namespace n", "denied")
    assert error.message == "Kubernetes does not let joe get jobs.batch in namespace n."
    assert error.hint is not None
    assert '{apiGroups: ["batch"], resources: ["jobs"], verbs: ["get"]}' in error.hint


async def test_a_server_that_is_not_there() -> None:
    pauses: list[float] = []
    async with api_server(json_answer({})) as server:
        access = server.access()
    async with client_of(access, pauses=pauses) as client:
        with pytest.raises(UnavailableError, match="the connection was refused") as raised:
            await client.send("POST", "/api/v1/namespaces", {})
    assert len(pauses) == 3
    assert raised.value.hint is not None
    assert "context test" in raised.value.hint


async def test_a_server_that_hangs_is_given_up() -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError

    async with api_server(hang) as server, client_of(server.access(), seconds=0.2) as client:
        with pytest.raises(UnavailableError, match="no answer within") as raised:
            await client.get(JOB)
    assert raised.value.code == "timeout"


async def test_a_body_that_never_ends_is_given_up() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    async with api_server(drip) as server, client_of(server.access(), seconds=0.3) as client:
        with pytest.raises(UnavailableError, match="no answer within"):
            await client.get(JOB)


async def test_a_log_is_read_line_by_line() -> None:
    async def log(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b"one\ntw", b"o\n\nfo", b"ur"):
            await response.write(piece)
        return response

    async with api_server(log) as server, client_of(server.access()) as client:
        lines = [line async for line in client.stream("/api/v1/namespaces/n/pods/p/log")]
    assert lines == [b"one", b"two", b"", b"four"]


async def test_a_line_without_end_comes_in_parts() -> None:
    async with api_server(text_answer("x" * (3 << 20))) as server, client_of(server.access()) as client:
        lines = [line async for line in client.stream("/log")]
    assert b"".join(lines) == b"x" * (3 << 20)
    assert len(lines) > 1


async def test_a_stream_that_is_cut_says_so_after_what_came() -> None:
    async with api_server(broken_answer(b"one\ntwo\n", length=100)) as server, client_of(server.access()) as client:
        lines = client.stream("/log")
        assert [await anext(lines), await anext(lines)] == [b"one", b"two"]
        with pytest.raises(UnavailableError) as raised:
            await anext(lines)
    assert raised.value.code == "cut"


async def test_a_stream_that_gives_nothing_for_long_is_given_up() -> None:
    async with api_server(hanging_answer(b"one\ntwo\n")) as server, client_of(server.access()) as client:
        # A machine may be too busy to send what there is within the first of these times.
        for seconds in (0.2, 5, 60):
            found: list[bytes] = []
            with pytest.raises(UnavailableError, match=rf"sent nothing of /log for {seconds} seconds") as raised:
                await take_all(client.stream("/log", idle_seconds=seconds), found)
            assert raised.value.code == "idle"
            if found:
                break
    assert found == [b"one", b"two"]


async def take_all(lines: AsyncIterator[bytes], found: list[bytes]) -> None:
    """Adds the lines to `found` as they come."""
    async for line in lines:
        found.append(line)  # noqa: PERF401  # those of a stream that fails are kept


async def test_a_refused_stream_is_an_error() -> None:
    waiting = 'container "c" in pod "p" is waiting to start: ContainerCreating'
    async with api_server(refusal(400, "BadRequest", waiting)) as server, client_of(server.access()) as client:
        with pytest.raises(DataError, match="is waiting to start"):
            await anext(aiter(client.stream("/log")))


async def test_a_name_that_does_not_resolve_and_a_proxy_that_is_not_there() -> None:
    with refusing_port() as refused:
        async with api_server(json_answer({})) as server:
            access = server.access(cluster={"proxy-url": f"http://127.0.0.1:{refused}"})
            async with client_of(access) as client:
                with pytest.raises(UnavailableError, match="the proxy on the way cannot be used"):
                    await client.get(JOB)
            async with client_of(server.access(cluster={"proxy-url": "socks5://127.0.0.1:1"})) as client:
                with pytest.raises(ConfigError, match="proxy-url"):
                    await client.get(JOB)


async def test_a_token_with_a_line_end_is_refused_before_it_is_sent() -> None:
    async with api_server(json_answer({})) as server, client_of(server.access({"token": "a\nb: c"})) as client:
        with pytest.raises(ConfigError, match="not one line"):
            await client.get(JOB)
    assert not server.requests
