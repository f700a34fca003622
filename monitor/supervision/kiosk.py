"""A kiosk (签到终端): whom it serves, check-ins by PIN, and what was recorded under an id before (docs/adr/0034)."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection, Row

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.policy import CheckinPolicy
from monitor.clock import Clock
from monitor.metrics import AttemptResult
from monitor.model import Registry
from monitor.settings import KioskSettings
from monitor.store import audit, kiosks
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.supervision.kioskplace import OBJECT, Place, refused, serves
from monitor.supervision.pins import Tried, try_pin

if TYPE_CHECKING:
    from monitor.supervision.kioskfaces import KioskFaces

KEPT_MOST: Final = 500
"""Check-ins that a page keeps while the network is away."""
PINS_A_MINUTE: Final = 60
"""PINs that one kiosk may try in a minute; a queue of people needs a third of that."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A check-in that is stored. `name` is there only where PIN or face showed who it is."""

    state: Literal["done", "review"]
    staff: str | None
    name: str | None
    at: datetime
    method: str


class Kiosks:
    """What the kiosks of one daemon share. `faces` is there where faces can be compared; `told` counts outcomes."""

    def __init__(
        self, *, store: Store, clock: Clock, registry: RegistryCache, settings: KioskSettings, policy: FacePolicy,
        checkin: CheckinPolicy, told: Callable[[AttemptResult], None], faces: KioskFaces | None = None,
        pins_a_minute: int = PINS_A_MINUTE,
    ) -> None:  # fmt: skip
        self.store, self.clock, self.settings, self.policy = store, clock, settings, policy
        self.told, self.faces = told, faces
        self._checkin = checkin
        self._registry = registry
        self._rate = _Rate(pins_a_minute)

    def use(self, policy: FacePolicy, checkin: CheckinPolicy) -> None:
        """Another policy is in force: for check-ins that begin from now on; those under way keep theirs."""
        self.policy, self._checkin = policy, checkin
        if self.faces is not None:
            self.faces.use(policy)

    def registry(self) -> Registry:
        with self.store.read() as conn:
            return self._registry.get(conn)

    def place(self, device: str, actor: str) -> Place:
        """Raises Refused for a device that is no terminal in service."""
        registry = self.registry()
        known = registry.devices.get(device)
        hall = registry.halls.get(known.hall) if known is not None else None
        if known is None or hall is None or known.kind != "terminal" or not known.allows("checkin"):
            raise refused("kiosk.device", sort="role")
        return Place(device=device, hall=hall.id, hall_name=hall.name or hall.id, zone=hall.zone, actor=actor)

    def require_served(self, place: Place, staff: str) -> None:
        """Refuse a number that does not check in here, in the same words whatever the cause: no stranger learns who
        works where.
        """
        if not serves(self.registry(), place.device, staff):
            raise refused("kiosk.staff", sort="missing", field="staff")

    def repeated(self, place: Place, event: str, staff: str | None) -> Settled | None:
        """What was answered to this id before. Raises Refused where it was another person's."""
        with self.store.read() as conn:
            row = kiosks.checkin_of(conn, place.device, event)
            if row is None:
                return None
            if staff is not None and row.staff != staff:
                raise refused("kiosk.other", sort="state", field="id")
            return settled(conn, row, self._checkin, named=staff is not None)

    def try_pin(self, place: Place, event: str, staff: str, pin: str, *, kept: bool) -> Tried:
        """Count, look, record. Raises Refused (code pin.too_many) where the kiosk tries too many."""
        now = self.clock.now()
        if not kept:
            self._rate.take(place, now)

        def note(conn: Connection, tried: Tried) -> None:
            body = {"id": event, "staff": staff, "way": "pin", "result": tried.result, "kept": kept}
            audit.record(conn, now, place.actor, "kiosk.attempt", OBJECT, place.device, body)

        tried = try_pin(self.store, staff, pin, now, note)
        self.told(_PIN[tried.result])
        return tried

    def name_of(self, staff: str) -> str:
        with self.store.read() as conn:
            return kiosks.name_of(conn, staff)

    def boot_of(self, place: Place) -> str:
        """The boot by whose heartbeats the times of this kiosk's events are corrected, where a page names none."""
        with self.store.read() as conn:
            return kiosks.latest_boot(conn, place.device)


_PIN: Final[dict[str, AttemptResult]] = {"right": "pin_right", "wrong": "pin_wrong", "locked": "pin_locked"}


def settled(conn: Connection, row: Row[Any], policy: CheckinPolicy, *, named: bool) -> Settled:
    """A stored check-in as it is answered: for review is what the judge of slots will take so. Then nobody is named;
    `named`: the number was given, not found.
    """
    if policy.doubts(row.distance, row.liveness):
        return Settled(state="review", staff=row.staff if named else None, name=None, at=row.at, method=row.method)
    name = kiosks.name_of(conn, row.staff)
    return Settled(state="done", staff=row.staff, name=name, at=row.at, method=row.method)


class _Rate:
    """So many a minute for each kiosk."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def take(self, place: Place, now: datetime) -> None:
        with self._lock:
            taken = self._taken[place.device]
            while taken and not now - MINUTE < taken[0] <= now:
                taken.popleft()
            if len(taken) >= self._most:
                until = (taken[0] + MINUTE).isoformat()
                raise refused("pin.too_many", sort="state", zone=place.zone, until=until)
            taken.append(now)
