"""A month of a hall of sixty worked through the pages alone: the hall is read in, its people are invited, leave, an
outing and a correction are asked for and decided, a check-in in doubt is settled, the month is closed, its sheet
downloaded. What the hall's own devices tell comes in as their events do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from tests.browser.pages import Browsers, Watched
from tests.browser.signed import sign_in
from tests.browser.wholepage import sized
from tests.daemon import Daemon
from tests.hall_of_sixty import HALL, MONTH, PEOPLE, lines, registry
from tests.halls import toml
from tests.signing_in import GOOD

PHONE: Final = (390, 844)
DESK: Final = (1366, 768)
MARKS: Final = {
    "p01 10上": "假", "p01 10下": "假", "p01 11上": "假", "p01 11下": "假", "p02 4上": "迟", "p04 18上": "旷",
    "p04 18下": "旷",
}  # fmt: skip
"""What the sheet has beside plain attendance. The correction (p03), the check-in that was theirs (p05) and the outing
(p11) leave none.
"""
USERS: Final[dict[str, dict[str, str]]] = {
    "p01": {"role": "staff", "staff": "p01"},
    "p03": {"role": "staff", "staff": "p03"},
    "p11": {"role": "staff", "staff": "p11"},
    "lead": {"role": "window_lead", "windows": "w01 w02 w06"},
    "unit": {"role": "unit_head", "units": "u1 u2"},
    "office": {"role": "personnel", "halls": HALL},
    "head": {"role": "supervision_head", "halls": HALL},
}
"""Accounts, and what is chosen for them in the form."""


class Month:
    """The hall's daemon at one day of the month, and browsers in it: one a user."""

    def __init__(self, daemon: Daemon, browsers: Browsers) -> None:
        self.daemon, self._browsers = daemon, browsers
        self._seen: dict[str, Watched] = {}

    def enter(self, user: str, size: tuple[int, int] = DESK) -> Any:
        """The user's page, signed in, of this size."""
        if user not in self._seen:
            self._seen[user] = sign_in(self._browsers, self.daemon, user, "/me")
        sized(self._seen[user].page, size)
        return self._seen[user].page

    def at(self, user: str, path: str, size: tuple[int, int] = DESK) -> Any:
        page = self.enter(user, size)
        page.goto(f"{self.daemon.url}{path}")
        return page

    def invited(self, user: str, link: str) -> Any:
        """The page of whoever follows an invitation and sets the password: signed in by it, they go on with it."""
        seen = self._seen[user] = self._browsers.page(link, origin=self.daemon.url.removeprefix("http://"), size=DESK)
        seen.page.fill("#password", GOOD)
        seen.page.fill("#again", GOOD)
        seen.page.keyboard.press("Enter")
        seen.page.locator("header.bar").wait_for()
        return seen.page


@pytest.mark.long
def test_a_month_of_a_hall_by_the_pages_alone(browsers: Browsers, tmp_path: Path) -> None:
    _month(browsers, tmp_path, PEOPLE, tuple(USERS))


def test_a_month_of_a_small_hall_by_the_pages(browsers: Browsers, tmp_path: Path) -> None:
    """Of the first twelve, to whom everything odd happens; of its users one of the staff is invited by the pages, the
    others are added by the command.
    """
    _month(browsers, tmp_path, PEOPLE[:12], ("p01",))


def _month(browsers: Browsers, tmp_path: Path, people: Sequence[str], invited: Sequence[str]) -> None:
    (tmp_path / "hall.toml").write_text(toml(registry(people)), encoding="utf-8")
    daemon = Daemon(tmp_path, {}, "[mqtt]\nenabled = false\n")
    daemon.command("user", "add", "admin", "--role", "administrator", "--name", "演示管理员")
    with at_day(daemon, browsers, "2026-03-03T09:00:00+08:00") as month:
        _set_up(month, tmp_path / "hall.toml", invited)
        _leave(month)
        _outing(month)
    (tmp_path / "events.jsonl").write_text("\n".join(lines(people=people)) + "\n", encoding="utf-8")
    daemon.environment["JIANCHA_CLOCK__START"] = "2026-04-01T08:30:00+08:00"
    daemon.environment["JIANCHA_CLOCK__RATE"] = "0.000001"
    daemon.command("events", "import", str(tmp_path / "events.jsonl"))
    daemon.command("judge", "--as-of", "2026-04-01T08:00:00+08:00")
    with at_day(daemon, browsers, "2026-04-01T09:00:00+08:00") as month:
        _correction(month)
        _doubt(month)
        _read(month)
        sheet = _close(month, tmp_path)
    daemon.command("export", "attendance", "--month", MONTH, "--hall", HALL, "-o", str(tmp_path / "command.xlsx"))
    assert (tmp_path / "command.xlsx").read_bytes() == sheet
    assert _odd(sheet, people) == MARKS


@contextmanager
def at_day(daemon: Daemon, browsers: Browsers, start: str) -> Iterator[Month]:
    daemon.environment.update({
        "JIANCHA_CLOCK__START": start, "JIANCHA_CLOCK__RATE": "1",
        "JIANCHA_CLOCK__ANCHOR": datetime.now(UTC).isoformat(),
    })  # fmt: skip
    with daemon:
        yield Month(daemon, browsers)


# --------------------------------------------------------------------------- in March


