"""The faults of a run, drawn from the seed before it begins: printed, kept as JSON, and played again from there. Pure.

Times are real seconds since the devices were switched on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from torture.scenario import CASES, HALL

LINKS: Final = ("devices-broker", "daemon-broker", "daemon-database", "daemon-receivers")
MOODS: Final = ("slow", "fails", "lies", "resets")
FLOODS: Final = ("stranger", "no json", "too large", "wrong channel", "unknown channel", "retained")
KEPT_FREE: Final = 0.06
"""Of the run: nothing happens in its first and last part."""
REBOOTED_BY: Final = 0.7
"""Of the run: no device is switched off and on later than this."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`kind` as in `KINDS`; `what` it happens to; `seconds` until it is mended (0: it is over at once)."""

    at: float
    kind: str
    what: str = ""
    seconds: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = "".join(f" {name} {value:g}" for name, value in self.figures.items())
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.kind} {self.what}{figures}{lasts}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    seed: int
    seconds: float
    store: str
    """postgresql (two daemons) or sqlite (one)."""
    faults: tuple[Fault, ...]

    @property
    def kills(self) -> int:
        return sum(fault.kind in ("kill", "wrong start") for fault in self.faults)

    def counted(self) -> dict[str, int]:
        return dict(sorted(Counter(_named(fault) for fault in self.faults).items()))

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _named(fault: Fault) -> str:
    return f"{fault.kind} {fault.what}" if fault.kind in ("kill", "receiver", "flood") else _about(fault)


def _about(fault: Fault) -> str:
    return f"{fault.kind} {fault.what}" if fault.what in LINKS else fault.kind


def load(file: Path) -> Plan:
    """A plan that was saved. ValueError for a file that is none."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        faults = tuple(Fault(**fault) for fault in read.pop("faults"))
        return Plan(**read, faults=faults)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file}: 不是故障计划 is no plan of faults: {error}") from error


def daemons(store: str) -> tuple[str, ...]:
    return ("daemon-1", "daemon-2") if store == "postgresql" else ("daemon-1",)


def draw(seed: int, seconds: float, store: str, *, count: int, kills: int) -> Plan:
    """`count` faults of every kind there is, `kills` of them SIGKILLs at most; equal arguments give equal plans.

    Each kind comes in turn before one comes again, so that a short plan has each at least once.
    """
    rng = Random(f"{seed}/plan/{store}")
    first, last = KEPT_FREE * seconds, (1 - KEPT_FREE) * seconds
    most = max(1.0, min(12.0, seconds / 14))
    faults: list[Fault] = []
    while len(faults) < count:
        for make in rng.sample(_KINDS, len(_KINDS)):
            drawn = [fault for fault in make(rng, store, most) if len(faults) < count]
            kill = any(fault.kind in ("kill", "wrong start") for fault in drawn)
            spent = sum(fault.kind in ("kill", "wrong start") for fault in faults)
            if not kill or spent < kills:
                faults += [_placed(rng, fault, first, last) for fault in drawn]
    return Plan(seed=seed, seconds=seconds, store=store, faults=tuple(sorted(faults, key=lambda fault: fault.at)))


def _placed(rng: Random, fault: Fault, first: float, last: float) -> Fault:
    lasts = min(fault.seconds, last - first)
    if fault.kind == "reboot":  # the new boot's clock is known by its heartbeats: there have to come some
        last = REBOOTED_BY * last
    at = rng.uniform(first, max(first, last - lasts))
    return Fault(at=round(at, 2), kind=fault.kind, what=fault.what, seconds=round(lasts, 2), figures=fault.figures)


# --------------------------------------------------------------------------- the kinds


def _kill_daemon(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "kill", rng.choice(daemons(store)), most / 2)]


def _kill_broker(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "kill", "broker", most / 2)]


def _kill_database(rng: Random, store: str, most: float) -> Sequence[Fault]:
    """SQLite has no process to be killed: another writer holds its lock instead."""
    if store == "postgresql":
        return [_lasting(rng, "kill", "postgresql", most / 2)]
    return [_lasting(rng, "locked", "database", most)]


def _cut(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [Fault(at=0, kind="cut", what=_link(rng, store)), _lasting(rng, "refused", _link(rng, store), most)]


def _delayed(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "delayed", _link(rng, store), most, delay=round(rng.uniform(0.02, 0.25), 3))]


def _throttled(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "throttled", _link(rng, store), most, rate=rng.choice((4_000, 16_000, 64_000)))]


def _silent(rng: Random, store: str, most: float) -> Sequence[Fault]:
    """Half-open: connections stand, nothing goes through."""
    return [_lasting(rng, "silent", _link(rng, store), most)]


def _full(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "disk full", "store", most)]


def _step(rng: Random, store: str, most: float) -> Sequence[Fault]:
    """The host's clock jumps under a running daemon, and one is started while it is wrong."""
    jump = rng.choice((-86_400, -3_600, -120, 120, 3_600, 86_400))
    wrong = rng.choice((-15, -6, 6, 15))
    return [
        _lasting(rng, "host clock", rng.choice(daemons(store)), most, seconds_off=jump),
        _lasting(rng, "wrong start", rng.choice(daemons(store)), most / 2, minutes_off=wrong),
    ]


def _reboot(rng: Random, store: str, most: float) -> Sequence[Fault]:
    """A device is switched off and on, and its clock is wrong afterwards by up to minutes of the hall's time."""
    return [Fault(at=0, kind="reboot", what=_device(rng), figures={"seconds_off": rng.choice((-140, -45, 0, 45, 140))})]


def _away(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "device cut", _device(rng), most)]


def _held(rng: Random, store: str, most: float) -> Sequence[Fault]:
    """Events come late, and then in another order."""
    return [_lasting(rng, "held and shuffled", _device(rng), most)]


def _again(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [Fault(at=0, kind="sent again", what=_device(rng), figures={"events": rng.randint(3, 40)})]


def _flood(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [Fault(at=0, kind="flood", what=kind, figures={"messages": rng.randint(10, 60)}) for kind in FLOODS]


def _moody(rng: Random, store: str, most: float) -> Sequence[Fault]:
    return [_lasting(rng, "receiver", mood, most) for mood in MOODS]


_KINDS: Final = (
    _kill_daemon, _kill_broker, _kill_database, _cut, _delayed, _throttled, _silent, _full, _step, _reboot, _away,
    _held, _again, _flood, _moody, _kill_daemon,
)  # fmt: skip


def _lasting(rng: Random, kind: str, what: str, most: float, **figures: float) -> Fault:
    return Fault(at=0, kind=kind, what=what, seconds=rng.uniform(0.25, 1) * most, figures=figures)


def _link(rng: Random, store: str) -> str:
    return rng.choice([link for link in LINKS if store == "postgresql" or link != "daemon-database"])


def _device(rng: Random) -> str:
    """Any; those that tell of people are drawn more often."""
    common = (
        CASES,
        f"{HALL}-tm1",
        f"{HALL}-tm2",
        f"{HALL}-cam{rng.randint(1, 8):02}",
        f"{HALL}-ev{rng.randint(1, 12):02}",
    )
    return rng.choice(common)
