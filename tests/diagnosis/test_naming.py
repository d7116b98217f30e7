"""What a person may paste for an execution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.naming import EXAMPLE, Target, parse_target
from opsctl.errors import UsageError

ID = "o4o-api-migrations-h5x5h"
REGION = "asia-northeast3"
CONSOLE = "https://console.cloud.google.com"
# `logUri` of an execution, as recorded.
LOG_URI = (
    f"{CONSOLE}/logs/viewer?project=netureyoutube&advancedFilter=resource.type%3D%22cloud_run_job%22%0A"
    "resource.labels.job_name%3D%22o4o-api-migrations%22%0Aresource.labels.location%3D%22asia-northeast3%22%0A"
    f"labels.%22run.googleapis.com/execution_name%22%3D%22{ID}%22"
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (ID, Target(ID)),
        (f"  {ID}\n", Target(ID)),
        (
            f"projects/p/locations/{REGION}/jobs/j/executions/{ID}",
            Target(ID, "j", REGION, "p"),
        ),
        (f"projects/123456789012/locations/{REGION}/jobs/j/executions/{ID}/tasks/{ID}-task0",
         Target(ID, "j", REGION, "123456789012")),
        (f"//run.googleapis.com/projects/p/locations/{REGION}/jobs/j/executions/{ID}", Target(ID, "j", REGION, "p")),
        (f"namespaces/123/executions/{ID}", Target(ID, project="123")),
        (f"/apis/run.googleapis.com/v1/namespaces/123/executions/{ID}", Target(ID, project="123")),
        (f"projects/example.com:p/locations/{REGION}/jobs/j/executions/{ID}", Target(ID, "j", REGION, "example.com:p")),
        (
            f"https://{REGION}-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/p/executions/{ID}",
            Target(ID, region=REGION, project="p"),
        ),
        (
            f"https://run.googleapis.com/v2/projects/p/locations/{REGION}/jobs/j/executions/{ID}",
            Target(ID, "j", REGION, "p"),
        ),
        (
            f"{CONSOLE}/run/jobs/executions/details/{REGION}/{ID}/tasks?project=netureyoutube&hl=ko",
            Target(ID, region=REGION, project="netureyoutube"),
        ),
        (f"{CONSOLE}/run/jobs/executions/details/{REGION}/{ID}?project=p", Target(ID, region=REGION, project="p")),
        (f"console.cloud.google.com/run/jobs/executions/details/{REGION}/{ID}", Target(ID, region=REGION)),
        (
            f"{CONSOLE}/run/jobs/executions/details/{REGION}/{ID}/logs;cursor=x?project=p&authuser=1",
            Target(ID, region=REGION, project="p"),
        ),
        (LOG_URI, Target(ID, "o4o-api-migrations", REGION, "netureyoutube")),
        (
            f"{CONSOLE}/logs/query;query=resource.type%20%3D%20%22cloud_run_job%22%20resource.labels.job_name%20%3D%20%22j"
            f"%22%0Alabels.%22run.googleapis.com%2Fexecution_name%22%20%3D%20%22{ID}%22;duration=P1D?project=p",
            Target(ID, "j", project="p"),
        ),
        (
            f"{CONSOLE}/logs/query;query=labels.%2522run.googleapis.com%252Fexecution_name%2522%253D%2522{ID}%2522?project=p",
            Target(ID, project="p"),
        ),
        (f"{ID} --region {REGION}", Target(ID, region=REGION)),
        (
            f"gcloud run jobs executions describe {ID} --region={REGION} --project p --format json",
            Target(ID, region=REGION, project="p"),
        ),
        (f"gcloud beta run jobs executions describe --job j {ID} --quiet", Target(ID, "j")),
    ],
)  # fmt: skip
def test_what_names_an_execution(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "UPPER-case",
        "under_score",
        'a" OR "b',
        "a\nb",
        "a\x00b",
        "-a",
        "a-",
        "a" * 64,
        "실행",
        "projects/p/locations/l/jobs/j",
        "projects/p/locations/l/services/s/revisions/r",
        "projects/p/locations/l/jobs/j/executions/",
        "projects/p/locations/l/jobs/j/executions/../x",
        "https://example.com/run/jobs/executions/details/l/e",
        "https://console.cloud.google.com.example.com.evil/run/jobs/executions/details/l/e",
        "https://evilconsole.cloud.google.com/run/jobs/executions/details/l/e",
        "https://[broken",
        f"{CONSOLE}/run/jobs?project=p",
        f"{CONSOLE}/run/jobs/details/{REGION}/j/executions?project=p",
        f"{CONSOLE}/run/jobs/executions/details/{REGION}/E%22x?project=p",
        f"{CONSOLE}/logs/query?project=p",
        f"{CONSOLE}/run/jobs/executions/details/{REGION}/e?project=p%22x",
        f"{ID} {ID}-2",
        "gcloud run jobs executions describe",
        "a --region 'x y'",
    ],
)
def test_what_does_not(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert caught.value.hint
    assert caught.value.message.isprintable()


def test_a_refusal_shows_an_example() -> None:
    with pytest.raises(UsageError) as caught:
        parse_target("Not_A_Name")
    assert EXAMPLE in str(caught.value.hint)
    assert "'Not_A_Name'" in caught.value.message


def test_a_job_instead_of_an_execution_gets_the_command_for_its_newest_failure() -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(f"{CONSOLE}/run/jobs/details/{REGION}/o4o/executions?project=p")
    expected = f"opsctl cloudrun diagnose --job o4o --latest-failed --region {REGION} --project p"
    assert str(caught.value.hint).endswith(expected)


def test_what_is_named_stays_and_what_is_not_is_filled_in() -> None:
    target = Target("e", region="r").complete(job="j", region="other", project="p")
    assert target == Target("e", "j", "r", "p")
    assert Target("e").complete(job=None, project="") == Target("e")
    for wrong in ({"job": "A b"}, {"region": "a/b"}, {"project": 'p"'}):
        with pytest.raises(UsageError):
            Target("e").complete(**wrong)


@given(st.text(max_size=200))
def test_any_text_gives_names_or_a_refusal(text: str) -> None:
    try:
        target = parse_target(text)
    except UsageError:
        return
    assert set(target.execution) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


NAME = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(project=NAME, region=NAME, job=NAME, execution=NAME)
def test_every_full_name_is_read_back(project: str, region: str, job: str, execution: str) -> None:
    full = f"projects/{project}/locations/{region}/jobs/{job}/executions/{execution}"
    assert parse_target(full) == Target(execution, job, region, project)
    page = f"{CONSOLE}/run/jobs/executions/details/{region}/{execution}/tasks?project={project}"
    assert parse_target(page) == Target(execution, "", region, project)
