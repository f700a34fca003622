"""The rules of this folder by subject kind, each with its basis, and the subjects that an event touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from monitor.attendance import checkins, posts, slotcase, tallyrules
from monitor.model import IN_TIME, Event, Registry, SubjectRef, Verdict


class Rule(NamedTuple):
    """A rule id, `judge(facts, policy, calendar, now) -> Verdict`, and the basis (依据) that a card names."""

    id: str
    judge: Callable[[Any, Any, Any, Any], Verdict]
    basis: str


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "slot": (
        Rule(
            slotcase.SLOT,
            checkins.judge_slot,
            "人脸识别考勤（A01、A02）；迟到、早退（A03、A04）；逾十五分钟作脱岗核实（A05，经查实）；旷工半天（A07）；请假（B06）",
        ),
    ),
    "post": (
        Rule(
            posts.POST,
            posts.judge_post,
            "脱岗（A05，经查实）；上班时间窗口无人在岗（A08，经查实）；AB 岗（B01、B02）；"
            "AB 岗均不在且未来函、未派人代岗（B03）；有函未派人代岗（B05）",
        ),
    ),
    "tally": (
        Rule(
            tallyrules.SUM,
            tallyrules.judge_sum,
            "001.2 §23(1)：迟到、早退、脱岗扣分累计达 5 分以上（含 5 分），通报原单位，上报县政府、纪委和监察局，"
            "并在电子显示屏上通报（A06）",
        ),
        Rule(
            tallyrules.PERSON,
            tallyrules.judge_person,
            "001.2 §26(3)：旷工 3 次或 1 次旷工 2 天以上，取消季度和年度评优资格（A10）",
        ),
        Rule(
            tallyrules.RETURN,
            tallyrules.judge_return,
            "001.2 §27(2)：旷工 3 天以上（含 3 天），退回原单位并通报（A11）",
        ),
        Rule(
            tallyrules.WINDOW,
            tallyrules.judge_window,
            "001.2 §20b(4)：窗口工作人员旷工 3 次或 1 次旷工 2 天以上，当月为不合格窗口（A09）",
        ),
        Rule(
            tallyrules.CONDUCT,
            tallyrules.judge_conduct,
            "001.2 §26(3)：迟到、早退、着装、文明用语、打瞌睡等违反工作纪律，每月各项合计 3 次以上（A12，经查实）",
        ),
    ),
}

_AT_THE_WINDOW: Final = frozenset({"duty", "presence", "rating", "case"})


def touches(event: Event, registry: Registry, local_date_of: Callable[[str, datetime], date]) -> tuple[SubjectRef, ...]:
    """The slots and posts to be judged again; a key that ends in a slash means all subjects whose keys start with it.

    `local_date_of(hall, instant)` gives the date in the hall's zone. The dates of both the event's own, uncorrected
    time and its receipt are touched, because only folding knows how wrong the device's clock was.
    """
    if event.channel == "checkin":
        return _by_checkin(event, registry, local_date_of)
    if event.channel not in _AT_THE_WINDOW:
        return ()
    device = registry.devices.get(event.device)
    window = event.body.get("window") or (device.window if device else None)
    if not window:
        return ()
    known = registry.windows.get(window)
    if known is None and event.channel == "case":
        return ()  # a name that a lenient log keeps as text: no post stands there, and a long log has thousands of them
    hall = known.hall if known else (device.hall if device else "")
    days = _days(event, hall, local_date_of)
    # what comes later than that was not there when a window beside it was judged on it
    if event.channel == "duty" or abs(event.received - event.at) > IN_TIME:
        return tuple(ref for each in (window, *_linked(registry).get(window, ())) for ref in _posts(each, *days))
    return _posts(window, *days)


def reassures(event: Event) -> bool:
    """Whether it can only speak for whoever should be there: somebody is seen, and it came in time. Where the window is
    well nobody needs to look again for that (`Verdict.calm_until`).
    """
    seen = event.channel == "presence" and event.body["people"] > 0 and event.body["view"] == "ok"
    return bool(seen) and abs(event.received - event.at) <= IN_TIME


def _linked(registry: Registry) -> Mapping[str, tuple[str, ...]]:
    """Windows whose verdict may rest on what happens at this one: where a holder of it holds a post too, and those of
    the same unit with one holder, which it may cover. Whatever the day: one mark too many costs little.
    """
    global _KEPT
    if _KEPT is None or _KEPT[0] is not registry.posts or _KEPT[1] is not registry.windows:
        _KEPT = (registry.posts, registry.windows, _links(registry))
    return _KEPT[2]


_KEPT: tuple[object, object, Mapping[str, tuple[str, ...]]] | None = None
"""The links of the last registry: worked out once, for there is a new one only when it is imported."""


def _links(registry: Registry) -> Mapping[str, tuple[str, ...]]:
    held: dict[str, set[str]] = {}
    regular: dict[str, set[str]] = {}
    for post in registry.posts:
        held.setdefault(post.staff, set()).add(post.window)
        if post.rank != "S":
            regular.setdefault(post.window, set()).add(post.staff)
    lone: dict[str, set[str]] = {}
    for window in registry.windows.values():
        if window.unit is not None and len(regular.get(window.id, ())) == 1:
            lone.setdefault(window.unit, set()).add(window.id)
    found: dict[str, set[str]] = {}
    for post in registry.posts:
        known = registry.windows.get(post.window)
        beside = lone.get(known.unit or "", set()) if known is not None and post.rank == "B" else set()
        found.setdefault(post.window, set()).update(held[post.staff], beside)
    return {window: tuple(sorted(linked - {window})) for window, linked in found.items()}


@lru_cache(maxsize=4096)
def _posts(window: str, *days: date) -> tuple[SubjectRef, ...]:
    """Of every event of a window the same all day long."""
    return tuple(SubjectRef(kind="post", key=f"{window}/{day.isoformat()}/") for day in days)


def _by_checkin(
    event: Event, registry: Registry, local_date_of: Callable[[str, datetime], date]
) -> tuple[SubjectRef, ...]:
    """All slots of the person on that day, and the windows where they hold a post, for it is a sign of presence."""
    staff = str(event.body.get("staff") or "")
    if not staff:
        return ()
    device = registry.devices.get(event.device)
    hall = registry.hall_of_staff(staff) or (device.hall if device else "")
    held = registry.posts_of(staff)
    refs: list[SubjectRef] = []
    for day in _days(event, hall, local_date_of):
        refs.append(SubjectRef(kind="slot", key=f"{staff}/{day.isoformat()}/"))
        windows = {
            post.window
            for post in held
            if (post.valid_from is None or post.valid_from <= day) and (post.valid_to is None or day < post.valid_to)
        }
        refs.extend(SubjectRef(kind="post", key=f"{window}/{day.isoformat()}/") for window in sorted(windows))
    return tuple(refs)


def _days(event: Event, hall: str, local_date_of: Callable[[str, datetime], date]) -> list[date]:
    happened, received = local_date_of(hall, event.at), local_date_of(hall, event.received)
    return [happened] if happened == received else sorted((happened, received))
