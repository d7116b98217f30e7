"""Listings and configurations of images for people."""

from __future__ import annotations

import json

from opsctl.diagnosis.image_reading import Download, ImageConfig, ImageEntry, ImageFile, ImageListing, ImageSubject
from opsctl.image.models import FileKind
from opsctl.reporting.view import Bytes, CellValue, Code, Column, Field, Line, ReportView, Section, Table, Texts

_LETTERS = {
    FileKind.FILE: "-",
    FileKind.FOLDER: "d",
    FileKind.SYMLINK: "l",
    FileKind.HARDLINK: "h",
    FileKind.CHARACTER_DEVICE: "c",
    FileKind.BLOCK_DEVICE: "b",
    FileKind.PIPE: "p",
}


def listing_view(report: ImageListing, texts: Texts) -> ReportView:
    """A row for each path, in the order of their names."""
    t = texts.get
    columns = (
        Column(t("cloudrun.mode"), keep_whole=True),
        Column(t("cloudrun.size"), "right"),
        Column(t("cloudrun.path"), keep_whole=True),
        Column(t("cloudrun.layer"), "right"),
        Column(t("cloudrun.build_step")),
    )
    notes = [Line(t("cloudrun.listing_incomplete", reason=report.undecided), "warning")] if report.undecided else []
    notes += [Line(remark) for remark in report.remarks]
    notes.append(_download_line(report.download, report.image, texts))
    return ReportView(
        t("cloudrun.listing_title", path=report.path),
        _subject_lines(report.image, texts),
        (Table(columns, tuple(_row(entry) for entry in report.entries), empty=t("cloudrun.listing_empty")),),
        tuple(notes),
    )


def file_note(report: ImageFile, texts: Texts) -> tuple[str, ...]:
    """What is said on stderr beside a file: where it came from, what it took, whether it is whole."""
    t = texts.get
    lines = [
        t(
            "cloudrun.file_origin",
            path=report.entry.path,
            size=Bytes(report.entry.size_bytes),
            layer=report.entry.layer,
            step=report.entry.build_step,
        ),
        _download_line(report.download, report.image, texts).text,
    ]
    if report.is_cut:
        lines.append(t("cloudrun.file_cut"))
    return tuple(lines)


def config_view(report: ImageConfig, texts: Texts) -> ReportView:
    """What it starts, as whom, where and with what; then its layers from the bottom."""
    t = texts.get
    fields = [
        Field(t("cloudrun.entrypoint"), _command(report.entrypoint)),
        Field(t("cloudrun.cmd"), _command(report.cmd)),
        Field(t("cloudrun.working_dir"), None if report.working_dir is None else Code(report.working_dir)),
        Field(t("cloudrun.user"), report.user or "root"),
        Field(t("cloudrun.built"), report.created_at),
        Field(t("cloudrun.platform"), report.image.platform, _platforms(report, texts)),
    ]
    fields += [Field(t("cloudrun.env"), Code(f"{item.name}={item.value}")) for item in report.env]
    fields += [Field(t("cloudrun.label"), Code(f"{name}={value}")) for name, value in sorted(report.labels.items())]
    columns = (
        Column(t("cloudrun.layer"), "right"),
        Column(t("cloudrun.size"), "right"),
        Column(t("cloudrun.build_step")),
    )
    rows = tuple(
        (layer.layer, Bytes(layer.size_bytes), None if layer.created_by is None else Code(layer.created_by))
        for layer in report.layers
    )
    return ReportView(
        t("cloudrun.config_title"),
        _subject_lines(report.image, texts),
        (Section(tuple(fields)), Table(columns, rows, t("cloudrun.layers"))),
    )


def _subject_lines(image: ImageSubject, texts: Texts) -> tuple[Line, ...]:
    lines = [Line(image.reference if "@" in image.reference else f"{image.reference} ({image.digest})", "muted")]
    if image.execution:
        lines.insert(0, Line(texts.get("cloudrun.image_of", execution=image.execution), "muted"))
    return tuple(lines)


def _download_line(download: Download, image: ImageSubject, texts: Texts) -> Line:
    return Line(
        texts.get(
            "cloudrun.downloaded",
            read=Bytes(download.bytes_read),
            size=Bytes(image.size_bytes),
            layers=download.layers_read,
            all=image.layer_count,
            cached=download.layers_cached,
        ),
        "muted",
    )


def _row(entry: ImageEntry) -> tuple[CellValue, ...]:
    path = entry.path if entry.link_target is None else f"{entry.path} -> {entry.link_target}"
    step = None if entry.build_step is None else Code(entry.build_step)
    return (f"{_LETTERS[entry.type]} {entry.mode}", Bytes(entry.size_bytes), Code(path), entry.layer, step)


def _command(words: tuple[str, ...]) -> Code | None:
    """In the form of a Dockerfile, so that an empty word and a blank can be seen."""
    return Code(json.dumps(words, ensure_ascii=False)) if words else None


def _platforms(report: ImageConfig, texts: Texts) -> str | None:
    if len(report.platforms) < 2:
        return None
    return texts.get("cloudrun.platforms", platforms=", ".join(report.platforms))
