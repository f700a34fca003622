"""Kiosks as the console has them (签到终端): how each is, its token; making and ending tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from monitor.access import Principal, Target, refusal
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Registry
from monitor.store import audit
from monitor.store.facts.look import Look
from monitor.supervision.commands import local, require_words
from monitor.supervision.devicelist import MOST, Chosen, DeviceLine, list_devices, no_device
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import KIOSK_SCOPE, TOKEN, create_kiosk_token

ACTION: Final = "settings:write"


@dataclass(frozen=True, kw_only=True, slots=True)
class KioskToken:
    number: int
    created: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class KioskLine:
    """A terminal of the registry. `tokens`: those in use; `serves`: as the registry has it, empty: the whole hall."""

    device: DeviceLine
    serves: tuple[str, ...]
    tokens: tuple[KioskToken, ...]


def list_kiosks(
    look: Look, policy: DevicePolicy, who: Principal, after: str | None = None, limit: int = MOST, id: str | None = None
) -> list[KioskLine]:
    """The terminals within reach by id, one more than `limit` where others follow."""
    chosen = Chosen(kind="terminal", after=(0, after) if after is not None else None, id=id)
    found, _ = list_devices(look, policy, who, chosen, limit)
    held = tokens_of(look.conn)
    known = look.registry.devices
    return [
        KioskLine(
            device=line, serves=known[line.id].serves if line.id in known else (), tokens=tuple(held.get(line.id, ()))
        )
        for line in found
    ]


def tokens_of(conn: Connection) -> dict[str, list[KioskToken]]:
    """Tokens of kiosks in use, by device."""
    query = select(TOKEN.c.id, TOKEN.c.devices, TOKEN.c.scopes, TOKEN.c.created).where(TOKEN.c.revoked_at.is_(None))
    found: dict[str, list[KioskToken]] = {}
    for row in conn.execute(query.order_by(TOKEN.c.id)):
        if row.scopes == [KIOSK_SCOPE]:
            found.setdefault(row.devices[0], []).append(KioskToken(number=row.id, created=row.created))
    return found


def require_kiosk(registry: Registry, who: Principal, device: str) -> None:
    """Raises Refused: alike for a terminal that there is not and for one beyond reach."""
    no = refusal(who, ACTION)
    if no is not None:
        raise Refused.because(no)
    known = registry.devices.get(device)
    if known is None or refusal(who, ACTION, Target(hall=known.hall, device=device)) is not None:
        raise no_device(device)


def make_token(conn: Connection, registry: Registry, device: str, *, actor: str | Principal, now: datetime) -> str:
    """A token for the page of one kiosk; its text is stored nowhere. Raises Refused. The caller commits."""
    who = local(actor) if isinstance(actor, str) else actor
    require_kiosk(registry, who, device)
    try:
        return create_kiosk_token(conn, registry, device, now=now, actor=who.id)
    except ValueError as error:
        raise Refused(str(error), sort="state") from None


def end_tokens(
    conn: Connection, registry: Registry, device: str, *, actor: str | Principal, why: str, now: datetime
) -> list[int]:
    """End every token of the kiosk; their numbers. Raises Refused. The caller commits."""
    who = local(actor) if isinstance(actor, str) else actor
    require_kiosk(registry, who, device)
    require_words(why)
    numbers = [one.number for one in tokens_of(conn).get(device, ())]
    if not numbers:
        raise Refused(f"{device}: 没有在用的令牌 has no token in use", sort="state")
    conn.execute(update(TOKEN).where(TOKEN.c.id.in_(numbers)).values(revoked_at=now))
    for number in numbers:
        audit.record(conn, now, who.id, "token.revoked", "token", str(number), {"device": device}, private={"why": why})
    return numbers
