"""What an import of plans (报备) would mean: posts and slots that become excused or charged, cards, people twice away.

Verdicts rest on plans that the loaders read from the store, so the trial is saved and rolled back: `before` is judged
first, outside; then a few hundred subjects are judged with the write lock held, a second at most, and nothing stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, or_, select

from monitor.model import CardState, Outcome, graver
from monitor.settings import Policy
from monitor.store import cards, plans
from monitor.store.facts.look import Look
from monitor.store.sql import chunks, prefix_end
from monitor.store.subjects import SUBJECT
from monitor.store.upsert import Change
from monitor.supervision.judgement import Ruling, rulings
from monitor.supervision.rules import LOADERS

JUDGED_MOST: Final = 200
LISTED: Final = 100
CHARGED: Final = frozenset({Outcome.REMINDER, Outcome.YELLOW, Outcome.RED})
AWAY: Final = frozenset({"leave", "trips", "lieu"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """A slot or post of the plans' days with what is said of it now. `held`: its cards."""

    kind: str
    key: str
    hall: str | None
    held: tuple[CardState, ...]
    before: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A verdict that would be another one. `withdrawn`: numbers of cards taken back; `issued`: how many would come."""

    kind: str
    key: str
    hall: str | None
    before: str
    after: str
    charged: bool
    withdrawn: tuple[int, ...]
    issued: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """Two plans of one person at once: away twice (`away`), or standing in while away (`stands_in`)."""

    sort: str
    staff: str
    one: str
    other: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanPreview:
    """`touched`: slots and posts of their days that there are already; `left`: of these, too many to be judged."""

    changes: tuple[Change, ...]
    same: Mapping[str, int]
    touched: int
    left: int
    moved: tuple[Moved, ...]
    clashes: tuple[Clash, ...]

    @property
    def excused(self) -> int:
        return sum(not one.charged for one in self.moved)

    @property
    def charged(self) -> int:
        return sum(one.charged for one in self.moved)

    @property
    def withdrawn(self) -> tuple[int, ...]:
        return tuple(sorted({number for one in self.moved for number in one.withdrawn}))

    @property
    def issued(self) -> int:
        return sum(one.issued for one in self.moved)


def touched(look: Look, policy: Policy, changes: Sequence[Change]) -> tuple[list[Touched], int]:
    """(what is said now of the first JUDGED_MOST subjects that the changes touch; how many more there are)."""
    prefixes = sorted({(ref.kind, ref.key) for ref in plans.touched(look.conn, changes, look.registry, look.now)})
    found: list[tuple[str, str, int, str | None]] = []
    for some in chunks([one for one in prefixes if one[1].endswith("/")], 100):
        ways = [
            and_(SUBJECT.c.kind == kind, SUBJECT.c.key >= low, SUBJECT.c.key < prefix_end(low)) for kind, low in some
        ]
        query = select(SUBJECT.c.kind, SUBJECT.c.key, SUBJECT.c.id, SUBJECT.c.hall).where(or_(*ways))
        found += [(row.kind, row.key, row.id, row.hall) for row in look.conn.execute(query)]
    found.sort()
    mine = found[:JUDGED_MOST]
    held = cards.states_of(look.conn, [number for _, _, number, _ in mine])
    told = _judged(look, policy, [(kind, key, tuple(held.get(number, ()))) for kind, key, number, _ in mine])
    return [
        Touched(
            kind=kind, key=key, hall=hall, held=tuple(held.get(number, ())),
            before=graver([ruling.verdict.outcome for ruling in told[kind, key]]),
        )
        for kind, key, number, hall in mine
        if (kind, key) in told
    ], len(found) - len(mine)  # fmt: skip


def moves(look: Look, policy: Policy, before: Sequence[Touched]) -> list[Moved]:
    """Those of which something else would be said, as the store stands in this transaction."""
    told = _judged(look, policy, [(one.kind, one.key, one.held) for one in before])
    found = []
    for one in before:
        ruled = told.get((one.kind, one.key), [])
        after = graver([ruling.verdict.outcome for ruling in ruled])
        changed = [change for ruling in ruled for change in ruling.changes]
        back = tuple(c.number for c in changed if c.event == "withdrawn" and c.number is not None)
        if after is not one.before or back:
            found.append(
                Moved(
                    kind=one.kind,
                    key=one.key,
                    hall=one.hall,
                    before=one.before.value,
                    after=after.value,
                    charged=after in CHARGED and one.before not in CHARGED,
                    withdrawn=back,
                    issued=sum(c.event in ("issued", "upgraded") for c in changed),
                )  # fmt: skip
            )
    return sorted(found, key=lambda one: (not one.withdrawn, one.kind, one.key))


def _judged(
    look: Look, policy: Policy, asked: Sequence[tuple[str, str, tuple[CardState, ...]]]
) -> dict[tuple[str, str], list[Ruling]]:
    found: dict[tuple[str, str], list[Ruling]] = {}
    for kind in ("post", "slot"):
        mine = {key: held for of, key, held in asked if of == kind}
        for key, loaded in (LOADERS[kind](look, list(mine)) if mine else {}).items():
            found[kind, key] = rulings(kind, loaded, mine[key], policy, look.now)
    return found


def clashes(conn: Connection, changes: Iterable[Change]) -> list[Clash]:
    """People twice away, or standing in while away, by what changed against all that is stored in this transaction."""
    found: dict[frozenset[str], Clash] = {}
    asked = [c for c in changes if c.kind.name in AWAY or c.kind.name == "substitutes"]
    for change in asked[:JUDGED_MOST]:
        row, kind = change.after, change.kind.name
        away = plans.leaves(conn, [row["staff"]], row["starts"], row["ends"]).get(row["staff"], ())
        for leave in away:
            table = {"trip": "trips", "lieu": "lieu"}.get(leave.kind, "leave")
            if (table, leave.id) != (kind, row["id"]):
                sort = "stands_in" if kind == "substitutes" else "away"
                one, other = f"{kind}/{row['id']}", f"{table}/{leave.id}"
                found.setdefault(frozenset((one, other)), Clash(sort=sort, staff=row["staff"], one=one, other=other))
    return list(found.values())
