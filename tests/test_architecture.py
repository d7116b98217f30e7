"""The rules of the house: who may import what, how long a file may be, what may not be said in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "opsctl"
LONGEST_FILE = 400

# Where an SDK may be imported: import-linter cannot name parts of the `google` namespace, and `lab` has its own needs.
SDKS = {"aiohttp", "boto3", "botocore", "bson", "google", "kubernetes", "obstore", "pymongo", "yarl"}
SDK_FOLDERS = {"adapters", "lab"}
RICH_MODULES = 2


def test_import_contracts_hold() -> None:
    done = subprocess.run([_beside_python("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sdks_are_imported_in_adapters_only() -> None:
    offenders = {
        str(path.relative_to(SOURCE)): name
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] not in SDK_FOLDERS
        for name in imported_names(path)
        if name.partition(".")[0] in SDKS
    }
    assert not offenders


def test_rich_is_imported_in_two_modules_of_the_reporting() -> None:
    users = {path for path in SOURCE.rglob("*.py") for name in imported_names(path) if name.partition(".")[0] == "rich"}
    assert len(users) == RICH_MODULES
    assert {path.parent for path in users} == {SOURCE / "reporting"}


def test_files_can_be_read_in_one_go() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in (SOURCE, ROOT / "tests", ROOT / "benchmarks", ROOT / "docs")
        for path in folder.rglob("*.py")
    }
    assert not {path: length for path, length in lengths.items() if length > LONGEST_FILE}


def test_nothing_below_the_command_line_prints_or_exits() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] in ("cli", "lab", "__main__.py"):
            continue
        calls = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
        names = {ast.unparse(call.func) for call in calls}
        assert not names & {"print", "sys.exit", "exit", "os._exit", "sys.stdout.write"}, path


def test_the_lock_names_versions_and_hashes_but_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--extra-index|--find-links", lock)
    assert lock.count("--hash=sha256:") > 100


def imported_names(path: Path) -> Iterator[str]:
    """Every module that a file imports when it runs; what stands under TYPE_CHECKING is for the type checker."""
    tree = parse(path)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).parent / name)
