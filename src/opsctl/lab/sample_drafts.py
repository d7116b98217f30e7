"""Drafts of sample documents: a document in which every image place says what must become of it.

Outcomes are written down where an address is made up, never worked out by rules like those of the migration: the two
check each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from bson import ObjectId

from opsctl.lab.image_faults import FAULTS, Fault, Outcome

Document = dict[str, Any]
DocumentId = ObjectId | str

SOURCE_FIELDS: Final[dict[str, str]] = {
    "main_image": "basic",
    "image_url": "basic",
    "exterior_images": "exterior",
    "interior_images": "interior",
    "color_images": "color",
}
_COLOUR_NAMES: Final = ("color_name", "name", "color")
_FORMATS: Final = ("jpg", "jpg", "jpg", "jpeg", "jpg", "png", "webp", "webp", "avif", "jpg")


@dataclass(frozen=True, slots=True)
class Shot:
    """An image place in a draft: the value that the document holds there, and what a correct migration makes of it."""

    value: object
    outcome: Outcome = Outcome.STORED


class Place(NamedTuple):
    """Where an image stands: its number in a list, or None for a value that is not in a list."""

    document_id: DocumentId
    field: str
    position: int | None


@dataclass(frozen=True, slots=True)
class SampleImage:
    """A distinct (document, type, colour, URL), and all its places. A value that is no text has its repr as `url`."""

    document_id: DocumentId
    image_type: str
    color_name: str | None
    url: str
    outcome: Outcome
    places: tuple[Place, ...]


def settle_draft(draft: Document) -> tuple[Document, list[SampleImage]]:
    """Turn a draft into the document itself and the images it holds, in the order in which they stand there.

    Raises ValueError when a draft expects two outcomes of one image.
    """
    document = {name: _settle(value) for name, value in draft.items()}
    images: dict[tuple[str, str | None, str], SampleImage] = {}
    for place, colour, shot in _find_shots(draft):
        image_type = SOURCE_FIELDS[place.field]
        url = shot.value if isinstance(shot.value, str) else repr(shot.value)
        color_name = colour if image_type == "color" else None
        known = images.get((image_type, color_name, url))
        if known is not None and known.outcome is not shot.outcome:
            raise ValueError(f"two outcomes for one image of {place.document_id!r}: {known.outcome}, {shot.outcome}")
        places = (*known.places, place) if known else (place,)
        images[image_type, color_name, url] = SampleImage(
            place.document_id, image_type, color_name, url, shot.outcome, places
        )
    return document, list(images.values())


@dataclass(slots=True)
class AddressBook:
    """Makes up addresses of the image host; no two calls give the same one, but for pictures shared on purpose."""

    base_url: str
    rng: Random
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _final: Iterator[str] = field(init=False)
    _recovering: Iterator[str] = field(init=False)
    _odd: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        faults = FAULTS.values()
        self._final = _cycle_names(self.rng, [fault for fault in faults if fault.outcome is not Outcome.STORED])
        self._recovering = _cycle_names(self.rng, [fault for fault in faults if fault.recovers])
        self._odd = _cycle_names(self.rng, [fault for fault in faults if fault.is_odd_only])

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.base_url.partition("://")[2]

    def picture(self, path: str = "") -> Shot:
        """An address that answers with a picture: `path` below `/img/`, or a new one."""
        return Shot(f"{self.base_url}/img/{path or self.new_file()}")

    def new_file(self, suffix: str | None = None) -> str:
        return f"{next(self._numbers):06d}.{suffix or self.rng.choice(_FORMATS)}"

    def fault(self, name: str) -> Shot:
        """An address that answers as the fault `name` does."""
        # The end of a cut AVIF file cannot be told from its content, where the connection does not tell it either.
        suffix = "jpg" if name.startswith("unframed") else None
        return Shot(f"{self.base_url}/fault/{name}/{self.new_file(suffix)}", FAULTS[name].outcome)

    def draw(self, folder: str) -> Shot:
        """An address as they come in real data: nine in ten simply right, the others odd, faulty or shared."""
        luck = self.rng.random()
        if luck < 0.020:
            return self.fault(next(self._final))
        if luck < 0.045:
            return self.fault(next(self._recovering))
        if luck < 0.075:
            return self.fault(next(self._odd))
        if luck < 0.100:
            return self.picture(f"shared/brand-{self.rng.randrange(6)}.jpg")
        return self.picture(f"{folder}/{self.new_file()}")


def _cycle_names(rng: Random, faults: list[Fault]) -> Iterator[str]:
    """Every fault in turn, the costly ones only every third time."""
    every = [fault.name for fault in faults]
    cheap = [fault.name for fault in faults if not fault.costly]
    rng.shuffle(every)
    return itertools.cycle([*every, *cheap, *cheap])


def _find_shots(draft: Document) -> Iterator[tuple[Place, str | None, Shot]]:
    for name in SOURCE_FIELDS:
        value = draft.get(name)
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            place = Place(draft["_id"], name, index)
            if isinstance(item, Shot):
                yield place, None, item
            elif isinstance(item, Mapping):
                color_name = next((item[key] for key in _COLOUR_NAMES if item.get(key, "").strip()), None)
                for member in item.values():
                    if isinstance(member, Shot):
                        yield place, color_name, member


def _settle(value: Any) -> Any:
    if isinstance(value, Shot):
        return value.value
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if isinstance(value, dict):
        return {name: _settle(item) for name, item in value.items()}
    return value
