"""Names of images: what every container tool takes, and what none takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.errors import DataError
from opsctl.image.reference import Reference, parse_reference

SHA = "sha256:" + "0123456789abcdef" * 4
component = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,2})[a-z0-9]{1,4}){0,2}", fullmatch=True)
registry = st.sampled_from(
    [
        "docker.io",
        "gcr.io",
        "asia.gcr.io",
        "europe-docker.pkg.dev",
        "localhost",
        "localhost:5000",
        "[::1]:80",
        "r.test:443",
    ]
)
repository = st.lists(component, min_size=2, max_size=4).map("/".join)
tag = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
digest = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(st.builds(Reference, registry, repository, tag, digest))
def test_what_is_written_is_read_back(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference


@given(st.text(max_size=60) | st.from_regex(r"[a-zA-Z0-9./:@_-]{0,60}", fullmatch=True))
def test_any_text_is_read_or_refused_and_what_is_read_is_stable(text: str) -> None:
    try:
        reference = parse_reference(text)
    except DataError as error:
        assert error.code == "image-reference"  # noqa: PT017 - both ways are right
    else:
        assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node", Reference("docker.io", "library/node")),
        ("node:20-slim", Reference("docker.io", "library/node", "20-slim")),
        ("acme/app", Reference("docker.io", "acme/app")),
        ("index.docker.io/acme/app", Reference("docker.io", "acme/app")),
        ("localhost/app", Reference("localhost", "app")),
        ("localhost:5000/app:v1", Reference("localhost:5000", "app", "v1")),
        ("GCR.io/p/app", Reference("gcr.io", "p/app")),
        (f"eu.gcr.io/p/app:v1@{SHA}", Reference("eu.gcr.io", "p/app", "v1", SHA)),
        (f"asia-docker.pkg.dev/p/r/a/b@{SHA}", Reference("asia-docker.pkg.dev", "p/r/a/b", None, SHA)),
        ("gcr.io/example.com/proj/app", Reference("gcr.io", "example.com/proj/app")),
        ("gcr.io/example.com:proj/app:v2", Reference("gcr.io", "example.com/proj/app", "v2")),
        ("us-docker.pkg.dev/example.com:proj/repo/app", Reference("us-docker.pkg.dev", "example.com/proj/repo/app")),
    ],
)
def test_reads(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no repository"),
        ("gcr.io/", "no repository"),
        ("acme/App", "lower case"),
        ("acme/app:", "tag"),
        ("acme/app:-v", "tag"),
        ("acme/app:" + "a" * 129, "tag"),
        ("acme/app@sha256:abc", "digest"),
        (f"acme/app@{SHA.upper()}", "digest"),
        ("acme/app@", "digest"),
        ("localhost:99999/app", "port"),
        ("localhost:0/app", "port"),
        ("bad_host.io/app", "registry"),
        ("https://gcr.io/p/app", "registry"),
        ("acme//app", "repository"),
        ("acme/../app", "repository"),
        ("acme/" + "a" * 255, "longer"),
        ("acme/앱", "repository"),
        ("acme/app\n", "repository"),
        ("docker.pkg.dev/example.com:proj/app", "tag"),
    ],
)
def test_refuses(text: str, word: str) -> None:
    with pytest.raises(DataError, match=word) as failure:
        parse_reference(text)
    assert failure.value.code == "image-reference"
    assert failure.value.message.isascii()


def test_what_to_ask_for() -> None:
    assert parse_reference("acme/app").version == "latest"
    assert parse_reference("acme/app:v1").version == "v1"
    assert parse_reference(f"acme/app:v1@{SHA}").version == SHA
