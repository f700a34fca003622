"""Every page of the console, by every way that a rule can be held over all of them: axe, sizes, languages, keyboard.

The table names each page's address and who looks at it; a route without an entry fails, so that none is forgotten.
`JIANCHA_SHOTS=FOLDER` keeps a picture of each in both languages at three sizes.
"""

from __future__ import annotations

import os
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute

from monitor.agents.demoplan import HALL
from monitor.console.lateroute import every_route
from monitor.console.pages import make_pages
from monitor.console.paging import sealed
from monitor.settings import ConsoleSettings, config_dir
from monitor.store.engine import Store
from monitor.store.schema import HallRow
from monitor.supervision.signin import SignIn
from tests import busy_cycleb, busy_routes, plain_http
from tests.browser.axe import source, violations
from tests.browser.pages import Browsers, Watched
from tests.browser.wholepage import Data, keyboard, moving, prepare, ready, sized, texts, texts_in, texts_of, wide
from tests.busy_faces import fill_faces
from tests.busy_hall import USERS, copied
from tests.daemon import Daemon
from tests.http_app import insert, make_deps
from tests.signing_in import DESK, ISSUER, session

SIZES: Final = ((1366, 768), (820, 1180), (1920, 1080))
WALLS: Final = ((1920, 1080), (1366, 768), (1080, 1920))
"""Of public screens: nobody reads them on a tablet."""
PHONE: Final = ((1366, 768), (390, 844), (820, 1180))
"""Of pages that staff open on their own phone."""
WITH_PHONE: Final = (SIZES[0], (390, 844), *SIZES[1:])
"""Where people of the windows work with their own phones too."""
REQUEST: Final = "SELECT number FROM plan_request WHERE state = '{}' ORDER BY number"
PROVIDER: Final = "统一身份认证"

NO_PAGE: Final = {
    "/": "leads to the first page of whoever is signed in",
    "/static/{version}/{name:path}": "files",
    "/kiosk/sw.js": "a script",
    "/screen/sw.js": "a script",
    "/board/{hall}/stream": "server-sent events",
    "/cards/since": "a part of the inbox",
    "/closing/sheets/part": "a part of the sheets' page",
    "/assessment/periods/{hall}/{period}/part": "a part of a period's page",
    "/assessment/reports/part": "a part of the reports' page",
    "/assessment/reports/{number}/file": "a file",
    "/closing/of/{hall}/{month}/{version}/sheet.{suffix}": "a file",
    "/closing/sheets/{number}/file": "a file",
    "/cards/{number}/files/{file}": "a file",
    "/assessment/marks/{number}/files/{file}": "a file",
    "/faces/doubts/{number}/still": "a picture",
    "/cards/{number}/export.{suffix}": "a file",
    "/audit/export.{suffix}": "a file",
    "/assessment/book/{hall}/{version}/text": "a file",
    "/assessment/circulars/{number}/letter.{suffix}": "a file",
    "/assessment/feedback/{number}/letter.{suffix}": "a file",
    "/registry/file.{suffix}": "a file",
    "/sign-in/oidc": "leads to the provider",
    "/sign-in/oidc/back": "leads on; what it shows otherwise is /sign-in with a sentence, or unlinked.html, below",
}
"""Routes that give no page of their own, and what they give."""


@dataclass(frozen=True)
class Seen:
    """A page as somebody sees it. `user`: one of busy_hall.USERS, None: nobody is signed in.
    `path`: the address, or how it is found in the store. `tab`: why the keyboard is not walked, where it is not.
    """

    name: str
    user: str | None
    path: str | Callable[[First], str]
    wait: str = "main"
    status: int = 200
    no_tab: str = ""
    sizes: tuple[tuple[int, int], ...] = SIZES


class First:
    """`first("SELECT …")`: the first value that a statement finds in the hall's store."""

    def __init__(self, database: Path, **named: str) -> None:
        self._database, self.named = database, named

    def __call__(self, statement: str) -> str:
        with sqlite3.connect(self._database) as conn:
            row = conn.execute(statement).fetchone()
        assert row is not None, f"the busy hall has nothing for this page: {statement}"
        return str(row[0])


def row_of(table: str, *key: str) -> str:
    """The address of a row of the registry."""
    return f"/registry/row?{urlencode({'table': table, 'key': sealed(key)})}"


