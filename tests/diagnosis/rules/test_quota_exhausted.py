"""Quotas, rate limits and full file systems; limits that belong to other causes."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.quota_exhausted import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause


def test_the_allowance_of_a_region_prevents_a_start() -> None:
    message = "Quota exceeded for total allowable CPU per project per region."
    found = diagnose_run(failed_run(message=message, started=False)).findings[0]
    assert found.rule is RULE
    assert found.probability > 0.9


@pytest.mark.parametrize(
    "line",
    [
        "Error: 8 RESOURCE_EXHAUSTED: Quota exceeded.",
        "403 Exceeded rate limits: too many table update operations for this table.",
        "googleapi: Error 403: User Rate Limit Exceeded, userRateLimitExceeded",
        "openai.RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check "
        "your plan and billing details.', 'type': 'insufficient_quota'}}",
        "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://api.example.com/v1",
        "AxiosError: Request failed with status code 429",
        "HttpError: API rate limit exceeded for user ID 123.",
        "An error occurred (ThrottlingException) when calling the PutItem operation (reached max retries: 4)",
        "OSError: [Errno 28] No space left on device",
        "Error: ENOSPC: no space left on device, write",
        "Error: ENOSPC: System limit for number of file watchers reached, watch '/app'",
        "Error: EMFILE: too many open files, open '/app/x'",
        'psycopg2.errors.DiskFull: could not extend file "base/1/2": No space left on device',
        "ERROR 1114 (HY000) at line 9: The table 'tmp' is full",
        "Msg 9002, Level 17: The transaction log for database 'app' is full due to 'LOG_BACKUP'.",
        "MongoServerError: you are over your space quota, using 512 MB of 512 MB",
        "sqlite3.OperationalError: database or disk is full",
    ],
)
def test_used_up_things_are_recognised(line: str) -> None:
    found = diagnose_run(failed_run(["starting", line])).findings[0]
    assert found.rule is RULE
    assert found.probability > 0.6


@pytest.mark.parametrize(
    "line",
    [
        "FATAL:  sorry, too many clients already",
        "User 'app' has exceeded the 'max_user_connections' resource (current value: 10)",
        "got 429 Too Many Requests, retrying in 2s",
        "rate limiting enabled: 100 requests per minute",
        "403 Forbidden: The caller does not have permission",
    ],
)
def test_limits_of_others_are_not_it(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line, "exit"])), "quota-exhausted")
    assert found is None or found.probability < 0.2


def test_a_message_that_is_too_large_is_not_surely_a_quota() -> None:
    line = "Error: 8 RESOURCE_EXHAUSTED: Received message larger than max (5242880 vs 4194304)"
    found = find_cause(diagnose_run(failed_run([line])), "quota-exhausted")
    assert found is None or found.probability < 0.5


def test_many_tasks_at_once_support_a_rate_limit() -> None:
    run = failed_run(
        ["AxiosError: Request failed with status code 429"], execution={"parallelism": 50, "taskCount": 50}
    )
    found = diagnose_run(run).findings[0]
    assert found.rule is RULE
    assert "many_tasks" in {piece.id for piece in found.support}


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=("logs",))), "quota-exhausted")
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "last",
    [
        "WARN  HTTP 429 Too Many Requests, retrying in 32s (3/3)",
        "WARN  HTTP 429 Too Many Requests, attempt 3 of 3 failed",
    ],
)
def test_the_last_try_that_was_allowed_is_the_failure(last: str) -> None:
    tries = [f"WARN  HTTP 429 Too Many Requests, retrying in {2**number}s ({number}/3)" for number in (1, 2)]
    found = diagnose_run(failed_run(["fetching page 14", *tries, last])).findings[0]
    assert found.rule is RULE
    assert found.probability >= 0.6


def test_tries_before_another_failure_are_not_it() -> None:
    lines = ["WARN  HTTP 429 Too Many Requests, retrying in 2s (1/3)", 'ERROR:  relation "orders" does not exist']
    found = find_cause(diagnose_run(failed_run(lines)), "quota-exhausted")
    assert found is None or found.probability < 0.1
