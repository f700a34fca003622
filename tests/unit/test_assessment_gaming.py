"""Signs of gaming: what is one, what is not, and that each is told as something for a person to look into."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from monitor.assessment.gaming import LISTED, Closed, Rating, Sign, signs
from monitor.timeliness.integrity_hall import Entered
from monitor.timeliness.policy import TimelinessPolicy
from monitor.wording import Lang, render
from monitor.workcal import build_calendar

CALENDAR: Final = build_calendar()
DAY: Final = date(2026, 3, 3)
"""A Tuesday; sessions 08:30–12:00 and 13:30–17:30 of Asia/Shanghai."""
Scene = tuple[list[Closed], list[Rating], list[Entered]]


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+08:00").astimezone(UTC)


def close_of(day: date = DAY) -> datetime:
    return CALENDAR.close_of(day)


def closed(number: int, *, before_due: int | None = None, window: str = "w1", **more: Any) -> Closed:
    """Accepted three working days before; completed `before_due` minutes before the limit, else at 10:00."""
    ended = close_of() - timedelta(minutes=before_due) if before_due is not None else at("10:00")
    given: dict[str, Any] = {"accepted": at("09:00", date(2026, 2, 27)), "due": close_of(), "ended": ended} | more
    return Closed(case=f"{window}/{number:03}", window=window, hours=CALENDAR, **given)


def cases(late: int, of: int, window: str = "w1", **more: Any) -> list[Closed]:
    """`late` of them half an hour before the limit."""
    return [closed(n, before_due=30 if n < late else None, window=window, **more) for n in range(of)]


def again(count: int, of: int) -> list[Closed]:
    return [closed(n, reopened=at("11:00") if n < count else None) for n in range(of)]


def rated(count: int, *, case: Callable[[int], str | None], start: str = "10:00", step: int = 600, **more: Any) -> Any:
    return [
        Rating(key=f"e1/{n:03}", device="e1", window="w1", case=case(n),
               at=at(start) + timedelta(seconds=step * n), **more)
        for n in range(count)
    ]  # fmt: skip


def known(n: int) -> str | None:
    return f"w1/{n % 20:03}"


def stray(some: int) -> Callable[[int], str | None]:
    """The first `some` name a case that nobody recorded."""
    return lambda n: f"gone/{n}" if n < some else known(n)


def keyed(count: int, clock: str) -> list[Entered]:
    return [
        Entered(case=f"w1/{n:03}", event_id=f"e{n}", event="completed", at=at(clock) + timedelta(minutes=n),
                entered=None, by="staff:s01", calendar=CALENDAR, hours=CALENDAR)
        for n in range(count)
    ]  # fmt: skip


def found(scene: Scene, unknown: Sequence[tuple[str, date]] = ()) -> tuple[Sign, ...]:
    done, ratings, entered = scene
    keys = {one.case for one in done}
    return signs(done, ratings, entered, TimelinessPolicy(), known_cases=keys, unknown_days=unknown)


SHORT: Final = {"accepted": close_of() - timedelta(hours=2)}
LATER: Final = {"ended": close_of() + timedelta(minutes=5)}
BATCH: Final = [replace(one, ended=at("10:02")) for one in cases(0, 20)]

SCENES: Final[list[tuple[str, Scene, list[str]]]] = [
    ("nothing is known", ([], [], []), []),
    ("a third in the last hour", (cases(8, 24), [], []), ["last_hour"]),
    ("a few in the last hour", (cases(6, 24), [], []), []),
    ("all of them, of 19: too few to tell", (cases(19, 19), [], []), []),
    ("all of 20", (cases(20, 20), [], []), ["last_hour"]),
    ("limits of two hours have no other hour", (cases(20, 20, **SHORT), [], []), []),
    ("without a limit there is no last hour", (cases(20, 20, due=None), [], []), []),
    ("after the limit it is late, and no sign", ([closed(n, **LATER) for n in range(24)], [], []), []),
    ("the whole hall closes late", (cases(10, 24) + cases(10, 24, "w2"), [], []), []),
    ("this window alone", (cases(10, 24) + cases(1, 24, "w2"), [], []), ["last_hour"]),
    ("the rest is too few to compare with", (cases(10, 24) + cases(5, 10, "w2"), [], []), ["last_hour"]),
    ("exactly an hour before is not in it", ([closed(n, before_due=60) for n in range(24)], [], []), []),
    ("three of 40 opened again", (again(3, 40), [], []), ["reopened"]),
    ("two of 20 opened again", (again(2, 20), [], []), []),
    ("three of 19", (again(3, 19), [], []), []),
    ("three of 100", (again(3, 100), [], []), []),
    ("completed late, then opened again", ([replace(c, **LATER) for c in again(9, 40)], [], []), []),
    ("five within minutes at night", ([], [], keyed(5, "21:00")), ["bulk_closing"]),
    ("four at night", ([], [], keyed(4, "21:00")), []),
    ("five in the morning's session", ([], [], keyed(5, "10:00")), []),
    ("a third of 20 names no case", (cases(0, 20), rated(20, case=stray(6)), []), ["ratings_without_case"]),
    ("a quarter of 20", (cases(0, 20), rated(20, case=stray(5)), []), []),
    ("19 ratings are too few", (cases(0, 20), rated(19, case=stray(19)), []), []),
    ("a window that tells of no case", ([], rated(20, case=stray(20)), []), []),
    ("times that cannot be trusted", (cases(0, 20), rated(20, case=stray(20), trusted=False), []), []),
    ("no case named, on a day with cases", (cases(0, 20), rated(20, case=lambda _: None), []), []),
    (
        "no case named, on a day without any",
        ([replace(c, ended=at("10:00", date(2026, 3, 2))) for c in cases(0, 20)], rated(20, case=lambda _: None), []),
        ["ratings_without_case"],
    ),
    ("20 ratings in three minutes", (cases(0, 20), rated(20, case=known, start="15:00", step=9), []), ["rating_burst"]),
    ("20 ratings with as many cases then", (BATCH, rated(20, case=known, step=9), []), []),
    ("one each minute", (cases(0, 20), rated(20, case=known, start="15:00", step=60), []), []),
    ("a burst of 19 in all", (cases(0, 20), rated(19, case=known, start="15:00", step=9), []), []),
    ("a burst of what a buffer held", (cases(0, 20), rated(20, case=known, step=9, trusted=False), []), []),
]  # fmt: skip


@pytest.mark.parametrize(("scene", "kinds"), [(s, k) for _, s, k in SCENES], ids=[name for name, _, _ in SCENES])
def test_what_is_a_sign(scene: Scene, kinds: list[str]) -> None:
    told = found(scene)
    assert [sign.kind for sign in told] == kinds
    shuffled = tuple(random.Random(7).sample(part, len(part)) for part in scene)
    assert found(shuffled) == told, "the order of what is given changes nothing"  # type: ignore[arg-type]
    for sign in told:
        assert 0 < len(sign.subjects) <= LISTED


def test_days_of_a_silent_source_say_nothing() -> None:
    scene: Scene = (cases(0, 20), rated(20, case=stray(20), start="15:00", step=9), [])
    assert {sign.kind for sign in found(scene)} == {"ratings_without_case", "rating_burst"}
    assert found(scene, unknown=[("w1", DAY)]) == ()
    assert len(found(scene, unknown=[("w2", DAY)])) == 2


def test_two_bursts_of_a_device_are_two_signs() -> None:
    first, second = rated(10, case=known, start="15:00", step=9), rated(30, case=known, start="16:00", step=9)
    told = found((cases(0, 20), first + second[10:], []))
    assert [(s.kind, s.reason.figures["count"]) for s in told] == [("rating_burst", 10), ("rating_burst", 20)]


@pytest.mark.parametrize(
    ("scene", "lang", "text"),
    [
        (
            (cases(10, 24) + cases(1, 20, "w2"), [], []), "zh",
            "窗口 一号窗 有时限的办件 24 件，其中 10 件（42%）在时限届满前 60 分钟内办结，其他窗口为 5%。"
            "也可能是办件本身复杂或集中送签。仅供核查，不作扣分依据。",
        ),
        (
            (again(3, 40), [], []), "en",
            "Window 一号窗: of 40 cases with a limit 3 (8%) were completed in time and opened again."
            " An applicant's correction or a wrong entry may be why. For a person to look into; it is no ground for"
            " points.",
        ),
        (
            (cases(0, 20), rated(20, case=known, start="15:00", step=9), []), "zh",
            "评价器 e1（窗口 一号窗）在 2026-03-03 15:00 至 2026-03-03 15:02:51 收到评价 20 条，同期窗口办结 0 件。"
            "也可能是集体办事。仅供核查，不作扣分依据。",
        ),
    ],
)  # fmt: skip
def test_a_sign_says_what_was_counted_and_that_it_is_no_ground_for_points(scene: Scene, lang: Lang, text: str) -> None:
    (sign,) = found(scene)
    assert render(sign.reason, lang, names={"window:w1": "一号窗"}) == text


def test_every_sign_is_told_in_both_languages_as_no_ground_for_points() -> None:
    kinds = {kind for _, scene, some in SCENES for kind in some for _ in found(scene)}
    assert kinds == {"last_hour", "reopened", "bulk_closing", "ratings_without_case", "rating_burst"}
    for _, scene, _ in SCENES:
        for sign in found(scene):
            assert "不作扣分依据" in render(sign.reason, "zh")
            assert "no ground for points" in render(sign.reason, "en")
