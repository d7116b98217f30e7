"""From what documents hold to addresses that can be fetched."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsctl.migration.urls import BadUrlError, host_of, resolve_url

BASE = "https://cdn.example.com/shop/list.html"
SIGNED = (
    "https://b.s3.amazonaws.com/a%2Fb/%ED%98%84.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIA%2F20251223%2Fs3&X-Amz-Signature=0f%2b~_-.!*'()"
)
URL_TEXT = st.one_of(
    st.text(),
    st.text(alphabet='htps:/.?#[]@%2F &=\\가é\u0301\u200b0123456789-_~|^`{}"<>', max_size=60),
    st.builds("http://{}/{}?{}".format, st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)),
)

UNICODE = st.text(alphabet=st.characters(codec="utf-8"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example.com/x.jpg", "https://a.example.com/x.jpg"),
        ("  https://a.example.com/x.jpg\n", "https://a.example.com/x.jpg"),
        ("HTTP://A.Example.com/X.jpg", "http://a.example.com/X.jpg"),
        ("//a.example.com/x.jpg", "https://a.example.com/x.jpg"),
        ("/x.jpg", "https://cdn.example.com/x.jpg"),
        ("x.jpg", "https://cdn.example.com/shop/x.jpg"),
        ("../x.jpg", "https://cdn.example.com/x.jpg"),
        ("?id=3", "https://cdn.example.com/shop/list.html?id=3"),
        ("http://a.example.com", "http://a.example.com/"),
        ("http://a.example.com?q=1", "http://a.example.com/?q=1"),
        ("http://a.example.com/x.jpg#gallery", "http://a.example.com/x.jpg"),
        ("http://a.example.com/front view.jpg", "http://a.example.com/front%20view.jpg"),
        ("http://a.example.com/아반떼.jpg", "http://a.example.com/%EC%95%84%EB%B0%98%EB%96%BC.jpg"),
        ("http://a.example.com/a%2Fb%20c.jpg", "http://a.example.com/a%2Fb%20c.jpg"),
        ("http://a.example.com/100%/x.jpg", "http://a.example.com/100%25/x.jpg"),
        ("http://a.example.com/a+b(1)~@2x,v;=!$&'*.jpg", "http://a.example.com/a+b(1)~@2x,v;=!$&'*.jpg"),
        (
            "http://a.example.com/?q=쏘렌토 블랙&w=4",
            "http://a.example.com/?q=%EC%8F%98%EB%A0%8C%ED%86%A0%20%EB%B8%94%EB%9E%99&w=4",
        ),
        ("http://a.example.com:8080/x", "http://a.example.com:8080/x"),
        ("http://user:p%40ss@a.example.com/x", "http://user:p%40ss@a.example.com/x"),
        ("http://user:p@ss@a.example.com/x", "http://user:p@ss@a.example.com/x"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://한국.example.com/x", "http://xn--3e0b707e.example.com/x"),
        ("http://a.example.com/a\\b", "http://a.example.com/a%5Cb"),
        (SIGNED, SIGNED),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert resolve_url(text, BASE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "ftp://ftp.example.com/car.jpg",
        "data:image/png;base64,iVBORw0KGgo=",
        "mailto:photos@example.com",
        "file:///etc/passwd",
        "http://",
        "http:///car.jpg",
        "http:car.jpg",
        "http://[::1/car.jpg",
        "http://bad host/car.jpg",
        "http://127.0.0.1:99999/car.jpg",
        "http://127.0.0.1:port/car.jpg",
        "http://a\x00b/car.jpg",
        "http://a.example.com/car\r\nX-Evil: 1",
        f"http://{'a' * 300}/x",
        "http://\ud800/x",
        "http://a.example.com/\ud800",
    ],
)
def test_what_names_no_address(text: str) -> None:
    with pytest.raises(BadUrlError):
        resolve_url(text, BASE)


@pytest.mark.parametrize("address", ["http://u:hunter2@[::1/x", "http://hunter2.\x00/", "/hunter2", "s3://hunter2/x"])
def test_the_reason_does_not_repeat_the_address(address: str) -> None:
    with pytest.raises(BadUrlError) as caught:
        resolve_url(address, None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["/x.jpg", "x.jpg", "?a=1", "이미지 없음"])
def test_relative_without_a_base(text: str) -> None:
    with pytest.raises(BadUrlError, match="no base_url"):
        resolve_url(text, None)
    assert resolve_url("//h.example.com/x", None) == "https://h.example.com/x"


def test_the_scheme_of_the_base_is_taken_over() -> None:
    assert resolve_url("//h.example.com/x", "http://b.example.com/") == "http://h.example.com/x"


@given(URL_TEXT, st.sampled_from([None, BASE]))
@example("http://[v1.x]/", None)
@example("http://a:b:c/", None)
@example("http://\u2100/", None)
@example("http://.../", None)
@example("//", BASE)
def test_any_text_is_resolved_or_refused(text: str, base: str | None) -> None:
    try:
        url = resolve_url(text, base)
    except BadUrlError:
        return
    assert url.isascii()
    assert not any(letter.isspace() or not letter.isprintable() for letter in url)
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert host_of(url)
    assert parts.fragment == ""
    assert resolve_url(url, None) == url, "what has been resolved stays as it is"


@given(st.lists(st.tuples(UNICODE, UNICODE), min_size=1))
def test_queries_keep_their_meaning(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs)
    url = resolve_url(f"https://a.example.com/x?{query}", None)
    assert url == f"https://a.example.com/x?{query}"
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == pairs


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))))
def test_paths_keep_their_meaning(path: str) -> None:
    letters = path.replace("?", "").replace("#", "").replace("%", "")
    url = resolve_url(f"https://a.example.com/x{letters}y", None)
    assert unquote(urlsplit(url).path) == f"/x{letters}y"


def test_hosts_of_budgets() -> None:
    assert host_of("http://user:secret@A.Example.com:8080/x") == "a.example.com:8080"
