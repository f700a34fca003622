"""One poll of a view: rows → case events in our store, then the heartbeat that says how far it reached (ADR 0012)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection

from monitor.ingest.caserows import digest_of, gives, payload_of
from monitor.ingest.check import FUTURE, Prepared, prepare
from monitor.ingest.decode import Message
from monitor.ingest.feed import BATCH, REFUSALS_NAMED, Fed
from monitor.ingest.maps import BadMap, CaseMap, load_map
from monitor.ingest.sqlview import marks
from monitor.ingest.sqlview.marks import Mark
from monitor.ingest.sqlview.source import BadSource, Row, View
from monitor.ingest.writer import BatchResult, Writing, write_prepared
from monitor.model import Event, Registry
from monitor.redact import SECRETS, passwords_in
from monitor.settings import FeedSettings
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.sql import chunks

BUSY_BEAT: Final = timedelta(seconds=20)
"""While a long poll runs, the source says so often that it is alive and not at the end yet."""
KNOWN_MOST: Final = 20_000
NOT_OURS: Final = ("as_of", "hall", "namespace", "calendar", "sheet")
"""Keys of a map that a feed does not take: they are the registry's, or a file's."""


class BadView(ValueError):
    """A feed that cannot be polled as it is configured; the text names the feed, the key and the way out."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A configured feed, ready to be polled."""

    settings: FeedSettings
    mapping: CaseMap
    view: View
    known: dict[str, None] = field(default_factory=dict, repr=False)
    """Ids of the events stored lately: what the overlap reads again is not written again."""

    @property
    def id(self) -> str:
        return self.settings.id

    @property
    def mark_key(self) -> str:
        return f"feed.{self.id}.mark"


@dataclass(frozen=True, kw_only=True, slots=True)
class Polled:
    """What one poll brought: rows read, and what became of their events."""

    rows: int
    fed: Fed
    results: tuple[BatchResult, ...] = field(default=(), repr=False)


def open_feed(settings: FeedSettings, maps: Path) -> Feed:
    """Read the map (a file, or a shipped one of the folder `maps`) and prepare the view. Raises BadView.

    Nothing is connected yet: whether the other database answers shows at the first poll.
    """
    where = f"feeds: {settings.id}"
    shipped = maps / f"{settings.map}.toml"
    try:
        mapping = load_map(shipped if shipped.is_file() else Path(settings.map))
        if set_here := [key for key in NOT_OURS if getattr(mapping, key) != CaseMap.model_fields[key].default]:
            raise BadView(
                f"{where}: map: {', '.join(set_here)}: 应写在台账的该设备行 "
                f"say it in the registry's row of {settings.id}"
            )
        view = View(
            _url(settings),
            columns=sorted(mapping.columns()),
            mark=settings.mark,
            view=settings.view,
            query=settings.query,
            page_rows=settings.page_rows,
            timeout_seconds=settings.timeout_seconds,
            zone=mapping.time.zone,
        )
    except BadMap as error:
        raise BadView(f"{where}: map: {error}") from None
    except FileNotFoundError as error:
        if error.filename == settings.url_file:
            raise BadView(f"{where}: url_file: {settings.url_file}: 没有这个文件 no such file") from None
        raise BadView(
            f"{where}: map: {settings.map!r} 既不是文件也不是随附的映射 is neither a file nor a shipped map"
        ) from None
    except (BadSource, OSError) as error:
        raise BadView(f"{where}: {error}") from None
    return Feed(settings=settings, mapping=mapping, view=view)


def _url(settings: FeedSettings) -> str:
    found = _given_url(settings)
    SECRETS.learn(*passwords_in(found))
    return found


def _given_url(settings: FeedSettings) -> str:
    if settings.url is not None:
        return settings.url.get_secret_value()
    if settings.url_file is not None:
        return Path(settings.url_file).read_text(encoding="utf-8-sig").strip()
    found = os.environ.get(settings.url_env or "")
    if not found:
        raise BadSource(f"url_env: 环境中没有 the environment has no {settings.url_env}")
    return found


def poll(
    store: Store,
    feed: Feed,
    registry: Registry,
    *,
    now: Callable[[], datetime],
    future: timedelta = FUTURE,
    going_on: Callable[[], bool] = lambda: True,
) -> Polled | None:
    """Read what is new in the view, to its end.

    1. From the mark that was reached before, less the overlap: late rows are read, known events are duplicates.
    2. A page of rows in short transactions; the last of them holds the page's mark, so that a crash costs one page.
    3. Only at the end the heartbeat with the time at which the poll began: up to then the view has told everything.
       A poll that breaks off moves no watermark.

    None where `going_on` ended it. Raises BadView where the registry does not know the feed, SourceAway where the other
    database does not answer; what was stored until then stays.
    """
    require_registered(feed, registry)
    work = _Poll(store=store, feed=feed, registry=registry, now=now, future=future)
    began = work.beaten = now()
    for page in feed.view.pages(work.low()):
        if not going_on():
            return None
        work.take(page)
    work.require_mark()
    work.beat(began, queue=0)
    return Polled(rows=work.rows, fed=work.fed, results=tuple(work.results))


