"""What the statistics of a signed period say of service (A.9, I09): satisfaction, and hotline orders. Reads only."""

from __future__ import annotations

from typing import Any

from monitor.store import orderfigures, ratings
from monitor.store.facts.look import Look
from monitor.supervision.compare import Period
from monitor.supervision.ratings import in_halls


def service(look: Look, hall: str, span: Period, bad_at_most: int) -> dict[str, Any]:
    """{"ratings", "bad", "set_aside", "satisfaction", "average", "orders", "orders_done", "orders_late"}.

    A share and an average of nothing is None. Whether who called the hotline was content (工单办理满意率) no source
    tells: there is no figure of it.
    """
    where = (ratings.in_span(span.start, span.end), in_halls(look.conn, look.registry, [hall]))
    scores = ratings.tally(look.conn, where, bad_at_most)[None]
    return {
        "ratings": scores.total, "bad": scores.bad(bad_at_most), "set_aside": scores.set_aside,
        "satisfaction": scores.ratio(bad_at_most), "average": scores.average,
        **orderfigures.hotline(look.conn, hall, span.start, span.end),
    }  # fmt: skip
