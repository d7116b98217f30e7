"""What pods are told of a profile: the same values come out as went in, and secrets only as references."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.migrate.manifest_variables import operator_grants, pod_variables
from opsctl.config import ImagesSection, MongoSection, Profile, S3Section, load_profile
from opsctl.config.sections import VEHICLE_FIELDS, ConfigSection, FieldMapping
from opsctl.config.values import Given, Origin
from opsctl.errors import ConfigError
from opsctl.migration.kubernetes.manifest.models import SecretKey, Takeover, Variable
from opsctl.migration.kubernetes.models import JobKey
from opsctl.reporting.redact import Redactor

JOB = JobKey("apc-backup-ns", "car-images")
HERE = Origin("file", "opsctl.toml", 3)
MONGO = {"uri": "mongodb://db/", "database": "d", "collection": "c"}
S3 = {"bucket": "b"}
OLD_ENV = [
    {"name": "MONGODB_URI", "valueFrom": {"secretKeyRef": {"name": "m", "key": "u"}}},
    {"name": "BUCKET", "value": "of-the-job"},
]
OLD = Takeover(JobKey("n", "old"), "image", container={"env": OLD_ENV})


def profile_of(environ: Mapping[str, str] | None = None, **sections: Mapping[str, object]) -> Profile:
    tables = {"mongo": MONGO, "s3": S3, "images": {}, **sections}
    given = {name: {key: Given(value, HERE) for key, value in table.items()} for name, table in tables.items()}
    return Profile("p", None, given, environ or {})


def variables_of(
    environ: Mapping[str, str] | None = None, takeover: Takeover | None = None, **sections: Mapping[str, object]
) -> dict[str, Variable]:
    profile = profile_of(environ, **sections)
    found = pod_variables(profile, JOB, takeover, Redactor(profile.secrets()))
    return {variable.name: variable for variable in found}


def with_uri(uri: object, **more: Any) -> Variable | None:
    return variables_of(mongo={**MONGO, "uri": uri}, **more).get("OPSCTL_MONGO_URI")


WORDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12)
LISTS = st.lists(WORDS, max_size=3)
PLAIN_WORDS = WORDS.filter(lambda text: "://" not in text and "=" not in text and ":" not in text)


@given(
    images=st.fixed_dictionaries(
        {},
        optional={
            "workers": st.integers(1, 1024),
            "per_host_rate": st.floats(0.001, 1e6),
            "allow_private_hosts": LISTS,
            "user_agent": PLAIN_WORDS,
            "vehicle_name_fields": st.lists(WORDS, min_size=1, max_size=3),
            "placeholder_sha256": st.lists(st.sampled_from(["a" * 64, "0" * 64]), max_size=2),
            "fields": st.sampled_from(
                [
                    [{"source": "대표, 이미지", "target": 's3_"x"', "type": "basic"}],
                    [msgspec.to_builtins(field) for field in VEHICLE_FIELDS],
                ]
            ),
        },
    ),
    prefix=PLAIN_WORDS.filter(lambda text: not text.startswith("/") and not text.endswith("/")),
)
def test_a_pod_reads_what_the_profile_says(images: dict[str, Any], prefix: str) -> None:
    sections: dict[str, Any] = {"images": images, "s3": {**S3, "prefix": prefix}}
    environ = {name: variable.value or "" for name, variable in variables_of(**sections).items()}
    pod = load_profile(config_path=None, profile_name=None, environ=environ, folder=Path("/nonexistent"))
    for kind in (ImagesSection, S3Section, MongoSection):
        expected: ConfigSection = profile_of(**sections).section(kind)
        assert pod.section(kind) == expected


def test_defaults_and_what_is_not_for_pods_are_left_out() -> None:
    found = variables_of(mongo={**MONGO, "forward": "db/mongodb-0:27017"}, images={"workers": 32, "per_host_rate": 5})
    assert {name: variable.value for name, variable in found.items()} == {
        "OPSCTL_MONGO_URI": "mongodb://db/",
        "OPSCTL_MONGO_DATABASE": "d",
        "OPSCTL_MONGO_COLLECTION": "c",
        "OPSCTL_S3_BUCKET": "b",
        "OPSCTL_IMAGES_PER_HOST_RATE": "5.0",
    }


def test_a_secret_of_the_same_namespace_is_referred_to_and_one_of_another_is_to_be_decided() -> None:
    here = with_uri({"kube_secret": "apc-backup-ns/mongo/uri"})
    assert here == Variable("OPSCTL_MONGO_URI", secret=SecretKey("mongo", "uri"))
    there = with_uri({"kube_secret": "apc-db-ns/mongo/uri"})
    assert there is not None
    assert (there.secret, there.open_note, there.is_undecided) == (
        SecretKey("mongo", "uri"),
        "note_secret_elsewhere",
        True,
    )


@pytest.mark.parametrize(
    "uri",
    ["mongodb://u:hunter2@db/", "mongodb://u:p/w@db/", {"env": "URI"}, {"file": "/no/such/file"}, {"env": "NOT_SET"}],
)
def test_a_password_is_never_a_value(uri: object) -> None:
    variable = with_uri(uri, environ={"URI": "mongodb://u:hunter2@db/"})
    assert variable == Variable("OPSCTL_MONGO_URI")
    assert variable.is_undecided


def test_secrets_of_s3_and_addresses_with_a_password_are_to_be_decided() -> None:
    s3 = {
        **S3,
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "secret_access_key": "plain-words-only",
        "endpoint_url": "https://user:hunter2@s3.example.com",
    }
    found = variables_of(s3=s3)
    for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ENDPOINT_URL"):
        assert found[f"OPSCTL_S3_{key}"].is_undecided
    assert "hunter2" not in repr(found)
    assert "plain-words-only" not in repr(found)


def test_a_password_in_the_wrong_place_is_no_value_either() -> None:
    found = variables_of(mongo={**MONGO, "uri": "mongodb://u:hunter2@db/"}, images={"user_agent": "hunter2/1"})
    assert found["OPSCTL_IMAGES_USER_AGENT"].is_undecided


def test_what_the_old_job_has_is_taken_from_there() -> None:
    for environ in ({}, {"MONGODB_URI": "mongodb://u:hunter2@db/"}):
        found = with_uri({"env": "MONGODB_URI"}, takeover=OLD, environ=environ)
        assert found == Variable("OPSCTL_MONGO_URI", repeats="MONGODB_URI")
    bucket = variables_of(s3={"bucket": {"env": "BUCKET"}}, takeover=OLD)["OPSCTL_S3_BUCKET"]
    assert bucket == Variable("OPSCTL_S3_BUCKET", repeats="BUCKET")


def test_what_the_old_job_has_under_our_own_name_need_not_be_decided() -> None:
    env = [{"name": "OPSCTL_MONGO_URI", "valueFrom": {"secretKeyRef": {"name": "m", "key": "u"}}}]
    old = Takeover(JobKey("n", "old"), "image", container={"env": env})
    assert with_uri("mongodb://u:hunter2@db/", takeover=old) is None
    assert "OPSCTL_MONGO_URI" not in variables_of(mongo={"database": "d", "collection": "c"}, takeover=old)


def test_a_whole_secret_of_the_old_job_may_have_it() -> None:
    old = Takeover(JobKey("n", "old"), "image", container={"envFrom": [{"secretRef": {"name": "all"}}]})
    found = with_uri({"env": "MONGODB_URI"}, takeover=old)
    assert found is not None
    assert (found.open_note, found.note_values) == ("note_secret_in_source", (("source", "$(MONGODB_URI)"),))


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"mongo": {"uri": "mongodb://db", "database": "d"}}, "mongo.collection is not set"),
        ({"s3": {**S3, "prefix": ""}}, "s3.prefix is empty"),
        ({"s3": {**S3, "buckte": "x"}}, "Unknown key s3.buckte"),
        ({"images": {"workers": 0}}, "images.workers"),
        ({"s3": {"bucket": {"env": "NOT_SET"}}}, "NOT_SET"),
    ],
)
def test_what_no_pod_could_use(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        variables_of(**sections)


@pytest.mark.parametrize(
    ("forward", "resources"),
    [
        ("db/mongodb-0:27017", [("pods", ("mongodb-0",)), ("pods/portforward", ("mongodb-0",))]),
        (
            "db/mongodb:27017",
            [("pods", ("mongodb",)), ("services", ("mongodb",)), ("pods", ()), ("pods/portforward", ())],
        ),
        ("db/service/mongo-4:27017", [("services", ("mongo-4",)), ("pods", ()), ("pods/portforward", ())]),
        ("db/pod/mongo:27017", [("pods", ("mongo",)), ("pods/portforward", ("mongo",))]),
    ],
)
def test_people_need_what_the_profile_reaches_through(forward: str, resources: list[Any]) -> None:
    (grant,) = operator_grants(profile_of(mongo={**MONGO, "forward": forward}), JOB)
    assert grant.namespace == "db"
    assert [(rule["resources"][0], tuple(rule.get("resourceNames", ()))) for rule in grant.rules] == resources


def test_people_need_the_secrets_that_the_profile_names() -> None:
    profile = profile_of(
        mongo={**MONGO, "uri": {"kube_secret": "a/m/u"}},
        s3={**S3, "access_key_id": {"kube_secret": "b/s/i"}, "secret_access_key": {"kube_secret": "b/t/k"}},
    )
    assert [(grant.namespace, grant.rules[0]["resourceNames"]) for grant in operator_grants(profile, JOB)] == [
        ("a", ["m"]),
        ("b", ["s", "t"]),
    ]


def test_a_mapping_is_written_as_json() -> None:
    rule = FieldMapping(source="a", target="b", type="basic")
    text = variables_of(images={"fields": [msgspec.to_builtins(rule)]})["OPSCTL_IMAGES_FIELDS"].value
    assert text is not None
    assert msgspec.json.decode(text, type=list[FieldMapping]) == [rule]
