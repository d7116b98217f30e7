"""What the program imports is what it declares, for users as for the locks."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "opsctl"
# Names of modules that differ from those of their distributions.
DISTRIBUTIONS = {"yaml": "pyyaml", "bson": "pymongo", "botocore": "boto3", "google": "google-auth"}
# Imported by a name that is made at run time (compression.zstd from Python 3.14 on).
DYNAMIC = {"backports.zstd"}


def test_every_import_outside_the_lab_is_declared_and_every_dependency_imported() -> None:
    imported = {
        DISTRIBUTIONS.get(name, name)
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] != "lab"
        for name in _third_party(path)
    }
    declared = {_canonical(Requirement(text).name) for text in _project()["dependencies"]}
    assert imported | {_canonical(name) for name in DYNAMIC} == declared


def test_the_runtime_lock_holds_what_a_user_needs_in_the_versions_of_the_tests() -> None:
    everything, runtime = (_locked(ROOT / name) for name in ("requirements.lock", "requirements-runtime.lock"))
    assert runtime.items() <= everything.items()
    declared = {_canonical(Requirement(text).name) for text in _project()["dependencies"]}
    assert declared <= runtime.keys()
    assert not runtime.keys() & {"kubernetes", "google-cloud-run", "moto", "pytest"}


def test_no_lock_names_an_index() -> None:
    for name in ("requirements.lock", "requirements-runtime.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^\s*-{1,2}(i|f|index|extra-index|find-links)", text, re.MULTILINE)


def _third_party(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top != "opsctl" and top not in sys.stdlib_module_names:
                yield top


def _project() -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def _locked(path: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {_canonical(name): version for name, version in found}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
