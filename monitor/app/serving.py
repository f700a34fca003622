"""What the HTTP side is given of an opened program (DESIGN §2: wired in by `app`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from alerts.service import AlertService
from monitor.app.alerting import alert_service, masked_receivers
from monitor.app.faces import make_desk
from monitor.app.kiosks import make_kiosks
from monitor.app.program import Program
from monitor.console.auditcheck import Verifier
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.live import LiveBoards
from monitor.console.longwork import LongWork
from monitor.console.previews import Previews
from monitor.metrics import Metrics
from monitor.ops.selfcheck import SelfCheck
from monitor.store.facts.look import Look
from monitor.supervision.policies import InForce
from monitor.supervision.signin import SignIn

if TYPE_CHECKING:
    from monitor.ops.doctor import Finding
    from monitor.supervision.openid import OpenId


def deps_of(
    program: Program, *, metrics: Metrics, health: Health, look: Callable[[Connection, datetime], Look],
    heard: Callable[[], None], parts: ExitStack, policy_changed: Callable[[], None] = lambda: None,
    sheet_asked: Callable[[], None] = lambda: None,
    alerts: AlertService | None = None,
) -> Deps:  # fmt: skip
    """`policy_changed` is called after a change of the policy was taken here: other replicas are to look. `look`: one
    look at the store as the judge takes it; what has to be ended is put on `parts`.
    """
    settings = program.settings
    policies = program.policies
    boards = LiveBoards(program.store, program.clock, look, policies.current.policy.post)
    parts.callback(boards.close)
    kiosks = make_kiosks(program, metrics, parts)

    def use(found: InForce) -> None:
        boards.use(found.policy.post)
        if kiosks is not None:
            kiosks.use(found.policy.face, found.policy.checkin)

    policies.told.append(use)
    long_work = LongWork()
    parts.callback(long_work.close)
    previews = Previews()
    parts.callback(previews.close)
    return Deps(
        presets=settings.presets,
        store=program.store,
        clock=program.clock,
        metrics=metrics,
        health=health,
        registry=program.registry,
        calendars=program.calendars,
        shared=program.is_shared,
        max_body_bytes=settings.http.max_body_bytes,
        face_keys=Path(keys) if (keys := settings.faces.keys) else None,
        policies=policies,
        policy_changed=policy_changed,
        judge=program.judge,
        long_work=long_work,
        previews=previews,
        look=look,
        adapters=program.adapters,
        heard=heard,
        made_sheets_days=settings.retention.made_sheets_days,
        sheet_asked=sheet_asked,
        boards=boards,
        sign_in=SignIn(program.store, program.clock.real_now, settings.console),
        console=settings.console,
        openid=_openid(program),
        alerts=alerts if alerts is not None else _alerts(program, parts),
        verifier=_verifier(program),
        kiosks=kiosks,
        desk=make_desk(program, kiosks, parts),
        https_port=settings.http.tls_port,
        screen=settings.screen,
        assessment=settings.assessment,
        selfcheck=_self_check(program, look),
        receivers=masked_receivers(settings.alerts, os.environ),
    )


def _self_check(program: Program, look: Callable[[Connection, datetime], Look]) -> SelfCheck:
    """The checks are loaded when they are first asked for: a daemon whose page nobody opens does without."""

    @contextmanager
    def looked() -> Iterator[Look]:
        with program.store.read() as conn:
            yield look(conn, program.clock.now())

    def findings() -> Iterator[Finding]:
        from monitor.ops.doctor import check_harmless
        from monitor.ops.doctor.policycheck import check_policy

        settings = program.settings.under(program.policies.current.policy)
        yield check_policy(program.policies)
        yield from check_harmless(settings, program.store, program.clock.now(), looked, os.environ)

    return SelfCheck(findings, program.clock.real_now, program.clock.monotonic)


def _alerts(program: Program, parts: ExitStack) -> AlertService:
    """For a program that plans and sends nothing itself. Raises ValueError naming a receiver that cannot be opened."""
    service = alert_service(program)
    parts.callback(service.close)
    return service


def _verifier(program: Program) -> Verifier | None:
    key = program.settings.audit.secret
    return Verifier(program.store, key, program.clock.now) if key is not None else None


def _openid(program: Program) -> OpenId | None:
    """The provider is not asked for anything before somebody wants to sign in: the daemon starts without it."""
    if program.settings.console.oidc.issuer is None:
        return None
    from monitor.supervision.openid import OpenId

    return OpenId(program.settings.console.oidc, program.clock.monotonic)
