"""The disturbed run against the undisturbed one: what differs, a line each with the subject; empty when all is equal.

What may differ, and why, stands in `TRUE_OF_THE_RUN` and docs/reliability.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from torture.flood import REASON
from torture.outcome import TRUE_OF_THE_RUN, Outcome
from torture.run import Played

PROGRAM: Final = "program:"
"""The program's own source: tasks that it opens by itself (the assessment's)."""


@dataclass(kw_only=True)
class Compared:
    """`differences` is empty where the promise is kept; the figures are for the report."""

    differences: list[str]
    cards: int
    machine_cards: Counter[str]
    farthest: timedelta
    """The most that two equal cards' times lie apart: the devices' times are corrected by medians."""
    told: int
    repeated: int
    by_digest: int
    withdrawn: int
    """Cards about people that the program took back by itself: they had been issued, and never held."""


def compare(calm: Played, torn: Played, tolerance: timedelta) -> Compared:
    """`tolerance`: how far the times of two equal cards may lie apart."""
    farthest = Farthest()
    found = [
        *_cards(calm.outcome, torn.outcome, tolerance, farthest),
        *_sheets(calm.outcome, torn.outcome),
        *_ledgers(calm.outcome, torn.outcome),
        *_machine_cards(torn),
        *(f"{name}: {line}" for name, run in (("undisturbed", calm), ("disturbed", torn)) for line in sound(run)),
    ]
    found += _examined(torn.outcome)
    told = [t for t in torn.outcome.told if t.receiver == "hook"]
    messages = Counter(told)
    return Compared(
        differences=found,
        cards=len(_of_people(torn.outcome.cards)),
        machine_cards=Counter(card["rule"] for card in torn.outcome.cards if card["rule"] in TRUE_OF_THE_RUN),
        farthest=farthest.most,
        told=len(messages),
        repeated=len(told) - len(messages),
        by_digest=sum(item["purpose"] == "digest" for item in torn.outcome.items),
        withdrawn=sum(_is_withdrawn(card) for card in _of_people(torn.outcome.cards)),
    )


class Farthest:
    def __init__(self) -> None:
        self.most = timedelta(0)

    def see(self, apart: timedelta) -> None:
        self.most = max(self.most, apart)


# --------------------------------------------------------------------------- cards


def _of_people(cards: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Yellow and red ones about people, windows, cases: a reminder that was over before anybody looked leaves none.

    A rating's card is cleared when it is closed, which is when its people came to it.
    """
    return [card for card in cards if card["rule"] not in TRUE_OF_THE_RUN and card["level"] != "reminder"]


def _is_withdrawn(card: Mapping[str, Any]) -> bool:
    return any(step["event"] == "withdrawn" and step["actor"] == "system" for step in card["history"])


