"""A step of a CI job that runs the script of the page, with programs of our own on its PATH."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "how-to" / "ci" / "diagnose-failed-job.sh"
EXECUTION = "o4o-api-migrations-h5x5h"
SHELLS = [name for name in ("sh", "dash", "bash", "busybox") if shutil.which(name)]
# What the real one (528.0.0) writes to stderr when the execution fails; stdout is empty then, whatever `--format` is.
FAILED = f"""\
Creating execution...
Provisioning resources........done
Starting execution.......done
Running execution................failed
Executing job failed
ERROR: (gcloud.run.jobs.execute) The execution failed.
View details about this execution by running:
gcloud run jobs executions describe {EXECUTION}

Or visit https://console.cloud.google.com/run/jobs/executions/details/asia-northeast3/{EXECUTION}/tasks?project=123456789012
"""
REFUSED = """\
Creating execution...
failed
Executing job failed
ERROR: (gcloud.run.jobs.execute) PERMISSION_DENIED: Permission 'run.jobs.run' denied on resource 'namespaces/p/jobs/j' \
(or resource may not exist). This command is authenticated as ci@example.com which is the active account specified by \
the [core/account] property.
"""
SUCCEEDED = FAILED.replace("failed", "done").partition("ERROR")[0]


@dataclass
class Job:
    """A step of a CI job: a folder of programs and what they are to answer."""

    folder: Path
    environment: dict[str, str]

    def install(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def gcloud_ends(self, code: int, stderr: str, stdout: str = "") -> None:
        (self.folder / "gcloud.err").write_text(stderr, encoding="utf-8")
        (self.folder / "gcloud.out").write_text(stdout, encoding="utf-8")
        self.install(
            "gcloud",
            f"echo \"$@\" >>'{self.folder}/gcloud.calls'\ncat '{self.folder}/gcloud.out'\n"
            f"cat '{self.folder}/gcloud.err' >&2\nexit {code}\n",
        )

    def opsctl_is_real(self, evidence: Path | None = None) -> None:
        self.install(
            "opsctl", f"echo \"$@\" >>'{self.folder}/opsctl.calls'\nexec '{sys.executable}' -m opsctl \"$@\"\n"
        )
        if evidence is not None:
            self.environment["DIAGNOSE_OPTIONS"] = f"--from-evidence {evidence}"

    def opsctl_answers(self, *documents: dict[str, Any] | str, markdown: str = "# Report\n") -> None:
        """The n-th diagnosis is the n-th document, the last one for ever; a report of saved evidence is `markdown`."""
        for number, document in enumerate(documents, start=1):
            text = document if isinstance(document, str) else json.dumps(document)
            (self.folder / f"answer-{number}.json").write_text(text, encoding="utf-8")
        (self.folder / "report.md").write_text(markdown, encoding="utf-8")
        self.install(
            "opsctl",
            f"""cd '{self.folder}'
echo "$OPSCTL_CLOUDRUN_PROJECT|$OPSCTL_CLOUDRUN_REGION|$*" >>opsctl.calls
case " $* " in *" --from-evidence "*) cat report.md; exit 3 ;; esac
number=$(grep -c -e --save-evidence opsctl.calls)
[ "$number" -le {len(documents)} ] || number={len(documents)}
while [ $# -gt 0 ]; do
    if [ "$1" = --save-evidence ] && grep -q '"data": {{' "answer-$number.json"; then echo "$number" >"$2"; fi
    shift
done
cat "answer-$number.json"
exit 3
""",
        )

    def run(self, *arguments: str, shell: str = "sh", **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["busybox", "sh"] if shell == "busybox" else [shell]
        return subprocess.run(
            [*command, str(SCRIPT), *arguments],
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def calls(self, program: str) -> list[str]:
        path = self.folder / f"{program}.calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def summary(self) -> Path:
        return self.folder / "summary.md"

    def github(self) -> dict[str, str]:
        return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.summary)}


def build_job(folder: Path) -> Job:
    """A job in an empty folder, whose gcloud fails as the real one does."""
    (folder / "bin").mkdir()
    (folder / "tmp").mkdir()
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C",
        "DIAGNOSE_PAUSE_SECONDS": "0",
        "COLUMNS": "100",
    }
    found = Job(folder, environment)
    found.gcloud_ends(1, FAILED)
    return found