CARD: Final = "SELECT number FROM card WHERE rule = '{}' AND state = '{}' ORDER BY number"
SPOT: Final = "SELECT id FROM spot_check WHERE {} ORDER BY id"
DOUBT: Final = "SELECT id FROM checkin WHERE event_id = 'doubt-{}'"
SUMMED: Final = "SELECT id FROM week_summary"
SELF: Final = "SELECT id FROM self_assessment WHERE reviewed_at {} ORDER BY id"
TALK: Final = "SELECT id FROM talk WHERE held_on {} ORDER BY id"
OWED: Final = "SELECT id FROM cycle_task WHERE sort = 'week' AND done_at IS NULL"
CASE: Final = "SELECT key FROM subject WHERE kind = 'case' AND verdict = '{}' ORDER BY key"
POLICY_DRAFT: Final = (
    "origin=present&set=rating.bad_at_most%3D3&set=timeliness.notice_days%3D3&set=post.yellow_minutes%3D10"
)
POLICY_SPAN: Final = "start=2026-02-20&end=2026-03-04"
PROPOSAL: Final = "SELECT id FROM score_proposal WHERE state = '{}' AND row = '{}' ORDER BY id"
MARK: Final = "SELECT id FROM score_mark WHERE row = 'E22'"
MINE: Final = "SELECT number FROM card WHERE staff = 'demo-p02' AND level <> 'reminder' ORDER BY number"
PAGES: Final[dict[str, tuple[Seen, ...]]] = {
    "/sign-in": (Seen("sign-in", None, "/sign-in"),),
    "/sign-in/invite": (Seen("invite", None, "/sign-in/invite"),),
    "/board": (Seen("halls", "auditor", "/board"),),
    "/board/{hall}": (
        Seen("board", "duty", f"/board/{HALL}", wait=".tile"),
        Seen("board-wall", "head", f"/board/{HALL}?wall=1", wait=".tile"),
        Seen("board-one-window", "lead", f"/board/{HALL}", wait=".tile"),
        Seen("board-no-window", "auditor", "/board/second"),
    ),
    "/cards": (
        Seen("cards", "duty", "/cards"),
        Seen("cards-none", "duty", "/cards?rule=device.silent&window=demo-w01", wait=".nothing"),
        Seen("cards-of-a-unit", "unit", "/cards?order=newest"),
    ),
    "/assessment/proposals": (Seen("proposals", "duty", "/assessment/proposals"),),
    "/assessment/proposals/{number}": (
        Seen("proposal", "duty", lambda first: f"/assessment/proposals/{first(PROPOSAL.format('open', 'E06.answer'))}"),
        Seen(
            "proposal-posted",
            "auditor",
            lambda first: f"/assessment/proposals/{first(PROPOSAL.format('confirmed', 'A15'))}",
        ),
    ),
    "/assessment/marks": (Seen("marks", "duty", "/assessment/marks?month=2026-03"),),
    "/assessment/marks/new": (
        Seen("mark-rows", "duty", "/assessment/marks/new"),
        Seen("mark-new", "duty", "/assessment/marks/new?row=E22"),
    ),
    "/assessment/marks/{number}": (Seen("mark", "duty", lambda first: f"/assessment/marks/{first(MARK)}"),),
    "/cards/new": (Seen("card-by-hand", "duty", "/cards/new"),),
    "/cards/{number}": (
        Seen("card-of-a-case", "duty", lambda first: f"/cards/{first(CARD.format('case.limit', 'open'))}"),
        Seen("card-of-a-window", "head", lambda first: f"/cards/{first(CARD.format('post.empty', 'open'))}"),
        Seen("card-of-a-device", "duty", lambda first: f"/cards/{first(CARD.format('device.silent', 'closed'))}"),
        Seen("card-of-a-rating", "duty", lambda first: f"/cards/{first(CARD.format('rating.bad', 'open'))}"),
        Seen("card-answered", "duty", lambda first: f"/cards/{first(CARD.format('checkin.slot', 'answered'))}"),
        Seen("card-of-mine", "person", lambda first: f"/cards/{first(MINE)}", sizes=PHONE),
        Seen("card-read-only", "auditor", lambda first: f"/cards/{first(CARD.format('checkin.slot', 'acknowledged'))}"),
    ),
    "/cases": (
        Seen("cases", "duty", "/cases"),
        Seen("cases-none", "duty", "/cases?number=no-such-case", wait=".nothing"),
        Seen("cases-of-a-unit", "unit", "/cases?state=completed"),
    ),
    "/cases/due": (Seen("cases-due", "duty", "/cases/due"),),
    "/cases/one": (
        Seen("case", "duty", lambda first: f"/cases/one?key={first(CASE.format('pending'))}"),
        Seen("case-late", "head", lambda first: f"/cases/one?key={first(CASE.format('yellow'))}"),
    ),
    "/requests": (
        Seen("requests-to-decide", "lead", "/requests", sizes=WITH_PHONE),
        Seen("requests-mine", "person", "/requests?tab=mine", sizes=WITH_PHONE),
        Seen("requests-all", "duty", "/requests?tab=all"),
        Seen("requests-none", "auditor", "/requests?state=withdrawn&kind=trip", wait=".nothing"),
    ),
    "/requests/new": (
        Seen("request-choose", "person", "/requests/new", sizes=WITH_PHONE),
        Seen("request-leave", "person", "/requests/new?kind=leave", sizes=WITH_PHONE),
        Seen("request-correction", "personnel", f"/requests/new?kind=correction&staff={HALL}-p02&date=2026-03-03"),
        Seen("request-cover", "lead", f"/requests/new?kind=cover&staff={HALL}-p02"),
        Seen("request-return", "person", "/requests/new?kind=return", sizes=WITH_PHONE),
    ),
    "/requests/{number}": (
        Seen("request-undecided", "lead", lambda first: f"/requests/{first(REQUEST.format('pending'))}"),
        Seen("request-mine", "person", lambda first: f"/requests/{first(REQUEST.format('refused'))}", sizes=WITH_PHONE),
        Seen("request-masked", "duty", lambda first: f"/requests/{first(REQUEST.format('approved'))}"),
    ),
    "/statistics": (
        Seen("statistics", "duty", "/statistics"),
        Seen("statistics-of-windows", "auditor", "/statistics?by=window&from=2026-02-01&to=2026-03-04"),
    ),
    "/ratings": (Seen("ratings", "duty", "/ratings"), Seen("ratings-of-a-unit", "unit", "/ratings")),
    "/ratings/list": (
        Seen("ratings-list", "duty", "/ratings/list"),
        Seen("ratings-one-window", "lead", "/ratings/list"),
    ),
    "/ratings/unrated": (Seen("ratings-unrated", "duty", "/ratings/unrated"),),
    "/ratings/devices": (Seen("ratings-devices", "duty", "/ratings/devices"),),
    "/ratings/links": (Seen("ratings-links", "duty", "/ratings/links"),),
    "/rate": (Seen("rate-no-secret", None, "/rate"),),
    "/rate/screen": (Seen("rate-screen-no-token", None, "/rate/screen"),),
    "/my": (Seen("my", "person", "/my", sizes=PHONE),),
    "/attendance": (
        Seen("attendance-day", "head", "/attendance"),
        Seen("attendance-day-before", "duty", "/attendance?date=2026-03-03"),
        Seen("attendance-day-gone", "lead", "/attendance?date=2026-03-03&only=gone"),
        Seen("attendance-day-mine", "person", "/attendance", sizes=PHONE),
        Seen("attendance-day-off", "auditor", "/attendance?date=2026-03-01", wait=".nothing"),
    ),
    "/attendance/month": (
        Seen("attendance-month", "head", "/attendance/month"),
        Seen("attendance-month-no-kinds", "duty", "/attendance/month?month=2026-03"),
    ),
    "/attendance/people/{staff}": (
        Seen("attendance-person", "personnel", f"/attendance/people/{HALL}-p02"),
        Seen("attendance-person-mine", "person", f"/attendance/people/{HALL}-p02?month=2026-03", sizes=PHONE),
    ),
    "/assessment/scores": (Seen("scores", "duty", "/assessment/scores", wait=".scores"),),
    "/assessment/entries": (Seen("entries", "head", "/assessment/entries"),),
    "/assessment/people/{staff}": (
        Seen("score-explained", "duty", f"/assessment/people/{HALL}-p01", wait=".score"),
        Seen("score-mine", "person", f"/assessment/people/{HALL}-p02", wait=".score", sizes=PHONE[:2]),
    ),
    "/assessment/windows/{window}": (
        Seen("score-of-a-window", "lead", f"/assessment/windows/{HALL}-w01", wait=".score"),
    ),
    "/nothing": (Seen("nothing", "admin", "/nothing"),),
    "/audit": (
        Seen("audit", "auditor", "/audit"),
        Seen("audit-of-a-hall", "duty", "/audit?action=card."),
        Seen("audit-none", "duty", "/audit?actor=nobody-at-all", wait=".nothing"),
    ),
    "/audit/verify": (Seen("audit-verify", "auditor", "/audit/verify"),),
    "/routes": (Seen("routes", "head", "/routes"), Seen("routes-read-only", "auditor", "/routes")),
    "/routes/who": (
        Seen("routes-who", "duty", f"/routes/who?rule=post.empty&level=red&hall={HALL}&window={HALL}-w01"),
        Seen("routes-who-card", "duty", lambda first: f"/routes/who?card={first(CARD.format('post.empty', 'open'))}"),
        Seen("routes-who-nothing", "admin", "/routes/who"),
    ),
    "/silences": (Seen("silences", "duty", "/silences"),),
    "/silences/new": (Seen("silence-new", "head", "/silences/new"),),
    "/people": (
        Seen("people", "admin", "/people"),
        Seen("people-none", "admin", "/people?service=no", wait=".nothing"),
    ),
    "/people/roles": (Seen("people-roles", "admin", "/people/roles"),),
    "/people/new": (Seen("people-new", "admin", "/people/new"),),
    "/people/{user}": (
        Seen("person-lead", "admin", "/people/lead"),
        Seen("person-self", "admin", "/people/admin?done=changed"),
    ),
    "/people/{user}/change": (Seen("people-form", "admin", "/people/duty/change"),),
    "/tokens": (Seen("tokens", "admin", "/tokens"),),
    "/devices": (
        Seen("devices", "duty", "/devices"),
        Seen("devices-all-halls", "auditor", "/devices"),
        Seen("devices-none", "duty", "/devices?state=revoked", wait=".nothing"),
    ),
    "/devices/new": (Seen("device-new", "admin", "/devices/new"),),
    "/plans": (
        Seen("plans", "personnel", "/plans"),
        Seen("plans-closures", "duty", "/plans?kind=closures"),
    ),
    "/plans/rota": (Seen("plans-rota", "head", "/plans/rota?month=2026-03"),),
    "/plans/withdraw": (Seen("plan-withdraw", "personnel", "/plans/withdraw?kind=leave&id=request-1"),),
    "/plans/import": (Seen("plans-import", "personnel", "/plans/import"),),
    "/registry": (
        Seen("registry", "admin", "/registry"),
        Seen("registry-posts", "duty", "/registry?table=posts&q=w01"),
        Seen("registry-devices", "auditor", "/registry?table=devices"),
        Seen("registry-none", "personnel", "/registry?q=nothing-like-this", wait=".nothing"),
    ),
    "/registry/row": (
        Seen("registry-row", "admin", lambda first: row_of("staff", f"{HALL}-p02")),
        Seen("registry-row-read", "duty", lambda first: row_of("windows", f"{HALL}-w01")),
        Seen("registry-new", "admin", "/registry/row?table=items"),
    ),
    "/registry/import": (Seen("registry-import", "admin", "/registry/import"),),
    "/calendars": (
        Seen("calendars", "personnel", "/calendars"),
        Seen("calendars-guessed", "admin", "/calendars?year=2029"),
    ),
    "/calendars/due": (
        Seen(
            "calendar-due",
            "duty",
            "/calendars/due?from=2026-09-30T10:00&amount=3&pauses=2026-10-09T09:00/2026-10-09T12:00",
        ),
    ),
    "/calendars/import": (Seen("calendar-import", "admin", "/calendars/import"),),
    "/devices/{device}": (
        Seen("device", "duty", f"/devices/{HALL}-cam04"),
        Seen("device-silent", "admin", f"/devices/{HALL}-tm2"),
        Seen("device-cases", "auditor", f"/devices/{HALL}-cases"),
    ),
    "/policy": (
        Seen("policy", "admin", "/policy"),
        Seen("policy-search", "duty", "/policy?q=A03"),
        Seen("policy-none", "auditor", "/policy?q=no-such-key", wait=".nothing"),
    ),
    "/assessment/signs": (Seen("signs-of-gaming", "duty", "/assessment/signs?month=2026-03", wait=".measures"),),
    "/assessment/book": (Seen("rule-books", "head", "/assessment/book"),),
    "/assessment/book/compare": (
        Seen("rule-book-compare", "lead", "/assessment/book/compare?left=tongshan&right=cangnan"),
    ),
    "/assessment/book/{hall}/{version}": (
        Seen("rule-book", "head", f"/assessment/book/{HALL}/tongshan", no_tab="links of a long table"),
    ),
    "/assessment/book/edit": (Seen("rule-book-edit", "head", f"/assessment/book/edit?hall={HALL}&origin=cangnan"),),
    "/assessment/book/what-if": (
        Seen("rule-book-what-if-gone", "head", f"/assessment/book/what-if?hall={HALL}&month=2026-03", status=404),
    ),
    "/policy/versions": (Seen("policy-versions", "admin", "/policy/versions"),),
    "/policy/compare": (
        Seen("policy-compare", "duty", "/policy/compare?left=present&right=yulin"),
        Seen("policy-slots", "duty", "/policy/compare?first=tongshan&second=tianyang", sizes=SIZES[:2]),
        Seen("policy-same", "duty", "/policy/compare?left=default&right=default", wait=".nothing"),
    ),
    "/policy/draft": (
        Seen("policy-draft", "admin", f"/policy/draft?{POLICY_DRAFT}", no_tab="a hundred fields, one after the other"),
        Seen(
            "policy-draft-wrong",
            "admin",
            "/policy/draft?set=post.red_minutes%3D5&set=timeliness.notice_days%3D0",
            status=422,
            no_tab="as above",
            sizes=SIZES[:1],
        ),
    ),
    "/policy/what-if": (
        Seen("policy-what-if", "head", f"/policy/what-if?{POLICY_DRAFT}&{POLICY_SPAN}", wait=".sums"),
        Seen("policy-what-if-counts", "admin", f"/policy/what-if?{POLICY_DRAFT}&{POLICY_SPAN}", wait=".sums"),
    ),
    "/quarantine": (
        Seen("quarantine", "admin", "/quarantine"),
        Seen("quarantine-read-only", "auditor", "/quarantine?state=all&reason=unknown_ref"),
        Seen("quarantine-told", "duty", "/quarantine?done=replayed&count=1&still=1.4"),
        Seen("quarantine-none", "duty", "/quarantine?state=dismissed", wait=".nothing"),
    ),
    "/quarantine/{number}": (
        Seen("quarantine-row", "duty", "/quarantine/2"),
        Seen("quarantine-stranger", "auditor", "/quarantine/5?done=held"),
    ),
    "/posts": (
        Seen("posts", "duty", f"/posts?hall={HALL}", wait=".posts"),
        Seen("posts-before", "head", "/posts?date=2026-03-03", wait=".posts"),
        Seen("posts-own", "person", "/posts", wait=".posts"),
        Seen("posts-none", "auditor", "/posts?hall=second", wait=".nothing"),
    ),
    "/posts/{window}": (
        Seen("post", "duty", f"/posts/{HALL}-w04"),
        Seen("post-unknown", "lead", f"/posts/{HALL}-w01?date=2026-03-03"),
        Seen("post-no-service", "auditor", f"/posts/{HALL}-w02?date=2026-03-01"),
    ),
    "/closing": (Seen("closing", "personnel", "/closing"),),
    "/closing/of/{hall}/{month}": (
        Seen("closing-month", "head", f"/closing/of/{HALL}/2026-03"),
        Seen("closing-cannot", "head", f"/closing/of/{HALL}/2026-09"),
    ),
    "/closing/sheets": (Seen("sheets", "head", "/closing/sheets"),),
    "/assessment/periods": (Seen("periods", "head", "/assessment/periods"),),
    "/assessment/periods/{hall}/{period}": (
        Seen("period-signed", "auditor", f"/assessment/periods/{HALL}/2026-02"),
        Seen("period-open", "head", f"/assessment/periods/{HALL}/2026-03", wait="#preview"),
    ),
    "/assessment/reports": (Seen("reports", "head", "/assessment/reports", wait="#reports table"),),
    "/spots": (
        Seen("spots", "duty", "/spots"),
        Seen("spots-none", "head", f"/spots?state=done&window={HALL}-w01", wait=".nothing"),
    ),
    "/spots/{number}": (
        Seen("spot-open", "duty", lambda first: f"/spots/{first(SPOT.format('result IS NULL'))}"),
        Seen("spot-recorded", "head", lambda first: f"/spots/{first(SPOT.format('result IS NOT NULL'))}"),
    ),
    "/screen": (
        Seen("screen", None, lambda first: first.named["screen"], wait="#stage section", sizes=WALLS),
        Seen("screen-no-token", None, "/screen", wait="#stage > *", sizes=WALLS),
    ),
    "/screens": (Seen("screens", "admin", "/screens"), Seen("screens-read-only", "auditor", "/screens")),
    "/assessment/tasks": (Seen("assess-tasks", "duty", "/assessment/tasks"),),
    "/assessment/tasks/{number}": (Seen("assess-task", "head", lambda first: f"/assessment/tasks/{first(OWED)}"),),
    "/assessment/patrols": (
        Seen("assess-patrols", "duty", "/assessment/patrols?round=2"),
        Seen("assess-patrols-read", "lead", "/assessment/patrols?date="),
    ),
    "/assessment/weeks": (Seen("assess-weeks", "duty", "/assessment/weeks"),),
    "/assessment/weeks/new": (Seen("assess-week-new", "duty", f"/assessment/weeks/new?hall={HALL}&week=2026-W09"),),
    "/assessment/weeks/{number}": (Seen("assess-week", "auditor", lambda first: f"/assessment/weeks/{first(SUMMED)}"),),
    "/assessment/self": (Seen("assess-selves", "duty", "/assessment/self"),),
    "/assessment/self/new": (Seen("assess-self-new", "lead", f"/assessment/self/new?window={HALL}-w01&month=2026-03"),),
    "/assessment/self/{number}": (
        Seen("assess-self-open", "duty", lambda first: f"/assessment/self/{first(SELF.format('IS NULL'))}"),
        Seen("assess-self-locked", "head", lambda first: f"/assessment/self/{first(SELF.format('IS NOT NULL'))}"),
    ),
    "/assessment/talks": (Seen("assess-talks", "duty", "/assessment/talks?state=all"),),
    "/assessment/talks/{number}": (
        Seen("assess-talk-due", "duty", lambda first: f"/assessment/talks/{first(TALK.format('IS NULL'))}"),
        Seen("assess-talk-held", "head", lambda first: f"/assessment/talks/{first(TALK.format('IS NOT NULL'))}"),
    ),
    "/notices": (
        Seen("notices", "duty", "/notices"),
        Seen("notices-none", "head", "/notices?kind=praise", wait=".nothing"),
    ),
    "/notices/new": (Seen("notice-new", "duty", "/notices/new"),),
    "/notices/{number}": (
        Seen("notice-draft", "head", "/notices/2?done=written"),
        Seen("notice-released", "duty", "/notices/1"),
    ),
    "/notices/{number}/edit": (Seen("notice-edit", "duty", "/notices/2/edit"),),
    "/faces": (
        Seen("faces", "personnel", "/faces"),
        Seen("faces-none", "head", "/faces?text=nobody", wait=".nothing"),
    ),
    "/faces/{staff}": (
        Seen("face-no-consent", "personnel", f"/faces/{HALL}-p05"),
        Seen("face-consented", "head", f"/faces/{HALL}-p01?done=consented"),
        Seen("face-enrolled", "personnel", f"/faces/{HALL}-p02"),
        Seen("face-withdrawn", "personnel", f"/faces/{HALL}-p03?done=erased"),
    ),
    "/kiosks": (Seen("kiosks", "admin", "/kiosks"), Seen("kiosks-read-only", "duty", "/kiosks?done=revoked")),
    "/faces/doubts": (
        Seen("doubts", "duty", "/faces/doubts"),
        Seen("doubts-decided", "personnel", "/faces/doubts?state=decided&done=is"),
    ),
    "/faces/doubts/{number}": (
        Seen("doubt", "duty", lambda first: f"/faces/doubts/{first(DOUBT.format(1))}"),
        Seen("doubt-unclear", "head", lambda first: f"/faces/doubts/{first(DOUBT.format(2))}?done=is&of=7"),
        Seen("doubt-decided", "personnel", lambda first: f"/faces/doubts/{first(DOUBT.format(4))}"),
    ),
    "/assessment/circulars": (
        Seen("circulars", "duty", "/assessment/circulars"),
        Seen("circulars-issued", "person", "/assessment/circulars", sizes=WITH_PHONE),
    ),
    "/assessment/circulars/new": (
        Seen("circular-new", "duty", f"/assessment/circulars/new?hall={HALL}&period=2026-02"),
    ),
    "/assessment/circulars/{number}": (Seen("circular", "head", "/assessment/circulars/2"),),
    "/assessment/circulars/{number}/edit": (Seen("circular-edit", "duty", "/assessment/circulars/2/edit"),),
    "/assessment/feedback": (Seen("feedback", "head", "/assessment/feedback"),),
    "/assessment/feedback/issue": (
        Seen("feedback-issue", "head", f"/assessment/feedback/issue?hall={HALL}&period=2026-02"),
    ),
    "/assessment/feedback/{number}": (Seen("feedback-letter", "unit", "/assessment/feedback/1"),),
    "/assessment/sent": (Seen("sent", "duty", "/assessment/sent"),),
    "/assessment/awards": (Seen("awards", "head", "/assessment/awards"),),
    "/assessment/awards/nominate": (
        Seen("nominate", "lead", f"/assessment/awards/nominate?window={HALL}-w01&period={busy_cycleb.OLD}"),
    ),
    "/assessment/reviews": (Seen("reviews", "head", "/assessment/reviews"),),
    "/assessment/reviews/new": (Seen("review-ask", "lead", "/assessment/reviews/new?entry=1", sizes=WITH_PHONE),),
    "/assessment/reviews/{number}": (
        Seen("review-decide", "head", "/assessment/reviews/1"),
        Seen("review-mine", "person", "/assessment/reviews/1", sizes=WITH_PHONE),
    ),
    "/operations": (Seen("operations", "duty", "/operations"), Seen("operations-all", "admin", "/operations")),
    "/operations/deliveries/{number}/again": (
        Seen("delivery-again", "duty", f"/operations/deliveries/{busy_routes.LETTER}/again"),
    ),
    "/operations/deliveries": (
        Seen("deliveries", "auditor", "/operations/deliveries"),
        Seen("deliveries-none", "duty", "/operations/deliveries?receiver=nobody-1", wait=".nothing"),
    ),
    "/operations/runbook": (Seen("runbook", "duty", "/operations/runbook"),),
    "/operations/health": (Seen("self-check", "admin", "/operations/health"),),
    "/me": (Seen("me", "duty", "/me"), Seen("me-administrator", "admin", "/me?done=ended")),
    "/sessions": (Seen("sessions", "admin", "/sessions"),),
    "/kiosk": (
        Seen("kiosk", None, lambda first: first.named["kiosk"], wait="#start:not([hidden])"),
        Seen("kiosk-no-token", None, "/kiosk"),
    ),
}
"""Each route that gives a page → the ways in which it is looked at. A page of one thing finds it in the store, such as
`"/cards/{number}": (Seen("card", "duty", lambda first: f"/cards/{first('SELECT number FROM card …')}"),)`.
"""
FAULTS: Final = (
    Seen("fault-signed-in", "duty", "/no-such-page", status=404),
    Seen("fault-nobody", None, "/no-such-page", status=404, wait=".fault"),
    Seen("fault-not-theirs", "duty", "/board/second", status=404),
    Seen("fault-not-allowed", "admin", "/board", status=403),
    Seen("sign-in-no-provider", None, "/sign-in/oidc", status=503, wait=".fault"),
    Seen("sign-in-stale", None, "/sign-in/oidc/back?code=x&state=y", status=400, wait=".fault"),
)
"""What pages say when they cannot be shown."""


