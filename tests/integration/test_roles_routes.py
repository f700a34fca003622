"""Every route of the app before every role and every kind of token, over real HTTP.

ROUTES says who may what, written out: a new route fails here until it has its line, and so does a change of
`access.ROLES` that lets somebody in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, quote_plus

import httpx
import pytest

from monitor.model import SubjectRef
from monitor.store.subjects import held
from monitor.supervision.tokens import USER_SCOPES
from tests.people_at_work import BODY, MAY, PLACES, WITHIN, given_of
from tests.walked import KINDS, NOBODY, PERSONS, TOKENS, Walk, Way, marker, walked

ALL: Final = PERSONS
READERS: Final = tuple(who for who in PERSONS if who != "administrator")
SUPERVISION: Final = ("duty_supervisor", "supervision_head")
REVIEWERS: Final = ("duty_supervisor", "supervision_head", "personnel")
ENROLLERS: Final = ("supervision_head", "personnel")
STAFF_OF: Final = {"staff": "staff"}
TERMINAL: Final = {"device": "terminal"}
DOUBT: Final = {"number": "doubt"}
PLANNERS: Final = ("duty_supervisor", "supervision_head", "personnel")
OPEN: Final = Way(kind="open")
KIOSK: Final = Way(kind="api", tokens=("kiosk",))
SCREEN: Final = Way(kind="api", tokens=("screen",))
SECRET: Final = Way(kind="secret")
"""A link's secret in the body is all the right there is: no cookie goes along that another site could use."""
MINDERS: Final = (*SUPERVISION, "auditor", "administrator")
SETTINGS: Final = ("duty_supervisor", "supervision_head", "personnel", "auditor", "administrator")
MENDERS: Final = (*SUPERVISION, "administrator")
CLOSERS: Final = ("supervision_head", "personnel")
AUDITS: Final = (*SUPERVISION, "auditor")
BOOK: Final = {"version": "tianyang"}
SIGNS: Final = {"hall": "h1", "month": "2026-03"}
MONTH: Final = {"month": "2026-02"}
SIGNED: Final = {"period": "2026-02"}
PERIOD: Final = {"period": "2026-02"}
KEYS: Final = {"set": {"post.yellow_minutes": 9}}
YEAR: Final = {"from": "2026-01-01", "to": "2026-03-03"}
NOTICE: Final = {"kind": "notice", "title": "公告", "text": "停电", "from": "2026-03-03", "to": "2026-03-05"}
GONE: Final = {"start": "2026-03-03T01:00:00Z", "end": "2026-03-03T02:00:00Z"}


def page(
    *may: str, ids: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None, **form: str,
) -> Way:  # fmt: skip
    return Way(kind="page", may=may, ids=ids or {}, query=query or {}, fixed=fixed or {}, form={**form, **(more or {})})


LEADERS: Final = ("unit_head", "window_lead")
PATROL: Final = {"hall": "h9", "found": "order"}
WEEK: Final = {"hall": "h1", "week": "2026-W08"}
SELF: Final = {"window": "w9", "month": "2026-03", "points": "98", "text": "自评"}
TALK: Final = {"on": "2026-03-04", "attended": "分管主任", "talked": "迟到", "outcome": "整改"}


def scores(
    scope: str, may: tuple[str, ...], *, ids: Mapping[str, str] | None = None, body: Any = None,
    query: Mapping[str, str] | None = None,
) -> Way:  # fmt: skip
    """Of the assessment's cycle."""
    return Way(kind="api", may=may, scope=scope, ids=ids or {}, body=body, query=query or {})


def reading(scope: str, **query: str) -> Way:
    """What readers see of their own, and a hall's token of its hall."""
    return Way(kind="api", may=READERS, tokens=("hall",), scope=scope, query=query)


def assessed(ids: Mapping[str, str] | None = None) -> Way:
    """Scores: each role its own; a hall's token has none of them."""
    return Way(kind="api", may=READERS, scope="scores:read", ids=ids or {}, query=SIGNED)


def minding(ids: Mapping[str, str] | None = None) -> Way:
    return Way(kind="api", may=MINDERS, tokens=("hall",), scope="devices:read", ids=ids or {})


def checking(**more: Any) -> Way:
    """Spot checks: whoever may order them."""
    return Way(kind="api", may=SUPERVISION, scope="posts:check", **more)


def closing(**more: Any) -> Way:
    """Closed months and sheets, over the API."""
    return Way(kind="api", may=CLOSERS, scope="attendance:close", **more)


def scoring(**more: Any) -> Way:
    """A hall's assessment, over the API."""
    return Way(kind="api", may=READERS, scope="scores:read", **more)


def doubting(body: Any = None, ids: Mapping[str, str] | None = None) -> Way:
    return Way(kind="api", may=REVIEWERS, scope="faces:review", ids=ids or {}, body=body)


def facing(body: Any = None, ids: Mapping[str, str] | None = None) -> Way:
    return Way(kind="api", may=ENROLLERS, scope="faces:write", ids=ids or {}, body=body)


def marking(scope: str, *may: str, **more: Any) -> Way:
    """What waits, and what is entered by hand: a hall's token has none of it."""
    return Way(kind="api", may=may, scope=scope, **more)


def kiosk_work(body: Any) -> Way:
    return Way(kind="api", may=("administrator",), scope="settings:write", ids=TERMINAL, body=body)


def board(*may: str) -> Way:
    return Way(kind="page", may=may, ids={"hall": "hall"}, whole_hall=True)


def book_page() -> Way:
    """Everybody who is assessed by a hall's rule book may read it."""
    return Way(kind="page", may=READERS, ids={"hall": "hall"}, fixed=BOOK, whole_hall=True)


def booking(body: Any) -> Way:
    return Way(kind="api", may=("supervision_head",), scope="scores:book", ids={"hall": "hall"}, body=body)


def step(name: str) -> Way:
    """A step on a card, by `people_at_work.MAY`."""
    return Way(kind="api", may=MAY[name], scope=SCOPES[name], ids={"number": "card"}, body=given_of(name, "here"))


def form_step(name: str) -> tuple[str, Way]:
    """The same on the page of a card: whoever may read it gets in at the door, the step asks for its own action."""
    form = {k: {True: "yes", False: "no"}.get(v, v) for k, v in given_of(name, "here").items()}
    return f"POST /cards/{{number}}/{{step}} {name}", Way(
        kind="page", may=MAY[name], ids={"number": "card"}, fixed={"step": name}, form=form
    )


SCOPES: Final = {
    "ack": "cards:acknowledge", "answer": "cards:answer", "send-back": "cards:order", "order": "cards:order",
    "verify": "cards:follow", "rectify": "cards:answer", "call-back": "cards:follow", "attribute": "cards:attribute",
    "appeal": "cards:appeal", "review": "cards:review", "close": "cards:close", "withdraw": "cards:review",
}  # fmt: skip
CARD: Final = {"number": "card"}
FILERS: Final = ("supervision_head", "personnel", "unit_head", "window_lead", "staff")
DECIDERS: Final = ("supervision_head", "personnel", "unit_head", "window_lead")
REQUEST: Final = {"number": "request"}
MARK: Final = {"number": "mark"}
PROPOSAL: Final = {"number": "proposal"}
WHY: Final = {"reason": "已核实"}
CIRCULAR: Final = {"number": "circular"}
LETTER: Final = {"number": "letter"}
NOMINATION: Final = {"number": "nomination"}
REVIEW: Final = {"number": "score_review"}
LEADERS: Final = ("unit_head", "window_lead")
APPELLANTS: Final = ("unit_head", "window_lead", "staff")


def scored(*may: str, scope: str = "scores:read", **more: Any) -> Way:
    """Assessment over the API; without roles whoever reads it."""
    return Way(kind="api", may=may or READERS, scope=scope, **more)


OUTING: Final = {"kind": "outing", "from": "2026-03-09T01:00:00Z", "to": "2026-03-09T01:30:00Z"}


def deciding(step: str, *may: str) -> tuple[str, Way]:
    """A step on a request, on its page; whoever may read it gets in at the door."""
    way = Way(kind="page", may=may, ids=REQUEST, fixed={"step": step}, form={"reason": "已核实"})
    return f"POST /requests/{{number}}/{{step}} {step}", way


def deciding_api(step: str, scope: str, *may: str) -> tuple[str, Way]:
    way = Way(kind="api", may=may, scope=scope, ids=REQUEST, body={"reason": "已核实"})
    return f"POST /api/v1/requests/{{number}}/{step}", way


