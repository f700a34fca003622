"""What people decide of proposals (查实): confirm or reject, one by one or several, and take back after a review.

What is confirmed is posted in the same transaction, once. Whoever found a thing does not confirm it, nor whoever it
charges (经查实).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from monitor import failpoints
from monitor.access import Principal, Target, covers, refusal
from monitor.assessment.ledger import Changes, Standing, event_of, reconcile
from monitor.assessment.model import Claim, Entry, Proposal
from monitor.model import Registry
from monitor.store import audit, ledgers
from monitor.store.engine import Store
from monitor.store.wanted import want
from monitor.supervision.assessment.months import month_now, open_month
from monitor.supervision.bulk import Done, one_by_one
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused

Verdict = Literal["confirmed", "rejected"]
Hindrance = Literal["role", "settled", "proposer", "charged", "confirmer", "no_evidence"]
CONFIRM: Final = "scores:confirm"
REVIEW: Final = "scores:review"
_NEWEST: Final = 2**62
"""The number of a proposal that is not written: behind all others."""

_TEXTS: Final[Mapping[Hindrance, str]] = {
    "settled": "已处理 is settled already",
    "proposer": "须由提出人以外的人查实 somebody else than whoever proposed it confirms (经查实)",
    "charged": "不得查实与本人有关的事项 nobody decides what concerns themselves",
    "confirmer": "须由查实人以外的人复核 somebody else than whoever confirmed it reviews it",
    "no_evidence": (
        "缺少细则要求的依据，不能查实；请先补充依据 the evidence that the rule book demands is not there: add it first"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """A proposal as it then stands, and the entries that were posted for it."""

    proposal: Proposal
    entries: tuple[Entry, ...]


def decide(
    conn: Connection, registry: Registry, number: int, verdict: Verdict, *, actor: str | Principal, why: str,
    now: datetime,
) -> Decided:  # fmt: skip
    """Confirm or reject a proposal; the caller commits.

    1. Refuse a proposal that there is not or that is beyond reach (the same words), one that was decided, whoever
       proposed it or is charged by it, and to confirm what lacks the evidence that the rule book demands.
    2. Write the decision; post what may stand by it, or take back what may not, as a run would.
    3. An audit row; the words are a private field of it.
    Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    require_words(why)
    hall, proposal, book = _held(conn, number, who)
    why_not = hindrance(who, hall, proposal, verdict)
    if why_not is not None:
        raise _refused(who, CONFIRM, place_of(hall, proposal), number, why_not, proposal.state)
    ledgers.decide_proposal(conn, number, verdict, who.id, now)
    proposal = replace(proposal, state=verdict, decided_by=who.id)
    posted = _settle(conn, registry, hall, proposal, book, who.id, now)
    _record(conn, who, f"score.{verdict}", number, proposal, posted, why, now)
    failpoints.hit("decide.before_commit")
    return Decided(proposal=proposal, entries=posted)


def take_back(
    conn: Connection, registry: Registry, number: int, *, actor: str | Principal, why: str, now: datetime
) -> Decided:
    """Take an entry back for good, after a review (复核): it is countered, and no run posts it again unless its fact
    comes to more. `number`: of the entry. The caller commits. Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    require_words(why)
    held = ledgers.entry(conn, number)
    if held is None or not covers(who, place_of(*held)):
        raise _no_entry(number)
    hall, entry = held
    _require_review(who, hall, entry)
    ledgers.hold(conn, hall)
    _require_last(conn, hall, entry)
    proposal = _taken_back(entry, who)
    book = ledgers.book_of_entry(conn, number)
    decided = ledgers.add_decided(conn, hall, proposal, book=book, by=who.id, now=now)
    proposal = replace(proposal, number=decided)
    posted = _settle(conn, registry, hall, proposal, book, who.id, now)
    _record(conn, who, "score.taken_back", decided, proposal, posted, why, now)
    return Decided(proposal=proposal, entries=posted)


# --------------------------------------------------------------------------- before one does


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What a decision would come to now: the entries that it would post, or why it would be refused. `proposal`: None
    where there is none of this number within reach.
    """

    number: int
    proposal: Proposal | None = None
    hall: str = ""
    book: str = ""
    entries: tuple[Entry, ...] = ()
    refused: str = ""
    hindrance: Hindrance | None = None