@pytest.fixture(scope="module")
def busy(
    busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Daemon]:
    """The busy hall with all that can be switched on: a kiosk, a provider (away), a second hall, receivers."""
    daemon = copied(busy_hall_made, tmp_path_factory.mktemp("every"))
    with (daemon.folder / "jiancha.toml").open("a") as config:
        config.write(busy_routes.CONFIG)
    oidc = {"ISSUER": f"http://127.0.0.1:{free_port()}", "CLIENT_ID": "jiancha", "CLIENT_SECRET": "s", "NAME": PROVIDER}
    daemon.environment.update({f"JIANCHA_CONSOLE__OIDC__{key}": value for key, value in oidc.items()})
    daemon.environment["JIANCHA_KIOSK__ENABLED"] = "true"
    store = Store(f"sqlite:///{daemon.folder / 'jiancha.sqlite'}")
    with store.write() as conn:
        insert(
            conn, HallRow, {"id": "second", "name": "演示第二大厅", "expected_from": datetime(2026, 3, 1, tzinfo=UTC)}
        )
    fill_faces(store)
    busy_routes.add_dead_letter(store)
    busy_cycleb.old_quarter(store)
    store.close()
    with daemon:
        yield daemon


@dataclass
class House:
    """The busy hall and its visitors: one browser's context a user, signed in once."""

    daemon: Daemon
    browsers: Browsers
    data: Data
    first: First
    _open: dict[tuple[str | None, bool], Watched] = field(default_factory=dict)
    _reader: httpx.Client = field(
        default_factory=lambda: plain_http.client(headers={"Accept": "text/html"}, timeout=30)
    )
    _sessions: dict[str, str] = field(default_factory=dict)

    def address(self, one: Seen) -> str:
        return one.path if isinstance(one.path, str) else one.path(self.first)

    def signed_in(self, user: str | None) -> dict[str, str]:
        """The cookie of the user's session."""
        if user is None:
            return {}
        if user not in self._sessions:
            store = Store(f"sqlite:///{self.daemon.folder / 'jiancha.sqlite'}")
            self._sessions[user] = session(store, user, lambda: datetime.now(UTC)).secret
            store.close()
        return {"jiancha": self._sessions[user]}

    def visit(self, user: str | None, language: str, *, whole: bool) -> Watched:
        """The user's page; of one that axe looks at, another, which has axe in it."""
        if (user, whole) not in self._open:
            seen = self.browsers.page("about:blank", origin=urlsplit(self.daemon.url).netloc, kept=True)
            prepare(seen.page, *((source(),) if whole else ()))
            self._open[user, whole] = seen
        seen = self._open[user, whole]
        cookies = {"lang": language, **self.signed_in(user)}
        seen.page.context.add_cookies(
            [{"name": name, "value": value, "url": self.daemon.url} for name, value in cookies.items()]
        )
        return seen

    def read(self, user: str | None, language: str, path: str) -> httpx.Response:
        """The page at the path as it is served, without a browser."""
        cookies = {"lang": language, **self.signed_in(user)}
        told = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return self._reader.get(self.daemon.url + path, headers={"Cookie": told})

    def close(self) -> None:
        self._reader.close()


