"""All devices within somebody's reach with their health (设备), for the page and for GET /api/v1/devices.

A page of 200 devices is a handful of statements. How far a device's data are complete is what the judge would say:
where its newest boot is whole, empty and right it follows from its newest heartbeats; where anything is odd the judge's
own `Sources` is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, Row

from monitor.access import Principal, Target, refusal
from monitor.evaluators.policy import DevicePolicy
from monitor.store import devices as stored
from monitor.store.devices import DEVICE
from monitor.store.facts.look import Look
from monitor.supervision.devicehealth import STATES, Signs, State, health
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

MOST: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Filters; None: any. `window` "-": those that stand at none. `worst_first`: by state in the order of STATES, then
    by id; else by id. `after`: only those behind it, (0, id) or (place of the state, id).
    """

    hall: str | None = None
    kind: str | None = None
    state: State | None = None
    window: str | None = None
    worst_first: bool = False
    after: tuple[int, str] | None = None
    id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CardAbout:
    number: int
    rule: str
    level: str
    state: str
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceLine:
    """One device. `skew_seconds`: what has to be added to its clock, by its newest heartbeats; None: it sent none.
    `complete_to`: everything up to then has arrived; None: nothing is proven. `trusted`: by a clock that was right.
    """

    id: str
    kind: str
    hall: str
    window: str | None
    state: State
    since: datetime | None
    last_beat: datetime | None
    beat_age: timedelta | None
    queue: int | None
    boot: str | None
    firmware: str | None
    skew_seconds: float | None = None
    complete_to: datetime | None = None
    trusted: bool = False
    held: int = 0
    card: CardAbout | None = None


def list_devices(
    look: Look, policy: DevicePolicy, who: Principal, chosen: Chosen, limit: int = MOST
) -> tuple[list[DeviceLine], dict[State, int]]:
    """(the devices of a page, one more than `limit` where others follow; how many there are of each state under the
    other filters).
    """
    rows = stored.with_newest_beat(look.conn, _wanted(who, chosen), look.now)
    told = [(row, *health_of(row, policy, look)) for row in rows]
    counts: dict[State, int] = {}
    for _, state, _ in told:
        counts[state] = counts.get(state, 0) + 1
    told = [one for one in told if chosen.state in (None, one[1])]
    told.sort(key=lambda one: key_of(one[1], one[0].id, worst_first=chosen.worst_first))
    behind = [
        one
        for one in told
        if chosen.after is None or key_of(one[1], one[0].id, worst_first=chosen.worst_first) > chosen.after
    ]
    return _lines(look, policy, behind[: limit + 1]), counts


def key_of(state: State, device: str, *, worst_first: bool) -> tuple[int, str]:
    """Where a device stands in the list: a page begins behind the key of the last one before."""
    return (STATES.index(state) if worst_first else 0), device


def find_device(look: Look, policy: DevicePolicy, who: Principal, device: str) -> tuple[DeviceLine, Row[Any]] | None:
    """One device with its row of the registry; None where there is none within reach."""
    rows = stored.with_newest_beat(look.conn, _wanted(who, Chosen(id=device)), look.now)
    if not rows:
        return None
    return _lines(look, policy, [(rows[0], *health_of(rows[0], policy, look))])[0], rows[0]


def require_device(look: Look, policy: DevicePolicy, who: Principal, device: str, action: str) -> DeviceLine:
    """The device on which `who` is to do the action. Raises Refused: alike for none and for one beyond reach."""
    found = find_device(look, policy, who, device)
    if found is None:
        raise no_device(device)
    no = refusal(who, action, Target(hall=found[0].hall))
    if no is not None:
        raise Refused.because(no)
    return found[0]


def no_device(device: str) -> Refused:
    return Refused(f"device {device}: 没有此设备 there is no such device", sort="missing")


def _wanted(who: Principal, chosen: Chosen) -> list[ColumnElement[bool]]:
    wanted = [within(who, DEVICE.c)]
    wanted += [
        DEVICE.c[name] == value for name in ("id", "hall", "kind") if (value := getattr(chosen, name)) is not None
    ]
    if chosen.window is not None:
        wanted.append(DEVICE.c.window.is_(None) if chosen.window == "-" else DEVICE.c.window == chosen.window)
    return wanted