def _set_up(month: Month, file: Path, invited: Sequence[str]) -> None:
    """The administrator follows their own invitation, reads the hall in, adds the people and invites them."""
    secret = month.daemon.command("user", "invite", "admin").partition("#")[2].split()[0]
    page = month.invited("admin", f"{month.daemon.url}/sign-in/invite#{secret}")
    page.goto(f"{month.daemon.url}/registry/import")
    page.locator("input[name=file]").set_input_files(file)
    page.locator("main form[method=post] button.do").click()
    page.locator("form.decide button.do.grave").click()
    page.locator("p.done").wait_for()
    for user, given in USERS.items():
        if user not in invited:
            words = (word for name, values in given.items() for word in (f"--{name}", values.replace(" ", ",")))
            month.daemon.command("user", "add", user, *words, "--name", f"演示{user}")
            continue
        page.goto(f"{month.daemon.url}/people/new")
        page.fill("input[name=user]", user)
        page.fill("input[name=name]", f"演示{user}")
        for name, values in given.items():
            page.select_option(f"select[name={name}]", values.split())
        page.locator("form.wide-form button.do[type=submit]").click()
        page.locator("form.decide button[name=confirmed]").click()
        page.locator("form[action$='/invite'] button").click()
        month.invited(user, page.locator("section.once input").input_value())


def _ask(month: Month, user: str, kind: str, size: tuple[int, int] = DESK, **fields: str) -> int:
    """File a request of one's own by its form, past what it would mean; its number."""
    page = month.at(user, f"/requests/new?kind={kind}", size)
    for name, value in fields.items():
        field = page.locator(f"form.sheet [name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("form.sheet button[value=preview]").click()
    page.locator("button[value=file]").click()
    page.locator("p.done").wait_for()
    return int(page.url.rsplit("/", 1)[1].partition("?")[0])


def _agree(month: Month, number: int, *users: str) -> None:
    for user in users:
        page = month.at(user, f"/requests/{number}")
        page.locator(f"form[action='/requests/{number}/approve'] button").first.click()
        page.locator("p.done").wait_for()


def _leave(month: Month) -> None:
    """Two days: over one day, so that the personnel office decides as well."""
    number = _ask(month, "p01", "leave", PHONE, leave_kind="annual", starts="2026-03-10T00:00", ends="2026-03-12T00:00")
    _agree(month, number, "lead", "unit", "office")
    page = month.at("p01", f"/requests/{number}", PHONE)
    assert "state-approved" in page.content()


def _outing(month: Month) -> None:
    number = _ask(month, "p11", "outing", starts="2026-03-17T15:00", ends="2026-03-17T16:00", reason="到区里送材料")
    _agree(month, number, "lead")


# --------------------------------------------------------------------------- in April


def _correction(month: Month) -> None:
    number = _ask(month, "p03", "correction", date="2026-03-12", slot="am_out", at="12:02", reason="忘记签退")
    _agree(month, number, "lead", "office")


def _doubt(month: Month) -> None:
    """The one check-in that the terminal was in doubt about: it is them."""
    page = month.at("office", "/faces/doubts")
    page.locator("tbody a").first.click()
    page.locator("#decision [value=is]").check()
    page.fill("#decision textarea", "经核对监控，确系本人")
    page.locator("#decision button").click()
    page.locator("p.done").wait_for()


def _read(month: Month) -> None:
    page = month.at("office", f"/attendance/month?hall={HALL}&month={MONTH}")
    page.get_by_text("演示员01").first.wait_for()


def _close(month: Month, folder: Path) -> bytes:
    """What is still open is listed; the head of supervision signs, has the sheet made and downloads it."""
    page = month.at("head", f"/closing/of/{HALL}/{MONTH}")
    page.locator("form.work textarea").fill("三月考勤核对无误")
    if page.locator("form.work [name=accept]").count():
        page.locator("form.work [name=accept]").check()
    page.locator("form.work button").click()
    page.locator("p.done").wait_for()
    with page.expect_download() as kept:
        page.locator("a[href$='/1/sheet.xlsx']").click()
    kept.value.save_as(folder / "kept.xlsx")
    page.goto(f"{month.daemon.url}/closing/sheets?hall={HALL}&month={MONTH}")
    page.locator("form.filters button.do").click()
    made = page.locator("a[href$='/file']").first
    made.wait_for(timeout=60_000)
    with page.expect_download() as ordered:
        made.click()
    ordered.value.save_as(folder / "ordered.xlsx")
    assert (folder / "ordered.xlsx").read_bytes() == (folder / "kept.xlsx").read_bytes()
    return (folder / "kept.xlsx").read_bytes()


def _odd(sheet: bytes, everybody: Sequence[str]) -> dict[str, str]:
    """What is no plain attendance on a working day that was judged: person and half day → mark."""
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet))["考勤表"].iter_rows(values_only=True))
    head = next(row for row in rows if row[0] == "工号")
    days = {
        column: str(word) for column, word in enumerate(head) if str(word)[-1:] in "上下" and str(word)[:1].isdigit()
    }
    people = [row for row in rows if str(row[0]) in everybody]
    assert len(people) == len(everybody)
    return {
        f"{row[0]} {word}": str(row[column])
        for row in people for column, word in days.items() if (row[column] or "") not in ("", "√", "－")
    }  # fmt: skip
