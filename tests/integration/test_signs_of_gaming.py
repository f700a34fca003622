"""Signs of gaming from the store: what is read of a month, what is left out, what is told of it (both databases).

Accepted on Monday 2026-03-02 at 10:00, 5 working days promised: the limit passes on Monday 03-09 at 17:30.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from monitor.access import Principal
from monitor.assessment.gaming import Closed
from monitor.settings import Policy
from monitor.store.engine import Store
from monitor.store.facts.cases import load_cases
from monitor.store.facts.signs import load_signs
from monitor.supervision.assessment.signs import Signs, signs_of
from monitor.supervision.refused import Refused
from monitor.timeliness.case import case_at
from monitor.timeliness.counts import measured_by
from tests.attended import attended
from tests.halls import Line, at, hall
from tests.world import World

pytestmark = pytest.mark.scenarios

REGISTRY: Final = hall(
    3,
    attendance="",
    items=[
        {"id": "i1", "unit": "u1", "promised": 5, "statutory": 20},
        {"id": "now", "unit": "u1", "kind": "immediate"},
    ],
    units=[{"id": "u1", "hall": "h1"}],
    windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}],
    devices=[
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "p1", "kind": "evaluator", "hall": "h1", "window": "w1", "namespace": "c1"},
        {"id": "p2", "kind": "evaluator", "hall": "h1", "window": "w1", "namespace": "elsewhere"},
    ],
)
DUTY: Final = Principal(id="duty", role="duty_supervisor", halls=frozenset({"h1"}))
NOW: Final = "03-16 10:00"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


class Month:
    """Events of one source after another, written at once."""

    def __init__(self, world: World) -> None:
        self.world, self.lines, self._seqs = world, list[Line](), dict[str, int]()

    def say(self, device: str, channel: str, when: str, *, boot: str = "b1", late: str = "", **body: Any) -> None:
        seq = self._seqs[f"{device}/{boot}"] = self._seqs.get(f"{device}/{boot}", 0) + 1
        payload = {"id": f"{device}-{boot}-{seq}", "at": at(when).isoformat(), "boot": boot, "seq": seq, **body}
        self.lines.append(Line(received=at(late or when), device=device, channel=channel, payload=payload))

    def case(self, name: str, window: str, done: str, **more: Any) -> None:
        staff = {"w1": "s01", "w2": "s02"}[window]
        told = {"case": name, "item": more.pop("item", "i1"), "window": window, "staff": staff}
        boot = more.pop("boot", "b1")
        self.say("c1", "case", more.pop("accepted", "03-02 10:00"), boot=boot, event="accepted", **told)
        self.say("c1", "case", done, boot=boot, event="completed", result="granted", **told, **more)

    def rate(self, when: str, device: str = "p1", **body: Any) -> None:
        self.say(device, "rating", when, score=5, **body)

    def heard(self, until: str = NOW, boots: tuple[str, ...] = ("b1",), skewed: str = "") -> World:
        self.world.hear(*sorted(self.lines, key=lambda line: line.received))
        for boot in boots:
            told = {"boot": boot, "queue": 0, "last_seq": self._seqs.get(f"c1/{boot}", 0)}
            self.world.beat("c1", until, **told)
        if skewed:  # a clock that is ten minutes behind
            self.world.beat("c1", "03-16 09:40", received="03-16 09:50", boot=skewed, queue=0)
        for device in ("p1", "p2"):
            self.world.beat(device, NOW, last_seq=self._seqs.get(f"{device}/b1", 0))
        self.world.judge(NOW)
        return self.world


def busy(world: World, **silent: Any) -> Month:
    """24 cases at each window; ten of w1 in the last hour, three of w2 opened again, six of w2 done in the evening."""
    month = Month(world)
    for n in range(24):
        month.case(f"A{n:02}", "w1", f"03-09 17:{n + 5:02}" if n < 10 else f"03-05 10:{n:02}")
        month.case(f"B{n:02}", "w2", f"03-05 21:{n:02}" if n < 6 else f"03-05 11:{n:02}")
    for n in (6, 7, 8):
        month.say("c1", "case", "03-06 09:00", case=f"B{n:02}", event="reopened")
    for n in range(20):  # nine name a case that nobody entered, four come from a system whose cases are not told here
        case, device = (f"GONE{n}" if n < 9 else f"A{n:02}"), ("p2" if 8 < n < 13 else "p1")
        month.rate(f"03-05 {10 + n // 10}:{(n % 10) * 6:02}", device, case=case)
    for n in range(9):
        month.rate(f"03-05 15:00:{n * 6:02}", case=f"A{n:02}")
    return month


def told(world: World, month: str = "2026-03", policy: Policy | None = None) -> Signs:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        return signs_of(look, "h1", month, policy or world.settings.policy, who=DUTY)


def kinds(found: Signs) -> list[str]:
    return [sign.kind for sign in found.found]


@pytest.mark.both_databases
def test_every_sign_of_a_month_with_what_it_rests_on(world: World) -> None:
    found = told(busy(world).heard())
    assert kinds(found) == ["bulk_closing", "last_hour", "rating_burst", "ratings_without_case", "reopened"]
    by_kind = {sign.kind: sign for sign in found.found}
    figures = {kind: sign.reason.figures for kind, sign in by_kind.items()}
    assert (figures["last_hour"]["count"], figures["last_hour"]["of"], figures["last_hour"]["rest"]) == (10, 24, 0)
    assert by_kind["last_hour"].subjects == tuple(f"case:c1/A{n:02}" for n in range(10))
    assert (figures["reopened"]["count"], figures["reopened"]["of"]) == (3, 24)
    assert (figures["bulk_closing"]["by"], figures["bulk_closing"]["count"]) == ("staff:s02", 6)
    assert by_kind["bulk_closing"].subjects == tuple(f"case:c1/B{n:02}" for n in range(6))
    assert (figures["ratings_without_case"]["count"], figures["ratings_without_case"]["of"]) == (9, 29)
    assert (figures["rating_burst"]["count"], figures["rating_burst"]["cases"]) == (9, 0)
    assert (found.cases, found.ratings, found.left_out) == (48, 29, 0)
    # the month is not over: of its last days not all can be told yet
    assert [day.isoformat() for day in found.unknown_days][0] == "2026-03-16"
    assert kinds(told(world, "2026-02")) == []


def test_the_page_words_every_sign_with_what_it_rests_on_and_its_innocent_explanation(world: World) -> None:
    busy(world).heard()
    with attended(world, world.clock.now()) as hall_at_work:
        for lang, innocent in (("zh", "也可能是"), ("en", "Innocent explanation")):
            page = hall_at_work.page("duty", f"/assessment/signs?month=2026-03&lang={lang}")
            for _ in range(60):
                if "Refresh" not in page.headers:
                    break
                page = hall_at_work.page("duty", f"/assessment/signs?month=2026-03&lang={lang}")
            assert (page.status_code, page.text.count("sign-told")) == (200, 5), page.text
            assert page.text.count(f"<dt>{innocent}</dt>") == 5
            assert "<dd>10 " in page.text
            assert 'href="/cases/one?key=c1' in page.text


def test_thresholds_are_those_of_the_policy(world: World) -> None:
    busy(world).heard()
    policy = world.settings.policy
    gaming = policy.gaming.model_copy(
        update={"last_share": 0.6, "reopened_cases": 4, "least_ratings": 40, "burst_ratings": 10}
    )
    timeliness = policy.timeliness.model_copy(update={"bulk_close_cases": 7})
    strict = policy.model_copy(update={"gaming": gaming, "timeliness": timeliness})
    assert kinds(told(world, policy=strict)) == []
    assert strict.version != policy.version


def test_limits_are_those_that_the_cases_are_judged_by(world: World) -> None:
    """The short way gives the same as the facts of the judge, for promised, immediate, paused and open cases."""
    month = busy(world)
    month.case("J1", "w1", "03-05 10:30", item="now", accepted="03-05 10:00")
    month.say("c1", "case", "03-04 10:00", case="A20", event="suspended", reason="等待检验")
    month.say("c1", "case", "03-04 15:00", case="A20", event="resumed")
    month.say("c1", "case", "03-03 10:00", case="OPEN", event="accepted", item="i1", window="w1", staff="s01")
    month.heard()
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        seen = {one.case: one for one in load_signs(look, "h1", "2026-03", world.settings.policy).closed}
        loaded = load_cases(look, sorted(seen))
        for key, one in seen.items():
            calendar = loaded[key].calendar
            assert calendar is not None
            case = case_at(loaded[key].facts, world.settings.policy.timeliness, calendar, look.now)
            if one.reopened is None:
                limit = measured_by(case)
                assert limit is not None
                assert case.view.completed is not None
                assert (one.due, one.ended) == (limit.at, case.view.completed.at), key
    assert len(seen) == 49
    assert "c1/OPEN" not in seen
    again: Closed = seen["c1/B06"]
    assert (again.ended, again.reopened) == (at("03-05 11:06"), at("03-06 09:00"))
    assert again.due == at("03-09 17:30"), "as it stood before it was opened again"


@pytest.mark.both_databases
def test_of_days_that_a_source_has_not_told_whole_nothing_is_said_of_ratings(world: World) -> None:
    found = told(busy(world).heard(until="03-05 16:00"))
    assert not {"rating_burst", "ratings_without_case"} & {*kinds(found)}
    assert found.unknown_days[0].isoformat() == "2026-03-05"
    assert "last_hour" in kinds(found), "what was told of cases stands"


def test_a_span_that_was_lost_is_not_told_whole_either(world: World) -> None:
    busy(world).heard()
    world.plan(power_cuts=[{"id": "x1", "hall": "h1", "from": at("03-05 12:00"), "to": at("03-05 12:30")}])
    found = told(world)
    assert "2026-03-05" in [day.isoformat() for day in found.unknown_days]
    assert not {"rating_burst", "ratings_without_case"} & {*kinds(found)}


def test_completions_whose_times_cannot_be_trusted_are_left_out_and_their_windows_days_too(world: World) -> None:
    month = busy(world)
    month.case("Z1", "w1", "03-04 10:00", boot="b2")
    found = told(month.heard(skewed="b2"))
    assert (found.left_out, found.cases) == (1, 48)
    assert not {"rating_burst", "ratings_without_case"} & {*kinds(found)}


def test_ratings_by_link_or_on_paper_are_no_burst_and_those_set_aside_do_not_count(world: World) -> None:
    month = Month(world)
    for n in range(24):
        month.case(f"A{n:02}", "w1", f"03-05 10:{n:02}")
        month.rate(f"03-05 15:00:{n * 2:02}", case=f"A{n:02}", origin="paper" if n % 2 else "web")
    assert kinds(told(month.heard())) == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("who", "sort"),
    [
        (Principal(id="p", role="personnel", halls=frozenset({"h1"})), "role"),
        (Principal(id="l", role="window_lead", windows=frozenset({"w1"})), "role"),
        (Principal(id="d", role="duty_supervisor", halls=frozenset({"h9"})), "missing"),
    ],
)
def test_windows_and_other_halls_do_not_see_them(world: World, who: Principal, sort: str) -> None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        with pytest.raises(Refused) as refused:
            signs_of(look, "h1", "2026-03", world.settings.policy, who=who)
        assert refused.value.sort == sort
        with pytest.raises(Refused, match="YYYY-MM"):
            signs_of(look, "h1", "2026-13", world.settings.policy, who=DUTY)
