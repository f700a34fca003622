"""High-water marks (水位标) of a view: stored, taken back by the overlap, kept out of the future. Pure."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

from monitor.ingest.maps import TimeFormat

Mark: TypeAlias = str | int | float | Decimal | datetime | date


class Endless(str):
    """A time that no `datetime` holds (PostgreSQL's infinity, a year beyond 9999), as its database writes it."""

    __slots__ = ()


class NoMark(ValueError):
    """A mark of a type that cannot be stored."""


class NoTime(ValueError):
    """A mark that is text and no time of the map's format, where a time is needed."""


def dumped(mark: Mark) -> str:
    """The mark as text that `loaded` makes the same value of. Raises NoMark."""
    if not isinstance(mark, str | int | float | Decimal | date):
        raise NoMark(
            f"mark: {type(mark).__name__} 既非时间，也非数字或文字 is neither a time, a number nor text; "
            "take another column"
        )
    if isinstance(mark, datetime | date):
        return json.dumps(["datetime" if isinstance(mark, datetime) else "date", mark.isoformat()])
    return json.dumps(["decimal", str(mark)]) if isinstance(mark, Decimal) else json.dumps(["plain", mark])


def loaded(text: str) -> Mark:
    kind, value = json.loads(text)
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    plain: Mark = Decimal(value) if kind == "decimal" else value
    return plain


def readable(mark: Mark, overlap: int, time: TimeFormat) -> bool:
    """Whether reading can go on from this mark: not from a time without end, nor from text that is no time where the
    overlap has to be taken off. One such row must not stop all that come after it.
    """
    if isinstance(mark, Endless):
        return False
    if isinstance(mark, str) and overlap:
        try:
            _read(mark, time)
        except NoTime:
            return False
    return True


def below(mark: Mark, overlap: int, time: TimeFormat) -> Mark:
    """The mark less the overlap: seconds of a time, units of a number. Raises NoTime."""
    if not overlap:
        return mark
    if isinstance(mark, datetime):
        return mark - timedelta(seconds=overlap)
    if isinstance(mark, date):
        return mark - timedelta(days=-(-overlap // 86_400))
    if isinstance(mark, str):
        return _written(_read(mark, time) - timedelta(seconds=overlap), mark, time)
    return mark - overlap


def not_ahead(mark: Mark, now: datetime, time: TimeFormat) -> Mark:
    """The mark, or `now` where it lies later: one row with a wrong date must not hide all that come before it."""
    zone = ZoneInfo(time.zone)
    if isinstance(mark, datetime):
        return min(mark, now) if mark.tzinfo else min(mark, now.astimezone(zone).replace(tzinfo=None))
    if isinstance(mark, date):
        return min(mark, now.astimezone(zone).date())
    if isinstance(mark, str):
        try:
            at = _read(mark, time)
        except NoTime:
            return mark  # running numbers may be text; they know no future
        limit = now.astimezone(at.tzinfo) if at.tzinfo else now.astimezone(zone).replace(tzinfo=None)
        return mark if at <= limit else _written(limit, mark, time)
    return mark


def as_text(at: datetime, time: TimeFormat) -> str:
    """The time as a view writes it whose times are text; of two writings of ISO the one that sorts first."""
    local = at if at.tzinfo is None else at.astimezone(ZoneInfo(time.zone)).replace(tzinfo=None)
    return _written(local, "2026-03-02 09:00", time)


def _read(text: str, time: TimeFormat) -> datetime:
    try:
        return time.parsed(text)
    except ValueError:
        raise NoTime(
            f"mark: {text!r} 不是时间 is no time (format {time.format}): set overlap = 0, or take another column"
        ) from None


def _written(at: datetime, like: str, time: TimeFormat) -> str:
    """The time as the view writes its times, so that the database compares like with like."""
    if time.format != "iso":
        return at.strftime(time.format)
    if len(like) == len("2026-03-02"):
        return at.date().isoformat()
    text = at.isoformat(sep=like[10], timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if like.endswith("Z") and at.tzinfo is UTC else text
