"""What a public screen shows (B09, A06, H10): released things alone, and of people what `[screen]` allows, no more.

Every text passes `Names.public`: a name of somebody of the hall that stands in a notice is shown as names are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from monitor.settings import Policy, ScreenSettings
from monitor.store import alerts, notices
from monitor.store.board import STAT
from monitor.store.facts.look import Look
from monitor.supervision.caseasked import midnight
from monitor.supervision.compare import Period
from monitor.supervision.leavefeed import leave_feed
from monitor.supervision.statistics import statistics
from monitor.workcal.tables import micros

MOST_OF_A_KIND: Final = 30
PROMISES_SECONDS: Final = 60.0
"""How long the month's figures of a hall are kept: many screens ask, a count of a month is not free."""
SOMEBODY: Final = "工作人员"
_RANK: Final = {"none": 0, "masked": 1, "full": 2}
_PAGE_OF: Final = {"praise": "praise", "circular": "circulars", "notice": "notices"}


class Names:
    """Names of a hall's people as the public may read them: full, masked (张*) or none."""

    def __init__(self, conn: Connection, people: Iterable[str], how: str) -> None:
        self._how = how
        known = alerts.names(conn, {"staff": sorted(people)})
        self._known = {key.partition(":")[2]: name for key, name in known.items() if name}
        self._longest = sorted({n for n in self._known.values() if len(n) > 1}, key=lambda n: (-len(n), n))

    def of(self, staff: str | None) -> str | None:
        name = self._known.get(staff or "")
        if self._how == "none" or not name:
            return None
        return name if self._how == "full" else name[:1] + "*"

    def public(self, text: str) -> str:
        """The text with its names so. A name within another word goes as well: better one word too few."""
        if self._how == "full":
            return text
        for name in self._longest:
            text = text.replace(name, name[:1] + "*" if self._how == "masked" else SOMEBODY)
        return text


def names_of(look: Look, hall: str, how: str) -> Names:
    people = (staff for staff in look.registry.staff if look.registry.hall_of_staff(staff) == hall)
    return Names(look.conn, people, how)


@dataclass(frozen=True, kw_only=True, slots=True)
class Promises:
    """The month so far. `kept`: share of cases completed with a promised limit that were on time; None: too few."""

    month: str
    completed: int
    kept: float | None
    days: float | None
    """Mean of calendar days from receipt to completion; None: too few."""

    def to_json(self) -> dict[str, Any]:
        return {"month": self.month, "completed": self.completed, "kept": self.kept, "days": self.days}


class Feeds:
    """Makes feeds; keeps the month's figures of a hall for a minute. `policy`: the one in force; `monotonic`: real
    seconds. Thread-safe.
    """

    def __init__(self, policy: Callable[[], Policy], settings: ScreenSettings, monotonic: Callable[[], float]) -> None:
        self._policy, self._settings, self._monotonic = policy, settings, monotonic
        self._kept: dict[str, tuple[float, date, Promises]] = {}
        self._lock = threading.Lock()

    def pages(self, look: Look, hall: str) -> list[dict[str, Any]]:
        """{"kind", "items"} in the order of `screen.show`; a page of nothing is left out."""
        day = look.now.astimezone(look.registry.zone_of(hall)).date()
        names = names_of(look, hall, self._settings.names)
        released = _released(look, hall, day, names)

        def items(kind: str) -> list[dict[str, Any]]:
            if kind == "promises":
                month = self.promises(look, hall, day)
                return [month.to_json()] if month.completed else []
            return self._leave(look, hall, day) if kind == "leave" else released.get(kind, [])

        found = [{"kind": kind, "items": items(kind)} for kind in self._settings.show]
        return [page for page in found if page["items"]]

    def promises(self, look: Look, hall: str, day: date) -> Promises:
        with self._lock:
            kept = self._kept.get(hall)
        if kept is not None and kept[1] == day and self._monotonic() - kept[0] < PROMISES_SECONDS:
            return kept[2]
        found = self._count(look, hall, day)
        with self._lock:
            self._kept[hall] = (self._monotonic(), day, found)
        return found

    def _count(self, look: Look, hall: str, day: date) -> Promises:
        calendar = look.book.for_hall(look.registry, hall)
        start = midnight(calendar, day.replace(day=1))
        if start >= look.now:
            return Promises(month=f"{day:%Y-%m}", completed=0, kept=None, days=None)
        told = statistics(look, self._policy().timeliness, Period(start=start, end=look.now), hall=hall).to_json()
        figures = told["figures"]
        enough = figures["completed"] >= self._settings.least_cases
        promised = figures["completed_promised"] >= self._settings.least_cases
        return Promises(
            month=f"{day:%Y-%m}", completed=figures["completed"],
            kept=figures["promised_on_time_rate"] if promised else None,
            days=_mean_days(look.conn, hall, start, look.now) if enough else None,
        )  # fmt: skip

    def _leave(self, look: Look, hall: str, day: date) -> list[dict[str, Any]]:
        """Names as the stricter of `screen.names` and `post.published_names` says; with none only the window."""
        post = self._policy().post
        how = min(self._settings.names, post.published_names, key=lambda one: _RANK[one])
        feed = leave_feed(look, post.model_copy(update={"published_names": how}), day, hall=hall)
        return [
            {
                "unit": row["unit_name"] or "", "name": row["name"], "from": row["from"], "to": row["to"],
                "windows": [
                    {"window": one["window_name"], "cover": [c["name"] for c in one["cover"]]}
                    for one in row["windows"]
                ],
            }
            for row in feed["rows"]
            if row["name"] is not None or row["windows"]
        ]  # fmt: skip


def _mean_days(conn: Connection, hall: str, start: datetime, end: datetime) -> float | None:
    query = select(func.avg(STAT.c.ended_us - STAT.c.received_us)).where(
        STAT.c.hall == hall, STAT.c.end == "completed", STAT.c.ended_us >= micros(start), STAT.c.ended_us < micros(end),
        STAT.c.received_us.is_not(None), STAT.c.historic.is_(False),
    )  # fmt: skip
    found = conn.execute(query).scalar()
    return round(float(found) / 86_400_000_000, 1) if found is not None else None


def _released(look: Look, hall: str, day: date, names: Names) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in notices.shown(look.conn, hall, day, MOST_OF_A_KIND * len(_PAGE_OF)):
        page = found.setdefault(_PAGE_OF[row.kind], [])
        if len(page) < MOST_OF_A_KIND:
            page.append(as_shown(row, names))
    return found


def as_shown(row: Any, names: Names) -> dict[str, Any]:
    """A notice as the public reads it; the preview shows the same."""
    return {
        "title": names.public(row.title), "text": names.public(row.text), "reference": names.public(row.reference),
        "who": names.of(row.staff) or "",
    }  # fmt: skip
