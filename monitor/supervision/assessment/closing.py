"""Signing a period of assessment off (考评结账): a command of people. docs/adr/0049.

Reading takes seconds and holds no lock; what was read is written in one transaction that checks nobody wrote into the
hall's ledgers since. Closed is closed: what becomes known later is an entry of an open month that names the closed one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from monitor import failpoints
from monitor.access import Principal, Target, refusal
from monitor.assessment.kept import packed
from monitor.assessment.model import Ledger, Proposal
from monitor.assessment.results import Chosen
from monitor.assessment.scores import kind_of, months_of
from monitor.assessment.snapshot import Note, Sheet, Snapshot, Words
from monitor.assessment.spans import before, over
from monitor.settings import Policy
from monitor.store import audit, closedperiods, cycle, ledgers
from monitor.store.closedperiods import Result
from monitor.store.facts.look import Look
from monitor.store.wanted import want
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.gathered import Gathered, end_of, gather
from monitor.supervision.assessment.preview import snapshot_of, to_choose
from monitor.supervision.assessment.run import Work, work_out
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused

SHOWN: Final = 5
"""So many open proposals are named in a refusal; the preview lists all."""
SALT_BYTES: Final = 16
ACCEPTABLE: Final = ("proposals", "reviews")
"""Hindrances that whoever signs may accept: what is decided later is booked in the month that is open then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindrance:
    """What stands in the way of closing: `closed`, `not_over`, `earlier_open`, `months_open`, `behind`, `proposals`,
    `reviews`. The last two are the person's to accept (ACCEPTABLE).
    """

    code: str
    text: str
    periods: tuple[str, ...] = ()
    """To be signed off first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What closing would keep, and of which version of the ledgers it was made."""

    snapshot: Snapshot
    seen: int
    hindrances: tuple[Hindrance, ...]


def may_close(actor: str | Principal, hall: str) -> Principal:
    """Who signs off. Raises Refused where role or reach do not allow it."""
    return _may(actor, "scores:close", hall)


def may_preview(actor: str | Principal, hall: str) -> Principal:
    """Who sees a whole hall's assessment: whoever reads it, and reaches the hall. Raises Refused."""
    return _may(actor, "scores:read", hall)


def sees(who: Principal, hall: str) -> bool:
    """Whether there is an assessment of the whole hall for them."""
    return refusal(who, "scores:read", Target(hall=hall)) is None


def _may(actor: str | Principal, action: str, hall: str) -> Principal:
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, action, Target(hall=hall))
    if no is not None:
        raise Refused.because(no)
    return who


def draft(
    look: Look, hall: str, period: str, policy: Policy, *, who: Principal, accept_open: bool = False,
    chosen: Iterable[Chosen] = (),
) -> Draft:  # fmt: skip
    """The period as `who` would sign it, a preview until `close` keeps it, and what stands in the way. Reads only.

    `accept_open`: close although proposals are open; they are listed and stay open, and what is confirmed of them later
    is booked in the month that is open then. `chosen`: what the person decides of ties and nominees.
    Raises Refused: what `gather` refuses, a choice that is none.
    """
    work = missing_work(look, hall, period, policy)
    found = gather(look, hall, period, policy, {one.month: one.scoring for one in work.months} if work else None)
    picked = tuple(chosen)
    made = snapshot_of(look, found, policy, by=who.id, chosen=picked)
    if picked:
        _require_choices(made, to_choose(look, found, made), picked)
    stands = tuple(h for h in hindrances(look, found, work) if not (accept_open and h.code in ACCEPTABLE))
    if accept_open:
        reviews = _reviews_open(look, hall, period)
        made = replace(made, notes=(*made.notes, *_accepted(found.open), *_accepted_reviews(len(reviews))))
    return Draft(snapshot=made, seen=found.seen, hindrances=stands)


