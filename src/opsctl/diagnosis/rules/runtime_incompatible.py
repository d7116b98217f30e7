"""A binary, library or runtime version does not fit the machine

What is wrong
-------------
Something that was built for another place runs here: an image for arm64, a binary linked against a newer C library or
another libc, a native module of another Node or Python, a database engine of another OpenSSL, a class file of a newer
Java, an interpreter without the extension the program needs, or a system call and device that the execution environment
does not offer. The program's own code is not at fault; the base image, the build platform or a version is.

How it is recognised
--------------------
- "exec format error", "GLIBC_2.34 not found", "cannot open shared object file", "invalid ELF header".
- NODE_MODULE_VERSION, ERR_DLOPEN_FAILED, "sharp ... linux-x64", Prisma "could not locate the Query Engine".
- UnsupportedClassVersionError, UnsatisfiedLinkError, "You must install or update .NET", "could not find driver" (PHP),
  "no pq wrapper available", "Your bundle only supports platforms".
- Signals 11, 7 and 4 (SIGSEGV, SIGBUS, SIGILL); exit codes 139, 135 and 132.
- The image's own architecture is not amd64.

Look-alikes
-----------
- A Go program that reports SIGSEGV together with "nil pointer dereference" is a defect in it: application-error.
- Signal 9 is the memory limit or the timeout: out-of-memory, task-timeout. Signal 6 is often a heap limit.
- A JavaScript or Python package that is not installed at all: module-not-found.
- "Cannot load library libgssapi_krb5" (.NET) and Prisma's OpenSSL warning are printed by runs that succeed, too.

Remedy
------
Build for linux/amd64, install dependencies inside the same base image that runs them, install the missing system
library or extension, and align the versions of the runtime. For devices and system calls choose the second generation
execution environment.

Sources
-------
Cloud Run container contract and execution environments; glibc and musl loaders; nodejs/node node_binding.cc;
prisma/prisma; openjdk; dotnet/runtime; php-src; rubygems/bundler; gvisor.dev compatibility; signal(7).
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.program_mentions import spoken
from opsctl.diagnosis.rules.runtime_incompatible_signs import SIGNS_BINARY, SIGNS_NODE
from opsctl.diagnosis.rules.runtime_incompatible_signs_languages import SIGNS_JVM_DOTNET, SIGNS_OTHERS, SIGNS_PYTHON

_FITTING = ("amd64", "x86_64")
_NATIVE_SIGNALS = {4: "SIGILL", 7: "SIGBUS", 11: "SIGSEGV", 31: "SIGSYS"}
_SYSTEM_WORDS = ("Function not implemented", "ENOSYS", "/dev/fuse", "io_uring", "fuse: device not found")


def look(facts: Facts) -> Iterator[Clue]:
    """The image's architecture, the signal that ended the program, and the generation of the sandbox."""
    yield from _architecture(facts)
    yield from _signal(facts)
    said = next(spoken(facts, *_SYSTEM_WORDS), None)
    if said is not None and facts.execution.execution_environment == "EXECUTION_ENVIRONMENT_GEN1":
        place = Pointer("execution", "/template/executionEnvironment", "EXECUTION_ENVIRONMENT_GEN1")
        yield Clue("first_generation", Weight.STRONG, (place, said.pointer))
    changes = facts.baseline.changed("execution-environment")
    if changes:
        yield Clue("environment_changed", Weight.MODERATE, tuple(change.pointer for change in changes))


def _architecture(facts: Facts) -> Iterator[Clue]:
    image = facts.image
    if not facts.seen("image") or image.architecture is None:
        return
    place = Pointer("image", "/config/architecture", image.architecture)
    if image.architecture not in _FITTING or (image.os or "linux") != "linux":
        yield Clue("architecture", Weight.DECISIVE, (place,), values={"architecture": image.architecture})
        return
    said = next(spoken(facts, "exec format error", "Exec format error"), None)
    if said is not None:
        yield Clue(
            "architecture_fits",
            Weight.MODERATE,
            (place, said.pointer),
            supports=False,
            values={"architecture": image.architecture},
        )


def _signal(facts: Facts) -> Iterator[Clue]:
    for attempt in facts.attempts:
        number = attempt.signal or (attempt.exit_code or 0) - 128
        if number in _NATIVE_SIGNALS:
            # Go turns a nil pointer of the program itself into this signal's name, and ends with exit code 2.
            yield Clue("native_signal", Weight.STRONG, attempt.pointers, values={"signal": _NATIVE_SIGNALS[number]})
            return


RULE = Rule(
    cause="runtime-incompatible",
    family="program",
    stage=Stage.START,
    signs=(*SIGNS_BINARY, *SIGNS_NODE, *SIGNS_PYTHON, *SIGNS_JVM_DOTNET, *SIGNS_OTHERS),
    codes=(Codes("node", Weight.STRONG, ("ERR_DLOPEN_FAILED", "ERR_UNKNOWN_BUILTIN_MODULE", "ENOSYS")),),
    look=look,
    remedies=(
        Remedy(
            "rebuild_for_amd64",
            Risk.REVERSIBLE,
            (
                "docker buildx build --platform=linux/amd64 --tag=REBUILT_IMAGE --push .",
                "gcloud run jobs update {job} --project={project} --region={region} --image=REBUILT_IMAGE",
            ),
        ),
        Remedy("install_library", Risk.REVERSIBLE),
        Remedy(
            "second_generation",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --execution-environment=gen2",),
        ),
        Remedy(
            "last_good_image",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=IMAGE_OF_THE_LAST_SUCCESS",),
            is_workaround=True,
        ),
    ),
    check=Check("image", "opsctl cloudrun image config {image}"),
)
