"""Starting loads no SDK: a fact about modules, not a measurement of time."""

import json
import subprocess
import sys

import pytest

FORBIDDEN = (
    "boto3",
    "botocore",
    "pymongo",
    "bson",
    "google",
    "kubernetes",
    "aiohttp",
    "obstore",
    "rich",
    "pydantic",
    "yaml",
    "PIL",
    "moto",
)
_PROGRAM = """
import json, sys
from opsctl.cli.boundary import run
from opsctl.cli.process import Process
code = run({arguments!r}, Process.current())
sys.stderr.write(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "--version",
        "status --help",
        "migrate --help",
        "migrate images --help",
        "lab run --help",
        "config --help",
        "cloudrun --help",
        "cloudrun diagnose --help",
        "cloudrun rules show --help",
        "completion bash",
    ],
)
def test_no_sdk_is_loaded(line: str) -> None:
    code, modules = _run(line)
    assert code == 0
    assert {name.partition(".")[0] for name in modules} & set(FORBIDDEN) == set()


def test_the_help_of_the_program_imports_no_command() -> None:
    _, modules = _run("--help")
    commands = {
        name
        for name in modules
        if name.startswith(
            ("opsctl.cli.migrate", "opsctl.cli.lab", "opsctl.cli.config", "opsctl.cli.status", "opsctl.cli.cloudrun")
        )
    }
    assert commands == set()
    assert not {"asyncio", "msgspec", "logging", "opsctl.config"} & set(modules)


@pytest.mark.parametrize("line", ["cloudrun diagnose --help", "cloudrun rules show --help", "cloudrun rules --help"])
def test_the_help_of_a_diagnosis_imports_no_rule(line: str) -> None:
    _, modules = _run(line)
    assert [name for name in modules if name.startswith("opsctl.diagnosis.rules.")] == []


def test_a_diagnosis_asks_before_it_loads_what_explains_the_answers() -> None:
    code, modules = _run("cloudrun diagnose shop-migrate-z1y6h --profile none")
    assert code == 7
    assert not {"opsctl.cli.cloudrun.explaining", "opsctl.migration.models"} & set(modules)


def test_a_usage_error_loads_no_sdk() -> None:
    code, modules = _run("migrate imagez -o json")
    assert code == 2
    assert {name.partition(".")[0] for name in modules} & set(FORBIDDEN) == set()


def _run(line: str) -> tuple[int, list[str]]:
    program = _PROGRAM.format(arguments=line.split())
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    code, modules = json.loads(ended.stderr.splitlines()[-1])
    return code, modules
