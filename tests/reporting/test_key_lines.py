"""Private keys that are printed line by line."""

from __future__ import annotations

import base64
import textwrap
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsctl.reporting.key_lines import MOST_LINES, MOST_STRANGERS, KeyLines
from opsctl.reporting.redact import MASK, redact

Wrap = Callable[[str, int], str]

LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
PUBLIC_LABELS = ("CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE REQUEST", "X509 CRL")
# What loggers write around a line; the number is that of the line.
WRAPS: dict[str, Wrap] = {
    "nothing": lambda line, _: line,
    "indented": lambda line, _: f"    {line}",
    "quoted": lambda line, _: f'  "{line}",',
    "time": lambda line, number: f"2025-12-23 05:42:{number % 60:02},{number % 1000:03} INFO root: {line}",
    "counter": lambda line, number: f"[{number}] {line}",
    "JSON": lambda line, number: f'{{"level":"info","msg":"{line}","n":{number:04}}}',
    "JSON with line end": lambda line, _: f'{{"msg":"{line}\\n","level":30}}',
    "first line only": lambda line, number: f"INFO root: {line}" if number == 0 else line,
    "CR": lambda line, _: f"{line}\r",
}
CONTENTS = st.builds(
    lambda seed, size: Random(seed).randbytes(size), st.integers(0, 2**32), st.integers(min_value=48, max_value=1200)
)
WIDTHS = st.sampled_from((64, 70, 76))
STREAMS = st.sampled_from(sorted(WRAPS))


def block(content: bytes, label: str = "PRIVATE KEY", width: int = 64) -> list[str]:
    body = textwrap.wrap(base64.b64encode(content).decode(), width)
    return [f"-----BEGIN {label}-----", *body, f"-----END {label}-----"]


def hidden(lines: Sequence[str]) -> list[str]:
    """What is to be seen of it. Padding alone is no secret."""
    return [MASK if line.strip("=") else line for line in lines]


def wrapped(lines: Sequence[str], wrap: str) -> list[str]:
    return [WRAPS[wrap](line, number) for number, line in enumerate(lines)]


def mask(texts: Iterable[tuple[Hashable, str]], *, later: bool = True) -> list[str]:
    """The texts without keys; without `later` as somebody sees them who writes each at once."""
    keys: KeyLines[int] = KeyLines()
    masked: list[str] = []
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (stream, text) in enumerate(texts):
        masked.append(text)
        for place, span in keys.take(stream, text, number):
            if later or place == number:
                spans[place].append(span)
    for place, found in spans.items():
        for start, end in sorted(found, reverse=True):
            masked[place] = masked[place][:start] + MASK + masked[place][end:]
    return masked


def mask_stream(lines: Iterable[str], *, later: bool = True) -> list[str]:
    return mask(((None, line) for line in lines), later=later)


@given(CONTENTS, st.sampled_from(LABELS), WIDTHS, STREAMS)
def test_no_line_of_a_key_gets_through_whatever_stands_around_it(
    content: bytes, label: str, width: int, wrap: str
) -> None:
    lines = block(content, label, width)
    # Behind words that change their length a few letters could be one more word.
    assume(wrap != "counter" or not lines[-2].isalpha())
    masked = mask_stream(["it begins", *wrapped(lines, wrap), "it ends a1"], later=False)
    seen = wrapped([lines[0], *hidden(lines[1:-1]), lines[-1]], wrap)
    assert masked == ["it begins", *seen, "it ends a1"]


@given(CONTENTS, st.integers(min_value=1, max_value=20), WIDTHS, st.sampled_from(sorted({*WRAPS} - {"counter"})))
def test_a_window_that_begins_in_a_key_is_known_by_its_end(
    content: bytes, left_out: int, width: int, wrap: str
) -> None:
    lines = block(content, width=width)[left_out:]
    # Of what is shorter nothing is known before the end, and a word beside it could be anything.
    assume(len(lines) > 1 and (len(lines[0]) >= 40 or wrap in ("nothing", "CR")))
    masked = mask_stream([*wrapped(lines, wrap), "after"])
    assert masked == [*wrapped([*hidden(lines[:-1]), lines[-1]], wrap), "after"]
    # Who has written them already has written them.
    assert mask_stream(wrapped(lines, wrap), later=False) == wrapped(lines, wrap)


@given(st.lists(st.tuples(CONTENTS, STREAMS), min_size=2, max_size=4), st.integers())
def test_keys_of_several_streams_do_not_mix(keys: list[tuple[bytes, str]], seed: int) -> None:
    texts: list[tuple[Hashable, str]] = []
    assume(not any(line.strip("=").isalpha() or not line.strip("=") for content, _ in keys for line in block(content)))
    rest = {number: wrapped(block(content), wrap) for number, (content, wrap) in enumerate(keys)}
    random = Random(seed)
    while rest:
        number = random.choice(sorted(rest))
        texts.append((number, rest[number].pop(0)))
        if not rest[number]:
            del rest[number]
    masked = mask(texts, later=False)
    for (_, before), after in zip(texts, masked, strict=True):
        assert (after == before) == ("-----" in before)


@given(CONTENTS, st.data())
def test_lines_of_other_threads_in_between_end_nothing_and_stay(content: bytes, data: st.DataObject) -> None:
    lines = block(content)
    words = st.sampled_from(["GET /healthz 200", "retrying in 3 s", "아반떼 이미지 저장", "", "pool: 4 of 10 are busy"])
    strangers = {
        data.draw(st.integers(min_value=1, max_value=len(lines) - 1)): data.draw(st.lists(words, max_size=3))
        for _ in range(3)
    }
    printed: list[str] = []
    for number, line in enumerate(lines):
        # The last line is known by what stands right before it when it is shorter.
        is_last = number == len(lines) - 2 and len(line) < 64
        printed += [] if is_last else strangers.get(number, [])
        printed.append(line)
    masked = "\n".join(mask_stream(printed, later=False))
    assert not any(line in masked for line in lines[1:-1])
    for line in printed:
        if line not in lines:
            assert line in masked


