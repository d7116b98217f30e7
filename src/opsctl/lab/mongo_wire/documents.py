"""BSON in and out, with the types kept: what was written comes back byte for byte.

int32 stays `int`, int64 is `Int64`, dates are zone-free `datetime` in UTC (or `DatetimeMS` outside of Python's
years), subtypes of binary values stay. Database references are plain documents, as the server sees them. The
deprecated BSON types symbol, undefined and DBPointer, which no current driver writes, are the exception: they come
back as string, null and reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bson import decode, encode
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from opsctl.lab.mongo_wire.errors import Code, CommandError

Document = dict[str, Any]

MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024

_OPTIONS: Final[CodecOptions[Document]] = CodecOptions(
    document_class=dict, tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
_RAW_OPTIONS: Final[CodecOptions[RawBSONDocument]] = CodecOptions(
    document_class=RawBSONDocument, tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
_REFERENCE_FIELD: Final = b"\x02$ref\x00"


class Missing:
    """The type of `MISSING`: a field that is not there, which is not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Stored:
    """One document as it lies in a collection. Neither form is ever changed in place.

    `raw` is the encoded document, what a client receives when it asks for the whole of it.
    """

    document: Document
    raw: bytes


def decode_document(raw: bytes) -> Document:
    """Decode one BSON document.

    Raises `CommandError` (InvalidBSON) for bytes that are none.
    """
    try:
        if _REFERENCE_FIELD in raw:
            document: Document = _plain(as_raw(raw))
        else:
            document = decode(raw, _OPTIONS)
    except (BSONError, RecursionError) as error:
        raise CommandError(Code.InvalidBSON, f"the document cannot be decoded: {error}") from error
    return document


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Encode one document."""
    return encode(document, codec_options=_OPTIONS)


def store(document: Document) -> Stored:
    """The document with its encoded form.

    Raises `CommandError` (BSONObjectTooLarge) above 16 MiB.
    """
    raw = encode_document(document)
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise CommandError(
            Code.BSONObjectTooLarge,
            f"BSONObj size: {len(raw)} ({len(raw):#x}) is invalid. "
            f"Size must be between 0 and {MAX_DOCUMENT_BYTES}(16MB)",
        )
    return Stored(document, raw)


def as_raw(raw: bytes) -> RawBSONDocument:
    """Encoded bytes in a form that goes into an answer without being decoded and encoded again."""
    return RawBSONDocument(raw, _RAW_OPTIONS)


def _plain(value: Any) -> Any:
    """Decode level by level: the fast decoder makes objects of database references, which forget their order."""
    if isinstance(value, RawBSONDocument):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
