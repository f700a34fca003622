"""What so many halls need (容量模型): events, rows, disk, cores, connections, from stated inputs and measured costs.

Pure. `Place` is what a planner fills in, `Costs` what `make scale` measured on one machine (docs/scaling.json); every
figure that follows is an arithmetic of the two, and is checked against the run itself (`check`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scale.traffic import MIX

MINUTES_A_DAY: Final = 1_440
WORKDAYS: Final = 248
"""Of 2026."""
DAYS: Final = 365
KINDS: Final = ("presence", "case", "rating", "duty", "checkin")
FACTS: Final = {
    "presence": "presence", "case": "case_event", "rating": "rating", "duty": "duty", "checkin": "checkin",
}  # fmt: skip
"""The table of each channel's facts."""
CORE_USED: Final = 0.5
"""How much of a core may be in use in the peak hour: the rest is for bursts, backlogs and everything else."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """So many halls, and what one of them is like. Rates are of a day of work; heartbeats come day and night."""

    halls: int = 1
    windows: int = 50
    staff: int = 100
    gates: int = 4
    presence_seconds: float = 30
    """A camera tells so often, in service hours."""
    heartbeat_seconds: float = 60
    service_hours: float = 6.5
    cases: float = 1_000
    """Begun a day, in a hall: 20 at a window."""
    case_events: float = 4
    ratings: float = 500
    duties: float = 200
    """Sign-ons, breaks and sign-offs."""
    checkins: float = 4
    """A person and day."""
    peak: float = 1.6
    """The busiest hour of what people do against the mean of the service hours."""
    retention_days: int = DAYS
    """How long messages as they came, facts and heartbeats are kept."""
    replicas: int = 2
    bridged: bool = True
    """Whether a hall's devices come by its own broker, over one connection."""

    @property
    def devices(self) -> int:
        """Of all halls: evaluator and camera a window, terminals, a feed of cases."""
        return self.halls * (2 * self.windows + self.gates + 1)

    def events_a_day(self) -> dict[str, float]:
        """By channel, of a day of work, all halls."""
        of_hall = {
            "presence": self.windows * self.service_hours * 3_600 / self.presence_seconds,
            "case": self.cases * self.case_events,
            "rating": self.ratings,
            "duty": self.duties,
            "checkin": self.staff * self.checkins,
        }
        return {channel: self.halls * count for channel, count in of_hall.items()}

    @property
    def beats_a_day(self) -> float:
        return self.devices * MINUTES_A_DAY * 60 / self.heartbeat_seconds

    @property
    def beats_a_second(self) -> float:
        return self.devices / self.heartbeat_seconds


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Measured: bytes a row with its indexes; CPU of a message, an event or a heartbeat, in µs, judging with it."""

    bytes_a_row: Mapping[str, float]
    """By table."""
    broker_us: float
    database_us: float
    replicas_us: float
    subjects_a_day: Mapping[str, float]
    """Rows of `subject` that a day makes beside cases and ratings: by staff and by window."""
    broker_kb_a_connection: float
    replica_mb: float
    replica_kb_a_device: float

    @property
    def machine_us(self) -> float:
        return self.broker_us + self.database_us + self.replicas_us


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a place needs. Rows and disk are of `retention_days`; cores leave half of each unused in the peak hour."""

    devices: int
    events_a_workday: float
    messages_mean: float
    """A second over service hours, heartbeats with them."""
    messages_peak: float
    rows_a_year: Mapping[str, float]
    disk_gb: float
    disk_gb_without_old_beats: float
    """The same where heartbeats are kept for 90 days."""
    broker_cores: float
    database_cores: float
    replica_cores: float
    connections: int
    replica_memory_mb: float

    @property
    def cores(self) -> float:
        return self.broker_cores + self.database_cores + self.replica_cores


def rows_of(
    events: Mapping[str, float], beats: float, place: Place, days: float, made: Mapping[str, float]
) -> dict[str, float]:
    """Rows by table that so many events (by channel) and heartbeats write; `made`: subjects a day by staff, window."""
    found = {"raw_event": sum(events.values()), "heartbeat": beats}
    found |= {FACTS[channel]: count for channel, count in events.items()}
    found["case_stat"] = events["case"] / place.case_events
    found["subject"] = (
        found["case_stat"]
        + events["rating"]
        + days * place.halls * (place.staff * made["staff"] + place.windows * made["window"])
    )
    return found