@pytest.fixture(scope="module")
def house(busy: Daemon, browsers: Browsers) -> Iterator[House]:
    database = busy.folder / "jiancha.sqlite"
    kiosk, screen = _kiosk(busy), _screen(busy)
    accounts = (f"{user} ·" for user in USERS)  # with the dot: `unit` alone is a word that has to be translated
    visitors = (DESK.agent, ISSUER)
    data = Data(database, (PROVIDER, *notices(), *accounts, *visitors))
    made = House(busy, browsers, data, First(database, kiosk=kiosk, screen=screen))
    yield made
    made.close()


def notices() -> Iterator[str]:
    """Titles of the notices that the shipped calendars rest on: quoted as they are in both languages."""
    for file in sorted((config_dir() / "calendar").glob("*.toml")):
        yield from re.findall(r"《(.+?)》", file.read_text(encoding="utf-8"))
        yield from texts_in(tomllib.loads(file.read_text(encoding="utf-8")))


def _kiosk(busy: Daemon) -> str:
    with sqlite3.connect(busy.folder / "jiancha.sqlite") as conn:
        (terminal,) = conn.execute("SELECT id FROM device WHERE kind = 'terminal'").fetchone()
    printed = busy.command("kiosk", "token", "--device", terminal, "--host", "localhost").strip()
    return "/kiosk#" + printed.rpartition("#")[2]


