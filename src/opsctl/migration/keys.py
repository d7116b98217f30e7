"""Object keys: `{prefix}/{collection}/{doc_id}/{vehicle_name}/{image_type}/[{color_name}/]{hash}.{ext}`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from itertools import takewhile
from urllib.parse import quote

from opsctl.migration.models import DocumentId, ImageRef, KeyLayout

SEGMENT_BYTES = 120
HASH_DIGITS = 32

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
# Strings that read like the segment of another id: that of a string of hex digits, or of a number, a date, ...
_LIKE_ANOTHER = re.compile(
    r"str-[0-9a-fA-F]{24}|(int|int64|float|decimal128|bool|datetime|datetimems|binary|bytes|dict|timestamp|nonetype)-.*",
    re.DOTALL,
)


def safe_segment(text: str) -> str:
    """One path segment: NFC, no separators or control characters, never empty, `.` or `..`, at most 120 UTF-8 bytes.

    A longer one is cut at a character and given 8 hex digits of its SHA-256, so that two long names stay apart.
    """
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    if clean.strip() in ("", ".", ".."):
        clean = "_"
    encoded = clean.encode("utf-8")
    if len(encoded) <= SEGMENT_BYTES:
        return clean
    kept = encoded[: SEGMENT_BYTES - 9].decode("utf-8", errors="ignore")
    return f"{kept}-{_digest(clean)[:8]}"


def document_segment(document_id: DocumentId) -> str:
    """The segment of a document's `_id`: hex for an ObjectId, the text of a string, type and value for the rest.

    Two ids never share a segment by being cleaned: an id that had to be changed carries a hash of what it was.
    """
    if isinstance(document_id, str):
        clean = safe_segment(document_id)
        if _OBJECT_ID.fullmatch(document_id):
            return f"str-{clean}"
        is_own = clean == document_id and not _LIKE_ANOTHER.fullmatch(document_id)
        return clean if is_own else _with_hash(clean, document_id)
    name = type(document_id).__name__
    if name == "ObjectId":
        return str(document_id)
    text = f"{name.lower()}-{document_id!s}"
    clean = safe_segment(text)
    return clean if clean == text else _with_hash(clean, text)


def document_prefix(layout: KeyLayout, document_id: DocumentId) -> str:
    """Where all objects of one document are; ends with `/`."""
    folders = _folders(layout.template)
    upto = next(at for at, folder in enumerate(folders) if "{doc_id}" in folder) + 1
    return _fill(folders[:upto], {**_place(layout), "doc_id": document_segment(document_id)})


def collection_prefix(layout: KeyLayout) -> str:
    """Where all objects of the collection are; ends with `/`. Only prefix and collection stand before the document."""
    folders = _folders(layout.template)
    return _fill(list(takewhile(lambda folder: "{doc_id}" not in folder, folders)), _place(layout))


def image_folder(layout: KeyLayout, document_id: DocumentId, vehicle_name: str, ref: ImageRef) -> str:
    """Where one image is, without its file name; ends with `/`. An image without a colour has no colour segment."""
    values = {
        **_place(layout),
        "doc_id": document_segment(document_id),
        "vehicle_name": safe_segment(vehicle_name),
        "image_type": safe_segment(ref.image_type),
        "color_name": safe_segment(ref.color_name) if ref.color_name else "",
    }
    return _fill(_folders(layout.template), values)


def image_hash(layout: KeyLayout, ref: ImageRef, content_sha256: str | None) -> str:
    """The first 32 hex digits of the SHA-256 of the URL as the document has it, or of the content."""
    if layout.key_hash == "content":
        return (content_sha256 or "")[:HASH_DIGITS]
    return _digest(ref.url)[:HASH_DIGITS]


def object_url(layout: KeyLayout, key: str) -> str:
    """The HTTPS address of an object; path-style below a custom endpoint."""
    path = quote(key, safe="/~")
    if layout.endpoint_url:
        return f"{layout.endpoint_url.rstrip('/')}/{layout.bucket}/{path}"
    return f"https://{layout.bucket}.s3.{layout.region}.amazonaws.com/{path}"


@cache
def _folders(template: str) -> list[str]:
    """The folders of the template. `[...]` is a part that goes when its placeholder has no value."""
    return _OPTIONAL.sub(r"\1", template).split("/")[:-1]


def _fill(folders: list[str], values: dict[str, str]) -> str:
    return "".join(f"{text}/" for text in (folder.format(**values) for folder in folders) if text)


def _place(layout: KeyLayout) -> dict[str, str]:
    return {"prefix": layout.prefix.strip("/"), "collection": layout.collection}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def _with_hash(clean: str, original: str) -> str:
    kept = clean.encode("utf-8")[: SEGMENT_BYTES - 9].decode("utf-8", errors="ignore")
    return f"{kept}-{_digest(original)[:8]}"
