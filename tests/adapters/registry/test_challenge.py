from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.adapters.registry.challenge import Challenge, parse_challenges

# Headers as registries send them.
GOOGLE = 'Bearer realm="https://asia-northeast3-docker.pkg.dev/v2/token",service="asia-northeast3-docker.pkg.dev"'
HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (GOOGLE, [("bearer", {"realm": "https://asia-northeast3-docker.pkg.dev/v2/token",
                              "service": "asia-northeast3-docker.pkg.dev"})]),
        (HUB, [("bearer", {"realm": "https://auth.docker.io/token", "service": "registry.docker.io",
                           "scope": "repository:library/node:pull"})]),
        ('Basic realm="a, b \\"c\\" = d"', [("basic", {"realm": 'a, b "c" = d'})]),
        ("BEARER Realm=https://x/t , Service = y", [("bearer", {"realm": "https://x/t", "service": "y"})]),
        ('Basic realm="x", Bearer realm="y"', [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        ('Negotiate, Basic realm="x"', [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Basic", [("basic", {})]),
        ("", []),
        ('="x"', []),
        ('Bearer realm="never ends', [("bearer", {})]),
    ],
)  # fmt: skip
def test_challenges(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges([header])[: len(expected)] == tuple(Challenge(*each) for each in expected)
    if not expected:
        assert parse_challenges([header]) == ()


def test_several_headers() -> None:
    assert [each.scheme for each in parse_challenges(["Basic", GOOGLE])] == ["basic", "bearer"]


@given(st.text(max_size=300) | st.text(alphabet=' ,="\\aB', max_size=300))
def test_anything_is_read_to_some_end(header: str) -> None:
    for challenge in parse_challenges([header]):
        assert challenge.scheme == challenge.scheme.lower() != ""


TOKEN = st.text(alphabet="abcdefgh-_", min_size=1, max_size=8).filter(lambda text: text[0].isalpha())
VALUE = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(scheme=TOKEN, parameters=st.dictionaries(TOKEN, VALUE, min_size=1, max_size=4))
def test_what_was_written_is_read(scheme: str, parameters: dict[str, str]) -> None:
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = f"{scheme} " + ", ".join(f"{name}={quote(value)}" for name, value in parameters.items())
    assert parse_challenges([header]) == (Challenge(scheme, parameters),)
