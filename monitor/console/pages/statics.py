"""Static files: in the program, never from elsewhere. Their addresses hold a digest of all of them, so that a browser
keeps them for a year and has the new ones at once after an update.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from monitor.console.packed import SMALL, takes_gzip

ROOT: Final = Path(__file__).resolve().parent.parent / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, kw_only=True)
class File:
    body: bytes
    media_type: str
    etag: str

    @cached_property
    def packed(self) -> bytes | None:
        """Compressed, made when it is first asked for and kept; None where that saves nothing."""
        if len(self.body) < SMALL:
            return None
        made = gzip.compress(self.body, 9, mtime=0)
        return made if len(made) < len(self.body) else None


@cache
def files() -> dict[str, File]:
    """Every static file by its path below `static/`: read once, and nothing outside of the folder can be asked for."""
    found = {}
    for path in sorted(ROOT.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            media = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found[path.relative_to(ROOT).as_posix()] = File(body=body, media_type=media, etag=etag)
    return found


@cache
def digest() -> str:
    """Of all files together: modules import each other by relative names, so one new file changes all addresses."""
    total = hashlib.sha256()
    for name, file in files().items():
        total.update(f"{name} {file.etag}\n".encode())
    return total.hexdigest()[:12]


def static(name: str) -> str:
    """The address of a static file. KeyError for one that there is not."""
    if name not in files():
        raise KeyError(f"no static file {name}")
    return f"/static/{digest()}/{name}"


def answer(request: Request, name: str, cache_control: str = "no-cache", **headers: str) -> Response:
    """The file, or 304 where the browser has it; 404 for one that there is not."""
    file = files().get(name)
    if file is None:
        raise HTTPException(404, "没有此文件 there is no such file")
    packed = file.packed if takes_gzip(request.headers) else None
    etag = file.etag if packed is None else f'{file.etag[:-1]}-gzip"'
    told = {"ETag": etag, "Cache-Control": cache_control, "X-Content-Type-Options": "nosniff", **headers}
    if packed is not None:
        told["Vary"] = "Accept-Encoding"  # of one that goes as it is, `Packed` says so
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=told)
    if packed is not None:
        return Response(packed, media_type=file.media_type, headers={**told, "Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=told)


def add_static(pages: APIRouter) -> None:
    @pages.get("/static/{version}/{name:path}")
    def get_static(request: Request, version: str, name: str) -> Response:
        """Under an older digest the present file, not kept: a page that is still open gets on."""
        return answer(request, name, FOR_EVER if version == digest() else "no-cache")
