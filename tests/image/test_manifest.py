"""Manifests and indexes: both families of media types, the choice of a platform, what is no image."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.errors import DataError
from opsctl.image import manifest as m
from opsctl.image.description import describe_image, map_build_steps, read_config, read_diff_ids, read_platform
from opsctl.image.models import Descriptor
from opsctl.image.reference import parse_reference
from tests.image.layers import digest_of

DIGEST = digest_of(b"x")


def blob(media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": DIGEST, "size": 5, **more}


def manifest(config_type: str = m.OCI_CONFIG, **more: Any) -> bytes:
    layer = blob("application/vnd.oci.image.layer.v1.tar+gzip")
    return json.dumps({"schemaVersion": 2, "config": blob(config_type), "layers": [layer], **more}).encode()


def index(*platforms: dict[str, Any] | None, media_type: str | None = m.OCI_INDEX, **more: Any) -> bytes:
    manifests = [blob(m.OCI_MANIFEST, **({"platform": one} if one is not None else {}), **more) for one in platforms]
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).encode()


def read_index(content: bytes) -> m.Index:
    read = m.read_manifest(content)
    assert isinstance(read, m.Index)
    return read


@pytest.mark.parametrize("config_type", [m.OCI_CONFIG, m.DOCKER_CONFIG])
@pytest.mark.parametrize("header", [m.OCI_MANIFEST, f"{m.DOCKER_MANIFEST}; charset=utf-8", "text/plain", None])
def test_a_manifest_of_either_family(config_type: str, header: str | None) -> None:
    read = m.read_manifest(manifest(config_type), header)
    assert isinstance(read, m.Manifest)
    assert read.config == Descriptor(config_type, DIGEST, 5)
    assert [layer.size_bytes for layer in read.layers] == [5]


@pytest.mark.parametrize("media_type", [m.OCI_INDEX, m.DOCKER_INDEX, None])
def test_linux_amd64_is_chosen_and_attestations_are_passed_over(media_type: str | None) -> None:
    read = read_index(
        index(
            {"os": "unknown", "architecture": "unknown"},
            {"os": "linux", "architecture": "arm", "variant": "v7"},
            {"os": "linux", "architecture": "amd64"},
            media_type=media_type,
        )
    )
    offer = m.choose_offer(read)
    assert offer is not None
    assert offer.platform == "linux/amd64"
    assert read.platforms == ("linux/arm/v7", "linux/amd64")


def test_a_plain_platform_is_preferred_to_a_variant() -> None:
    variant = {"os": "linux", "architecture": "amd64", "variant": "v2"}
    plain = {"os": "linux", "architecture": "amd64"}
    assert m.require_offer(read_index(index(variant, plain))).platform == "linux/amd64"
    assert m.require_offer(read_index(index(variant))).platform == "linux/amd64/v2"


def test_a_missing_platform_names_what_is_offered() -> None:
    read = read_index(index({"os": "linux", "architecture": "arm64"}, {"os": "windows", "architecture": "amd64"}))
    assert m.choose_offer(read) is None
    with pytest.raises(DataError, match="but for: linux/arm64, windows/amd64") as failure:
        m.require_offer(read)
    assert failure.value.code == "image-platform"


def test_the_attestation_of_an_image_is_found() -> None:
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "sha256:of-image"}
    read = read_index(index({"os": "unknown", "architecture": "unknown"}, annotations=notes))
    assert m.find_attestation(read, "sha256:of-image") is not None
    assert m.find_attestation(read, "sha256:other") is None
    assert read.platforms == ()


def test_an_attestation_can_be_read_although_its_config_is_empty() -> None:
    content = manifest(
        "application/vnd.oci.empty.v1+json", artifactType="application/vnd.docker.attestation.manifest.v1+json"
    )
    assert isinstance(m.read_manifest(content), m.Manifest)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"schemaVersion": 1, "fsLayers": []}', "manifest-schema-1"),
        (manifest("application/vnd.cncf.helm.config.v1+json"), "not-an-image"),
        (manifest("application/vnd.oci.empty.v1+json", artifactType="application/sbom"), "not-an-image"),
        (b"", "manifest-unreadable"),
        (b"[1]", "manifest-unreadable"),
        (b'{"schemaVersion": 2}', "manifest-unreadable"),
        (b"[" * 100_000, "manifest-unreadable"),
        (b" " * (m.LARGEST_MANIFEST_BYTES + 1), "manifest-unreadable"),
        (b'{"manifests": {}}', "manifest-unreadable"),
        (b'{"manifests": [1]}', "manifest-unreadable"),
        (manifest(config=None), "manifest-unreadable"),
        (manifest(layers="x"), "manifest-unreadable"),
        (manifest(layers=[blob("t", size=-1)]), "manifest-unreadable"),
        (manifest(layers=[blob("t", size=True)]), "manifest-unreadable"),
        (manifest(layers=[blob("t", size=1 << 60)]), "manifest-unreadable"),
        (manifest(layers=[blob("t", digest="md5:1")]), "manifest-unreadable"),
        (manifest(layers=[blob("t")] * (m.MOST_LAYERS + 1)), "manifest-unreadable"),
    ],
)
def test_refuses(content: bytes, code: str) -> None:
    with pytest.raises(DataError) as failure:
        m.read_manifest(content)
    assert failure.value.code == code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["config", "layers", "manifests", "mediaType", "digest", "size", "platform", "annotations"]
            ),
            inner,
        )
    ),
)


@given(json_values)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        m.read_manifest(json.dumps(value).encode())
    except DataError as error:
        assert error.code in {"manifest-unreadable", "not-an-image"}  # noqa: PT017 - both ways are right


def test_bytes_that_are_not_what_the_digest_names_are_refused() -> None:
    m.check_digest(b"x", DIGEST)
    with pytest.raises(DataError, match="not what its digest") as failure:
        m.check_digest(b"y", DIGEST)
    assert failure.value.code == "digest-mismatch"
    with pytest.raises(DataError, match="no digest"):
        m.check_digest(b"y", "md5:00")


def test_build_steps_belong_to_layers_in_order_and_empty_ones_to_none() -> None:
    history = [
        {"created_by": "ADD base"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "COPY . ."},
        {},
    ]
    assert map_build_steps({"history": history}, 3) == ("ADD base", "COPY . .", None)
    assert map_build_steps({"history": history}, 2) == (None, None)
    assert map_build_steps({"history": "x"}, 1) == (None,)
    assert map_build_steps({}, 0) == ()


def test_a_description_joins_index_manifest_and_config() -> None:
    read = read_index(index({"os": "linux", "architecture": "amd64"}))
    image = m.read_manifest(manifest(annotations={"a": "1"}))
    assert isinstance(image, m.Manifest)
    content = json.dumps(
        {"os": "linux", "architecture": "arm", "variant": "v7", "history": [{"created_by": "RUN x"}]}
    ).encode()
    config = read_config(content, Descriptor(m.OCI_CONFIG, digest_of(content), len(content)))
    described = describe_image(
        parse_reference("gcr.io/p/app:v1"), "sha256:m", image, config, index=read, index_digest="sha256:i"
    )
    assert described.repository == "gcr.io/p/app"
    assert described.reference == "gcr.io/p/app:v1"
    assert described.platform == "linux/arm/v7"
    assert described.platforms == ("linux/amd64",)
    assert [(layer.number, layer.created_by) for layer in described.layers] == [(0, "RUN x")]
    assert described.annotations == {"a": "1"}
    assert described.size_bytes == 5


def test_a_config_that_is_not_what_the_manifest_names_is_refused() -> None:
    with pytest.raises(DataError) as failure:
        read_config(b"{}", Descriptor(m.OCI_CONFIG, DIGEST, 2))
    assert failure.value.code == "digest-mismatch"


def test_uncompressed_digests_need_one_for_each_layer() -> None:
    assert read_diff_ids({"rootfs": {"diff_ids": ["a", "b"]}}, 2) == ("a", "b")
    assert read_diff_ids({"rootfs": {"diff_ids": ["a"]}}, 2) == (None, None)
    assert read_diff_ids({"rootfs": 1}, 1) == (None,)
    assert read_platform({}) == "unknown/unknown"
