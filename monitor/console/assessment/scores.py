"""/api/v1/assessment/scores, …/entries, …/people/{staff}, …/windows/{window}: what their pages show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Row

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import FiredEffect, Sheet, Snapshot
from monitor.console.answers import ERRORS, Responses, problem
from monitor.console.assessment.scorebodies import EntryOut, ExplainedOut, ScoresOut
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN
from monitor.console.looking import looked
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.previews import Made, Running
from monitor.console.scoreplace import PERIOD, hall_of_whom, place_of, told_of
from monitor.model import Reason
from monitor.supervision.assessment.explain import card_rows, explanation, nobody
from monitor.supervision.assessment.explainjson import explained_json, texts
from monitor.supervision.assessment.ledgerlist import Chosen, list_entries
from monitor.supervision.assessment.sheetreach import within_reach
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {
    404: problem("There is no such hall, person or window for the bearer, or none in this period."),
    409: problem("The period lies ahead, no rule book is in force in it, or it could not be counted."),
}
_HALL: Final = Query("", max_length=64, pattern=PLAIN, description="Default: the first that the bearer reads.")
_PERIOD: Final = Query("", max_length=10, pattern=PERIOD, description="2026-03, 2026-Q1, 2026-H1, 2026; default: now.")


def add_scores_api(api: APIRouter, deps: Deps) -> None:
    _add_scores(api, deps)
    _add_entries(api, deps)
    _add_explained(api, deps)


def _add_scores(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/scores", responses=ERRORS | MISSING, response_model=ScoresOut)
    def get_scores(
        hall: str = _HALL, period: str = _PERIOD, grant: Grant = Depends(require(deps, "scores:read"))
    ) -> dict[str, Any]:
        """The scores of a period within the bearer's reach. `state` running: it is being counted, ask again."""
        place, found = told_of(deps, grant.principal, hall, period)
        empty: dict[str, Any] = {"windows": [], "people": [], "effects": [], "told": [], "notes": []}
        if not isinstance(found, Made):
            return {**head_json(place.hall or "", place.period, found, ZoneInfo("UTC")), **empty}
        with deps.store.read() as conn:
            zone = deps.registry.get(conn).zone_of(place.hall)
        snapshot = within_reach(found.snapshot, grant.principal)
        waiting = Counter((one.ledger, one.whom) for one in snapshot.proposals)
        sides: tuple[tuple[str, Ledger], ...] = (("windows", "window"), ("people", "staff"))
        named = names_of(snapshot)
        return {
            **head_json(snapshot.hall, snapshot.period, found, zone),
            **{
                name: [_score(snapshot, ledger, one, waiting[ledger, one.id]) for one in snapshot.sheets(ledger)]
                for name, ledger in sides
            },
            "effects": effects_json(snapshot.effects, zone, named),
            "told": [texts(one, str(zone), named) for one in snapshot.told],
            "notes": [{"zh": one.text.zh, "en": one.text.en} for one in snapshot.notes],
        }


def _score(snapshot: Snapshot, ledger: Ledger, sheet: Sheet, waiting: int) -> dict[str, Any]:
    same = ("id", "unit", "grade", "place", "tied", "few", "unknown", "bottom", "award", "excellent")
    return {
        **{name: getattr(sheet, name) for name in same}, "points": str(sheet.points), "waiting": waiting,
        "name": snapshot.named("window" if ledger == "window" else "staff", sheet.id),
        "window": sheet.window if ledger == "staff" else None,
    }  # fmt: skip


def head_json(hall: str, period: str, found: Made | Running | None, zone: ZoneInfo) -> dict[str, Any]:
    """What `PeriodOut` has. `found` None: the hall has no rule book."""
    kept = found.snapshot if isinstance(found, Made) else None
    return {
        "hall": hall, "period": period,
        "state": kept.state if kept is not None else "running" if found is not None else "none",
        "made_at": stamp(kept.made_at, zone) if kept is not None else None,
        "again": found.again if isinstance(found, Made) else False,
        "book": kept.book.version if kept is not None else None, "policy": kept.policy if kept is not None else None,
    }  # fmt: skip


def names_of(snapshot: Snapshot) -> dict[str, str]:
    return {f"{kind}:{key}": name for kind, some in snapshot.names.items() for key, name in some.items()}


