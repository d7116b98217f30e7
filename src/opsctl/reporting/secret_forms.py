"""What is secret by its form or by the name beside it, found in any text.

Every rule runs in time linear in the text, hostile texts included: a run of characters is walked once, or a pattern is
bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from opsctl.reporting.key_lines import find_key_lines
from opsctl.reporting.secret_addresses import Span, find_user_info
from opsctl.reporting.secret_assignments import find_assigned
from opsctl.reporting.secret_pairs import PAIR_HINTS, find_pairs
from opsctl.reporting.substrings import SubstringSearch

Mask = Callable[[str, str], str]

_STOP = r"\s\"'<>`"
_SIGNED = "|".join(
    (
        r"X-(?:Amz|Goog)-[A-Za-z0-9-]+",
        r"(?:X-)?Signature|Sig|Token|Auth|Credential",
        r"AWSAccessKeyId|GoogleAccessId|Policy|Key-Pair-Id",
    )
)
# Prefixes that providers give to their keys so that they can be found.
_SHAPES = "|".join(
    (
        r"ya29\.[A-Za-z0-9._-]{10,}|AIza[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{16,}|1//0[A-Za-z0-9_-]{20,}",  # Google
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # Amazon
        r"gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{16,}",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}",
        r"[rsp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}",  # Stripe
        r"npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}",
        r"sk-(?:proj|ant|or|svcacct|admin)-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,}",
        r"dop_v1_[0-9a-f]{32,}|hvs\.[A-Za-z0-9_-]{20,}|npg_[A-Za-z0-9]{10,}|pscale_(?:pw|tkn|oauth)_[A-Za-z0-9_-]{20,}",
        r"sb_secret_[A-Za-z0-9_-]{16,}|sbp_[0-9a-f]{32,}|dapi[0-9a-f]{32}|ATATT3[A-Za-z0-9_=-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    )
)
_NAMED_HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "signature=", 'signature"')
_SIGNED_HINTS = (
    *("x-amz-", "x-goog-", "signature=", "sig=", "token=", "auth=", "credential=", "policy="),
    *("awsaccesskeyid=", "googleaccessid=", "key-pair-id="),
)
_MASKED = re.compile(
    r"\*{3,}(?:\([0-9a-z]{1,8}\))?|\[(?:REDACTED|FILTERED|MASKED|hidden)\]|<(?:redacted|hidden|masked)>", re.IGNORECASE
)
# What Go's net/url puts in the place of a password.
_MASKED_BY_GO = re.compile(r"x{5,}")
# What the shell or a template is to put in: `$DB_USER:$DB_PASSWORD`.
_REFERENCES = re.compile(
    r"(?:\$\{\w{1,80}\}|\$[A-Z_][A-Z0-9_]{0,80}|\$\([A-Za-z_]\w{0,80}\)|\{\{[ \w.$-]{1,80}\}\}|[:\s])+"
)
_SCHEME_WORD = re.compile(
    r"\b(?:Bearer|Basic|Digest|Negotiate|Token|ApiKey|Key|AWS4-HMAC-SHA256|GoogleLogin)\b", re.IGNORECASE
)
_WORDY = re.compile(r"[A-Za-z]?[a-z]+")
_MOST_PASSES = 4
_PROSE = re.compile(
    r"(?!\s*(?:Bearer|Basic|Digest|Negotiate|Token|ApiKey)\b)(?!.*authorization)"
    r"(?:[A-Z][a-z']*[,.:]?\s+){2}[A-Z][a-z']*",
    re.IGNORECASE,
)

_HEADER_VALUE = r"(?:b?\\{0,3}([\"'])(?P<quoted>(?:\\[^\"']|(?!\1)[^\r\n\\])*)|(?P<bare>[^\r\n\"']*))"
_AUTHORIZATION = re.compile(
    rf"authorization\\{{0,3}}[\"']?\s{{0,9}}(?:=>|[:=])\s{{0,9}}{_HEADER_VALUE}",
    re.IGNORECASE,
)
_COOKIE = re.compile(
    rf"cookie\\{{0,3}}[\"']?\s{{0,9}}(?:=>|:)\s{{0,9}}{_HEADER_VALUE}",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:Bearer|Basic)\s{1,9}(?P<secret>(?:[A-Za-z0-9+/=._~-]|\*{3}\(\w{1,8}\)){8,})", re.IGNORECASE)
_SIGNED_PARAMETER = re.compile(rf"(?:[?&;]|&amp;|\\u0026)(?:{_SIGNED})=(?P<secret>[^&;#\\{_STOP}]*)", re.IGNORECASE)
_JSON_WEB_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*")
_SHAPE = re.compile(rf"(?<![A-Za-z0-9])(?:{_SHAPES})")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
# What a block can hold whose end is not there: base64, line ends (also as \\n), the headers of an encrypted key.
_KEY_BODY = re.compile(
    r"(?:\\[nr]|[\r\n]|[ \t](?=[A-Za-z0-9+/]{32})|[A-Za-z0-9+/=]|(?<=[A-Za-z])-(?=[A-Z][a-z])|: (?=\w)|,(?=\w))*"
)
# A message that names the marks: `expected -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----`.
_WORDS_BETWEEN = re.compile(r"[\s\"'`.,;]*(?:[a-z]{1,12}[\s\"'`.,;]*){0,6}")
_SQL_LITERAL = re.compile(
    r"(?:\bpassword|\b(?:user|role|grant|login)\b[^\r\n;]{1,200}?\bidentified\s{1,9}(?:with\s{1,9}\S{1,80}\s{1,9})?(?:by|as))"
    r"\s{1,9}(?P<quote>['\"])(?P<secret>(?:''|(?!(?P=quote))[^\r\n])+)",
    re.IGNORECASE,
)
# `mysql -pPASSWORD`, `sqlcmd -P PASSWORD`, `redis-cli -a PASSWORD`, `curl -u USER:PASSWORD`.
_COMMAND_OPTION = re.compile(
    rf"(?:\b(?:mysql|mariadb)[\w-]{{0,20}}\b[^\r\n|;]{{0,400}}?\s-p|\bsshpass\s{{1,9}}-p\s{{0,9}}|\b(?:sqlcmd|bcp)\b[^\r\n|;]{{0,400}}?\s-P\s{{0,9}}"
    rf"|\bredis-cli\b[^\r\n|;]{{0,400}}?\s(?:-a|--pass)\s{{1,9}}|\bcurl\b[^\r\n|;]{{0,400}}?\s(?:-u|--user)\s{{1,9}}[\"']?[^\s:\"']{{1,80}}:)"
    rf"(?:(?P<quote>[\"'])(?P<quoted>(?:(?!(?P=quote))[^\r\n])+)|(?P<secret>[^{_STOP}|;]+))",
)


class _Rule(NamedTuple):
    kind: str
    # At least one of these stands in the lower-cased text, or the rule has nothing to find.
    hints: tuple[str, ...]
    find: Callable[[str], Iterable[Span]]


def replace_secrets(text: str, mask: Mask) -> str:
    """`text` with each secret replaced by `mask(kind, secret)`. What is masked already is left as it is."""
    for _ in range(_MOST_PASSES):
        replaced = _pass_over(text, mask)
        if replaced == text:
            break
        # With a part of it masked, what stands around may read as a secret.
        text = replaced
    return text


def is_masked(text: str) -> bool:
    """Whether nothing but masks is left in `text`, of this program or of another: `***`, `***(s1)`, `[REDACTED]`."""
    rest = _MASKED.sub("", text)
    if len(rest) == len(text):
        return _MASKED_BY_GO.fullmatch(text) is not None
    return not any(character.isalnum() for character in _SCHEME_WORD.sub("", rest))


def is_reference(text: str) -> bool:
    """Whether `text` holds nothing but references to variables, `${DB_PASSWORD}`: a secret to come, none yet."""
    return ("$" in text or "{" in text) and _REFERENCES.fullmatch(text) is not None


def has_mask(text: str) -> bool:
    """Whether a part of `text` was masked before."""
    return _MASKED.search(text) is not None


def find_key_blocks(text: str) -> Iterator[Span]:
    """PEM blocks, also with their line ends written as \\n, also when the end was cut off."""
    position = 0
    has_ends = True
    while (begin := _KEY_BEGIN.search(text, position)) is not None:
        end = _KEY_END.search(text, begin.end()) if has_ends else None
        has_ends = end is not None
        body_end = _end_of_body(text, begin.end()) if end is None else end.start()
        position = body_end if end is None else end.end()
        if not _WORDS_BETWEEN.fullmatch(text, begin.end(), body_end):
            yield begin.start(), position


def _end_of_body(text: str, start: int) -> int:
    body = _KEY_BODY.match(text, start)
    end = start if body is None else body.end()
    while end > start and text[end - 1] in "\r\n\t ":
        end -= 1
    return end


def _pass_over(text: str, mask: Mask) -> str:
    lowered = text.lower()
    rules, hints, shapes = _rules()
    if hints.is_in(lowered):
        for rule in rules:
            for hint in rule.hints:
                if hint in lowered:
                    text = _replace(text, rule, mask)
                    break
    return _replace(text, _SHAPE_RULE, mask) if shapes.is_in(text) else text


def _replace(text: str, rule: _Rule, mask: Mask) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in rule.find(text):
        secret = text[start:end]
        if start < done or not secret or is_masked(secret) or is_reference(secret):
            continue
        pieces += (text[done:start], mask(rule.kind, secret))
        done = end
    if not pieces:
        return text
    pieces.append(text[done:])
    return "".join(pieces)


@cache
def _rules() -> tuple[tuple[_Rule, ...], SubstringSearch, SubstringSearch]:
    """In this order: a whole block before what may stand in it, values with a name before the address they stand in."""
    rules = (
        _Rule("private-key", ("-----begin ",), find_key_blocks),
        _Rule("private-key", (" private key",), find_key_lines),
        _Rule("authorization", ("authoriz",), _find_authorization),
        _Rule("cookie", ("cookie",), _find_cookies),
        _Rule("named-value", _NAMED_HINTS, find_assigned),
        _Rule("named-value", PAIR_HINTS, find_pairs),
        _Rule("signed-url", _SIGNED_HINTS, _groups(_SIGNED_PARAMETER)),
        _Rule("uri-user-info", ("@",), find_user_info),
        _Rule("bearer-token", ("bearer ", "basic "), _find_bearers),
        _Rule("sql-literal", ("password ", "identified "), _groups(_SQL_LITERAL)),
        _Rule("argument", (" -p", " -a ", " -u ", "--user ", "--pass "), _groups(_COMMAND_OPTION)),
        _Rule("json-web-token", ("eyj",), _whole(_JSON_WEB_TOKEN)),
    )
    return rules, SubstringSearch(hint for rule in rules for hint in rule.hints), SubstringSearch(_SHAPE_RULE.hints)


def _groups(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            name = "secret" if match["secret"] is not None else "quoted"
            yield match.span(name)

    return find


def _whole(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            yield match.span()

    return find


def _find_authorization(text: str) -> Iterator[Span]:
    for match in _AUTHORIZATION.finditer(text):
        # `authorization: the caller lacks a right` is a sentence, no header.
        if match["quoted"] is not None or not _PROSE.match(match["bare"]):
            yield match.span("bare" if match["quoted"] is None else "quoted")


def _find_cookies(text: str) -> Iterator[Span]:
    for match in _COOKIE.finditer(text):
        name = "bare" if match["quoted"] is None else "quoted"
        if "=" in match[name]:
            yield match.span(name)


def _find_bearers(text: str) -> Iterator[Span]:
    for match in _BEARER.finditer(text):
        # `Basic authentication failed`
        if not (_WORDY.fullmatch(match["secret"]) and len(match["secret"]) <= 20):
            yield match.span("secret")


# The prefixes are told apart by case: `ASIA` is one, `asia-northeast3` is none.
_SHAPE_RULE = _Rule(
    "access-token",
    (
        *("ya29.", "AIza", "GOCSPX-", "1//0", "AKIA", "ASIA", "ABIA", "ACCA"),
        *("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glcbt-"),
        *("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com/services/"),
        *("k_live_", "k_test_", "whsec_", "npm_", "pypi-", "SG.", "sk-", "hf_", "dop_v1_", "hvs.", "npg_"),
        *("pscale_", "sb_secret_", "sbp_", "dapi", "ATATT3", "AGE-SECRET-KEY-1"),
    ),
    _whole(_SHAPE),
)
