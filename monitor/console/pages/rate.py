"""The pages for citizens (主动评价, D03): a link's, and a touch screen's. Nobody signs in; they ask /rate/api."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from monitor.console.pages.frame import page, texts
from monitor.console.pages.ratewords import levels, script_words, tags
from monitor.console.ratebodies import MOST_COMMENT


def add_rate(pages: APIRouter, bad_at_most: Callable[[], int]) -> None:
    """`bad_at_most`: from which score on reasons are asked for."""

    def shown(request: Request, template: str) -> Response:
        _ = texts(request)
        return page(
            request,
            template,
            levels=levels(_),
            tags=tags(_),
            words=script_words(_),
            most=MOST_COMMENT,
            bad=bad_at_most(),
        )

    @pages.get("/rate")
    def rate(request: Request) -> Response:
        """The secret stands behind `#` in the address: no log on the way has it. A script sends it."""
        return shown(request, "rate.html")

    @pages.get("/rate/screen")
    def screen(request: Request) -> Response:
        """For everybody: what it may do hangs on the screen's token, which the address holds behind `#`."""
        return shown(request, "rate_screen.html")
