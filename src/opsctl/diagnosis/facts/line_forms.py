"""How the lines of errors look, in many runtimes and tools: what continues, what begins, what leaves something open.

Sources: CPython `Lib/traceback.py`; Node.js `lib/internal/util/inspect.js`; OpenJDK `Throwable.printStackTrace`; Go
`runtime/traceback.go`; Rust `library/std/src/panicking.rs`; CoreCLR `Exception.ToString`; Ruby `error.c`; PHP
`Zend/zend_exceptions.c`; libpq `fe-protocol3.c`; SQLAlchemy `exc.py`; Prisma `schema-engine/core/src/api`.
"""

from __future__ import annotations

import re

# Forms that only ever continue, by their first character: most lines are done with after one look at it.
_FORMS = {
    "a": r"at\s(?:(?:async|new)\s)*(?:\S{1,200}(?:\s\(|\(|:\d+:\d+|\s\[as\s|\sin\s)|<anonymous>)",
    ".": r"\.\.\.\s\d+\s(?:more|common)\b",
    "C": r"Caused\sby:|CONTEXT\s?:|ClientConnectionId:|created\sby\s",
    "c": r"created\sby\s\S+[.(]",
    "S": r"Suppressed:|STATEMENT\s?:|SQL\s(?:State\s+:|statement\s\")|Statement\s+:|Stack\s(?:back)?trace:|State:\s",
    "R": r"Require\sstack:",
    "-": r"-\s(?:/|node:)|---\s(?:End|Inner)\b|-->\s|-{5,}\s*$",
    "D": r"DETAIL\s?:|During\shandling\sof\sthe\sabove",
    "H": r"HINT\s?:",
    "L": r"LINE\s\d+:|Location\s+:|Location:\s*$|Line\s+:|Last\smessage:",
    "Q": r"QUERY\s?:",
    "W": r"WHERE\s?:|Wrapped\sby:",
    "P": r"POSITION\s?:|PL/pgSQL\sfunction\s",
    "E": r"ERRCODE\s?:|Error\sCode\s+:|Error\sNumber:\d",
    "M": r"Message\s{2,}:",
    "^": r"\^+\s*$",
    "~": r"~+\^*\s*$",
    "[": r"\[(?:SQL|parameters|generated\sin|cached|signal\sSIG)\b",
    "(": r"\(Background\son\sthis\serror|\(See\sfull\strace",
    "T": r"The\sabove\sexception\swas|Tasks:\sTOP\s",
    "g": r"goroutine\s\d+\s\[",
    "m": r"main\.[\w.]+\(",
    "e": r"exit\sstatus\s\d",
    "n": r"note:\s",
    "s": r"stack\sbacktrace:",
    "F": r"File\s\"",
    '"': r"\"\s",
    "|": r"\|\s",
    "+": r"\+[-=+]{3,}",
    "#": r"\#\d+\s+(?:/|\{main\}|\[internal|phar:|\S+\s+\()",
}
_CONTINUES = {first: re.compile(pattern) for first, pattern in _FORMS.items()}
_CLOSERS = frozenset("}])│├└╰┃")
# A frame of a Ruby backtrace; the first line of one has the message behind it.
_RUBY_FRAME = re.compile(r"\S{1,200}:\d+:in\s[`'][^']{1,200}'\s*$")
# A line that begins something of its own, whatever came before.
BEGINS = re.compile(
    r"Traceback \(most recent call last\)|\s*\+ Exception Group Traceback|panic: |Exception in thread |> "
    r"|Unhandled exception|PHP (?:Fatal|Parse) error|npm (?:ERR!|error|warn|WARN)|thread '[^']*' (?:\(\d+\) )?panicked"
    r"|\s+[A-Z]\w*(?:\\\w+)+(?:Exception|Error)\s*$|\s{2,}(?:INFO|ERROR|WARN|FAIL)\s{2}"
)
BEGINNERS = frozenset("TpE>UPnt \t")
# First looks, cheap: whether a line may begin or open something at all.
_MAY_OPEN = re.compile(
    r"\[SQL:|Error[: ]|r(?:ails|ake) aborted|\*{10}|Invalid `|goroutine |panic: |Traceback|\s+File \"|Knex: "
    r"|/|file:|node:|[A-Za-z]:\\"
)
NPM_ERROR = re.compile(r"npm (?:ERR!|error)")
CHAINS = re.compile(r"The above exception was|During handling of the above")
# A line that a logger began: a time, a level, a bracketed field, or a line of npm.
LOGGED = re.compile(
    r"[\[(]?\d{4}[-/]\d\d[-/]\d\d|[\[(]?\d\d:\d\d:\d\d|\{\"|[A-Z], \[|[IWEF]\d{4} \d\d:|\[(?i:error|warn|info|debug)"
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|CRITICAL|SEVERE)\b|(?i:trace|debug|info|warn)\s?:|npm |yarn |> "
)
# Beginnings that take what follows, to the next line of a logger.
_GREEDY = re.compile(
    r"Error: P\d{4}\s*$|(?:rails|rake) aborted!|\*{10,}\s*$|Error: Prisma schema validation"
    r"|(?:.*\b)?PrismaClient\w*Error\b|Invalid `[^`]+` invocation|Error: (?:Schema|Migration) engine error:"
    r"|Knex: run\s*$|Error making API request\.\s*$"
)
OPENINGS = (
    ("go", re.compile(r"goroutine |panic: ")),
    ("python", re.compile(r"\s+File \"")),
    ("fields", re.compile(r".{0,200} validation error")),
    ("greedy", _GREEDY),
)
# The line after this one belongs to it: `thread 'main' panicked at src/main.rs:10:5:`, `Error during migration run:`.
OPENS = re.compile(
    r"(?i:error|exception|fail|panic|unable|cannot|could not|invalid|reason|message|cause|details?)[^\n]{0,200}:\s*$"
)
# A line that leaves something open, and the line that ends it.
ENCLOSED = (
    (re.compile(r"\[SQL:(?!.*\]\s*$)"), re.compile(r"\]\s*$")),
    (re.compile(r".{0,300}\bin line \d+: (?!.*\(details: )"), re.compile(r"\s*\(details: ")),
)
LONGEST_ENCLOSED = 60
# `/app/index.js:3`, then the line of code, then `^^^`: Node.js and ts-node before the error itself.
CODE_FRAME = re.compile(r"(?:file://|node:|/|[A-Za-z]:\\)\S{1,300}:\d+\s*$")
LONGEST_CODE_FRAME = 6
CARETS = re.compile(r"\s*\^+\s*$")
# The line that names an exception, as runtimes print it.
EXCEPTION = re.compile(r"(?:[A-Za-z_][\w.$]*)?(?:Error|Exception|Warning|Exit|Interrupt|Failure|Fault)\b|\*\* \(")
_PYTHON_END = re.compile(r"[A-Za-z_][\w.<>]*(?:: |:?$)")
_GO_FRAME = re.compile(r"[\w./*()\-$\[\]{},&~%@]+\(.*\)$|created by |goroutine \d|\[signal |exit status |\s|$")
FIELD = re.compile(r"[\w.\[\]\-]{1,100}\s*$")
# What each open form takes; the others take every line but those of a logger.
TAKEN = {"python": _PYTHON_END, "go": _GO_FRAME, "fields": FIELD, "carets": EXCEPTION}


def is_continuation(text: str) -> bool:
    """Whether a line can only go on with the line before it."""
    first = text[:1]
    if first.isspace() or not first or first in _CLOSERS:
        return True
    pattern = _CONTINUES.get(first)
    if pattern is not None and pattern.match(text):
        return True
    return ":in " in text and _RUBY_FRAME.match(text) is not None


def may_open(text: str) -> bool:
    """Whether a line may open something; a cheap first look, most lines do not."""
    if "\n" in text or _MAY_OPEN.match(text) is not None:
        return True
    return text[-1:] in ": " or "PrismaClient" in text or " in line " in text or " validation error" in text
