"""A month of assessment in a real Chromium: what hinders is told and decided, it is signed, its workbook saved; what is
taken back later stands in the open month and leaves the signed sheet as it was.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from monitor.app.lookout import Lookout
from monitor.app.sheetmaker import SheetMaker
from monitor.pace import Tempo
from monitor.store.engine import Store
from tests.assessed_hall import HEAD, LI
from tests.browser.pages import Browsers
from tests.busy_app import BusyApp
from tests.periods_console import MARCH, PATH, Console
from tests.signing_in import session


@pytest.fixture
def hall(store: Store, tmp_path: Path) -> Console:
    return Console(store, tmp_path)


@pytest.fixture
def app(hall: Console) -> Iterator[BusyApp]:
    """The pages, and beside them the thread that makes what they ask for."""
    with hall.app() as running:
        program = hall.program_now()
        maker = SheetMaker(program, program.judge().look)
        others = dict.fromkeys(("judge", "policy", "planner", "senders"), lambda: None)
        clock, store = program.clock, program.store
        lookout = Lookout(
            store, now=clock.now, real=clock.real_now, wake={**others, "sheets": maker.wake}, tempo=Tempo(clock)
        )
        maker.start()
        lookout.start()
        try:
            yield running
        finally:
            lookout.stop()
            maker.stop()


def points(page: Any) -> dict[str, Decimal]:
    """Whom → score, as the page shows it."""
    rows = page.locator("#sheets-staff tbody tr")
    told = [rows.nth(n).inner_text() for n in range(rows.count())]
    found = [re.search(r"(s\d+)\b.*?(\d+\.\d\d)", text, re.S) for text in told]
    return {one[1]: Decimal(one[2]) for one in found if one is not None}


def test_a_month_is_decided_signed_and_saved_and_stays(
    hall: Console, app: BusyApp, browsers: Browsers, tmp_path: Path
) -> None:
    mark = hall.mark(staff="s02", by=LI)
    hall.run(MARCH)
    watched = browsers.page("about:blank", size=(1366, 768), origin=app.url.removeprefix("http://"))
    page = watched.page
    secret = session(app.deps.store, "zhao", app.deps.clock.real_now).secret
    page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
    page.context.add_cookies([{"name": "language", "value": "zh", "url": app.url}])
    page.goto(f"{app.url}/assessment/periods")
    page.get_by_role("link", name=MARCH, exact=True).click()
    page.get_by_role("button", name="核算").click()
    page.locator("#h-proposals").wait_for()
    assert page.locator("#sign form").count() == 0, "what stands in the way is done first"
    hall.decide(hall.open()[0])
    page.reload()
    page.get_by_text("核算之后台账有变").wait_for()
    page.get_by_role("button", name="重新核算").click()
    page.locator("#sign form").wait_for()
    shown = points(page)
    assert shown["s02"] == Decimal("99.00")
    page.fill("[name=reason]", "三月考评经核对")
    page.locator("#sign").get_by_role("button", name="签核").click()
    page.locator("#signed").wait_for()
    assert points(page) == shown
    first = saved(page, tmp_path)
    assert workbook_points(first) == shown
    hall.unmark(mark, by=HEAD)
    hall.run(MARCH)
    page.goto(app.url + PATH)
    later = page.locator("#later tbody tr").inner_text()
    assert "2026-04" in later, "booked in the open month"
    assert "冲销" in later
    assert points(page) == shown
    assert saved(page, tmp_path) == first, "byte for byte"


def saved(page: Any, folder: Path) -> bytes:
    page.get_by_role("link", name="本期报表").click()
    page.get_by_role("button", name="制作报表").click()
    page.wait_for_url("**/assessment/reports?done=asked")
    page.locator("#reports a[download]").first.wait_for()
    page.wait_for_function("() => !document.querySelector('#reports[hx-get]')")
    with page.expect_download() as saving:
        page.locator("#reports a[download]").first.click()
    saving.value.save_as(folder / "saved.xlsx")
    return (folder / "saved.xlsx").read_bytes()


def workbook_points(body: bytes) -> dict[str, Decimal]:
    """Of each person 起始分 and the entries of the sheet 明细, summed up."""
    [sheet] = [one for one in load_workbook(io.BytesIO(body)).worksheets if "人员" in one.title and "明细" in one.title]
    table = list(sheet.iter_rows(values_only=True))
    head = next(i for i, row in enumerate(table) if "分值" in row)
    key, value = table[head].index("编号"), table[head].index("分值")
    found: dict[str, Decimal] = {}
    for row in table[head + 1 :]:
        if row[key] and isinstance(row[value], (int, float)):
            found[row[key]] = found.get(row[key], Decimal(0)) + Decimal(str(row[value])).quantize(Decimal("0.01"))
    return found
