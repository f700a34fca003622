"""Runs beside each other, beside decisions and closings, on both databases: nothing is posted twice, nothing lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.ledger import Changes
from monitor.store.attachments import File
from monitor.store.engine import Store
from monitor.supervision.assessment import marklist
from monitor.supervision.assessment import run as running
from monitor.supervision.assessment.proposals import decide, decide_all, take_back
from monitor.supervision.assessment.run import Outrun, steps_of, work_out, write
from monitor.supervision.refused import Refused
from tests.assessed import entry, key, proposal
from tests.assessed_hall import HALL, HEAD, LI, WANG, Assessed, person
from tests.migrated import lay

pytestmark = pytest.mark.both_databases


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Assessed:
    return Assessed(store, tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assessed]:
    """One that is refused everything."""
    folder = tmp_path_factory.mktemp("refused")
    lay(folder / "jiancha.sqlite")
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    yield Assessed(store, folder)
    store.close()


def test_a_mark_is_proposed_confirmed_by_another_posted_once_and_taken_back_when_it_is_withdrawn(
    made: Assessed,
) -> None:
    mark = made.mark()
    assert made.run().proposed == 1
    assert made.lines() == []  # unconfirmed: it costs nothing
    [number] = made.open()
    with pytest.raises(Refused, match="提出人以外"):
        made.decide(number, by=LI)
    with pytest.raises(Refused, match="本人有关"):
        made.decide(number, by=person("s1user", staff="s01"))
    with pytest.raises(Refused, match="没有这个号"):
        made.decide(number, by=person("far", halls=["elsewhere"]))
    assert [str(e.points) for e in made.decide(number).entries] == ["-1.00"]
    with pytest.raises(Refused, match="已处理"):
        made.decide(number)
    assert made.lines() == [("s01", "A15", "-1.00", "2026-03")]
    report = made.run()
    assert (report.posted, report.proposed, report.changed, report.withdrawn) == (0, 0, 0, 0)
    with pytest.raises(Refused, match="review"):
        made.unmark(mark)  # confirmed: one who reviews withdraws it
    made.unmark(mark, by=HEAD)
    assert (made.run().posted, made.lines()[-1]) == (1, ("s01", "A15", "1.00", "2026-03"))
    assert made.run().posted == 0


def test_what_was_rejected_or_withdrawn_before_a_decision_costs_nothing(made: Assessed) -> None:
    _, second = made.mark(), made.mark(day="2026-03-03")
    made.run()
    made.decide(made.open()[0], "rejected")
    made.unmark(second)
    assert made.run().withdrawn == 1
    assert made.lines() == []
    assert [p.state for p in made.proposals] == ["rejected", "withdrawn"]
    with pytest.raises(Refused, match="withdrawn"):
        made.decide(made.proposals[1].number or 0)


def test_decisions_in_bulk_stand_each_by_itself(made: Assessed) -> None:
    made.mark()
    made.mark(day="2026-03-03", by=WANG)
    made.mark(day="2026-03-04")
    made.run()
    done = decide_all(
        made.store, made.registry, [*made.open(), 999], "confirmed", actor=WANG, why="会议签到表", now=made.now
    )
    assert len(done.done) == 2
    assert [number for number, _ in done.refused] == [made.open()[0], 999]
    assert Counter(points for _, _, points, _ in made.lines()) == {"-1.00": 2}


def test_what_belongs_to_a_closed_month_is_booked_in_the_open_one(made: Assessed) -> None:
    made.mark(day="2026-02-10")
    made.run("2026-02")
    made.close("2026-01", "2026-02")
    made.decide(made.open()[0])
    [posted] = made.entries
    assert (posted.month, posted.of_month) == ("2026-03", "2026-02")


def test_what_a_review_takes_back_stays_taken_back(made: Assessed) -> None:
    made.mark()
    made.run()
    made.decide(made.open()[0])
    [posted] = made.entries
    with made.store.write() as conn:
        take_back(conn, made.registry, posted.number or 0, actor=HEAD, why="复核：确有公务", now=made.now)
    assert [points for _, _, points, _ in made.lines()] == ["-1.00", "1.00"]
    assert made.run().posted == 0
    assert made.open() == []
    with pytest.raises(Refused, match="冲销"), made.store.write() as conn:
        take_back(conn, made.registry, posted.number or 0, actor=HEAD, why="再次", now=made.now)


def test_of_one_event_a_higher_praise_takes_the_place_of_the_lower(made: Assessed) -> None:
    for rung in ("county", "province"):
        made.mark("E22", staff=None, window="w1", rung=rung, event="救助走失老人", document="县报 3 月 5 日")
    made.run()
    county, province = made.open()
    made.decide(county)
    made.decide(province)
    assert sum(float(points) for _, _, points, _ in made.lines()) == 8
    report = made.run()
    assert (report.posted, report.proposed, report.changed) == (0, 0, 0)


def test_a_file_is_evidence_where_the_row_demands_a_document(made: Assessed) -> None:
    praise: dict[str, Any] = {"staff": None, "window": "w1", "rung": "city", "event": "救助走失老人"}
    with pytest.raises(Refused, match="须有依据"):
        made.mark("E22", **praise)
    files = [File(name="表扬信.txt", media_type="text/plain", content="感谢".encode())]
    number = made.mark("E22", files=files, **praise)
    made.run()
    assert [p.why_open for p in made.proposals] == ["unconfirmed"]  # not `no_evidence`
    with made.store.read() as conn:
        [kept] = marklist.files_of(conn, WANG, number)
        assert (kept.name, marklist.file_of(conn, WANG, number, kept.id).content) == ("表扬信.txt", "感谢".encode())
        with pytest.raises(Refused, match="没有这个号"):
            marklist.files_of(conn, person("far", halls=["elsewhere"]), number)


@pytest.mark.parametrize(
    ("row", "given", "says"),
    [
        ("A03", {}, "不是可人工登记"),
        ("A15", {"day": "2026-03-17"}, "晚于今天"),
        ("A15", {"day": "2024-03-17"}, "过早"),
        ("A15", {"rung": "city"}, "没有分档"),
        ("A15", {"staff": None, "window": "w1"}, "人员"),
        ("A15", {"staff": "s99"}, "未登记"),
        ("A15", {"text": " "}, "理由"),
        ("D14", {"staff": "s01", "document": "1号"}, "窗口"),
        ("E22", {"window": "w1", "event": "x", "document": "1号"}, "分档"),
        ("E22", {"window": "w1", "rung": "moon", "event": "x", "document": "1号"}, "分档"),
        ("E22", {"window": "w1", "rung": "city", "document": "1号"}, "一件事"),
        ("A15", {"by": person("me", staff="s01")}, "本人"),
        ("A15", {"by": person("head", "personnel")}, "无权考评登记"),
        ("A15", {"by": person("far", halls=["elsewhere"])}, "未登记"),
    ],
)
@pytest.mark.sqlite_only
def test_what_cannot_be_entered_says_why(shared: Assessed, row: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        shared.mark(row, **{"day": "2026-03-02", **given})
    assert shared.marks() == []


# --------------------------------------------------------------------------- beside each other


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run at once, each in a thread; what each gave or raised."""
    found: list[Any] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def at(index: int) -> None:
        gate.wait()
        try:
            found[index] = works[index]()
        except Exception as error:
            found[index] = error

    threads = [threading.Thread(target=at, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_runs_beside_each_other_propose_once(made: Assessed) -> None:
    for day in range(2, 12):
        made.mark(day=f"2026-03-{day:02}")
    other = Store(made.store.url)
    try:
        reports = together(made.run, made.run, lambda: made.run(store=other))
    finally:
        other.close()
    assert sum(report.proposed for report in reports) == 10, reports
    assert len(made.proposals) == 10


def test_one_of_two_who_decide_at_once_decides(made: Assessed) -> None:
    made.mark()
    made.run()
    [number] = made.open()
    other = Store(made.store.url)

    def by(store: Store, who: str, verdict: Any) -> Callable[[], Any]:
        return lambda: store.step(
            lambda conn: (
                decide(conn, made.registry, number, verdict, actor=person(who), why="核对", now=made.now).proposal.state
            )
        )

    try:
        found = together(by(made.store, "wang", "confirmed"), by(other, "chen", "confirmed"), made.run)
    finally:
        other.close()
    assert sorted(isinstance(one, Refused) for one in found) == [False, False, True], found
    assert made.lines() == [("s01", "A15", "-1.00", "2026-03")]


def test_a_run_that_others_outran_is_worked_out_anew(made: Assessed, monkeypatch: pytest.MonkeyPatch) -> None:
    made.mark()
    made.run()
    made.mark(day="2026-03-03")
    before = running.work_out
    times: list[int] = []

    def outrun(*given: Any) -> Any:
        work = before(*given)
        times.append(1)
        if len(times) == 1:  # between reading and writing a person decides
            threading.Thread(target=made.decide, args=(made.open()[0],)).run()
        return work

    monkeypatch.setattr(running, "work_out", outrun)
    report = made.run()
    assert (report.tries, report.proposed) == (2, 1)
    assert made.lines() == [("s01", "A15", "-1.00", "2026-03")]


def test_a_month_closed_meanwhile_is_not_written_to(made: Assessed) -> None:
    made.mark(day="2026-02-10")
    with made.store.read() as conn:
        work = work_out(made.world.judging.look(conn, made.now), made.settings.policy, HALL, ["2026-02"])
    made.close("2026-02")
    with pytest.raises(Outrun), made.store.write() as conn:
        write(conn, work, work.changes, work.version, "system", made.now)
    assert made.proposals == []


def test_nobody_who_may_not_confirm_has_the_ledgers_run(made: Assessed) -> None:
    with pytest.raises(Refused):
        running.assess_month(
            made.store, made.world.judging.look, made.settings.policy, HALL, "2026-03",
            actor=person("staff", "staff", staff="s01"), now=made.now,
        )  # fmt: skip


@pytest.mark.sqlite_only
def test_steps_keep_together_what_belongs_together() -> None:
    keys = [key(f"slot:{n}", whom=f"p{n % 7}") for n in range(60)]
    entries = [entry(k, "-0.20", "2026-03-02", revision=r) for k in keys for r in (0, 1)]
    changes = Changes(entries=tuple(entries), proposed=tuple(proposal(k, "-1", "2026-03-02") for k in keys))
    steps = list(steps_of(changes, 40))
    assert Counter((e.key, e.revision) for step in steps for e in step.entries) == Counter(
        (e.key, e.revision) for e in entries
    )
    assert sum(len(step.proposed) for step in steps) == 60
    whose = [{e.key.whom for e in step.entries} | {p.key.whom for p in step.proposed} for step in steps]
    assert len(steps) > 2
    assert sum(map(len, whose)) == 7  # nobody's rows are parted
