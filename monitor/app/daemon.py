"""The daemon: every part, wired and started (DESIGN §1B, §2)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from alerts.channels.outbound import Reach
from alerts.deadman import DeadManSwitch
from monitor.app.alerting import alert_service
from monitor.app.assessor import Assessor
from monitor.app.cyclekeeper import CycleKeeper
from monitor.app.lookout import Lookout
from monitor.app.loop import JudgingLoop
from monitor.app.memory import few_arenas, large_apart, start_sweeping
from monitor.app.policywatch import PolicyWatch
from monitor.app.program import Program, lone_group, sole_judge
from monitor.app.sealing import start_sealing
from monitor.app.serving import deps_of
from monitor.app.sheetmaker import SheetMaker
from monitor.app.upkeep import start_upkeep
from monitor.app.vitals import Vitals, ailing
from monitor.console.app import make_app
from monitor.console.health import Health, Part, Unready
from monitor.console.outside import Outside
from monitor.console.server import HttpServer
from monitor.ingest.decode import SUBSCRIPTION
from monitor.ingest.members import Members
from monitor.ingest.sqlview import Feed, FeedRunner
from monitor.ingest.subscriber import Subscriber, subscriptions
from monitor.ingest.takeover import Taking
from monitor.metrics import Metrics
from monitor.mqtt import Client, Link, Options
from monitor.ops.sdnotify import ServiceManager
from monitor.pace import Tempo
from monitor.settings import MqttSettings
from monitor.signals import on_signal
from monitor.store.bell import Bell
from monitor.store.facts.look import Path as BrokerPath
from monitor.supervision.policies import InForce
from monitor.supervision.rules import RULES

log = structlog.get_logger(__name__)

BACKOFF_MOST_SECONDS: Final = 10.0
"""There is one daemon, not a hall of devices: coming back soon costs the broker nothing."""
SWITCH_SECONDS: Final = 0.0005
"""How long a thread keeps the interpreter while another wants it (Python's default is ten times that). Ingest gives it
away at each statement, and beside a judge at work waited as long each time to have it back (docs/adr/0015)."""
COMPANY: Final = timedelta(seconds=10)
"""`Judge.company` of a daemon, by the program's clock."""
ALERTS_REST_SECONDS: Final = 30.0
"""How long planner and senders rest at most: the lookout wakes them."""
ACK_FIRST: Final = "JIANCHA_TEST_ACK_FIRST"
"""Acknowledge before the commit: only for the control of the crash tests, which shows that they bite."""


def wait_for_signal() -> None:
    """Block until SIGTERM or SIGINT. A second one ends nothing sooner: what was begun is finished."""
    stop = threading.Event()

    def told(name: signal.Signals) -> None:
        log.info("stopping", action="daemon.stopping", signal=name.name)
        stop.set()

    on_signal(told, signal.SIGTERM, signal.SIGINT)
    stop.wait()


class Unusable(ValueError):
    """The daemon cannot run with this configuration; the text names the key and the way out."""


def mqtt_options(mqtt: MqttSettings) -> Options:
    return Options(
        client_id=mqtt.client_id,
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        version=mqtt.version,
        tls=mqtt.tls_ca is not None,
        ca_file=mqtt.tls_ca,
        cert_file=mqtt.tls_cert,
        key_file=mqtt.tls_key,
        keepalive_seconds=mqtt.keepalive_seconds,
        session_expiry_seconds=mqtt.session_expiry_days * 86_400,
        receive_maximum=max(2 * mqtt.batch_size, Options.receive_maximum),
        backoff_most_seconds=BACKOFF_MOST_SECONDS,
    )


def run_daemon(program: Program) -> None:
    """Run every part until a signal; parts stop in the reverse order of their start (DESIGN §1B).

    Raises InUse when another process judges the store, Unusable for a port or a receiver that cannot be had, and for a
    group on a store that one process uses alone.
    """
    refusal = lone_group(program.settings)
    if refusal is not None:
        raise Unusable(refusal)
    few_arenas()
    large_apart()
    program.store.keep_small()
    with sole_judge(program.store), contextlib.ExitStack() as parts:
        try:
            daemon = _Daemon(program, parts)
        except ValueError as error:  # a receiver that cannot be opened, by its key
            raise Unusable(str(error)) from error
        daemon.run()


class _Daemon:
    """The parts of one running daemon, wired to each other."""

    def __init__(self, program: Program, parts: contextlib.ExitStack) -> None:
        settings = program.settings
        self._program, self._parts = program, parts
        self._manager = ServiceManager.of(os.environ, os.getpid())
        rules = [rule.id for kind in RULES.values() for rule in kind]
        self._metrics = Metrics(rules=rules)
        parts_heard: tuple[Part, ...] = ("broker", "loop") if settings.mqtt.enabled else ("loop",)
        self._health = Health(monotonic=program.clock.monotonic, parts=parts_heard)
        self._tempo = Tempo(program.clock)
        self._members = self._make_members()
        self._subscriber = self._make_subscriber() if settings.mqtt.enabled else None
        self._feeds = [self._make_feed(feed) for feed in program.feeds()]
        path = self._subscriber.path if self._subscriber else BrokerPath
        judge = self._judge = replace(program.judge(path=path, metrics=self._metrics), tells=True, company=COMPANY)
        self._alerts = alert_service(program, self._metrics)
        self._metrics.start_channels({channel.name for channel in self._alerts.channels.values()})
        self._watch = PolicyWatch(program)
        program.policies.told.append(self._use_policy)
        self._bell = Bell(
            program.store, {"facts": self._wake_judge, "cards": self._alerts.wake, "policy": self._watch.wake}
        )
        caught_up = self._subscriber.caught_up if self._subscriber else None
        self._loop = JudgingLoop(program, judge, beat=self._beat, after=self._judged, caught_up=caught_up)

        self._sheets = SheetMaker(program, lambda conn, now: self._judge.look(conn, now))
        self._lookout = Lookout(
            program.store,
            now=program.clock.now,
            real=program.clock.real_now,
            wake={
                "judge": self._loop.wake,
                "policy": self._watch.wake,
                "planner": self._alerts.wake,
                "senders": self._alerts.wake_senders,
                "sheets": self._sheets.wake,
            },
            tempo=self._tempo,
        )
        self._cycle = CycleKeeper(program, lambda conn, now: self._judge.look(conn, now), after=self._heard)
        self._assessor = Assessor(program, lambda conn, now: self._judge.look(conn, now))

    def run(self) -> None:
        settings = self._program.settings
        sys.setswitchinterval(SWITCH_SECONDS)
        self._parts.callback(self._alerts.close)
        self._bell.start()
        self._parts.callback(self._bell.stop)
        self._parts.callback(start_sealing(self._program))
        self._parts.callback(start_upkeep(self._program))
        self._watch.start()
        self._parts.callback(self._watch.stop)
        self._start_alerts()
        self._loop.start()
        self._parts.callback(self._loop.stop)
        self._sheets.start()
        self._parts.callback(self._sheets.stop)
        self._cycle.start()
        self._parts.callback(self._cycle.stop)
        if settings.assessment.enabled:
            self._assessor.start()
            self._parts.callback(self._assessor.stop)
        self._lookout.start()
        self._parts.callback(self._lookout.stop)
        if self._members is not None:
            self._members.start()
            self._parts.callback(self._members.stop)
        if self._subscriber is not None:
            self._subscriber.start()
            self._parts.callback(self._subscriber.stop)
        for feed in self._feeds:
            feed.start()
            self._parts.callback(feed.stop)
        self._start_deadman()
        urls = self._serve() if settings.http.enabled else {}
        self._start_vitals()
        self._parts.callback(start_sweeping())
        log.info(
            "running",
            action="daemon.started",
            http=urls.get("http"),
            https=urls.get("https"),
            store=self._program.store.engine.url.render_as_string(),
        )
        wait_for_signal()
        self._manager.stopping("正在停止 stopping: 完成已开始的工作 what was begun is finished")

    def _wake_judge(self) -> None:
        self._loop.wake()

    def _heard(self) -> None:
        """Facts were committed: judge here, and let other replicas help."""
        self._tempo.stir()
        self._loop.wake()
        self._bell.ring("facts")

    def _use_policy(self, found: InForce) -> None:
        """Another policy is in force: parts go on with it, none is started anew (docs/adr/0044)."""
        self._loop.use(found)
        future = timedelta(seconds=found.policy.device.future_seconds)
        for part in (self._subscriber, *self._feeds):
            if part is not None:
                part.use(future)
        self._judge = replace(self._judge, policy=found.policy)

    def _policy_changed(self) -> None:
        """Here at once, and let other replicas look."""
        self._bell.ring("policy")
        self._watch.wake()

    def _judged(self) -> None:
        """Cards may have changed: plan and send here, or wherever somebody is free."""
        self._tempo.stir()  # what follows a card is told at its time
        self._alerts.wake()
        self._bell.ring("cards")

    def _beat(self, why: str | None) -> None:
        if why is None:
            self._health.beat()
        else:
            self._health.report("loop", why)

    def _start_alerts(self) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._alerts.run, args=(stop, ALERTS_REST_SECONDS), name="alerts")
        thread.start()
        self._parts.callback(thread.join)
        self._parts.callback(stop.set)

    def _start_deadman(self) -> None:
        """A sign of life while the loop beats and the store answers (`[alerts.deadman]`)."""
        program, subscriber = self._program, self._subscriber
        switch = DeadManSwitch(
            program.settings.alerts.deadman,
            alive=self._lifeless,
            now=program.clock.real_now,
            publish=self._publish if subscriber is not None else None,
            signed=self._metrics.signed,
            reach=Reach.of(program.settings.alerts.allow_addresses),
        )
        if not switch.is_set:
            return
        stop = threading.Event()
        thread = threading.Thread(target=switch.run, args=(stop,), name="deadman")
        thread.start()
        self._parts.callback(thread.join)
        self._parts.callback(stop.set)

    def _publish(self, topic: str, payload: bytes) -> bool:
        """Publish now or not at all: a sign of life that waited for the broker would tell of a time that is past."""
        assert self._subscriber is not None, "only with a broker"
        client = self._subscriber.client
        if client.link.connected:
            client.publish(topic, payload)
        return client.link.connected

    def _lifeless(self) -> str | None:
        """Why no sign of life may go out: the loop does not beat, or the store does not answer."""
        found = next((one for one in self._ailing() if one.part != "broker"), None)
        return None if found is None else f"{found.part}: {found.why}"

    def _ailing(self) -> list[Unready]:
        return ailing(self._health, self._program.store)

    def _start_vitals(self) -> None:
        """Where a service manager wants to know: ready, status and watchdog (docs/adr/0054)."""
        if not self._manager.listens:
            return
        vitals = Vitals(self._manager, ailing=self._ailing, monotonic=self._program.clock.monotonic)
        stop = threading.Event()
        thread = threading.Thread(target=vitals.run, args=(stop,), name="vitals", daemon=True)
        thread.start()
        self._parts.callback(thread.join, 5.0)  # it may be waiting for a store that is away
        self._parts.callback(stop.set)

    def _make_members(self) -> Members | None:
        """On SQLite nobody else could take over; `lone_group` refuses that."""
        mqtt, store = self._program.settings.mqtt, self._program.store
        if not mqtt.enabled or store.is_sqlite or not mqtt.takeover_seconds:
            return None
        heard = [SUBSCRIPTION, *self._program.adapters().subscriptions]
        return Members(
            store,
            clock=self._program.clock,
            client_id=mqtt.client_id,
            topics=subscriptions(heard, mqtt.shared_group) if mqtt.shared_group else None,
            after=mqtt.takeover_seconds,
            take=lambda session: Taking(session, mqtt_options(mqtt), **self._hearing()),
            able=lambda: self._subscriber is not None and self._subscriber.client.link.connected,
            told=self._health.taking_over,
        )

    def _make_subscriber(self) -> Subscriber:
        mqtt = self._program.settings.mqtt
        return Subscriber(
            mqtt_options(mqtt),
            **self._hearing(),
            shared_group=mqtt.shared_group,
            on_link=self._on_link,
            ack_first=bool(os.environ.get(ACK_FIRST)),
            make_client=partial(Client, gate=self._members.gate) if self._members else Client,
            tempo=self._tempo,
        )

    def _hearing(self) -> dict[str, Any]:
        """What every way from the broker into the store is given, that of its own session and of one taken over."""
        program = self._program
        return {
            "store": program.store,
            "registry": program.registry,
            "clock": program.clock,
            "counters": self._metrics,
            "batch_size": program.settings.mqtt.batch_size,
            "future": timedelta(seconds=program.policies.current.policy.device.future_seconds),
            "adapters": program.adapters(),
            "after": lambda _: self._heard(),
        }

    def _make_feed(self, feed: Feed) -> FeedRunner:
        return FeedRunner(
            feed,
            store=self._program.store,
            registry=self._program.registry,
            clock=self._program.clock,
            counters=self._metrics,
            future=timedelta(seconds=self._program.settings.policy.device.future_seconds),
            after=self._heard,
        )

    def _on_link(self, link: Link) -> None:
        where = f"{self._program.settings.mqtt.host}:{self._program.settings.mqtt.port}"
        self._health.report("broker", None if link.connected else f"{where}: {link.error}")
        log.info("broker", action="broker.link", connected=link.connected, broker=where, error=link.error)

    def _serve(self) -> dict[str, str]:
        """The plain listener and, where it is set, the one with TLS, both of one app; their addresses by scheme."""
        http = self._program.settings.http
        app = make_app(
            deps_of(
                self._program,
                metrics=self._metrics,
                health=self._health,
                look=lambda conn, now: self._judge.look(conn, now),
                heard=self._heard,
                policy_changed=self._policy_changed,
                sheet_asked=self._sheets.wake,
                alerts=self._alerts,
                parts=self._parts,
            )  # fmt: skip
        )
        servers = {"http": HttpServer(app, host=http.host, port=http.port)}
        if http.tls_port is not None and http.tls_cert and http.tls_key:
            from monitor.ops.certificates import (  # 7 MB, which a daemon without HTTPS is spared
                BadCertificate,
                read_pair,
            )

            try:
                pair = read_pair(Path(http.tls_cert), Path(http.tls_key), self._program.clock.real_now())
            except BadCertificate as error:
                raise Unusable(str(error)) from error
            servers["https"] = HttpServer(
                Outside(app), host=http.tls_host, port=http.tls_port, tls=(pair.cert, pair.key)
            )
        for server in servers.values():
            try:
                server.start()
            except OSError as error:
                raise Unusable(str(error)) from error
            self._parts.callback(server.stop)
        return {scheme: server.url for scheme, server in servers.items()}