def close(conn: Connection, made: Draft, *, who: Principal, reason: str) -> str:
    """Keep the period as `who` has drafted it; the caller commits. Gives the digest of what is signed.

    1. Take the hall's ledgers, where nobody wrote into them since the draft was made.
    2. Snapshot, digests, results of everybody; the audit row, the person's words a private field of it.
    3. What follows in the open month (E23) is wanted of the ledgers.
    Raises Refused for anything that stands in the way, and where somebody was faster.
    """
    snapshot = replace(made.snapshot, version=1, state="closed")
    hall, period = snapshot.hall, snapshot.period
    may_close(who, hall)
    require_words(reason)
    if snapshot.made_by != who.id:
        raise ValueError(f"drafted by {snapshot.made_by}, not by {who.id}")
    if made.hindrances:
        raise Refused("; ".join(one.text for one in made.hindrances), sort="state")
    if closedperiods.find(conn, hall, period) is not None or not ledgers.swap(conn, hall, made.seen):
        raise _outrun(hall, period)
    body, digest = packed(snapshot, lambda: secrets.token_hex(SALT_BYTES))
    values = {
        "hall": hall, "period": period, "version": snapshot.version, "book": snapshot.book.version, "digest": digest,
        "inputs": snapshot.inputs, "closed_at": snapshot.made_at, "closed_by": who.id, "role": who.role,
    }  # fmt: skip
    failpoints.hit("scores.before_closing")
    try:
        closedperiods.add(conn, values, body, _results(snapshot))
    except IntegrityError as error:
        raise _outrun(hall, period) from error
    told = {
        "version": snapshot.version, "digest": digest, "inputs": snapshot.inputs, "book": snapshot.book.version,
        "role": who.role, "open": len(snapshot.proposals), "unknown": len(snapshot.unknown),
        "decided": [[one.what, one.ledger, one.whom] for one in snapshot.decided],
    }  # fmt: skip
    audit.record(
        conn, snapshot.made_at, who.id, "scores.closed", "period", f"{hall}/{period}", told,
        private={"why": reason},
    )  # fmt: skip
    want(conn, hall)
    failpoints.hit("scores.before_commit")
    return digest


# --------------------------------------------------------------------------- what stands in the way


def hindrances(look: Look, found: Gathered, work: Work | None) -> Iterator[Hindrance]:
    """`work`: what the ledger lacks of a month's facts; None: not a month, or it was closed.

    A review that nobody has decided (G15-G16) holds the period back as an open proposal does: nothing is signed on what
    is contested but knowingly.
    """
    hall, period = found.hall, found.period
    if closedperiods.find(look.conn, hall, period) is not None:
        yield Hindrance(
            code="closed",
            text=f"{period} 已结账，此后的变化记入未结账的月份"
            " it is signed off: later changes are entries of an open month",
        )
        return
    if end_of(found.calendar, period) > look.now:
        yield Hindrance(code="not_over", text=f"{period} 尚未结束 the period is not over")
    open_ = _open_before(look, hall, period)
    if open_:
        named = "、".join(open_)
        yield Hindrance(
            code="earlier_open", text=f"须先结账 these are to be signed off first: {named}", periods=tuple(open_)
        )
    if work is not None and work.changes:
        yield Hindrance(
            code="behind",
            text=f"{period} 的台账与事实不符，请先运行 the ledger is behind the facts, run first:"
            f" jiancha assess run --hall {hall}",
        )
    if found.open:
        named = "；".join(_shown(one) for one in found.open[:SHOWN])
        more = f"……共 {len(found.open)} 项 in all" if len(found.open) > SHOWN else ""
        yield Hindrance(
            code="proposals",
            text=f"有未查实的建议 proposals are open: {named}{more}；仍要结账请加 to close all the same: --accept-open",
        )
    reviews = _reviews_open(look, hall, period)
    if reviews:
        named = "、".join(f"#{row.id}" for row in reviews[:SHOWN])
        more = f"……共 {len(reviews)} 件 in all" if len(reviews) > SHOWN else ""
        yield Hindrance(
            code="reviews",
            text=f"有未决的复核申请 reviews are not decided: {named}{more}；"
            "仍要结账请加 to close all the same: --accept-open",
        )


