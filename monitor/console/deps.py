"""What the HTTP side is given by the composition root; it knows no settings and starts nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from alerts.service import AlertService
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.policy import SlotPreset
from monitor.clock import Clock
from monitor.console.auditcheck import Verifier
from monitor.console.health import Health
from monitor.console.live import LiveBoards
from monitor.console.longwork import LongWork
from monitor.console.previews import Previews
from monitor.ingest.adapters import Adapters
from monitor.metrics import Metrics
from monitor.ops.selfcheck import SelfCheck
from monitor.settings import AssessmentSettings, ConsoleSettings, Policy, ScreenSettings
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.registry import RegistryCache
from monitor.supervision.facedesk import FaceDesk
from monitor.supervision.kiosk import Kiosks
from monitor.supervision.loop import Judge
from monitor.supervision.policies import Policies
from monitor.supervision.signin import SignIn

if TYPE_CHECKING:
    from monitor.supervision.openid import OpenId


@dataclass(frozen=True, kw_only=True, slots=True)
class Deps:
    """`max_body_bytes` is the setting `http.max_body_bytes`; `shared` whether `mqtt.shared_group` is set. `policies`:
    the policy in force, which may become another while this runs: `policy` and what follows from it are asked for each
    time. `presets` are what plans are checked against beside it. `face_keys` is the setting `faces.keys`. `heard` is
    called after a commit. `kiosks` is there where `kiosk.enabled` is set.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    health: Health
    registry: RegistryCache
    calendars: CalendarCache
    shared: bool = False
    max_body_bytes: int = 8 * 1024 * 1024
    policies: Policies = field(default_factory=Policies.fixed)
    policy_changed: Callable[[], None] = lambda: None
    """Called after a change of the policy was committed and taken here."""
    judge: Callable[[], Judge] | None = None
    """A judge that writes nothing by itself, for what-ifs; None: there are none."""
    long_work: LongWork = field(default_factory=LongWork)
    previews: Previews = field(default_factory=Previews)
    look: Callable[[Connection, datetime], Look] | None = None
    """A look at the store as the judge takes it; None: what is counted afresh is not served."""
    adapters: Callable[[], Adapters] = Adapters
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    presets: Mapping[str, SlotPreset] = field(default_factory=dict)
    kiosks: Kiosks | None = None
    https_port: int | None = None
    """Where the same is served by HTTPS: a browser gives a camera to no other page of another machine."""
    face_keys: Path | None = None
    desk: FaceDesk | None = None
    """None: no face can be enrolled here, for `faces.keys` is not set (`face_keys` None), or the extra is missing."""
    heard: Callable[[], None] = lambda: None
    made_sheets_days: int = 7
    """The setting `retention.made_sheets_days`."""
    sheet_asked: Callable[[], None] = lambda: None
    """Called after somebody asked for a sheet, so that it is begun at once."""
    boards: LiveBoards | None = None
    sign_in: SignIn | None = None
    """None: nobody signs in here, the pages of the console are not served."""
    alerts: AlertService | None = None
    """Routes, receivers and their channels; None: nothing is said of them."""
    verifier: Verifier | None = None
    """Verifies the audit; None: no key is set, nothing is sealed."""
    openid: OpenId | None = None
    """Set where `console.oidc.issuer` is."""
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    assessment: AssessmentSettings = field(default_factory=AssessmentSettings)
    """Templates of letters, and how circulars name people."""
    selfcheck: SelfCheck | None = None
    """The harmless part of `doctor`; None: it is not served."""
    receivers: Mapping[str, str] = field(default_factory=dict)
    """Masked address of each receiver of the settings, by its id."""

    @property
    def policy(self) -> Policy:
        """The policy in force; its version goes on cards by hand."""
        return self.policies.current.policy

    @property
    def bad_at_most(self) -> int:
        """Key `rating.bad_at_most`."""
        return self.policy.rating.bad_at_most

    @property
    def future(self) -> timedelta:
        """Key `device.future_seconds`."""
        return timedelta(seconds=self.policy.device.future_seconds)

    @property
    def workday_roles(self) -> frozenset[str]:
        """Key `roster.workday_roles`."""
        return frozenset(self.policy.roster.workday_roles)

    @property
    def face(self) -> FacePolicy:
        """`[policy.face]`"""
        return self.policy.face
