"""A replay as people and programs read it: counts by rule, unit and window, and the list of differences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from monitor.model import DEFAULT_ZONE, Level
from monitor.supervision.compare import Period, Standing
from monitor.supervision.views import stamp
from monitor.supervision.whatif import NOT_REPLAYED, Found, Replayed

COUNTS: Final = ("issued", "replayed", "same", "more", "fewer", "moved", "moved_in", "moved_out")
"""`issued` and `replayed` count cards that reached their level in the period. A card that moved across its edge is
`moved` and stands on one side only: `moved_in` on that of the replay, `moved_out` on that of what was issued. So
issued + more - fewer + moved_in - moved_out = replayed.
"""

Place: TypeAlias = tuple[str, str | None, str | None, str | None]
"""(rule, hall, unit, window)"""


def replay_json(found: Replayed, period: Period, zones: Mapping[str, str]) -> dict[str, Any]:
    """{"judged", "totals", "by", "differences", "failed", "not_replayed"}; instants in the zone of the card's hall."""
    places: dict[Place, list[Found]] = {}
    for one in [*found.same, *found.differences]:
        place = one.pair.place
        places.setdefault((one.pair.rule, place.hall, place.unit, place.window), []).append(one)
    ordered = sorted(places.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return {
        "judged": dict(found.judged),
        "totals": counted([*found.same, *found.differences], period),
        "by": [
            {"rule": rule, "hall": hall, "unit": unit, "window": window, **counted(mine, period)}
            for (rule, hall, unit, window), mine in ordered
        ],
        "differences": [difference_json(one, zones) for one in sorted(found.differences, key=_by_time)],
        "failed": [{"subject": {"kind": kind, "id": key}, "why": why} for kind, key, why in found.failed],
        "not_replayed": list(NOT_REPLAYED),
    }


def counted(found: Iterable[Found], period: Period) -> dict[str, Any]:
    """The counts of COUNTS, and those of each side by level."""
    counts: Counter[str] = Counter()
    levels: dict[str, Counter[str]] = {"issued": Counter(), "replayed": Counter()}
    for one in found:
        pair = one.pair
        counts[pair.change] += 1
        inside = {
            name: side is not None and period.holds(side.since)
            for name, side in (("issued", pair.issued), ("replayed", pair.replayed))
        }
        for name, side in (("issued", pair.issued), ("replayed", pair.replayed)):
            if side is not None and inside[name]:
                counts[name] += 1
                levels[name][side.level.word] += 1
        if pair.change == "moved" and inside["issued"] != inside["replayed"]:
            counts["moved_in" if inside["replayed"] else "moved_out"] += 1
    words = [level.word for level in Level]
    by_level = {name: {word: of[word] for word in words} for name, of in levels.items()}
    return {**{name: counts[name] for name in COUNTS}, "levels": by_level}


def difference_json(found: Found, zones: Mapping[str, str]) -> dict[str, Any]:
    """One line of the list."""
    pair, place = found.pair, found.pair.place
    zone = ZoneInfo(zones.get(place.hall or "", DEFAULT_ZONE))
    return {
        "change": pair.change,
        "cause": pair.cause,
        "rule": pair.rule,
        "subject": {"kind": found.kind, "id": found.key},
        "hall": place.hall,
        "unit": place.unit,
        "window": place.window,
        "issued": _standing(pair.issued, zone),
        "present": _standing(pair.present, zone),
        "replayed": _standing(pair.replayed, zone),
        "assumed": bool(pair.replayed and pair.replayed.assumed),
    }


def _standing(standing: Standing | None, zone: ZoneInfo) -> dict[str, Any] | None:
    if standing is None:
        return None
    charge = standing.charge
    shown = {
        "level": standing.level.word,
        "since": stamp(standing.since, zone),
        "unit": charge.unit,
        "window": charge.window,
        "staff": charge.staff,
    }
    if standing.number is not None:
        return {"number": standing.number, "historic": standing.historic, **shown}
    return {**shown, "reason": standing.code}


def _by_time(found: Found) -> tuple[str, str, str, str]:
    standing = found.pair.replayed or found.pair.issued
    assert standing is not None  # one of the two is there
    return found.pair.rule, standing.since.isoformat(), found.kind, found.key
