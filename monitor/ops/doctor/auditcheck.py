"""The audit (审计): whether rows come under seal, and under the key that is set."""

from __future__ import annotations

import hmac
from typing import Final

from sqlalchemy import select

from monitor.ops.audit.chain import mac
from monitor.ops.doctor.finding import Finding, bad, good
from monitor.settings import AuditSettings
from monitor.store import seals
from monitor.store.audit import AUDIT
from monitor.store.engine import Store

CHECK: Final = "audit.seal"


def check_audit(store: Store, settings: AuditSettings) -> Finding:
    """Is there a key, and did it make the last seal. The whole chain is `audit verify`'s business.

    A hall that never sealed has chosen so, or not yet chosen; one that did and has no key any more is in danger.
    """
    key = settings.secret
    way_out = "jiancha audit key -o /etc/jiancha/audit-key; JIANCHA_AUDIT__KEY_FILE=…"
    with store.read() as conn:
        last = seals.head(conn)
        if key is None and last is None:
            return good(CHECK, f"未设密钥，审计行不封 no key, audit rows are not sealed; 如需封印 to seal: {way_out}")
        if key is None:
            why = "密钥不在，审计行不再封 the key is gone: audit rows are sealed no more, and can be changed unseen"
            return bad(CHECK, why, "JIANCHA_AUDIT__KEY_FILE: 原密钥 the key that was used before")
        waiting = seals.count_unsealed(conn)
        if last is None:
            return good(CHECK, f"尚无封印 nothing sealed yet, {waiting} 行待封 rows wait for `jiancha run`")
        seal = seals.seal_of(conn, last.no)
        row = conn.execute(select(AUDIT).where(AUDIT.c.id == seal.audit_id)).first() if seal is not None else None
    if seal is None or row is None or not hmac.compare_digest(mac(key, seal.no, seal.prev, row), seal.mac):
        why = f"末封不符 the last seal, {last.no}, does not hold: another key made it, or its row was changed"
        return bad(CHECK, why, "jiancha audit verify; JIANCHA_AUDIT__KEY_FILE: 原密钥 the key that was used before")
    return good(CHECK, f"{last.no} 行已封 rows sealed, {waiting} 待封 waiting")
