"""The texts that the kiosk's scripts show, by the name they know them by."""

from __future__ import annotations

from collections.abc import Callable


def kiosk_words(_: Callable[[str], str]) -> dict[str, str]:
    return {"title": _("Check in")}
