"""The board (监察大屏): a tile a window, counters, the newest cards; what changes comes by server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from monitor.access import Target, covers
from monitor.console.deps import Deps
from monitor.console.live import LiveBoards, Message
from monitor.console.pages.boardview import around, parts, tile_html
from monitor.console.pages.frame import environment, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person, way_in
from monitor.model import Registry
from monitor.supervision.board import Tile
from monitor.supervision.reach import halls_within
from monitor.supervision.signin import Signed

POLL_SECONDS: Final = 10.0
"""How often an open stream looks whether its page is still there, beside when something came."""
ASK_SECONDS: Final = 30.0
"""How often an open stream looks whether its session still stands."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


def add_board(pages: APIRouter, deps: Deps, boards: LiveBoards) -> None:
    person = require_person(deps, "cards:read")

    @pages.get("/board")
    def choose(request: Request, signed: Signed = Depends(person)) -> Response:
        """The one hall within reach, or which of them."""
        halls = halls_within(_registry(deps), signed.person)
        if len(halls) == 1:
            return RedirectResponse(f"/board/{next(iter(halls))}", 303)
        return page(request, "halls.html", halls=halls, signed=signed)

    @pages.get("/board/{hall}")
    def board(request: Request, hall: str, wall: bool = False, signed: Signed = Depends(person)) -> Response:
        _require_within(_registry(deps), signed, hall)
        found, last = boards.page(hall)
        shown = parts(found, language_of(request), sees(signed, hall))
        return page(request, "board.html", board=found, last=last, wall=wall, signed=signed, **shown)

    @pages.get("/board/{hall}/stream")
    async def stream(request: Request, hall: str, signed: Signed = Depends(person)) -> Response:
        """`tile-ID`, `counters`, `latest`, `beat`: parts of the page as they change; `anew`: load the page anew."""
        await run_in_threadpool(lambda: _require_within(_registry(deps), signed, hall))
        told = _told(deps, request, boards, signed, hall)
        return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)


def _registry(deps: Deps) -> Registry:
    with deps.store.read() as conn:
        return deps.registry.get(conn)


def _require_within(registry: Registry, signed: Signed, hall: str) -> None:
    """404 alike for a hall that there is not and for one that is not theirs: guessing shows nothing."""
    if hall not in halls_within(registry, signed.person):
        raise HTTPException(404, f"{hall}: 没有此大厅 there is no such hall")


def sees(signed: Signed, hall: str) -> Callable[[Tile], bool]:
    """Whether a window lies within the person's reach."""
    return lambda tile: covers(signed.person, Target(hall=hall, unit=tile.unit, window=tile.window))


async def _told(deps: Deps, request: Request, boards: LiveBoards, signed: Signed, hall: str) -> AsyncIterator[bytes]:
    """The events of one page until it goes away, or its session ends."""
    language, view = language_of(request), View.of(signed, hall)
    people: str | None = ""
    asked = deps.clock.monotonic()  # the first round asks: something may have changed on the way
    last = request.headers.get("last-event-id") or request.query_params.get("after")
    with ExitStack() as held:  # entered here: of a page that went before its first event nothing stays behind
        reader = await run_in_threadpool(held.enter_context, boards.reading(hall))
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        held.enter_context(reader.told(lambda: _wake(loop, came)))
        yield b"retry: 2000\n\n"
        if last and not reader.resume(last):
            yield event("anew", "")
        while not await request.is_disconnected():
            came.clear()  # before reading: whatever comes from now on sets it again
            for message in reader.take():
                if sent := said(message, language, view):
                    yield sent
            if deps.clock.monotonic() - asked >= ASK_SECONDS or boards.people != people:
                asked, people = deps.clock.monotonic(), boards.people
                still = await run_in_threadpool(partial(way_in(deps).who, signed.secret, renew=False))
                if still is None or still.person != signed.person:
                    yield event("anew", "")  # loaded again it leads to the form, or shows what is theirs now
                    return
            with contextlib.suppress(TimeoutError):  # a page that went is noticed at the next round
                await asyncio.wait_for(came.wait(), POLL_SECONDS)


def _wake(loop: asyncio.AbstractEventLoop, came: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the server stopped in between
        loop.call_soon_threadsafe(came.set)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What somebody sees of a hall. Whoever has the same `key` sees the same."""

    key: Hashable
    mine: Callable[[Tile], bool]

    @classmethod
    def of(cls, signed: Signed, hall: str) -> View:
        who, mine = signed.person, sees(signed, hall)
        whole = covers(who, Target(hall=hall))
        return cls(key=None if whole else (who.role, who.units, who.windows, who.staff), mine=mine)


def event(name: str, text: str, number: str | None = None) -> bytes:
    """One server-sent event; a line break in a text is a line of its own there."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return ((f"id: {number}\n" if number else "") + f"event: {name}\n{lines}\n").encode()


def said(message: Message, language: Language, view: View) -> bytes:
    """The message as whoever sees so much of the hall is sent it: made once, however many look. Readers share one
    thread.
    """
    if message.tile is not None and not view.mine(message.tile):
        return b""
    key = (language, view.key if message.about == "" else None)
    if key not in message.said:
        events = fragments(message, language, view.mine)
        message.said[key] = b"".join(event(name, text, message.id) for name, text in events)
    made: bytes = message.said[key]
    return made


def fragments(message: Message, language: Language, mine: Callable[[Tile], bool]) -> list[tuple[str, str]]:
    """The events of a message: a window's tile, or all that stands around the tiles; and when it was looked at."""
    beat = ("beat", message.as_of.isoformat())
    if message.board is None:
        return [beat]
    if message.tile is not None:
        return [(f"tile-{message.tile.window}", tile_html(message.board, message.tile, language))]
    shown = around(message.board, language, mine)
    made = environment(language)
    counters = made.get_template("part_counters.html").render(**shown)
    latest = made.get_template("part_latest.html").render(**shown)
    return [("counters", counters), ("latest", latest), beat]
