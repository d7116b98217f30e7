"""The grammar of a filter of Cloud Logging.

Logging query language, as its reference describes it: NOT binds first, then OR, then AND; comparisons that follow one
another (on one line or on several) are joined by AND; operators are written in capitals, so `and` is a word to search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opsctl.lab.google.log_filter_tokens import FilterError, Kind, Token, read_tokens

LONGEST_CHARACTERS = 20_000
_DEEPEST = 60
_JOINERS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value to compare with. `is_quoted` tells `"5"` from `5`."""

    text: str
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A text that any field may hold."""

    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path` compared with `value`; `place` is the word where the path begins."""

    path: tuple[str, ...]
    operator: str
    value: Literal
    place: Token


@dataclass(frozen=True, slots=True)
class Function:
    """A function that tells of an entry whether it is meant, such as `log_id("...")`."""

    name: str
    arguments: tuple[Literal, ...]
    place: Token


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Node


@dataclass(frozen=True, slots=True)
class All:
    """AND. Without terms it holds for everything."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """OR."""

    terms: tuple[Node, ...]


Node = Search | Comparison | Function | Not | All | Some


def parse_filter(text: str) -> Node:
    """What a filter says; an empty one holds for every entry. Raises `FilterError`."""
    if len(text) > LONGEST_CHARACTERS:
        raise FilterError(f"Filter is too long: {len(text)} characters, at most {LONGEST_CHARACTERS} are allowed.")
    parser = _Parser(list(read_tokens(text)))
    if parser.peek().kind is Kind.END:
        return All(())
    node = parser.expression(parser.comparison)
    if parser.peek().kind is not Kind.END:
        raise parser.peek().refuse()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def peek(self) -> Token:
        return self._tokens[self._place]

    def take(self) -> Token:
        token = self.peek()
        self._place += token.kind is not Kind.END
        return token

    def expression(self, leaf: Callable[[], Node]) -> Node:
        """Terms joined by AND, spoken or not. `leaf` reads what is neither joined nor in parentheses."""
        terms = [self._alternatives(leaf)]
        while not self._ends():
            if self._is_word("AND"):
                self.take()
            terms.append(self._alternatives(leaf))
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def comparison(self) -> Node:
        """A path with an operator and a value, a function, or a text to search for."""
        place = self.take()
        if place.kind not in {Kind.TEXT, Kind.STRING} or _is_joiner(place):
            raise place.refuse()
        if place.kind is Kind.TEXT and self.peek().is_joined and self._is_mark("("):
            return self._function(place)
        path = self._path(place)
        if self.peek().kind is not Kind.OPERATOR:
            if len(path) > 1 and place.kind is Kind.STRING:
                raise self.peek().refuse()
            return Search(place.text)
        operator = self.take().text
        if self._is_mark("("):
            return self._group(lambda: self._compared(path, operator, place))
        return self._compared(path, operator, place)

    def _compared(self, path: tuple[str, ...], operator: str, place: Token) -> Comparison:
        return Comparison(path, operator, self._value(), place)

    def _alternatives(self, leaf: Callable[[], Node]) -> Node:
        terms = [self._term(leaf)]
        while self._is_word("OR"):
            self.take()
            terms.append(self._term(leaf))
        return terms[0] if len(terms) == 1 else Some(tuple(terms))

    def _term(self, leaf: Callable[[], Node]) -> Node:
        negated = False
        while self._is_word("NOT") or self._is_mark("-"):
            self.take()
            negated = not negated
        node = self._group(leaf) if self._is_mark("(") else leaf()
        return Not(node) if negated else node

    def _group(self, leaf: Callable[[], Node]) -> Node:
        opened = self.take()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise opened.refuse()
        node = self.expression(leaf)
        closed = self.take()
        if closed.kind is not Kind.MARK or closed.text != ")":
            raise closed.refuse()
        self._depth -= 1
        return node

    def _function(self, name: Token) -> Function:
        self.take()
        arguments: list[Literal] = []
        while not self._is_mark(")"):
            if arguments:
                comma = self.take()
                if comma.text != "," or comma.kind is not Kind.MARK:
                    raise comma.refuse()
            arguments.append(self._value())
        self.take()
        return Function(name.text, tuple(arguments), name)

    def _value(self) -> Literal:
        token = self.take()
        if token.kind not in {Kind.TEXT, Kind.STRING} or _is_joiner(token):
            raise token.refuse()
        return Literal(token.text, token.kind is Kind.STRING)

    def _path(self, first: Token) -> tuple[str, ...]:
        """The parts of a path, `labels."a/b".c`. What is not followed by an operator was no path."""
        parts = [first.text] if first.kind is Kind.STRING else first.text.split(".")
        last = first
        while self.peek().is_joined and self.peek().kind in {Kind.TEXT, Kind.STRING}:
            following = self.peek()
            if following.kind is Kind.STRING and last.kind is Kind.TEXT and not parts[-1]:
                parts[-1] = following.text
            elif following.kind is Kind.TEXT and last.kind is Kind.STRING and following.text.startswith("."):
                parts += following.text[1:].split(".")
            else:
                raise following.refuse()
            last = self.take()
        if self.peek().kind is Kind.OPERATOR and not all(parts):
            raise self.peek().refuse()
        return tuple(parts)

    def _is_word(self, word: str) -> bool:
        return self.peek().kind is Kind.TEXT and self.peek().text == word

    def _is_mark(self, mark: str) -> bool:
        return self.peek().kind is Kind.MARK and self.peek().text == mark

    def _ends(self) -> bool:
        return self.peek().kind is Kind.END or self._is_mark(",") or self._is_mark(")")


def _is_joiner(token: Token) -> bool:
    return token.kind is Kind.TEXT and token.text in _JOINERS
