"""What a window's month comes to in figures: its cases, and once it is over what its rates lack (C24, D05, G22).

A share is missing of what could have been there: of the cases that were completed or ought to have been, those that
were open past their limit at the month's end; of the completed ones, the late ones; of the ratings, the bad ones that
nobody set aside. A case within its limit is no shortcoming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sqlalchemy import and_, or_

from monitor.assessment.model import Fact
from monitor.store import casestats, ratings
from monitor.store.casestats import STAT
from monitor.store.facts.integrity import RATING
from monitor.store.facts.scoring_month import HallMonth
from monitor.timeliness.statistics import Counts
from monitor.workcal.tables import micros

PLACES: Final = Decimal("0.000001")


def cases_of(m: HallMonth) -> dict[str, Counts]:
    """What statistics count of each window, by window."""
    start, end = micros(m.start), micros(m.end)
    mine = or_(
        and_(STAT.c.ended_us.is_not(None), STAT.c.ended_us >= start),
        STAT.c.ended_us.is_(None),
        and_(STAT.c.ended_us.is_not(None), STAT.c.received_us >= start, STAT.c.received_us < end),
    )
    summed = casestats.sums(m.look.conn, m.start, m.end, hall=m.hall, group=("window",), among=mine)
    return {window: counts for (window,), counts in sorted(summed.items(), key=str) if window in m.windows and window}


def share_facts(m: HallMonth, cases: Mapping[str, Counts]) -> Iterator[Fact]:
    if not m.is_over:
        return
    for window, counts in cases.items():
        wanted = counts.completed + counts.open_overdue
        yield from _missing(
            m, "share.completion", window, counts.open_overdue, wanted,
            {"received": counts.received, "completed": counts.completed, "open_overdue": counts.open_overdue},
        )  # fmt: skip
        late = counts.completed - counts.on_time
        told = {"completed": counts.completed, "on_time": counts.on_time}
        yield from _missing(m, "share.on_time", window, late, counts.completed, told)
    worst = m.policy.rating.bad_at_most
    where = [ratings.in_span(m.start, m.end), RATING.c.window.in_(m.windows), RATING.c.received <= m.look.now]
    for window, scores in sorted(ratings.tally(m.look.conn, where, worst, "window").items()):
        told = {"ratings": scores.total, "bad": scores.bad(worst), "set_aside": scores.set_aside}
        yield from _missing(m, "share.satisfaction", window, scores.bad(worst), scores.total, told)


def _missing(m: HallMonth, source: str, window: str, part: int, whole: int, figures: dict[str, int]) -> Iterator[Fact]:
    """Nothing where nothing is missing, or there was nothing to have a share of."""
    if part > 0 and whole > 0:
        amount = (Decimal(part) / Decimal(whole)).quantize(PLACES, ROUND_HALF_UP)
        yield m.monthly(source, window, amount, dict(figures))
