"""A log of 200,000 lines is read, masked and understood within 300 MiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.diagnose import write_sample

MEBIBYTES = 300
# Prints kept and missing lines, messages, codes found, and the largest resident size in KiB. `VmHWM` is of this program
# alone; `ru_maxrss` also counts what the process was before it became this program.
DIAGNOSE = """
import re, resource, sys
from pathlib import Path
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.prepare import mask_evidence
evidence = mask_evidence(read_evidence(Path(sys.argv[1]))).evidence
facts = derive_facts(evidence)
status = Path("/proc/self/status")
found = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()) if status.exists() else None
peak = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
codes = ",".join(sorted({code.code for code in facts.logs.codes}))
print(len(evidence.entries), evidence.entries_dropped, len(facts.logs.messages), codes, peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="sizes are in other units")
def test_a_log_of_200_000_lines_stays_within_memory(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json.gz"
    write_sample(path, 200_000)
    done = subprocess.run([sys.executable, "-c", DIAGNOSE, str(path)], capture_output=True, check=True, text=True)
    kept, dropped, messages, codes, peak_kib = done.stdout.split()
    assert int(kept) + int(dropped) == 200_000
    assert int(kept) == 200_000
    assert int(messages) > 100_000 - 100
    assert "42701" in codes.split(",")
    assert int(peak_kib) / 1024 < MEBIBYTES
