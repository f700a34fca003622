"""Lists of the API in pages (DESIGN §7): `limit`, an opaque `cursor`, and a `Link` header to the next page.

The body stays an array. A page begins behind the last row of the one before (keyset), so rows that come or go meanwhile
shift nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Query, Request, Response

T = TypeVar("T")
MOST: Final = 1000
"""Rows of a page, at most; and without a `limit`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """`after`: the key of the last row of the page before, as the route gave it; None: from the beginning."""

    limit: int = MOST
    after: tuple[Any, ...] | None = None


def asked_page(
    limit: int = Query(MOST, ge=1, le=MOST, description="Rows of this page."),
    cursor: str | None = Query(None, max_length=1000, description="From the `Link` header of the page before."),
) -> Page:
    """A dependency. 422 for a cursor that this server did not make."""
    return Page(limit=limit, after=opened(cursor) if cursor is not None else None)


AskedPage = Annotated[Page, Depends(asked_page)]


def sealed(key: Sequence[Any]) -> str:
    """The cursor of a key of texts and whole numbers."""
    return base64.urlsafe_b64encode(json.dumps(list(key), ensure_ascii=False).encode()).decode().rstrip("=")


def opened(cursor: str) -> tuple[Any, ...]:
    """The key of a cursor. 422 for anything else."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(part is None or type(part) in (str, int) for part in found):
        raise HTTPException(
            422, "cursor: 不是本系统给出的页码 was not given by this server; take it from the Link header"
        )
    return tuple(found)


def key_of(page: Page, *kinds: type) -> tuple[Any, ...] | None:
    """The key behind which the page begins, if it is one of the route's own: 422 for a cursor of another list."""
    if page.after is None:
        return None
    fits = len(page.after) == len(kinds) and all(isinstance(p, k) for p, k in zip(page.after, kinds, strict=False))
    if not fits or any(isinstance(p, int) and not -(2**63) <= p < 2**63 for p in page.after):
        raise HTTPException(422, "cursor: 属于另一列表 belongs to another list; take it from the Link header")
    return page.after


def next_link(request: Request, response: Response, key: Sequence[Any] | None) -> None:
    """Name the next page, which begins behind the row of `key`; None: this page was the last."""
    if key is None:
        return
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    query = urlencode([*asked, ("cursor", sealed(key))])
    response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """The page of `limit` + 1 rows that were read, and its last row where another page follows."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], rows[limit - 1]
