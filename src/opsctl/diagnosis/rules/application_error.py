"""The program itself failed or refused

What is wrong
-------------
The container started, the configuration was read, and the program ended by an error of its own: a defect (a value that
is not there, an index out of range, a wrong type), input that it did not expect, or a check that stops it on purpose.
Nothing around it has to be changed; the program or what it was given has.

How it is recognised
--------------------
- Uncaught exceptions of the language: TypeError and ReferenceError, NullPointerException, NullReferenceException,
  "panic: runtime error", NoMethodError, "Call to a member function", MatchError, with a trace into the program's files.
- Syntax errors in its own files, circular imports, wiring of dependency injection that cannot be resolved.
- Words of a deliberate stop: "Refusing to", "12 of 4800 rows failed", "validation failed", a destructive command that
  asks for a terminal in production, an exit code with a stated reason.
- Only a trace or "unhandled exception" without its kind is a weak sign: other causes print it, too.

Look-alikes
-----------
- Nearly every other cause ends in an exception. What the exception says about a file, a variable, a module, a right or
  the database decides; this cause yields to all of those.
- "x_1.default is not a function" is a module loaded in the other format: module-format-mismatch.
- KeyError for an upper-case name below os.environ: env-missing.
- A signal instead of an exit code, with native code involved: runtime-incompatible.

Remedy
------
Read the trace from its end to the first line in the program's own files, correct that place or the input it names, and
add a test with that input. Until then run the last good image, if the data allow it.

Sources
-------
v8 message-template.h; python/cpython exceptions; openjdk java.lang; golang runtime; rust core; dotnet/runtime; ruby
error.c; php-src Zend; elixir exception.ex; nestjs/nest; jest, mocha and pytest summaries; dbt-core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from opsctl.diagnosis.facts.model import End, Facts, Level
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules import CAUSES
from opsctl.diagnosis.rules.application_error_signs import SIGNS_NODE, SIGNS_PYTHON
from opsctl.diagnosis.rules.application_error_signs_compiled import SIGNS_GO_RUST, SIGNS_JVM_DOTNET, SIGNS_SCRIPTING
from opsctl.diagnosis.rules.application_error_signs_refusal import SIGNS_REFUSAL
from opsctl.diagnosis.rules.program_mentions import last_error, spoken

# A place in a trace: folders, a file, and a line number after it.
_PLACE = re.compile(
    r"(?<![\w@./-])(?P<path>[\w@./-]{1,300}?\.(?:[mc]?[jt]sx?|py|rb|php|go|java|kt|cs|exs?|rs))(?:\", line |:|\()\d+"
)
_LIBRARY = re.compile(
    r"node_modules|site-packages|dist-packages|/vendor/|/gems/|node:internal|/usr/lib|/usr/local/(?:lib|go)"
)
# What an error names that comes from around the program.
_SURROUNDINGS = re.compile(
    r"connect|connection|timed? ?out|\bdial\b|resolv|refused|password|authent|permission|denied|credential|certificate"
    r"|\bTLS\b|\bSSL\b|config|setting|environment|\benv\b|variable|\bflag\b|argument|\bopen\b|no such|not found"
    r"|does not exist"
    r"|\bload\b|module|import|library|parse|invalid|missing|required|must be set|database|relation|column|migrat"
    r"|\bsql\b"
    r"|secret|token|\bkey\b|\burl\b|quota|memory|\bE[A-Z]{4,}\b",
    re.IGNORECASE,
)
_NO_EXPLANATION = ("application-error", "task-timeout", "process-never-exits")
_MANY_ERRORS = 200
_OWN_CODES = range(3, 100)


def look(facts: Facts) -> Iterator[Clue]:
    """A changed file in the trace, and an exit code that the program chose."""
    yield from _changed_file(facts)
    yield from _own_last_word(facts)
    first = facts.first_failure
    if first is not None and first.end is End.EXITED and first.exit_code in _OWN_CODES:
        yield Clue("own_exit_code", Weight.WEAK, first.pointers, values={"code": str(first.exit_code)})


def _own_last_word(facts: Facts) -> Iterator[Clue]:
    """The program ended itself after an error in words of its own, which no other rule may know.

    A fatal error that speaks neither of the system nor of settings is a refusal."""
    last = last_error(facts)
    if last is not None:
        is_refusal = last.level >= Level.FATAL and not _SURROUNDINGS.search(last.text[:2_000])
        weight = Weight.STRONG if is_refusal else Weight.WEAK if _complains_always(facts) else Weight.MODERATE
        yield Clue("own_last_word", weight, (last.locate(0),))


def _complains_always(facts: Facts) -> bool:
    """Whether errors are the ordinary tone of a program: then its last one says little."""
    errors = (1 for message in facts.logs.messages if message.level >= Level.ERROR and not message.origin.is_platform)
    return sum(islice(errors, _MANY_ERRORS)) == _MANY_ERRORS


def _changed_file(facts: Facts) -> Iterator[Clue]:
    """A file in the trace that a commit since the last good image changed. Compiled files keep their stem."""
    changed = {_stem(path): (commit, path) for commit in facts.commits for path in commit.files}
    if not changed:
        return
    for message in spoken(facts, ":", "line "):
        for match in _PLACE.finditer(message.text[:20_000]):
            path = match["path"]
            known = None if _LIBRARY.search(path) else changed.get(_stem(path))
            if known is not None:
                commit, file = known
                values = {"file": file, "commit": commit.id[:12]}
                yield Clue("changed_file_in_trace", Weight.MODERATE, (message.pointer, commit.pointer), values=values)
                return


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


RULE = Rule(
    cause="application-error",
    family="program",
    stage=Stage.WORK,
    signs=(*SIGNS_NODE, *SIGNS_PYTHON, *SIGNS_REFUSAL, *SIGNS_JVM_DOTNET, *SIGNS_GO_RUST, *SIGNS_SCRIPTING),
    look=look,
    # Any other word for the failure explains more; how long a run took explains no error.
    yields_to=tuple(cause for cause in CAUSES if cause not in _NO_EXPLANATION),
    remedies=(
        Remedy(
            "read_trace",
            Risk.READ_ONLY,
            ("opsctl cloudrun logs {execution} --project={project} --region={region}",),
        ),
        Remedy(
            "correct_program",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=REBUILT_IMAGE",),
        ),
        Remedy(
            "last_good_image",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=IMAGE_OF_THE_LAST_SUCCESS",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "logs",
        "opsctl cloudrun logs {execution} --project={project} --region={region}",
    ),
)
