"""Images for practice are real images, and hold what the evidence says of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.image.models import FileKind
from opsctl.lab.google.image_build import (
    BuildStep,
    BuiltImage,
    Compression,
    LayerFile,
    build_image,
    folder,
    image_of_evidence,
    image_of_section,
    join_platforms,
    opaque,
    symlink,
    whiteout,
    write_layer,
)
from opsctl.lab.google.image_build_code import content_of
from opsctl.lab.incidents import INCIDENTS

CONFIG = {"architecture": "amd64", "os": "linux", "created": "2026-01-12T01:55:40Z", "config": {"WorkingDir": "/app"}}
WITH_IMAGE = [
    name for name, incident in INCIDENTS.items() if "data" in incident.evidence()["sections"].get("image", {})
]


def built(name: str, **options: Any) -> BuiltImage:
    image = image_of_evidence(INCIDENTS[name].evidence(), **options)
    assert image is not None
    return image


def sha256(stored: bytes) -> str:
    return f"sha256:{hashlib.sha256(stored).hexdigest()}"


def manifest_of(image: BuiltImage) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(image.content.manifests[image.manifest_digest].body)
    return manifest


def config_of(image: BuiltImage) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(image.content.blobs[manifest_of(image)["config"]["digest"]])
    return config


def unpack(blob: bytes) -> bytes:
    if blob.startswith(b"\x1f\x8b"):
        return gzip.decompress(blob)
    if blob.startswith(b"\x28\xb5\x2f\xfd"):
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415
        return zstd.decompress(blob)
    return blob


def members(image: BuiltImage) -> list[list[tarfile.TarInfo]]:
    """What each layer has, bottom first; names are absolute."""
    layers = []
    for layer in manifest_of(image)["layers"]:
        with tarfile.open(fileobj=io.BytesIO(unpack(image.content.blobs[layer["digest"]]))) as archive:
            layers.append(list(archive))
    return layers


def text(image: BuiltImage, path: str) -> bytes:
    for layer in reversed(manifest_of(image)["layers"]):
        with tarfile.open(fileobj=io.BytesIO(unpack(image.content.blobs[layer["digest"]]))) as archive:
            if path.lstrip("/") in archive.getnames():
                opened = archive.extractfile(path.lstrip("/"))
                assert opened is not None
                return opened.read()
    raise AssertionError(path)


def check(image: BuiltImage) -> None:
    """Every digest and every size is right, and nothing is missing or left over."""
    content = image.content
    named = set()
    for digest, stored in content.manifests.items():
        body = json.loads(stored.body)
        assert sha256(stored.body) == digest
        assert body["mediaType"] == stored.media_type
        for descriptor in body.get("manifests", []):
            assert len(content.manifests[descriptor["digest"]].body) == descriptor["size"]
            assert content.manifests[descriptor["digest"]].media_type == descriptor["mediaType"]
        for descriptor in [*body.get("layers", []), *([body["config"]] if "config" in body else [])]:
            blob = content.blobs[descriptor["digest"]]
            assert (sha256(blob), len(blob)) == (descriptor["digest"], descriptor["size"])
            named.add(descriptor["digest"])
    assert named == set(content.blobs)
    layers = [unpack(content.blobs[layer["digest"]]) for layer in manifest_of(image)["layers"]]
    assert config_of(image)["rootfs"]["diff_ids"] == [sha256(archived) for archived in layers]
    assert sum(not step.get("empty_layer") for step in config_of(image)["history"]) == len(layers)


@pytest.mark.parametrize("name", WITH_IMAGE)
def test_an_image_holds_what_its_evidence_says(name: str) -> None:
    section = INCIDENTS[name].evidence()["sections"]["image"]["data"]
    image = built(name, tags=("latest",))
    layers = members(image)

    check(image)
    assert image.content.tags == {"latest": image.digest}
    assert sum(map(len, image.content.blobs.values())) < 2_000_000
    for file in section["files"]:
        found = next(member for member in layers[file["layer"]] if f"/{member.name}" == file["path"])
        wanted = section["texts"].get(file["path"])
        assert found.size == (file["size"] if wanted is None else len(wanted.encode()))
        assert (found.mode, found.isfile()) == (int(file["mode"], 8), True)
    for path, wanted in section["texts"].items():
        assert text(image, path) == wanted.encode()
    paths = {f"/{member.name}" for layer in layers for member in layer}
    for absent in section["absent"]:
        assert not any(path == absent or path.startswith(f"{absent}/") for path in paths)
    assert len(paths) > 300
    program = section["config"]["config"]["Entrypoint"][0]
    assert program in paths or f"/usr/local/bin/{program}" in paths


@pytest.mark.parametrize("name", WITH_IMAGE)
def test_the_configuration_is_that_of_the_evidence(name: str) -> None:
    wanted = INCIDENTS[name].evidence()["sections"]["image"]["data"]["config"]
    config = config_of(built(name))

    assert {key: value for key, value in config.items() if key != "rootfs"} == wanted


def test_the_same_evidence_gives_the_same_image() -> None:
    assert built("o4o-api-migrations-h5x5h") == built("o4o-api-migrations-h5x5h")
    assert built("o4o-api-migrations-h5x5h").digest != built("o4o-api-migrations-k2p9d").digest


def test_images_share_the_layers_of_their_base() -> None:
    first, second = (
        manifest_of(built(name))["layers"] for name in ("o4o-api-migrations-h5x5h", "o4o-api-migrations-k2p9d")
    )

    assert first[:3] == second[:3]
    assert first[5] != second[5]


def test_evidence_without_an_image_gives_none() -> None:
    assert image_of_evidence(INCIDENTS["slo-nightly-p7h4r"].evidence()) is None


def test_the_lines_of_the_program_are_those_of_its_log() -> None:
    lines = text(built("o4o-api-migrations-h5x5h"), "/app/dist/migrate.js").decode().split("\n")

    # listMigrations (file:///app/dist/migrate.js:41:17), main (file:///app/dist/migrate.js:63:21)
    assert lines[40].find("readdirSync(folder)") + 1 == 17
    assert lines[62].find("listMigrations()") + 1 == 21
    assert "require(" not in "\n".join(lines)


def test_a_script_that_node_refused_as_commonjs_is_written_so() -> None:
    refused = text(built("o4o-api-migrations-q8w3n"), "/app/dist/migrate.js").decode().split("\n")

    # file:///app/dist/migrate.js:2:23
    assert refused[1] == 'Object.defineProperty(exports, "__esModule", { value: true });'
    assert refused[1].find("exports") + 1 == 23
    assert b"export const dataSource" in text(built("o4o-api-migrations-q8w3n"), "/app/dist/database/data-source.js")


@pytest.mark.servers
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (
            "o4o-api-migrations-h5x5h",
            "[migrate] failed:\nError: ENOENT: no such file or directory, scandir '{app}/dist/database/migrations'\n",
        ),
        ("o4o-api-migrations-q8w3n", "file://{app}/dist/migrate.js:2\nObject.defineProperty(exports"),
    ],
)
def test_node_fails_on_the_program_as_the_log_says(name: str, printed: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    for path in ("package.json", "dist/migrate.js", "dist/database/data-source.js"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text(built(name), f"/app/{path}"))
    driver = tmp_path / "node_modules" / "typeorm" / "index.js"
    driver.parent.mkdir(parents=True)
    driver.write_text(
        "exports.DataSource = class { options = {}; async initialize() {} async destroy() {} "
        "async query() { return [{ server_version: '15.10' }]; } };"
    )

    ended = subprocess.run([node, str(tmp_path / "dist/migrate.js")], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert printed.format(app=tmp_path.resolve()) in ended.stderr
    frame = "migrate.js:2:23" if "q8w3n" in name else "migrate.js:63:21"
    assert frame in ended.stderr


def test_an_index_brings_the_provenance_of_the_build() -> None:
    image = built("o4o-api-migrations-h5x5h", in_index=True)
    index = json.loads(image.content.manifests[image.digest].body)
    program, attestation = index["manifests"]
    manifest = json.loads(image.content.manifests[attestation["digest"]].body)
    statement = json.loads(image.content.blobs[manifest["layers"][0]["digest"]])

    check(image)
    assert image.digest != image.manifest_digest == program["digest"]
    assert program["platform"] == {"architecture": "amd64", "os": "linux"}
    assert attestation["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert attestation["annotations"]["vnd.docker.reference.digest"] == program["digest"]
    assert manifest["layers"][0]["mediaType"] == "application/vnd.in-toto+json"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"][0]["digest"]["sha256"] == program["digest"].removeprefix("sha256:")
    revision = statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["sha1"]
    assert revision == "4ca11e480"


@pytest.mark.parametrize("compression", Compression)
def test_layers_are_stored_in_three_ways(compression: Compression) -> None:
    files = (LayerFile("/app/main.js", b"x" * 5000), LayerFile("/app/bin", mode=0o755))
    image = build_image([BuildStep("COPY . .", files, compression)], CONFIG)
    layer = manifest_of(image)["layers"][0]
    ending = {Compression.GZIP: ".tar+gzip", Compression.ZSTD: ".tar+zstd", Compression.NONE: ".tar"}[compression]

    check(image)
    assert layer["mediaType"] == f"application/vnd.oci.image.layer.v1{ending}"
    assert (unpack(image.content.blobs[layer["digest"]]) == image.content.blobs[layer["digest"]]) is (
        compression is Compression.NONE
    )
    assert [member.name for member in members(image)[0]] == ["app", "app/main.js", "app/bin"]


def test_docker_has_its_own_names() -> None:
    image = build_image([BuildStep("COPY . .", (LayerFile("/a"),))], CONFIG, docker_format=True)
    manifest = manifest_of(image)

    check(image)
    assert manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert manifest["layers"][0]["mediaType"] == "application/vnd.docker.image.rootfs.diff.tar.gzip"


def test_platforms_are_joined_in_one_index() -> None:
    images = [
        build_image([BuildStep("COPY . .", (LayerFile("/a"),))], {**CONFIG, "architecture": architecture})
        for architecture in ("arm64", "amd64")
    ]
    image = join_platforms(images, tags=("latest",))
    index = json.loads(image.content.manifests[image.content.tags["latest"]].body)

    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["arm64", "amd64"]
    with pytest.raises(ValueError, match="an image"):
        join_platforms([])


def test_every_kind_of_path_can_be_written() -> None:
    files = (
        folder("/app/data", 0o700),
        symlink("/app/link", "../etc/motd"),
        LayerFile("/app/same", kind=FileKind.HARDLINK, link_target="/etc/motd"),
        LayerFile("/dev/null", kind=FileKind.CHARACTER_DEVICE, mode=0o666),
        LayerFile("/run/pipe", kind=FileKind.PIPE),
        whiteout("/app/old"),
        opaque("/app/dist"),
        LayerFile("/app/한글.js", b"x", mode=0o4755),
    )
    with tarfile.open(fileobj=io.BytesIO(write_layer(files, compression=Compression.NONE).blob)) as archive:
        found = {member.name: member for member in archive}

    assert (found["app/data"].isdir(), found["app/data"].mode) == (True, 0o700)
    assert (found["app/link"].issym(), found["app/link"].linkname) == (True, "../etc/motd")
    assert (found["app/same"].islnk(), found["app/same"].linkname) == (True, "etc/motd")
    assert found["dev/null"].ischr()
    assert found["run/pipe"].isfifo()
    assert {"app/.wh.old", "app/dist/.wh..wh..opq"} <= found.keys()
    assert found["app/한글.js"].mode == 0o4755


def test_a_section_of_files_alone_is_enough() -> None:
    image = image_of_section(
        {
            "files": [
                {"path": "/srv/run.sh", "layer": 2},
                {"path": "/srv/now", "type": "symlink", "layer": 0, "linkTarget": "run.sh"},
            ],
            "texts": {"/srv/README.md": "hello"},
        }
    )

    check(image)
    assert len(members(image)) == 3
    assert text(image, "/srv/README.md") == b"hello"
    assert text(image, "/srv/run.sh").startswith(b"#!/bin/sh")


@given(
    st.sampled_from(["/a/migrate.js", "/a/x.cjs", "/a/package.json", "/a/x.py", "/a/run.sh", "/a/tool", "/a/x.txt"]),
    st.integers(0, 5000),
)
def test_a_file_has_the_size_that_is_wanted(path: str, size_bytes: int) -> None:
    content = content_of(path, size_bytes)

    assert len(content) == size_bytes
    if path.endswith(".json") and size_bytes > 200:
        assert json.loads(content)["name"]
    if path.endswith(".py") and size_bytes > 600:
        compile(content, path, "exec")