def _key(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What has to be the same, but for the times."""
    charged = (str(card[name] or "-") for name in ("hall", "unit", "window", "staff"))
    ended = "cleared" if card["cleared_at"] else "stands"
    subject = f"{card['subject']['kind']}:{card['subject']['id']}"
    worked = (str(card["appeal"] or "-"), str(card["followup"] or "-"))
    return (subject, card["rule"], card["level"], card["state"], ended, *charged, *worked)


def numbers(differences: Iterable[str]) -> list[int]:
    """The cards of the disturbed run that the differences name."""
    there = (text.rpartition(", disturbed ")[2] for text in differences if not text.startswith("undisturbed"))
    return sorted({int(found) for text in there for found in re.findall(r"#(\d+)", text)})


def _cards(calm: Outcome, torn: Outcome, tolerance: timedelta, farthest: Farthest) -> Iterator[str]:
    expected, found = _by_key(calm), _by_key(torn)
    for key in sorted(expected.keys() | found.keys()):
        here, there = expected.get(key, []), found.get(key, [])
        if len(here) != len(there):
            who = f"undisturbed {_numbers(here)}, disturbed {_numbers(there)}"
            yield f"card {' '.join(key)}: {who}"
            continue
        for one, other in zip(here, there, strict=True):
            for name in ("since",) if one["rule"] == "rating.bad" else ("since", "cleared_at"):
                apart = _apart(one[name], other[name])
                farthest.see(apart)
                if apart > tolerance:
                    yield f"card {' '.join(key)}: {name} {one[name]} undisturbed, {other[name]} disturbed"


def _by_key(outcome: Outcome) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for card in sorted(_of_people(outcome.cards), key=lambda c: c["since"]):
        found.setdefault(_key(card), []).append(card)
    return found


def _numbers(cards: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(f"#{card['number']} since {card['since']}" for card in cards) or "none"


def _apart(one: str | None, other: str | None) -> timedelta:
    if one is None or other is None:
        return timedelta(0)
    return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other))


def _machine_cards(torn: Played) -> Iterator[str]:
    """No card about a machine charges a person."""
    for card in torn.outcome.cards:
        if card["rule"] in TRUE_OF_THE_RUN and card["staff"]:
            yield f"card #{card['number']} {card['rule']} charges {card['staff']}"


# --------------------------------------------------------------------------- attendance and ledgers


def _sheets(calm: Outcome, torn: Outcome) -> Iterator[str]:
    if calm.attendance == torn.attendance:
        return
    yield f"attendance: {len(calm.attendance)} bytes undisturbed, {len(torn.attendance)} disturbed"
    here, there = (sheet.decode("utf-8-sig").splitlines() for sheet in (calm.attendance, torn.attendance))
    yield from (f"attendance undisturbed: {line}" for line in here if line not in there)
    yield from (f"attendance disturbed:   {line}" for line in there if line not in here)


def _ledgers(calm: Outcome, torn: Outcome) -> Iterator[str]:
    for name, here, there in (
        ("ledger entry", calm.entries, torn.entries),
        ("ledger proposal", calm.proposals, torn.proposals),
    ):
        less, more = Counter(here) - Counter(there), Counter(there) - Counter(here)
        yield from (f"{name} missing in the disturbed run: {' '.join(map(str, key))}" for key in sorted(less))
        yield from (f"{name} only in the disturbed run: {' '.join(map(str, key))}" for key in sorted(more))


# --------------------------------------------------------------------------- one run by itself


def sound(run: Played) -> Iterator[str]:
    """What every run has to keep, disturbed or not."""
    outcome = run.outcome
    yield from _events(run)
    yield from _quarantine(run)
    yield from _alerts(outcome)
    if outcome.unplanned or outcome.pending:
        yield f"{outcome.unplanned} notices not planned, {outcome.pending} deliveries under way"
    if outcome.judged_late:
        yield f"judge --as-of still changed {outcome.judged_late} cards"
    yield from (f"judging fails: {line}" for line in outcome.failing)
    yield from (f"the broker lost events and the program does not see it: {hole}" for hole in run.unknown_holes)
    yield from (f"ended by itself: {line}" for line in run.ended)


def _examined(torn: Outcome) -> Iterator[str]:
    """What the examinations of the disturbed store say against it."""
    audit = torn.audit
    if audit["status"] != 0 or not audit["ok"] or audit["unsealed"] or not audit["rows"]:
        yield f"audit verify: {dict(audit)}"
    yield from (f"doctor: {line}" for line in torn.doctor)


def _events(run: Played) -> Iterator[str]:
    stored = run.outcome.events
    for device, event in sorted(run.events - stored.keys()):
        yield f"event of {device} not stored: {event}"
    for device, event in sorted(stored.keys() - run.events):
        if device.startswith(PROGRAM):
            continue
        yield f"event of {device} stored that nobody sent: {event}"
    yield from (f"event of {d} stored {n} times: {e}" for (d, e), n in stored.items() if n > 1)


def _quarantine(run: Played) -> Iterator[str]:
    wanted = {(one.digest, REASON[one.kind]): one for one in run.bad}
    anew = {(one.digest, "retained") for one in run.bad if one.retain}
    found = run.outcome.held
    for key, one in wanted.items():
        if key not in found:
            yield f"malformed message ({one.kind}) of {one.device} is not in quarantine as {key[1]}"
    for (digest, reason), count in found.items():
        if (digest, reason) not in wanted and (digest, reason) not in anew and reason != "future":
            yield f"in quarantine as {reason}, which nobody sent: {digest[:12]}"
        if count > 1:
            yield f"in quarantine {count} times as {reason}: {digest[:12]}"


def _alerts(outcome: Outcome) -> Iterator[str]:
    """Everything planned arrived; what stands was told at its present level; nothing was over before it was told."""
    arrived = {(t.card, t.sequence, t.kind) for t in outcome.told if t.receiver == "hook"}
    robot = {t.card for t in outcome.told if t.receiver == "robot"}
    desk = {t.card for t in outcome.told if t.receiver == "desk"}
    for item in outcome.items:
        card, state = item["card"], item["state"]
        if item["purpose"] == "digest" or item["kind"] == "digest" or state is None:
            continue
        kind = "resolved" if item["purpose"] == "resolved" else "firing"
        to = item["address"]
        if state == "sent" and to == "hook" and (card, item["sequence"], kind) not in arrived:
            yield f"notice {item['sequence']} of card #{card} ({kind}) counts as sent and never arrived"
        elif state == "sent" and to == "robot" and card not in robot:
            yield f"card #{card} counts as told to the robot, which never took it"
        elif state == "dead" and card not in desk:
            yield f"card #{card} was given up at {to} and not told to the one who stands in"
        elif state not in ("sent", "dead", "dropped"):
            yield f"notice {item['sequence']} of card #{card} to {to} is {state}"
    yield from _untold(outcome)
    yield from _order(outcome)


def _untold(outcome: Outcome) -> Iterator[str]:
    """Of the warnings that stand, those whose present level nobody was told of."""
    planned = {(item["card"], item["sequence"]) for item in outcome.items if item["address"] == "hook"}
    for card in outcome.cards:
        if card["level"] == "reminder" or card["cleared_at"] or card["state"] in ("closed", "withdrawn"):
            continue
        levels = [n for n, step in enumerate(card["history"], 1) if step["event"] in ("issued", "upgraded")]
        if (card["number"], levels[-1]) not in planned:
            yield f"card #{card['number']} {card['rule']} {card['level']} stands and nobody was told"


def _order(outcome: Outcome) -> Iterator[str]:
    fired: set[int] = set()
    for told in outcome.told:
        if told.receiver == "hook" and told.kind == "firing":
            fired.add(told.card)
        elif told.receiver == "hook" and told.kind == "resolved" and told.card not in fired:
            yield f"card #{told.card} was told as over before it was told at all"
