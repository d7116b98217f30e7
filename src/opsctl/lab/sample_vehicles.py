"""Ordinary documents of the vehicle collection: Korean names, prices, trims, and three to four images each."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from bson import Decimal128, Int64, ObjectId

from opsctl.lab.sample_drafts import AddressBook, Document

_MODELS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("현대", ("아반떼", "쏘나타", "그랜저", "투싼", "싼타페", "팰리세이드", "아이오닉 5", "캐스퍼", "스타리아")),
    ("기아", ("모닝", "K5", "K8", "셀토스", "스포티지", "쏘렌토", "카니발", "EV6", "EV9")),
    ("제네시스", ("G70", "G80", "G90", "GV60", "GV70", "GV80")),
    ("KG모빌리티", ("티볼리", "토레스", "렉스턴 스포츠")),
    ("르노코리아", ("QM6", "아르카나", "그랑 콜레오스")),
    ("쉐보레", ("트랙스 크로스오버", "트레일블레이저", "콜로라도")),
    ("BMW", ("3시리즈", "5시리즈", "X3", "iX")),
    ("메르세데스-벤츠", ("C클래스", "E클래스", "GLC", "EQE")),
    ("볼보", ("S60", "XC40", "XC60")),
    ("테슬라", ("모델 3", "모델 Y")),
)
_COLOURS: Final[tuple[tuple[str, str], ...]] = (
    ("아틀라스 화이트", "eeeee8"),
    ("어비스 블랙 펄", "18181c"),
    ("사이버 그레이 메탈릭", "787e84"),
    ("인텐스 블루 펄", "1c3a7a"),
    ("얼티메이트 레드", "9e1622"),
    ("스노우 화이트 펄", "f4f4f0"),
    ("세레니티 그린", "2e5c42"),
    ("마테호른 브라운", "583a34"),
)
_FUELS: Final = ("가솔린", "디젤", "하이브리드", "LPG", "전기", "수소")
_SEGMENTS: Final = ("경형", "소형", "준중형", "중형", "준대형", "대형", "SUV", "RV")
_TRIMS: Final = ("스마트", "모던", "인스퍼레이션", "프레스티지", "시그니처", "캘리그래피")
_OPTIONS: Final = ("선루프", "내비게이션", "스마트 크루즈", "통풍시트", "후측방 경고", "빌트인 캠")
_FIRST_CRAWL: Final = datetime(2025, 11, 20, 2, 0, tzinfo=UTC)


@dataclass(slots=True)
class IdSequence:
    """ObjectIds as one client process makes them: growing time, the same machine part, a counter."""

    rng: Random
    _count: int = 0

    def next_id(self) -> ObjectId:
        self._count += 1
        seconds = int(_FIRST_CRAWL.timestamp()) + self._count * 37
        return ObjectId(struct.pack(">I", seconds) + b"\x5a\x1f\x07\xc4\x92" + self._count.to_bytes(3, "big"))


def draft_vehicle(book: AddressBook, rng: Random, document_id: ObjectId | str) -> Document:
    """Draft one ordinary document. Its names need no cleaning to stand in an object key."""
    brand, models = rng.choice(_MODELS)
    model = rng.choice(models)
    named_by = "vehicle_name" if rng.random() < 0.8 else "name"
    number = rng.randrange(3000, 9999)
    return {
        "_id": document_id,
        named_by: f"{brand} {model}",
        **draft_facts(rng, brand, model, number),
        **_draft_images(book, rng, f"models/{number}"),
    }


def draft_facts(rng: Random, brand: str, model: str, number: int) -> dict[str, Any]:
    """Draft the fields beside name and images, with every kind of number and date that the collection holds."""
    price_krw = rng.randrange(14_000_000, 160_000_000, 10_000)
    crawled_at = _FIRST_CRAWL + timedelta(milliseconds=rng.randrange(40 * 86_400_000))
    return {
        "brand": brand,
        "model": model,
        "danawa_id": Int64(number),
        "model_year": rng.randrange(2021, 2027),
        "fuel": rng.choice(_FUELS),
        "segment": rng.choice(_SEGMENTS),
        "price": {"min_krw": Int64(price_krw), "max_krw": Int64(price_krw * 13 // 10), "currency": "KRW"},
        "efficiency_km_per_l": round(rng.uniform(6.5, 21.0), 1),
        "displacement_cc": rng.choice((998, 1598, 1999, 2497, 3470, None)),
        "is_new": rng.random() < 0.3,
        "trims": [_draft_trim(rng, price_krw) for _ in range(rng.randrange(1, 4))],
        "source_url": f"https://auto.danawa.com/auto/?Work=model&Model={number}",
        "released_at": crawled_at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=number % 900),
        "crawled_at": crawled_at,
    }


def draft_bulk(base_url: str, count: int, seed: int) -> Iterator[Document]:
    """Make plain documents one by one: four JPEG images each, all of them right."""
    rng = Random(seed)
    ids = IdSequence(rng)
    for number in range(count):
        brand, models = rng.choice(_MODELS)
        first, second, third, fourth = (f"{base_url}/img/bulk/{number:07d}-{shot}.jpg" for shot in range(4))
        yield {
            "_id": ids.next_id(),
            "vehicle_name": f"{brand} {rng.choice(models)}",
            "model_year": rng.randrange(2021, 2027),
            "price": {"min_krw": Int64(rng.randrange(14_000_000, 160_000_000, 10_000)), "currency": "KRW"},
            "main_image": first,
            "exterior_images": [second],
            "interior_images": [third],
            "color_images": [{"color_name": rng.choice(_COLOURS)[0], "image_url": fourth}],
        }


def _draft_trim(rng: Random, price_krw: int) -> dict[str, Any]:
    return {
        "name": rng.choice(_TRIMS),
        "price_krw": Decimal128(str(price_krw + rng.randrange(0, 9_000_000, 10_000))),
        "options": rng.sample(_OPTIONS, rng.randrange(0, 4)),
        "power": {"ps": rng.randrange(76, 420), "rpm": rng.randrange(4000, 6600, 100)},
    }


def _draft_images(book: AddressBook, rng: Random, folder: str) -> dict[str, Any]:
    if rng.random() < 0.015:
        return {}
    main = book.draw(f"{folder}/main")
    fields: dict[str, Any] = {"main_image": main}
    if rng.random() < 0.25:
        fields["image_url"] = main if rng.random() < 0.5 else book.draw(f"{folder}/basic")
    fields["exterior_images"] = [book.draw(f"{folder}/exterior") for _ in range(rng.randrange(0, 3))]
    if rng.random() < 0.7:
        fields["interior_images"] = [book.draw(f"{folder}/interior") for _ in range(rng.randrange(0, 3))]
    colours = rng.sample(_COLOURS, rng.randrange(0, 3))
    fields["color_images"] = [_draft_colour(book, rng, folder, name, paint) for name, paint in colours]
    return fields


def _draft_colour(book: AddressBook, rng: Random, folder: str, name: str, paint: str) -> Any:
    shot = book.draw(f"{folder}/paint-{paint}")
    shape = rng.random()
    if shape < 0.70:
        return {"color_name": name, "hex": f"#{paint}", "image_url": shot}
    if shape < 0.85:
        return {"name": name, "url": shot}
    return shot
