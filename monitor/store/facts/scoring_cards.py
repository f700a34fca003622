"""The cards of a hall's month, with what people made of them: who confirmed what they say, or took it back (经查实)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Row, and_, bindparam, or_, select

from monitor.assessment.model import Proof
from monitor.model import Charge
from monitor.store.attachments import ATTACHMENT
from monitor.store.cards import CARD, CONFIRMED, NOTICE, REFUTED
from monitor.store.facts.look import Look
from monitor.store.facts.scoring_month import BESIDE, HallMonth
from monitor.store.quick import QuickSelect
from monitor.store.sql import chunks, prefix_end
from monitor.wording.handrules import PREFIX

AT_ONCE: Final = ("checkin.slot", "post.empty")
DATED: Final = ("case.notice", "case.stage", "complaint.due", "task.due", "order.reply", "rating.bad")
MOVES: Final = timedelta(days=100)
"""So long after the limit the level of such a card may still rise, and its `since` with it."""
_SHOWN: Final = tuple(
    CARD.c[name]
    for name in (
        "number", "kind", "key", "rule", "episode", "level", "state", "since", "began", "cleared_at", "hall", "unit",
        "window", "staff", "reason", "issuer", "attributed", "appeal", "followup",
    )
)  # fmt: skip
_FOUNDED: Final = frozenset({"founded", "rectified", "called_back"})
"""Steps of a bad rating's follow-up that come after somebody verified it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A card that somebody may be held to. `by`: who confirmed what it says, None while nobody has."""

    row: Row[Any]
    by: str | None
    has_file: bool = False

    @property
    def number(self) -> int:
        return int(self.row.number)

    @property
    def is_red(self) -> bool:
        return bool(self.row.level == "red")

    @property
    def key(self) -> str:
        """Of its fact: the subject's, and the episode after the first; a card by hand goes by its number."""
        row = self.row
        if row.rule.startswith(PREFIX):
            return f"card:{row.number}"
        again = "" if row.episode == "1" else f"#{row.episode}"
        return f"{row.kind}:{row.key}{again}"

    @property
    def proof(self) -> Proof:
        return "open" if self.by is None else "confirmed"

    @property
    def reason(self) -> dict[str, Any]:
        return dict((self.row.reason or {}).get("figures", {}))

    @property
    def place(self) -> Charge:
        row = self.row
        return Charge(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff)

    @property
    def since(self) -> datetime:
        """When it was so: what had a limit, when that passed; a rating, when it was given. The `since` of a card moves
        with its level, and a fact would move with it into another month.
        """
        row = self.row
        if row.rule == "rating.bad":
            return cast(datetime, row.began)
        due = self.reason.get("due") if row.rule in DATED else None
        return datetime.fromisoformat(due) if due else cast(datetime, row.since)

    def day(self, m: HallMonth) -> date:
        """The local date; of a slot or post its own."""
        if self.row.kind in ("slot", "post") and not self.row.rule.startswith(PREFIX):
            return date.fromisoformat(self.row.key.split("/")[1])
        return m.day_of(self.since)


def cards_of(m: HallMonth) -> list[Held]:
    """The yellow and red cards of the month, by number: those on its windows by the index of windows, then those that
    name none.
    """
    by_hand = and_(CARD.c.rule >= PREFIX, CARD.c.rule < prefix_end(PREFIX))
    at_once, moving = (CARD.c.since < m.end + BESIDE, CARD.c.since < m.end + MOVES)
    wanted = (
        or_(and_(or_(CARD.c.rule.in_(AT_ONCE), by_hand), at_once), and_(CARD.c.rule.in_(DATED), moving)),
        CARD.c.level.in_(("yellow", "red")), CARD.c.state != "withdrawn", CARD.c.issued <= m.look.now,
        CARD.c.since >= m.start - BESIDE, moving,
    )  # fmt: skip
    rows: list[Row[Any]] = []
    for some in chunks(m.windows):
        rows += m.look.conn.execute(select(*_SHOWN).where(CARD.c.window.in_(some), *wanted)).all()
    rows += m.look.conn.execute(select(*_SHOWN).where(CARD.c.window.is_(None), CARD.c.hall == m.hall, *wanted)).all()
    held = sorted(held_to(m.look, rows), key=lambda h: h.number)
    return [h for h in held if m.has_day(h.day(m)) and h.since <= m.look.now]


