"""The figures of case reasons, as `wording` renders them; docs/adr/0003 lists codes and figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.timeliness.case import Case
from monitor.timeliness.fold import End
from monitor.timeliness.limits import Limits


def case_figures(case: Case, end: End | None) -> Mapping[str, Any]:
    """Figures of every case reason; none that moves with `now`, so that a verdict stands until its next check."""
    view = case.view
    return json_values(
        {
            "case": case.facts.key,
            "item": view.item,
            "item_name": (case.item.name if case.item else "") or None,
            "received": view.received.at if view.received else None,
            "accepted": view.accepted.at if view.accepted else None,
            "end": end.kind if end else None,
            "ended": end.at if end else None,
        }
    )


def limit_figures(case: Case, limits: Limits) -> Mapping[str, Any]:
    """What the limit is and where it lies; how late an ended case was, in working days begun and working hours."""
    lead, statutory, order = limits.lead, limits.statutory, case.order
    figures: dict[str, Any] = {
        "accepted": limits.start,
        "deemed": case.deemed or None,
        "limit_source": lead.source,
        "limit": lead.amount,
        "unit": lead.unit,
        "due": lead.at,
        "provisional": lead.provisional,
        "paused_days": lead.paused_days,
        "extension_days": lead.extension_days,
        "statutory": statutory.amount if statutory else None,
        "statutory_due": statutory.at if statutory else None,
        "order_opened": order.opened_at if order else None,
        "order_answered": order.answered_at if order else None,
    }
    end, calendar = case.view.end, case.calendar
    if end is not None and lead.at is not None and end.at > lead.at:
        date_of = calendar.local_date
        figures["overdue_days"] = calendar.workdays_between(date_of(lead.at), date_of(end.at))
        figures["overdue_hours"] = round(calendar.working_time_between(lead.at, end.at).total_seconds() / 3600, 2)
    return figures


def json_values(figures: Mapping[str, Any]) -> Mapping[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in figures.items() if v is not None}
