"""Tokens of the HTTP API for people (令牌): whose, for what, by whom, until when; and making one of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, select

from monitor.access import Principal, refusal
from monitor.model import Registry
from monitor.store import auditrows
from monitor.supervision.commands import require_known
from monitor.supervision.people import principal_of
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import (
    GALLERY_SCOPES,
    KIOSK_SCOPE,
    SCREEN_SCOPE,
    TOKEN,
    create_gallery_token,
    create_kiosk_token,
    create_screen_token,
    create_token,
)

MOST: Final = 200
Kind = Literal["user", "hall", "device", "kiosk", "gallery", "screen"]
KINDS: Final[tuple[Kind, ...]] = ("user", "hall", "device", "kiosk", "gallery", "screen")
MOST_DAYS: Final = 3650
_OF_SCOPE: Final[dict[tuple[str, ...], Kind]] = {
    (KIOSK_SCOPE,): "kiosk", tuple(GALLERY_SCOPES): "gallery", (SCREEN_SCOPE,): "screen",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenLine:
    """`expires` and `last_used` are real time, `last_used` to an hour. `made_by` is empty where the audit lacks it."""

    id: int
    kind: str
    user: str | None
    devices: Sequence[str]
    halls: Sequence[str]
    scopes: Sequence[str]
    created: datetime
    made_by: str
    expires: datetime | None
    last_used: datetime | None
    revoked_at: datetime | None
    state: str
    """in_use, over, revoked"""


def list_tokens(
    conn: Connection, who: Principal, *, now: datetime, state: str | None = None, kind: str | None = None,
    user: str | None = None, after: int | None = None, limit: int = MOST,
) -> list[TokenLine]:  # fmt: skip
    """The newest first, one more than `limit` where another page follows. `state`: in_use or ended. Raises Refused."""
    _may(who)
    query = select(TOKEN).order_by(TOKEN.c.id.desc())
    if state == "in_use":
        query = query.where(TOKEN.c.revoked_at.is_(None))
    elif state == "ended":
        query = query.where(TOKEN.c.revoked_at.is_not(None))
    if user is not None:
        query = query.where(TOKEN.c.user == user)
    if kind == "user":
        query = query.where(TOKEN.c.user.is_not(None))
    elif kind is not None:
        query = query.where(TOKEN.c.user.is_(None))
    if after is not None:
        query = query.where(TOKEN.c.id < after)
    found: list[Row[Any]] = []
    for row in conn.execute(query):  # the kind of others stands in JSON; there are some hundred tokens at most
        if kind is None or kind_of(row) == kind:
            found.append(row)
        if len(found) > limit:
            break
    made = auditrows.actors_of(conn, "token", [str(row.id) for row in found], "token.created")
    return [_line(row, made.get(str(row.id), ""), now) for row in found]


def kind_of(row: Row[Any]) -> str:
    """What a token is for, by what it names and may."""
    if row.user is not None:
        return "user"
    if row.halls:
        return "hall"
    return _OF_SCOPE.get(tuple(row.scopes or ()), "device")


def _line(row: Row[Any], made_by: str, now: datetime) -> TokenLine:
    over = row.expires is not None and row.expires <= now
    return TokenLine(
        id=row.id, kind=kind_of(row), user=row.user, devices=row.devices or (), halls=row.halls or (),
        scopes=row.scopes or (), created=row.created, made_by=made_by, expires=row.expires, last_used=row.last_used,
        revoked_at=row.revoked_at, state="revoked" if row.revoked_at else "over" if over else "in_use",
    )  # fmt: skip


def make_token(
    conn: Connection, registry: Registry, kind: str, whose: str, *, days: int | None, actor: Principal, now: datetime,
    scopes: Sequence[str] = (),
) -> str:  # fmt: skip
    """Make a token and return its text, which is kept nowhere. `whose`: a user, a hall or a device; `days`: how long it
    is good, None: until it is revoked. `now`: real time. Raises Refused.
    """
    _may(actor)
    if kind not in KINDS:
        raise Refused(f"{kind[:40]!r} 不是令牌类别 is none of {', '.join(KINDS)}", field="kind")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Refused(f"有效天数须为 1–{MOST_DAYS} days must lie between 1 and {MOST_DAYS}", field="days")
    expires = now + timedelta(days=days) if days is not None else None
    if kind == "hall":
        require_known(registry, hall=whose)
    elif kind == "user":
        principal_of(conn, whose)
    elif whose not in registry.devices:
        raise Refused(f"{whose[:64]!r}: 未登记或已停用 is not in the registry, or out of service", field="device")
    given: dict[str, Any] = {"now": now, "actor": actor.id, "expires": expires}
    try:
        if kind == "kiosk":
            return create_kiosk_token(conn, registry, whose, **given)
        if kind == "screen":
            return create_screen_token(conn, registry, whose, **given)
        if kind == "gallery":
            return create_gallery_token(conn, whose, **given)
        named = {"user": whose} if kind == "user" else {f"{kind}s": [whose]}
        return create_token(conn, scopes=scopes, **named, **given)
    except ValueError as error:
        raise Refused(str(error), field="whose") from None


def _may(who: Principal) -> None:
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