ROUTES: Final[Mapping[str, Way]] = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,
    "GET /openapi.json": OPEN,
    "GET /static/{version}/{name:path}": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /sign-in/invite": OPEN,
    "POST /sign-in/invite": OPEN,
    "GET /kiosk": OPEN,
    "GET /kiosk/sw.js": OPEN,
    # pages
    "POST /sign-out": page(*ALL),
    "GET /": page(*ALL),
    "GET /nothing": page(*ALL),
    "GET /board": page(*READERS),
    "GET /board/{hall}": board(*READERS),
    "GET /board/{hall}/stream": board(*READERS),
    "GET /cards": page(*READERS),
    "GET /cards/since": page(*READERS, query={"after": "0"}),
    "POST /cards/ack": page(*READERS, reason="已核实"),
    "GET /cards/new": page(*SUPERVISION),
    "POST /cards/new": page(*SUPERVISION, rule="E06", level="yellow", staff="s1", reason="已核实"),
    "GET /cards/{number}": page(*READERS, ids=CARD),
    "GET /cards/{number}/files/{file}": page(*READERS, ids=CARD),
    "GET /cards/{number}/export.{suffix}": page(*SUPERVISION, "auditor", ids=CARD, fixed={"suffix": "json"}),
    **dict(form_step(name) for name in SCOPES),
    "GET /cases": page(*READERS),
    "GET /cases/due": page(*READERS),
    "GET /cases/one": page(*READERS, query={"key": "nothing/1"}),
    "GET /requests": page(*READERS),
    "GET /requests/new": page(*FILERS),
    "POST /requests/new": page(*FILERS, kind="outing", starts="2026-03-09T09:00", ends="2026-03-09T09:30"),
    "GET /requests/{number}": page(*READERS, ids=REQUEST),
    **dict((deciding("approve", *DECIDERS), deciding("refuse", *DECIDERS), deciding("withdraw", *FILERS))),
    "GET /statistics": page(*READERS),
    "GET /ratings": page(*READERS),
    "GET /ratings/list": page(*READERS),
    "GET /ratings/unrated": page(*READERS),
    "GET /ratings/devices": page(*READERS),
    "GET /ratings/links": page(*SUPERVISION),
    "POST /ratings/links": page(*SUPERVISION, device="eval-99", hours="24"),
    "GET /rate": OPEN,
    "GET /rate/screen": OPEN,
    "GET /devices": page(*MINDERS),
    "GET /devices/{device}": page(*MINDERS, ids={"device": "device"}),
    "POST /devices/{device}/lost": page(
        *MENDERS, ids={"device": "device"}, starts="2026-03-03T09:00", ends="2026-03-03T10:00", reason="断电"
    ),
    "GET /quarantine": page(*MINDERS),
    "GET /quarantine/{number}": page(*MINDERS, ids={"number": "held"}),
    "POST /quarantine/replay": page(*MENDERS, more={"ids": "990099"}),
    "POST /quarantine/dismiss": page(*MENDERS, more={"ids": "990099"}, why="重复"),
    "GET /posts": page(*READERS),
    "GET /posts/{window}": page(*READERS, ids={"window": "window"}),
    "GET /closing": page(*CLOSERS),
    "GET /closing/of/{hall}/{month}": page(*CLOSERS, ids={"hall": "hall"}, fixed=MONTH),
    "POST /closing/of/{hall}/{month}": page(*CLOSERS, ids={"hall": "hall"}, fixed=MONTH, reason="核对"),
    "GET /closing/of/{hall}/{month}/{version}/sheet.{suffix}": page(
        *CLOSERS, ids={"hall": "hall"}, fixed={**MONTH, "version": "1", "suffix": "xlsx"}
    ),
    "GET /closing/sheets": page(*CLOSERS),
    "GET /closing/sheets/part": page(*CLOSERS),
    "POST /closing/sheets": page(*CLOSERS, hall="h9", month="2026-02"),
    "GET /closing/sheets/{number}/file": page(*CLOSERS, ids={"number": "sheet"}),
    "POST /closing/sheets/{number}/delete": page(*CLOSERS, ids={"number": "sheet"}),
    "GET /assessment/periods": page(*READERS),
    "GET /assessment/periods/{hall}/{period}": page(*READERS, ids={"hall": "hall"}, fixed=PERIOD),
    "GET /assessment/periods/{hall}/{period}/part": page(*READERS, ids={"hall": "hall"}, fixed=PERIOD),
    "POST /assessment/periods/{hall}/{period}/draft": page(*READERS, ids={"hall": "hall"}, fixed=PERIOD),
    "POST /assessment/periods/{hall}/{period}/close": page("supervision_head", ids={"hall": "hall"}, fixed=PERIOD),
    "GET /assessment/reports": page(*READERS),
    "GET /assessment/reports/part": page(*READERS),
    "POST /assessment/reports": page(*READERS, hall="h9", period="2026-02"),
    "GET /assessment/reports/{number}/file": page(*READERS, ids={"number": "report"}),
    "POST /assessment/reports/{number}/delete": page(*READERS, ids={"number": "report"}),
    "GET /spots": page(*SUPERVISION),
    "POST /spots": page(*SUPERVISION, hall="h1", how="random", count="1"),
    "GET /spots/{number}": page(*SUPERVISION, ids={"number": "spot"}),
    "POST /spots/{number}/result": page(*SUPERVISION, ids={"number": "spot"}, found="closed"),
    "GET /assessment/proposals": page(*READERS),
    "GET /assessment/proposals/{number}": page(*READERS, ids=PROPOSAL),
    "POST /assessment/proposals/decide": page(*SUPERVISION, numbers="990099", verdict="rejected", reason="已核实"),
    "POST /assessment/proposals/{number}/take-back": page("supervision_head", ids=PROPOSAL, entry="1", reason="复核"),
    "GET /assessment/marks": page(*READERS),
    "GET /assessment/marks/new": page(*SUPERVISION),
    "POST /assessment/marks/new": page(
        *SUPERVISION, hall="h1", row="A15", date="2026-03-02", staff="s1", text="早会缺席"
    ),
    "GET /assessment/marks/{number}": page(*READERS, ids=MARK),
    "GET /assessment/marks/{number}/files/{file}": page(*READERS, ids=MARK),
    "POST /assessment/marks/{number}/withdraw": page(*SUPERVISION, ids=MARK, reason="登记有误"),
    "GET /screen": OPEN,
    "GET /screen/sw.js": OPEN,
    "GET /screen/api/feed": Way(kind="api", tokens=("lobby",)),
    "GET /screens": page(*MINDERS),
    "POST /screens": page("administrator", hall="h9", name="一楼"),
    "POST /screens/{number}/revoke": page("administrator", ids={"number": "screen"}, why="更换"),
    "GET /assessment/tasks": page(*READERS),
    "GET /assessment/tasks/{number}": page(*READERS, ids={"number": "owed"}),
    "POST /assessment/tasks/{number}/lift": page(*SUPERVISION, ids={"number": "owed"}, reason="停办"),
    "GET /assessment/circulars": page(*READERS),
    "GET /assessment/circulars/new": page(*SUPERVISION),
    "POST /assessment/circulars": page(*SUPERVISION, hall="h9", period="2026-02", title="通报", text="内容"),
    "GET /assessment/circulars/{number}": page(*READERS, ids=CIRCULAR),
    "GET /assessment/circulars/{number}/edit": page(*SUPERVISION, ids=CIRCULAR),
    "POST /assessment/circulars/{number}": page(*SUPERVISION, ids={"number": "rewritten"}, title="通报", text="内容"),
    "POST /assessment/circulars/{number}/issue": page("supervision_head", ids=CIRCULAR, document="〔2026〕1号"),
    "GET /assessment/circulars/{number}/letter.{suffix}": page(*READERS, ids=CIRCULAR, fixed={"suffix": "docx"}),
    "GET /assessment/feedback": page(*READERS),
    "GET /assessment/feedback/issue": page("supervision_head"),
    "POST /assessment/feedback/issue": page("supervision_head", hall="h9", period="2026-Q1"),
    "GET /assessment/feedback/{number}": page(*READERS, ids=LETTER),
    "GET /assessment/feedback/{number}/letter.{suffix}": page(*READERS, ids=LETTER, fixed={"suffix": "docx"}),
    "POST /assessment/feedback/{number}/acknowledge": page(*LEADERS, ids=LETTER),
    "POST /assessment/feedback/{number}/answer": page(*LEADERS, ids=LETTER, text="已整改"),
    "GET /assessment/sent": page(*READERS),
    "POST /assessment/sent": page(*SUPERVISION, hall="h9", period="2026-Q1", to="县政府", on="2026-03-04"),
    "GET /assessment/awards": page(*READERS),
    "GET /assessment/awards/nominate": page(*LEADERS, query={"period": "2025-Q4"}),
    "POST /assessment/awards/nominate": page(*LEADERS, window="w9", period="2025-Q4", staff="s9", reason="勤勉"),
    "POST /assessment/awards/{number}/decide": page("supervision_head", ids=NOMINATION, verdict="confirm"),
    "POST /assessment/awards/finish": page("supervision_head", hall="h9", period="2025-Q4"),
    "GET /assessment/reviews": page(*READERS),
    "GET /assessment/reviews/new": page(*APPELLANTS, query={"entry": "990099"}),
    "POST /assessment/reviews": page(*APPELLANTS, entry="990099", reason="有误"),
    "GET /assessment/reviews/{number}": page(*READERS, ids=REVIEW),
    "POST /assessment/reviews/{number}/decide": page("supervision_head", ids=REVIEW, verdict="refuse", reason="属实"),
    "GET /assessment/patrols": page(*READERS),
    "POST /assessment/patrols": page(*SUPERVISION, hall="h1", round="1", found="order"),
    "GET /assessment/weeks": page(*READERS),
    "GET /assessment/weeks/new": page(*SUPERVISION, query={"hall": "h1", "week": "2026-W08"}),
    "POST /assessment/weeks": page(*SUPERVISION, hall="h1", week="2026-W08", text="平稳"),
    "GET /assessment/weeks/{number}": page(*READERS, ids={"number": "week"}),
    "GET /assessment/self": page(*READERS),
    "GET /assessment/self/new": page(*LEADERS),
    "POST /assessment/self": page(*LEADERS, window="w9", month="2026-03", points="98", text="自评"),
    "GET /assessment/self/{number}": page(*READERS, ids={"number": "self"}),
    "POST /assessment/self/{number}/review": page(*SUPERVISION, ids={"number": "self"}, points="98", reason="属实"),
    "GET /assessment/talks": page(*READERS),
    "GET /assessment/talks/{number}": page(*READERS, ids={"number": "talk"}),
    "POST /assessment/talks/{number}/hold": page(*SUPERVISION, ids={"number": "talk"}, more=TALK),
    "GET /notices": page(*SUPERVISION),
    "GET /notices/new": page(*SUPERVISION),
    "POST /notices": page(*SUPERVISION, more=NOTICE, hall="h9"),
    "GET /notices/{number}": page(*SUPERVISION, ids={"number": "notice"}),
    "GET /notices/{number}/edit": page(*SUPERVISION, ids={"number": "notice"}),
    "POST /notices/{number}": page(*SUPERVISION, ids={"number": "notice"}, more=NOTICE, hall="h1"),
    "POST /notices/{number}/release": page("supervision_head", ids={"number": "notice"}),
    "POST /notices/{number}/take-back": page(*SUPERVISION, ids={"number": "notice"}, why="有误"),
    "GET /faces": page(*ENROLLERS),
    "GET /faces/{staff}": page(*ENROLLERS, ids=STAFF_OF),
    "POST /faces/{staff}/consent": page(
        *ENROLLERS, ids=STAFF_OF, purpose="考勤", paper="1", consented_at="2026-03-03T09:00", given_notice="yes"
    ),
    "POST /faces/{staff}/look": page(*ENROLLERS, ids=STAFF_OF),
    "POST /faces/{staff}/enrol": page(*ENROLLERS, ids=STAFF_OF),
    "POST /faces/{staff}/compare": page(*ENROLLERS, ids=STAFF_OF),
    "POST /faces/{staff}/erase": page(*ENROLLERS, ids=STAFF_OF, reason="撤回", confirmed="yes"),
    "POST /faces/{staff}/pin": page(*ENROLLERS, ids=STAFF_OF),
    "POST /faces/{staff}/pin/clear": page(*ENROLLERS, ids=STAFF_OF),
    "GET /kiosks": page(*MINDERS),
    "POST /kiosks/{device}/token": page("administrator", ids=TERMINAL),
    "POST /kiosks/{device}/revoke": page("administrator", ids=TERMINAL, reason="换机"),
    "GET /faces/doubts": page(*REVIEWERS),
    "GET /faces/doubts/{number}": page(*REVIEWERS, ids=DOUBT),
    "POST /faces/doubts/{number}": page(*REVIEWERS, ids=DOUBT, decision="unclear", reason="看不清"),
    "GET /faces/doubts/{number}/still": page(*REVIEWERS, ids=DOUBT),
    "GET /my": page(*READERS),
    "GET /attendance": page(*READERS),
    "GET /attendance/month": page(*READERS),
    "GET /attendance/people/{staff}": page(*READERS, ids={"staff": "staff"}),
    "GET /assessment/scores": page(*READERS, query=SIGNED),
    "GET /assessment/entries": page(*READERS),
    "GET /assessment/people/{staff}": page(*READERS, ids={"staff": "assessed person"}, query=SIGNED),
    "GET /assessment/windows/{window}": page(*READERS, ids={"window": "assessed window"}, query=SIGNED),
    "GET /devices/new": page("administrator"),
    "POST /devices/new": page("administrator", id="new-1", kind="camera", hall="h1"),
    "POST /devices/{device}/password": page("administrator", ids={"device": "device"}),
    "POST /devices/{device}/revoke": page("administrator", ids={"device": "device"}, reason="失窃"),
    "GET /plans": page(*PLANNERS),
    "GET /plans/rota": page(*PLANNERS),
    "GET /plans/withdraw": page(*PLANNERS, query={"kind": "leave", "id": "nothing"}),
    "POST /plans/withdraw": page(*PLANNERS, kind="leave", id="nothing", reason="误导入"),
    "GET /plans/import": page(*PLANNERS),
    "POST /plans/import": page(*PLANNERS),
    "POST /plans/confirm": page(*PLANNERS, name="leave.csv", content="x", digest="x"),
    "GET /registry": page(*SETTINGS),
    "GET /registry/file.{suffix}": page("administrator", fixed={"suffix": "toml"}),
    "GET /registry/row": page(*SETTINGS, query={"table": "windows", "key": "WyJ3OSJd"}),
    "POST /registry/row": page("administrator", table="windows", id="w1"),
    "POST /registry/end": page("administrator", table="posts", key="WyJ3OSJd", end="2026-03-04"),
    "GET /registry/import": page("administrator"),
    "POST /registry/import": page("administrator"),
    "POST /registry/confirm": page("administrator", name="row.json", content="x", digest="x"),
    "GET /calendars": page(*SETTINGS),
    "GET /calendars/due": page(*SETTINGS),
    "GET /calendars/import": page("administrator"),
    "POST /calendars/import": page("administrator"),
    "POST /calendars/confirm": page("administrator", name="2026.json", content="x", digest="x"),
    "GET /operations": page(*MINDERS),
    "GET /operations/deliveries": page(*MINDERS),
    "GET /operations/deliveries/{number}/again": page(*SUPERVISION, ids={"number": "message"}),
    "POST /operations/deliveries/{number}/again": page(*SUPERVISION, ids={"number": "message"}, reason="机器人已恢复"),
    "GET /operations/runbook": page(*MINDERS),
    "GET /operations/health": page(*MINDERS),
    "POST /operations/health": page(*MINDERS),
    "GET /assessment/signs": page(*AUDITS, query={"month": "2026-03"}),
    "GET /assessment/book": page(*READERS),
    "GET /assessment/book/compare": page(*READERS),
    "GET /assessment/book/edit": page("supervision_head", query={"hall": "h1"}),
    "POST /assessment/book/draft": page("supervision_head", hall="h1", text="name = 1"),
    "POST /assessment/book/what-if": page("supervision_head", hall="h1", month="2026-04", trial="2026-03", text="x"),
    "GET /assessment/book/what-if": page("supervision_head", query={"hall": "h1", "month": "2026-03"}),
    "POST /assessment/book/use": page("supervision_head", hall="h1", month="2026-04", text="name = 1", reason="试"),
    "GET /assessment/book/{hall}/{version}": book_page(),
    "GET /assessment/book/{hall}/{version}/text": book_page(),
    "GET /policy": page(*SETTINGS),
    "GET /policy/versions": page(*SETTINGS),
    "GET /policy/compare": page(*SETTINGS),
    "GET /policy/draft": page(*SETTINGS),
    "POST /policy/draft": page(*SETTINGS),
    "GET /policy/what-if": page(*SETTINGS, query={"start": "2026-03-01", "end": "2026-03-02"}),
    "POST /policy/change": page("administrator", base="990099", reason="局务会"),
    "GET /me": page(*ALL),
    "POST /me/password": page(*ALL, present="x", password="y", again="z"),
    "POST /me/sessions/end": page(*ALL, number="990099"),
    "POST /me/sessions/end-others": page(*ALL),
    "GET /sessions": page("administrator"),
    "POST /sessions/end": page("administrator", number="990099"),
    "POST /sessions/end-all": page("administrator", user="nobody"),
    "GET /routes": page(*PLANNERS, "auditor", "administrator"),
    "GET /routes/who": page(*PLANNERS, "auditor", "administrator"),
    "POST /routes/test": page("supervision_head", "administrator", receiver="nobody"),
    "GET /silences": page(*SUPERVISION),
    "GET /silences/new": page(*SUPERVISION),
    "POST /silences/new": page(*SUPERVISION, hall="h1", levels="yellow", hours="1", reason="检修"),
    "POST /silences/{number}/end": page(*SUPERVISION, ids={"number": "silence"}),
    "GET /audit": page(*SUPERVISION, "auditor"),
    "GET /audit/export.{suffix}": page(*SUPERVISION, "auditor", fixed={"suffix": "json"}),
    "GET /audit/verify": page(*SUPERVISION, "auditor"),
    "POST /audit/verify": page(*SUPERVISION, "auditor"),
    "GET /people": page("administrator"),
    "GET /people/roles": page("administrator"),
    "GET /people/new": page("administrator"),
    "POST /people/new": page("administrator", user="new-one", role="auditor"),
    "GET /people/{user}": page("administrator", fixed={"user": "nobody"}),
    "GET /people/{user}/change": page("administrator", fixed={"user": "nobody"}),
    "POST /people/{user}/change": page("administrator", fixed={"user": "nobody"}, role="auditor"),
    **{
        f"POST /people/{{user}}/{name}": page("administrator", fixed={"user": "nobody"}, reason="调离")
        for name in ("disable", "enable", "invite", "unlock", "sign-out", "link", "unlink", "erase")
    },
    "GET /tokens": page("administrator"),
    "POST /tokens": page("administrator", kind="user", user="nobody"),
    "POST /tokens/revoke": page("administrator", number="990099", reason="外泄"),
    # JSON API
    "GET /api/v1/routes/who": Way(
        kind="api", may=(*PLANNERS, "auditor", "administrator"), scope="settings:read", query={"rule": "post.empty"}
    ),
    "GET /api/v1/silences": Way(kind="api", may=SUPERVISION, scope="alerts:silence"),
    "POST /api/v1/silences": Way(
        kind="api",
        may=SUPERVISION,
        scope="alerts:silence",
        body={"hall": ["h1"], "levels": ["yellow"], "to": "2026-03-04T03:00:00Z", "reason": "检修"},
    ),
    "POST /api/v1/silences/{number}/end": Way(
        kind="api", may=SUPERVISION, scope="alerts:silence", ids={"number": "silence"}, body={}
    ),
    "GET /api/v1/audit": Way(kind="api", may=(*SUPERVISION, "auditor"), scope="audit:read"),
    "GET /api/v1/cases": reading("cases:read"),
    "GET /api/v1/cases/due": reading("cases:read"),
    "GET /api/v1/cases/one": reading("cases:read", key="nothing/1"),
    "GET /api/v1/assessment/proposals": marking("scores:read", *READERS, query={"hall": "h1"}),
    "GET /api/v1/assessment/proposals/{number}": marking("scores:read", *READERS, ids=PROPOSAL),
    "GET /api/v1/assessment/proposals/{number}/foreseen": marking("scores:confirm", *SUPERVISION, ids=PROPOSAL),
    "POST /api/v1/assessment/proposals/{number}/confirm": marking(
        "scores:confirm", *SUPERVISION, ids=PROPOSAL, body=WHY
    ),
    "POST /api/v1/assessment/proposals/{number}/reject": marking(
        "scores:confirm", *SUPERVISION, ids=PROPOSAL, body=WHY
    ),
    "POST /api/v1/assessment/proposals/confirm": marking(
        "scores:confirm", *SUPERVISION, body={"numbers": [990_099], **WHY}
    ),
    "POST /api/v1/assessment/proposals/reject": marking(
        "scores:confirm", *SUPERVISION, body={"numbers": [990_099], **WHY}
    ),
    "POST /api/v1/assessment/entries/{number}/take-back": marking(
        "scores:review", "supervision_head", ids={"number": "entry"}, body=WHY
    ),
    "GET /api/v1/assessment/marks": marking("scores:read", *READERS, query={"hall": "h1", "month": "2026-03"}),
    "GET /api/v1/assessment/marks/rows": marking("scores:mark", *SUPERVISION, query={"hall": "h1", "month": "2026-03"}),
    "GET /api/v1/assessment/marks/{number}": marking("scores:read", *READERS, ids=MARK),
    "GET /api/v1/assessment/marks/{number}/files/{file}": marking("scores:read", *READERS, ids=MARK),
    "POST /api/v1/assessment/marks": marking(
        "scores:mark",
        *SUPERVISION,
        body={"hall": "h1", "row": "A15", "date": "2026-03-02", "staff": "s1", "text": "早会缺席"},
    ),
    "POST /api/v1/assessment/marks/{number}/withdraw": marking("scores:mark", *SUPERVISION, ids=MARK, body=WHY),
    "GET /api/v1/requests": reading("attendance:read"),
    "GET /api/v1/requests/{number}": Way(
        kind="api", may=READERS, tokens=("hall",), scope="attendance:read", ids=REQUEST
    ),
    "POST /api/v1/requests": Way(kind="api", may=FILERS, scope="requests:file", body=OUTING),
    "POST /api/v1/requests/preview": Way(kind="api", may=FILERS, scope="requests:file", body=OUTING),
    **dict(
        (
            deciding_api("approve", "requests:decide", *DECIDERS),
            deciding_api("refuse", "requests:decide", *DECIDERS),
            deciding_api("withdraw", "requests:file", *FILERS),
        )
    ),
    "GET /api/v1/statistics": reading("cases:read", **YEAR),
    "GET /api/v1/statistics/months": reading("cases:read"),
    "GET /api/v1/ratings": reading("ratings:read"),
    "GET /api/v1/ratings/summary": reading("ratings:read"),
    "GET /api/v1/ratings/unrated": reading("ratings:read"),
    "GET /api/v1/ratings/devices": reading("ratings:read"),
    "POST /api/v1/rating-links": Way(
        kind="api", may=SUPERVISION, tokens=("hall",), scope="ratings:collect", body={"device": "eval-99"}
    ),
    "GET /api/v1/posts": reading("attendance:read", date="2026-03-04"),
    "GET /api/v1/posts/{window}": replace(reading("attendance:read", date="2026-03-04"), ids={"window": "window"}),
    "GET /api/v1/assessment/scores": assessed(),
    "GET /api/v1/assessment/entries": assessed(),
    "GET /api/v1/assessment/people/{staff}": assessed(ids={"staff": "assessed person"}),
    "GET /api/v1/assessment/windows/{window}": assessed(ids={"window": "assessed window"}),
    "GET /api/v1/months": closing(),
    "GET /api/v1/months/{hall}/{month}": closing(ids={"hall": "hall"}, fixed=MONTH),
    "POST /api/v1/months/{hall}/{month}": closing(ids={"hall": "hall"}, fixed=MONTH, body={"reason": "核对"}),
    "GET /api/v1/months/{hall}/{month}/{version}/sheet.{suffix}": closing(
        ids={"hall": "hall"}, fixed={**MONTH, "version": "1", "suffix": "xlsx"}
    ),
    "GET /api/v1/sheets": closing(),
    "POST /api/v1/sheets": closing(body={"hall": "h9", "month": "2026-02"}),
    "GET /api/v1/sheets/{number}": closing(ids={"number": "sheet"}),
    "GET /api/v1/sheets/{number}/file": closing(ids={"number": "sheet"}),
    "DELETE /api/v1/sheets/{number}": closing(ids={"number": "sheet"}),
    "GET /api/v1/assessment/periods": scoring(),
    "GET /api/v1/assessment/periods/{hall}/{period}": scoring(ids={"hall": "hall"}, fixed=PERIOD),
    "POST /api/v1/assessment/periods/{hall}/{period}/draft": scoring(ids={"hall": "hall"}, fixed=PERIOD, body={}),
    "POST /api/v1/assessment/periods/{hall}/{period}/close": Way(
        kind="api",
        may=("supervision_head",),
        scope="scores:close",
        ids={"hall": "hall"},
        fixed=PERIOD,
        body={"shown": "x", "reason": "核对"},
    ),
    "GET /api/v1/assessment/reports": scoring(),
    "POST /api/v1/assessment/reports": scoring(body={"hall": "h9", "period": "2026-02"}),
    "GET /api/v1/assessment/reports/{number}": scoring(ids={"number": "report"}),
    "GET /api/v1/assessment/reports/{number}/file": scoring(ids={"number": "report"}),
    "DELETE /api/v1/assessment/reports/{number}": scoring(ids={"number": "report"}),
    "GET /api/v1/spots": checking(),
    "POST /api/v1/spots": checking(body={"hall": "h1"}),
    "GET /api/v1/spots/{number}": checking(ids={"number": "spot"}),
    "POST /api/v1/spots/{number}/result": checking(ids={"number": "spot"}, body={"found": "closed"}),
    "GET /api/v1/devices": minding(),
    "GET /api/v1/devices/{device}": minding(ids={"device": "device"}),
    "GET /api/v1/devices/{device}/lost": Way(
        kind="api",
        may=MENDERS,
        scope="devices:lose",
        ids={"device": "device"},
        query={"from": GONE["start"], "to": GONE["end"]},
    ),  # fmt: skip
    "POST /api/v1/devices/{device}/lost": Way(
        kind="api",
        may=MENDERS,
        scope="devices:lose",
        ids={"device": "device"},
        body={"from": GONE["start"], "to": GONE["end"], "reason": "断电"},
    ),  # fmt: skip
    "GET /api/v1/faces": facing(),
    "GET /api/v1/faces/{staff}": facing(ids=STAFF_OF),
    "POST /api/v1/faces/{staff}/erase": facing({"reason": "撤回"}, STAFF_OF),
    "GET /api/v1/kiosks": minding(),
    "POST /api/v1/kiosks/{device}/token": kiosk_work({}),
    "POST /api/v1/kiosks/{device}/revoke": kiosk_work({"reason": "换机"}),
    "GET /api/v1/doubts": doubting(),
    "GET /api/v1/doubts/{number}": doubting(ids=DOUBT),
    "POST /api/v1/doubts/{number}/decide": doubting({"decision": "unclear", "reason": "看不清"}, DOUBT),
    "GET /api/v1/assessment/signs": Way(kind="api", may=AUDITS, scope="audit:read", query=SIGNS),
    "GET /api/v1/assessment/books": Way(kind="api", may=READERS, scope="scores:read"),
    "GET /api/v1/assessment/books/{hall}/{version}": Way(
        kind="api", may=READERS, scope="scores:read", ids={"hall": "hall"}, fixed=BOOK, whole_hall=True
    ),
    "POST /api/v1/assessment/books/{hall}/check": booking({"text": "name = 1"}),
    "POST /api/v1/assessment/books/{hall}/what-if": booking({"text": "name = 1", "month": "2026-03"}),
    "POST /api/v1/assessment/books/{hall}/use": booking({"text": "name = 1", "from": "2026-04", "reason": "试"}),
    "GET /api/v1/policy": Way(kind="api", may=SETTINGS, scope="settings:read"),
    "GET /api/v1/policy/versions": Way(kind="api", may=SETTINGS, scope="settings:read"),
    "POST /api/v1/policy/preview": Way(kind="api", may=SETTINGS, scope="settings:read", body=KEYS),
    "POST /api/v1/policy": Way(
        kind="api", may=("administrator",), scope="settings:write", body={"base": 990099, "reason": "局务会", **KEYS}
    ),
    "GET /api/v1/devices/{device}/revoke": Way(
        kind="api", may=("administrator",), scope="settings:write", ids={"device": "device"}
    ),
    "POST /api/v1/devices/{device}/revoke": Way(  # of none: one that is out of service would change what others find
        kind="api",
        may=("administrator",),
        scope="settings:write",
        fixed={"device": "nothing"},
        body={"reason": "失窃"},
    ),
    "GET /api/v1/plans/{kind}": Way(
        kind="api",
        may=PLANNERS,
        tokens=("hall",),
        scope="plans:write",
        fixed={"kind": "leave"},
        query={"from": "2026-03-01", "to": "2026-03-31"},
    ),
    "POST /api/v1/plans/withdraw": Way(
        kind="api",
        may=PLANNERS,
        tokens=("hall",),
        scope="plans:write",
        body={"table": "leave", "id": "nothing", "reason": "误导入"},
    ),
    "POST /api/v1/plans/preview": Way(kind="api", may=PLANNERS, tokens=("hall",), scope="plans:write", body={}),
    "GET /api/v1/registry/{table}": Way(kind="api", may=SETTINGS, scope="settings:read", fixed={"table": "windows"}),
    "POST /api/v1/registry": Way(kind="api", may=("administrator",), scope="settings:write", body={}),
    "GET /api/v1/calendars": Way(kind="api", may=SETTINGS, scope="settings:read"),
    "GET /api/v1/calendars/{name}": Way(
        kind="api", may=SETTINGS, scope="settings:read", fixed={"name": "default"}, query={"year": "2026"}
    ),
    "GET /api/v1/calendars/{name}/due": Way(
        kind="api",
        may=SETTINGS,
        scope="settings:read",
        fixed={"name": "default"},
        query={"from": "2026-03-03T09:00", "amount": "3"},
    ),
    "POST /api/v1/calendars/notices": Way(
        kind="api",
        may=("administrator",),
        scope="settings:write",
        body={"year": 2026, "days": [{"name": "x", "date": "2026-10-01", "isOffDay": True}]},
    ),
    "GET /api/v1/quarantine": minding(),
    "GET /api/v1/quarantine/{number}": minding(ids={"number": "held"}),
    "POST /api/v1/quarantine/replay": Way(kind="api", may=MENDERS, scope="quarantine:write", body={"ids": [990099]}),
    "POST /api/v1/quarantine/dismiss": Way(
        kind="api", may=MENDERS, scope="quarantine:write", body={"ids": [990099], "reason": "重复"}
    ),
    "GET /api/v1/assessment/circulars": scored(),
    "GET /api/v1/assessment/circulars/proposed": scored(
        *SUPERVISION, scope="scores:mark", query={"hall": "h9", "period": "2026-02"}
    ),
    "GET /api/v1/assessment/circulars/{number}": scored(ids=CIRCULAR),
    "GET /api/v1/assessment/circulars/{number}/letter.{suffix}": scored(ids=CIRCULAR, fixed={"suffix": "docx"}),
    "POST /api/v1/assessment/circulars": scored(
        *SUPERVISION, scope="scores:mark", body={"hall": "h9", "period": "2026-02", "title": "通报", "text": "内容"}
    ),
    "POST /api/v1/assessment/circulars/{number}": scored(
        *SUPERVISION, scope="scores:mark", ids={"number": "rewritten"}, body={"title": "通报", "text": "内容"}
    ),
    "POST /api/v1/assessment/circulars/{number}/issue": scored(
        "supervision_head", scope="scores:close", ids=CIRCULAR, body={"document": "〔2026〕1号"}
    ),
    "GET /api/v1/assessment/feedback": scored(),
    "GET /api/v1/assessment/feedback/{number}": scored(ids=LETTER),
    "GET /api/v1/assessment/feedback/{number}/letter.{suffix}": scored(ids=LETTER, fixed={"suffix": "docx"}),
    "POST /api/v1/assessment/feedback": scored(
        "supervision_head", scope="scores:close", body={"hall": "h9", "period": "2026-Q1"}
    ),
    "POST /api/v1/assessment/feedback/{number}/acknowledge": scored(*LEADERS, scope="scores:self", ids=LETTER, body={}),
    "POST /api/v1/assessment/feedback/{number}/answer": scored(
        *LEADERS, scope="scores:self", ids=LETTER, body={"text": "已整改"}
    ),
    "GET /api/v1/assessment/sent": scored(),
    "GET /api/v1/assessment/sent/owed": scored(),
    "POST /api/v1/assessment/sent": scored(
        *SUPERVISION,
        scope="scores:mark",
        body={"hall": "h9", "period": "2026-Q1", "to": "县政府", "on": "2026-03-04"},
    ),
    "GET /api/v1/assessment/awards": scored(),
    "GET /api/v1/assessment/awards/seats": scored(query={"hall": "h1", "period": "2025-Q4"}),
    "GET /api/v1/assessment/awards/years": scored(query={"hall": "h1"}),
    "POST /api/v1/assessment/awards": scored(
        *LEADERS,
        scope="scores:self",
        body={"window": "w9", "period": "2025-Q4", "staff": "s9", "reason": "勤勉"},
    ),
    "POST /api/v1/assessment/awards/finish": scored(
        "supervision_head", scope="scores:close", body={"hall": "h9", "period": "2025-Q4"}
    ),
    "POST /api/v1/assessment/awards/{number}/decide": scored(
        "supervision_head", scope="scores:close", ids=NOMINATION, body={"confirm": True}
    ),
    "GET /api/v1/assessment/reviews": scored(),
    "GET /api/v1/assessment/reviews/{number}": scored(ids=REVIEW),
    "POST /api/v1/assessment/reviews": scored(
        *APPELLANTS, scope="scores:appeal", body={"entry": 990099, "reason": "有误"}
    ),
    "POST /api/v1/assessment/reviews/{number}/decide": scored(
        "supervision_head", scope="scores:review", ids=REVIEW, body={"grant": False, "reason": "属实"}
    ),
    "GET /api/v1/assessment/tasks": Way(kind="api", may=READERS, scope="scores:read"),
    "GET /api/v1/assessment/patrols": scores("scores:read", READERS),
    "POST /api/v1/assessment/patrols": scores("scores:mark", SUPERVISION, body=PATROL),
    "GET /api/v1/assessment/weeks": scores("scores:read", READERS),
    "GET /api/v1/assessment/weeks/figures": scores("scores:read", READERS, query=WEEK),
    "GET /api/v1/assessment/weeks/{number}": scores("scores:read", READERS, ids={"number": "week"}),
    "POST /api/v1/assessment/weeks": scores("scores:mark", SUPERVISION, body={**WEEK, "text": "平稳"}),
    "GET /api/v1/assessment/self": scores("scores:read", READERS),
    "GET /api/v1/assessment/self/{number}": scores("scores:read", READERS, ids={"number": "self"}),
    "POST /api/v1/assessment/self": scores("scores:self", LEADERS, body=SELF),
    "POST /api/v1/assessment/self/{number}/review": scores(
        "scores:confirm", SUPERVISION, ids={"number": "self"}, body={"points": "98", "reason": "属实"}
    ),
    "GET /api/v1/assessment/talks": scores("scores:read", READERS),
    "GET /api/v1/assessment/talks/{number}": scores("scores:read", READERS, ids={"number": "talk"}),
    "POST /api/v1/assessment/talks/{number}/hold": scores(
        "scores:mark", SUPERVISION, ids={"number": "talk"}, body=TALK
    ),
    "POST /api/v1/assessment/tasks/{number}/lift": Way(
        kind="api", may=SUPERVISION, scope="scores:mark", ids={"number": "owed"}, body={"reason": "停办"}
    ),
    "GET /api/v1/notices": Way(kind="api", may=SUPERVISION, scope="notices:write"),
    "GET /api/v1/notices/{number}": Way(kind="api", may=SUPERVISION, scope="notices:write", ids={"number": "notice"}),
    "POST /api/v1/notices": Way(kind="api", may=SUPERVISION, scope="notices:write", body={**NOTICE, "hall": "h9"}),
    "POST /api/v1/notices/{number}/release": Way(
        kind="api", may=("supervision_head",), scope="notices:release", ids={"number": "notice"}
    ),
    "POST /api/v1/notices/{number}/take-back": Way(
        kind="api", may=SUPERVISION, scope="notices:write", ids={"number": "notice"}, body={"reason": "有误"}
    ),
    "GET /api/v1/operations": Way(kind="api", may=MINDERS, scope="operations:read"),
    "GET /api/v1/deliveries": Way(kind="api", may=MINDERS, scope="operations:read"),
    "POST /api/v1/deliveries/{number}/again": Way(
        kind="api",
        may=SUPERVISION,
        scope="alerts:silence",
        ids={"number": "message"},
        body={"reason": "机器人已恢复"},
    ),
    "GET /api/v1/board/{hall}": Way(
        kind="api", may=READERS, tokens=("hall",), scope="cards:read", ids={"hall": "hall"}, whole_hall=True
    ),
    "GET /api/v1/cards/{number}/explanation": Way(
        kind="api", may=READERS, tokens=("hall",), scope="cards:read", ids=CARD
    ),
    "POST /api/v1/cards/ack": Way(
        kind="api", may=MAY["ack"], scope="cards:acknowledge", body={"numbers": [990099], "reason": "已核实"}
    ),
    "POST /api/v1/events": Way(kind="api", tokens=("hall", "device"), body=[]),
    "POST /api/v1/plans": Way(kind="api", may=PLANNERS, tokens=("hall",), scope="plans:write", body={}),
    "GET /api/v1/cards": Way(kind="api", may=READERS, tokens=("hall",), scope="cards:read"),
    "GET /api/v1/cards/{number}": Way(kind="api", may=READERS, tokens=("hall",), scope="cards:read", ids=CARD),
    "GET /api/v1/cards/{number}/files/{file}": Way(
        kind="api", may=READERS, tokens=("hall",), scope="cards:read", ids={**CARD}
    ),
    "GET /api/v1/cards/{number}/export.{suffix}": Way(
        kind="api", may=(*SUPERVISION, "auditor"), scope="audit:read", ids=CARD, fixed={"suffix": "json"}
    ),
    "POST /api/v1/cards": Way(kind="api", may=SUPERVISION, scope="cards:issue", body=given_of("issue", "here")),
    **{f"POST /api/v1/cards/{{number}}/{name}": step(name) for name in SCOPES},
    "GET /api/v1/attendance/day": Way(kind="api", may=READERS, tokens=("hall",), scope="attendance:read"),
    "GET /api/v1/attendance/month": Way(kind="api", may=READERS, tokens=("hall",), scope="attendance:read"),
    "GET /api/v1/attendance/people/{staff}": Way(
        kind="api", may=READERS, tokens=("hall",), scope="attendance:read", ids={"staff": "staff"}
    ),
    "GET /api/v1/faces/gallery": Way(kind="api", tokens=("gallery",)),
    # the kiosk's page
    "GET /kiosk/api/config": KIOSK,
    "POST /kiosk/api/pin": KIOSK,
    "POST /kiosk/api/heartbeat": KIOSK,
    "POST /kiosk/api/attempts": KIOSK,
    "POST /kiosk/api/attempts/{event}/frame": KIOSK,
    "POST /kiosk/api/attempts/{event}/confirm": KIOSK,
    "POST /kiosk/api/kept": KIOSK,
    # citizens rate
    "POST /rate/api/link": SECRET,
    "POST /rate/api/link/rating": SECRET,
    "POST /rate/api/ratings": SCREEN,
    "POST /rate/api/heartbeat": SCREEN,
}
IN_BODY: Final[tuple[tuple[str, str, str], ...]] = tuple(
    (route, kind, kind)
    for route in ("POST /api/v1/cards", "POST /api/v1/cards/{number}/attribute")
    for kind in ("unit", "window", "staff")
) + (
    ("POST /api/v1/spots", "hall", "hall"),
    ("POST /api/v1/sheets", "hall", "hall"),
    ("POST /api/v1/assessment/patrols", "hall", "hall"),
    ("POST /api/v1/assessment/patrols", "window", "window"),
    ("POST /api/v1/assessment/self", "window", "window"),
    ("POST /api/v1/assessment/reports", "hall", "hall"),
    ("POST /api/v1/cards", "hall", "hall"),
    ("POST /api/v1/cards", "subject", "subject"),
    ("POST /api/v1/cards", "hall", "hall"),
    ("POST /api/v1/cards", "subject", "subject"),
    ("POST /api/v1/requests", "staff", "staff"),
    *(("POST /api/v1/assessment/marks", kind, kind) for kind in ("hall", "unit", "window", "staff")),
    ("POST /api/v1/requests/preview", "staff", "staff"),
)
"""Ids that a body names: route, field, what it is of."""
IN_FORM: Final[tuple[tuple[str, str, str], ...]] = (
    ("POST /cards/ack", "number", "card"),
    ("POST /spots", "hall", "hall"),
    ("POST /closing/sheets", "hall", "hall"),
    ("POST /assessment/book/draft", "hall", "hall"),
    ("POST /assessment/book/use", "hall", "hall"),
    ("POST /assessment/reports", "hall", "hall"),
    ("POST /notices", "hall", "hall"),
    ("POST /assessment/patrols", "hall", "hall"),
    ("POST /assessment/self", "window", "window"),
    *(("POST /cards/new", kind, kind) for kind in ("hall", "unit", "window", "staff", "subject")),
    *(("POST /cards/{number}/{step} attribute", kind, kind) for kind in ("unit", "window", "staff")),
    ("POST /requests/new", "staff", "staff"),
    ("POST /assessment/proposals/decide", "numbers", "proposal"),
    *(("POST /assessment/marks/new", kind, kind) for kind in ("hall", "unit", "window", "staff")),
)
"""Ids that a page's form names."""
IN_QUERY: Final = (
    ("GET /assessment/proposals", "hall", "hall"),
    ("GET /assessment/proposals", "window", "window"),
    ("GET /assessment/marks", "hall", "hall"),
    ("GET /assessment/marks/new", "hall", "hall"),
    ("GET /api/v1/assessment/proposals", "hall", "hall"),
    ("GET /api/v1/assessment/proposals", "whom", "staff"),
    ("GET /api/v1/assessment/marks", "hall", "hall"),
    ("GET /api/v1/cards", "subject", "subject"),
    ("GET /api/v1/faces/gallery", "device", "device"),
    ("GET /api/v1/cases/one", "key", "case"),
    ("GET /cases/one", "key", "case"),
    ("GET /cases", "window", "window"),
    ("GET /ratings/list", "window", "window"),
    ("GET /attendance", "window", "window"),
    ("GET /attendance", "hall", "hall"),
    ("GET /api/v1/attendance/day", "window", "window"),
    ("GET /api/v1/attendance/day", "hall", "hall"),
    ("GET /api/v1/attendance/month", "hall", "hall"),
    ("GET /attendance/month", "hall", "hall"),
    ("GET /routes/who", "card", "card"),
    ("GET /api/v1/routes/who", "card", "card"),
    ("GET /devices", "window", "window"),
    ("GET /assessment/scores", "hall", "hall"),
    ("GET /assessment/entries", "hall", "hall"),
    ("GET /assessment/entries", "staff", "assessed person"),
    ("GET /assessment/entries", "window", "assessed window"),
    ("GET /api/v1/assessment/entries", "staff", "assessed person"),
    ("GET /posts", "hall", "hall"),
    ("GET /assessment/signs", "hall", "hall"),
    ("GET /assessment/book", "hall", "hall"),
    ("GET /assessment/book/compare", "hall", "hall"),
    ("GET /assessment/book/edit", "hall", "hall"),
    ("GET /api/v1/assessment/books", "hall", "hall"),
    ("GET /api/v1/assessment/signs", "hall", "hall"),
    ("GET /spots", "hall", "hall"),
    ("GET /spots", "window", "window"),
    ("GET /assessment/tasks", "hall", "hall"),
    *((f"GET /assessment/{one}", "hall", "hall") for one in ("circulars", "feedback", "sent", "awards", "reviews")),
    *((f"GET /api/v1/assessment/{one}", "hall", "hall") for one in ("circulars", "feedback", "sent", "reviews")),
    ("GET /assessment/patrols", "hall", "hall"),
    ("GET /assessment/patrols", "window", "window"),
    ("GET /assessment/weeks/new", "hall", "hall"),
    ("GET /assessment/self", "hall", "hall"),
    ("GET /assessment/self/new", "window", "window"),
    ("GET /assessment/talks", "hall", "hall"),
    ("GET /api/v1/assessment/patrols", "window", "window"),
    ("GET /api/v1/assessment/weeks/figures", "hall", "hall"),
    ("GET /api/v1/assessment/self", "window", "window"),
    ("GET /api/v1/assessment/tasks", "window", "window"),
    ("GET /api/v1/months", "hall", "hall"),
    ("GET /assessment/periods", "hall", "hall"),
    ("GET /api/v1/assessment/periods", "hall", "hall"),
    ("GET /api/v1/spots", "window", "window"),
    ("GET /api/v1/posts", "hall", "hall"),
    ("GET /quarantine", "device", "device"),
    ("GET /requests", "staff", "staff"),
    ("GET /requests/new", "staff", "staff"),
    ("GET /api/v1/requests", "staff", "staff"),
    ("GET /api/v1/requests", "window", "window"),
    ("GET /api/v1/quarantine", "device", "device"),
)
"""Ids that a query names."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """With an object of every kind in each place: what may not be told of them is there from the first answer on."""
    with walked(tmp_path_factory.mktemp("walk")) as running:
        with_subjects(running)
        for kind in KINDS:
            for place in PLACES:
                running.id(kind, place)
        yield running


def split(route: str) -> tuple[str, str]:
    """Method and path; a third word tells apart what goes by one route."""
    method, path = route.split(" ")[:2]
    return method, path


def of_kind(*kinds: str) -> list[tuple[str, Way]]:
    return [(route, way) for route, way in ROUTES.items() if way.kind in kinds]


def test_every_route_has_its_line(walk: Walk) -> None:
    assert sorted(walk.routes) == sorted({" ".join(split(route)) for route in ROUTES})


# --------------------------------------------------------------------------- pages


def require_guarded(answer: httpx.Response, route: str) -> None:
    """No browser keeps it, guesses its type, frames it or gives it to another site's page."""
    said = answer.headers
    assert said["x-content-type-options"] == "nosniff", route
    assert "frame-ancestors 'none'" in said["content-security-policy"], route
    assert said["cross-origin-resource-policy"] == "same-origin", route
    assert "no-store" in said["cache-control"], route
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert "script-src 'self';" in said["content-security-policy"], route


