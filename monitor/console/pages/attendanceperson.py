"""One person's month (个人月度), and the page of staff themselves (我的): the same data for a desk and for a phone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request, Response

from monitor.attendance.proof import is_approved
from monitor.console.attendanceplace import PLAIN, Place, month_asked, place_of
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.explain import own_sum
from monitor.console.pages.attendance import filter_of, said_for
from monitor.console.pages.attendanceview import Said, left_view, mark_view, slot_view
from monitor.console.pages.cardview import inbox_row
from monitor.console.pages.frame import may, page
from monitor.console.pages.requestsview import line_view, words_for
from monitor.console.pages.session import require_person
from monitor.exports.attendance.symbols import Totals
from monitor.exports.attendance_seen.person import MonthDay, PersonMonth, read_person
from monitor.store.facts.look import Look
from monitor.supervision.attendancereach import no_person
from monitor.supervision.cardlist import CardFilter, rows_of
from monitor.supervision.commands import work_of
from monitor.supervision.requestlist import Chosen, list_requests
from monitor.supervision.signin import Signed
from monitor.supervision.workflow import possible
from monitor.wording import happening_word, level_word, rule_title, state_word
from monitor.wording.sheet import DAY_NAMES, TOTALS
from monitor.wording.words import LEAVES

CARDS: Final = 20
"""Open cards on one's own page."""
REQUESTS: Final = 5
"""Newest requests there."""
STEPS: Final = ("acknowledged", "answered", "appealed")
"""What staff do with a card."""
_ID: Final = Path(max_length=64, pattern=PLAIN)