def require_registered(feed: Feed, registry: Registry) -> None:
    """BadView unless the registry has the feed as a case source whose heartbeats move its watermark."""
    device = registry.devices.get(feed.id)
    if device is None:
        raise BadView(f'feeds: {feed.id}: 未登记 no such device; add it to the registry\'s devices with kind = "cases"')
    if not device.allows("case"):
        raise BadView(
            f'feeds: {feed.id}: 该类设备不报办件 a device of kind {device.kind} sends no cases; make it kind = "cases"'
        )
    if not device.owes_heartbeats:
        raise BadView(
            f"feeds: {feed.id}: devices.watermark is {device.watermark}; 应留空，轮询即心跳 "
            "leave it empty: polls are heartbeats"
        )


@dataclass(kw_only=True)
class _Poll:
    store: Store
    feed: Feed
    registry: Registry
    now: Callable[[], datetime]
    future: timedelta
    rows: int = 0
    fed: Fed = field(default_factory=Fed)
    results: list[BatchResult] = field(default_factory=list)
    beaten: datetime | None = None
    marked: bool = False

    def low(self) -> Mark | None:
        with self.store.read() as conn:
            text = meta.text(conn, self.feed.mark_key)
        settings = self.feed.settings
        self.marked = text is not None
        if text is None:
            return self._start()
        try:
            return marks.below(marks.loaded(text), settings.overlap, self.feed.mapping.time)
        except marks.NoTime as error:
            raise BadView(f"feeds: {self.feed.id}: {error}") from None

    def _start(self) -> Mark | None:
        """`start`; a time of the configuration as the view writes it, where its times are text."""
        start, time = self.feed.settings.start, self.feed.mapping.time
        return marks.as_text(start, time) if isinstance(start, datetime) and self.feed.view.times_are_text else start

    def require_mark(self) -> None:
        """BadView where rows came and from none of them can be gone on: the next poll would begin anew, for ever."""
        if self.rows and not self.marked:
            raise BadView(
                f"feeds: {self.feed.id}: mark: 没有一行可作水位 no row has a mark to go on from (format"
                f" {self.feed.mapping.time.format}): set overlap = 0, or take another column"
            )

    def _reached(self, page: Sequence[Row]) -> Mark | None:
        overlap, time = self.feed.settings.overlap, self.feed.mapping.time
        found = map(self.feed.view.mark_of, reversed(page))
        return next((mark for mark in found if marks.readable(mark, overlap, time)), None)

    def take(self, page: Sequence[Row]) -> None:
        received = self.now()
        batches = list(chunks(list(self._messages(page, received)), BATCH)) or [[]]
        for n, batch in enumerate(batches, 1):
            self._write(batch, received, self._reached(page) if n == len(batches) else None)
        self.rows += len(page)
        if self.beaten is None or received - self.beaten >= BUSY_BEAT:
            self.beat(received, queue=1)

    def beat(self, at: datetime, *, queue: int) -> None:
        """As a device would: `queue` 0 says that everything up to `at` was given before."""
        self.beaten = at
        payload = msgspec.json.encode({"at": at.isoformat(), "queue": queue})
        beat = Message(device=self.feed.id, channel="heartbeat", payload=payload, received=at)
        self._write([(0, beat)], at, None)

    def _write(self, batch: Sequence[tuple[int, Message]], received: datetime, reached: Mark | None) -> None:
        lenient = self.feed.mapping.registry == "lenient"
        how = Writing(lenient=lenient, due=received, future=self.future)
        prepared = [prepare(message, self.registry, lenient=lenient) for _, message in batch]
        mark = None if reached is None else marks.not_ahead(reached, received, self.feed.mapping.time)
        try:
            dumped = None if mark is None else marks.dumped(mark)
        except marks.NoMark as error:
            raise BadView(f"feeds: {self.feed.id}: {error}") from None
        self.marked = self.marked or dumped is not None

        def work(conn: Connection) -> BatchResult:
            result = write_prepared(conn, prepared, self.registry, how)
            if dumped is not None:
                meta.set_text(conn, self.feed.mark_key, dumped)
            return result

        if prepared or dumped is not None:
            result = self.store.step(work)
            self.results.append(result)
            if not any(message.channel == "heartbeat" for _, message in batch):
                self.fed = self.fed.plus(result, [number for number, _ in batch], REFUSALS_NAMED)
                self._remember(prepared, result)

    def _remember(self, prepared: Sequence[Prepared], result: BatchResult) -> None:
        """What is refused is tried again at the next poll: its cause may be mended by then."""
        known = self.feed.known
        for one, outcome in zip(prepared, result.outcomes, strict=True):
            if outcome.result != "quarantined" and isinstance(one.said, Event):
                known[one.said.id] = None
        while len(known) > KNOWN_MOST:
            known.pop(next(iter(known)))

    def _messages(self, page: Sequence[Row], received: datetime) -> Iterator[tuple[int, Message]]:
        """(number of the row in this poll, message). A row that has changed gives other events beside the known ones.

        The id is therefore made of all that the event says: a view shows the present state, and an event whose person
        has changed since is no contradiction. Of two events of one case, kind and second the first stored one stands.
        """
        for number, row in enumerate(page, self.rows + 1):
            for rule in self.feed.mapping.events:
                if gives(rule, row):
                    at = self.feed.mapping.time.instant(row.get(rule.at))
                    payload = payload_of(self.feed.mapping, rule, row, at)
                    payload["id"] = digest_of(payload)
                    if payload["id"] in self.feed.known:
                        continue
                    content = msgspec.json.encode(payload, order="deterministic")
                    yield number, Message(device=self.feed.id, channel="case", payload=content, received=received)
