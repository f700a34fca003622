"""Bearer tokens of the HTTP API: made once, shown once, kept as a digest (DESIGN §3.2, §7)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, or_, select, update
from sqlalchemy import insert as insert_into

from monitor.access import ACTIONS, Principal, Target, covers, refusal
from monitor.model import Reason, Registry
from monitor.store import audit, users
from monitor.store.schema import DeviceRow, HallRow, Token
from monitor.store.sql import table_of
from monitor.supervision.commands import require_words
from monitor.supervision.people import principal_from, principal_of
from monitor.supervision.refused import Refused

TOKEN: Final = table_of(Token)
PREFIX: Final = "jct_"
"""So that a scanner of repositories and logs knows one when it sees it."""
DEVICE_SCOPES: Final = ("events:write",)
KIOSK_SCOPE: Final = "kiosk"
"""The one scope of a kiosk's token (`create_kiosk_token`): no other token has it, and it has no other."""
GALLERY_SCOPES: Final = ("faces:gallery",)
"""Of a terminal's token for its gallery, which can do nothing else: whoever has it holds biometric data."""
HALL_SCOPES: Final = (
    "events:write", "plans:write", "cards:read", "cases:read", "ratings:read", "ratings:collect", "devices:read",
    "attendance:read",
)  # fmt: skip
SCREEN_SCOPE: Final = "rating"
"""The one scope of a touch screen's token: it takes ratings of one device and can do nothing else."""
PUBLIC_SCOPE: Final = "screen"
"""The one scope of a public screen's token: it reads what is shown to everybody in one hall."""
USER_SCOPES: Final = tuple(
    a
    for a in ACTIONS
    if a.startswith(("cards:", "cases:", "ratings:", "devices:", "quarantine:", "requests:", "notices:", "scores:"))
) + (
    "plans:write",
    "audit:read",
    "alerts:silence",
    "operations:read",
    "attendance:read",
    "attendance:close",
    "posts:check",
    "faces:review",
    "faces:write",
    "settings:read",
    "settings:write",
)
"""What a person's token may have as far as their role has it; other actions have no route."""
USED_EVERY: Final = timedelta(hours=1)
"""How exactly it is known when a token was last used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a token allows: the scopes, on the devices or in the halls that it names, or as the person whose it is."""

    id: int
    devices: frozenset[str] = frozenset()
    halls: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    person: Principal | None = None
    seen: bool = True
    """Whether it is kept that it was used within the last hour (`touch`)."""

    def refuses(self, scope: str) -> Reason | None:
        """Why the bearer may not use the scope at all: the role, or the token's kind, has it not."""
        return refusal(self.principal, scope)

    def covers(self, *, hall: str | None, device: str | None = None) -> bool:
        """Whether a device, or a thing of a hall, is among what the token names."""
        return covers(self.principal, Target(hall=hall, device=device))

    @property
    def actor(self) -> str:
        """Who the bearer is in the audit trail."""
        return self.person.id if self.person is not None else f"token:{self.id}"

    @property
    def principal(self) -> Principal:
        """Who the bearer is to `access`."""
        if self.person is not None:
            return self.person
        role = "operator" if self.halls and self.scopes != {PUBLIC_SCOPE} else "device_token"
        return Principal(id=self.actor, role=role, halls=self.halls, devices=self.devices)