def add_attendance_people(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:read")

    @pages.get("/attendance/people/{staff}")
    def person_page(
        request: Request, staff: str = _ID, month: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        """One person's month, day by day."""
        with looked(deps) as look:
            place, found = _read(deps, look, signed, staff, month)
            said = said_for(deps, request, look, signed, place.zone, [staff])
            cards = [_card(row, said) for row in found.cards]
        return page(
            request, "attendance_person.html", signed=signed, **_shared(found, said), cards=cards,
            plans=_plans(found, said), tally=_tally(found, said), findings=found.findings,
            before=_address(staff, found.first - timedelta(days=1)), kinds=found.kinds,
            then=_address(staff, found.last + timedelta(days=1)) if found.last < found.today else "",
            days=[_day(one, found, said) for one in reversed(found.days) if one.day <= found.today],
        )  # fmt: skip

    @pages.get("/my")
    def own_page(request: Request, signed: Signed = Depends(person)) -> Response:
        """Today, this month, open cards: of whoever is signed in, for a phone."""
        staff = signed.person.staff
        if staff is None:
            raise no_person("")
        with looked(deps) as look:
            place, found = _read(deps, look, signed, staff, "")
            said = said_for(deps, request, look, signed, place.zone, [staff])
            mine = CardFilter(staff=staff, standing=True, historic=False, who=signed.person)
            rows = rows_of(look.conn, mine, "gravest", None, CARDS) if may(signed, "cards:read") else ()
            cards = [
                {
                    **inbox_row(row, said.words),
                    "steps": [s for s in possible(work_of(row), signed.person) if s in STEPS],
                }
                for row in rows
            ]
            asked = list_requests(look, signed.person, Chosen(tab="mine"), REQUESTS)[:REQUESTS]
            words = words_for(look.conn, look.registry, said.words.language, asked)
            assessed = may(signed, "scores:read")
            score = own_sum(deps, look, staff) if assessed else None
        shown = [one for one in found.days if one.day <= found.today]
        today = next((one for one in shown if one.day == found.today), None)
        return page(
            request, "my.html", signed=signed, **_shared(found, said), cards=cards,
            now=_day(today, found, said) if today is not None else None, at=said.local(look.now),
            open_days=[_day(one, found, said) for one in reversed(shown[:-1]) if any(s.is_open for s in one.slots)],
            weeks=_weeks(found, said), requests=[line_view(line, words) for line in asked],
            assessed=assessed, score=score,
        )  # fmt: skip


def _read(deps: Deps, look: Look, signed: Signed, staff: str, month: str) -> tuple[Place, PersonMonth]:
    """The person's month, in the zone of their hall. Raises Refused where there is none for whoever asks."""
    hall = look.registry.hall_of_staff(staff)
    place = place_of(look, signed.person, hall or "-")
    first = month_asked(look, place.hall, month, place.today)
    found = read_person(look, deps.policy, signed.person, staff, first)
    if found is None:
        raise no_person(staff)
    return place, found


def _address(staff: str, day: date) -> str:
    return f"/attendance/people/{staff}?" + urlencode({"month": f"{day:%Y-%m}"})


def _shared(found: PersonMonth, said: Said) -> dict[str, Any]:
    """What both pages show."""
    return {
        "who": {
            "id": found.who.id, "name": found.name or found.who.id, "unit": said.words.name("unit", found.who.unit),
            "posts": [(said.words.name("window", window), rank) for window, rank in found.who.posts],
        },
        "first": found.first, "today": found.today, "month": f"{found.first:%Y-%m}",
        "totals": _totals(found.totals, found, said), "may_file": said.may_file,
    }  # fmt: skip


def _totals(totals: Totals, found: PersonMonth, said: Said) -> list[dict[str, Any]]:
    """Sums as on the sheet, those that are 0 left out but for due and present."""
    leave = [(texts, totals.leave.get(kind, 0)) for kind, texts in LEAVES.items()] if found.kinds else []
    if not found.kinds:
        leave = [(("请假", "on leave"), sum(totals.leave.values()))]
    numbers = [
        totals.due, totals.present, totals.late, totals.late_minutes, totals.early, totals.early_minutes, totals.missed,
        totals.off_post, totals.confirmed, totals.absent,
    ]  # fmt: skip
    told = list(zip(TOTALS[: len(numbers)], numbers, strict=True)) + leave
    last = [found.slips, found.overtime_minutes, totals.unknown, totals.review, totals.unproven]
    told += list(zip(TOTALS[-len(last) :], last, strict=True))
    return [
        {"word": said.pick(texts), "value": value} for n, (texts, value) in enumerate(told) if value or n < 2
    ]  # fmt: skip


def _day(one: MonthDay, found: PersonMonth, said: Said) -> dict[str, Any]:
    return {
        "date": one.day, "weekday": said.pick(DAY_NAMES[one.day.weekday()]),
        "marks": [mark_view(half.symbol.value, said) for half in one.halves],
        "slots": [slot_view(slot, found.who.id, said) for slot in one.slots],
        "left": [left_view(line, said) for line in one.left], "off": not one.slots, "roles": one.roles,
    }  # fmt: skip


def _weeks(found: PersonMonth, said: Said) -> list[list[dict[str, Any] | None]]:
    """The month as a calendar: weeks of seven days, Monday first; None beside the month."""
    days: list[dict[str, Any] | None] = [None] * found.first.weekday()
    for one in found.days:
        days.append(
            {"date": one.day, "marks": [mark_view(half.symbol.value, said) for half in one.halves],
             "ahead": one.day > found.today, "today": one.day == found.today}
        )  # fmt: skip
    days += [None] * (-len(days) % 7)
    return [days[n : n + 7] for n in range(0, len(days), 7)]


def _card(row: Any, said: Said) -> dict[str, Any]:
    return inbox_row(row, said.words)


def _plans(found: PersonMonth, said: Said) -> list[dict[str, Any]]:
    """Leave, slips and corrections of the month, by time."""
    rows: list[dict[str, Any]] = []
    for leave in found.leaves:
        word = LEAVES.get(leave.kind, (leave.kind, leave.kind)) if leave.kind else ("请假", "leave")
        rows.append(
            {"word": said.pick(word), "from": said.local(leave.start), "to": said.local(leave.end), "id": leave.id,
             "approved": is_approved(leave, found.now)}
        )  # fmt: skip
    for slip in found.outings:
        rows.append(
            {"word": said.pick(("外出单", "outing slip")), "from": said.local(slip.start), "to": said.local(slip.end),
             "id": slip.id, "approved": True}
        )  # fmt: skip
    for form in found.corrections:
        rows.append(
            {"word": said.pick(("补签", "correction")), "from": said.local(form.at), "to": None,
             "id": form.id, "approved": form.is_approved}
        )  # fmt: skip
    return sorted(rows, key=lambda row: row["from"])


def _tally(found: PersonMonth, said: Said) -> dict[str, Any] | None:
    """The year's points (考勤累计); None without any."""
    tally: Mapping[str, Any] = found.tally
    if not tally["entries"] and not tally["absences"] and not tally["cards"]:
        return None
    lang = said.words.language
    return {
        **tally,
        "entries": [
            {**entry, "word": happening_word(entry["kind"], lang)} for entry in tally["entries"]
        ],
        "longest": max((run["half_days"] for run in tally["runs"]), default=0),
        "cards": [
            {**card, "word": level_word(card["level"], lang), "title": rule_title(card["rule"], lang),
             "state_word": state_word(card["state"], lang)}
            for card in tally["cards"]
        ],
    }  # fmt: skip
