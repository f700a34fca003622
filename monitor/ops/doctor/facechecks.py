"""Faces: keys that open them, models that are of today, two people whom the face cannot tell apart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from monitor.ops.doctor.finding import Finding, bad, good, some
from monitor.settings import Settings
from monitor.store import audit, faces
from monitor.store.engine import Store
from monitor.store.facekeys import BadKeyStore, KeyStore

KEYS = "faces.keys"
NEAR = "faces.near"


def check_faces(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Nothing where nobody is enrolled and no key store is named. Opening the faces is audited, as any access is."""
    with store.read() as conn:
        rows = faces.all_of_them(conn)
    path = settings.faces.keys
    if path is None:
        if rows:
            yield bad(
                KEYS, f"已登记 {len(rows)} 人，但未设密钥库 people are enrolled, no key store is named", "[faces] keys"
            )
        return
    keys = KeyStore(Path(path))
    if not rows and not keys.exists:
        yield good(KEYS, "尚无人登记 nobody is enrolled")
        return
    try:
        known = keys.all()
    except BadKeyStore as error:
        yield bad(KEYS, str(error), f"chmod 600 {path}; 或放回副本 or put a copy back")
        return
    yield _keys({row.staff: row.key for row in rows}, set(known))
    if rows:
        yield _near(store, settings, keys, now)


def _keys(named: dict[str, str], known: set[str]) -> Finding:
    missing = sorted(staff for staff, key in named.items() if key not in known)
    if missing:
        why = f"缺密钥，无法比对 no key, cannot be compared: {some(missing)}"
        return bad(KEYS, why, "放回密钥库副本 put a copy of the key store back; 或 or jiancha face enroll")
    orphans = len(known - set(named.values()))
    rest = f", {orphans} 个无主 open nothing" if orphans else ""
    return good(KEYS, f"{len(named)} 人 people, 密钥齐全 each has its key{rest}")


def _near(store: Store, settings: Settings, keys: KeyStore, now: datetime) -> Finding:
    try:
        from monitor.attendance.recognition.calibrate import calibrate  # the extra `faces` may not be here
        from monitor.supervision.faces import GALLERY, open_gallery
    except ImportError as error:
        return bad(
            NEAR, f"缺少组件 {error.name} is missing: 无法比对 no face can be compared", "pip install 'jiancha[faces]'"
        )
    accept = settings.policy.face.accept
    with store.read() as conn:
        opened = open_gallery(conn, keys)
    with contextlib.suppress(DBAPIError):  # a store that cannot be written has a check of its own
        body = {"people": len(opened.people)}
        store.step(lambda conn: audit.record(conn, now, "doctor", "face.compared", GALLERY, GALLERY, body))
    close = [p for p in calibrate(opened.people).confusable if p.distance <= accept]
    if close:
        pairs = some([f"{pair.a}–{pair.b} {pair.distance:.3f}" for pair in close])
        return bad(
            NEAR,
            f"仅凭人脸无法区分 the face alone cannot tell apart (≤ {accept:g}): {pairs}",
            "jiancha face calibrate; 这些人改用刷卡或密码 card or PIN for these",
        )
    if opened.outdated:
        return bad(NEAR, f"模型已更换 enrolled with another model: {some(opened.outdated)}", "jiancha face enroll")
    return good(NEAR, f"{len(opened.people)} 人均可区分 people, nobody within {accept:g} of another")
