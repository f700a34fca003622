"""The loop of the terminal: a frame a tick to the encoder, its answers to the desk, the queue to the broker."""

from __future__ import annotations

import queue
import threading
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from monitor.agents.device.kept import KeptEvents, QueueError
from monitor.agents.terminal.config import TerminalConfig
from monitor.agents.terminal.desk import Desk
from monitor.agents.terminal.display import Display
from monitor.agents.terminal.eye import Eye
from monitor.agents.terminal.faces import DEAD, Answers
from monitor.agents.terminal.gallery import Held
from monitor.agents.terminal.proof import Blind, Gap, Proof
from monitor.attendance.recognition.vision.frames import Camera
from monitor.clock import Clock

log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 0.03
"""How often answers and uplink are looked after between two frames."""
LAST_SECONDS: Final = 10.0
"""How long the answers of a file's last frames are waited for."""


class Galleries(Protocol):
    """Where the gallery comes from (`GalleryFeed`)."""

    def current(self) -> Held | None: ...


class Carrier(Protocol):
    """The way to the broker (`Uplink`)."""

    def turn(self) -> None: ...


class Terminal:
    """What is seen becomes check-ins in the queue. Single-threaded; times are given and rise."""

    def __init__(
        self, config: TerminalConfig, *, faces: Answers, feed: Galleries, kept: KeptEvents, display: Display,
        cards: queue.SimpleQueue[str] | None = None,
    ) -> None:  # fmt: skip
        own = config.terminal
        self._device, self._zone = own.device, ZoneInfo(own.zone)
        self._faces, self._feed, self._kept, self._display, self._cards = faces, feed, kept, display, cards
        self._eye = Eye(config.view, own.lost_seconds)
        self._proof = Proof(blind_seconds=own.blind_seconds)
        self.desk = Desk(
            cards=cards is not None,
            challenge=own.challenge,
            repeat_seconds=own.repeat_seconds,
            show=display.show,
            tell=self._tell,
        )
        self._held: Held | None = None
        self._blind: Blind | None = None

    def look(self, frame: Any, now: datetime) -> None:
        """A frame, or None where there is no new one."""
        self._bring_in(now)
        seen = self._eye.look(frame, now)
        why = seen or self._unready(now)
        gap = self._proof.look(why, now)
        if gap is not None:
            self._leave_out(gap)
        if why != self._blind:
            log.warning("what can be seen changed", action="terminal.blind", blind=why, before=self._blind)
            self._blind = why
        if frame is not None and seen is None:
            self._faces.submit(frame, now, vectors=self.desk.wants_vector)
        if why is not None:
            self.desk.abandon()
            self._display.blind(now, why)
        elif not self.desk.is_busy and not self.desk.is_resting(now):
            self._display.idle(now, cards=self._cards is not None)

    def settle(self, now: datetime) -> None:
        """Take what the encoder, the server and the card reader have brought; times of people run out."""
        self._bring_in(now)
        if self._faces.unsettled is None:  # else a frame that is on its way were older than what was ticked
            self.desk.tick(now)

    def _bring_in(self, now: datetime) -> None:
        held = self._feed.current()
        if held is not self._held:
            self._held = held
            self.desk.use(held)
        for at, found in self._faces.take():
            self.desk.see(at, found)
        if self._cards is not None:
            while not self._cards.empty():
                self.desk.card(self._cards.get(), now)

    def proven(self, now: datetime) -> datetime | None:
        """Up to when all check-ins are in the queue; None: nothing can be said."""
        return self._proof.until(now, unsettled=self._faces.unsettled, busy=self.desk.is_busy)

    @property
    def is_waiting(self) -> bool:
        """Whether the encoder still has a frame."""
        return self._faces.unsettled is not None

    def _unready(self, now: datetime) -> Blind | None:
        if self._held is None:
            return "gallery"
        model, unsettled = self._faces.model, self._faces.unsettled
        if model is None or (unsettled is not None and now - unsettled > DEAD):
            return "encoder"
        # A gallery of nobody has no model; it is compared with nothing.
        return "model" if self._held.gallery.people and self._held.model != str(model) else None

    def _tell(self, at: datetime, fields: dict[str, Any]) -> bool:
        try:
            self._kept.put([(self._written(at), fields)])
        except QueueError as error:
            log.error("an event cannot be kept", action="terminal.not_kept", error=str(error))
            self._kept.leave_out()  # somebody was there: nothing may say that nobody was
            return False
        return True

    def _leave_out(self, gap: Gap) -> None:
        self._kept.leave_out()
        began, ended = self._written(gap.began), self._written(gap.ended)
        log.error(
            "it was blind: nobody's absence is proven before the time is declared lost",
            action="terminal.gap",
            why=gap.why,
            fix=f"jiancha device lost {self._device} --from {began} --to {ended} --reason …",
        )

    def _written(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat(timespec="milliseconds")


def run(
    terminal: Terminal,
    camera: Camera,
    carrier: Carrier,
    clock: Clock,
    stop: threading.Event,
    *,
    frames_per_second: float,
) -> None:
    """Look until a signal sets `stop` or a file is over. One thread, so that a heartbeat knows what is unfinished."""
    pause = 1 / frames_per_second
    next_at = clock.monotonic()
    while not stop.is_set():
        frame = camera.newest()
        if camera.ended:
            _finish(terminal, carrier, clock, stop)
            return
        terminal.look(frame, clock.now())
        next_at = max(next_at + pause, clock.monotonic())
        while True:
            _turn(terminal, carrier, clock)
            left = next_at - clock.monotonic()
            if left <= 0 or stop.wait(min(left, TURN_SECONDS)):
                break


def _finish(terminal: Terminal, carrier: Carrier, clock: Clock, stop: threading.Event) -> None:
    """A file's last frames are still with the encoder."""
    end = clock.monotonic() + LAST_SECONDS
    while terminal.is_waiting and clock.monotonic() < end and not stop.wait(TURN_SECONDS):
        _turn(terminal, carrier, clock)


def _turn(terminal: Terminal, carrier: Carrier, clock: Clock) -> None:
    terminal.settle(clock.now())
    try:
        carrier.turn()
    except QueueError as error:
        log.error("the queue fails", action="terminal.queue_failed", error=str(error))
