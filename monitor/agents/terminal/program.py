"""`jiancha terminal` put together: check the file, or recognise until a signal."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import TextIO
from zoneinfo import ZoneInfo

import structlog

from monitor.agents.device.config import BadConfig
from monitor.agents.device.kept import KeptEvents
from monitor.agents.device.uplink import Uplink
from monitor.agents.terminal.config import TERMINAL, TerminalConfig
from monitor.agents.terminal.display import Display
from monitor.agents.terminal.faces import Faces
from monitor.agents.terminal.gallery import GalleryFeed, Server
from monitor.agents.terminal.terminal import Terminal, run
from monitor.attendance.recognition.vision.frames import Camera, open_camera, without_password
from monitor.clock import Clock
from monitor.signals import ends_by

log = structlog.get_logger(__name__)

LONGEST_NUMBER = 64


def checked(config: TerminalConfig, camera: str | None) -> Iterator[str]:
    """Lines that tell what would run."""
    own, server = config.terminal, config.server
    way = "1:1 刷卡后比对 by card" if own.card_reader else "1:N 直接识别 by face alone"
    yield f"设备 device {own.device}  摄像头 camera {without_password(camera or own.camera or '-')}  {way}"
    yield f"人脸库 gallery {server.url}  至多 at most {server.gallery_most_hours:g} h  队列 queue {own.queue}"
    yield f"活体动作 challenge {'有 asked' if own.challenge else '无 NONE: 照片即可冒签 a photograph checks in'}"


def terminal(
    config: TerminalConfig, camera: str | None, clock: Clock, *, display: TextIO, numbers: TextIO, as_json: bool
) -> None:
    """Recognise until SIGTERM, SIGINT or the end of a file. `display`: what people are told; `numbers`: lines of the
    card reader. Errors of start: BadConfig, SourceError, QueueError.
    """
    own = config.terminal
    # Closed in the reverse order: the uplink's last heartbeat still asks what is proven.
    with (
        ends_by(signal.SIGINT, signal.SIGTERM) as stop,
        closing(_camera(config, camera)) as source,
        closing(KeptEvents(own.queue, most=own.queue_most, program=TERMINAL.name)) as kept,
        closing(_feed(config, clock)) as feed,
        closing(Faces()) as faces,
    ):
        cards = _cards(numbers) if own.card_reader else None
        made = Terminal(
            config, faces=faces, feed=feed, kept=kept, cards=cards,
            display=Display(display, ZoneInfo(own.zone), as_json=as_json),
        )  # fmt: skip
        uplink = Uplink(own, config.mqtt, kept, clock, TERMINAL, proven=lambda: made.proven(clock.now()))
        with closing(uplink):
            feed.start()
            uplink.start()
            _say_start(config, kept.waiting)
            run(made, source, uplink, clock, stop, frames_per_second=own.frames_per_second)
        counts = faces.counts
        log.info("ended", action="terminal.ended", signal=stop.is_set(), attempts=dict(made.desk.counts),
                 encoded=counts.encoded, dropped=counts.dropped, lost=counts.lost)  # fmt: skip


def _say_start(config: TerminalConfig, waiting: int) -> None:
    own = config.terminal
    log.info("recognising", action="terminal.started", device=own.device, waiting=waiting, cards=own.card_reader)
    if not own.challenge:
        log.warning(
            "terminal.challenge = false: 举起照片即可冒签 whoever holds up a photograph checks somebody in",
            action="terminal.no_challenge",
        )


def _camera(config: TerminalConfig, given: str | None) -> Camera:
    source = given or config.terminal.camera
    if not source:
        raise BadConfig("terminal.camera: 未给出摄像头 no camera is given; write it there, or --camera SOURCE")
    return open_camera(source, config.terminal.frames_per_second, program=TERMINAL.name)


def _feed(config: TerminalConfig, clock: Clock) -> GalleryFeed:
    server = config.server
    try:
        made = Server(server, config.terminal.device)
    except OSError as error:  # an authority that is no certificate; ssl.SSLError is one
        raise BadConfig(f"server.ca: {server.ca}: 不是证书 is no certificate (PEM): {error}") from error
    return GalleryFeed(made, clock, poll_seconds=server.poll_seconds, most_hours=server.gallery_most_hours)


def _cards(numbers: TextIO) -> queue.SimpleQueue[str]:
    """Lines of the reader, each a staff number, by a thread that ends with the process."""
    read: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        try:
            for line in numbers:
                number = line.strip()
                if 0 < len(number) <= LONGEST_NUMBER:
                    read.put(number)
        except (OSError, ValueError) as error:
            log.error("the card reader fails", action="terminal.reader_failed", error=str(error))
        log.warning("no more lines from the card reader", action="terminal.reader_ended")

    threading.Thread(target=listen, name="cards", daemon=True).start()
    return read
