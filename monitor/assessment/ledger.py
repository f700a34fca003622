"""Claims against what the ledger holds: entries to post, counter-entries, proposals to make and to withdraw. Pure.

Entries are never edited (DESIGN §1E). What changed is taken back by an entry of the opposite points and posted anew;
where the month of the fact is closed both are booked in the open month and name the closed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from monitor.assessment.model import Claim, ClaimKey, Entry, Proposal

_Held = TypeVar("_Held", Entry, Proposal)
LEADERS: Final = ("lead", "head")


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is to be written. `withdrawn`: open proposals that no fact carries any more. `changed`: open proposals that
    a fact now carries with other points or details.
    """

    entries: tuple[Entry, ...] = ()
    proposed: tuple[Proposal, ...] = ()
    changed: tuple[Proposal, ...] = ()
    withdrawn: tuple[Proposal, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries or self.proposed or self.changed or self.withdrawn)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What the ledger holds for the facts of the span and for the keys and events of the claims, all revisions,
    whatever month they are booked in.
    """

    entries: Sequence[Entry] = ()
    proposals: Sequence[Proposal] = ()
    closed: frozenset[str] = field(default_factory=frozenset)
    """Months that are signed off."""
    span: frozenset[str] | None = None
    """Months whose facts the claims are made of: what belongs to others stays as it is. None: all."""


def reconcile(claims: Iterable[Claim], standing: Standing, open_month: str) -> Changes:
    """Bring the ledger to the claims. `open_month`: where what belongs to a closed month is booked.

    1. A claim that may be posted, or as much of it as a person confirmed, is an entry, once. Of one event the highest
       that may stand is.
    2. What waits is a proposal, once; what a person rejected stays rejected, unless the fact has come to more since.
    3. What stands without a claim, with other points or in another month is countered; its claim is posted anew.
    4. Who led a window or unit when a fact was first booked stays charged: the registry knows today's leaders alone.
    Raises ValueError for an open month that is closed.
    """
    if open_month in standing.closed:
        raise ValueError(f"{open_month} is closed")
    posted = _by_key(standing.entries)
    asked = _by_key(standing.proposals)
    first = sorted(standing.entries, key=lambda e: (e.number or 0, e.revision))
    wanted = _by_leaders(claims, [*first, *sorted(standing.proposals, key=_order)])
    keys = sorted(posted.keys() | asked.keys() | wanted.keys())
    cases = {key: _case(key, wanted.get(key), posted.get(key, ()), asked.get(key, ()), standing.span) for key in keys}
    highest = _highest(cases)
    entries: list[Entry] = []
    proposed: list[Proposal] = []
    changed: list[Proposal] = []
    withdrawn: list[Proposal] = []
    for key, case in cases.items():
        best = highest.get(case.group) if case.group else None
        may = case.may if best is None or best == key else None
        now, mine = case.now, list(posted.get(key, ()))
        if now is not None and (may is None or (now.points, now.of_month) != (may.points, may.month)):
            entries.append(_counter(now, mine, standing, open_month))
            mine.append(entries[-1])
            now = None
        if may is not None and now is None and case.claim is not None:
            entries.append(_entry(case.claim, may, len(mine), standing, open_month))
        last = asked[key][-1] if key in asked else None
        is_open = last is not None and last.state == "open"
        most = cases[best].may if best is not None else case.may
        if case.claim is not None and _waits(case, most):
            fresh = _proposal(case.claim)
            if last is None or not is_open:
                proposed.append(fresh)
            elif _differs(last, fresh):
                changed.append(replace(fresh, number=last.number))
        elif last is not None and is_open and (case.claim is not None or _within(last.date, standing.span)):
            withdrawn.append(replace(last, state="withdrawn"))
    return Changes(entries=tuple(entries), proposed=tuple(proposed), changed=tuple(changed), withdrawn=tuple(withdrawn))


# --------------------------------------------------------------------------- what may stand


def _by_leaders(claims: Iterable[Claim], held: Iterable[Entry | Proposal]) -> dict[ClaimKey, Claim]:
    """The claims by key, those against a lead or head against whom was first held to answer for it: taken back or
    rejected or not, it does not fall to a successor. `held`: in the order in which they came about.
    """
    charged: dict[tuple[str, ...], str] = {}
    for one in held:
        if one.figures.get("charged") in LEADERS:
            charged.setdefault(_of_leader(one.key, one.figures["charged"]), one.key.whom)
    found: dict[ClaimKey, Claim] = {}
    for claim in claims:
        key = claim.key
        whom = charged.get(_of_leader(key, claim.charged), key.whom)
        mine = claim if whom == key.whom else replace(claim, key=key._replace(whom=whom))
        found.setdefault(mine.key, mine)
    return found


def _of_leader(key: ClaimKey, charged: str) -> tuple[str, ...]:
    return key.ledger, key.row, key.source, key.fact, charged


@dataclass(frozen=True, slots=True)
class _May:
    """So much may stand in the ledger, confirmed by whom (None: nobody need), for a fact of this month."""

    points: Decimal
    by: str | None
    month: str


@dataclass(slots=True)
class _Decided:
    """What people decided of one key, in their order. `allowed`: confirmed up to here; `barred`: rejected up to here,
    for what reason it had waited, by whom.
    """

    allowed: Decimal | None = None
    by: str | None = None
    barred: Decimal | None = None
    barred_why: str = ""
    barred_by: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One key: its claim, its entry that stands now, what may stand, and of which event it is."""

    claim: Claim | None
    now: Entry | None
    may: _May | None
    decided: _Decided
    group: tuple[str, str, str, str] | None