@given(CONTENTS, st.sampled_from(PUBLIC_LABELS), STREAMS)
def test_certificates_and_public_keys_are_no_secret(content: bytes, label: str, wrap: str) -> None:
    lines = ["before", *wrapped(block(content, label), wrap), "after"]
    assert mask_stream(lines) == lines
    key = wrapped(block(content), wrap)
    assert mask_stream([*lines, *key, *lines])[-len(lines) :] == lines
    assert mask_stream([*lines, *key, *lines])[: len(lines)] == lines


@given(st.lists(st.text(), max_size=40))
def test_what_holds_no_mark_stays(lines: list[str]) -> None:
    assume("-----" not in "".join(lines))
    assert mask_stream(lines) == lines


ORDINARY = (
    "Starting",
    "done",
    "migrating",
    "loaded the key, connecting",
    "2025-12-23 05:42:07 INFO root: images/danawa_vehicle_data/65a0c3",
    "GET /api/v1/vehicles/avante/2024 200",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    '{"level":"info","msg":"done"}',
)


@given(st.lists(st.sampled_from(ORDINARY), max_size=60), st.integers(min_value=0, max_value=5))
def test_a_key_without_an_end_swallows_no_log(log: list[str], whole_lines: int) -> None:
    body = block(bytes(range(200)) * 3)[1 : 1 + whole_lines]
    masked = mask_stream(["-----BEGIN PRIVATE KEY-----", *body, *log])[1 + whole_lines :]
    # One word right behind what is there of the key may be the rest of it.
    assert masked[1:] == log[1:]
    assert sum(MASK in line for line in masked) <= (1 if whole_lines else 0)


def test_words_behind_a_mark_that_is_only_mentioned_stay() -> None:
    lines = ["expected -----BEGIN PRIVATE KEY----- in key.pem", *ORDINARY, "no -----END PRIVATE KEY----- either"]
    assert mask_stream(lines) == lines


def test_what_is_taken_for_a_key_is_bounded() -> None:
    wide = [base64.b64encode(number.to_bytes(48, "big")).decode() for number in range(3 * MOST_LINES)]
    masked = mask_stream(["-----BEGIN PRIVATE KEY-----", *wide])
    assert masked.count(MASK) == MOST_LINES + 1
    assert masked[MOST_LINES + 2 :] == wide[MOST_LINES + 1 :]
    masked = mask_stream([*wide, "-----END PRIVATE KEY-----"])
    assert masked == [*wide[:-MOST_LINES], *([MASK] * MOST_LINES), "-----END PRIVATE KEY-----"]
    parted = ["-----BEGIN PRIVATE KEY-----", wide[0], *["a word"] * (MOST_STRANGERS + 1), wide[1]]
    assert mask_stream(parted) == [parted[0], MASK, *parted[2:]]
    for lines in (
        ["-----BEGIN PRIVATE KEY-----", *ORDINARY, wide[0]],
        [wide[0], *ORDINARY, "-----END PRIVATE KEY-----"],
    ):
        assert mask_stream(lines) == lines


def test_streams_are_bounded_too() -> None:
    keys: KeyLines[int] = KeyLines()
    for stream in range(5_000):
        assert keys.take(stream, "-----BEGIN PRIVATE KEY-----", 0) == []
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    assert keys.take(4_999, line, 1) == [(1, (0, 64))]
    assert keys.take(0, line, 2) == []


@given(CONTENTS, STREAMS, st.integers(min_value=0, max_value=5))
def test_no_line_of_a_key_in_one_text_gets_through(content: bytes, wrap: str, left_out: int) -> None:
    lines = block(content)
    printed = wrapped(lines, wrap)[min(left_out, len(lines) - 3) :]
    cleaned = redact("\n".join(["before", *printed, "after"]))
    assert not any(line in cleaned for line in lines[1:-1] if len(line) >= 40)
    assert "before" in cleaned
    assert "after" in cleaned
    assert redact(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\n{lines}\nafter", "x\n***\n***\n-----END PRIVATE KEY-----\nafter"),
        ('"{escaped}"', '"***\\n***\\n-----END PRIVATE KEY-----"'),
        ("end {last}-----END PRIVATE KEY-----", "end ***-----END PRIVATE KEY-----"),
        ("the private key\n{digest}\nis not there", "the private key\n{digest}\nis not there"),
    ],
)
def test_the_rest_of_a_key_in_one_text(text: str, expected: str) -> None:
    first, last, end = block(bytes(range(7, 97)))[1:]
    parts = {
        "lines": f"{first}\n{last}\n{end}",
        "escaped": f"{first}\\n{last}\\n{end}",
        "last": last,
        "digest": "9f" * 32,
    }
    assert redact(text.format(**parts)) == expected.format(**parts)


@pytest.mark.parametrize(
    "unit", ["A", "A+", "A ", "A,", '"', "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "\\n", "A\n", "= "]
)
def test_a_long_hostile_line_is_done_in_linear_time(unit: str) -> None:
    """With a quadratic pattern these texts take minutes."""
    for begin in ("", "-----BEGIN PRIVATE KEY-----\n", f"-----BEGIN PRIVATE KEY-----\n{'MIIE' * 16}\n"):
        mask_stream([begin + unit * 100_000 + "!"])
