"""Documents that a migration must get right although they look wrong: shapes, addresses, names, ids of real data.

Each is drafted under a label, so that a test can ask for it by what is peculiar about it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp

from opsctl.lab.image_faults import Outcome
from opsctl.lab.picture_paths import sign_target
from opsctl.lab.sample_drafts import AddressBook, Shot

CANARY: Final = "canary-s3cr3t"
"""The secret of every address in the sample that holds one. It must not appear in anything shown or exported."""

OBJECT_ID_TEXT: Final = "507f1f77bcf86cd799439011"
"""The `_id` of two documents: once as ObjectId, once as text."""

LONG_NAME_LENGTH: Final = 10_000

Fields = dict[str, Any]
Labelled = Iterator[tuple[str, Fields]]


def draft_peculiar(book: AddressBook) -> Labelled:
    """Yield label and fields of every peculiar document; one without an `_id` gets an ObjectId where it is put."""
    yield from _draft_shapes(book)
    yield from _draft_colours(book)
    yield from _draft_addresses(book)
    yield from _draft_unusable_addresses(book)
    yield from _draft_names(book)
    yield from _draft_ids(book)
    yield from _draft_contents(book)


def _draft_shapes(book: AddressBook) -> Labelled:
    twice, once = book.picture(), book.picture()
    yield "same-url-twice", {"vehicle_name": "현대 투싼", "exterior_images": [twice, once, twice]}
    everywhere = book.picture()
    yield (
        "same-url-in-every-type",
        {
            "vehicle_name": "기아 EV6",
            "main_image": everywhere,
            "image_url": everywhere,
            "exterior_images": [everywhere],
            "interior_images": [everywhere],
            "color_images": [everywhere, {"color_name": "글레이셔", "image_url": everywhere}],
        },
    )
    shared = book.picture("shared/everyone.jpg")
    for number in range(3):
        yield f"same-url-as-others-{number}", {"vehicle_name": f"기아 모닝 {number}", "main_image": shared}
    yield "missing-fields", {"vehicle_name": "현대 포니"}
    nothing: Fields = dict.fromkeys(("main_image", "image_url", "exterior_images", "interior_images", "color_images"))
    yield "null-fields", {"vehicle_name": "기아 프라이드", **nothing}
    yield (
        "empty-texts",
        {
            "vehicle_name": "대우 르망",
            "main_image": "",
            "image_url": "   ",
            "exterior_images": ["", " \t", book.picture()],
            "color_images": [{"color_name": "화이트", "image_url": ""}, {"color_name": "블랙", "image_url": None}],
        },
    )
    yield "empty-lists", {"vehicle_name": "쌍용 무쏘", "exterior_images": [], "interior_images": [], "color_images": []}
    yield "text-for-list", {"vehicle_name": "현대 갤로퍼", "exterior_images": book.picture(), "interior_images": ""}
    yield "list-for-text", {"vehicle_name": "현대 테라칸", "main_image": [book.picture(), book.picture()]}
    yield (
        "null-in-list",
        {"vehicle_name": "현대 스타렉스", "exterior_images": [None, book.picture(), None, book.picture()]},
    )
    yield (
        "number-in-list",
        {
            "vehicle_name": "기아 봉고",
            "interior_images": [book.picture(), *(Shot(value, Outcome.BAD_URL) for value in (12345, 3.5, True))],
        },
    )
    yield "many-images", {"vehicle_name": "현대 유니버스", "exterior_images": [book.picture() for _ in range(60)]}


def _draft_colours(book: AddressBook) -> Labelled:
    yield (
        "colour-objects",
        {
            "vehicle_name": "제네시스 GV80",
            "color_images": [
                {"color_name": "우유니 화이트", "image_url": book.picture(), "hex": "#ffffff", "price_krw": Int64(0)},
                {"name": "비크 블랙", "url": book.picture()},
                {"color": "카디프 그린", "image": book.picture()},
                book.picture(),
                None,
                {"color_name": "주소 없음"},
                {"image_url": book.picture()},
                {"color_name": "실패", "image_url": book.fault("404")},
            ],
        },
    )
    yield "text-for-colours", {"vehicle_name": "제네시스 G70", "color_images": book.picture()}
    name = "세이지 그레이"
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    yield (
        "colour-names-nfc-nfd",
        {
            "vehicle_name": "제네시스 GV60",
            "color_images": [
                {"color_name": composed, "image_url": book.picture()},
                {"color_name": decomposed, "image_url": book.picture()},
                {"color_name": "무광/그레이\\매트", "image_url": book.picture()},
                {"color_name": "..", "image_url": book.picture()},
                {"color_name": " ", "image_url": book.picture()},
            ],
        },
    )


def _draft_addresses(book: AddressBook) -> Labelled:
    base, authority = book.base_url, book.authority
    signed = f"/signed/{book.new_file()}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20251223%2Fs3"
    yield from (
        (label, {"vehicle_name": "쉐보레 콜로라도", "main_image": Shot(url)})
        for label, url in (
            ("url-scheme-relative", f"//{authority}/img/{book.new_file()}"),
            ("url-absolute-path", f"/img/{book.new_file()}"),
            ("url-relative", f"img/{book.new_file()}"),
            ("url-dot-segments", f"./img/nothing/../{book.new_file()}"),
            ("url-spaces", f"{base}/img/front view {book.new_file()}"),
            ("url-korean", f"{base}/img/사진/아반떼 정면 {book.new_file()}"),
            ("url-encoded-korean", f"{base}/img/{quote('쏘렌토')}/{book.new_file()}"),
            ("url-encoded-slash", f"{base}/img/a%2Fb%20c/{book.new_file()}"),
            ("url-percent-sign", f"{base}/img/할인 100%/{book.new_file()}"),
            ("url-punctuation", f"{base}/img/a+b(1)~@2x,v;=!$&'*/{book.new_file()}"),
            ("url-query", f"{base}/img?id={book.new_file()[:6]}&w=320&format=webp"),
            ("url-query-korean", f"{base}/img?id={book.new_file()[:6]}&q=쏘렌토 블랙&w=480"),
            ("url-query-only", f"/img?id={book.new_file()[:6]}&w=640"),
            ("url-fragment", f"{base}/img/{book.new_file()}#gallery-3"),
            ("url-uppercase-scheme", f"HTTP://{authority}/img/{book.new_file()}"),
            ("url-long", f"{base}/img/{book.new_file()}?trace={'0123456789abcdef' * 250}"),
            ("url-signed", base + sign_target(signed, secret=CANARY)),
            ("url-password", f"http://opsctl:{CANARY}@{authority}/private/{book.new_file()}"),
        )
    )
    yield (
        "url-placeholder",
        {"vehicle_name": "쉐보레 볼트", "exterior_images": [book.fault("placeholder") for _ in range(3)]},
    )
    yield (
        "url-every-format",
        {
            "vehicle_name": "쉐보레 타호",
            "exterior_images": [book.picture(book.new_file(suffix)) for suffix in ("jpg", "png", "webp", "avif")],
        },
    )


def _draft_unusable_addresses(book: AddressBook) -> Labelled:
    def refuse(*urls: str, outcome: Outcome) -> list[Shot]:
        return [Shot(url, outcome) for url in urls]

    yield (
        "bad-urls",
        {
            "vehicle_name": "르노 클리오",
            "main_image": Shot("javascript:alert(1)", Outcome.BAD_URL),
            "image_url": book.picture(),
            "exterior_images": refuse(
                "ftp://ftp.example.com/car.jpg",
                "http://",
                "data:image/png;base64,iVBORw0KGgo=",
                "mailto:photos@example.com",
                "file:///etc/passwd",
                outcome=Outcome.BAD_URL,
            ),
            "interior_images": refuse(
                "http://[::1/car.jpg",
                "http://127.0.0.1:99999/car.jpg",
                "http:///car.jpg",
                "http://bad host/car.jpg",
                outcome=Outcome.BAD_URL,
            ),
        },
    )
    # Relative to the base address these are well-formed, and there is nothing there.
    yield "words-for-urls", {"name": "르노 캡처", "interior_images": refuse("이미지 없음", "N/A", outcome=Outcome.GONE)}
    port = book.authority.rpartition(":")[2]
    yield (
        "private-addresses",
        {
            "vehicle_name": "르노 조에",
            "exterior_images": refuse(
                "http://10.0.0.1:80/car.jpg",
                "https://192.168.0.1:443/car.jpg",
                "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                "http://[::ffff:127.0.0.2]/car.jpg",
                f"http://127.0.0.2:{port}/img/car.jpg",
                "http://[fd00::1]/car.jpg",
                outcome=Outcome.BLOCKED_ADDRESS,
            ),
        },
    )


def _draft_names(book: AddressBook) -> Labelled:
    name = "현대 그랜저 하이브리드"
    for label, vehicle_name in {
        "name-nfc": unicodedata.normalize("NFC", name),
        "name-nfd": unicodedata.normalize("NFD", name),
        "name-slash": "메르세데스-벤츠 E/클래스/카브리올레",
        "name-backslash": "BMW\\3시리즈\\투어링",
        "name-dots": "..",
        "name-climbing": "../../../etc/passwd",
        "name-control-characters": "기아\x00K5\x07\r\n\x7f\x85",
        "name-escape-sequences": "\x1b[31m빨강\x1b[0m \x1b]0;owned\x07 \x1b[2J\x9b1A",
        "name-markup": "[bold red]특가[/bold red] [link=http://example.com]여기[/link] <b>&amp;</b> | **`x`**",
        "name-emoji": "🚗 아이오닉 👨‍👩‍👧‍👦 N",
        "name-long": ("현대 쏘나타 디 엣지 " * LONG_NAME_LENGTH)[:LONG_NAME_LENGTH],
        "name-right-to-left": "K8 \u202egpj.exe\u202c \u200b하이브리드",
        "name-formula": '=HYPERLINK("http://example.com","클릭")',
        "name-percent": "100% 할인 %2F %s {doc_id}",
        "name-blank": "   ",
        "name-number": 520,
        "name-null": None,
    }.items():
        yield label, {"vehicle_name": vehicle_name, "main_image": book.picture(), "exterior_images": [book.picture()]}
    yield "name-in-other-field", {"name": "폴스타 4", "main_image": book.picture()}
    yield "name-missing", {"main_image": book.picture(), "exterior_images": [book.picture()]}


def _draft_ids(book: AddressBook) -> Labelled:
    yield (
        "id-object-id-twin",
        {
            "_id": ObjectId(OBJECT_ID_TEXT),
            "vehicle_name": "아우디 A6",
            "main_image": book.picture(),
            "exterior_images": [],
        },
    )
    for label, document_id in {
        "id-text": "ab",
        "id-text-prefixed": "ab-1",
        "id-text-longer": "ab0",
        "id-like-object-id": OBJECT_ID_TEXT,
        "id-slash": "kia/sorento",
        "id-korean": "현대-아반떼-2024",
        "id-dots": "..",
        "id-spaces": "id with spaces",
        "id-upper-case": "AB",
    }.items():
        yield (
            label,
            {
                "_id": document_id,
                "vehicle_name": "아우디 A4",
                "main_image": book.picture(),
                "exterior_images": [book.picture()],
            },
        )


def _draft_contents(book: AddressBook) -> Labelled:
    yield (
        "bson-types",
        {
            "vehicle_name": "토요타 프리우스",
            "main_image": book.picture(),
            "counts": {"small": 7, "large": Int64(7), "beyond": Int64(2**62), "double": 7.0, "tiny": 5e-324},
            "odd_numbers": [float("inf"), -0.0, Decimal128("0.10"), Decimal128("NaN"), Decimal128("-1E+6144")],
            "dates": [datetime(1955, 8, 18, 1, 2, 3, 4000, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)],
            # Subtype 0: mongo-java-server forgets others.
            "raw": Binary(bytes(range(256)), 0),
            "pattern": Regex("^아반떼", "i"),
            "clock": Timestamp(1_766_471_160, 3),
            "deep": {"a": {"b": {"c": {"d": [[[{"e": None}]]]}}}},
            "z_first": 1,
            "a_last": 2,
            "": "a field without a name",
        },
    )
    yield (
        "large-document",
        {"vehicle_name": "토요타 시에나", "description": "넓은 " * 60_000, "main_image": book.picture()},
    )
    # Begins like a result field and is none: it is an original and stays.
    yield "foreign-s3-field", {"vehicle_name": "토요타 캠리", "s3_backup_note": "keep", "main_image": book.picture()}
