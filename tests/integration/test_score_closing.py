"""Closing a period of assessment on real stores: what is kept, what is refused, that what is signed never changes."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, select, update

from monitor.access import Principal
from monitor.assessment.kept import ERASED
from monitor.assessment.results import Chosen
from monitor.assessment.snapshot import Sheet, Snapshot, to_json
from monitor.cli.running import run_app
from monitor.ops.retention.run import run as take_what_is_old
from monitor.settings import RetentionSettings
from monitor.store import closedperiods, marks
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.closedperiods import CLOSED, KEPT, RESULT
from monitor.store.engine import Store
from monitor.store.migrate import HEAD as NEWEST
from monitor.store.migrate import VERSION_TABLE
from monitor.supervision.assessment.signed import chosen_of, signed
from monitor.supervision.erasure import erase
from monitor.supervision.people import Person, save_person
from monitor.supervision.refused import Refused
from tests import forked
from tests.assessed_hall import HALL, HEAD, LI, WANG, person
from tests.closable import APRIL, Closable

pytestmark = pytest.mark.both_databases

MARCH: Final = "2026-03"


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Closable:
    return Closable(store, tmp_path)


def sheet(snapshot: Snapshot, ledger: str, whom: str) -> Sheet:
    [found] = [one for one in snapshot.sheets(ledger) if one.id == whom]  # type: ignore[arg-type]
    return found


def count(store: Store, table: Any) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def kept_bytes(store: Store) -> list[tuple[str, bytes]]:
    with store.read() as conn:
        return [(row.period, row.body) for row in conn.execute(select(KEPT).order_by(KEPT.c.period))]


# --------------------------------------------------------------------------- what is kept


def test_a_month_is_kept_with_scores_names_results_and_a_row_of_the_audit(made: Closable) -> None:
    made.found(staff="s02")
    drafted = made.draft()
    kept = made.sign()
    s02 = sheet(kept, "staff", "s02")
    assert (s02.points, s02.by_score, s02.window, s02.unit) == (Decimal("99.00"), "excellent", "w2", "u1")
    [line] = s02.lines
    assert (line.row, line.points, line.proposer, line.confirmer) == ("A15", Decimal("-1.00"), "li", "wang")
    assert line.article
    assert s02.start + sum(one.points for one in s02.lines) == s02.points
    assert kept.named("staff", "s02") == "员工2"
    assert kept.named("window", "w2") == "2号窗口"
    assert kept.statistics["days"]["calendar"] == 31
    assert set(kept.choices) >= {"late_over_15", "rolling_20", "floor"}
    assert (kept.state, kept.version, kept.made_by, kept.policy) == ("closed", 1, "zhao", made.settings.policy.version)
    assert drafted.snapshot.inputs == kept.inputs
    with made.store.read() as conn:
        results = {(one.ledger, one.whom): one for one in closedperiods.results_of(conn, HALL, [MARCH])}
        row = conn.execute(select(AUDIT).where(AUDIT.c.action == "scores.closed")).one()
        words = conn.execute(select(PRIVATE.c.value).where(PRIVATE.c.audit == row.id)).scalar_one()
    assert results["staff", "s02"].points == Decimal("99.00")
    assert {whom for ledger, whom in results if ledger == "window"} == {"w1", "w2", "w3", "w4"}
    assert (row.object_id, row.body["inputs"], words) == ("h1/2026-03", kept.inputs, "经核对")
    [one] = signed(made.store.engine.connect(), HALL, verify=True)
    assert (one.kept, one.intact, one.digest) == (True, True, row.body["digest"])


@pytest.mark.sqlite_only
def test_the_same_state_gives_the_same_bytes_and_another_fact_another_digest_of_inputs(made: Closable) -> None:
    made.found(staff="s02")
    first, again = made.draft(), made.draft()
    assert to_json(first.snapshot) == to_json(again.snapshot)
    made.found(day="2026-03-03", staff="s02")
    assert made.draft().snapshot.inputs != first.snapshot.inputs


def test_what_is_open_costs_nothing_is_listed_and_booked_in_the_open_month_when_it_is_confirmed(made: Closable) -> None:
    made.mark(staff="s02")
    made.run(MARCH)
    [number] = made.open()
    with pytest.raises(Refused, match=rf"#{number} .*--accept-open"):
        made.keep(made.draft())
    kept = made.sign(accept_open=True)
    assert sheet(kept, "staff", "s02").points == Decimal("100.00")
    assert [(one.number, one.whom, one.why) for one in kept.proposals] == [(number, "s02", "unconfirmed")]
    assert [note.code for note in kept.notes] == ["accepted_open"]
    before = kept_bytes(made.store)
    made.decide(number)
    [entry] = made.entries
    assert (entry.month, entry.of_month) == ("2026-04", MARCH)
    assert kept_bytes(made.store) == before
    april = made.draft("2026-04").snapshot
    [line] = sheet(april, "staff", "s02").lines
    assert (line.of_month, line.month, april.proposals) == (MARCH, "2026-04", ())


def test_spans_of_which_nothing_can_be_said_are_listed_and_cost_nothing(store: Store, tmp_path: Path) -> None:
    from tests.halls import hall
    from tests.world import World

    made = Closable(store, tmp_path)
    made.world = World(store, tmp_path, hall(2, attendance="tongshan"), start="2026-03-02 07:00")
    made.world.judge("2026-03-03 09:00")  # the terminal was never heard: all its slots are unknown
    made.to(APRIL)
    made.run(MARCH)
    found = made.draft().snapshot
    assert found.unknown
    assert {one.why for one in found.unknown} <= {"unknown", "unproven", "review", "unwatched"}
    s01 = sheet(found, "staff", "s01")
    assert s01.points == Decimal("100.00")
    assert s01.unknown == sum(one.staff == "s01" for one in found.unknown) > 0


# --------------------------------------------------------------------------- what is refused

REFUSALS: Final[dict[str, tuple[Callable[[Closable], object], str]]] = {
    "a role that does not sign": (lambda m: m.keep(m.draft(who=LI), who=LI), "监察负责人办理"),
    "another hall's head": (lambda m: m.keep(m.draft(who=FAR), who=FAR), "所辖大厅"),
    "no reason given": (lambda m: m.store.step(lambda c: _close(c, m, "  ")), "reason"),
    "a month that goes on": (lambda m: m.keep(m.draft("2026-04")), "尚未结束"),
    "a month that lies ahead": (lambda m: m.draft("2026-05"), "尚未开始"),
    "no period": (lambda m: m.draft("2026-13"), "2026-Q1"),
    "a ledger behind its facts": (lambda m: (m.mark(), m.keep(m.draft())), "assess run"),
    "a quarter whose months are open": (lambda m: (m.to("2026-04-02 09:00"), m.keep(m.draft("2026-Q1"))), "2026-03"),
    "a month before the first book": (lambda m: m.draft("2026-02"), "细则"),
    "the same once more": (lambda m: (m.sign(), m.keep(m.draft())), "已结账"),
    "a choice that decides nothing": (
        lambda m: (
            m.found("E04", staff=None, window="w4"),
            m.draft("2026-Q1", chosen=[Chosen("award", "window", "w1")]),
        ),
        "不改变结果",
    ),
    "a choice that is none": (lambda m: m.draft(chosen=[Chosen("award", "window", "w1")]), "无须人选定"),
}
FAR: Final = person("far", "supervision_head", halls=["elsewhere"])


def _close(conn: Any, made: Closable, reason: str) -> str:
    from monitor.supervision.assessment.closing import close

    return close(conn, made.draft(), who=HEAD, reason=reason)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(made: Closable, case: str) -> None:
    act, says = REFUSALS[case]
    before = count(made.store, CLOSED)
    with pytest.raises(Refused, match=says):
        act(made)
    assert count(made.store, CLOSED) == before + (case == "the same once more")


@pytest.mark.sqlite_only
def test_months_are_signed_in_their_order(store: Store, tmp_path: Path) -> None:
    made = Closable(store, tmp_path, first="2026-02")
    with pytest.raises(Refused, match="2026-02"):
        made.keep(made.draft())
    made.sign("2026-02")
    made.sign()


@pytest.mark.sqlite_only
def test_what_was_written_since_the_draft_has_it_made_anew(made: Closable) -> None:
    drafted = made.draft()
    made.found(day="2026-03-05", staff="s02")
    with pytest.raises(Refused, match="请重试"):
        made.keep(drafted)
    assert count(made.store, KEPT) == 0
    assert sheet(made.sign(), "staff", "s02").points == Decimal("99.00")


def test_of_two_who_sign_at_once_one_is_told(made: Closable) -> None:
    drafts, gate, told = [made.draft(), made.draft()], threading.Barrier(2), []

    def sign(draft: Any) -> None:
        gate.wait()
        try:
            told.append(made.keep(draft))
        except Refused as error:
            told.append(str(error))

    threads = [threading.Thread(target=sign, args=(one,)) for one in drafts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum("请重试" in text for text in told) == 1
    assert (count(made.store, CLOSED), count(made.store, KEPT), count(made.store, RESULT)) == (1, 1, 9)


@pytest.mark.parametrize("point", ["scores.before_closing", "scores.before_commit"])
def test_killed_while_signing_the_month_is_open_and_can_be_signed(made: Closable, point: str) -> None:
    made.found(staff="s02")
    environ = {**os.environ, "JIANCHA_FAILPOINT": point}
    done = forked.run([made.store.url, APRIL], env=environ, timeout=60, entry="tests.closable:sign_away")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (count(made.store, CLOSED), count(made.store, KEPT), count(made.store, RESULT)) == (0, 0, 0)
    assert sheet(made.sign(), "staff", "s02").points == Decimal("99.00")


# --------------------------------------------------------------------------- closed is closed


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_corrected_later_the_closed_sheet_stays_and_the_open_month_names_it(
    made: Closable, seed: int
) -> None:
    """Marks of March entered, confirmed, rejected and withdrawn after it was signed, in an order drawn by `seed`."""
    drawn = random.Random(seed)
    standing = [made.found(day=f"2026-03-{day:02}", staff=f"s0{1 + day % 4}") for day in (2, 3, 4, 5)]
    made.mark(day="2026-03-06", staff="s03")
    made.run(MARCH)
    kept = made.sign(accept_open=True)
    text, bytes_ = to_json(kept), kept_bytes(made.store)
    booked = [entry for entry in made.entries if entry.month == MARCH]
    steps: list[Callable[[], object]] = [
        lambda: made.unmark(standing.pop(), by=HEAD),
        lambda: made.unmark(standing.pop(), by=HEAD),
        lambda: made.decide(made.open()[0], drawn.choice(["confirmed", "rejected"])),
        lambda: made.found(day="2026-03-09", staff="s04"),
        lambda: made.mark(day="2026-03-10", staff="s01"),
        lambda: made.run(MARCH, "2026-04"),
    ]
    drawn.shuffle(steps)
    for step in steps:
        step()
        made.run(MARCH, "2026-04")
        again = made.signed()
        assert again is not None
        assert to_json(again) == text
        assert kept_bytes(made.store) == bytes_
        assert [entry for entry in made.entries if entry.month == MARCH] == booked
    later = [entry for entry in made.entries if entry.month != MARCH]
    assert later
    assert {(entry.month, entry.of_month) for entry in later} == {("2026-04", MARCH)}
    total = sum((entry.points for entry in made.entries if entry.key.whom == "s01"), Decimal(0))
    april = sheet(made.draft("2026-04").snapshot, "staff", "s01") if any(e.key.whom == "s01" for e in later) else None
    assert total == sheet(kept, "staff", "s01").points - 100 + (april.full - 100 if april else 0)


@pytest.mark.sqlite_only
def test_a_change_of_what_is_kept_is_found(made: Closable) -> None:
    made.sign()
    with made.store.write() as conn:
        body = conn.execute(select(KEPT.c.body)).scalar_one()
        conn.execute(update(KEPT).values(body=body[:-9] + bytes(9)))
    with made.store.read() as conn:
        [one] = signed(conn, HALL, verify=True)
    assert one.intact is False
    with pytest.raises(Refused, match="不符"):
        made.signed()


def test_an_erased_name_goes_and_the_signature_holds(made: Closable) -> None:
    made.found(staff="s02")
    before = made.sign()
    with made.store.write() as conn:
        save_person(
            conn, made.registry, Person(id="zhao", role="supervision_head", name="赵某", halls=[HALL]), actor="cli:x",
            now=made.now,
        )  # fmt: skip
        done = erase(conn, "staff", "s02", actor="cli:x", now=made.now)
    assert (done.rows["kept_scores"], done.rows["score_mark"]) == (1, 1)
    kept = made.signed()
    assert kept is not None
    assert kept.named("staff", "s02") == ERASED
    assert kept.named("staff", "s01") == "员工1"
    assert kept.windows == before.windows
    assert kept.people == before.people
    with made.store.read() as conn:
        [one] = signed(conn, HALL, verify=True)
        assert one.intact is True
        assert marks.texts_of(conn, [1]) == {}
        assert "员工2".encode() not in b"".join(body for _, body in kept_bytes(made.store))
    with made.store.write() as conn:
        assert erase(conn, "staff", "s02", actor="cli:x", now=made.now).rows["kept_scores"] == 0


def test_retention_ends_the_snapshot_and_the_words_of_marks_and_leaves_results_and_digests(made: Closable) -> None:
    made.found(staff="s02", document="县办〔2026〕9号")
    made.sign()
    made.mark(day="2026-04-01", staff="s02")
    settings = RetentionSettings(scores_days=30)
    made.to("2026-06-02 09:00")
    gone = take_what_is_old(made.store, settings, made.now, "op")
    assert (gone["scores"].rows, gone["score_marks"].rows) == (1, 1)
    with pytest.raises(Refused, match="保存期限"):
        made.signed()
    assert (count(made.store, CLOSED), count(made.store, KEPT), count(made.store, RESULT)) == (1, 0, 9)
    with made.store.read() as conn:
        assert marks.texts_of(conn, [1, 2]) == {2: "早会无故缺席"}
        assert marks.find(conn, 1).document == ERASED  # type: ignore[union-attr]
    made.run(MARCH, "2026-04")
    assert [entry.reverses for entry in made.entries] == [None], "that there was a document is not forgotten"


# --------------------------------------------------------------------------- longer periods


def test_a_quarter_is_made_of_its_months_and_its_awards_are_facts_of_the_open_month(made: Closable) -> None:
    made.found("E04", staff=None, window="w4")
    shown = made.draft("2026-Q1").snapshot
    assert [note.code for note in shown.notes] == ["provisional", "missing"]
    made.sign()
    made.found("E04", staff=None, window="w3")  # of March, known after March was signed: April's
    kept = made.sign("2026-Q1", chosen=[chosen_of("award:staff:s05")])
    assert [(sheet(kept, "window", w).points, sheet(kept, "window", w).award) for w in ("w1", "w2", "w3", "w4")] == [
        (Decimal("100.00"), "yes"), (Decimal("100.00"), "yes"), (Decimal("100.00"), "yes"), (Decimal("99.50"), "no"),
    ]  # fmt: skip
    assert sheet(kept, "window", "w4").months == (("2026-03", Decimal("99.50")),)
    assert [(one.what, one.whom) for one in kept.decided] == [("award", "s05")]
    made.run("2026-04")
    posted = {(e.key.ledger, e.key.whom): e for e in made.entries if e.key.source == "award.window"}
    assert set(posted) == {
        *(("window", w) for w in ("w1", "w2", "w3")), *(("staff", s) for s in ("s01", "s02", "s03", "s05")),
    }  # fmt: skip
    assert {(e.points, e.month, e.of_month) for e in posted.values()} == {(Decimal("2.00"), "2026-04", "2026-04")}
    assert made.run("2026-04").posted == 0
    april = made.draft("2026-04").snapshot
    assert sheet(april, "window", "w3").full == Decimal("101.50")


@pytest.mark.sqlite_only
def test_a_half_year_wants_its_months_and_quarters_signed_first(made: Closable) -> None:
    made.sign()
    made.to("2026-07-03 09:00")
    with pytest.raises(Refused, match="2026-04、2026-05、2026-06、2026-Q1、2026-Q2"):
        made.keep(made.draft("2026-H1"))
    for month in ("2026-04", "2026-05", "2026-06"):
        made.run(month)
        made.sign(month)
    made.sign("2026-Q1")
    made.sign("2026-Q2")
    made.run("2026-07")
    kept = made.sign("2026-H1")
    assert [month for month, _ in sheet(kept, "window", "w1").months] == [MARCH, "2026-04", "2026-05", "2026-06"]


@pytest.mark.sqlite_only
def test_nobody_signs_what_another_has_drafted(made: Closable) -> None:
    other = Principal(id="qian", role="supervision_head", halls=frozenset({HALL}))
    with pytest.raises(ValueError, match="drafted by zhao"):
        made.keep(made.draft(), who=other)
    assert WANG.id != other.id


@pytest.mark.sqlite_only
def test_the_commands(made: Closable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """preview, close, periods; a refusal is exit status 2, a snapshot that is not what was signed 1."""
    monkeypatch.setenv("JIANCHA_STORE__URL", str(made.store.url))
    monkeypatch.setenv("JIANCHA_CLOCK__START", made.now.isoformat())
    with made.store.write() as conn:
        conn.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} AS SELECT '{NEWEST}' AS version_num")
    made.mark(staff="s02")
    made.run(MARCH)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = run_app(["assess", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    march = ("--period", MARCH, "--hall", HALL)
    status, out, _ = run("preview", *march)
    assert status == 0
    assert "预览 preview" in out
    assert "s02  员工2  100.00" in out
    assert "待查实 open  #1  2026-03-02  s02  A15" in out
    assert "尚不能结账 cannot be closed yet: 有未查实的建议" in out
    assert run("close", *march, "--reason", "核对")[0] == 2
    assert run("close", *march, "--reason", " ", "--accept-open")[0] == 2
    assert run("close", *march, "--reason", "核对", "--accept-open", "--choose", "award:w1")[0] == 2
    status, out, err = run("close", *march, "--reason", "核对", "--accept-open")
    assert (status, err) == (0, "")
    digest = out.split()[-1]
    told = json.loads(run("preview", *march, "--json")[1])
    assert (told["state"], told["proposals"][0]["number"]) == ("closed", 1)
    [one] = json.loads(run("periods", "--json", "--verify")[1])
    assert (one["period"], one["digest"], one["intact"]) == (MARCH, digest, True)
    assert f"2026-04-02 09:00:00  {one['closed_by']}" in run("periods")[1]
    assert run("periods", "--hall", "h9")[0] == 2
    with made.store.write() as conn:
        conn.execute(update(CLOSED).values(digest="0" * 64))
    status, _, err = run("periods", "--verify")
    assert (status, "h1 2026-03" in err) == (1, True)
