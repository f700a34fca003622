"""One card, one transaction: what its notices and the time since mean for each address (DESIGN §1B.3, §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from alerts.contents import notice_of, snapshot, trace_id
from alerts.desk import Desk
from alerts.grouping import DIGEST_GROUP, STORM_GROUP, group_key, next_digest
from alerts.hiding import Hidden
from alerts.matching import Place
from alerts.messages import Messages, Way
from alerts.people import resolve
from alerts.routing import Routed, unasked
from alerts.standing import (
    Said,
    begun,
    is_firing,
    next_repeats,
    said_last,
    standing_notice,
    steps_up,
)
from alerts.telling import ENDS, Notice, Telling, tell
from monitor import failpoints
from monitor.model import Level
from monitor.store import alert_holds
from monitor.store import alerts as rows
from monitor.store.alerts import Told

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """How many notices were planned, and (rule, level) of what went to nobody: counted once this is committed."""

    notices: int = 0
    trace: str = ""
    unrouted: tuple[tuple[str, str], ...] = ()


def plan_card(conn: Connection, number: int, *, desk: Desk, messages: Messages, young: bool, real: datetime) -> Planned:
    """1. lock the card 2. each waiting notice in sequence order: mark it, decide, write items, messages and holds
    3. whatever is due by time: holds that are over, steps up the hierarchy, repeats 4. set the card's timer again.

    Everything due is derived from what the store says was told: whoever comes second, or after a crash, finds it done.
    """
    card = rows.claim_card(conn, number)
    if card is None:
        return Planned()
    stored = rows.notices(conn, number)
    history = [notice_of(row) for row in stored]
    plan = _Plan(
        conn=conn, desk=desk, messages=messages, card=card, history=history, young=young, real=real,
        is_new=all(row["planned_at"] is None for row in stored),
    )  # fmt: skip
    planned = 0
    for notice, row in zip(history, stored, strict=True):
        if row["planned_at"] is None and rows.take_notice(conn, number, notice.sequence, desk.now):
            plan.notice(notice)
            planned += 1
    plan.follow()
    failpoints.hit("plan.before_commit")
    return Planned(notices=planned, trace=trace_id(card), unrouted=tuple(plan.unrouted))


@dataclass(kw_only=True)
class _Plan:
    conn: Connection
    desk: Desk
    messages: Messages
    card: Mapping[str, Any]
    history: Sequence[Notice]
    young: bool
    real: datetime
    unrouted: list[tuple[str, str]] = field(default_factory=list)
    is_new: bool = False
    """No notice was planned before: nothing is told or held yet."""
    dues: list[datetime] = field(default_factory=list)
    """When something of the card becomes due by time alone."""
    _told: list[Told] | None = None
    _held: dict[str, Mapping[str, Any]] | None = None

    @property
    def number(self) -> int:
        return int(self.card["number"])

    @property
    def now(self) -> datetime:
        return self.desk.now

    @property
    def told(self) -> list[Told]:
        """All that was planned for the card, by sequence; read once and kept up to date."""
        if self._told is None:
            self._told = [] if self.is_new else rows.told(self.conn, self.number)
        return self._told

    @property
    def held(self) -> dict[str, Mapping[str, Any]]:
        """What is held back of the card, by address; read once and kept up to date."""
        if self._held is None:
            found = [] if self.is_new else alert_holds.holds(self.conn, self.number)
            self._held = {row["address"]: row for row in found}
        return self._held

    # ------------------------------------------------------------- a notice

    def notice(self, notice: Notice) -> None:
        """What one change means, and for whom."""
        holders = holders_of(self.told)
        telling = tell(
            notice,
            self.history,
            cleared_at=self.card["cleared_at"],
            historic=self.card["historic"],
            age_ok=self.young,
            was_fired=bool(holders),
            was_told=bool(self.told),
        )
        if telling.purpose is None:
            self._end_holds(notice, ())
            return
        place = self.desk.place(self.card, notice.level)
        routed, missing = self.desk.routed(place)
        self._report(notice.level, routed, missing, telling)
        content = snapshot(self.card, notice, over=telling.over)
        addresses = _addresses(telling, set(routed), holders, self.told)
        self._end_holds(notice, addresses)
        for address, purpose in sorted(addresses.items()):
            choice = routed.get(address) or unasked(self.desk.policy, address, "was told before")
            if purpose == "digest":
                self._drop([address])
                self._digest(address, notice, content)
            elif notice.event == "resumed" and self.held.get(address, {}).get("purpose") == "resolved":
                self._drop([address])  # it never ended for them
            elif self._tell_or_hold(notice, purpose, choice, place, content, is_new=address not in holders):
                self._drop([address])

    def _report(self, level: str, routed: Mapping[str, Routed], missing: Iterable[str], telling: Telling) -> None:
        self._warn(missing)
        if not routed and not telling.told_only:
            self._lost(level)

    def _warn(self, missing: Iterable[str]) -> None:
        for said in missing:
            log.warning("somebody who should be told has no receiver", action="alert.no_receiver", card=self.number,
                        why=said)  # fmt: skip

    def _lost(self, level: str) -> None:
        log.error("a card goes to nobody", action="alert.unrouted", card=self.number, rule=self.card["rule"],
                  hall=self.card["hall"], level=level)  # fmt: skip
        self.unrouted.append((self.card["rule"], level))

    def _end_holds(self, notice: Notice, told_now: Iterable[str]) -> None:
        """Drop what was held and the notice makes void: the card ended before it was told.

        What only quiet hours held is read in the next digest.
        """
        if notice.event not in ENDS:
            return
        void = [address for address, row in self.held.items() if is_firing(row["purpose"])]
        for address in void:
            if self.held[address]["why"] == "quiet" and address not in set(told_now):
                self._digest(address, notice, snapshot(self.card, notice, over=True))
        self._drop(void)

    def _drop(self, addresses: Iterable[str]) -> None:
        void = [address for address in addresses if self.held.pop(address, None) is not None]
        if void:
            alert_holds.drop_holds(self.conn, self.number, void)

    def _digest(self, address: str, notice: Notice, content: Mapping[str, Any]) -> None:
        policy = self.desk.policy
        due = next_digest(self.now, policy.digest_at, policy.zone)
        rows.ensure_timer(self.conn, kind=DIGEST_GROUP, key=address, due_at=due)
        rows.add_item(self.conn, card=self.number, sequence=notice.sequence, address=address, purpose="digest",
                      content=content, delivery=None, at=self.now)  # fmt: skip
        self._note(
            Told(address=address, purpose="digest", sequence=notice.sequence, group=None, state=None, at=self.now)
        )

    def _note(self, one: Told) -> None:
        self.told.append(one)
        self.told.sort(key=lambda told: told.sequence)

    def _tell_or_hold(
        self, notice: Notice, purpose: str, choice: Routed, place: Place, content: Mapping[str, Any], *, is_new: bool
    ) -> bool:
        """Whether it was told; else it is held."""
        way = _way(choice, place, self.told)
        why = self._waits(notice, purpose, choice, is_new=is_new) or self.desk.hides(
            self.conn, self.number, place, ended=purpose == "resolved"
        )
        if why is not None:
            self._hold(notice.sequence, choice.receiver, purpose, way, why)
            return False
        self._say(notice.sequence, choice.receiver, purpose, way, content)
        return True

    def _waits(self, notice: Notice, purpose: str, choice: Routed, *, is_new: bool) -> Hidden | None:
        """The time that a condition has to last (`for`), or to stay cleared, before it is told."""
        if purpose == "firing" and is_new and choice.for_minutes:
            until = notice.at + timedelta(minutes=choice.for_minutes)
            return Hidden(why="for", until=until) if until > self.now else None
        if purpose == "resolved" and notice.event == "cleared" and choice.clear_minutes:
            until = notice.at + timedelta(minutes=choice.clear_minutes)
            return Hidden(why="clear", until=until) if until > self.now else None
        return None

    def _hold(self, sequence: int, address: str, purpose: str, way: Way, why: Hidden) -> None:
        row = {"card": self.number, "address": address, "sequence": sequence, "purpose": purpose, "why": why.why,
               "by": why.by, "said": why.said, "until": why.until, "route": asdict(way)}  # fmt: skip
        alert_holds.hold(self.conn, row)
        self.held[address] = row
        self.dues.append(why.until)

    def _say(self, sequence: int, address: str, purpose: str, way: Way, content: Mapping[str, Any]) -> None:
        said = self.messages.say(
            self.conn, card=self.number, sequence=sequence, address=address, purpose=purpose, way=way,
            content=content, told=self.told, now=self.now, real=self.real,
        )  # fmt: skip
        if said is not None:
            self._note(said)

    # ------------------------------------------------------------- what time alone makes due

    def follow(self) -> None:
        """Release what is held no more, go up the hierarchy, repeat; then set the timer to what comes next."""
        if self.card["historic"]:
            return
        self.dues = []
        self._release()
        standing = standing_notice(self.history)
        if standing is not None and self.card["cleared_at"] is None:
            holders, held = holders_of(self.told), frozenset(self.held)
            place = self.desk.place(self.card, standing.level)
            if holders or held or self.young:
                self._escalate(standing, place)
            self._repeat(standing, place, holders - held)
        due = min(self.dues, default=None)
        if due is not None or not self.is_new:
            rows.set_timer(self.conn, kind=rows.CARD_TIMER, key=str(self.number), due_at=due)

    def _release(self) -> None:
        """Tell what nothing hides any more; note when the rest is looked at again."""
        for address, row in list(self.held.items()):
            notice = self._notice_of(row)
            why = self._still(row, notice) if notice is not None else None
            way = Way(**row["route"])
            if why is not None and (why.why, why.by, why.until) == (row["why"], row["by"], row["until"]):
                self.dues.append(why.until)
            elif why is not None:
                self._hold(row["sequence"], address, row["purpose"], way, why)
            else:
                self._drop([address])
                if notice is not None:
                    self._say(notice.sequence, address, row["purpose"], way, snapshot(self.card, notice))

    def _notice_of(self, row: Mapping[str, Any]) -> Notice | None:
        """The notice that is told when a hold ends; None: nothing is left to tell."""
        if row["purpose"] == "firing":
            return said_last(self.history)
        if not is_firing(row["purpose"]):
            return next((n for n in self.history if n.sequence == row["sequence"]), None)
        return standing_notice(self.history)

    def _still(self, row: Mapping[str, Any], notice: Notice) -> Hidden | None:
        if row["why"] in ("for", "clear") and row["until"] > self.now:
            return Hidden(why=row["why"], until=row["until"])
        place = self.desk.place(self.card, notice.level)
        return self.desk.hides(self.conn, self.number, place, ended=row["purpose"] == "resolved")

    def _working(self, start: datetime, amount: timedelta) -> datetime:
        return self.desk.calendar(self.card["hall"]).add_working_time(start, amount)

    def _escalate(self, standing: Notice, place: Place) -> None:
        """Tell the steps that are due; note when the others will be."""
        since = begun(self.history) or standing
        for step in steps_up(self.desk.policy, place, since, self._working):
            done = any(one.purpose == step.purpose and one.sequence >= since.sequence for one in self.told)
            if done or any(row["purpose"] == step.purpose for row in self.held.values()):
                continue
            if step.at > self.now:
                self.dues.append(step.at)
                continue
            receivers = self._receivers(step.step.receivers, place)
            if not receivers:
                self._lost(standing.level)
            content = {**snapshot(self.card, standing), "step": step.step.after_minutes}
            for address, why in receivers.items():
                if address not in self.held:
                    choice = unasked(self.desk.policy, address, f"{step.purpose}: {why}")
                    if self._tell_or_hold(standing, step.purpose, choice, place, content, is_new=False):
                        self._note_repeat(self.desk.policy.repeat_minutes)

    def _receivers(self, names: Iterable[str], place: Place) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in names:
            resolved = resolve(self.desk.policy, self.desk.people, place, name)
            self._warn(resolved.missing)
            found |= dict.fromkeys(resolved.receivers, resolved.why)
        return found

    def _repeat(self, standing: Notice, place: Place, holders: Iterable[str]) -> None:
        """Tell again whom it is due; note when the others, and they again, will hear."""
        policy = self.desk.policy
        known = [address for address in holders if address in policy.receivers]
        if not known:
            return
        routed, _ = self.desk.routed(place)
        minutes = {address: choice.repeat_minutes for address, choice in routed.items()}
        said = [_said(one) for one in self.told if one.at is not None]
        for one in next_repeats(policy, Level.of(standing.level), said, known, minutes, self._working):
            if one.at > self.now:
                self.dues.append(one.at)
                continue
            choice = routed.get(one.address) or unasked(policy, one.address, "holds the card")
            content = {**snapshot(self.card, standing), "repeat": one.purpose}
            if self._tell_or_hold(standing, one.purpose, choice, place, content, is_new=False):
                self._note_repeat(minutes.get(one.address, policy.repeat_minutes))

    def _note_repeat(self, minutes: float) -> None:
        if minutes:
            self.dues.append(self._working(self.now, timedelta(minutes=minutes)))


def _said(one: Told) -> Said:
    assert one.at is not None, "asked before"
    return Said(address=one.address, purpose=one.purpose, sequence=one.sequence, at=one.at)


def _way(choice: Routed, place: Place, told: Sequence[Told]) -> Way:
    """A card stays in the group in which the address first heard of it: there all its messages keep their order."""
    heard = (t.group for t in told if t.address == choice.receiver and _is_said(t.purpose) and t.group != STORM_GROUP)
    group = next(heard, None)
    return Way(
        group=group_key(choice, place) if group is None else group,
        wait_seconds=choice.wait_seconds,
        interval_seconds=choice.interval_seconds,
        why=choice.why,
    )


def _is_said(purpose: str) -> bool:
    """Whether a message tells of the card itself, not a list that it stands in."""
    return is_firing(purpose) or purpose == "resolved"


def holders_of(told: Sequence[Told]) -> set[str]:
    """Addresses that hold the card as open: their last word of it is a firing that was not given up."""
    last: dict[str, Told] = {}
    for entry in told:
        if _is_said(entry.purpose) and entry.state not in ("dead", "dropped"):
            last[entry.address] = entry
    return {address for address, entry in last.items() if is_firing(entry.purpose)}


def _addresses(telling: Telling, routed: set[str], holders: set[str], told: Sequence[Told]) -> dict[str, str]:
    """Who hears of a notice, and as what."""
    assert telling.purpose is not None, "nobody is told"
    if telling.purpose == "digest" and telling.told_only:
        first = {entry.address for entry in told}
    elif telling.told_only:
        first = holders
    else:
        first = routed | holders if telling.purpose == "firing" else routed
    found: dict[str, str] = dict.fromkeys(first, telling.purpose)
    if telling.others is not None:
        found |= dict.fromkeys(routed - first, telling.others)
    return found