def _screen(busy: Daemon) -> str:
    return "/screen#" + busy.command("screen", "token", "--hall", HALL, "--name", "一楼").strip().rpartition("#")[2]


def test_no_page_is_forgotten(tmp_path: Path) -> None:
    """A new route needs an entry in PAGES (or in NO_PAGE, with a reason)."""
    store = Store(f"sqlite:///{tmp_path / 'none.sqlite'}")
    there: Any = SimpleNamespace(name=PROVIDER)
    sign_in = SignIn(store, lambda: datetime.now(UTC), ConsoleSettings())
    deps = make_deps(store, sign_in=sign_in, openid=there, kiosks=there, boards=there, look=there)
    made = [one for one in every_route(make_pages(deps).routes) if isinstance(one, APIRoute)]
    routes = {route.path for route in made if "GET" in route.methods}
    store.close()
    assert routes == set(PAGES) | set(NO_PAGE)
    assert not set(PAGES) & set(NO_PAGE)


ALL: Final = [one for ways in PAGES.values() for one in ways] + list(FAULTS)
LATER: Final = [one for ways in PAGES.values() for one in ways[1:]]
"""Views of a page that another view shows before: its parts, and so its order of Tab, are mostly the same."""
SCRIPTED: Final = frozenset(one.path for way in ("/board", "/board/{hall}") for one in PAGES[way])
"""Pages whose words come by script too; those without a sign-in (kiosk, screen, links) are such pages as well."""
READ: Final = [one for one in LATER if one.sizes == SIZES and one.user is not None and one.path not in SCRIPTED]
"""Later views of the usual sizes: in short only their words are looked at, as they are served."""


