"""XSS: markup as a case number, as names, comments, reasons and words of every sort, looked at in a real browser.

A tag that is none gives it away where a script would be stopped by the page's policy and hide the fault.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from monitor.agents.demoplan import HALL
from tests.browser.pages import Browsers, Watched
from tests.browser.signed import sign_in
from tests.busy_hall import copied
from tests.daemon import Daemon

PAYLOAD: Final = (
    '"\'><xss-probe></xss-probe><img src=x onerror="window.__xss=1"><a href="javascript:window.__xss=2">x</a>'
)
WORDS: Final = frozenset(
    ["name", "title", "text", "reason", "why", "comment", "letter", "value", "note", "words", "detail", "label",
     "remark", "answer", "content", "basis", "author", "question"]
)  # fmt: skip
"""Columns that hold what somebody wrote, in whatever table."""
LEFT: Final = frozenset({"alembic_version", "meta", "address"})
CASE: Final = "SELECT key FROM card WHERE rule = 'case.limit' AND state = 'open' ORDER BY number"


def poisoned(database: Path) -> str:
    """Markup put into every column of words, and in the place of one case's number everywhere; the case's new key."""
    with sqlite3.connect(database) as conn:
        (old,) = conn.execute(CASE).fetchone()
        new = f"{old.partition('/')[0]}/{PAYLOAD}"
        tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table in LEFT or table.startswith("sqlite_"):
                continue
            columns = conn.execute(f'PRAGMA table_info("{table}")').fetchall()
            for _, column, sort, *_ in columns:
                if "CHAR" not in sort.upper() and "TEXT" not in sort.upper():
                    continue
                conn.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE "{column}" = ?', (new, old))  # noqa: S608
                if column in WORDS and table not in ("private_text_salt",):
                    conn.execute(
                        f'UPDATE OR IGNORE "{table}" SET "{column}" = "{column}" || ? '  # noqa: S608
                        f'WHERE "{column}" IS NOT NULL AND "{column}" <> \'\' AND "{column}" NOT LIKE \'{{%\' '
                        f"AND \"{column}\" NOT LIKE '[%'",
                        (PAYLOAD,),
                    )
    return new


@pytest.fixture(scope="module")
def evil(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, str]]:
    daemon = copied(busy_hall_made, tmp_path_factory.mktemp("evil"))
    key = poisoned(daemon.folder / "jiancha.sqlite")
    with daemon:
        yield daemon, key


def one(daemon: Daemon, statement: str) -> str:
    with sqlite3.connect(daemon.folder / "jiancha.sqlite") as conn:
        return str(conn.execute(statement).fetchone()[0])


Where = Callable[[Daemon, str], str]
SHORT: Final[dict[str, tuple[str, Where]]] = {
    "a case by its number": ("duty", lambda d, key: f"/cases/one?key={quote(key)}"),
    "a card of that case": ("duty", lambda d, key: f"/cards/{one(d, CASE.replace('key', 'number', 1))}"),
    "the inbox": ("duty", lambda d, key: "/cards"),
    "the board, by its stream": ("duty", lambda d, key: f"/board/{HALL}"),
    "comments of citizens": ("duty", lambda d, key: "/ratings/list"),
    "a chart of ratings": ("duty", lambda d, key: "/ratings"),
    "a chart of statistics": ("duty", lambda d, key: "/statistics?by=window"),
    "quarantine": ("admin", lambda d, key: "/quarantine?state=all"),
}
LONG: Final[dict[str, tuple[str, Where]]] = {
    path: (user, lambda d, key, path=path: path)  # type: ignore[misc]
    for user, paths in {
        "duty": ("/cases", "/cases/due", "/requests?tab=all", "/attendance", "/posts", "/notices", "/notices/1",
                 "/spots", "/silences", "/assessment/proposals", "/assessment/marks?month=2026-03",
                 "/assessment/talks?state=all",
                 "/assessment/patrols?round=2", "/assessment/weeks", "/assessment/self", "/assessment/circulars",
                 "/ratings/unrated", "/ratings/devices", "/operations", "/faces/doubts", "/assessment/scores",
                 f"/posts/{HALL}-w04"),
        "admin": ("/people", "/people/lead", "/tokens", "/registry", "/registry?table=devices", "/policy", "/calendars",
                  "/devices", "/screens", "/kiosks", "/sessions"),
        "auditor": ("/audit", "/operations/deliveries", f"/assessment/periods/{HALL}/2026-02"),
        "personnel": ("/faces", f"/attendance/people/{HALL}-p02", "/plans", "/closing"),
        "head": ("/routes", "/assessment/awards", "/assessment/reviews", "/attendance/month", "/assessment/feedback"),
        "person": ("/my", "/me"),
        "lead": (f"/assessment/windows/{HALL}-w01",),
    }.items()
    for path in paths
}  # fmt: skip


def looked_at(browsers: Browsers, evil: tuple[Daemon, str], user: str, where: Where) -> Watched:
    daemon, key = evil
    watched = sign_in(browsers, daemon, user, where(daemon, key))
    page: Any = watched.page
    page.wait_for_load_state("networkidle") if "/board" not in page.url else page.wait_for_selector(".tile")
    for canvas in page.query_selector_all("canvas"):
        box = canvas.bounding_box()
        if box:
            for part in (0.25, 0.5, 0.75):
                page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
    return watched


def harmless(watched: Watched) -> None:
    page: Any = watched.page
    assert page.evaluate("document.querySelectorAll('xss-probe').length") == 0, f"{page.url}: markup became elements"
    assert page.evaluate("window.__xss === undefined"), f"{page.url}: a script ran"
    assert page.evaluate("[...document.links].filter(a => a.protocol === 'javascript:').length") == 0, page.url


@pytest.mark.parametrize("name", SHORT)
def test_markup_is_shown_and_stays_text(browsers: Browsers, evil: tuple[Daemon, str], name: str) -> None:
    watched = looked_at(browsers, evil, *SHORT[name])
    harmless(watched)
    assert "xss-probe" in watched.page.content(), "the page shows none of it"


@pytest.mark.long
def test_it_stays_text_on_every_list_and_form(browsers: Browsers, evil: tuple[Daemon, str]) -> None:
    shown = []
    for name, (user, where) in LONG.items():
        watched = looked_at(browsers, evil, user, where)
        harmless(watched)
        shown += [name] if "xss-probe" in watched.page.content() else []
        browsers.close_pages()
    assert len(shown) > len(LONG) / 2, f"it was looked at where nothing of it is shown: {shown}"


def test_the_probe_would_be_seen(browsers: Browsers, evil: tuple[Daemon, str]) -> None:
    """A page that took it for markup would fail: the test of the test."""
    watched = looked_at(browsers, evil, *SHORT["the inbox"])
    watched.page.evaluate("html => { document.querySelector('main').innerHTML += html }", PAYLOAD)
    with pytest.raises(AssertionError, match="became elements"):
        harmless(watched)
    watched.faults.clear()
