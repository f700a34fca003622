"""A hall's assessment from its devices to the closed year, by the command line and the daemon, each figure by hand.

The facts stand in `tests.assessedquarter`. Base 100 each month; a quarter and a year are the mean of their months:

| | October | November | December | Q4 | 2025 |
|---|---|---|---|---|---|
| w1 | −0.5 late (A07): 99.5 | 100 | −0.5 late: 99.5 | 299/3 = 99.67 | 99.67 |
| w2 | 100 | −1 absent (A07): 99 | −10 overdue (C01): 90 | 289/3 = 96.33 | 96.33 |
| p1 | 100 | 100 | 100 | 100 | −0.2 −0.2 late (A03, the year's): 99.60 |
| p2 | −1 meeting (A15): 99 | 100 | 100 | 299/3 = 99.67 | 99.67 |
| p3 | 100 | 100 | −1 meeting (A15): 99 | 299/3 = 99.67 | 99.67 |
| p4 | 100 | +2 praised (D15): 102 | −10 their fault (C02): 90 | 292/3 = 97.33 | 97.33 |

The short form begins in December, so that it is the quarter and the year too, and has no daemon.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from docx import Document
from openpyxl import load_workbook

from monitor.store import wanted
from monitor.store.engine import Store
from tests import assessedquarter as quarter
from tests import migrated
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Commands, at, write_lines
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.publisher import Publisher

pytestmark = pytest.mark.both_databases

H: Final = ("--hall", "h1")
Scores = Mapping[str, Mapping[str, str]]
DECEMBER: Final = {"w1": "99.50", "w2": "90.00", "p1": "100.00", "p2": "100.00", "p3": "99.00", "p4": "90.00"}
SCORES: Final[Scores] = {
    "2025-10": {"w1": "99.50", "w2": "100.00", "p1": "100.00", "p2": "99.00", "p3": "100.00", "p4": "100.00"},
    "2025-11": {"w1": "100.00", "w2": "99.00", "p1": "100.00", "p2": "100.00", "p3": "100.00", "p4": "102.00"},
    "2025-12": DECEMBER,
    "2025-Q4": {"w1": "99.67", "w2": "96.33", "p1": "100.00", "p2": "99.67", "p3": "99.67", "p4": "97.33"},
    "2025": {"w1": "99.67", "w2": "96.33", "p1": "99.60", "p2": "99.67", "p3": "99.67", "p4": "97.33"},
}
OF_DECEMBER: Final[Scores] = {"2025-12": DECEMBER, "2025-Q4": DECEMBER, "2025": DECEMBER | {"p1": "99.80"}}
CUTS: Final = (
    ("a", "2025-10-01", "2025-11-01"), ("b", "2025-11-01", "2025-12-01"), ("c", "2025-12-01", "2025-12-29 13:00"),
    ("live", "2025-12-29 13:00", "2025-12-29 14:41"), ("d", "2025-12-29 14:41", "2026-01-01"),
)  # fmt: skip
"""What was told from when until when: files that are imported, and what devices send while the daemon runs."""

BEATS: Final = {
    f"JIANCHA_POLICY__DEVICE__{key}": value
    for key, value in (("HEARTBEAT_SECONDS", "1800"), ("REMINDER_INTERVALS", "0"), ("YELLOW_INTERVALS", "2"),
                       ("RED_MINUTES", "120"))
}  # fmt: skip
"""Of devices that are heard every half hour."""


class Hall(Commands):
    """Each command some seconds after the one before, from `clock` on; as a user of the hall where one is named."""

    ran = 0
    scores: Scores = SCORES

    def environment(self, clock: str | None = "") -> dict[str, str]:
        self.ran += 1
        now = at(clock or self.clock) + timedelta(seconds=5 * self.ran)
        return super().environment(f"{now:%Y-%m-%d %H:%M:%S}")

    def assess(self, *words: str, by: str = "") -> str:
        return self.run("assess", *words, *(("--as", by) if by else ()))

    def hear(self, name: str, when: str) -> None:
        """Import a file of events at that time, and judge."""
        self.clock = when
        self.run("events", "import", f"{name}.jsonl")
        self.judge(when)

    def refused(self, *words: str, by: str) -> None:
        self.run("assess", *words, "--as", by, status=2)

    def listed(self, *words: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json("assess", *words)
        return rows

    def open(self) -> dict[str, str]:
        """Numbers of what waits, by row and whom."""
        return {f"{one['row']} {one['whom']}": str(one["number"]) for one in self.listed("proposals", *H)}

    def entries(self, month: str) -> list[str]:
        rows = self.listed("entries", *H, "--month", month)
        return sorted(f"{e['whom']} {e['row']} {e['points']} of {e['of_month']}" for e in rows)

    def sign(self, period: str, *more: str) -> dict[str, Any]:
        """Sign off; what is signed has the figures of the hand."""
        self.assess("close", *H, "--period", period, "--reason", "经核对", *more, by="zhao")
        kept: dict[str, Any] = self.json("assess", "preview", *H, "--period", period)
        assert kept["state"] == "closed"
        assert {one["id"]: one["points"] for one in (*kept["windows"], *kept["people"])} == self.scores[period], period
        return kept


def graded(kept: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: f"{one['grade']} {one['place'] or '-'}" for one in (*kept["windows"], *kept["people"])}


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Hall:
    return Hall(tmp_path, clock="2025-12-01 08:30", env={"JIANCHA_STORE__URL": database_url, **BEATS})


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_from_the_devices_to_the_closed_year(
    made: Hall, database_url: str, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    set_up(made, "2025-10")
    for name, when in (("a", "2025-10-31 20:00"), ("b", "2025-11-30 20:00")):
        made.hear(name, when)
    first_months(made)
    at_work(made, database_url, mosquitto("t1", "c1"), eventually)
    december(made)
    cycle_of_december(made)
    the_quarter(made)
    made.assess("cycle", "expect")
    made.assess("cycle", "awards", *H, "--period", "2025-Q4", by="zhao")
    fed_back(made)
    corrected(made)
    reports(made)
    explained(made)
    the_year(made)


@pytest.mark.sqlite_only
def test_a_december_from_the_devices_to_the_closed_year(made: Hall) -> None:
    made.scores = OF_DECEMBER
    set_up(made, "2025-12")
    made.hear("c", "2025-12-29 13:00")
    made.assess("mark", "A15", "--date", "2025-12-29", "--staff", "p3", "--text", "无故缺席", *H, by="li")
    made.run("events", "import", "live.jsonl", clock="2026-01-04 08:50")
    december(made)
    made.sign("2025-12")
    the_quarter_of_a_month(made)
    bulletins(made)
    corrected(made)
    explained(made)
    the_year(made)


def set_up(made: Hall, first: str) -> None:
    if made.env["JIANCHA_STORE__URL"].startswith("sqlite"):
        migrated.lay(made.folder / "jiancha.sqlite")
    made.clock = f"{date.fromisoformat(f'{first}-01') - timedelta(days=1)} 18:00"
    made.set_up(quarter.REGISTRY, clock=made.clock)
    for user, role, *reach in quarter.USERS:
        made.run("user", "add", user, "--role", role, *reach)
    (made.folder / "book.toml").write_text(quarter.book(), encoding="utf-8")
    made.assess("book", "use", "book.toml", *H, "--from", first, "--reason", "县办〔2025〕9号", by="zhao")
    lines = list(quarter.told(f"{first}-01", "2025-12-31"))
    for name, since, until in CUTS:
        cut = [one for one in lines if since <= f"{one.received:%Y-%m-%d %H:%M}" < until]
        write_lines(made.folder / f"{name}.jsonl", cut)


def first_months(made: Hall) -> None:
    """October with a meeting missed, November with a praise; each found by li and confirmed by zhao."""
    made.clock = "2025-12-01 08:30"
    text = ("--text", "无故缺席", *H)
    made.assess("mark", "A15", "--date", "2025-10-14", "--staff", "p2", *text, by="li")
    made.assess("mark", "D15", "--date", "2025-11-12", "--staff", "p4", "--document", "表扬信3号", *text, by="li")
    assert "入账 posted 3" in made.assess("run", *H)
    assert made.entries("2025-10") == ["p1 A03 -0.20 of 2025-10", "w1 A07.late -0.50 of 2025-10"]
    waits = made.open()
    assert set(waits) == {"A15 p2", "D15 p4"}
    made.refused("confirm", *waits.values(), "--reason", "属实", by="li")
    made.assess("confirm", *waits.values(), "--reason", "查会议记录和表扬信属实", by="zhao")
    assert made.entries("2025-11") == ["p4 D15 2.00 of 2025-11", "w2 A07.absent -1.00 of 2025-11"]
    october, november = made.sign("2025-10"), made.sign("2025-11")
    assert [one["whom"] for one in october["effects"] if one["effect"] == "talk"] == ["p2"]
    assert graded(october)["p2"] == "qualified 4"
    assert [one["code"] for one in november["told"]] == ["assessment.told.last"], "three equals: nobody is the last"
    assert not [one for one in november["effects"] if one["effect"] == "talk"]
    assert {(one["id"], one["unknown"]) for one in october["people"]} == {(one, 0) for one in quarter.PEOPLE}


@contextmanager
def running(daemon: Daemon) -> Iterator[None]:
    """However long a busy machine takes to start it."""
    daemon.begin()
    try:
        daemon.await_start(timeout=180)
        yield
    finally:
        daemon.stop()


def at_work(made: Hall, url: str, broker: Mosquitto, eventually: Eventually) -> None:
    """The daemon on the afternoon of 29 December: what the terminal tells is booked, what is owed is opened; on
    the 31st the patrol that nobody walked on the 30th is a card of the supervisors.
    """
    made.hear("c", "2025-12-29 13:00")
    store = Store(url)
    with store.write() as conn:  # as the day before's run left it
        wanted.set_done(conn, "h1", wanted.wanted(conn, "h1"), "2025-12-28")
    store.close()
    login = {"PORT": str(broker.port), "USERNAME": DAEMON, "PASSWORD": PASSWORD}
    daemon = Daemon(made.folder, {f"JIANCHA_MQTT__{key}": value for key, value in login.items()})
    daemon.environment |= made.environment("2025-12-29 14:45") | {"JIANCHA_HTTP__PORT": "0"}
    with running(daemon):
        with Publisher(broker.port, "t1") as terminal, Publisher(broker.port, "c1") as cases:
            for line in (made.folder / "live.jsonl").read_text(encoding="utf-8").splitlines():
                said = json.loads(line)
                (terminal if said["device"] == "t1" else cases).say(said["channel"], said["payload"])
        eventually(lambda: made.verdicts("slot", "2025-12-29").get("p1/pm_in") == "late", 120, "not heard, not judged")
        owed = eventually(lambda: {one["task"] for one in made.listed("cycle", "tasks", *H)}, 120, "nothing is owed")
        assert {"assess.patrol/2025-12-30/h1/1", "assess.self/2025-12/h1/w1", "assess.close/2025-Q4/h1"} <= owed
        assert made.entries("2025-12") == [], "nothing is due before the day's end, and nobody has asked"
        made.clock = "2025-12-29 14:30"  # behind the daemon's clock, which does not see what is entered later
        made.assess("mark", "A15", "--date", "2025-12-29", "--staff", "p3", "--text", "无故缺席", *H, by="li")
        eventually(lambda: made.open().get("A15 p3"), 120, "the daemon did not look")
        assert made.entries("2025-12") == [
            "p1 A03 -0.20 of 2025-12", "w1 A07.late -0.50 of 2025-12", "w2 C01 -10.00 of 2025-12",
        ]  # fmt: skip
    daemon.environment |= made.environment("2025-12-31 00:01")
    with running(daemon):
        (card,) = eventually(
            lambda: [one for one in made.json("cards", "list") if (one["rule"], one["level"]) == ("task.due", "yellow")
                     and "patrol/2025-12-30" in one["subject"]["id"]],
            120, "no card of the patrol",
        )  # fmt: skip
    assert (card["hall"], card["unit"], card["window"], card["staff"]) == ("h1", None, None, None)


def december(made: Hall) -> None:
    made.hear("d", "2026-01-04 09:00")
    made.assess("run", *H)
    waits = made.open()
    assert set(waits) == {"A15 p3", "C02 p3", "C02 p4"}
    made.assess("confirm", waits["A15 p3"], waits["C02 p4"], "--reason", "查实", by="zhao")
    made.assess("reject", waits["C02 p3"], "--reason", "负责人已督促，无责任", by="zhao")
    assert made.entries("2025-12") == [
        "p1 A03 -0.20 of 2025-12", "p3 A15 -1.00 of 2025-12", "p4 C02 -10.00 of 2025-12",
        "w1 A07.late -0.50 of 2025-12", "w2 C01 -10.00 of 2025-12",
    ]  # fmt: skip


def cycle_of_december(made: Hall) -> None:
    """Self-assessment and its review, signing, talk, circular."""
    handed = made.assess("cycle", "self", "--window", "w1", "--month", "2025-12", "--points", "99.5", "--text", "自评",
                         by="lead1")  # fmt: skip
    made.assess("cycle", "self-review", number_in(handed), "--points", "99.5", "--reason", "属实", by="li")
    kept = made.sign("2025-12")
    assert graded(kept) == {
        "w1": "excellent 1", "w2": "unqualified 2", "p1": "qualified 1", "p2": "qualified 1", "p3": "qualified 3",
        "p4": "qualified 4",
    }  # fmt: skip
    stands = {f"{one['id']} {one['effect']} {one['whom']}" for one in kept["effects"] if one["stands"]}
    assert stands == {"C01 circular w2", "C03 unqualified w2", "C04 no_award p4", "H03 talk p4"}
    made.assess("cycle", "expect")
    talks = {one["whom"]: str(one["id"]) for one in made.listed("cycle", "talks", "--due")}
    assert set(talks) == {"p2", "p4"}, "of October too"
    said = ("--attended", "分管主任、单位负责人", "--talked", "超期原因", "--outcome", "月内办结", "--on", "2026-01-04")
    made.assess("cycle", "talk", talks["p4"], *said, by="li")
    assert [one["whom"] for one in made.listed("cycle", "talks", "--due")] == ["p2"]
    words = ("--title", "十二月通报", "--text", "二号窗超期")
    drafted = made.assess("cycle", "circular", *H, "--period", "2025-12", *words, by="li")
    made.refused("cycle", "issue", number_in(drafted), "--document", "政务监〔2026〕1号", by="li")
    made.assess("cycle", "issue", number_in(drafted), "--document", "政务监〔2026〕1号", by="zhao")


def number_in(said: str) -> str:
    found = re.search(r"#(\d+)", said)
    assert found, said
    return found[1]


def the_quarter(made: Hall) -> None:
    """Both windows are of the first three with 95 and more; each names one, p4 has lost the right (C04)."""
    shown = made.json("assess", "preview", *H, "--period", "2025-Q4")
    assert {one["whom"]: one["nominees"] for one in shown["awards"]} == {"w1": ["p1", "p2"], "w2": ["p3"]}
    kept = made.sign("2025-Q4", "--choose", "award:staff:p1", "--choose", "award:staff:p3")
    assert {one["whom"] for one in kept["awards"] if one["state"] == "awarded"} == {"w1", "w2", "p1", "p3"}
    assert graded(kept)["w2"] == "excellent 2", "the veto was December's"
    made.assess("run", *H)
    assert made.entries("2026-01") == [f"{whom} E23 2.00 of 2026-01" for whom in ("p1", "p2", "p3", "p4", "w1", "w2")]


def the_quarter_of_a_month(made: Hall) -> None:
    """w2 has 90 and is not of the windows awarded; of the quarter only December is assessed, so that 23 days known are
    enough to be nominated: three months would demand thirty.
    """
    shown = made.json("assess", "preview", *H, "--period", "2025-Q4")
    assert [(one["whom"], one["nominees"]) for one in shown["awards"]] == [("w1", ["p1", "p2"])]
    kept = made.sign("2025-Q4", "--choose", "award:staff:p2")
    assert {one["whom"] for one in kept["awards"] if one["state"] == "awarded"} == {"w1", "p2"}
    made.assess("run", *H)
    assert made.entries("2026-01") == [f"{whom} E23 2.00 of 2026-01" for whom in ("p1", "p2", "w1")]


def fed_back(made: Hall) -> None:
    """To the unit, which answers (G18), and to a receiver of the report (G19)."""
    made.assess("cycle", "feedback", *H, "--period", "2025-Q4", by="zhao")
    letters = {one["window"]: str(one["id"]) for one in made.listed("cycle", "feedbacks")}
    made.assess("cycle", "acknowledge", letters["w2"], by="unit")
    made.assess("cycle", "answer", letters["w2"], "--text", "已专人督办", by="unit")
    made.assess("cycle", "sent", *H, "--period", "2025-Q4", "--to", "县政府", "--on", "2026-01-04", by="li")


def bulletins(made: Hall) -> None:
    """The quarter's bulletin (简报, H09) and the letter to the unit of w1 (G18), with the figures that were signed."""
    made.assess("report", *H, "--period", "2025-Q4", "--kind", "circular", "-o", "q.docx")
    made.assess("report", *H, "--period", "2025-Q4", "--kind", "feedback", "--window", "w1", "-o", "w1.docx")
    bulletin, letter = paper(made, "q.docx"), paper(made, "w1.docx")
    figures = (made.scores["2025-Q4"]["w1"], made.scores["2025-Q4"]["w2"])
    assert [one for one in ("2025年第4季度", "一号窗", "二号窗", *figures) if one not in bulletin] == []
    assert "行政审批局" in letter
    assert made.scores["2025-Q4"]["w1"] in letter


