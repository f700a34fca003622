"""What the HTTP side is given by the composition root; it knows no settings and starts nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.policy import SlotPreset
from monitor.clock import Clock
from monitor.console.health import Health
from monitor.console.live import LiveBoards
from monitor.ingest.adapters import Adapters
from monitor.ingest.check import FUTURE
from monitor.metrics import Metrics
from monitor.ops.selfcheck import SelfCheck
from monitor.settings import ConsoleSettings, Policy
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.registry import RegistryCache
from monitor.supervision.facedesk import FaceDesk
from monitor.supervision.kiosk import Kiosks
from monitor.supervision.signin import SignIn

if TYPE_CHECKING:
    from monitor.supervision.openid import OpenId


@dataclass(frozen=True, kw_only=True, slots=True)
class Deps:
    """`bad_at_most` is the policy key `rating.bad_at_most`, `future` is `device.future_seconds`; `max_body_bytes` the
    setting `http.max_body_bytes`; `shared` whether `mqtt.shared_group` is set; `policy` is in force, its version goes
    on cards by hand. `presets` and `workday_roles` (key `roster.workday_roles`) are what plans are checked against.
    `face` is `[policy.face]`, `face_keys` the setting `faces.keys`. `heard` is called after a commit. `kiosks` is there
    where `kiosk.enabled` is set.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    health: Health
    registry: RegistryCache
    calendars: CalendarCache
    bad_at_most: int = 2
    future: timedelta = FUTURE
    shared: bool = False
    max_body_bytes: int = 8 * 1024 * 1024
    policy: Policy = field(default_factory=Policy)
    look: Callable[[Connection, datetime], Look] | None = None
    """A look at the store as the judge takes it; None: what is counted afresh is not served."""
    adapters: Callable[[], Adapters] = Adapters
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    presets: Mapping[str, SlotPreset] = field(default_factory=dict)
    workday_roles: frozenset[str] = frozenset()
    kiosks: Kiosks | None = None
    https_port: int | None = None
    """Where the same is served by HTTPS: a browser gives a camera to no other page of another machine."""
    face: FacePolicy = field(default_factory=FacePolicy)
    face_keys: Path | None = None
    desk: FaceDesk | None = None
    """None: no face can be enrolled here, for `faces.keys` is not set (`face_keys` None), or the extra is missing."""
    heard: Callable[[], None] = lambda: None
    boards: LiveBoards | None = None
    sign_in: SignIn | None = None
    """None: nobody signs in here, the pages of the console are not served."""
    openid: OpenId | None = None
    """Set where `console.oidc.issuer` is."""
    selfcheck: SelfCheck | None = None
    """The harmless part of `doctor`; None: it is not served."""
    receivers: Mapping[str, str] = field(default_factory=dict)
    """Masked address of each receiver of the settings, by its id."""
