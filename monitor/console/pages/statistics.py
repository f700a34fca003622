"""The page of statistics (统计): the figures of `report statistics` with their definitions, charts beside tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.cases import given_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.console.pages.spans import Span, month_of, parse_span
from monitor.store import alerts
from monitor.store.casestats import By
from monitor.store.facts.look import Look
from monitor.supervision.caseasked import calendar_of, parse_day, parse_period, require_hall, require_text
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.supervision.statistics import BY
from monitor.supervision.statreport import by_month, report
from monitor.wording.casewords import PARTS
from monitor.wording.render import pick
from monitor.wording.statistics import FIGURES, NOTES

HEAD: Final = (
    "received", "completed", "promised_on_time_rate", "immediate_rate", "open", "open_overdue", "completed_late",
    "overdue",
)  # fmt: skip
"""The figures at the top; the table has all of them."""
COLUMNS: Final = (
    "received", "accepted", "completed", "completed_immediate", "immediate_rate", "promised_on_time_rate",
    "promised_early_rate", "completed_late", "open", "open_overdue", "overdue",
)  # fmt: skip
"""Of the parts, as `report statistics --by` prints them; the API has all figures of each."""
TREND: Final = ("received", "completed", "completed_late", "promised_on_time_rate", "open_overdue")
BARS_MOST: Final = 20
DEFAULT_BY: Final[By] = "unit"


def add_statistics(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "cases:read")

    @pages.get("/statistics")
    def statistics(request: Request, signed: Signed = Depends(person)) -> Response:
        """Of a month, a quarter, a year or dates of one's own; without any, of the present month."""
        given, language = given_of(request), language_of(request)
        hall, by = given.get("hall", ""), _by(given.get("by", ""))
        require_text(hall, "hall")
        with looked(deps) as look:
            require_hall(look.registry, hall, signed.person)
            today = calendar_of(look, hall).local_date(look.now)
            span = asked_span(given, today)
            period = parse_period(look, span.first.isoformat(), span.last.isoformat(), hall)
            told = report(look, deps.policy, period, hall=hall or None, by=by, who=signed.person).told
            end = min(span.last, today).isoformat()
            months = by_month(look, deps.policy, end, hall=hall or None, who=signed.person)
            names = _names(look, by, told["parts"])
            halls = list(halls_within(look.registry, signed.person).items())
        shown = _shown(told, months, names, by, language)
        own = {"hall": hall, "by": by}
        return page(
            request, "statistics.html", signed=signed, span=span, today=today, halls=halls if len(halls) > 1 else [],
            hall=hall, by=by, title=span.title(language), own=own, ways=_ways(span, today, own),
            parts_of=[(name, pick(PARTS[name], language)) for name in BY], **shown,
        )  # fmt: skip


def asked_span(given: Mapping[str, str], today: date) -> Span:
    """Raises Refused."""
    first, last = given.get("from", ""), given.get("to", "")
    if first or last:
        start, end = parse_day(first or last, "from"), parse_day(last or first, "to")
        if end < start:
            raise Refused("止于起始之前 it ends before it begins", field="to")
        return Span(sort="own", name="", first=start, last=end)
    return parse_span(given["period"]) if given.get("period") else month_of(today)


def _by(text: str) -> By:
    for part in BY:
        if part == text:
            return part
    if text:
        raise Refused(f"{text[:40]!r} 不在可选值之内 is none of {', '.join(BY)}", field="by")
    return DEFAULT_BY


def _ways(span: Span, today: date, own: Mapping[str, str]) -> dict[str, str]:
    """Addresses of the periods around: before, after, and the other lengths."""
    names = {"before": span.before, "after": span.after(today)}
    for sort in ("month", "quarter", "year"):
        names[sort] = span.as_sort(sort, today)
    return {
        way: f"/statistics?{urlencode({'period': name, **{k: v for k, v in own.items() if v}})}"
        for way, name in names.items()
        if name
    }


def _names(look: Look, by: By, parts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Names of the parts by id: of places and items the report has them, those of people are asked for here."""
    if by == "staff":
        found = alerts.names(look.conn, {"staff": [part["id"] for part in parts if part["id"]]})
        return {key.partition(":")[2]: name for key, name in found.items()}
    return {part["id"]: part["name"] for part in parts if part["id"] and part["name"]}


def _shown(
    told: Mapping[str, Any], months: Sequence[Mapping[str, Any]], names: Mapping[str, str], by: By, language: Language
) -> dict[str, Any]:
    figures = told["figures"]
    parts = [
        {
            "id": part["id"],
            "name": names.get(part["id"] or "", part["id"]),
            "figures": [shown(name, part["figures"][name]) for name in COLUMNS],
        }
        for part in told["parts"]
        if any(part["figures"][name] for name in COLUMNS)
    ]
    return {
        "days": told["days"],
        "fresh": told["fresh"],
        "bad_checks": [check for check in told["checks"] if not check["ok"]],
        "checks": len(told["checks"]),
        "head": [_figure(name, figures[name], language) for name in HEAD],
        "figures": [_figure(name, figures[name], language) for name in FIGURES],
        "columns": [_figure(name, None, language) for name in COLUMNS],
        "parts": parts,
        "empty_parts": len(told["parts"]) - len(parts),
        "part_word": pick(PARTS[by], language),
        "months": [
            {"month": m["month"], "figures": [shown(name, m["figures"][name]) for name in TREND]} for m in months
        ],
        "trend_columns": [_figure(name, None, language) for name in TREND],
        "note": NOTES[0 if language == "zh" else 1],
        "charts": {"trend": _trend_chart(months, language), "parts": _parts_chart(told["parts"], names, language)},
    }


def _figure(name: str, value: float | None, language: Language) -> dict[str, str]:
    figure = FIGURES[name]
    zh = language == "zh"
    return {
        "name": name,
        "title": figure.zh if zh else figure.en,
        "defined": figure.defined_zh if zh else figure.defined_en,
        "value": shown(name, value),
        "unit": unit_of(name, language),
    }


UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "saved_workdays": ("个工作日", "working days"),
    "saved_items": ("项", "items"),
}


def unit_of(name: str, language: Language) -> str:
    """What a figure counts: cases, unless said otherwise; a share has its sign."""
    return "" if FIGURES[name].share else pick(UNITS.get(name, ("件", "cases")), language)


def shown(name: str, value: float | None) -> str:
    """A share as a percentage, a figure without a denominator as a dash."""
    if value is None:
        return "–"
    return f"{value:.1%}" if FIGURES[name].share else f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def _title(name: str, language: Language) -> str:
    return FIGURES[name].zh if language == "zh" else FIGURES[name].en


def _trend_chart(months: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any]:
    """Bars of cases, and the rate as a line on the axis at the right."""
    return {
        "labels": [m["month"] for m in months],
        "series": [
            {"name": _title(name, language), "line": FIGURES[name].share,
             "values": [m["figures"][name] for m in months]}
            for name in ("received", "completed", "open_overdue", "promised_on_time_rate")
        ],
    }  # fmt: skip


def _parts_chart(parts: Sequence[Mapping[str, Any]], names: Mapping[str, str], language: Language) -> dict[str, Any]:
    """The parts with most cases, the greatest first."""
    most = sorted(parts, key=lambda part: (-part["figures"]["received"], part["id"] or ""))[:BARS_MOST]
    return {
        "labels": [names.get(part["id"] or "", part["id"] or "–") for part in most],
        "series": [
            {"name": _title(name, language), "line": False, "values": [part["figures"][name] for part in most]}
            for name in ("received", "completed", "overdue")
        ],
    }
