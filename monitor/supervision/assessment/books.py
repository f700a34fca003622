"""Rule books (考评细则) of halls: which is in force in a month, putting another in force, holding one against a hall.

A book holds from a month on, until another does. Months that are signed off keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, refusal
from monitor.assessment.book import RuleBook, read_book
from monitor.assessment.check import POLICY_KEYS, Hall, check
from monitor.assessment.scores import kind_of
from monitor.attendance.policy import SlotPreset
from monitor.model import CASE_EVENT_NAMES, CHANNELS, Registry
from monitor.settings import Policy, config_dir
from monitor.store import audit, ledgers, rulebooks
from monitor.store.wanted import want
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused

MOST_TEXT: Final = 512 * 1024
"""Characters of a book; Tianyang's has 40,000."""
parsed = lru_cache(maxsize=64)(read_book)
"""A book from its text, once a process. Raises BadBook."""


# --------------------------------------------------------------------------- shipped


def shipped() -> tuple[str, ...]:
    """Names of the books that come with the program (config/assessment)."""
    return tuple(sorted(path.stem for path in (config_dir() / "assessment").glob("*.toml")))


def shipped_text(name: str) -> str:
    """The text of a shipped book. Raises Refused naming those that there are."""
    if name not in shipped():
        raise Refused(
            f"没有随附的细则 {name[:40]!r} no such shipped rule book; one of {', '.join(shipped())}",
            field="book", sort="missing",
        )  # fmt: skip
    return (config_dir() / "assessment" / f"{name}.toml").read_text(encoding="utf-8")


# --------------------------------------------------------------------------- in force


def book_of(conn: Connection, hall: str, month: str) -> RuleBook | None:
    """The hall's book in the month (2026-03); None where none was put in force by then. Raises BadBook."""
    row = rulebooks.in_force(conn, hall, month)
    return parsed(row.body) if row is not None else None


def book_of_version(conn: Connection, hall: str, version: str) -> RuleBook | None:
    """A book that the hall had, by its version. Raises BadBook."""
    text = rulebooks.of_version(conn, hall, version)
    return parsed(text) if text is not None else None


def text_of(conn: Connection, hall: str, month: str) -> str | None:
    """The text of the book in force, as it was given."""
    row = rulebooks.in_force(conn, hall, month)
    return str(row.body) if row is not None else None


def history(conn: Connection, hall: str | None = None) -> list[Row[Any]]:
    """Every change, the newest first: `id`, `hall`, `first_month`, `name`, `version`, `changed_by`, `changed_at`,
    `reason` (None where it is not kept any more).
    """
    return rulebooks.listed(conn, hall)


def use_book(
    conn: Connection, registry: Registry, hall: str, text: str, first_month: str, *, actor: str | Principal,
    reason: str, now: datetime,
) -> RuleBook:  # fmt: skip
    """Put a book in force at a hall from a month on; the caller commits.

    Raises BadBook, and Refused: role or reach, no such hall, a month that is signed off (or one after it is), faults of
    the book itself, nothing that differs. What differs from the hall's policy is told by the checker and not refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "scores:book", Target(hall=hall))
    if no is not None:
        raise Refused.because(no)
    if hall not in registry.halls:
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")
    _require_month(first_month)
    require_words(reason)
    if len(text) > MOST_TEXT:
        raise Refused(f"{len(text)} 字，超过 characters are more than {MOST_TEXT}", field="book")
    book = parsed(text)
    faults = [found for found in check(book) if found.fault]
    if faults:
        raise Refused("; ".join(f"{f.where}: {f.zh} {f.en}" for f in faults), field="book")
    ledgers.hold(conn, hall)
    closed = sorted(month for month in ledgers.closed_months(conn, hall) if month >= first_month)
    if closed:
        raise Refused(
            f"{closed[-1]} 已结账，细则只能自其后的月份起更改 {closed[-1]} is signed off: the book can change from a"
            " later month on",
            field="from", sort="state",
        )  # fmt: skip
    before = rulebooks.in_force(conn, hall, first_month)
    if before is not None and before.version == book.version:
        raise Refused(f"{first_month} 现行的就是 {book.version} is in force then already", field="book", sort="state")
    number = rulebooks.add(
        conn, hall=hall, first_month=first_month, name=book.name, version=book.version, body=text, changed_by=who.id,
        changed_at=now,
    )  # fmt: skip
    body = {
        "hall": hall, "from": first_month, "version": book.version, "role": who.role,
        "before": before.version if before is not None else None,
    }  # fmt: skip
    audit.record(conn, now, who.id, "book.used", rulebooks.KIND, str(number), body, private={"why": reason})
    want(conn, hall)
    return book


def _require_month(month: str) -> None:
    try:
        fits = kind_of(month) == "month"
    except ValueError:
        fits = False
    if not fits:
        raise Refused(f"{month[:20]!r} 应为 YYYY-MM is written YYYY-MM", field="from")


# --------------------------------------------------------------------------- against the hall


def hall_of(registry: Registry, presets: Mapping[str, SlotPreset], policy: Policy, hall: str) -> Hall:
    """What a hall has, for the checker: values of its policy in force, slots of its day, what its devices send."""
    known = registry.halls[hall]
    preset = presets.get(known.attendance)
    own = policy.model_copy(
        update={
            "timeliness": policy.timeliness.of(hall, None),
            "checkin": policy.checkin.of(preset.own) if preset is not None else policy.checkin,
        }
    )
    slots = [row for row in preset.slots if row.is_for(())] if preset is not None else []
    return Hall(
        policy={known.key: _value(own, known.key) for known in POLICY_KEYS.values()},
        checks=len({row.name for row in slots}),
        sign_outs=len({row.name for row in slots if row.direction == "out"}),
        sends=_sends(registry, hall),
    )


def _value(policy: Policy, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(policy, section), name)


def _sends(registry: Registry, hall: str) -> frozenset[str]:
    """Channels and case events that some device of the hall sends."""
    devices = [device for device in registry.devices.values() if device.hall == hall]
    channels = {c for c in CHANNELS for device in devices if device.allows(c) and device.reports(c)}
    cases = [device for device in devices if device.allows("case")]
    events = {name for name in CASE_EVENT_NAMES for device in cases if device.reports_case(name)}
    return frozenset(channels | events | ({"case"} if events else set()))