def foresee(
    conn: Connection, registry: Registry, number: int, verdict: Verdict, *, actor: Principal, now: datetime
) -> Foreseen:
    """What `decide` would do, by itself; writes nothing, raises nothing."""
    found = ledgers.find_proposal(conn, number)
    if found is None or not covers(actor, place_of(found[0].hall, found[1])):
        return Foreseen(number=number, refused=_no_proposal(number).text)
    row, proposal = found
    told = Foreseen(number=number, proposal=proposal, hall=row.hall, book=row.book)
    no = hindrance(actor, row.hall, proposal, verdict)
    if no is not None:
        place = place_of(row.hall, proposal)
        return replace(told, refused=_refused(actor, CONFIRM, place, number, no, proposal.state).text, hindrance=no)
    decided = replace(proposal, state=verdict, decided_by=actor.id)
    return replace(told, entries=_follows(conn, registry, row.hall, decided, now).entries)


def foresee_take_back(
    conn: Connection, registry: Registry, number: int, *, actor: Principal, now: datetime
) -> tuple[Entry, ...]:
    """The entries that `take_back` would post; writes nothing. Raises Refused, as that does."""
    held = ledgers.entry(conn, number)
    if held is None or not covers(actor, place_of(*held)):
        raise _no_entry(number)
    hall, entry = held
    _require_review(actor, hall, entry)
    _require_last(conn, hall, entry)
    return _follows(conn, registry, hall, replace(_taken_back(entry, actor), number=_NEWEST), now).entries


def hindrance(who: Principal, hall: str, proposal: Proposal, verdict: Verdict) -> Hindrance | None:
    """Why they may not decide it so, None when they may: what `decide` refuses by."""
    if refusal(who, CONFIRM, place_of(hall, proposal)) is not None:
        return "role"
    if proposal.state != "open":
        return "settled"
    concerned = _concerned(who, proposal)
    if concerned is not None:
        return concerned
    return "no_evidence" if verdict == "confirmed" and proposal.why_open == "no_evidence" else None


def hindrance_of_review(who: Principal, hall: str, entry: Entry) -> Hindrance | None:
    """Why they may not take an entry back that stands: what `take_back` refuses by."""
    if refusal(who, REVIEW, place_of(hall, entry)) is not None:
        return "role"
    return _concerned(who, entry) or ("confirmer" if who.id == entry.confirmer else None)


# --------------------------------------------------------------------------- several


def decide_all(
    store: Store, registry: Registry, numbers: Sequence[int], verdict: Verdict, *, actor: str | Principal, why: str,
    now: datetime,
) -> Done:  # fmt: skip
    """Each in a transaction of its own. Raises Refused, as `bulk.one_by_one`."""

    def step(conn: Connection, number: int) -> None:
        decide(conn, registry, number, verdict, actor=actor, why=why, now=now)

    return one_by_one(store, numbers, step, why=why, none="未选择待查实事项 no proposal was chosen")


# --------------------------------------------------------------------------- inside


def _held(conn: Connection, number: int, who: Principal) -> tuple[str, Proposal, str]:
    """Hall, proposal and version of its book, the hall's ledgers held: whoever writes there next waits."""
    found = ledgers.find_proposal(conn, number)
    if found is None or not covers(who, place_of(found[0].hall, found[1])):
        raise _no_proposal(number)
    ledgers.hold(conn, found[0].hall)
    again = ledgers.lock_proposal(conn, number)
    assert again is not None, "proposals are never deleted"
    row, proposal = again
    return row.hall, proposal, row.book


def _no_proposal(number: int) -> Refused:
    return Refused(f"#{number}: 没有这个号的待查实事项 there is no proposal of this number", sort="missing")


def _no_entry(number: int) -> Refused:
    return Refused(f"#{number}: 没有这个号的分录 there is no entry of this number", sort="missing")


def place_of(hall: str, one: Proposal | Entry) -> Target:
    """Where what it is about lies."""
    return Target(hall=hall, unit=one.unit, window=one.window, staff=one.staff)


