"""What is told of an image: secrets masked, build steps as in the Dockerfile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from opsctl.diagnosis.image_reading import ImageListing, describe_config, describe_file, list_image, shorten_step
from opsctl.diagnosis.image_view import config_view, file_note, listing_view
from opsctl.image.listing import FileContent, Listing
from opsctl.image.models import Descriptor, FileEntry, FileKind, ImageDescription, Inspection, Layer, Wanted
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue

SECRET = "kP9-vW2xQz77LmTr"
CONFIG: dict[str, Any] = {
    "created": "2026-01-12T01:50:00Z",
    "config": {
        "Entrypoint": ["sh", "-c"],
        "Cmd": ["serve", f"--password={SECRET}"],
        "WorkingDir": "/app",
        "Env": ["PATH=/bin", "NODE_VERSION=20.0.0", f"API_TOKEN={SECRET}", "PLAIN=canary", "EMPTY="],
        "Labels": {"revision": "0123abc", "note": f"uses {SECRET}", "registry-password": "pW5-qT8uHd21"},
    },
}


def image(*steps: str | None) -> ImageDescription:
    layers = tuple(
        Layer(number, Descriptor("tar", f"sha256:{number:064}", 1000 * (number + 1)), step)
        for number, step in enumerate(steps)
    )
    return ImageDescription(
        "r/a:1", "r/a", "sha256:d", None, "linux/amd64", ("linux/amd64", "linux/arm64"), CONFIG, layers
    )


class Registry:
    """Lists two files and has no other."""

    def __init__(self, undecided: str | None = None) -> None:
        self._undecided = undecided

    async def describe(self, reference: str, *, with_provenance: bool = False) -> ImageDescription:
        raise NotImplementedError

    async def inspect(self, image: ImageDescription, wanted: Wanted) -> Inspection:
        raise NotImplementedError

    async def list_files(self, image: ImageDescription, under: str = "/", *, is_recursive: bool = True) -> Listing:
        entries = (
            FileEntry("/a", FileKind.FILE, 2048, 0o4755, None, 0),
            FileEntry("/b\x1b[2J", FileKind.SYMLINK, 0, 0o777, "/a", 1),
        )
        return Listing(entries, self._undecided is None, self._undecided, 1500, 1, 1, ("a remark",))

    async def read_file(self, image: ImageDescription, path: str, *, max_bytes: int) -> FileContent:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ('/bin/sh -c #(nop)  CMD ["node"]', 'CMD ["node"]'),
        ("/bin/sh -c apt-get update &&   rm -rf /x", "RUN apt-get update && rm -rf /x"),
        ("RUN /bin/sh -c npm ci # buildkit", "RUN npm ci"),
        ("RUN |2 A=b C=d /bin/sh -c npm ci # buildkit", "RUN npm ci"),
        ("COPY /app/dist ./dist # buildkit", "COPY /app/dist ./dist"),
        ("", ""),
    ],
)
def test_a_build_step_is_told_as_in_the_dockerfile(created_by: str, expected: str) -> None:
    assert shorten_step(created_by) == expected


async def listed(undecided: str | None = None) -> ImageListing:
    return await list_image(Registry(undecided), image("RUN x", None), "/", is_recursive=True, execution="e-1")


async def test_a_listing_names_layer_and_build_step() -> None:
    report = await listed()
    assert [(entry.mode, entry.layer, entry.build_step) for entry in report.entries] == [
        ("4755", 0, "RUN x"),
        ("0777", 1, None),
    ]
    texts = Catalogue("en", UTC)
    text = render_table(listing_view(report, texts), texts, Screen(80))
    assert "- 4755" in text
    assert "/b\\x1b[2J -> /a" in text
    assert "Downloaded 1.5 KiB of 2.9 KiB: 1 of 2 layers; 1 came from the cache." in text
    assert "a remark" in text
    assert "e-1" in text


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_an_incomplete_listing_says_so(language: Literal["en", "ko"]) -> None:
    texts = Catalogue(language, UTC)
    text = render_table(listing_view(await listed("layer 0 is too large"), texts), texts, Screen(None))
    assert "layer 0 is too large" in text
    assert render_markdown(listing_view(await listed(), texts), texts).startswith("# ")


def test_values_of_variables_are_masked_but_for_those_of_base_images() -> None:
    report = describe_config(
        image(f"RUN |1 TOKEN={SECRET} /bin/sh -c build", f"RUN curl -u me:{SECRET} https://x"), None
    )
    assert {item.name: item.value for item in report.env} == {
        "PATH": "/bin",
        "NODE_VERSION": "20.0.0",
        "API_TOKEN": "***",
        "PLAIN": "***",
        "EMPTY": "***",
    }
    assert report.created_at == datetime(2026, 1, 12, 1, 50, tzinfo=UTC)
    assert report.entrypoint == ("sh", "-c")
    assert report.labels["revision"] == "0123abc"
    assert "pW5" not in report.labels["registry-password"]
    texts = Catalogue("en", UTC)
    text = render_table(config_view(report, texts), texts, Screen(None))
    assert SECRET not in repr(report) + text
    assert "there are linux/amd64, linux/arm64" in text


def test_an_image_without_any_configuration_is_told() -> None:
    bare = ImageDescription("r/a@sha256:d", "r/a", "sha256:d", None, "linux/amd64", (), {}, ())
    report = describe_config(bare, None)
    assert (report.entrypoint, report.env, report.layers) == ((), (), ())
    texts = Catalogue("ko", UTC)
    assert "root" in render_table(config_view(report, texts), texts, Screen(80))


def test_a_file_is_told_with_its_secrets_masked() -> None:
    entry = FileEntry("/app/.env", FileKind.FILE, 99, 0o600, None, 0)
    content = FileContent(entry, b"DB_PASSWORD=hunter2hunter2\n", True, 10, 1, 0)
    report = describe_file(image("COPY . ."), content, None)
    assert report.text is not None
    assert "hunter2" not in report.text
    notes = file_note(report, Catalogue("en", UTC))
    assert notes[0] == "/app/.env: 99 B, layer 0, COPY . ."
    assert "--max-bytes" in notes[-1]
    binary = describe_file(image("COPY . ."), FileContent(entry, b"\xff\x00", False, 10, 1, 0), None)
    assert binary.text is None
