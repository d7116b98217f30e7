"""What a section refuses."""

import pytest

from opsctl.config import ImagesSection, MongoSection, S3Section
from opsctl.config.sections import KEY_TEMPLATE, VEHICLE_FIELDS, FieldMapping, check_fields, check_key_template


def test_the_defaults_of_the_vehicle_mapping() -> None:
    section = ImagesSection()
    section.check()
    assert [(item.source, item.target, item.type) for item in section.fields] == [
        ("main_image", "s3_main_image", "basic"),
        ("image_url", "s3_image_url", "basic"),
        ("exterior_images", "s3_exterior_images", "exterior"),
        ("interior_images", "s3_interior_images", "interior"),
        ("color_images", "s3_color_images", "color"),
    ]
    assert (section.workers, section.per_host_concurrency, section.per_host_rate) == (32, 4, 10.0)
    assert (section.max_bytes, section.timeout_seconds, section.outage_seconds) == (33554432, 60.0, 120)
    assert section.vehicle_name_fields == ("vehicle_name", "name")
    assert section.color_name_fields == ("color_name", "name", "color")
    assert section.color_url_fields == ("image_url", "url", "image")


def test_a_section_in_a_log_tells_no_secret() -> None:
    mongo = MongoSection(uri="mongodb://u:canary@h", database="d", collection="c")
    s3 = S3Section(bucket="b", access_key_id="a", secret_access_key="canary", session_token="canary")
    assert "canary" not in f"{mongo} {mongo!r} {s3} {s3!r}"
    assert "canary" not in str(mongo.__rich_repr__()) + str(s3.__rich_repr__())
    assert "session_token=None" in repr(S3Section(bucket="b"))


@pytest.mark.parametrize(
    "template", [KEY_TEMPLATE, "{doc_id}/{hash}.{ext}", "{prefix}/x/{doc_id}[/{vehicle_name}]-{hash}.{ext}"]
)
def test_templates_that_are_fine(template: str) -> None:
    check_key_template(template)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{doc_id}/{hash}.jpg", "end with"),
        ("{hash}.{ext}", "needs {doc_id}"),
        ("[{doc_id}]/{hash}.{ext}", "needs {doc_id}"),
        ("{doc_id}/{nam}/{hash}.{ext}", "unknown placeholder {nam}"),
        ("{doc_id!r}/{hash}.{ext}", "unknown placeholder"),
        ("{doc_id}/{hash.__class__}.{ext}", "unknown placeholder"),
        ("{doc_id}/{{hash}}.{ext}", "curly"),
        ("{doc_id}/}{hash}.{ext}", "curly"),
        ("{doc_id}/[[x]]/{hash}.{ext}", "square"),
        ("{doc_id}/[{hash}.{ext}", "square"),
        ("/{doc_id}/{hash}.{ext}", "slash"),
    ],
)
def test_templates_that_are_refused(template: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_key_template(template)


@pytest.mark.parametrize(
    ("mappings", "problem"),
    [
        ([], "at least one"),
        ([("a", "a")], "never written"),
        ([("a", "b"), ("b", "c")], "never written"),
        ([("a", "c"), ("b", "c")], "two mappings"),
        ([("a", "b"), ("a", "c")], "mapped twice"),
        ([("a", "s3_migration")], "its own record"),
        ([("s3_images_metadata", "b")], "its own record"),
        ([("a", "_id")], "its own record"),
        ([("a.b", "c")], "top-level"),
        ([("$a", "c")], "top-level"),
    ],
)
def test_mappings_that_are_refused(mappings: list[tuple[str, str]], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_fields(tuple(FieldMapping(source=source, target=target, type="basic") for source, target in mappings))


def test_the_default_mapping_is_fine() -> None:
    check_fields(VEHICLE_FIELDS)


@pytest.mark.parametrize(
    "url", ["ftp://h/", "//h/x", "h", "http://", "http://h:port/", "http://[::1/", "javascript:alert(1)"]
)
def test_a_base_url_is_absolute_http(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        ImagesSection(base_url=url).check()


def test_s3_keys_belong_together() -> None:
    with pytest.raises(ValueError, match=r"secret_access_key: .*missing"):
        S3Section(bucket="b", access_key_id="a").check()
    with pytest.raises(ValueError, match=r"access_key_id: .*missing"):
        S3Section(bucket="b", secret_access_key="a").check()


@pytest.mark.parametrize("forward", ["mongodb-0:27017", "ns/pod", "ns/pod:x", "a b/c:1", "ns/job/x:1"])
def test_a_forward_names_namespace_pod_and_port(forward: str) -> None:
    with pytest.raises(ValueError, match="namespace/name:port"):
        MongoSection(uri="mongodb://h", database="d", collection="c", forward=forward).check()


@pytest.mark.parametrize("forward", ["ns/mongodb-0:27017", "ns/pod/mongodb-0:1", "ns/service/m:1", "ns/svc/m:1"])
def test_a_forward_may_say_what_it_leads_to(forward: str) -> None:
    MongoSection(uri="mongodb://h", database="d", collection="c", forward=forward).check()
