"""What a person is told, for a screen beside the camera: Chinese lines, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, TextIO

import structlog

from monitor.agents.terminal.proof import Blind
from monitor.attendance.recognition.attempt import Told
from monitor.model import Reason
from monitor.wording import render

log = structlog.get_logger(__name__)


class Display:
    """A line at each change. JSON: {"at","state","reason","text","text_en","action"?,"left_seconds"?,"staff"?}; `state`
    is that of an attempt, or `idle`, `blind`. A reader that went away is no fault of the terminal.
    """

    def __init__(self, target: TextIO, zone: tzinfo, *, as_json: bool) -> None:
        self._write, self._zone, self._as_json = _writer(target), zone, as_json
        self._last: tuple[Any, ...] | None = None

    def show(self, at: datetime, told: Told) -> None:
        state = "idle" if told.reason.code == "terminal.idle" else told.state
        self._say(at, state, told.reason, told)

    def blind(self, at: datetime, why: Blind) -> None:
        self._say(at, "blind", Reason(code=f"terminal.blind.{why}"), None)

    def idle(self, at: datetime, *, cards: bool) -> None:
        self._say(at, "idle", Reason(code="terminal.idle_card" if cards else "terminal.idle"), None)

    def _say(self, at: datetime, state: str, reason: Reason, told: Told | None) -> None:
        staff = told.staff if told is not None else None
        said = (state, reason.code, staff)
        if said == self._last:
            return
        self._last = said
        text = render(reason, "zh")
        if not self._as_json:
            self._write(f"{text}\n")
            return
        line: dict[str, Any] = {
            "at": at.astimezone(self._zone).isoformat(timespec="milliseconds"), "state": state, "reason": reason.code,
            "text": text, "text_en": render(reason, "en"),
        }  # fmt: skip
        if told is not None:
            left = round(told.left_seconds, 1) if told.left_seconds is not None else None
            more = {"action": told.action, "left_seconds": left, "staff": told.staff}
            line |= {key: value for key, value in more.items() if value is not None}
        self._write(json.dumps(line, ensure_ascii=False) + "\n")


def _writer(target: TextIO) -> Callable[[str], None]:
    def write(text: str) -> None:
        try:
            target.write(text)
            target.flush()
        except (OSError, ValueError):
            log.debug("nobody reads what is shown", action="terminal.display_away")

    return write
