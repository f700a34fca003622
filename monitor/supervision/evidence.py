"""What a card was judged on, kept with it: facts, working-time steps, policy values, watermark (DESIGN §1E)."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from monitor import timeliness, trace
from monitor.attendance.facts import PostFacts, SlotFacts
from monitor.attendance.tallies import TallyFacts
from monitor.evaluators.facts import RatingFacts
from monitor.evaluators.ratings import explain_rating
from monitor.model import CardChange, Registry, Spell, Verdict
from monitor.settings import Policy
from monitor.store.facts.look import Loaded
from monitor.timeliness.facts import CaseFacts, TaskFacts
from monitor.workcal import Step


def explanation(loaded: Loaded, verdict: Verdict, change: CardChange, policy: Policy, now: datetime) -> dict[str, Any]:
    """{"facts", "steps", "policy", "watermark", "trace"} as JSON values; ids only, no names (DESIGN §1F). Of a case
    also "limit": the version of its item's limits and how they were counted; of a task which due holds. `trace`: the
    log's id of the newest event among the facts, where they hold one.
    """
    rule = change.spell.rule if change.spell else verdict.rule
    return {
        "facts": as_json(_near(loaded.facts, change.spell)),
        **_counted(loaded, rule, change.spell.episode if change.spell else None, policy, now),
        "policy": policy_values(rule, _own_policy(loaded.facts, verdict, policy)),
        "watermark": verdict.watermark.isoformat() if verdict.watermark else None,
        "trace": trace_of(_near(loaded.facts, change.spell)),
    }


def trace_of(facts: Any) -> str | None:
    """The trace id of the newest event among the facts; None where there is none, for then something did not happen."""
    if isinstance(facts, RatingFacts):
        return trace.of_event(facts.device, facts.key.removeprefix(f"{facts.device}/"))
    newest = max(_events(facts), key=lambda one: (one.received, one.source, one.id), default=None)
    return None if newest is None else trace.of_event(newest.source, newest.id.removeprefix(f"{newest.source}/"))


def _events(facts: Any) -> Iterator[Any]:
    """What devices and systems have said: whatever has an id, a source and a receipt, and was no person's word."""
    for name in _shown(type(facts)) or ():
        held = getattr(facts, name)
        for one in held if isinstance(held, tuple) else ():
            if isinstance(one, PostFacts):
                yield from _events(one)
            elif all(hasattr(one, key) for key in _SAID) and not one.id.startswith(("correction/", "spot/")):
                yield one


_SAID: Final = ("id", "source", "received")


def _counted(loaded: Loaded, rule: str, episode: str | None, policy: Policy, now: datetime) -> dict[str, Any]:
    """The arithmetic day by day, and the limit that it leads to."""
    facts, own, calendar = loaded.facts, policy.timeliness, loaded.calendar
    if isinstance(facts, CaseFacts) and calendar is not None:
        steps = timeliness.explain_limit(facts, own, calendar, now, rule, episode)
        return {"steps": _told(steps), "limit": timeliness.explain_item(facts, own, calendar, now)}
    if isinstance(facts, TaskFacts) and calendar is not None:
        steps = timeliness.explain_task(facts, own, calendar, now, episode)
        return {"steps": _told(steps), "limit": timeliness.explain_due(facts, own, calendar, now, episode)}
    if isinstance(facts, RatingFacts) and calendar is not None:
        return {"steps": _told(explain_rating(facts, policy.rating, calendar, now))}
    return {"steps": []}


def _told(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [step.to_json() for step in steps]


AROUND: Final = timedelta(minutes=5)


def _near(facts: Any, spell: Spell | None) -> Any:
    """Of a session's evidence what lies around the spell: a camera says the same thing hundreds of times a day. Of a
    tally nothing but whose it is: its entries are the figures of its reason, and a year has hundreds of slots.
    """
    if isinstance(facts, TallyFacts):
        return dataclasses.replace(facts, happened=(), sittings=())
    if not isinstance(facts, PostFacts) or spell is None:
        return facts
    start, end = spell.began - AROUND, (spell.cleared_at or spell.since) + AROUND
    return dataclasses.replace(
        facts,
        presences=tuple(p for p in facts.presences if start <= p.at <= end),
        signs=tuple(s for s in facts.signs if start <= s.at <= end),
        others=tuple(_near(other, spell) for other in facts.others),
    )


def _own_policy(facts: Any, verdict: Verdict, policy: Policy) -> Policy:
    """The policy with the values of the case's or task's hall and item, or of the preset that the person has."""
    if isinstance(facts, SlotFacts):
        return policy.model_copy(update={"checkin": policy.checkin.of(facts.own)}) if facts.own else policy
    if not isinstance(facts, CaseFacts | TaskFacts):
        return policy
    own = policy.timeliness.of(facts.hall, verdict.reason.figures.get("item"))
    return policy if own is policy.timeliness else policy.model_copy(update={"timeliness": own})


def policy_values(rule: str, policy: Policy) -> dict[str, Any]:
    """The keys of the policy section that the rule reads, with their values; not to be changed by the caller."""
    section = policy.section_of(rule)
    return _dumped(section, getattr(policy, section))


def _dumped(name: str, section: BaseModel) -> dict[str, Any]:
    """The values of a section, written once while it is in force: every card of the same policy says the same."""
    kept = _KEPT.get(name)
    if kept is None or kept[0] is not section:
        values = {f"{name}.{key}": value for key, value in section.model_dump(mode="json").items()}
        kept = _KEPT[name] = (section, values)
    return kept[1]


_KEPT: Final[dict[str, tuple[BaseModel, dict[str, Any]]]] = {}
"""The last section of each name, with its values."""


def as_json(value: Any) -> Any:
    """JSON values of facts; the registry is left out (the card names its place), instants become RFC 3339 text."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, enum.Enum):
        return value.name.lower() if isinstance(value, enum.IntEnum) else value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if (names := _shown(type(value))) is not None:
        fields = [(name, getattr(value, name)) for name in names]
        return {name: as_json(held) for name, held in fields if not isinstance(held, Registry)}
    if isinstance(value, Mapping):
        return {str(k): as_json(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):  # in one order, whatever a process makes of it
        return sorted((as_json(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [as_json(v) for v in value]
    return value


_PLAIN: Final = frozenset({str, int, float, bool})


def _shown(kind: type[Any]) -> tuple[str, ...] | None:
    """The fields of a value type that belong to its evidence; None: it is no such type."""
    if kind not in _SHOWN:
        is_value = dataclasses.is_dataclass(kind)
        _SHOWN[kind] = (
            tuple(f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")) if is_value else None
        )
    return _SHOWN[kind]


_SHOWN: Final[dict[type[Any], tuple[str, ...] | None]] = {}
"""Looked at once a type: a card of a case has hundreds of values."""