def of_subjects(
    look: Look, kind: str, keys: Sequence[str], rules: Sequence[str]
) -> tuple[dict[str, list[Held]], set[tuple[str, str]]]:
    """The standing cards of subjects by key; and (key, episode) of those that a person withdrew or refuted: nobody is
    held to what they say.
    """
    rows = _OF_SUBJECTS.run(look.conn, keys, kind=kind) if keys else []
    mine = [row for row in rows if row.rule in rules and row.issued <= look.now and row.level != "reminder"]
    standing = held_to(look, [row for row in mine if row.state != "withdrawn"])
    found: dict[str, list[Held]] = {}
    for held in standing:
        found.setdefault(held.row.key, []).append(held)
    kept = {held.number for held in standing}
    taken = {
        (row.key, row.episode)
        for row in mine
        if row.number not in kept and (row.state != "withdrawn" or row.withdrawn_by not in (None, "system"))
    }
    return found, taken


_OF_SUBJECTS: Final = QuickSelect(
    lambda among: (
        select(*_SHOWN, CARD.c.issued, CARD.c.withdrawn_by)
        .where(CARD.c.kind == bindparam("kind", type_=CARD.c.kind.type), among(CARD.c.key))
        .order_by(CARD.c.number)
    )
)


def held_to(look: Look, rows: Iterable[Row[Any]]) -> list[Held]:
    """The cards without those that were closed as unfounded or explained (不属实、说明成立)."""
    rows = list(rows)
    told = _told(look, [row.number for row in rows if row.state == "closed" or row.followup in _FOUNDED])
    by_hand = [row.number for row in rows if row.issuer is not None]
    files = set(_FILES.run(look.conn, by_hand)) if by_hand else set()
    with_file = {row.card for row in files}
    return list(_held(rows, told, with_file))


def _held(rows: Iterable[Row[Any]], told: dict[int, dict[str, Row[Any]]], with_file: set[int]) -> Iterator[Held]:
    for row in rows:
        mine = told.get(row.number, {})
        closed = mine.get("closed") if row.state == "closed" else None
        result = (closed.body or {}).get("result") if closed is not None else None
        if result in REFUTED:
            continue
        by = closed.actor if closed is not None and result in CONFIRMED else None
        verified = mine.get("verified")
        if by is None and row.followup in _FOUNDED and verified is not None:
            by = verified.actor
        if row.appeal == "pending" or by == row.issuer:
            by = None  # an appeal that nobody decided; who found it does not confirm it
        yield Held(row, by, row.number in with_file)


def _told(look: Look, numbers: Sequence[int]) -> dict[int, dict[str, Row[Any]]]:
    """The last closing, and the last verification that found it so, of each card, as of now."""
    found: dict[int, dict[str, Row[Any]]] = {}
    for row in _STEPS.run(look.conn, numbers) if numbers else ():
        if row.at <= look.now and (row.event == "closed" or (row.body or {}).get("finding") == "founded"):
            found.setdefault(row.card, {})[row.event] = row
    return found


_STEPS: Final = QuickSelect(
    lambda among: (
        select(NOTICE.c.card, NOTICE.c.event, NOTICE.c.actor, NOTICE.c.body, NOTICE.c.at)
        .where(or_(NOTICE.c.event == "closed", NOTICE.c.event == "verified"), among(NOTICE.c.card))
        .order_by(NOTICE.c.card, NOTICE.c.sequence)
    )
)
_FILES: Final = QuickSelect(lambda among: select(ATTACHMENT.c.card).where(among(ATTACHMENT.c.card)).distinct())