def create_token(
    conn: Connection,
    *,
    now: datetime,
    devices: Iterable[str] = (),
    halls: Iterable[str] = (),
    user: str | None = None,
    scopes: Sequence[str] = (),
    actor: str = "cli",
    expires: datetime | None = None,
) -> str:
    """Make a token for devices, for halls or for a user and return its text, which is stored nowhere.

    Without `scopes` it has all that its kind may have: a user's all that their role has, now and later. ValueError
    names what is wrong: not one of devices, halls and user, an id that there is not, a scope that it cannot have.
    """
    named, places = sorted(set(devices)), sorted(set(halls))
    if sum((bool(named), bool(places), user is not None)) != 1:
        raise ValueError(
            "令牌属于设备、大厅或账户之一 a token is for devices, for halls or for a user: "
            "give one of --devices, --halls, --user"
        )
    _require_known(conn, "devices", named)
    _require_known(conn, "halls", places)
    if user is not None:
        principal_of(conn, user)
    possible = DEVICE_SCOPES if named else HALL_SCOPES if places else USER_SCOPES
    impossible = sorted(set(scopes) - set(possible))
    if impossible:
        raise ValueError(f"scopes: {', '.join(impossible)}: such a token can have {', '.join(possible)}")
    granted = sorted(set(scopes or possible))
    return _made(conn, named, places, user, granted, actor, now, expires)


def create_kiosk_token(
    conn: Connection, registry: Registry, device: str, *, now: datetime, actor: str = "cli",
    expires: datetime | None = None,
) -> str:  # fmt: skip
    """Make a token for the page of one kiosk, a terminal in service, and return its text. ValueError names what is
    wrong.
    """
    known = registry.devices.get(device)
    if known is None:
        _require_known(conn, "devices", [device])
        raise ValueError(f"devices: {device}: 已停用 was revoked; `jiancha device add` 恢复 brings it back")
    if known.kind != "terminal" or not known.allows("checkin"):
        raise ValueError(
            f"devices: {device}: 类别 kind {known.kind}，不是签到终端 is no terminal for check-ins: "
            '台账 registry: kind = "terminal"'
        )
    return _made(conn, [device], [], None, [KIOSK_SCOPE], actor, now, expires)


def create_screen_token(
    conn: Connection, registry: Registry, device: str, *, now: datetime, actor: str = "cli",
    expires: datetime | None = None,
) -> str:  # fmt: skip
    """Make a token for the page of one touch screen, an evaluator in service, and return its text. ValueError names
    what is wrong.
    """
    known = registry.devices.get(device)
    if known is None:
        _require_known(conn, "devices", [device])
        raise ValueError(f"devices: {device}: 已停用 was revoked; `jiancha device add` 恢复 brings it back")
    if known.kind != "evaluator" or not known.allows("rating"):
        raise ValueError(
            f"devices: {device}: 类别 kind {known.kind}，不是评价器 is no evaluator for ratings: "
            '台账 registry: kind = "evaluator"'
        )
    return _made(conn, [device], [], None, [SCREEN_SCOPE], actor, now, expires)


def create_public_token(conn: Connection, hall: str, *, now: datetime, actor: str) -> tuple[int, str]:
    """(number, text) of a token for a public screen of the hall. ValueError for a hall that the registry has not."""
    _require_known(conn, "halls", [hall])
    text = _made(conn, [], [hall], None, [PUBLIC_SCOPE], actor, now)
    return int(conn.execute(select(TOKEN.c.id).where(TOKEN.c.digest == digest(text))).scalar_one()), text


def kiosk_tokens(conn: Connection) -> list[tuple[int, str]]:
    """(number, device) of the tokens of kiosks that are in use, by device."""
    rows = conn.execute(select(TOKEN.c.id, TOKEN.c.devices, TOKEN.c.scopes).where(TOKEN.c.revoked_at.is_(None)))
    return sorted(((r.id, r.devices[0]) for r in rows if r.scopes == [KIOSK_SCOPE]), key=lambda found: found[1])


def create_gallery_token(
    conn: Connection, device: str, *, now: datetime, actor: str, expires: datetime | None = None
) -> str:
    """Make the token with which a terminal fetches its gallery, and return its text, which is stored nowhere.

    ValueError for a device that the registry has not, that is out of service or no terminal.
    """
    _require_known(conn, "devices", [device])
    table = table_of(DeviceRow)
    row = conn.execute(select(table.c.kind, table.c.revoked_at).where(table.c.id == device)).one()
    if row.kind != "terminal":
        raise ValueError(
            f"device: {device} 是 is a {row.kind}, 不是终端 no terminal; only one of kind `terminal` compares faces"
        )
    if row.revoked_at is not None:
        raise ValueError(f"device: {device} 已停用 is out of service")
    return _made(conn, [device], [], None, list(GALLERY_SCOPES), actor, now, expires)


