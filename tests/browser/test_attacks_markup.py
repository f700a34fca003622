"""XSS: markup as a case number, as names, comments, reasons and words of every sort, looked at in a real browser: in
the console, at a kiosk, on the public screen and where citizens rate.

A tag that is none gives it away where a script would be stopped by the page's policy and hide the fault.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from monitor.agents.demoplan import HALL
from tests.browser.fakekiosk import TOKEN, FakeKiosk
from tests.browser.pages import Browsers, Watched
from tests.browser.signed import secret_of, sign_in
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
    daemon.environment |= {
        "JIANCHA_SCREEN__SHOW": "promises,praise,leave,circulars,notices", "JIANCHA_SCREEN__PAGE_SECONDS": "0.02",
        "JIANCHA_SCREEN__NAMES": "full",
    }  # fmt: skip
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
    "one's own page": ("person", lambda d, key: "/my"),
    "a new link for rating": ("duty", lambda d, key: f"/ratings/links?device=demo-ev01&case={quote(key)}"),
    "an error": ("duty", lambda d, key: f"/cases/one?key=demo/{quote(PAYLOAD)}"),
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
        "person": ("/me",),
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


def test_a_card_s_pdf_shows_it_as_text(evil: tuple[Daemon, str], tmp_path: Path, tool: Callable[[str], str]) -> None:
    """Made of HTML; nothing of what is written there is markup."""
    daemon, key = evil
    number = one(daemon, CASE.replace("key", "number", 1))
    answer = httpx.get(
        f"{daemon.url}/cards/{number}/export.pdf", cookies={"jiancha": secret_of(daemon, "duty")}, timeout=60
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    (tmp_path / "card.pdf").write_bytes(answer.content)
    text = subprocess.run([tool("pdftotext"), tmp_path / "card.pdf", "-"], capture_output=True, text=True).stdout
    assert "<xss-probe></xss-probe>" in text.replace("\n", ""), text


# --------------------------------------------------------------------------- where nobody signs in


def test_a_public_screen_shows_it_as_text(browsers: Browsers, evil: tuple[Daemon, str]) -> None:
    daemon, _ = evil
    printed = daemon.command("screen", "token", "--hall", HALL, "--name", PAYLOAD[:40]).strip()
    screen = browsers.page(f"{daemon.url}/screen#{printed.rpartition('#')[2]}")
    screen.page.wait_for_selector("body[data-state=rolling] #stage section")
    kind, text, end = "", "", time.monotonic() + 30
    while (kind != "notices" or "xss-probe" not in text) and time.monotonic() < end:
        kind, text = screen.page.evaluate(
            "[document.querySelector('#stage section').dataset.kind, document.getElementById('stage').innerText]"
        )
        harmless(screen)
    assert kind == "notices", "it has rolled past none"
    assert "xss-probe" in text
    assert "xss-probe" in screen.page.inner_text("#hall")


def test_a_citizen_is_shown_it_as_text_and_what_they_write_stays_text(
    browsers: Browsers, evil: tuple[Daemon, str]
) -> None:
    daemon, _ = evil
    made = daemon.command("rating", "link", "--device", "demo-ev01", "--address", daemon.url).strip()
    citizen = browsers.page(made)
    citizen.until("form")
    harmless(citizen)
    assert "xss-probe" in citizen.page.inner_text("#window")
    citizen.page.locator("label.face.s1").click()
    citizen.page.fill("#comment", f"citizen {PAYLOAD}")
    citizen.page.locator("button.send[type=submit]").click()
    citizen.until("done")
    harmless(citizen)
    seen = sign_in(browsers, daemon, "duty", "/ratings/list?origin=web")
    harmless(seen)
    assert f"citizen {PAYLOAD}" in seen.page.inner_text("table.ratings")


def test_a_touch_screen_shows_a_number_that_is_none_as_text(browsers: Browsers, evil: tuple[Daemon, str]) -> None:
    daemon, _ = evil
    screen = browsers.page(daemon.command("rating", "screen", "--device", "demo-ev02", "--address", daemon.url).strip())
    screen.until("start")
    screen.page.fill("#case", PAYLOAD[:64])
    screen.page.locator("button.face.s4").click()
    screen.until("unknown")
    harmless(screen)
    assert screen.page.input_value("#case-again") == PAYLOAD[:64]


def test_a_kiosk_shows_what_its_server_names_as_text(browsers: Browsers) -> None:
    """The real page; hall, person and sentences are what the server says."""
    fake = FakeKiosk()
    fake.config |= {"hall_name": PAYLOAD, "faces": False}
    said = {"state": "done", "staff": PAYLOAD, "name": PAYLOAD, "method": "pin", "at": "2026-03-04T08:25:00+08:00"}
    fake.says["pin"].extend([(403, {"code": "pin.wrong", "text": PAYLOAD, "detail": PAYLOAD, "left": 4}), (200, said)])
    fake.start()
    try:
        kiosk = browsers.page(f"{fake.url}/kiosk?lang=zh#token={TOKEN}")
        kiosk.until("start")
        assert "xss-probe" in kiosk.page.inner_text("#hall")
        kiosk.page.keyboard.type(PAYLOAD[:60])
        kiosk.page.click("#by-pin")
        for state in ("refused", "done"):
            kiosk.until("pin")
            harmless(kiosk)
            kiosk.page.keyboard.type("274951")
            kiosk.page.keyboard.press("Enter")
            if state == "done":
                kiosk.page.wait_for_selector("#result:not([hidden])")
                assert "xss-probe" in kiosk.page.inner_text("#result .name")
            else:
                kiosk.page.wait_for_selector("#say:not(:empty)")
            harmless(kiosk)
    finally:
        fake.stop()


def test_the_probe_would_be_seen(browsers: Browsers, evil: tuple[Daemon, str]) -> None:
    """A page that took it for markup would fail: the test of the test."""
    watched = looked_at(browsers, evil, *SHORT["the inbox"])
    watched.page.evaluate("html => { document.querySelector('main').innerHTML += html }", PAYLOAD)
    with pytest.raises(AssertionError, match="became elements"):
        harmless(watched)
    watched.faults.clear()
