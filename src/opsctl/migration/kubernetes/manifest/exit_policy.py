"""What Kubernetes does with a pod by the code that the migration ended with.

| code | what it means | what happens |
| --- | --- | --- |
| 0 | the shard is done; images may have failed for good | the index is complete |
| 2, 6, 7 | wrong configuration, no right, no such bucket or collection | the index fails at once: a retry cannot help |
| 9, 130, 143 | another process holds the lease; asked to stop | a new pod, and nothing is counted |
| 1, 4, 5, 137 and the rest | an error, images left, a service away, out of memory | a new pod; counted |

A pod that a drain, an eviction or a preemption ended is not counted either. What is not counted is still slowed down:
the Job controller doubles the pause before each new pod of an index, up to ten minutes. So a lease that is held is
waited for, and an index does not fail because somebody runs the migration by hand.
"""

from __future__ import annotations

from typing import Any

from opsctl.errors import ExitCode

FAIL_AT_ONCE = (ExitCode.USAGE, ExitCode.DENIED, ExitCode.NOT_FOUND)
NOT_COUNTED = (ExitCode.BUSY, ExitCode.INTERRUPTED, ExitCode.TERMINATED)


def build_failure_policy(container: str) -> dict[str, Any]:
    """`podFailurePolicy` of a Job; `container` is the one whose exit code counts. The first rule that matches holds."""
    return {
        "rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            _rule("FailIndex", container, FAIL_AT_ONCE),
            _rule("Ignore", container, NOT_COUNTED),
        ]
    }


def _rule(action: str, container: str, codes: tuple[ExitCode, ...]) -> dict[str, Any]:
    values = sorted(int(code) for code in codes)
    return {"action": action, "onExitCodes": {"containerName": container, "operator": "In", "values": values}}