def _case(
    key: ClaimKey, claim: Claim | None, mine: Sequence[Entry], asked: Sequence[Proposal], span: frozenset[str] | None
) -> _Case:
    decided = _decided(asked)
    now = mine[-1] if mine and mine[-1].reverses is None else None
    if claim is not None:
        may = _may_stand(claim, decided)
        event = claim.event
    else:
        out = now is not None and span is not None and now.of_month not in span
        may = _May(now.points, now.confirmer, now.of_month) if now is not None and out else None
        event = event_of((mine[-1] if mine else asked[-1]).figures)
    group = (key.ledger, key.whom, key.row, event) if event else None
    return _Case(claim=claim, now=now, may=may, decided=decided, group=group)


def event_of(figures: Mapping[str, Any]) -> str:
    """The event that an entry or proposal is of, where its row counts one once; else empty."""
    return str(figures["event"]) if figures.get("once") else ""


def _decided(asked: Sequence[Proposal]) -> _Decided:
    found = _Decided()
    for one in asked:
        if one.state == "confirmed":
            found.allowed, found.by = one.points, one.decided_by
            if found.barred is not None and not _beyond(found.barred, one.points):
                found.barred = None
        elif one.state == "rejected":
            found.barred, found.barred_why, found.barred_by = one.points, one.why_open, one.decided_by
            if found.allowed is not None and not _beyond(one.points, found.allowed):
                found.allowed = found.by = None
    return found


def _may_stand(claim: Claim, decided: _Decided) -> _May | None:
    """A claim that posts, unless a person rejected it; else as much of it as one confirmed."""
    if claim.posts and decided.barred is None:
        return _May(claim.points, claim.confirmer, claim.month)
    if decided.allowed is None or _sign(claim.points) != _sign(decided.allowed):
        return None
    points = decided.allowed if _beyond(claim.points, decided.allowed) else claim.points
    return _May(points, decided.by, claim.month)


def _waits(case: _Case, most: _May | None) -> bool:
    """Whether a person has to be asked: the claim comes to more than what may stand (of its event), and was not
    rejected as it is.
    """
    claim, decided = case.claim, case.decided
    assert claim is not None
    if most is not None and not _beyond(claim.points, most.points):
        return False
    if decided.barred is None or _beyond(claim.points, decided.barred):
        return True
    by_another = claim.posts and claim.confirmer not in (None, decided.barred_by)
    return by_another and decided.barred_why not in ("contested", "review")


def _highest(cases: Mapping[ClaimKey, _Case]) -> dict[tuple[str, str, str, str], ClaimKey]:
    """Of each event the key that stands: the most points; of equals the one that stands already, then the first."""
    found: dict[tuple[str, str, str, str], ClaimKey] = {}
    for key, case in cases.items():
        if case.group is None or case.may is None:
            continue
        other = found.get(case.group)
        if other is None or _rank(case) > _rank(cases[other]):
            found[case.group] = key
    return found


def _rank(case: _Case) -> tuple[Decimal, bool]:
    assert case.may is not None
    return abs(case.may.points), case.now is not None


def _sign(points: Decimal) -> int:
    """−1 a deduction, 1 a bonus, 0 a ground of effects."""
    return (points > 0) - (points < 0)


def _beyond(points: Decimal, limit: Decimal) -> bool:
    """Whether it costs or earns more than the limit does."""
    return points * limit < 0 or abs(points) > abs(limit)


def _within(day: date, span: frozenset[str] | None) -> bool:
    return span is None or f"{day:%Y-%m}" in span


# --------------------------------------------------------------------------- what is written


def _by_key(held: Sequence[_Held]) -> dict[ClaimKey, list[_Held]]:
    """By key, in the order in which they came about."""
    found: dict[ClaimKey, list[_Held]] = {}
    for one in sorted(held, key=_order):
        found.setdefault(one.key, []).append(one)
    return found


def _order(one: Entry | Proposal) -> int:
    return one.revision if isinstance(one, Entry) else (one.number or 0)


def _booked(month: str, standing: Standing, open_month: str) -> str:
    return open_month if month in standing.closed else month


def _entry(claim: Claim, may: _May, revision: int, standing: Standing, open_month: str) -> Entry:
    return Entry(
        key=claim.key, revision=revision, points=may.points, month=_booked(claim.month, standing, open_month),
        of_month=claim.month, at=claim.at, date=claim.date, unit=claim.unit, window=claim.window, staff=claim.staff,
        proposer=claim.proposer, confirmer=may.by, cards=claim.cards, figures=claim.figures,
    )  # fmt: skip


def _counter(entry: Entry, mine: Sequence[Entry], standing: Standing, open_month: str) -> Entry:
    """Booked where the entry is, unless that is closed by now."""
    return replace(
        entry, revision=len(mine), points=-entry.points, month=_booked(entry.month, standing, open_month),
        reverses=entry.revision, confirmer=None, number=None,
    )  # fmt: skip


def _proposal(claim: Claim) -> Proposal:
    return Proposal(
        key=claim.key, points=claim.points, state="open", at=claim.at, date=claim.date, unit=claim.unit,
        window=claim.window, staff=claim.staff, proposer=claim.proposer, why_open=claim.why_open or "contested",
        cards=claim.cards, figures=claim.figures,
    )  # fmt: skip


def _differs(proposal: Proposal, fresh: Proposal) -> bool:
    return replace(proposal, number=None) != fresh


def total(entries: Iterable[Entry]) -> Decimal:
    return sum((entry.points for entry in entries), Decimal(0))
