"""The reader of large JSON: the same values as `json.loads`, wherever a piece of the file ends, and exact faults."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.json_stream import DEEPEST, MOST_MEMBERS, JsonError, JsonReader

# Everything that can stand at the border of two pieces.
DOCUMENT = {
    "empty": [{}, [], "", None],
    "numbers": [0, -1, 12345678901234567890, 0.5, -1.5e-7, 1e20, True, False],
    "texts": ['quote " backslash \\ slash / line \n tab \t', "실행이 실패했습니다", "\U0001f4a5 é \ufffd", "\x00\x1f"],
    "nested": {"키": [[1, [2, {"a": {"b": '}]"'}}]]]},
    "long": "x" * 300,
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\é{]', max_size=4), inner, max_size=4),
    max_leaves=20,
)


def open_text(text: str | bytes, chunk_bytes: int = 1 << 20, **bounds: int) -> JsonReader:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return JsonReader(BytesIO(raw), chunk_bytes=chunk_bytes, **bounds)


def enter(reader: JsonReader) -> Any:
    """The value, every object and array of it entered one by one."""
    found = reader.peek()
    if found == "{":
        return {key: enter(reader) for key in reader.members()}
    if found == "[":
        return [enter(reader) for _ in reader.items()]
    return reader.value()


def read_to_end(reader: JsonReader, *, entered: bool = True) -> Any:
    value = enter(reader) if entered else reader.value()
    if reader.peek():
        raise reader.fault("more")
    return value


def read_whole(reader: JsonReader) -> Any:
    return read_to_end(reader, entered=False)


def fault_of(text: str | bytes, chunk_bytes: int = 1 << 20, *, entered: bool = True) -> JsonError:
    with pytest.raises(JsonError) as caught:
        read_to_end(open_text(text, chunk_bytes), entered=entered)
    return caught.value


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
def test_values_are_whole_wherever_a_piece_ends(*, ensure_ascii: bool, indent: int | None) -> None:
    text = json.dumps(DOCUMENT, ensure_ascii=ensure_ascii, indent=indent)
    for chunk_bytes in (*range(1, 90), 255, 256, 257, 1000):
        assert enter(open_text(text, chunk_bytes)) == DOCUMENT
        assert read_whole(open_text(text, chunk_bytes)) == DOCUMENT


@given(json_values, st.integers(1, 200), st.booleans(), st.sampled_from([None, 2]))
def test_any_value_is_read_as_the_standard_decoder_reads_it(
    value: Any, chunk_bytes: int, ensure_ascii: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
    assert enter(open_text(text, chunk_bytes)) == json.loads(text)
    assert read_whole(open_text(f" \r\n{text}\n", chunk_bytes)) == json.loads(text)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 1 << 20])
def test_a_text_cut_anywhere_is_told_as_cut_at_its_end(chunk_bytes: int) -> None:
    text = json.dumps({key: DOCUMENT[key] for key in ("empty", "texts", "nested")}, indent=1)
    for end in range(1, len(text)):
        for entered in (True, False):
            fault = fault_of(text[:end], chunk_bytes, entered=entered)
            assert fault.is_cut, text[:end][-20:]
            read = text[:end]
            if entered or read.rstrip() != read:
                continue
            last_line = read.rpartition("\n")[2]
            assert fault.line == read.count("\n") + 1
            assert len(last_line) - 8 <= fault.column <= len(last_line) + 1


@given(st.binary(max_size=80), st.integers(1, 90))
def test_no_bytes_give_anything_but_a_value_or_a_fault(raw: bytes, chunk_bytes: int) -> None:
    faults: list[JsonError] = []
    try:
        enter(open_text(raw, chunk_bytes))
    except JsonError as fault:
        faults.append(fault)
    assert all(fault.line >= 1 and fault.column >= 1 for fault in faults)


@given(json_values, st.integers(0, 400), st.sampled_from('{}[]",:\\x0 \n'), st.integers(1, 60))
def test_a_fault_is_the_same_whatever_the_size_of_the_pieces(
    value: Any, place: int, rubbish: str, chunk_bytes: int
) -> None:
    text = json.dumps([value, "filling " * 20], indent=1)
    place %= len(text)
    text = text[:place] + rubbish + text[place + 1 :]

    def outcome(size: int) -> object:
        try:
            return enter(open_text(text, size))
        except JsonError as fault:
            return (fault.message, fault.line, fault.column, fault.is_cut)

    assert outcome(chunk_bytes) == outcome(1 << 20)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("x", 1, 1, "Expecting value"),
        ('{"a": 1 "b": 2}', 1, 9, "',' or '}' is expected"),
        ('{"a": 1,}', 1, 9, "a key in double quotes is expected"),
        ("{'a': 1}", 1, 2, "a key in double quotes is expected"),
        ('{"a" 1}', 1, 6, "':' is expected"),
        ('{\n "a": [1,\n  2,,3]\n}', 3, 5, "Expecting value"),
        ('{"a": tru}', 1, 7, "Expecting value"),
        ('{"a": "\\x"}', 1, 8, "Invalid \\escape"),
        ('{"a": 1}\n{"b": 2}', 2, 1, "more"),
        ('{"실행": 1,\n\n "b": nul}', 3, 7, "Expecting value"),
        ('{"a": 1, "a": 2}', 1, 10, 'the key "a" stands twice'),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1, 5, 1 << 20])
def test_a_fault_names_line_and_column(text: str, line: int, column: int, words: str, chunk_bytes: int) -> None:
    fault = fault_of(text, chunk_bytes)
    assert (fault.line, fault.column) == (line, column)
    assert words in fault.message
    assert not fault.is_cut


def test_lines_are_counted_across_many_pieces() -> None:
    text = "[\n" + '"a line",\n' * 5000 + "oops]"
    assert (fault_of(text, 100).line, fault_of(text, 100).column) == (5002, 1)


def test_a_key_that_stands_twice_in_a_value_counts_last() -> None:
    assert read_whole(open_text('{"a": {"b": 1, "b": 2}}')) == {"a": {"b": 2}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("9" * 5000, "9" * 5000),
        ("9" * 4000, 10**4000 - 1),
        ("1e-999", 0.0),
    ],
)
def test_numbers_that_python_or_json_cannot_hold_stay_text(text: str, value: object) -> None:
    for chunk_bytes in (1, 63, 64, 65, 1 << 20):
        assert read_whole(open_text(f'{{"n": {text}}}', chunk_bytes)) == {"n": value}
        assert enter(open_text(f'{{"n": {text}}}', chunk_bytes)) == {"n": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'"a\uDC00b"', "a\ufffdb"),
        (r'"\ud83d\udca5"', "\U0001f4a5"),
        (r'"\ud83d\ud83d\udca5"', "\ufffd\U0001f4a5"),
        (r'{"\udfff": ["\ud800"]}', {"\ufffd": ["\ufffd"]}),
        (r'"\\ud800"', "\\ud800"),
    ],
)
def test_half_characters_are_replaced(text: str, value: object) -> None:
    for chunk_bytes in (1, 3, 1 << 20):
        read = read_whole(open_text(text, chunk_bytes))
        assert read == value
        json.dumps(read, ensure_ascii=False).encode()


def test_nesting_has_a_limit() -> None:
    assert read_whole(open_text("[" * DEEPEST + "]" * DEEPEST)) is not None
    for levels in (DEEPEST + 1, 900, 5_000, 300_000):
        for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
            fault = fault_of(text, entered=False)
            assert "nested" in fault.message
            assert (fault.line, fault.column) == (1, 1)
    # Many, but side by side.
    assert read_whole(open_text("[" + "[{}]," * 1000 + "1]"))[-1] == 1


def test_a_value_that_is_too_long_is_refused_without_reading_it_all() -> None:
    file = BytesIO(b'{"a": "' + b"x" * 10_000_000 + b'"}')
    reader = JsonReader(file, chunk_bytes=1000, longest_value=50_000)
    with pytest.raises(JsonError, match="a value of more than") as caught:
        enter(reader)
    assert caught.value.is_large
    assert (caught.value.line, caught.value.column) == (1, 7)
    assert file.tell() < 1_000_000


def test_endless_space_is_refused() -> None:
    reader = JsonReader(BytesIO(b" " * 1_000_000), chunk_bytes=1000, longest_value=50_000)
    with pytest.raises(JsonError, match="space of more than"):
        reader.value()


def test_an_object_with_endless_keys_is_refused_when_entered() -> None:
    text = json.dumps(dict.fromkeys(map(str, range(MOST_MEMBERS + 1))))
    assert "too many keys" in fault_of(text).message
    assert len(read_whole(open_text(text))) == MOST_MEMBERS + 1


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 10, 1 << 20])
def test_bytes_that_are_no_utf_8_are_replaced_and_told(chunk_bytes: int) -> None:
    reader = open_text(b'{"a": "\xff caf\xc3\xa9 \xed\xa0\x80 \xf0\x9f"}', chunk_bytes)
    value = read_whole(reader)["a"]
    assert value.startswith("\ufffd café ")
    assert reader.has_invalid_utf8
    # The replacement character itself is a character like any other.
    reader = open_text('{"a": "\ufffd 실행"}', chunk_bytes)
    assert read_whole(reader) == {"a": "\ufffd 실행"}
    assert not reader.has_invalid_utf8


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 1 << 20])
def test_a_byte_order_mark_is_passed_over(chunk_bytes: int) -> None:
    assert read_whole(open_text(b'\xef\xbb\xbf{"a": "\xef\xbb\xbf"}', chunk_bytes)) == {"a": "\ufeff"}
    assert (fault_of(b"\xef\xbb\xbf}", chunk_bytes).line, fault_of(b"\xef\xbb\xbf}", chunk_bytes).column) == (1, 1)


def test_place_and_length_count_characters() -> None:
    reader = open_text('  {"a": "실행", "b": [1, 2]}', chunk_bytes=4)
    lengths = {key: (reader.value(), reader.value_length)[1] for key in reader.members()}
    assert lengths == {"a": 4, "b": 6}
    assert reader.place == 26
