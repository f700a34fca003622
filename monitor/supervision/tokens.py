"""Bearer tokens of the HTTP API: made once, shown once, kept as a digest (DESIGN §3.2, §7)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy import insert as insert_into

from monitor.access import Principal, Target, covers, refusal
from monitor.store import audit
from monitor.store.schema import DeviceRow, HallRow, Token
from monitor.store.sql import table_of

TOKEN: Final = table_of(Token)
PREFIX: Final = "jct_"
"""So that a scanner of repositories and logs knows one when it sees it."""
DEVICE_SCOPES: Final = ("events:write",)
HALL_SCOPES: Final = ("events:write", "plans:write", "cards:read")


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a token allows: the scopes, on the devices or in the halls that it names (never both)."""

    id: int
    devices: frozenset[str]
    halls: frozenset[str]
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """Whether the bearer may use the scope at all: the token has it, and the token's kind may."""
        return scope in self.scopes and refusal(self._principal, scope) is None

    def covers(self, *, hall: str | None, device: str | None = None) -> bool:
        """Whether a device, or a thing of a hall, is among what the token names."""
        return covers(self._principal, Target(hall=hall, device=device))

    @property
    def actor(self) -> str:
        """Who the bearer is in the audit trail."""
        return f"token:{self.id}"

    @property
    def _principal(self) -> Principal:
        role = "operator" if self.halls else "device_token"
        return Principal(id=self.actor, role=role, halls=self.halls, devices=self.devices)


def create_token(
    conn: Connection,
    *,
    now: datetime,
    devices: Iterable[str] = (),
    halls: Iterable[str] = (),
    scopes: Sequence[str] = (),
    actor: str = "cli",
) -> str:
    """Make a token for devices or for halls and return its text, which is stored nowhere.

    Without `scopes` it has all that its kind may have. ValueError names what is wrong: both or neither of devices and
    halls, an id that the registry lacks, a scope that such a token cannot have.
    """
    named, places = sorted(set(devices)), sorted(set(halls))
    if bool(named) == bool(places):
        raise ValueError("令牌属于设备或大厅 a token names devices or halls: give one of --devices and --halls")
    _require_known(conn, "devices", named)
    _require_known(conn, "halls", places)
    possible = DEVICE_SCOPES if named else HALL_SCOPES
    impossible = sorted(set(scopes) - set(possible))
    if impossible:
        raise ValueError(f"scopes: {', '.join(impossible)}: such a token can have {', '.join(possible)}")
    granted = sorted(set(scopes or possible))
    text = PREFIX + secrets.token_urlsafe(32)
    row = {"digest": digest(text), "devices": named, "halls": places, "scopes": granted, "created": now}
    number = conn.execute(insert_into(TOKEN).returning(TOKEN.c.id), [row]).scalar_one()
    body = {"devices": named, "halls": places, "scopes": granted}
    audit.record(conn, now, actor, "token.created", "token", str(number), body)
    return text


def find_grant(conn: Connection, text: str) -> Grant | None:
    """What the token allows; None for one that was never made or is revoked."""
    query = select(TOKEN).where(TOKEN.c.digest == digest(text), TOKEN.c.revoked_at.is_(None))
    row = conn.execute(query).mappings().first()
    if row is None:
        return None
    return Grant(
        id=row["id"],
        devices=frozenset(row["devices"] or ()),
        halls=frozenset(row["halls"] or ()),
        scopes=frozenset(row["scopes"] or ()),
    )


def digest(text: str) -> str:
    """SHA-256, hex. Unsalted: the text has 256 random bits, so that nothing can be guessed from it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _require_known(conn: Connection, what: str, ids: Sequence[str]) -> None:
    column = table_of(DeviceRow if what == "devices" else HallRow).c.id
    known = set(conn.execute(select(column).where(column.in_(ids))).scalars())
    missing = [i for i in ids if i not in known]
    if missing:
        raise ValueError(
            f"{what}: {', '.join(missing)}: 未登记 not in the registry; `jiancha registry import` 登记 adds them"
        )