def health_of(row: Row[Any], policy: DevicePolicy, look: Look) -> tuple[State, datetime | None]:
    """How the device of a row of `with_newest_beat` is, and since when."""
    signs = Signs(
        owes_heartbeats=row.watermark == "heartbeat",
        expected_from=row.expected_from,
        revoked_at=row.revoked_at,
        beat=row.beat_received,
        status=row.status,
        status_at=row.status_at,
    )
    return health(signs, policy.least_silence(), look.path, look.now)


def _lines(
    look: Look, policy: DevicePolicy, told: Sequence[tuple[Row[Any], State, datetime | None]]
) -> list[DeviceLine]:
    ids = [row.id for row, _, _ in told]
    boots = {row.id: row.beat_boot for row, _, _ in told if row.beat_boot is not None}
    deltas = stored.newest_deltas(look.conn, boots, look.now) if boots else {}
    skews = {device: round(median(found) / 1000) for device, found in deltas.items()}
    held = stored.open_held(look.conn, ids)
    cards = stored.standing_cards(look.conn, ids)
    plain = _plain_marks(look, policy, [row for row, _, _ in told if held.get(row.id, (0, 0))[1] == 0], skews, cards)
    lines = []
    for row, state, since in told:
        mark, trusted, skew = _proven(look, row, plain.get(row.id), skews.get(row.id))
        card = cards[row.id][-1] if row.id in cards else None
        lines.append(
            DeviceLine(
                id=row.id, kind=row.kind, hall=row.hall, window=row.window, state=state, since=since,
                last_beat=row.beat_received, queue=row.beat_queue, boot=row.beat_boot, firmware=row.firmware,
                beat_age=look.now - row.beat_received if row.beat_received is not None else None,
                skew_seconds=skew, complete_to=mark, trusted=trusted, held=held.get(row.id, (0, 0))[0],
                card=_card(card) if card is not None else None,
            )
        )  # fmt: skip
    return lines


def _proven(
    look: Look, row: Row[Any], plain: datetime | None, skew: float | None
) -> tuple[datetime | None, bool, float | None]:
    """(how far its data are complete, whether by a right clock, the clock): `plain` where nothing is odd about it."""
    if plain is not None or row.revoked_at is not None:
        return plain, plain is not None, skew
    source = look.sources.state(row.id)
    known = row.beat_received is not None
    return source.watermark, source.trusted and source.watermark is not None, source.skew_seconds if known else None


def _card(row: Row[Any]) -> CardAbout:
    return CardAbout(number=row.number, rule=row.rule, level=row.level, state=row.state, since=row.since)


def _plain_marks(
    look: Look,
    policy: DevicePolicy,
    rows: Sequence[Row[Any]],
    skews: Mapping[str, float],
    cards: Mapping[str, Sequence[Row[Any]]],
) -> dict[str, datetime]:
    """How far the data of those devices are complete of which nothing is odd. Odd is: no heartbeat is owed or came, a
    clock that is not plainly right, a number that is missing, a loss that may move the mark. (Those of which an open
    row in quarantine holds the mark are not asked about.)
    """
    near = timedelta(seconds=policy.skew_untrusted_seconds / 2)
    found: dict[str, datetime] = {}
    asked: list[tuple[str, str, int, int]] = []
    prefixes = look.sources.prefixes
    for row in rows:
        if row.revoked_at is not None or row.watermark != "heartbeat" or row.proven_at is None or row.id not in skews:
            continue
        skew = timedelta(seconds=skews[row.id])
        if abs(skew) > near or any(card.rule == "device.skew" for card in cards.get(row.id, ())):
            continue
        mark = row.proven_at + skew
        if any(end > mark for _, end in look.sources.lost_spans(row.id)):
            continue
        if row.beat_last_seq is None:
            if look.sources.is_shared:
                continue
        elif row.beat_last_seq > 0:
            low = prefixes.at(row.id, row.beat_boot, look.now) + 1
            if low <= row.beat_last_seq:
                asked.append((row.id, row.beat_boot, low, row.beat_last_seq))
        found[row.id] = mark
    there = stored.stored_between(look.conn, asked) if asked else {}
    for device, boot, low, high in asked:
        if there.get(device, 0) == high - low + 1:
            prefixes.keep(device, boot, high, look.now)
        else:
            del found[device]  # a number is missing, or lies in quarantine: the judge's own way says what that means
    return found