def paper(made: Hall, name: str) -> str:
    document = Document(str(made.folder / name))
    cells = [cell.text for table in document.tables for line in table.rows for cell in line.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def corrected(made: Hall) -> None:
    """p3 was on duty elsewhere: granted by one who neither confirmed nor signed, an entry of January naming December;
    what was signed stays to the byte.
    """
    before = made.assess("periods", *H, "--verify", "--json")
    (missed,) = [e for e in made.listed("entries", *H, "--month", "2025-12") if e["whom"] == "p3"]
    asked = made.assess("cycle", "review", "--entry", str(missed["number"]), "--reason", "当日公务", by="wang")
    made.refused("cycle", "decide", number_in(asked), "--grant", "--reason", "属实", by="zhao")
    made.assess("cycle", "decide", number_in(asked), "--grant", "--reason", "公务函属实", by="sun")
    assert "p3 A15 1.00 of 2025-12" in made.entries("2026-01")
    made.assess("run", *H, "--month", "2025-12", "--month", "2026-01")
    assert made.entries("2026-01").count("p3 A15 1.00 of 2025-12") == 1
    assert made.assess("periods", *H, "--verify", "--json") == before
    assert "p3 A15 -1.00 of 2025-12" in made.entries("2025-12")


def reports(made: Hall) -> None:
    """Every format of the signed December, the same bytes again; the figures are in them."""
    body: dict[str, bytes] = {}
    for name, kind in (("all.xlsx", "all"), ("all.pdf", "all"), ("c.docx", "circular"), ("all.zip", "all"),
                       ("s.json", "all")):  # fmt: skip
        made.assess("report", *H, "--period", "2025-12", "--kind", kind, "-o", name)
        body[name] = (made.folder / name).read_bytes()
    made.assess("report", "--from", "s.json", "-o", "again.xlsx")
    assert (made.folder / "again.xlsx").read_bytes() == body["all.xlsx"]
    cells = {str(cell) for sheet in load_workbook(io.BytesIO(body["all.xlsx"])) for row in sheet.values for cell in row}
    assert {"C02", "A15", "001.2 §24(1)", "赵某"} <= cells
    assert body["all.pdf"].startswith(b"%PDF")
    assert "90.00" in paper(made, "c.docx")
    with zipfile.ZipFile(io.BytesIO(body["all.zip"])) as packed:
        assert packed.testzip() is None
        assert {Path(one).suffix for one in packed.namelist()} >= {".xlsx", ".pdf", ".docx", ".json"}
    snapshot = json.loads(body["s.json"])
    assert {one["id"]: one["points"] for one in (*snapshot["windows"], *snapshot["people"])} == DECEMBER


def explained(made: Hall) -> None:
    """From the score back to its lines, of the signed month, whatever was corrected since."""
    told = made.json("assess", "explain", "p4", "--month", "2025-12")
    assert (told["points"], told["adds_up"]) == ("90.00", True)
    assert sum((Decimal(one["points"]) for one in told["sum"]), Decimal(0)) == Decimal("90.00")
    said = made.assess("explain", "p3", "--month", "2025-12")
    assert "-1.00" in said
    assert "99.00" in said


def the_year(made: Hall) -> None:
    """Late is the year's (年终考核分值). Days are demanded of the months that were assessed: people have places. Of
    four nobody has a seat. One quarterly award is not three (G06).
    """
    kept = made.sign("2025")
    points = {one: Decimal(made.scores["2025"][one]) for one in quarter.PEOPLE}
    places = {one: f"qualified {1 + sum(other > mine for other in points.values())}" for one, mine in points.items()}
    of_w2 = "excellent 2" if made.scores is SCORES else "qualified 2"
    assert graded(kept) == {"w1": "excellent 1", "w2": of_w2} | places
    assert {one["few"] for one in kept["people"]} == {""}
    assert [one for one in kept["awards"] if one["state"] == "awarded"] == []