def effects_json(effects: Iterable[FiredEffect], zone: ZoneInfo, named: Mapping[str, str]) -> list[dict[str, Any]]:
    same = ("id", "article", "effect", "ledger", "whom", "stands")
    return [
        {
            **{name: getattr(one, name) for name in same}, "name": {"zh": one.name.zh, "en": one.name.en},
            "reached": one.reached.isoformat(), "why": texts(one.why, str(zone), named),
        }
        for one in effects
    ]  # fmt: skip


def _add_entries(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/entries", responses=ERRORS | MISSING, response_model=list[EntryOut])
    def get_entries(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str = _HALL,
        month: str | None = Query(None, max_length=7, pattern=PERIOD, description="That it is booked in."),
        ledger: str | None = Query(None, pattern="^(window|staff)$"),
        staff: str | None = Query(None, max_length=64, pattern=PLAIN, description="Of the ledger of this person."),
        window: str | None = Query(None, max_length=64, pattern=PLAIN, description="Whose facts lie at this window."),
        row: str | None = Query(None, max_length=64, pattern=PLAIN, description="Row of the rule book."),
        grant: Grant = Depends(require(deps, "scores:read")),
    ) -> list[dict[str, Any]]:
        """Entries of a hall's ledgers within the bearer's reach, the newest first."""
        after = key_of(page, int)
        with looked(deps) as look:
            place = place_of(look, grant.principal, hall, "")
            if place.hall is None:
                return []
            chosen = Chosen(hall=place.hall, month=month, ledger=ledger, staff=staff, window=window, row=row)
            found = list_entries(
                look.conn, look.registry, grant.principal, chosen, page.limit + 1, after[0] if after else None
            )
        shown, last = cut(found, page.limit)
        next_link(request, response, (last["number"],) if last is not None else None)
        return list(shown)


def _add_explained(api: APIRouter, deps: Deps) -> None:
    scope = require(deps, "scores:read")

    @api.get("/assessment/people/{staff}", responses=ERRORS | MISSING, response_model=ExplainedOut)
    def get_person(
        staff: str = Path(max_length=64, pattern=PLAIN), hall: str = _HALL, period: str = _PERIOD,
        grant: Grant = Depends(scope),
    ) -> dict[str, Any]:  # fmt: skip
        """A person's score line by line back to facts and cards, and what was not charged."""
        return _explained(deps, grant, "staff", staff, hall, period)

    @api.get("/assessment/windows/{window}", responses=ERRORS | MISSING, response_model=ExplainedOut)
    def get_window(
        window: str = Path(max_length=64, pattern=PLAIN), hall: str = _HALL, period: str = _PERIOD,
        grant: Grant = Depends(scope),
    ) -> dict[str, Any]:  # fmt: skip
        """The same of a window."""
        return _explained(deps, grant, "window", window, hall, period)


def _explained(deps: Deps, grant: Grant, ledger: Ledger, whom: str, hall: str, period: str) -> dict[str, Any]:
    with looked(deps) as look:
        at = hall_of_whom(look, grant.principal, ledger, whom, hall)
        place = place_of(look, grant.principal, at, period)
        zone = look.registry.zone_of(at)
    if not place.periods:
        raise nobody(whom)
    found = deps.previews.of(deps, at, place.period)
    head = head_json(at, place.period, found, zone)
    if isinstance(found, Running):
        return {**head, "ledger": ledger, "whom": whom}
    of = explanation(found.snapshot, ledger, whom, found.gathered, who=grant.principal)
    named = names_of(found.snapshot)
    with looked(deps) as look:
        rows = card_rows(look, of.cards, grant.principal)
    cards = {row.number: _card(row, zone, named) for row in rows}
    told = explained_json(of, cards, str(zone))
    return {**told, **head, "effects": effects_json(of.effects, zone, named)}


def _card(row: Row[Any], zone: ZoneInfo, named: Mapping[str, str]) -> dict[str, Any]:
    said = texts(Reason(**row.reason), str(zone), named) if row.reason else {"zh": "", "en": ""}
    return {
        "rule": row.rule, "level": row.level, "state": row.state, "since": stamp(row.since, zone), "text": said,
    }  # fmt: skip
