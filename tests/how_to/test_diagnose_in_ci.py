"""The script of the page on CI jobs, run as a CI job runs it: a gcloud that prints what the real one prints, and either
the real opsctl on saved evidence or one that answers as told."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.how_to.ci_job import EXECUTION, FAILED, REFUSED, SCRIPT, SHELLS, SUCCEEDED, Job, build_job

CAUSE = "A file of the program is not in the image"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return build_job(tmp_path)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evidence") / "incident.json"
    subprocess.run(
        [sys.executable, "-m", "opsctl", "lab", "incident", "write", EXECUTION, "--output-file", str(path)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return path


def answer(
    *, lines: int = 5, status: str = "ok", outcome: str = "failed", completed: str | None = "2026-01-12T02:00:41+00:00",
    title: str = CAUSE, excerpt: str = "ENOENT: no such file",
) -> dict[str, Any]:  # fmt: skip
    """What `opsctl cloudrun diagnose -o json` prints, as far as the script reads it."""
    return {
        "exitCode": 3,
        "data": {
            "execution": {"outcome": outcome, "completedAt": completed, "message": "The container exited."},
            "completeness": {"logLines": lines, "sections": [{"section": "logs", "status": status, "reason": None}]},
            "findings": [
                {
                    "title": title,
                    "probability": 0.97,
                    "verdict": "confirmed",
                    "summary": "s",
                    "evidence": [{"excerpt": excerpt}],
                    "remedy": {"text": "Rebuild the image."},
                }
            ],
        },
        "errors": [],
    }


def refusal(code: int, message: str) -> dict[str, Any]:
    return {"exitCode": code, "data": None, "errors": [{"code": "x", "message": message}]}


class TestWithTheRealProgram:
    @pytest.mark.parametrize("shell", SHELLS)
    def test_in_github_the_report_is_the_summary_and_the_first_cause_an_annotation(
        self, job: Job, evidence: Path, shell: str
    ) -> None:
        job.opsctl_is_real(evidence)
        done = job.run("o4o-api-migrations", "--region", "asia-northeast3", shell=shell, **job.github())
        assert done.returncode == 1
        assert job.calls("gcloud") == ["run jobs execute o4o-api-migrations --region asia-northeast3 --wait"]
        (annotation,) = [line for line in done.stdout.splitlines() if line.startswith("::")]
        assert annotation.startswith(f"::error title={EXECUTION} failed::{CAUSE} (100%25, confirmed)%0A")
        assert "%0AFix: Copy the file into the final stage" in annotation
        summary = job.summary.read_text(encoding="utf-8")
        assert summary.startswith(f"# Diagnosis of {EXECUTION}\n")
        assert "## Fix and workarounds" in summary
        assert "ERROR: (gcloud.run.jobs.execute) The execution failed." in done.stderr
        assert not list((job.folder / "tmp").iterdir())

    def test_elsewhere_the_report_is_printed(self, job: Job, evidence: Path) -> None:
        job.opsctl_is_real(evidence)
        done = job.run("o4o-api-migrations")
        assert done.returncode == 1
        assert CAUSE in done.stdout
        assert f"\n{EXECUTION} failed: {CAUSE} (100%, confirmed)\n" in done.stdout
        assert "::" not in done.stdout.replace("::1", "")

    def test_the_execution_is_the_one_that_gcloud_names(self, job: Job, evidence: Path) -> None:
        """Another one than in the evidence is refused: so the name has reached the diagnosis."""
        job.gcloud_ends(1, FAILED.replace("h5x5h", "zzzzz"))
        job.opsctl_is_real(evidence)
        done = job.run("o4o-api-migrations", DIAGNOSE_TRIES="1", **job.github())
        assert done.returncode == 1
        assert done.stdout.startswith("::error title=o4o-api-migrations-zzzzz failed::opsctl cannot tell why: ")
        assert "not of o4o-api-migrations-zzzzz" in done.stdout
        assert not job.summary.exists()


class TestExitCode:
    @pytest.mark.parametrize("code", [1, 2, 130])
    def test_is_gclouds(self, job: Job, code: int) -> None:
        job.gcloud_ends(code, FAILED)
        job.opsctl_answers(answer())
        assert job.run("j").returncode == code

    def test_success_asks_nothing(self, job: Job) -> None:
        job.gcloud_ends(0, SUCCEEDED, f"{EXECUTION}\n")
        job.opsctl_answers(answer())
        done = job.run("j", "--format=value(metadata.name)", **job.github())
        assert (done.returncode, done.stdout, job.calls("opsctl")) == (0, f"{EXECUTION}\n", [])

    def test_nothing_was_started(self, job: Job) -> None:
        job.gcloud_ends(1, REFUSED)
        job.opsctl_answers(answer())
        done = job.run("j")
        assert (done.returncode, done.stdout, job.calls("opsctl")) == (1, "", [])
        assert "none was started" in done.stderr

    def test_no_gcloud_no_opsctl_no_python(self, job: Job, tmp_path: Path) -> None:
        programs = tmp_path / "few"
        programs.mkdir()
        for name in ("sh", "mktemp", "rm", "tee", "cat", "tr", "sed", "tail", "mv", "sleep"):
            (programs / name).symlink_to(str(shutil.which(name)))
        assert job.run("j", PATH=str(programs)).returncode == 127
        shutil.copy(tmp_path / "bin" / "gcloud", programs / "gcloud")
        done = job.run("j", PATH=str(programs))
        assert done.returncode == 1
        assert "opsctl" in done.stderr

    @pytest.mark.parametrize(
        "document", ["", "Traceback", "[1]", "{}", refusal(6, "No credentials: gcloud auth login")]
    )
    def test_a_diagnosis_that_fails_is_said(self, job: Job, document: dict[str, Any] | str) -> None:
        job.opsctl_answers(document)
        done = job.run("j", **job.github())
        assert done.returncode == 1
        reason = "No credentials: gcloud auth login" if isinstance(document, dict) else "it printed no report."
        assert done.stdout == f"::error title={EXECUTION} failed::opsctl cannot tell why: {reason}\n"
        assert len(job.calls("opsctl")) == 1

    def test_a_wrong_call(self, job: Job) -> None:
        for arguments in ([], ["--ended"], ["--ended", "1"]):
            done = job.run(*arguments)
            assert (done.returncode, done.stdout) == (2, "")
            assert "usage:" in done.stderr


class TestLateLogs:
    def asked(self, job: Job) -> int:
        return sum("--save-evidence" in call for call in job.calls("opsctl"))

    @pytest.mark.parametrize(
        ("answers", "settled_after", "times"),
        [
            ([answer(lines=5)], "60", 1),  # ended long ago
            ([answer(lines=5)], "1e12", 2),  # just ended: once more, and no line has come
            ([answer(lines=0, status="no_data"), answer(lines=3), answer(lines=9), answer(lines=9)], "1e12", 4),
            ([answer(lines=0, status="no_data")], "60", 5),  # never: up to the bound
            ([answer(outcome="running", completed=None), answer(lines=7)], "60", 2),
            ([answer(lines=0, status="error"), answer(lines=2)], "60", 2),
            ([answer(lines=0, status="denied")], "1e12", 1),  # waiting does not help
            ([answer(completed=None, outcome="untold")], "60", 2),
            ([refusal(7, "not found"), refusal(5, "timeout"), answer()], "60", 3),
        ],
    )
    def test_it_asks_again_while_lines_may_come(
        self, job: Job, answers: list[dict[str, Any]], settled_after: str, times: int
    ) -> None:
        job.opsctl_answers(*answers)
        done = job.run("j", DIAGNOSE_TRIES="5", DIAGNOSE_SETTLED_SECONDS=settled_after, **job.github())
        assert (done.returncode, self.asked(job)) == (1, times)
        assert CAUSE in done.stdout
        assert job.summary.read_text() == "# Report\n"

    def test_a_report_is_kept_when_the_next_question_fails(self, job: Job) -> None:
        job.opsctl_answers(answer(lines=0, status="no_data"), refusal(5, "timeout"))
        done = job.run("j", DIAGNOSE_TRIES="3", **job.github())
        assert CAUSE in done.stdout
        assert "timeout" not in done.stdout
        assert job.summary.read_text() == "# Report\n"


class TestPlace:
    @pytest.mark.parametrize(
        ("flags", "expected"),
        [
            ([], "|asia-northeast3|"),
            (["--region", "europe-west1", "--project=p-1"], "p-1|europe-west1|"),
            (["--region=europe-west1", "--project", "p-1"], "p-1|europe-west1|"),
        ],
    )
    def test_project_and_region_are_gclouds(self, job: Job, flags: list[str], expected: str) -> None:
        job.opsctl_answers(answer())
        job.run("j", *flags)
        assert job.calls("opsctl")[0].startswith(f"{expected}cloudrun diagnose {EXECUTION} --save-evidence ")

    def test_saved_output_of_a_gcloud_that_has_ended(self, job: Job) -> None:
        job.opsctl_answers(answer())
        saved = job.folder / "saved.txt"
        saved.write_text(FAILED.replace("\n", "\r\n").replace("gcloud run", "gcloud beta run"))
        done = job.run("--ended", "1", str(saved), "--project", "p-2", **job.github())
        assert (done.returncode, job.calls("gcloud")) == (1, [])
        assert job.calls("opsctl")[0].startswith(f"p-2|asia-northeast3|cloudrun diagnose {EXECUTION} ")

    def test_further_options_are_passed_on(self, job: Job) -> None:
        job.opsctl_answers(answer())
        job.run("j", DIAGNOSE_OPTIONS="--profile prod --repo .")
        assert f"cloudrun diagnose {EXECUTION} --profile prod --repo . --save-evidence" in job.calls("opsctl")[0]


class TestGitHub:
    def test_every_sign_that_ends_a_command_is_escaped(self, job: Job) -> None:
        job.opsctl_answers(answer(title="50% of a: b, c", excerpt="first\r\n::set-env name=X::y\x1b[31m\x07"))
        done = job.run("j", **job.github())
        (line,) = done.stdout.splitlines()
        assert line == (
            f"::error title={EXECUTION} failed::50%25 of a: b, c (97%25, confirmed)"
            "%0Afirst%0A::set-env name=X::y[31m%0AFix: Rebuild the image."
        )

    def test_commands_in_what_others_print_are_not_obeyed(self, job: Job) -> None:
        job.gcloud_ends(1, f"::add-path::/evil\n{FAILED}")
        job.opsctl_answers(answer())
        done = job.run("j", **job.github())
        lines = done.stderr.splitlines()
        words = [line.removeprefix("::stop-commands::") for line in lines if line.startswith("::stop-commands::")]
        assert len(set(words)) == 2
        assert all(re.fullmatch(r"[0-9a-f]{32}", word) for word in words)
        start, evil, end = (
            lines.index(f"::stop-commands::{words[0]}"),
            lines.index("::add-path::/evil"),
            lines.index(f"::{words[0]}::"),
        )
        assert start < evil < end
        assert lines[-1] == f"::{words[1]}::"

    def test_a_report_that_is_too_long_is_cut_between_two_lines_and_says_so(self, job: Job) -> None:
        job.opsctl_answers(answer(), markdown="# Report\n```\n" + "로그 한 줄: 파일이 없습니다\n" * 40_000)
        job.summary.write_text("# Earlier\n", encoding="utf-8")
        done = job.run("j", **job.github())
        assert done.returncode == 1
        content = job.summary.read_bytes()
        assert (1 << 20) - 200 < len(content) <= 1 << 20
        text = content.decode("utf-8")
        assert text.startswith("# Earlier\n# Report\n")
        note = f"*Cut: a job summary holds 1 MiB. All of it: `opsctl cloudrun diagnose {EXECUTION}`*"
        assert text.endswith(f"파일이 없습니다\n```\n\n{note}\n")

    def test_a_summary_that_is_full_stays_as_it_is(self, job: Job) -> None:
        job.opsctl_answers(answer(), markdown="x" * 100)
        job.summary.write_bytes(b"y" * ((1 << 20) - 50))
        done = job.run("j", **job.github())
        assert (done.returncode, job.summary.stat().st_size) == (1, (1 << 20) - 50)
        assert "The job summary is full" in done.stderr
        assert CAUSE in done.stdout

    def test_a_report_that_just_fits_is_whole(self, job: Job) -> None:
        markdown = "x" * ((1 << 20) - 1) + "\n"
        job.opsctl_answers(answer(), markdown=markdown)
        job.run("j", **job.github())
        assert job.summary.read_text() == markdown


def test_it_never_asks_for_the_latest_failure() -> None:
    """Another execution may have failed since."""
    assert "--latest" not in SCRIPT.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
