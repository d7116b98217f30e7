"""Architecture, C libraries, native modules, versions, extensions, signals; a nil pointer of Go is not one of them."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.runtime_incompatible import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause
EXEC_FORMAT = "terminated: Application failed to start: failed to load /bin/sh: exec format error"


def architecture(name: str) -> dict[str, Any]:
    return {"image": {"config": {"architecture": name, "os": "linux", "config": {}}, "files": []}}


@pytest.mark.parametrize(
    "line",
    [
        EXEC_FORMAT,
        "/app/server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by /app/server)",
        "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
        "Error: Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /app/x.node)",
        "Error relocating /usr/lib/libvips.so: __cxa_init_primary_exception: symbol not found",
        "Error: /app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: invalid ELF header",
        "Error: Could not locate the bindings file. Tried:",
        'Error: Could not load the "sharp" module using the linux-x64 runtime',
        "Error: You installed esbuild for another platform than the one you're currently using.",
        'PrismaClientInitializationError: Prisma Client could not locate the Query Engine for runtime "linux-musl".',
        "Error: error:0308010C:digital envelope routines::unsupported",
        "ImportError: no pq wrapper available.",
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility.",
        "java.lang.UnsupportedClassVersionError: App has been compiled by a more recent version of the Java Runtime",
        "java.lang.UnsatisfiedLinkError: no tcnative in java.library.path",
        "You must install or update .NET to run this application.",
        "Process terminated. Couldn't find a valid ICU package installed on the system.",
        "PDOException: could not find driver",
        'Your bundle only supports platforms ["arm64-darwin-22"] but your local platform is x86_64-linux.',
        "Binary was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work. This is a stub",
        "Fatal glibc error: CPU does not support x86-64-v2",
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run([line])) == CAUSE


@pytest.mark.parametrize("signal", [11, 7, 4])
def test_signals_of_native_code(signal: int) -> None:
    evidence = failed_run([], exit_code=128 + signal, system=[f"Container terminated on signal {signal}."])
    found = find_cause(diagnose_run(evidence), CAUSE)
    assert found is not None
    assert "native_signal" in {piece.id for piece in found.support}


def test_nil_pointer_of_a_go_program_is_its_own_defect() -> None:
    lines = [
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a]",
        "",
        "goroutine 1 [running]:",
        "main.main()",
    ]
    evidence = failed_run(lines, exit_code=2)
    assert first_cause(evidence) == "application-error"
    assert find_cause(diagnose_run(evidence), CAUSE) is None


@pytest.mark.parametrize(
    "line",
    [
        "Cannot load library libgssapi_krb5.so.2: libgssapi_krb5.so.2: cannot open shared object file: No such file",
        "npm warn EBADENGINE   required: { node: '>=20' },",
        "TypeError: Cannot read properties of undefined (reading 'fetch')",
        "rebuild TensorFlow with the appropriate compiler flags to enable AVX2 in other operations.",
    ],
)
def test_harmless_lines(line: str) -> None:
    assert find_cause(diagnose_run(failed_run([line])), CAUSE) is None


def test_the_architecture_of_the_image() -> None:
    arm = diagnose_run(failed_run([EXEC_FORMAT], sections=architecture("arm64")))
    assert arm.findings[0].rule.cause == CAUSE
    assert arm.findings[0].verdict is Verdict.CONFIRMED
    amd = find_cause(diagnose_run(failed_run([EXEC_FORMAT], sections=architecture("amd64"))), CAUSE)
    assert amd is not None
    assert [piece.id for piece in amd.against] == ["architecture_fits"]


def test_the_first_generation() -> None:
    lines = ["fuse: device not found, try 'modprobe fuse' first"]
    template = {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN1"}
    found = find_cause(diagnose_run(failed_run(lines, template=template)), CAUSE)
    assert found is not None
    assert "first_generation" in {piece.id for piece in found.support}


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run([EXEC_FORMAT], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
