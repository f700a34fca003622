"""PINs (签到密码), the way beside the face: setting, clearing, and looking whether one is right (DESIGN §1F).

Argon2, as passwords. A try is counted before it is looked at and taken back when it was right: tries side by side, or a
program that dies between, win no guess.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from monitor.access import Principal, Target, refusal
from monitor.model import Reason, Registry
from monitor.store import audit, pins
from monitor.store.engine import Store
from monitor.supervision.commands import local, require_known
from monitor.supervision.lockout import FREE, wait_after
from monitor.supervision.passwords import digest_of, fits
from monitor.supervision.refused import Refused

LEAST: Final = 6
MOST: Final = 12
RISING: Final = "01234567890123456789"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """`left`: wrong ones until it locks; `until`: when the next one is looked at."""

    result: Literal["right", "wrong", "locked"]
    left: int = 0
    until: datetime | None = None


def fault(pin: str, staff: str) -> Reason | None:
    """Why this will not do as a PIN; None where it will. Pure."""
    if not re.fullmatch(r"[0-9]+", pin):
        return Reason(code="pin.digits")
    if not LEAST <= len(pin) <= MOST:
        return Reason(code="pin.length", figures={"least": LEAST, "most": MOST})
    run = pin in RISING or pin[::-1] in RISING
    repeated = any(len(pin) % n == 0 and pin == pin[:n] * (len(pin) // n) for n in (1, 2, 3))
    number = "".join(re.findall(r"[0-9]", staff))
    if run or repeated or (number and pin.lstrip("0") == number.lstrip("0")):
        return Reason(code="pin.trivial")
    return None


# --------------------------------------------------------------------------- setting


def sealed_pin(pin: str, staff: str) -> str:
    """The digest of a PIN that will do. Slow by design: not inside a transaction. Raises Refused."""
    wrong = fault(pin, staff)
    if wrong is not None:
        raise Refused.because(wrong)
    return digest_of(pin)


def set_pin(
    conn: Connection, registry: Registry, staff: str, digest: str, *, actor: str | Principal, now: datetime
) -> None:
    """Keep the digest of a PIN (`sealed_pin`); whoever was locked out is let in again. Raises Refused."""
    who = _may(actor, registry, staff)
    require_known(registry, staff=staff)
    pins.save(conn, staff, digest, now, who.id)
    audit.record(conn, now, who.id, "pin.set", "staff", staff, {})


def make_pin(staff: str) -> str:
    """A random one."""
    while True:
        pin = f"{secrets.randbelow(10**LEAST):0{LEAST}d}"
        if fault(pin, staff) is None:
            return pin


def clear_pin(conn: Connection, registry: Registry, staff: str, *, actor: str | Principal, now: datetime) -> None:
    """Take the PIN away, with the count of wrong ones. Raises Refused."""
    who = _may(actor, registry, staff)
    if not pins.erase(conn, staff):
        raise Refused(
            f"{staff}: 未设密码 has no PIN; `jiancha pin list` 列出 lists them", field="staff", sort="missing"
        )
    audit.record(conn, now, who.id, "pin.cleared", "staff", staff, {})


def list_pins(conn: Connection, registry: Registry, *, actor: str | Principal, now: datetime) -> list[dict[str, Any]]:
    """[{"staff","set_at","set_by","failures","locked_until"}] of those within reach; never a digest."""
    who = _may(actor)
    return [
        {
            "staff": row.staff, "set_at": row.set_at.isoformat(), "set_by": row.set_by, "failures": row.failures,
            "locked_until": row.locked_until.isoformat() if row.locked_until and row.locked_until > now else None,
        }
        for row in pins.all_of_them(conn)
        if refusal(who, "pins:write", _target(registry, row.staff)) is None
    ]  # fmt: skip


# --------------------------------------------------------------------------- trying


Note = Callable[[Connection, Tried], None]


def try_pin(store: Store, staff: str, pin: str, now: datetime, note: Note | None = None) -> Tried:
    """Whether it is the person's; the same work whether they have one or not, in transactions of its own.

    1. Count the try as a wrong one, and lock where that is one too many; while it is locked nothing is looked at.
    2. Look at it outside of any transaction, for that takes a tenth of a second.
    3. A right one takes the count back; `note` records what came of it.
    """
    digest, counted = store.step(lambda conn: _count(conn, staff, now))
    is_right = digest is not None and fits(pin, digest if digest != pins.NONE else None)
    tried = Tried(result="right") if is_right else counted

    def end(conn: Connection) -> None:
        if tried.result == "right":
            pins.count(conn, staff, 0, None)
        if note is not None:
            note(conn, tried)

    store.step(end)
    return tried


def _count(conn: Connection, staff: str, now: datetime) -> tuple[str | None, Tried]:
    """The digest to be looked at (None: locked), and what stands where the try is wrong."""
    row = pins.locked(conn, staff, now)
    if row.locked_until is not None and row.locked_until > now:
        return None, Tried(result="locked", until=row.locked_until)
    failures = row.failures + 1
    lock = wait_after(failures)
    until = now + lock if lock is not None else None
    pins.count(conn, staff, failures, until)
    if until is not None:
        return row.digest, Tried(result="locked", until=until)
    return row.digest, Tried(result="wrong", left=FREE - failures)


def _may(actor: str | Principal, registry: Registry | None = None, staff: str | None = None) -> Principal:
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "pins:write", _target(registry, staff) if registry is not None and staff else None)
    if no is not None:
        raise Refused.because(no)
    return who


def _target(registry: Registry, staff: str) -> Target:
    return Target(hall=registry.hall_of_staff(staff), staff=staff)