def test_pages_let_in_who_may(walk: Walk) -> None:
    for route, way in of_kind("page"):
        method, path = split(route)
        address = walk.address(path, way)
        for who in PERSONS if route != "POST /sign-out" else ():
            form = {"data": {"csrf": walk.csrf[who], **way.form}} if method == "POST" else {}
            answer = walk.ask(walk.clients[who], method, address, **form)
            require_guarded(answer, route)
            own = method == "GET" and who in way.may
            answer = read(walk, route, who) if own else walk.ask(walk.clients[who], method, address, **form)
            if who in way.may:
                assert answer.status_code in (200, 303, 404, 409, 422), (route, who, answer.status_code)
            else:
                assert answer.status_code == 403, (route, who, answer.status_code)
                assert answer.headers["content-type"].startswith("text/html")
                assert 'href="/"' in answer.text, "a page, with the way back"
        answer = walk.ask(walk.clients[NOBODY], method, address)
        assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?"), route
        part = walk.ask(walk.clients[NOBODY], method, address, headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-redirect"][:9]) == (401, "/sign-in?"), route
        for who in ("duty_supervisor", "hall"):
            answer = walk.ask(walk.clients[NOBODY], method, address, headers=walk.bearers[who])
            assert answer.status_code == 303, f"{route}: a token of {who} is no session"


@pytest.mark.long
def test_no_token_of_any_kind_opens_a_page(walk: Walk) -> None:
    """Of one person and of a hall in every run, above."""
    for route, way in of_kind("page"):
        method, path = split(route)
        for who, header in walk.bearers.items():
            answer = walk.ask(walk.clients[NOBODY], method, walk.address(path, way), headers=header)
            assert answer.status_code == 303, f"{route}: a token of {who} is no session"


FOREIGN: Final[Mapping[str, Mapping[str, str]]] = {
    "another origin": {"Origin": "https://elsewhere.test"},
    "an origin that hides": {"Origin": "null"},
    "as the browser says": {"Sec-Fetch-Site": "cross-site"},
}


def test_a_page_s_form_is_taken_from_a_page_of_this_server_alone(walk: Walk) -> None:
    for route, way in of_kind("page", "open"):
        method, path = split(route)
        if method == "GET":
            continue
        who = way.may[0] if way.may else NOBODY
        address, before = walk.address(path, way), walk.last_audit()
        form = {"csrf": walk.csrf.get(who, ""), **way.form}
        for name, headers in FOREIGN.items():
            answer = walk.ask(walk.clients[who], method, address, data=form, headers=headers)
            assert answer.status_code == 403, (route, name)
        if way.kind == "page":
            other = walk.csrf[next(one for one in PERSONS if one != who)]
            for wrong in ("", "x" * 32, other):
                answer = walk.ask(walk.clients[who], method, address, data={**form, "csrf": wrong})
                assert answer.status_code == 403, (route, wrong)
            bare = walk.ask(walk.clients[who], method, address, data=way.form)
            assert bare.status_code == 403, route
        assert walk.last_audit() == before, f"{route}: nothing was written"


# --------------------------------------------------------------------------- API


def test_the_api_lets_in_who_may(walk: Walk) -> None:
    for route, way in of_kind("api"):
        method, path = split(route)
        address = walk.address(path, way)
        before = walk.last_audit()
        for who in (*PERSONS, *TOKENS):
            if who not in (*way.may, *way.tokens):
                answer = walk.ask(walk.http, method, address, json=way.body, headers=walk.bearers[who])
                assert answer.status_code == 403, (route, who, answer.text)
                assert set(answer.json()) == {"detail", "code", "field"}, (route, who)
        if way.scope is not None:
            rest = [scope for scope in USER_SCOPES if scope != way.scope]
            narrow = walk.token(user=way.may[0], scopes=rest)
            before = walk.last_audit()
            assert walk.ask(walk.http, method, address, json=way.body, headers=narrow).status_code == 403, route
        assert walk.last_audit() == before, f"{route}: nothing was written"
        for who in (*way.may, *way.tokens):
            own = method == "GET"
            answer = read(walk, route, who) if own else ask_as(walk, who, method, address, way)
            assert answer.status_code in (200, 201, 304, 404, 409, 422), (route, who, answer.text)
            require_guarded(answer, route)


def test_nobody_s_request_is_refused_and_a_session_opens_no_api(walk: Walk) -> None:
    """A browser sends its cookie with a request that another site's page makes; a token it does not."""
    before = walk.last_audit()
    for route, way in of_kind("api"):
        method, path = split(route)
        address = walk.address(path, way)
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer no-token"}):
            answer = walk.ask(walk.http, method, address, json=way.body, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), route
            assert set(answer.json()) == {"detail", "code", "field"}, route
        for who in PERSONS:
            headers = {"X-CSRF": walk.csrf[who], "Accept": "application/json"}
            answer = walk.ask(walk.clients[who], method, address, json=way.body, headers=headers)
            assert answer.status_code == 401, (route, who)
    assert walk.last_audit() == before, "nothing was written"


# --------------------------------------------------------------------------- what is not theirs


def beyond(who: str, kind: str, whole_hall: bool) -> list[str]:
    """Places whose objects are not within reach; of an object that a hall's people share, those of another hall."""
    within = WITHIN.get(who, ("here", "another window", "another unit"))
    places = [place for place in PLACES if place not in within]
    return [p for p in places if p == "another hall"] if whole_hall or kind == "hall" else places


def told(answer: httpx.Response, *own: str) -> tuple[int, str, str]:
    """Status, where it leads to, and text, but for the id that was asked for and the page's own token and key."""
    text = re.sub(r'name="(csrf|key)" value="[^"]*"|X-CSRF[^}]*}', "csrf", answer.text if is_whole(answer) else "")
    where = answer.headers.get("location", "")
    for one in own:
        text, where = re.sub(rf"(?<!<)(?<!</)\b{re.escape(one)}\b", "ID", text), where.replace(one, "ID")
    return answer.status_code, where, text


def is_whole(answer: httpx.Response) -> bool:
    return not answer.headers.get("content-type", "").startswith("text/event-stream")


def test_an_object_that_is_not_theirs_is_as_one_that_there_is_not(walk: Walk) -> None:
    walked_ids = 0
    for route, way in ROUTES.items():
        method, path = split(route)
        for name, kind in way.ids.items():
            missing = KINDS[kind][1]
            for who in (*way.may, *way.tokens):
                places = beyond(who, kind, way.whole_hall)
                before = walk.last_audit()
                answers = {}
                for one in (missing, *(walk.id(kind, place) for place in places)) if places else ():
                    address = walk.address(path, way, **{name: one})
                    answers[one] = told(ask_as(walk, who, method, address, way), one)
                for place in places:
                    answer = answers[walk.id(kind, place)]
                    assert answer == answers[missing], (route, who, place)
                    assert answer[0] == 404, (route, who, place)
                    walked_ids += 1
                assert walk.last_audit() == before, (route, who)
    assert walked_ids >= 80


def ask_as(walk: Walk, who: str, method: str, address: str, way: Way) -> httpx.Response:
    if way.kind == "page":
        form = {"data": {"csrf": walk.csrf[who], **way.form}} if method == "POST" else {}
        return walk.ask(walk.clients[who], method, address, **form)
    return walk.ask(walk.http, method, address, json=way.body, headers=walk.bearers[who])


def read(walk: Walk, route: str, who: str) -> httpx.Response:
    """What a route that may be read answers somebody who may, of the objects here; asked once for all tests."""
    if (route, who) not in walk.read:
        method, path = split(route)
        way = ROUTES[route]
        walk.read[route, who] = ask_as(walk, who, method, walk.address(path, way), way)
    return walk.read[route, who]


def id_of(walk: Walk, kind: str, place: str | None) -> str:
    """None: an id that there is not."""
    if kind == "subject":
        return f"window:{PLACES[place]['window']}" if place is not None else "window:w9"
    return walk.id(kind, place) if place is not None else KINDS[kind][1]


def limited(way: Way) -> tuple[str, ...]:
    """Those to whom something is beyond reach."""
    return tuple(who for who in way.may if who != "auditor")


@pytest.mark.parametrize(("route", "field", "kind"), IN_BODY)
def test_an_id_in_a_body_tells_nothing_either(walk: Walk, route: str, field: str, kind: str) -> None:
    method, path = split(route)
    way = ROUTES[route]
    needed = {k: v for k, v in (way.body or {}).items() if k not in ("hall", "unit", "window", "staff", "subject")}
    walk.id("card", "here")
    with_subjects(walk)
    for who in limited(way):
        for more in ({}, {"hall": "h1"}) if route == "POST /api/v1/cards" and field != "hall" else ({},):
            before, answers = walk.last_audit(), []
            for place in ("another hall", None):
                one = id_of(walk, kind, place)
                body = {**needed, **more, field: one}
                answer = walk.ask(walk.http, method, walk.address(path, way), json=body, headers=walk.bearers[who])
                answers.append(told(answer, one, one.partition(":")[2] or one))
            assert answers[0] == answers[1], (who, more)
            assert answers[0][0] == 422
            assert walk.last_audit() == before


@pytest.mark.parametrize(("route", "field", "kind"), IN_FORM)
def test_an_id_in_a_form_tells_nothing_either(walk: Walk, route: str, field: str, kind: str) -> None:
    method, path = split(route)
    way = ROUTES[route]
    needed = {k: v for k, v in way.form.items() if k not in ("hall", "unit", "window", "staff", "subject")}
    with_subjects(walk)
    for who in limited(way):
        for place in beyond(who, kind, False) if kind == "card" else ("another hall",):
            answers = []
            for one in (id_of(walk, kind, place), id_of(walk, kind, None)):
                form = {"csrf": walk.csrf[who], **needed, field: one}
                before = walk.last_audit()
                answer = walk.ask(walk.clients[who], method, walk.address(path, way), data=form)
                answers.append(told(answer, one, one.partition(":")[2] or one))
                assert walk.last_audit() == before, (who, place)
            assert answers[0] == answers[1], (who, place)
            assert answers[0][0] in (404, 409, 422), (who, place)


def test_an_api_s_list_of_numbers_tells_nothing_either(walk: Walk) -> None:
    for who in MAY["ack"]:
        for place in beyond(who, "card", False):
            answers = []
            for one in (walk.id("card", place), "990099"):
                body = {"numbers": [int(one)], "reason": "已核实"}
                answer = walk.ask(walk.http, "POST", "/api/v1/cards/ack", json=body, headers=walk.bearers[who])
                answers.append(told(answer, one))
            assert answers[0] == answers[1], (who, place)


def with_subjects(walk: Walk) -> None:
    """A subject in each hall that a card by hand could be about."""

    def make(conn: Any) -> None:
        for place in PLACES.values():
            held(conn, SubjectRef(kind="window", key=place["window"]), place["hall"], make=True)

    walk.deps.store.step(make)


@pytest.mark.parametrize(("route", "name", "kind"), IN_QUERY)
def test_an_id_in_a_query_tells_nothing_either(walk: Walk, route: str, name: str, kind: str) -> None:
    method, path = split(route)
    way = ROUTES[route]
    for who in (*way.may, *way.tokens):
        for place in beyond(who, kind, False):
            answers = []
            for one in (id_of(walk, kind, place), id_of(walk, kind, None)):
                asked = {**way.query, name: one}
                who_asks = {"client": walk.clients[who]} if way.kind == "page" else {"client": walk.http}
                headers = {} if way.kind == "page" else walk.bearers[who]
                answer = walk.ask(who_asks["client"], method, path, params=asked, headers=headers)
                answers.append(told(answer, one, quote(one, safe=""), quote(one), quote_plus(one)))
            assert answers[0] == answers[1], (who, place)


def test_no_answer_names_what_lies_beyond_one_s_reach(walk: Walk) -> None:
    """Everything is called after its place; lists and pages of each role are read for the names of other places."""
    for route, way in of_kind("page", "api"):
        method, path = split(route)
        if method != "GET":
            continue
        for who in (*way.may, *way.tokens):
            answer = read(walk, route, who)
            text = answer.text if is_whole(answer) else ""
            for place in beyond(who, "", False):
                assert marker(place) not in text, (route, who, place)
                assert f"{place}-" not in text, (route, who, place)


def test_the_table_of_steps_is_whole() -> None:
    assert {*SCOPES, "issue"} == set(MAY) >= set(BODY)
