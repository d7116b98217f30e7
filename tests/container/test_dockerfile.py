"""What can be told of the image without building it."""

from __future__ import annotations

import re
import tomllib

from tests.container.locks import ROOT, read_lock

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_gets_the_versions_that_the_tests_run_with() -> None:
    tested = read_lock("requirements.lock")
    for name in ("requirements-runtime.lock", "requirements-build.lock"):
        for package, locked in read_lock(name).items():
            assert package in tested, f"{name}: {package} is not in requirements.lock"
            assert locked.version == tested[package].version, f"{name}: {package}"
            assert locked.hashes <= tested[package].hashes, f"{name}: {package}"
            assert locked.hashes


def test_the_build_backend_is_locked_without_an_index() -> None:
    assert not re.search(r"://|--\w*index|--find-links", (ROOT / "requirements-build.lock").read_text(encoding="utf-8"))
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert {_name(each) for each in requires} <= set(read_lock("requirements-build.lock"))


def test_the_python_of_the_image_is_one_that_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (version,) = re.findall(r"^ARG BASE_IMAGE=python:(\d\.\d+)-slim$", DOCKERFILE, re.MULTILINE)
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_only_what_the_image_is_made_of_goes_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert {word for line in copied for word in line.split()} == let_in - {"Dockerfile"}


def _name(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None, requirement
    return name[0].lower().replace("_", "-").replace(".", "-")
