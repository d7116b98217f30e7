"""Finding the line of a key."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.config.toml_lines import find_line

TEXT = '''\
# [profiles.prod.mongo]
default_profile = "prod"

[profiles.prod.mongo]
uri = "mongodb://h"   # a comment
note = """
[profiles.prod.s3]
bucket = "not this one"
"""
[ profiles . "prod" . s3 ]
bucket = "b"
"quoted key" = 1
a.b = 2
[profiles.prod.images]
fields = [
  { source = "a", target = "b" },
]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("default_profile",), 2),
        (("profiles", "prod", "mongo"), 4),
        (("profiles", "prod", "mongo", "uri"), 5),
        (("profiles", "prod", "mongo", "note"), 6),
        (("profiles", "prod", "s3"), 10),
        (("profiles", "prod", "s3", "bucket"), 11),
        (("profiles", "prod", "s3", "quoted key"), 12),
        (("profiles", "prod", "s3", "a", "b"), 13),
        (("profiles", "prod", "images", "fields", "0", "source"), 15),
        (("profiles", "prod", "mongo", "missing"), 4),
        (("elsewhere",), None),
    ],
)
def test_lines(path: tuple[str, ...], line: int | None) -> None:
    assert find_line(TEXT, path) == line


KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_line_of_every_key_is_where_the_key_is(tables: dict[str, dict[str, int]]) -> None:
    text = "\n".join(
        line
        for name, keys in tables.items()
        for line in (f"[{name}]", *(f"{key} = {value}" for key, value in keys.items()))
    )
    assert tomllib.loads(text) == tables
    for name, keys in tables.items():
        for key, value in keys.items():
            line = find_line(text, (name, key))
            assert line is not None
            assert text.splitlines()[line - 1] == f"{key} = {value}"
            assert f"[{name}]" in text.splitlines()[:line]


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    find_line(text, ("a", "b"))
