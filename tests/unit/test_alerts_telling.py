"""What each change of a card means for the people outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.telling import Notice, tell

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def history(*events: str, same: bool = False) -> list[Notice]:
    """Notices a minute apart, or all of one judgement."""
    return [
        Notice(sequence=n, at=AT if same else AT + timedelta(minutes=n), event=event, level="yellow")
        for n, event in enumerate(events, 1)
    ]


FRESH: dict[str, Any] = {"cleared_at": None, "historic": False, "age_ok": True, "was_fired": False, "was_told": False}
KNOWN = {"was_fired": True, "was_told": True}
DIGESTED = {"was_told": True}

SCENARIOS: list[tuple[str, list[Notice], dict[str, Any], str | None]] = [
    ("an issued card is news", history("issued"), {}, "firing"),
    ("history is told to nobody", history("issued"), {"historic": True}, None),
    ("an old condition goes to the digest", history("issued"), {"age_ok": False}, "digest"),
    ("over when first judged: digest", history("issued"), {"cleared_at": AT}, "digest"),
    (
        "issued and cleared by one judgement: digest",
        history("issued", "cleared", same=True),
        {"cleared_at": AT},
        "digest",
    ),
    (
        "cleared later, planned late: still news, the end follows",
        history("issued", "cleared"),
        {"cleared_at": AT},
        "firing",
    ),
    (
        "cleared and back before the planner came by",
        history("issued", "cleared", "resumed"),
        {},
        "firing",
    ),
]


@pytest.mark.parametrize(("past", "given", "purpose"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_the_first_notice(past: list[Notice], given: dict[str, Any], purpose: str | None) -> None:
    assert tell(past[0], past, **(FRESH | given)).purpose == purpose


LATER: list[tuple[str, str, dict[str, Any], str | None, bool]] = [
    ("an upgrade is news", "upgraded", KNOWN, "firing", False),
    ("an upgrade of a card that only the digest had is news", "upgraded", DIGESTED, "firing", False),
    ("an upgrade long past, of a card nobody knows: digest", "upgraded", {"age_ok": False}, "digest", False),
    ("an upgrade long past, of a card that people hold", "upgraded", KNOWN | {"age_ok": False}, "firing", False),
    ("back again is news", "resumed", DIGESTED, "firing", False),
    ("a lower level is told to those who hold it", "lowered", KNOWN, "firing", False),
    ("a correction of a card in the digest goes there", "corrected", DIGESTED, "digest", True),
    ("a correction of a card nobody heard of", "corrected", {}, None, True),
    ("cleared: to those who hold it", "cleared", KNOWN, "resolved", True),
    ("closed: to those who hold it", "closed", KNOWN, "resolved", True),
    ("withdrawn: to those who hold it", "withdrawn", KNOWN, "resolved", True),
    ("withdrawn, and only the digest had it", "withdrawn", DIGESTED, "digest", True),
    ("cleared, and only the digest had it", "cleared", DIGESTED, None, False),
    ("closed after it was resolved", "closed", DIGESTED, None, False),
    ("cleared, and nobody was told", "cleared", {}, None, False),
    ("an acknowledgement is told to nobody", "acknowledged", KNOWN, None, False),
    ("an answer is told to nobody", "answered", KNOWN, None, False),
]


OVER = {"cleared_at": AT}
LEVELS: list[tuple[str, list[Notice], dict[str, Any], tuple[str | None, str | None]]] = [
    ("a level reached and over at once: resolved for who holds the card, digest for others",
     history("issued", "upgraded"), KNOWN | OVER, ("resolved", "digest")),
    ("a level reached and over at once, and nobody holds the card", history("issued", "upgraded"), DIGESTED | OVER,
     ("digest", None)),
    ("a level lowered and over at once", history("issued", "lowered"), KNOWN | OVER, ("resolved", None)),
    ("raised, and over by a later judgement", history("issued", "upgraded", "cleared"), KNOWN | OVER, ("firing", None)),
    ("raised and cleared by one judgement", history("issued", "upgraded", "cleared", same=True), KNOWN | OVER,
     ("resolved", "digest")),
    ("raised, and raised once more to a level that was over", history("issued", "upgraded", "upgraded"), KNOWN | OVER,
     ("firing", None)),
    ("raised and not over", history("issued", "upgraded"), KNOWN, ("firing", None)),
]  # fmt: skip


@pytest.mark.parametrize(("past", "given", "expected"), [s[1:] for s in LEVELS], ids=[s[0] for s in LEVELS])
def test_a_level_that_was_over_when_judged(
    past: list[Notice], given: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    found = tell(past[1], past, **(FRESH | given))
    assert (found.purpose, found.others) == expected


@pytest.mark.parametrize(("event", "given", "purpose", "told_only"), [s[1:] for s in LATER], ids=[s[0] for s in LATER])
def test_a_later_notice(event: str, given: dict[str, Any], purpose: str | None, told_only: bool) -> None:
    past = history("issued", event)
    found = tell(past[1], past, **(FRESH | given))
    assert found.purpose == purpose
    if purpose is not None:
        assert found.told_only == told_only
