"""What a request must satisfy, what it would mean, and two people at once: on a small hall, its store on both databases
where they may differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.attendance.requestpolicy import RequestPolicy
from monitor.settings import Policy
from monitor.store import months, planrequests, plans
from monitor.store.engine import Store
from monitor.store.plans import KINDS
from monitor.store.schema import User
from monitor.supervision.people import principal_of
from monitor.supervision.refused import Refused
from monitor.supervision.requestchecks import Asked, checked
from monitor.supervision.requestlist import Chosen, count_to_decide, list_requests, request_file
from monitor.supervision.requestpreview import Preview, preview
from monitor.supervision.requests import decide, file
from tests.halls import at, hall
from tests.http_app import insert
from tests.world import World

USERS = {
    "lead": {"role": "window_lead", "windows": ["w1"]},
    "boss": {"role": "unit_head", "units": ["u1"]},
    "office": {"role": "personnel", "halls": ["h1"]},
    "duty": {"role": "duty_supervisor", "halls": ["h1"]},
    **{f"u{n}": {"role": "staff", "staff": f"s{n:02}"} for n in range(1, 5)},
}


class Desk(World):
    """A hall whose people file requests; its clock stands on Monday at 09:00 unless it is moved."""

    def __init__(self, store: Store, folder: Path, **policy: Any) -> None:
        super().__init__(store, folder, hall(4), start="09:00")
        self.policy = self.settings.policy.model_copy(update=policy)
        with store.write() as conn:
            for user, theirs in USERS.items():
                insert(conn, User, {"id": user, "created": at("07:00"), **theirs})

    def who(self, user: str) -> Principal:
        with self.store.read() as conn:
            return principal_of(conn, user)

    def file(self, user: str, **asked: Any) -> int:
        who = self.who(user)
        return self.store.step(lambda conn: file(self.look(conn), self.policy, Asked(**asked), actor=who))

    def decide(
        self, user: str, number: int, event: Any = "approved", why: str = "", sequence: int | None = None
    ) -> str:
        who = self.who(user)
        return self.store.step(
            lambda conn: str(decide(self.look(conn), number, event, actor=who, why=why, sequence=sequence).state)
        )

    def look(self, conn: Any) -> Any:
        return self.judging.look(conn, self.clock.now())

    def refused(self, user: str, **asked: Any) -> str:
        with pytest.raises(Refused) as told:
            self.file(user, **asked)
        return told.value.text

    def meant(self, user: str, **asked: Any) -> Preview:
        who = self.who(user)
        with self.store.read() as conn:
            look = self.look(conn)
            return preview(look, self.policy, checked(look, self.policy, Asked(**asked), who))

    def rows(self, name: str) -> list[Any]:
        table = KINDS[name].table
        with self.store.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))

    def through(self, number: int) -> None:
        """Everybody agrees."""
        with self.store.read() as conn:
            row = planrequests.find(conn, number)
        assert row is not None
        for role in row.chain:
            self.decide({"window_lead": "lead", "unit_head": "boss", "personnel": "office"}[role], number)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def leave(first: str, last: str, **more: Any) -> dict[str, Any]:
    return {"kind": "leave", "leave_kind": "annual", "starts": at(first), "ends": at(last), **more}


def outing(first: str, last: str, **more: Any) -> dict[str, Any]:
    return {"kind": "outing", "starts": at(first), "ends": at(last), **more}


# --------------------------------------------------------------------------- at once


@pytest.mark.both_databases
def test_of_two_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    number = desk.file("u1", **outing("03-03 10:00", "03-03 10:30"))
    same = at_once(
        lambda: desk.decide("lead", number, sequence=1), lambda: desk.decide("lead", number, "refused", "否")
    )
    told = [one for one in same if isinstance(one, Refused)]
    assert len(told) == 1
    assert "lead" in told[0].text
    assert told[0].sort == "state"
    with desk.store.read() as conn:
        assert [step.event for step in planrequests.history(conn, number)][1:] in (["approved"], ["refused"])


@pytest.mark.both_databases
def test_of_two_that_overlap_one_is_filed(desk: Desk) -> None:
    both = at_once(
        lambda: desk.file("u1", **leave("03-05 08:30", "03-05 17:30")),
        lambda: desk.file("u1", **outing("03-05 10:00", "03-05 10:30")),
    )
    told = [one for one in both if isinstance(one, Refused)]
    assert len(told) == 1
    assert "重叠" in told[0].text


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Begun at the same moment, each on a connection of its own: what each gave, or why it was refused."""
    gate, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int) -> None:
        gate.wait(10)
        try:
            found[place] = acts[place]()
        except Refused as error:
            found[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    return found


# --------------------------------------------------------------------------- what is refused

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "over leave that is approved": ("u1", leave("03-10 08:30", "03-10 12:00"), "L-1"),
    "over an outing": ("u1", leave("03-12 08:30", "03-12 17:30"), "O-1"),
    "over a request": ("u2", outing("03-16 10:00", "03-16 10:30"), "#1"),
    "an outing during leave": ("u1", outing("03-10 10:00", "03-10 10:30"), "L-1"),
    "who covers is on leave": ("u2", leave("03-10 08:30", "03-10 12:00", substitute="s01"), "L-1"),
    "who covers stands in elsewhere": ("u1", leave("03-17 08:30", "03-17 12:00", substitute="s04"), "C-1"),
    "covered by oneself": ("u1", leave("03-18 08:30", "03-18 12:00", substitute="s01"), "顶岗"),
    "covered by a stranger": ("u1", leave("03-18 08:30", "03-18 12:00", substitute="s99"), "顶岗"),
    "cover without a window": ("u3", leave("03-18 08:30", "03-18 12:00", substitute="s04"), "没有窗口"),
    "a window of somebody else": (
        "u3", {"kind": "cover", "window": "w1", "substitute": "s04", "starts": at("03-18 08:30"),
               "ends": at("03-18 12:00"), "staff": "s03"}, "不是该人员的窗口"),
    "it ends before it begins": ("u1", leave("03-18 12:00", "03-18 08:30"), "晚于"),
    "a whole life": ("u1", leave("03-18 08:30", "2029-03-18 12:00"), "一年"),
    "no kind of leave": ("u1", leave("03-18 08:30", "03-18 12:00", leave_kind=None), "假别"),
    "for a colleague": ("u1", outing("03-18 08:30", "03-18 09:00", staff="s02", reason="x"), "人事"),
    "for nobody": ("lead", outing("03-18 08:30", "03-18 09:00"), "指定人员"),
    "too late": ("u1", leave("02-20 08:30", "02-20 12:00"), "3 个工作日"),
    "no such kind": ("u1", {"kind": "party"}, "不是申请类型"),
    "no leave to come back from": ("u1", {"kind": "return", "about": "leave/nothing", "ends": at("09:00")}, "要销的假"),
    "somebody else's leave": ("u2", {"kind": "return", "about": "leave/L-1", "ends": at("03-10 09:00")}, "要销的假"),
    "back before it began": ("u1", {"kind": "return", "about": "leave/L-1", "ends": at("03-09 09:00")}, "假期之内"),
    "a slot of another day": (
        "u1", {"kind": "correction", "day": date(2026, 3, 1), "slot": "am_in", "starts": at("03-01 08:20"),
               "reason": "忘记"}, "没有此时段"),
    "a time outside the slot": (
        "u1", {"kind": "correction", "day": date(2026, 2, 27), "slot": "am_in", "starts": at("02-27 14:00"),
               "reason": "忘记"}, "不在该时段"),
    "a correction without a reason": (
        "u1", {"kind": "correction", "day": date(2026, 2, 27), "slot": "am_in", "starts": at("02-27 08:20")}, "理由"),
    "a second correction": (
        "u1", {"kind": "correction", "day": date(2026, 2, 26), "slot": "am_in", "starts": at("02-26 08:20"),
               "reason": "忘记"}, "K-1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """What there is already: leave L-1, outing O-1, cover C-1, correction K-1, request #1."""
    folder = tmp_path_factory.mktemp("full")
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    from monitor.store.schema import metadata

    with store.write() as conn:
        metadata.create_all(conn)
    desk = Desk(store, folder)

    def span(first: str, last: str) -> dict[str, str]:
        return {"from": at(first).isoformat(), "to": at(last).isoformat()}

    signed = {"approver": "boss", "approved_at": at("08:00").isoformat()}
    desk.plan(
        leave=[{"id": "L-1", "staff": "s01", "kind": "annual", **span("03-10 08:30", "03-10 17:30"), **signed}],
        outings=[{"id": "O-1", "staff": "s01", **span("03-12 09:00", "03-12 09:30")}],
        substitutes=[{"id": "C-1", "window": "w1", "staff": "s04", **span("03-17 08:30", "03-17 17:30")}],
        corrections=[
            {
                "id": "K-1", "staff": "s01", "date": "2026-02-26", "slot": "am_in",
                "at": at("02-26 08:20").isoformat(), "reason": "忘记", **signed,
            }
        ],
    )  # fmt: skip
    desk.file("u2", **leave("03-16 08:30", "03-16 17:30"))
    yield desk
    store.close()


@pytest.mark.parametrize(("user", "asked", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_names_what_stands_in_its_way(full: Desk, user: str, asked: dict[str, Any], text: str) -> None:
    assert text in full.refused(user, **asked)
    with full.store.read() as conn:
        assert planrequests.find(conn, 2) is None, "nothing was written"


def test_corrections_are_counted_with_those_that_are_undecided(store: Store, tmp_path: Path) -> None:
    policy = Policy()
    limited = policy.checkin.model_copy(update={"corrections_per_month": 2, "correction_days": 5})
    desk = Desk(store, tmp_path, checkin=limited)
    desk.clock.set(at("03-06 18:00"))
    for day in (3, 4):
        asked = correction(day)
        meant = desk.meant("u1", **asked)
        assert meant.corrections == (day - 3, 2)
        assert meant.slots == ((date(2026, 3, day), "am_in"),)
        desk.through(desk.file("u1", **asked)) if day == 3 else desk.file("u1", **asked)
    assert "每月至多 2 次" in desk.refused("u1", **correction(5))
    row = desk.rows("corrections")[0]
    assert (row.staff, row.day, row.slot, row.at, row.reason, row.approver) == (
        "s01", date(2026, 3, 3), "am_in", at("03-03 08:20"), "忘记签到", "office",
    )  # fmt: skip
    desk.clock.set(at("03-16 18:00"))
    assert "5 个工作日" in desk.refused("u2", **correction(5))


def correction(day: int) -> dict[str, Any]:
    return {
        "kind": "correction", "day": date(2026, 3, day), "slot": "am_in", "starts": at(f"03-{day:02} 08:20"),
        "reason": "忘记签到",
    }  # fmt: skip


@pytest.mark.parametrize(("most", "day", "taken"), [(0, "03-03", True), (0, "03-02", False), (1, "02-28", True)])
def test_how_late_stands_in_the_policy(store: Store, tmp_path: Path, most: int, day: str, taken: bool) -> None:
    desk = Desk(store, tmp_path, requests=RequestPolicy(late_days=most))
    asked = leave(f"{day} 08:30", f"{day} 12:00")
    if taken:
        assert desk.meant("u1", **asked).late == (1 if day == "02-28" else 0)
    else:
        assert "开始之前" in desk.refused("u1", **asked)


# --------------------------------------------------------------------------- what it means and what comes of it


def test_leave_with_cover_and_the_return_from_it(desk: Desk) -> None:
    asked = leave("03-04 08:30", "03-06 17:30", substitute="s03", letter="函〔2026〕3 号")
    assert desk.meant("u1", **leave("03-04 08:30", "03-06 17:30")).uncovered == (), "B is there"
    number = desk.file("u1", **asked)
    desk.through(number)
    plan = f"request-{number}"
    ends = {name: desk.rows(name)[0].ends for name in ("leave", "substitutes")}
    assert ends == dict.fromkeys(ends, at("03-06 17:30"))
    assert desk.rows("substitutes")[0].letter == desk.rows("leave")[0].letter == "函〔2026〕3 号"
    desk.clock.set(at("03-05 12:30"))
    back = {"kind": "return", "about": f"leave/{plan}", "ends": at("03-05 14:30")}
    meant = desk.meant("u1", **back)
    assert [slot for _, slot in meant.slots] == ["pm_in", "pm_out", "am_in", "am_out", "pm_in", "pm_out"]
    desk.through(desk.file("u1", **back))
    assert {desk.rows(name)[0].ends for name in ends} == {at("03-05 14:30")}
    assert "假期之内" in desk.refused("u1", **{**back, "ends": at("03-06 08:30")})


def test_leave_that_has_not_begun_is_cancelled_by_request(desk: Desk) -> None:
    """Whole, with its cover: it excuses nobody, stands in nobody's way, and cannot be ended a second time."""
    number = desk.file("u1", kind="trip", starts=at("03-09 08:30"), ends=at("03-10 17:30"), substitute="s03")
    desk.through(number)
    cancel = {"kind": "return", "about": f"trips/request-{number}"}
    with desk.store.read() as conn:
        assert request_file(desk.look(conn), desk.who("u1"), number).leave == cancel["about"]
    meant = desk.meant("u1", **cancel)
    assert {day for day, _ in meant.slots} == {date(2026, 3, 9), date(2026, 3, 10)}
    assert len(meant.slots) == 8
    assert (meant.days, meant.minutes) == (0, 0)
    again = desk.file("u1", **cancel)
    assert f"#{again}" in desk.refused("u1", **cancel), "asked for once"
    assert [row.ends for row in desk.rows("trips")] == [at("03-10 17:30")], "nobody has agreed yet"
    assert "重叠" in desk.refused("u1", **leave("03-09 08:30", "03-09 17:30"))
    desk.through(again)
    assert [(row.starts, row.ends) for name in ("trips", "substitutes") for row in desk.rows(name)] == [
        (at("03-09 08:30"), at("03-09 08:30"))
    ] * 2
    with desk.store.read() as conn:
        file = request_file(desk.look(conn), desk.who("u1"), number)
        assert file.ended_by == ((again, "approved"),)
        assert plans.leaves(conn, ["s01"], at("03-01 00:00"), at("03-31 00:00")) == {}
        assert plans.substitutes(conn, ["w1"], at("03-01 00:00"), at("03-31 00:00")) == {}
        assert plans.all_leaves(conn) == ()
    assert "假期之内" in desk.refused("u1", **cancel)
    desk.file("u1", **leave("03-09 08:30", "03-09 17:30", substitute="s03"))


def test_leave_that_has_begun_ends_or_is_cancelled_only_by_a_time(desk: Desk) -> None:
    desk.through(desk.file("u1", **leave("03-04 08:30", "03-06 17:30")))
    back = {"kind": "return", "about": f"leave/{desk.rows('leave')[0].id}"}
    desk.clock.set(at("03-04 09:00"))
    assert "返岗时间" in desk.refused("u1", **back), "which slots would be due again must be said"
    assert len(desk.meant("u1", **back, ends=at("03-05 14:30")).slots) == 6, "the rest of it, beforehand"
    assert len(desk.meant("u1", **back, ends=at("03-04 08:30")).slots) == 12, "the person was there all the time"


def test_a_window_that_nobody_is_left_for_is_named(desk: Desk) -> None:
    """B is away already (B03)."""
    desk.through(desk.file("u2", **leave("03-05 08:30", "03-06 17:30")))
    meant = desk.meant("u1", **leave("03-04 08:30", "03-05 17:30"))
    assert [(one.window, one.day) for one in meant.uncovered] == [("w1", date(2026, 3, 5))]
    assert (meant.days, meant.chain) == (2, ("window_lead", "unit_head", "personnel"))
    assert meant.minutes == 2 * (210 + 180)
    assert desk.meant("u1", **leave("03-04 08:30", "03-05 17:30", substitute="s03")).uncovered == ()


def test_too_little_overtime_and_a_long_outing_are_said(desk: Desk) -> None:
    lieu = desk.meant("u1", kind="lieu", starts=at("03-05 08:30"), ends=at("03-05 12:00")).lieu
    assert lieu is not None
    assert (lieu.credited, lieu.asked, lieu.suffices) == (0, 210, False)
    long = desk.meant("u1", **outing("03-05 11:40", "03-05 12:30"))
    assert long.counts_until == at("03-05 12:10")
    assert long.slots == ((date(2026, 3, 5), "am_out"),)


def test_what_is_due_as_the_time_ends_is_named(desk: Desk) -> None:
    """Nobody who was away the whole session has to leave; whoever came before has."""
    day = date(2026, 3, 5)
    whole = desk.meant("u1", **leave("03-05 14:30", "03-05 17:30"))
    assert (whole.slots, whole.still_due) == (((day, "pm_in"), (day, "pm_out")), ())
    part = desk.meant("u1", **leave("03-05 16:00", "03-05 17:30"))
    assert (part.slots, part.still_due) == ((), ((day, "pm_out"),))


def test_a_closed_month_is_said_and_takes_plans_as_before(desk: Desk) -> None:
    with desk.store.write() as conn:
        values = {
            "hall": "h1", "month": "2026-02", "version": 1, "closed_at": at("08:00"), "closed_by": "office",
            "digest": "d", "corrections": 0,
        }  # fmt: skip
        months.add(conn, values, b"x")
    asked = leave("02-27 08:30", "02-27 12:00", reason="住院")
    assert desk.meant("u1", **asked).closed == ("2026-02",)
    desk.through(desk.file("u1", **asked))
    assert [row.id for row in desk.rows("leave")] == ["request-1"]


def test_what_changed_meanwhile_stops_the_last_approval(desk: Desk) -> None:
    number = desk.file("u1", **outing("03-05 10:00", "03-05 10:30"))
    span = {"from": at("03-05 08:30").isoformat(), "to": at("03-05 17:30").isoformat()}
    desk.plan(leave=[{"id": "L-9", "staff": "s01", "kind": "sick", **span}])
    with pytest.raises(Refused, match="L-9") as told:
        desk.decide("lead", number)
    assert told.value.sort == "state"
    assert desk.rows("outings") == []
    assert desk.decide("lead", number, "refused", "已请假") == "refused"


# --------------------------------------------------------------------------- who sees what


def test_lists_show_what_is_whose_and_hide_what_is_private(desk: Desk) -> None:
    number = desk.file("u1", **leave("03-04 08:30", "03-04 12:00", leave_kind="sick", reason="检查", substitute="s03"))
    told = {}
    for user in USERS:
        with desk.store.read() as conn:
            look, who = desk.look(conn), desk.who(user)
            mine = [line.number for line in list_requests(look, who, Chosen(tab="mine"))]
            every = list_requests(look, who, Chosen())
            told[user] = (mine, [(line.leave_kind, line.reason) for line in every], count_to_decide(look, who))
    shown, hidden = [("sick", "检查")], [(None, None)]
    assert told == {
        "lead": ([], shown, 1), "boss": ([], shown, 0), "office": ([], shown, 0), "duty": ([], hidden, 0),
        "u1": ([number], shown, 0), "u2": ([], [], 0), "u3": ([number], hidden, 0), "u4": ([], [], 0),
    }  # fmt: skip
    with desk.store.read() as conn:
        found = request_file(desk.look(conn), desk.who("duty"), number)
        with pytest.raises(Refused, match="没有此申请"):
            request_file(desk.look(conn), desk.who("u4"), number)
    assert found.line.masked
    assert found.history[0].why is None


def test_the_one_who_covers_does_not_decide(desk: Desk) -> None:
    with desk.store.write() as conn:
        insert(
            conn, User, {"id": "l2", "role": "window_lead", "windows": ["w1"], "staff": "s02", "created": at("07:00")}
        )
    number = desk.file("u1", **leave("03-04 08:30", "03-04 12:00", substitute="s02"))
    with pytest.raises(Refused, match="本人"):
        desk.decide("l2", number)
    assert desk.decide("lead", number) == "pending"


def test_filters_and_pages(desk: Desk) -> None:
    numbers = [desk.file(f"u{n}", **outing(f"03-0{n + 2} 09:00", f"03-0{n + 2} 09:30")) for n in (1, 2, 3)]
    who = desk.who("office")
    with desk.store.read() as conn:
        look = desk.look(conn)
        first = list_requests(look, who, Chosen(), 2)
        assert [line.number for line in first] == numbers[::-1], "one more than a page"
        behind = list_requests(look, who, Chosen(after=first[1].number), 2)
        assert [line.number for line in behind] == numbers[:1]
        day = date(2026, 3, 4)
        for chosen in (
            Chosen(staff="s02"),
            Chosen(first=day, last=day),
            Chosen(tab="all", state="pending", staff="s02"),
        ):
            assert [line.number for line in list_requests(look, who, chosen)] == [numbers[1]]
        assert list_requests(look, who, replace(Chosen(), kind="leave")) == []