def needs(place: Place, costs: Costs) -> Needs:
    day = place.events_a_day()
    service = place.service_hours * 3_600
    acted = sum(count for channel, count in day.items() if channel != "presence")
    mean = sum(day.values()) / service + place.beats_a_second
    peak = day["presence"] / service + place.peak * acted / service + place.beats_a_second
    workdays = WORKDAYS * place.retention_days / DAYS
    year = rows_of({c: n * WORKDAYS for c, n in day.items()}, place.beats_a_day * DAYS, place, WORKDAYS,
                   costs.subjects_a_day)  # fmt: skip
    kept = rows_of({c: n * workdays for c, n in day.items()}, place.beats_a_day * place.retention_days, place, workdays,
                   costs.subjects_a_day)  # fmt: skip
    disk = {table: rows * costs.bytes_a_row[table] for table, rows in kept.items()}
    beats = disk["heartbeat"] * min(1.0, 90 / place.retention_days)
    parts = {"broker": costs.broker_us, "database": costs.database_us, "replicas": costs.replicas_us}
    used = {name: peak * us / 1e6 / CORE_USED for name, us in parts.items()}
    return Needs(
        devices=place.devices, events_a_workday=sum(day.values()), messages_mean=mean, messages_peak=peak,
        rows_a_year=year, disk_gb=sum(disk.values()) / 1e9,
        disk_gb_without_old_beats=(sum(disk.values()) - disk["heartbeat"] + beats) / 1e9,
        broker_cores=used["broker"], database_cores=used["database"], replica_cores=used["replicas"],
        connections=(place.halls if place.bridged else place.devices) + place.replicas,
        replica_memory_mb=costs.replica_mb + costs.replica_kb_a_device * place.devices / 1e3,
    )  # fmt: skip


# --------------------------------------------------------------------------- measured, and checked


def costs_of(run: Mapping[str, Any], at_rest_mb: float) -> Costs:
    """From what `make scale` measured; `at_rest_mb`: what the daemon holds with the demo's hall (make bench)."""
    steady = run["steady"]
    used = steady["cpu_us_a_message"]
    return Costs(
        bytes_a_row={name: table["bytes_a_row"] for name, table in run["tables"].items()},
        broker_us=used["broker"], database_us=used["database"], replicas_us=used["replicas"],
        subjects_a_day=run["subjects_a_day"], broker_kb_a_connection=run["broker_kb_a_connection"],
        replica_mb=at_rest_mb,
        replica_kb_a_device=max(0.0, run["memory_mb"]["replicas"] / run["replicas"] - at_rest_mb)
        / run["place"]["devices"] * 1e3,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One figure as the model says and as it was measured. `within`: the tolerance that is stated for it."""

    name: str
    predicted: float
    measured: float
    within: float

    @property
    def off(self) -> float:
        return abs(self.predicted - self.measured) / self.measured if self.measured else float(self.predicted != 0)

    @property
    def holds(self) -> bool:
        return self.off <= self.within


def check(run: Mapping[str, Any], costs: Costs) -> list[Checked]:
    """The burst as the model says it, from what was asked for and the costs of the steady flow before it: nothing of
    the burst went into them.

    From its beginning until all that it made due is judged. Rows follow from rate, mix, devices and time; bytes from
    them and the bytes a row of what stood before: pages are filled as they come and indexes split, hence a quarter. CPU
    a message differs in a burst: what a batch costs by itself is shared by more; half, therefore.
    """
    settled, asked = run["settled"], run["asked"]
    wanted = asked["burst_rate"] * asked["burst_seconds"]
    events = {channel: wanted * MIX.count(channel) / len(MIX) for channel in KINDS}
    place = Place(halls=run["place"]["halls"], windows=run["place"]["windows"], case_events=run["case_events"])
    rows = rows_of(events, place.beats_a_second * settled["wall_s"], place, 0, costs.subjects_a_day)
    written = [*FACTS.values(), "raw_event", "heartbeat"]
    size = sum(rows[name] * costs.bytes_a_row[name] for name in written)
    messages = wanted + rows["heartbeat"]
    found = [
        Checked(name=f"rows of {name}", predicted=rows[name], measured=settled["rows"].get(name, 0),
                within=0.1 if name == "heartbeat" else 0.02)
        for name in written
    ]  # fmt: skip
    bytes_ = sum(run["tables"][name]["burst_bytes"] for name in written)
    cpu = messages * costs.machine_us / 1e6
    return [
        *found,
        Checked(name="bytes of the burst", predicted=size, measured=bytes_, within=0.25),
        Checked(name="CPU seconds of the burst", predicted=cpu, measured=settled["cpu_s"], within=0.5),
    ]
