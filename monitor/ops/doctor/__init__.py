"""`jiancha doctor`: what will be lost, not judged or told to nobody, each with the line that mends it (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from monitor.clock import Clock
from monitor.mqtt import Options
from monitor.ops.doctor import brokerfile, brokerrisks, hallchecks, storechecks
from monitor.ops.doctor.auditcheck import check_audit
from monitor.ops.doctor.facechecks import check_faces
from monitor.ops.doctor.finding import Finding, bad, good
from monitor.ops.doctor.kioskchecks import check_kiosks
from monitor.ops.doctor.openidcheck import check_openid
from monitor.ops.doctor.probes import BrokerProbe
from monitor.settings import MqttSettings, Settings
from monitor.store.engine import Store
from monitor.store.facts.look import Look

__all__ = ["Finding", "check_broker", "check_everything", "check_harmless"]

HERE: Final = ("127.0.0.1", "localhost", "::1")
MakeLook: TypeAlias = Callable[[], AbstractContextManager[Look]]


def check_everything(
    settings: Settings,
    store: Store,
    now: datetime,
    look: MakeLook,
    broker_config: Path | None,
    environ: Mapping[str, str],
) -> Iterator[Finding]:
    """Store, hall and broker; `look` opens one look at a store of this schema. What cannot be asked is left out."""
    file = storechecks.check_file(store)
    yield file
    if file.ok:
        schema = storechecks.check_schema(store)
        yield schema
        if schema.ok:
            yield from storechecks.check_store(store, now)
            yield check_audit(store, settings.audit)
            yield from check_faces(store, settings, now)
            with look() as looked:
                yield from hallchecks.check_hall(looked, settings, environ)
                yield from check_kiosks(looked, settings, Clock().now())
                yield from check_openid(looked.conn, settings)
    if settings.mqtt.enabled:
        yield from check_broker(settings.mqtt, broker_config)
    else:
        yield good("broker", "未启用 mqtt.enabled = false: the devices use HTTP")


def check_harmless(
    settings: Settings, store: Store, now: datetime, look: MakeLook, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """What can be asked beside the running daemon, for a page: nothing is sent to the broker or to anybody else, and no
    database is read as a whole.
    """
    schema = storechecks.check_schema(store)
    yield schema
    if schema.ok:
        yield from storechecks.check_store(store, now)
        yield check_audit(store, settings.audit)
        with look() as looked:
            yield from hallchecks.check_hall(looked, settings, environ)
            yield from check_kiosks(looked, settings, now)


def check_broker(mqtt: MqttSettings, config: Path | None) -> Iterator[Finding]:
    """The live broker, then its configuration: the file given, else that of the broker found on this machine."""
    yield from BrokerProbe(_options(mqtt), Clock()).run()
    try:
        file = brokerfile.read(config) if config is not None else _found(mqtt)
        if file is not None:
            yield from brokerrisks.check(file, version=mqtt.version, lost_ok_days=mqtt.session_expiry_days)
            return
        why = "看不到服务器配置，是否落盘无从得知 its file is not seen from here: whether it keeps anything is unknown"
    except brokerfile.Unreadable as error:
        why = str(error)
    yield bad("broker.persistence", why, "jiancha doctor --broker-config mosquitto.conf (或其副本 or a copy of it)")


def _found(mqtt: MqttSettings) -> brokerfile.BrokerFile | None:
    return brokerfile.of_this_machine(mqtt.port) if mqtt.host in HERE else None


def _options(mqtt: MqttSettings) -> Options:
    """As the daemon connects."""
    return Options(
        client_id=mqtt.client_id,
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        tls=mqtt.tls_ca is not None,
        ca_file=mqtt.tls_ca,
        cert_file=mqtt.tls_cert,
        key_file=mqtt.tls_key,
        keepalive_seconds=mqtt.keepalive_seconds,
    )
