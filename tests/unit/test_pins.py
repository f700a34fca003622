"""PINs: which will not do, how long wrong ones lock. Numbers and texts alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.supervision.lockout import wait_after
from monitor.supervision.pins import LEAST, fault, make_pin

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("says", "pin", "staff", "code"),
    [
        ("six digits of no pattern", "274951", "s-001", None),
        ("twelve", "274951386204", "s-001", None),
        ("five", "27495", "s-001", "pin.length"),
        ("thirteen", "2749513862041", "s-001", "pin.length"),
        ("letters", "27495a", "s-001", "pin.digits"),
        ("none at all", "", "s-001", "pin.digits"),
        ("digits of another script", "٢٧٤٩٥١", "s-001", "pin.digits"),
        ("one digit again and again", "000000", "s-001", "pin.trivial"),
        ("two again and again", "121212", "s-001", "pin.trivial"),
        ("three twice", "123123", "s-001", "pin.trivial"),
        ("a run", "123456", "s-001", "pin.trivial"),
        ("a run over nine", "789012", "s-001", "pin.trivial"),
        ("a run down", "654321", "s-001", "pin.trivial"),
        ("the staff number", "482913", "482913", "pin.trivial"),
        ("its digits", "482913", "s-482913", "pin.trivial"),
        ("its digits with zeros before", "004829", "s-4829", "pin.trivial"),
    ],
)
def test_what_will_do(says: str, pin: str, staff: str, code: str | None) -> None:
    found = fault(pin, staff)
    assert (found.code if found else None) == code


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, None), (4, None), (5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (10, 32), (11, 60), (12, 60), (10_000, 60)],
)
def test_wrong_ones_lock_longer_each_time_and_an_hour_at_most(failures: int, minutes: int | None) -> None:
    assert wait_after(failures) == (minutes * MINUTE if minutes else None)


def test_what_is_made_will_do_and_differs() -> None:
    made = {make_pin("s-001") for _ in range(50)}
    assert len(made) > 40
    assert all(len(pin) == LEAST and fault(pin, "s-001") is None for pin in made)
