"""A view with everything in it."""

from datetime import UTC, datetime

from opsctl.reporting.view import (
    Bytes,
    Cell,
    Column,
    Duration,
    Field,
    Line,
    NextCommand,
    Percent,
    ReportView,
    Section,
    Table,
)

HOSTILE = "\x1b[31m[bold]굵게[/bold] [/x] `code` |pipe| <script> \u202e*star*"


def sample_view() -> ReportView:
    return ReportView(
        title="Migration status: prod",
        summary=(
            Line("95 of 475 documents after 44 min", "warning"),
            Line("현대 아반떼 이미지를 옮기고 있습니다", "good"),
        ),
        blocks=(
            Section(
                (
                    Field("Documents", 475, "exact, 3 s ago"),
                    Field("크기", Bytes(123_456_789)),
                    Field("Time left", Duration(9000), "80 % range"),
                    Field("Done", Percent(0.2)),
                    Field("Taken", datetime(2025, 12, 23, 6, 26, tzinfo=UTC)),
                    Field("Newest object", None),
                ),
                "Counts",
            ),
            Table(
                (Column("차량"), Column("색상 이름"), Column("Images", "right"), Column("URL")),
                (
                    ("현대 아반떼", "폴라 화이트 펄", 3, "https://img.example/현대/아반떼.jpg?x=[bold]y[/bold]"),
                    (HOSTILE, "x", 12000, None),
                    ("제네시스 G80", "우유니 화이트", Cell(1, "bad"), "a" * 90),
                ),
                "Failed",
            ),
            Table((Column("Nothing"),), (), "Gaps", empty="No gaps."),
        ),
        notes=(Line("The object count is a lower bound."),),
        next_commands=(NextCommand("opsctl migrate failures -o csv > failed.csv", "what failed and why"),),
    )
