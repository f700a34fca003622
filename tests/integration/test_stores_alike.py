"""Every page and every list of the API over the same hall in SQLite and in PostgreSQL: status and text are the same.

The pages and who looks at them are those of `test_every_page`. What a database decides by itself shows here: order,
truth, times, JSON, case of letters.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

import httpx
import pytest

from monitor.agents.demoplan import HALL
from monitor.store.engine import Store
from monitor.store.schema import HallRow
from monitor.supervision.tokens import create_token
from tests.browser.test_every_page import ALL, CARD, DOUBT, PAGES, REQUEST, SPOT, First
from tests.busy_app import BusyApp, busy_app
from tests.busy_faces import fill_faces
from tests.busy_hall import NOW, USERS, copied
from tests.http_app import insert
from tests.integration.test_roles_routes import ROUTES
from tests.lent import Lent
from tests.signing_in import session

CASE: Final = "SELECT key FROM subject WHERE kind = 'case' AND verdict = 'yellow' ORDER BY key"
ROLES: Final = ("head", "admin", "personnel", "auditor")
"""Asked in turn until one may: together they may read everything."""
IDS: Final[Mapping[str, str]] = {
    "cards": CARD.format("checkin.slot", "answered"), "requests": REQUEST.format("approved"),
    "spots": SPOT.format("result IS NOT NULL"), "doubts": DOUBT.format(1), "quarantine": "SELECT 2",
    "notices": "SELECT 1", "sheets": "SELECT 990099", "reports": "SELECT 990099",
    "proposals": "SELECT id FROM score_proposal WHERE state = 'open' ORDER BY id",
    "marks": "SELECT mark FROM mark_file ORDER BY id", "circulars": "SELECT id FROM circular ORDER BY id",
    "feedback": "SELECT id FROM feedback ORDER BY id", "reviews": "SELECT id FROM score_review ORDER BY id",
    "weeks": "SELECT id FROM week_summary ORDER BY id", "self": "SELECT id FROM self_assessment ORDER BY id",
    "talks": "SELECT id FROM talk ORDER BY id",
}  # fmt: skip
"""What `{number}` is below each list."""
GIVEN: Final[Mapping[str, str]] = {
    "hall": HALL, "window": f"{HALL}-w04", "staff": f"{HALL}-p02", "device": f"{HALL}-cam04", "month": "2026-03",
    "version": "1", "name": "default", "file": "1", "period": "2026-02",
}  # fmt: skip
MANY: Final[Mapping[str, tuple[str, ...]]] = {
    "table": ("halls", "units", "windows", "staff", "posts", "items", "devices"),
    "kind": ("leave", "shifts", "outings", "closures"),
}
"""Parameters of which every value is asked for."""
SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "cards": ("json",), "audit": ("json", "csv"), "registry": ("toml",), "closing": ("json",), "months": ("json",),
    "circulars": ("docx",), "feedback": ("docx",),
}  # fmt: skip
"""Files as text; a PDF and a workbook hold when they were made."""
NOT_THERE: Final = {
    "/api/v1/sheets/{number}", "/api/v1/sheets/{number}/file", "/closing/sheets/{number}/file",
    "/api/v1/cards/{number}/files/{file}", "/cards/{number}/files/{file}", "/faces/doubts/{number}/still",
    "/closing/of/{hall}/{month}/{version}/sheet.{suffix}", "/api/v1/months/{hall}/{month}/{version}/sheet.{suffix}",
    "/api/v1/assessment/reports/{number}", "/api/v1/assessment/reports/{number}/file",
    "/assessment/reports/{number}/file",
}  # fmt: skip
"""What the busy hall has nothing for: not found in either store."""
ASKED: Final[Mapping[str, Mapping[str, str]]] = {
    "/api/v1/cases/due": {}, "/api/v1/statistics": {"from": "2026-01-01", "to": "2026-03-04", "by": "staff"},
    "/api/v1/posts": {"date": "2026-03-03"}, "/api/v1/posts/{window}": {"date": "2026-03-03"},
    "/api/v1/attendance/day": {"date": "2026-03-03"},
    "/api/v1/plans/{kind}": {"from": "2026-03-01", "to": "2026-04-30"},
    "/api/v1/devices/{device}/lost": {"from": "2026-03-03T01:00:00Z", "to": "2026-03-03T02:00:00Z"},
    "/api/v1/calendars/{name}": {"year": "2026"},
    "/api/v1/calendars/{name}/due": {"from": "2026-03-03T09:00", "amount": "3"},
    "/api/v1/routes/who": {"rule": "post.empty", "level": "red", "hall": HALL},
    "/cards/since": {"after": "0"}, "/api/v1/assessment/proposals": {"hall": HALL},
    "/api/v1/assessment/marks": {"hall": HALL, "month": "2026-03"},
    "/api/v1/assessment/marks/rows": {"hall": HALL, "month": "2026-03"},
    "/api/v1/assessment/scores": {"period": "2026-02"}, "/api/v1/assessment/people/{staff}": {"period": "2026-02"},
    "/api/v1/assessment/windows/{window}": {"period": "2026-02"},
    "/api/v1/assessment/signs": {"hall": HALL, "month": "2026-03"},
    "/api/v1/assessment/circulars/proposed": {"hall": HALL, "period": "2026-02"},
    "/api/v1/assessment/awards/seats": {"hall": HALL, "period": "2026-02"},
    "/api/v1/assessment/awards/years": {"hall": HALL},
    "/api/v1/assessment/weeks/figures": {"hall": HALL, "week": "2026-W09"},
}  # fmt: skip
NOT_ASKED: Final = (
    "/static/",
    "/kiosk",
    "/screen",
    "/rate",
    "/sign-in",
    "/metrics",
    "/healthz",
    "/readyz",
    "/openapi.json",
)
"""Of no store, or for devices alone, whose ways are tested over both stores elsewhere."""
VARYING: Final = re.compile(
    r"""name="(?:csrf|key)" value="[^"]+"|"X-CSRF": "[^"]+"|<dt>(?:数据库|磁盘余量)</dt><dd>[^<]+</dd>|>[\d,.]+ MiB<|"""
    r""""(?:store|free)_bytes": [^,]+,|"value": \d{8,}\.0"""
    r"""|<tr id="metric-store_(?:free|size)_bytes">(?s:.*?)</tr>\s*"""
    r"""|\{\s*"name": "jiancha_store_(?:free|size)_bytes"[^}]*\},?\s*"""
)
"""Drawn anew for each answer; memory, and room on the disk, which is told and measured of a file alone."""
STREAM: Final = "/board/{hall}/stream"
GALLERY: Final = "/api/v1/faces/gallery"


@dataclass
class Two:
    """The same hall in both stores, and who may look at it: secrets of sessions and tokens, good for both."""

    sqlite: BusyApp
    postgres: BusyApp
    first: First
    cookies: Mapping[str, str]
    bearers: Mapping[str, str]

    def asked(
        self, kind: str, user: str | None, path: str, query: Mapping[str, str] | None = None
    ) -> list[httpx.Response]:
        """The answers of SQLite and of PostgreSQL; a second time where they differ, for a minute of the wall's clock
        may have gone over between the two.
        """
        headers = {"Accept": "text/html"} if kind == "page" else {"Authorization": f"Bearer {self.bearers[user or '']}"}
        if kind == "page" and user:
            headers["Cookie"] = f"jiancha={self.cookies[user]}"
        for _ in range(2):
            answers = [_whole(app, path, query, headers) for app in (self.sqlite, self.postgres)]
            if lines(answers[0]) == lines(answers[1]):
                break
        return answers


def _whole(app: BusyApp, path: str, query: Mapping[str, str] | None, headers: Mapping[str, str]) -> httpx.Response:
    """Asked again while what it shows is still counted."""
    while True:
        answer = app.http.get(path, params=query, headers=headers)
        if (
            "<progress" not in answer.text
            and '"state":"running"' not in answer.text
            and "Refresh" not in answer.headers
        ):
            return answer


@pytest.fixture(scope="module")
def two(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory, lent: Lent) -> Iterator[Two]:
    folders = [tmp_path_factory.mktemp(name) for name in ("filled", "sqlite", "postgres")]
    copied(busy_hall_made, folders[0])
    store = Store(f"sqlite:///{folders[0] / 'jiancha.sqlite'}")
    with store.write() as conn:
        born = datetime(2026, 3, 1, tzinfo=UTC)
        insert(conn, HallRow, {"id": "second", "name": "演示第二大厅", "expected_from": born})
    fill_faces(store)
    now = datetime.now(UTC)
    cookies = {user: session(store, user, lambda: now).secret for user in USERS}
    with store.write() as conn:
        bearers = {user: create_token(conn, now=NOW, user=user) for user in USERS}
    store.close()
    with ExitStack() as parts:
        url = parts.enter_context(lent.database())
        yield Two(
            parts.enter_context(busy_app(folders[0], folders[1])),
            parts.enter_context(busy_app(folders[0], folders[2], url)),
            First(folders[0] / "jiancha.sqlite", kiosk="/kiosk", screen="/screen"),
            cookies,
            bearers,
        )


def addresses(two: Two) -> Iterator[tuple[str, str, str]]:
    """("page" or "api", address) of everything that can be read and is no page of `test_every_page`."""
    for route in ROUTES:
        method, _, path = route.partition(" ")
        if method != "GET" or path in (*PAGES, "/", STREAM, GALLERY) or path.startswith(NOT_ASKED):
            continue
        names = re.findall(r"{(\w+)(?::\w+)?}", path)
        values = [_values(two, name, path) for name in names]
        for given in product(*values):
            address = re.sub(r"{[^}]+}", "{}", path).format(*given)
            yield "api" if path.startswith("/api/") else "page", path, address


def _values(two: Two, name: str, path: str) -> tuple[str, ...]:
    if name == "suffix":
        return next(found for part, found in SUFFIXES.items() if f"/{part}/" in path)
    if name == "number":
        return (next(two.first(found) for part, found in IDS.items() if f"/{part}/" in path),)
    if name == "version" and "/book" in path:
        return (two.first("SELECT version FROM rule_book"),)
    return MANY.get(name) or (GIVEN[name],)


def differing(name: str, ours: httpx.Response, theirs: httpx.Response) -> list[str]:
    """What SQLite says and PostgreSQL does not, and the other way round."""
    if ours.status_code != theirs.status_code:
        return [f"{name}: {ours.status_code}, on PostgreSQL {theirs.status_code}: {theirs.text[-300:]}"]
    if ours.headers["content-type"] != theirs.headers["content-type"] or ours.headers.get("link") != theirs.headers.get(
        "link"
    ):
        return [f"{name}: headers"]
    before, after = (lines(answer) for answer in (ours, theirs))
    told = [
        line for line in difflib.unified_diff(before, after, lineterm="", n=0) if line[:3] not in ("---", "+++", "@@ ")
    ]
    return [f"{name}: {line[:300]}" for line in told[:12]]


def lines(answer: httpx.Response) -> list[str]:
    kind = answer.headers["content-type"]
    if kind == "application/json":
        return VARYING.sub("", json.dumps(answer.json(), ensure_ascii=False, indent=0)).splitlines()
    if kind.startswith("text/"):
        return VARYING.sub("", answer.text).replace("<", "\n<").splitlines()
    return [f"{len(answer.content) // 100} hundred bytes"]


def test_every_page_says_the_same(two: Two) -> None:
    wrong = []
    for one in ALL:
        path = one.path if isinstance(one.path, str) else one.path(two.first)
        wrong += differing(one.name, *two.asked("page", one.user, path))
    assert not wrong, "\n".join(wrong)


def test_every_list_of_the_api_and_every_file_says_the_same(two: Two) -> None:
    wrong, without = [], set()
    for kind, route, path in addresses(two):
        asked = {"key": two.first(CASE)} if route == "/api/v1/cases/one" else ASKED.get(route)
        for user in ROLES:
            answers = two.asked(kind, user, path, asked)
            if answers[0].status_code != 403:
                break
        wrong += differing(path, *answers)
        if answers[0].status_code != 200:
            without.add(route)
    assert without == NOT_THERE
    assert not wrong, "\n".join(wrong)