BAD: Final = """<!doctype html><html lang="%s"><title>x</title>
<style>:focus { outline: none } div { width: 3000px; animation: come 60s } @keyframes come { from { top: 0 } }</style>
<h1>T</h1><h3>T</h3><img src="data:,"><div>x</div><p>demo-w01</p><code>sudo 命令</code>
<button>演示员二</button><button tabindex="2">窗口</button><a href="#a">yellow</a></html>"""


def test_the_checks_see_what_they_should_and_nothing_else(house: House) -> None:
    page = house.browsers.page("about:blank").page
    told: dict[str, list[str]] = {}
    for language in ("zh-CN", "en"):
        page.set_content(BAD % language)
        ready(page)
        told[language] = texts(page)
    assert [line.split("'")[1] for line in house.data.chinese_left(told["en"])] == ["窗口"]
    assert [line.split("'")[1] for line in house.data.chinese_left(texts_of(BAD % "en"))] == ["窗口"]
    assert [line.split("'")[1] for line in house.data.english_left(told["zh-CN"])] == ["yellow"]
    assert moving(page) == ['moves: come of div "x"']
    walked = keyboard(page)
    assert "keyboard: out of order" in walked
    assert sum("no outline" in line for line in walked) == 3
    assert len(wide(page, SIZES[0])) == 1
    assert {"image-alt", "heading-order"} <= {line.split()[1].rstrip(":") for line in violations(page)}


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_page_is_for_everybody(house: House, one: Seen) -> None:
    """In short: in Chinese at its first two sizes, each route's first view with axe and keyboard, a later one of these
    sizes by its words alone; in English its words. The whole of it is long.
    """
    if one in READ:
        wrong = [f"zh: {fault}" for fault in read_only(house, one, "zh")]
    else:
        wrong = [f"zh: {fault}" for fault in looked_at(house, one, "zh", one.sizes[:2], whole=one not in LATER)]
    if one.path in SCRIPTED or one.user is None:
        wrong += [f"en: {fault}" for fault in looked_at(house, one, "en", (), whole=False)]
    else:
        wrong += [f"en: {fault}" for fault in read_only(house, one, "en")]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.long
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_the_whole_of_every_page_is_for_everybody(house: House, one: Seen) -> None:
    """All sizes in both languages, axe at the first in Chinese and at the second in English, keyboard in every view."""
    wrong = [
        f"{language}: {fault}"
        for language in ("zh", "en")
        for fault in looked_at(house, one, language, one.sizes, by_keys=language == "zh")
    ]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def looked_at(
    house: House,
    one: Seen,
    language: str,
    sizes: tuple[tuple[int, int], ...],
    *,
    whole: bool = True,
    by_keys: bool = True,
) -> list[str]:
    """What is wrong with a page at these sizes. `whole`: axe looks at the first in Chinese and at the second in
    English, and with `by_keys` the keyboard is walked.
    """
    seen = house.visit(one.user, language, whole=whole)
    page, before = seen.page, len(seen.faults)
    sized(page, one.sizes[0])
    answer = page.goto(house.daemon.url + house.address(one))
    page.locator(one.wait).first.wait_for()
    ready(page)
    wrong = [] if answer is None or answer.status == one.status else [f"status {answer.status}, not {one.status}"]
    wrong += moving(page)
    read = texts(page)
    wrong += house.data.english_left(read) if language == "zh" else house.data.chinese_left(read)
    for size in reversed(sizes):  # the first, which is walked by keys, last: each change of size lays the page out anew
        wrong += wide(page, size)
        if whole and size == (one.sizes[0] if language == "zh" else one.sizes[:2][-1]):
            wrong += violations(page)
        _shoot(page, f"{one.name}-{language}-{size[0]}")
    if whole and by_keys and not one.no_tab:
        wrong += keyboard(page)
    return wrong + seen.faults[before:]


def read_only(house: House, one: Seen, language: str) -> list[str]:
    """Which words of the page as it is served are of the other language."""
    answer = house.read(one.user, language, house.address(one))
    wrong = [] if answer.status_code == one.status else [f"status {answer.status_code}, not {one.status}"]
    if one.wait.startswith(".") and not re.search(rf'class="[^"]*\b{one.wait[1:]}\b', answer.text):
        wrong.append(f"nothing there is {one.wait}")
    left = house.data.english_left if language == "zh" else house.data.chinese_left
    return wrong + left(texts_of(answer.text))


def _shoot(page: Any, name: str) -> None:
    folder = os.environ.get("JIANCHA_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
