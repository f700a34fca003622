"""A period as somebody would sign it (结账草稿), made in the background and kept until it is signed or expires.

What was shown is what is signed: a draft has the digest of all that it shows, and signing it works the period out anew
and refuses where that digest is another by then. Callers commit.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row

from monitor.access import Principal
from monitor.assessment.snapshot import Snapshot, to_json
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store import closedperiods, ledgers, sheetjobs
from monitor.store.facts.look import Look
from monitor.supervision.assessment import closing
from monitor.supervision.assessment.gathered import require_kind
from monitor.supervision.assessment.signed import chosen_of
from monitor.supervision.commands import require_words
from monitor.supervision.refused import Refused

WORKS: Final[tuple[sheetjobs.Work, ...]] = ("draft", "closing")
MOST_CHOSEN: Final = 200
NO_TIME: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A draft as it is kept. `shown`: the digest of what it shows; `seen`: the version of the hall's ledgers then."""

    snapshot: Snapshot
    seen: int
    shown: str
    hindrances: tuple[closing.Hindrance, ...]
    chosen: tuple[str, ...]
    accept_open: bool


def require_period_of(registry: Registry, who: Principal, hall: str, period: str) -> None:
    """Refuse a name that is none, and alike a hall that there is not and one that is beyond reach."""
    if hall not in registry.halls or not closing.sees(who, hall):
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")
    require_kind(period)


def ask(
    conn: Connection, registry: Registry, who: Principal, hall: str, period: str, *, chosen: Iterable[str] = (),
    accept_open: bool = False, days: int, now: datetime,
) -> int:  # fmt: skip
    """Have a draft made; gives its number. It takes the place of the user's earlier one. Raises Refused.

    `now` is real time. Nothing stands in the audit: nothing is changed, and what a draft shows its user may read.
    """
    require_period_of(registry, who, hall, period)
    if closedperiods.find(conn, hall, period) is not None:
        raise Refused(f"{period}: 已结账 it is signed off", sort="state")
    picked = sorted({one for one in chosen if one})
    if len(picked) > MOST_CHOSEN:
        raise Refused(f"至多选 {MOST_CHOSEN} 项 at most so many choices", field="choose")
    for one in picked:
        chosen_of(one)
    before = sheetjobs.newest(conn, WORKS, who.id, hall, period)
    if before is not None and before.work == "closing" and before.state in sheetjobs.OPEN:
        raise Refused(f"{period}: 正在结账 it is being signed", sort="state")
    while before is not None:
        sheetjobs.drop(conn, int(before.id))
        before = sheetjobs.newest(conn, WORKS, who.id, hall, period)
    asked = {"chosen": picked, "accept_open": accept_open}
    return _add(conn, who, "draft", hall, period, asked, None, days, now)


def ask_to_sign(
    conn: Connection, registry: Registry, who: Principal, hall: str, period: str, *, shown: str, reason: str, days: int,
    now: datetime,
) -> int:  # fmt: skip
    """Have the draft signed that shows `shown`; the number of what is being done. Raises Refused: role and reach,
    another draft than that, one with something in its way, one that the ledgers have left behind.
    """
    require_period_of(registry, who, hall, period)
    closing.may_close(who, hall)
    require_words(reason)
    row = sheetjobs.newest(conn, WORKS, who.id, hall, period)
    if row is not None and row.work == "closing" and row.state in sheetjobs.OPEN:
        raise Refused(f"{period}: 正在结账 it is being signed", sort="state")
    kept = read(conn, row) if row is not None and row.work == "draft" else None
    if kept is None or kept.shown != shown or kept.seen != ledgers.version(conn, hall):
        raise _changed(period)
    if kept.hindrances:
        raise Refused("; ".join(one.text for one in kept.hindrances), sort="state")
    asked = {"chosen": list(kept.chosen), "accept_open": kept.accept_open, "shown": shown}
    return _add(conn, who, "closing", hall, period, asked, reason.strip(), days, now)


def _add(
    conn: Connection, who: Principal, work: sheetjobs.Work, hall: str, period: str, asked: Mapping[str, Any],
    words: str | None, days: int, now: datetime,
) -> int:  # fmt: skip
    values = {
        "work": work, "hall": hall, "month": period, "format": "", "asked": dict(asked), "words": words,
        "asked_by": who.id, "asked_at": now, "expires": now + timedelta(days=days),
    }  # fmt: skip
    return sheetjobs.add(conn, values)


def newest(conn: Connection, who: Principal, hall: str, period: str) -> Row[Any] | None:
    """What somebody last asked for of the period: a draft, or to have it signed."""
    return sheetjobs.newest(conn, WORKS, who.id, hall, period)


def read(conn: Connection, row: Row[Any]) -> Kept | None:
    """The draft that was made; None where it is not ready."""
    body = sheetjobs.body(conn, int(row.id)) if row.work == "draft" else None
    return msgspec.json.decode(zlib.decompress(body), type=Kept) if body is not None else None


# --------------------------------------------------------------------------- in the background


def make(look: Look, policy: Policy, who: Principal, hall: str, period: str, asked: Mapping[str, Any]) -> bytes:
    """The draft that was asked for, as it is kept. Reads only. Raises Refused."""
    closing.may_preview(who, hall)
    made = _drafted(look, policy, who, hall, period, asked)
    kept = Kept(
        snapshot=made.snapshot, seen=made.seen, shown=shown(made.snapshot), hindrances=made.hindrances,
        chosen=tuple(asked.get("chosen", ())), accept_open=bool(asked.get("accept_open")),
    )  # fmt: skip
    return zlib.compress(msgspec.json.encode(kept, order="sorted"), 6)


def to_sign(
    look: Look, policy: Policy, who: Principal, hall: str, period: str, asked: Mapping[str, Any]
) -> closing.Draft:
    """The period worked out anew, for `closing.close`. Raises Refused where it is not what was shown."""
    closing.may_close(who, hall)
    made = _drafted(look, policy, who, hall, period, asked)
    if shown(made.snapshot) != asked["shown"]:
        raise _changed(period)
    return made


def _drafted(
    look: Look, policy: Policy, who: Principal, hall: str, period: str, asked: Mapping[str, Any]
) -> closing.Draft:
    return closing.draft(
        look, hall, period, policy, who=who, accept_open=bool(asked.get("accept_open")),
        chosen=[chosen_of(one) for one in asked.get("chosen", ())],
    )  # fmt: skip


def shown(snapshot: Snapshot) -> str:
    """SHA-256 of all that a draft shows, but for when and by whom it was made, and how many cases the judge had still
    to come to, which changes no figure.
    """
    statistics = {name: told for name, told in snapshot.statistics.items() if name != "fresh"}
    names = {**snapshot.names, "user": {}}
    told = replace(snapshot, made_at=NO_TIME, made_by="", names=names, statistics=statistics)
    return hashlib.sha256(to_json(told)).hexdigest()


def _changed(period: str) -> Refused:
    return Refused(
        f"{period}: 所示之后已有变化，没有结账，请重新预览"
        " it is not as it was shown, nothing was signed: work it out anew",
        sort="state",
    )
