"""The fold of case events: lifecycle, merging, voiding, holders, contradictions. Times are of 2026-03, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.model import Device, Event, Registry
from monitor.timeliness import touches
from monitor.timeliness.facts import CaseEvent
from monitor.timeliness.fold import CaseView, fold


def t(day: int, hour: float = 9) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hour)


def ev(name: str, at: datetime, source: str = "a", **given: Any) -> CaseEvent:
    own = {"id", "seq", "trusted", "item", "window", "staff"}
    body = {key: value for key, value in given.items() if key not in own}
    head = {"id": f"{name}-{at:%d%H%M}"} | {key: value for key, value in given.items() if key in own}
    return CaseEvent(**head, event=name, at=at, received=at, source=source, body=body)


def findings(view: CaseView) -> list[tuple[str, str]]:
    return [(finding.rule, finding.reason.code.rsplit(".", 1)[1]) for finding in view.findings]


def pauses(view: CaseView) -> list[tuple[str, datetime, datetime | None]]:
    return [(pause.cause, pause.begin, pause.end) for pause in view.pauses]


def test_a_plain_case() -> None:
    view = fold([ev("received", t(2), item="x"), ev("accepted", t(3), due=t(9)), ev("completed", t(5))])
    assert view.received is not None
    assert view.accepted is not None
    assert (view.received.at, view.accepted.at, view.item, view.due) == (t(2), t(3), "x", t(9))
    assert view.completed is not None
    assert view.completed.at == t(5)
    assert view.left is None
    assert view.findings == ()


def test_nothing_is_known_of_a_case_without_events() -> None:
    assert fold([]) == CaseView()


@pytest.mark.parametrize("name", ["rejected", "withdrawn", "returned"])
def test_a_case_can_leave_the_count(name: str) -> None:
    view = fold([ev("accepted", t(3)), ev(name, t(4))])
    assert view.left is not None
    assert (view.left.kind, view.left.at, view.completed) == (name, t(4), None)


def test_ties_in_time_go_by_seq_then_id() -> None:
    by_seq = [ev("resumed", t(4), id="a", seq=2), ev("suspended", t(4), id="b", seq=1)]
    assert pauses(fold(by_seq)) == [("suspended", t(4), t(4))]
    by_id = [ev("resumed", t(4), id="a"), ev("suspended", t(4), id="b")]
    assert pauses(fold(by_id)) == [("suspended", t(4), None)]


CONTRADICTIONS = [
    (
        "an acceptance after the completion is F02 and opens nothing",
        [ev("accepted", t(2)), ev("completed", t(4)), ev("accepted", t(5))],
        [("F02", "accepted_after_completed")],
        t(4),
    ),
    (
        "closed before it was ever accepted is F02 too",
        [ev("completed", t(4)), ev("accepted", t(5))],
        [("F02", "accepted_after_completed")],
        t(4),
    ),
    (
        "a second, different acceptance is a finding",
        [ev("accepted", t(2)), ev("accepted", t(3))],
        [("case.events", "accepted_again")],
        None,
    ),
    (
        "a second completion is a finding, the first stands",
        [ev("accepted", t(2)), ev("completed", t(4)), ev("completed", t(6))],
        [("case.events", "ended_again")],
        t(4),
    ),
    (
        "what was completed cannot be withdrawn",
        [ev("accepted", t(2)), ev("completed", t(4)), ev("withdrawn", t(6))],
        [("case.events", "ended_again")],
        t(4),
    ),
    (
        "an open case cannot be opened again",
        [ev("accepted", t(2)), ev("reopened", t(4))],
        [("case.events", "reopened_open")],
        None,
    ),
    (
        "a running case cannot be resumed",
        [ev("accepted", t(2)), ev("resumed", t(4))],
        [("case.events", "resumed_running")],
        None,
    ),
    (
        "a closed case cannot be suspended",
        [ev("accepted", t(2)), ev("completed", t(4)), ev("suspended", t(5))],
        [("case.events", "suspended_closed")],
        t(4),
    ),
    (
        "a void of nothing is a finding",
        [ev("accepted", t(2)), ev("voided", t(4), voids="?")],
        [("case.events", "void_unknown")],
        None,
    ),
]


@pytest.mark.parametrize(("name", "events", "found", "ended"), CONTRADICTIONS, ids=[c[0] for c in CONTRADICTIONS])
def test_contradictions_are_findings_never_errors(
    name: str, events: list[CaseEvent], found: list[tuple[str, str]], ended: datetime | None
) -> None:
    view = fold(events)
    assert findings(view) == found
    assert (view.end.at if view.end else None) == ended


def test_accepted_and_completed_in_one_instant_is_no_contradiction() -> None:
    view = fold([ev("completed", t(4), id="a"), ev("accepted", t(4), id="b")])
    assert findings(view) == []
    assert view.accepted is not None
    assert view.completed is not None


def test_a_closed_span_is_seen_at_its_edges() -> None:
    view = fold([ev("accepted", t(2)), ev("completed", t(5)), ev("reopened", t(8))])
    assert view.reopened_within(t(3), t(5))
    assert not view.reopened_within(t(3), t(4))
    assert view.reopened_within(t(7), t(9))
    assert not view.reopened_within(t(8), t(9))
    assert [view.open_from(t(day)) for day in (5, 6, 8)] == [t(5), t(8), t(8)]


def test_the_first_acceptance_wins() -> None:
    view = fold([ev("accepted", t(3), due=t(20)), ev("accepted", t(2), due=t(9))])
    assert view.accepted is not None
    assert (view.accepted.at, view.due) == (t(2), t(9))


def test_papers_returned_before_acceptance_may_come_again() -> None:
    view = fold([ev("received", t(2)), ev("returned", t(3)), ev("accepted", t(5))])
    assert (view.end, view.findings) == (None, ())
    after = fold([ev("accepted", t(2)), ev("returned", t(3)), ev("accepted", t(5))])
    assert after.left is not None
    assert findings(after) == [("case.events", "accepted_again")]


def test_the_same_fact_from_two_sources_is_one() -> None:
    first = ev("accepted", t(3), id="1", trusted=False, due=t(9))
    other = ev("accepted", t(3) + timedelta(milliseconds=600), "b", id="2", item="x", window="w", staff="s")
    view = fold([other, first])
    assert view.findings == ()
    assert view.accepted is not None
    assert (view.accepted.at, view.accepted.trusted, view.due, view.item) == (t(3), True, t(9), "x")
    assert [(h.window, h.staff) for h in view.holders] == [("w", "s")]


def test_two_stages_of_one_second_are_two() -> None:
    view = fold([ev("stage", t(3), id="1", stage="a"), ev("stage", t(3), id="2", stage="b")])
    assert len(view.events) == 2


def test_a_source_voids_its_own_event() -> None:
    done = ev("completed", t(4), id="c")
    assert fold([done, ev("voided", t(5), voids="c")]).end is None
    assert fold([done, ev("voided", t(5), "b", voids="c")]).end is not None


def test_a_void_can_be_voided() -> None:
    done, void = ev("completed", t(4), id="c"), ev("voided", t(5), id="v", voids="c")
    assert fold([done, void, ev("voided", t(6), voids="v")]).end is not None


def test_pauses_of_every_kind() -> None:
    view = fold(
        [
            ev("accepted", t(2)),
            ev("suspended", t(3), planned_days=5),
            ev("supplement_requested", t(4)),
            ev("suspended", t(5)),
            ev("resumed", t(6)),
            ev("supplemented", t(7)),
            ev("completed", t(9)),
            ev("reopened", t(11)),
            ev("suspended", t(12)),
        ]
    )
    assert pauses(view) == [
        ("suspended", t(3), t(6)),
        ("supplement", t(4), t(7)),
        ("closed", t(9), t(11)),
        ("suspended", t(12), None),
    ]
    assert view.pauses[0].opened.body == {"planned_days": 5}


def test_an_end_ends_the_running_pause() -> None:
    view = fold([ev("accepted", t(2)), ev("suspended", t(3)), ev("completed", t(5)), ev("reopened", t(8))])
    assert pauses(view) == [("suspended", t(3), t(5)), ("closed", t(5), t(8))]


def test_a_supplement_pauses_only_after_acceptance_and_only_by_policy() -> None:
    asked = [ev("supplement_requested", t(2)), ev("accepted", t(3)), ev("supplement_requested", t(4))]
    assert pauses(fold(asked)) == [("supplement", t(4), None)]
    assert pauses(fold(asked, supplement_pauses=False)) == []


def test_extensions_are_kept_in_order() -> None:
    view = fold(
        [ev("accepted", t(2)), ev("extended", t(3), days=10), ev("extended", t(4), days=5), ev("extended", t(5))]
    )
    assert [event.body.get("days") for event in view.extensions] == [10, 5, None]


def test_an_untrusted_start_makes_the_clock_untrusted() -> None:
    assert fold([ev("accepted", t(2), trusted=False)]).clock_trusted is False
    assert (
        fold([ev("accepted", t(2)), ev("suspended", t(3)), ev("resumed", t(4), trusted=False)]).clock_trusted is False
    )
    assert fold([ev("accepted", t(2)), ev("stage", t(3), trusted=False)]).clock_trusted is True


def test_the_holder_is_the_last_named_at_or_before() -> None:
    view = fold(
        [
            ev("received", t(2), window="w1", staff="s1"),
            ev("accepted", t(3)),
            ev("transferred", t(4), window="w2"),
            ev("stage", t(5), staff="s2", stage="x"),
            ev("transferred", t(6), window="w2"),
        ]
    )
    held = [view.holder_at(t(day)) for day in (1, 2, 3, 4, 5, 6)]
    assert held[0] is None
    assert [(h.window, h.staff) for h in held if h] == [
        ("w1", "s1"),
        ("w1", "s1"),
        ("w2", None),
        ("w2", "s2"),
        ("w2", "s2"),
    ]


def test_fallback_is_kept() -> None:
    view = fold([ev("accepted", t(2)), ev("fallback", t(3), id="1"), ev("fallback", t(4), id="2")])
    assert view.fallback is not None
    assert view.fallback.id == "1"


def test_a_case_event_touches_its_case_and_its_source() -> None:
    registry = Registry(
        devices={
            "gw1": Device(id="gw1", kind="cases", hall="h", namespace="city"),
            "gw2": Device(id="gw2", kind="cases", hall="h"),
        }
    )

    def touched(device: str, channel: str = "case") -> list[tuple[str, str]]:
        event = Event(device=device, channel=channel, id="1", at=t(2), received=t(2), body={"case": "7"})
        return [(ref.kind, ref.key) for ref in touches(event, registry)]

    assert touched("gw1") == [("case", "city/7"), ("source", "gw1")]
    assert touched("gw2") == [("case", "gw2/7"), ("source", "gw2")]
    assert touched("new") == [("case", "new/7"), ("source", "new")]
    assert touched("gw1", "rating") == []
