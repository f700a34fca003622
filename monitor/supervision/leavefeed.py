"""Leave published (请销假公示, B09): who is away today and who stands in, for the public screen.

Never the kind of leave, its letter or reason: those are a person's own affair (DESIGN §1F).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.attendance.facts import Leave, Substitute
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import is_approved, leave_covering
from monitor.model import Post
from monitor.store import alerts, plans
from monitor.store.facts.look import Look
from monitor.supervision.commands import require_known
from monitor.supervision.views import stamp

RANKED = {"A": 0, "B": 1, "S": 2}


def leave_feed(look: Look, policy: PostPolicy, day: date, *, hall: str | None = None) -> dict[str, Any]:
    """{"date", "as_of", "names", "rows": [{"hall", "unit", "unit_name", "name", "from", "to", "windows"}]}, a
    window as {"window", "window_name", "cover": [{"name", "from", "to"}]}.

    Leave approved by the look's time that meets the local date. `cover`: the filed substitutes of that time, else
    the next of the window's own people who is not on leave at its beginning. Names as `post.published_names` says; with
    none they are null. Raises Refused for a hall that there is not.
    """
    require_known(look.registry, hall=hall)
    rows: list[dict[str, Any]] = []
    names = _Names(look, policy)
    for each in sorted(look.registry.halls):
        if hall in (None, each):
            rows += _of_hall(look, each, day, names)
    zone = look.registry.zone_of(hall)
    return {"date": day.isoformat(), "as_of": stamp(look.now, zone), "names": policy.published_names, "rows": rows}


def _of_hall(look: Look, hall: str, day: date, names: _Names) -> Iterator[dict[str, Any]]:
    zone = ZoneInfo(look.registry.halls[hall].zone)
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    people = sorted(s for s in look.registry.staff if look.registry.hall_of_staff(s) == hall)
    held = {window.id: look.registry.posts_on(window.id, day) for window in look.registry.windows.values()
            if window.hall == hall}  # fmt: skip
    filed = plans.substitutes(look.conn, sorted(held), start, end)
    others = {p.staff for posts in held.values() for p in posts} | {s.staff for f in filed.values() for s in f}
    leaves = plans.leaves(look.conn, sorted({*people, *others}), start, end)
    away = [v for staff in people for v in leaves.get(staff, ()) if is_approved(v, look.now)]
    everyone = [v for mine in leaves.values() for v in mine]
    for leave in sorted(away, key=lambda v: (v.start, v.staff, v.id)):
        unit = look.registry.staff[leave.staff].unit
        known = look.registry.units.get(unit or "")
        windows = [
            w for w, posts in sorted(held.items()) if any(p.staff == leave.staff and p.rank != "S" for p in posts)
        ]
        yield {
            "hall": hall,
            "unit": unit,
            "unit_name": known.name if known and known.name else unit,
            "name": names.of(leave.staff),
            "from": stamp(leave.start, zone),
            "to": stamp(leave.end, zone),
            "windows": [
                {
                    "window": w,
                    "window_name": look.registry.windows[w].name or w,
                    "cover": [
                        {"name": names.of(staff), "from": stamp(a, zone), "to": stamp(b, zone)}
                        for staff, a, b in _cover(leave, held[w], filed.get(w, ()), everyone, look.now)
                    ],
                }
                for w in windows
            ],
        }


def _cover(
    leave: Leave, posts: Iterable[Post], filed: Iterable[Substitute], leaves: Iterable[Leave], now: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    """Who stands in, each with the time of it."""
    mine = [s for s in filed if s.start < leave.end and leave.start < s.end and s.staff != leave.staff]
    if mine:
        for one in sorted(mine, key=lambda s: (s.start, s.id)):
            yield one.staff, max(one.start, leave.start), min(one.end, leave.end)
        return
    for post in sorted(posts, key=lambda p: (RANKED.get(p.rank, 3), p.staff)):
        if post.staff != leave.staff and leave_covering(leaves, post.staff, leave.start, now) is None:
            yield post.staff, leave.start, leave.end
            return


class _Names:
    """Names as they may be shown in public."""

    def __init__(self, look: Look, policy: PostPolicy) -> None:
        self._how = policy.published_names
        staff = sorted(look.registry.staff) if self._how != "none" else []
        self._known: Mapping[str, str] = alerts.names(look.conn, {"staff": staff}) if staff else {}

    def of(self, staff: str) -> str | None:
        """张三, 张* or None; somebody without a name is shown by nothing that tells who it is."""
        name = self._known.get(f"staff:{staff}", "")
        if self._how == "none":
            return None
        if self._how == "full":
            return name or staff
        return name[:1] + "*" if name else "*"
