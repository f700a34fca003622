"""Signs of gaming in words: what was counted, the measure, the sample, the comparison, what else it may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, and_, or_, select

from monitor.assessment.gaming import Sign
from monitor.console.pages.languages import Language
from monitor.model import Reason
from monitor.settings import Policy
from monitor.store.facts.integrity import RATING
from monitor.supervision.assessment.signs import KINDS, Signs
from monitor.wording import render
from monitor.wording.gaming import ALSO, TITLES
from monitor.wording.render import pick


def found_view(
    conn: Connection, found: Signs, policy: Policy, zone: tzinfo, called: Mapping[str, str], lang: Language
) -> dict[str, Any]:
    rated = _ratings(conn, [key for sign in found.found for key in _keys(sign, "rating")])
    measured = measures(policy)
    return {
        "signs": [
            {
                "title": pick(TITLES[sign.kind], lang),
                "window": called.get(f"window:{sign.window}", sign.window) if sign.window else "",
                "at": sign.at.astimezone(zone),
                "counted": _said(f"gaming.counted.{sign.kind}", sign.reason.figures, lang, zone, called),
                "measure": _said(f"gaming.measure.{sign.kind}", measured, lang, zone, {}),
                "also": pick(ALSO[sign.kind], lang),
                "of": sign.reason.figures.get("of"), "count": sign.reason.figures["count"],
                "percent": sign.reason.figures.get("percent"), "rest": sign.reason.figures.get("rest"),
                "cases": sign.reason.figures.get("cases"),
                "links": [*_cases(_keys(sign, "case")), *_ratings_of(sign, rated, zone)],
            }
            for sign in found.found
        ],
        "measures": [
            {"title": pick(TITLES[kind], lang), "text": _said(f"gaming.measure.{kind}", measured, lang, zone, {})}
            for kind in KINDS
        ],
        "found": found,
    }  # fmt: skip


def _said(code: str, figures: Mapping[str, Any], lang: Language, zone: tzinfo, called: Mapping[str, str]) -> str:
    return render(Reason(code=code, figures=dict(figures)), lang, zone, called)


def measures(policy: Policy) -> dict[str, Any]:
    """The figures that the texts of measures name."""
    own = policy.gaming
    return {
        **own.model_dump(), "bulk_close_cases": policy.timeliness.bulk_close_cases,
        "bulk_close_minutes": policy.timeliness.bulk_close_minutes,
        **{
            f"{name}_percent": round(100 * share, 1)
            for name, share in (
                ("last", own.last_share), ("reopened", own.reopened_share),
                ("without_case", own.without_case_share),
            )
        },
    }  # fmt: skip


def _keys(sign: Sign, kind: str) -> list[str]:
    return [key for name, _, key in (subject.partition(":") for subject in sign.subjects) if name == kind]


def _cases(keys: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"word": key.partition("/")[2] or key, "address": f"/cases/one?{urlencode({'key': key})}", "kind": "case"}
        for key in keys
    ]


def _ratings(conn: Connection, keys: Sequence[str]) -> dict[str, Any]:
    """The rows of ratings by DEVICE/EVENT: some dozen at most."""
    pairs = {(source, event) for source, _, event in (key.partition("/") for key in keys)}
    if not pairs:
        return {}
    query = select(RATING.c.source, RATING.c.event_id, RATING.c.at, RATING.c.window, RATING.c.case_key).where(
        or_(*(and_(RATING.c.source == source, RATING.c.event_id == event) for source, event in pairs))
    )
    return {f"{row.source}/{row.event_id}": row for row in conn.execute(query)}


def _ratings_of(sign: Sign, rated: Mapping[str, Any], zone: tzinfo) -> list[dict[str, Any]]:
    """Each by its time, with the list of its window's ratings of that day."""
    found = []
    for key in _keys(sign, "rating"):
        row = rated.get(key)
        if row is not None:
            at: datetime = row.at.astimezone(zone)
            day = at.date().isoformat()
            where = urlencode({"window": row.window, "from": day, "to": day})
            found.append({"word": f"{at:%m-%d %H:%M:%S}", "address": f"/ratings/list?{where}", "kind": "rating",
                          "case": row.case_key})  # fmt: skip
    return found