def _refused(who: Principal, action: str, place: Target, number: int, why: Hindrance, state: str = "") -> Refused:
    no = refusal(who, action, place)
    if no is not None:
        return Refused.because(no)
    told = f" ({state})" if why == "settled" else ""
    return Refused(f"#{number}: {_TEXTS[why]}{told}", sort="state" if why in ("settled", "no_evidence") else "role")


def _require_review(who: Principal, hall: str, entry: Entry) -> None:
    why = hindrance_of_review(who, hall, entry)
    if why is not None:
        raise _refused(who, REVIEW, place_of(hall, entry), entry.number or 0, why)


def _require_last(conn: Connection, hall: str, entry: Entry) -> None:
    mine = ledgers.entries_of_keys(conn, hall, [entry.key])
    if mine[-1].number != entry.number or entry.reverses is not None:
        raise Refused(f"#{entry.number}: 已冲销 is taken back already, or takes back another", sort="state")


def _taken_back(entry: Entry, who: Principal) -> Proposal:
    """The decision that a review comes to."""
    return Proposal(
        key=entry.key, points=entry.points, state="rejected", at=entry.at, date=entry.date, unit=entry.unit,
        window=entry.window, staff=entry.staff, proposer=entry.proposer, decided_by=who.id, why_open="review",
        cards=entry.cards, figures=entry.figures,
    )  # fmt: skip


def _concerned(who: Principal, one: Proposal | Entry) -> Hindrance | None:
    """Whoever proposed it, and the person whom it charges or who did it."""
    if one.proposer is not None and who.id == one.proposer:
        return "proposer"
    charged = {one.staff, one.key.whom if one.key.ledger == "staff" else None} - {None}
    return "charged" if who.staff in charged or who.id in charged else None


def _settle(
    conn: Connection, registry: Registry, hall: str, proposal: Proposal, book: str, actor: str, now: datetime
) -> tuple[Entry, ...]:
    """Post or take back what follows from the decision."""
    changes = _follows(conn, registry, hall, proposal, now)
    ledgers.insert_entries(conn, hall, changes.entries, book=book, now=now, actor=actor)
    if _claim(proposal).event:  # what waits of the same event may be needless now, or count again
        want(conn, hall)
    return changes.entries


def _follows(conn: Connection, registry: Registry, hall: str, proposal: Proposal, now: datetime) -> Changes:
    """What follows from a decision, whether or not it is written yet, and nothing else: the span is empty."""
    claim = _claim(proposal)
    entries = ledgers.entries_of_keys(conn, hall, [claim.key])
    if claim.event:
        known = {(e.key, e.revision) for e in entries}
        beside = ledgers.entries_of_rows(conn, hall, [claim.key.row], [claim.key.whom])
        entries += [e for e in beside if (e.key, e.revision) not in known]
    asked = [p for p in ledgers.proposals_of_keys(conn, hall, [claim.key]) if p.number != proposal.number]
    standing = Standing(
        entries=entries, proposals=(*asked, proposal),
        closed=ledgers.closed_months(conn, hall), span=frozenset(),
    )  # fmt: skip
    return reconcile([claim], standing, open_month(standing.closed, month_now(registry, hall, now)))


def _claim(proposal: Proposal) -> Claim:
    """The claim that was proposed; it posts by the decision alone."""
    return Claim(
        key=proposal.key, charged=proposal.figures.get("charged", "person"), points=proposal.points, posts=False,
        at=proposal.at, date=proposal.date, unit=proposal.unit, window=proposal.window, staff=proposal.staff,
        proposer=proposal.proposer, why_open=proposal.why_open, cards=proposal.cards, figures=proposal.figures,
        event=event_of(proposal.figures),
    )  # fmt: skip


def _record(
    conn: Connection, who: Principal, action: str, number: int, proposal: Proposal, posted: Sequence[Entry], why: str,
    now: datetime,
) -> None:  # fmt: skip
    body = {
        **proposal.key._asdict(), "points": str(proposal.points), "date": proposal.date.isoformat(), "role": who.role,
        "posted": [{"points": str(e.points), "month": e.month, "of_month": e.of_month} for e in posted],
    }  # fmt: skip
    audit.record(conn, now, who.id, action, "score_proposal", str(number), body, private={"why": why})
