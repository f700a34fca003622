"""Device health: silence and wrong clocks (DESIGN §3.1, §5). A device's card accuses nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.evaluators.facts import Beat, DeviceFacts
from monitor.evaluators.policy import DevicePolicy
from monitor.evaluators.silence import Ladder, Silence, heard_beats, ladder_of, levels_reached
from monitor.model import ALWAYS, Level, Outcome, Reason, Spell, Verdict
from monitor.workcal import WorkCalendar

SILENT = "device.silent"
SKEW = "device.skew"
SOON = timedelta(seconds=2)
"""When it is looked again at what was just being stored."""


def judge_silent(facts: DeviceFacts, policy: DevicePolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`device.silent`: reminder after 2 intervals at any hour; yellow after 3 and red after 30 minutes of service time.

    Every gap between two heartbeats is a silence, and so is the time since the last one. While the path to the broker
    is down, or what was just heard is not stored yet, only what was heard before is judged: the present silence is
    unknown and an open card is left alone.
    Data declared lost stay silence: the card is about the device, not about what it would have said.
    """
    if facts.retired or not facts.owes_heartbeats:
        outcome = Outcome.CLOSED if facts.retired else Outcome.UNWATCHED
        return Verdict(outcome=outcome, judged_to=now, rule=SILENT)
    *ended, present = _silences(facts, heard_beats(facts, now))
    brief = policy.least_silence()
    past = [
        _silent_spell(silence, ladder_of(silence, facts, policy, calendar), facts, policy, now)
        for silence in ended
        if silence.longer_than(brief)
    ]
    spells = tuple(spell for spell in past if spell)
    if not facts.path_up:
        return Verdict(outcome=Outcome.UNKNOWN, judged_to=min(present.start, now), spells=spells, rule=SILENT)
    ladder = ladder_of(present, facts, policy, calendar)
    spell = _silent_spell(present, ladder, facts, policy, now)
    if spell and facts.in_hand:
        start = min(present.start, now)
        return Verdict(outcome=Outcome.UNKNOWN, judged_to=start, next_check_at=now + SOON, spells=spells, rule=SILENT)
    if spell:
        return Verdict(
            outcome=Outcome(spell.level.word),
            judged_to=now,
            next_check_at=_first_after(now, ladder),
            spells=(*spells, spell),
            reason=spell.reason,
            rule=SILENT,
            judged_from=_known_from(facts),
        )
    # counted from the path's return nothing is reached yet; a card that was issued before it is not disproved by that
    unbroken = ladder_of(present, replace(facts, heard_since=None), policy, calendar)
    doubtful = bool(levels_reached(unbroken, None, now))
    return Verdict(
        outcome=Outcome.UNKNOWN if doubtful else Outcome.OK,
        judged_to=present.start if doubtful else now,
        next_check_at=_first_after(now, ladder if doubtful else unbroken[:1]),
        calm_until=None if doubtful else _first_after(now, unbroken[:1]),
        spells=spells,
        rule=SILENT,
        judged_from=_known_from(facts),
    )


def _known_from(facts: DeviceFacts) -> datetime | None:
    """From when on every silence is seen; None where the path's own outages make that uncertain."""
    broken = facts.deaf or (facts.heard_since is not None and facts.heard_since > facts.since)
    return None if broken else facts.since


def _first_after(now: datetime, ladder: Ladder) -> datetime | None:
    return min((at for _, at in ladder if at > now), default=None)


def judge_skew(facts: DeviceFacts, policy: DevicePolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`device.skew`: yellow and no other level, while the latest boot's clock is too wrong to prove anything by it.

    It ends with a boot, or a longer look, that shows a better clock: then no spell is returned.
    """
    skew, known_at = facts.skew_seconds, facts.skew_known_at
    if facts.retired:
        return Verdict(outcome=Outcome.CLOSED, judged_to=now, rule=SKEW)
    if skew is None or known_at is None or abs(skew) <= policy.skew_untrusted_seconds:
        return Verdict(outcome=Outcome.OK, judged_to=now, calm_until=ALWAYS, rule=SKEW)
    if known_at > now:
        return Verdict(outcome=Outcome.OK, judged_to=now, next_check_at=known_at, rule=SKEW)
    reason = Reason(
        code="device.skew",
        figures={
            "device": facts.id,
            "direction": "slow" if skew > 0 else "fast",
            "skew_seconds": round(abs(skew)),
            "limit_seconds": policy.skew_untrusted_seconds,
        },
    )
    spell = Spell(
        rule=SKEW,
        levels=((Level.YELLOW, known_at),),
        began=known_at,
        charge=facts.registry.charge(device=facts.id),
        reason=reason,
    )
    return Verdict(outcome=Outcome.YELLOW, judged_to=now, spells=(spell,), reason=reason, rule=SKEW)


def _silences(facts: DeviceFacts, beats: Sequence[Beat]) -> list[Silence]:
    """The gaps between heartbeats in order; the last is the one that still runs."""
    if not beats:
        return [Silence(start=facts.since, end=None, heard=False)]
    before = Silence(start=facts.since, end=beats[0].at, heard=False)
    between = [Silence(start=a.at, end=b.at, heard=True) for a, b in pairwise(beats)]
    return [before, *between, Silence(start=beats[-1].at, end=None, heard=True)]


def _silent_spell(
    silence: Silence, ladder: Ladder, facts: DeviceFacts, policy: DevicePolicy, now: datetime
) -> Spell | None:
    levels = levels_reached(ladder, silence.end, now)
    if not levels:
        return None
    level = levels[-1][0]
    figures: dict[str, object] = {"device": facts.id, "heartbeat_seconds": policy.heartbeat_seconds}
    figures["last_beat" if silence.heard else "expected_from"] = silence.start.isoformat()
    if level is Level.RED:
        figures["minutes"] = policy.red_minutes
    else:
        figures["missed"] = policy.yellow_intervals if level is Level.YELLOW else policy.reminder_intervals
    return Spell(
        rule=SILENT,
        levels=levels,
        began=silence.start,
        charge=facts.registry.charge(device=facts.id),
        reason=Reason(code=_SILENT_CODES[level], figures=figures),
        cleared_at=silence.end,
    )


_SILENT_CODES = {
    Level.REMINDER: "device.heartbeats_missed",
    Level.YELLOW: "device.heartbeats_missed_in_service",
    Level.RED: "device.silent_in_service",
}
