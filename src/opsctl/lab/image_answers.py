"""How the image host answers when nothing is wrong with the connection: pictures, error pages, redirects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from aiohttp import web

from opsctl.lab.picture_paths import Picture
from opsctl.lab.pictures import draw_placeholder

PLACEHOLDER_PATH: Final = "/common/no-image.png"
_FIRST_PUBLISHED: Final = datetime(2025, 11, 1, tzinfo=UTC)


def answer_picture(request: web.Request, picture: Picture) -> web.Response:
    """Answer with a picture, or with 304 when the client holds it already."""
    headers = {
        "ETag": picture.etag,
        "Last-Modified": format_datetime(_published_at(picture), usegmt=True),
        "Cache-Control": "public, max-age=86400",
    }
    if _is_unchanged(request, picture):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=picture.body, headers={**headers, "Content-Type": picture.content_type})


def answer_placeholder() -> web.Response:
    """Answer with the picture that stands for "no image"."""
    return web.Response(body=draw_placeholder(), content_type="image/png")


def answer_status(status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with an error page."""
    phrase = HTTPStatus(status).phrase
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {phrase}</title></head><body><h1>{phrase}</h1></body></html>\n"
    )
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)


def answer_redirect(status: int, location: str) -> web.Response:
    """Answer with a redirect to `location`, which may be relative."""
    return web.Response(status=status, text="", headers={"Location": location})


def answer_hop(hops_left: int, rest: str) -> web.Response:
    """Answer one link of a redirect chain, `/hop/<hops_left>/<rest>`: the last one leads to the picture."""
    up = "../" * rest.count("/")
    location = f"../{up}{hops_left - 1}/{rest}" if hops_left > 1 else f"/img/{rest}"
    return answer_redirect(HTTPStatus.FOUND, location)


def _published_at(picture: Picture) -> datetime:
    return _FIRST_PUBLISHED + timedelta(seconds=int(picture.etag[1:7], 16) % 2_000_000)


def _is_unchanged(request: web.Request, picture: Picture) -> bool:
    tags = request.if_none_match
    if tags is not None:
        return any(tag.value in ("*", picture.etag.strip('"')) for tag in tags)
    since = request.if_modified_since
    return since is not None and _published_at(picture) <= since