def _reviews_open(look: Look, hall: str, period: str) -> Sequence[Row[Any]]:
    """Of entries booked in it, of what its months came to, and of what it was made of (a year's quarters)."""
    parts = {period, *months_of(period)}
    if len(months_of(period)) > len(months_of("2000-Q1")):
        parts |= set(over(period, "quarter"))
    return cycle.reviews_open(look.conn, hall, parts)


def _open_before(look: Look, hall: str, period: str) -> list[str]:
    """What has to be signed off before: the months and quarters within it, and the one before of its kind; only such in
    whose last month the hall had a rule book.
    """
    wanted = [previous] if (previous := before(period)) else []
    months = months_of(period)
    if len(months) > 1:
        wanted += months
    if len(months) > len(months_of("2000-Q1")):
        wanted += over(period, "quarter")
    closed = closedperiods.closed_of(look.conn, hall, wanted)
    return [one for one in wanted if one not in closed and book_of(look.conn, hall, months_of(one)[-1]) is not None]


def missing_work(look: Look, hall: str, period: str, policy: Policy) -> Work | None:
    """What a month's ledger lacks."""
    try:
        is_month = kind_of(period) == "month"
    except ValueError:  # `gather` refuses it in words
        return None
    if not is_month or closedperiods.find(look.conn, hall, period) is not None:
        return None
    return work_out(look, policy, hall, [period])


def _shown(one: Proposal) -> str:
    return f"#{one.number} {one.date} {one.key.whom} {one.key.row} {one.points}"


def _accepted(open_: Sequence[Proposal]) -> Iterator[Note]:
    if open_:
        yield Note(
            code="accepted_open",
            text=Words(
                f"结账时尚有 {len(open_)} 项建议未查实，不计分；日后查实的记入当时未结账的月份",
                f"{len(open_)} proposals were open when this was signed and cost nothing; what is confirmed later is an"
                " entry of the month that is open then",
            ),
        )


def _accepted_reviews(waiting: int) -> Iterator[Note]:
    if waiting:
        yield Note(
            code="accepted_reviews",
            text=Words(
                f"结账时尚有 {waiting} 件复核申请未决；复核认定有误的，在当时未结账的月份冲销",
                f"{waiting} reviews were not decided when this was signed; what they find wrong is taken back in the"
                " month that is open then",
            ),
        )


def _require_choices(made: Snapshot, possible: frozenset[Chosen], chosen: Iterable[Chosen]) -> None:
    """Each choice is one among equals or among nominees, and settles it: one that decides nothing is none."""
    for one in chosen:
        if one not in possible:
            raise Refused(
                f"{one.what}:{one.ledger}:{one.whom} 无须人选定，选了也不改变结果"
                " is not left to a person: choosing it decides nothing",
                field="choose",
            )  # fmt: skip
        sheet = next((s for s in made.sheets(one.ledger) if s.id == one.whom), None)
        if sheet is None or getattr(sheet, one.what) != "yes":
            raise Refused(
                f"{one.what}:{one.ledger}:{one.whom} 不在可选之列，或多于空缺"
                " is not among those to choose from, or more than there are seats",
                field="choose",
            )  # fmt: skip


def _results(snapshot: Snapshot) -> Iterator[Result]:
    sides: tuple[tuple[Ledger, tuple[Sheet, ...]], ...] = (("staff", snapshot.people), ("window", snapshot.windows))
    for ledger, sheets in sides:
        for sheet in sheets:
            yield Result(
                period=snapshot.period, ledger=ledger, whom=sheet.id, points=sheet.points, grade=sheet.grade,
                place=sheet.place, bottom=sheet.bottom == "yes", awarded=sheet.award == "yes", window=sheet.window,
                effects=sheet.effects,
            )  # fmt: skip


def _outrun(hall: str, period: str) -> Refused:
    return Refused(
        f"{hall} {period}: 其间台账有变或已有他人结账，请重试"
        " the ledgers changed meanwhile, or somebody else has signed: try again",
        sort="state",
    )