def _made(
    conn: Connection, named: list[str], places: list[str], user: str | None, granted: list[str], actor: str,
    now: datetime, expires: datetime | None = None,
) -> str:  # fmt: skip
    text = PREFIX + secrets.token_urlsafe(32)
    row = {
        "digest": digest(text), "devices": named, "halls": places, "user": user, "scopes": granted, "created": now,
        "expires": expires,
    }  # fmt: skip
    number = conn.execute(insert_into(TOKEN).returning(TOKEN.c.id), [row]).scalar_one()
    body = {"devices": named, "halls": places, "scopes": granted} | ({"user": user} if user else {})
    body |= {"expires": expires.isoformat()} if expires is not None else {}
    audit.record(conn, now, actor, "token.created", "token", str(number), body)
    return text


def find_grant(conn: Connection, text: str, now: datetime | None = None) -> Grant | None:
    """What the token allows; None for one that was never made, is revoked or over, or whose user is out of service.
    `now`: real time; without it no end is looked at.
    """
    query = select(TOKEN).where(TOKEN.c.digest == digest(text), TOKEN.c.revoked_at.is_(None))
    row = conn.execute(query).mappings().first()
    if row is None or (now is not None and row["expires"] is not None and row["expires"] <= now):
        return None
    person = users.find(conn, row["user"]) if row["user"] is not None else None
    if row["user"] is not None and (person is None or person.disabled_at is not None):
        return None
    return Grant(
        person=principal_from(person) if person is not None else None,
        id=row["id"],
        devices=frozenset(row["devices"] or ()),
        halls=frozenset(row["halls"] or ()),
        scopes=frozenset(row["scopes"] or ()),
        seen=now is None or (row["last_used"] is not None and now - row["last_used"] < USED_EVERY),
    )


def touch(conn: Connection, number: int, now: datetime) -> None:
    """Keep that the token was used; of many requests at once the first one writes."""
    stale = or_(TOKEN.c.last_used.is_(None), TOKEN.c.last_used <= now - USED_EVERY)
    conn.execute(update(TOKEN).where(TOKEN.c.id == number, stale).values(last_used=now))


def list_tokens(conn: Connection) -> list[dict[str, Any]]:
    """[{"id", "user", "devices", "halls", "scopes", "created", "revoked_at"}], the newest last; no token's text."""
    rows = conn.execute(select(TOKEN).order_by(TOKEN.c.id)).mappings().all()
    return [
        {
            "id": r["id"], "user": r["user"], "devices": r["devices"] or [], "halls": r["halls"] or [],
            "scopes": r["scopes"] or [], "created": r["created"].isoformat(),
            "revoked_at": r["revoked_at"].isoformat() if r["revoked_at"] else None,
        }
        for r in rows
    ]  # fmt: skip


def revoke_token(conn: Connection, number: int, *, actor: Principal, why: str, now: datetime) -> None:
    """From now on nobody is let in with it. Raises Refused."""
    no = refusal(actor, "people:write")
    if no is not None:
        raise Refused.because(no)
    require_words(why)
    gone = update(TOKEN).where(TOKEN.c.id == number, TOKEN.c.revoked_at.is_(None)).values(revoked_at=now)
    if conn.execute(gone).rowcount == 0:
        raise Refused(
            f"token {number}: 没有在用的此令牌 there is none in use; `jiancha user tokens` 列出 lists them",
            sort="missing",
        )
    audit.record(conn, now, actor.id, "token.revoked", "token", str(number), {}, private={"why": why})


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
