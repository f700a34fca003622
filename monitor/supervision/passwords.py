"""Passwords of users (口令): what one must be, Argon2 digests, invitations to set one (DESIGN §8).

Digests are made and tried outside any transaction: one takes a tenth of a second, and a write step must not.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from pwdlib import PasswordHash
from sqlalchemy import Connection

from monitor.access import Principal, refusal
from monitor.store import audit, meta, signin, users
from monitor.supervision import tokens
from monitor.supervision.commands import local
from monitor.supervision.refused import Refused

LEAST: Final = 10
MOST: Final = 256
"""Longer ones would be work for Argon2 that a stranger chooses."""
INVITE_HOURS: Final = 24
INVITE_PREFIX: Final = "jci_"
AT_ONCE: Final = 2
"""Argon2 takes 64 MiB each time: strangers must not choose how often at once."""
_TRIVIAL: Final = ("password", "12345678", "qwerty", "abc123", "admin", "jiancha", "iloveyou", "11111111", "00000000")
_gate: Final = threading.BoundedSemaphore(AT_ONCE)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


def digest_of(secret: str) -> str:
    """The Argon2 digest of a password or PIN. Slow by design: not inside a transaction."""
    with _gate:
        return _hasher().hash(secret)


def fits(secret: str, digest: str | None) -> bool:
    """Whether it is that password. Without a digest it takes as long, so that nobody learns who has one."""
    if len(secret) > MOST:
        return False
    with _gate:
        right = _hasher().verify(secret, digest if digest is not None else _nobodys())
    return right and digest is not None


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def require_good(password: str, words: Iterable[str] = ()) -> None:
    """Refuse what is short, one character over and over, or close to a known word (`words`: of the user). Raises
    Refused.
    """
    if not LEAST <= len(password) <= MOST:
        raise Refused(
            f"须为 {LEAST}–{MOST} 个字符 a password has {LEAST} to {MOST} characters; 一句话最好记 a sentence is easy",
            field="password",
        )
    plain = password.casefold()
    known = next((w for w in (*_TRIVIAL, *words) if w and w.casefold() in plain and len(plain) - len(w) < 6), None)
    if known is not None or len(set(plain)) < 4:
        raise Refused("过于简单，易被猜中 too easy to guess; 请换一个 take another", field="password")


def set_password(
    conn: Connection, user: str, digest: str, *, actor: str | Principal, now: datetime, but: int | None = None
) -> None:
    """Keep the digest of a user's password and end their sessions, `but` the one it was changed in. Raises Refused.

    Who may: whoever may change people, and everybody their own.
    """
    who = local(actor) if isinstance(actor, str) else actor
    _require_may(who, user)
    _require_in_service(conn, user)
    signin.save_password(conn, user, digest, now)
    ended = signin.end_sessions(conn, now, who.id, user=user, but=but)
    audit.record(conn, now, who.id, "user.password", "user", user, {"sessions_ended": ended})


def invite(conn: Connection, user: str, *, actor: str | Principal, now: datetime, hours: int = INVITE_HOURS) -> str:
    """The secret of a link by which the user sets a password once; it is kept nowhere. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    _require_in_service(conn, user)
    secret = INVITE_PREFIX + secrets.token_urlsafe(32)
    expires = now + timedelta(hours=hours)
    values = {"digest": tokens.digest(secret), "user": user, "created": now, "created_by": who.id, "expires": expires}
    signin.add_invite(conn, values)
    audit.record(conn, now, who.id, "user.invited", "user", user, {"expires": expires.isoformat()})
    return secret


def invited(conn: Connection, secret: str, now: datetime) -> str:
    """Whose invitation it is. Raises Refused for one that is none, used or over."""
    found = signin.invite_of(conn, tokens.digest(secret), now)
    if found is None:
        raise Refused(
            "链接无效、已使用或已过期 this link is none, used or over; 请管理员重发 ask for another", sort="missing"
        )
    return str(found.user)


def accept_invite(conn: Connection, secret: str, digest: str, now: datetime) -> str:
    """Set the password of whoever was invited, once; gives the user. Raises Refused."""
    user = invited(conn, secret, now)
    if not signin.use_invite(conn, tokens.digest(secret), now):
        raise Refused("链接已使用 this link is used", sort="missing")
    _require_in_service(conn, user)
    signin.save_password(conn, user, digest, now)
    ended = signin.end_sessions(conn, now, user, user=user)
    audit.record(conn, now, user, "user.password", "user", user, {"sessions_ended": ended, "by": "invite"})
    return user


def _require_may(who: Principal, user: str) -> None:
    no = refusal(who, "people:write")
    if no is not None and who.id != user:
        raise Refused.because(no)


def _require_in_service(conn: Connection, user: str) -> None:
    found = users.find(conn, user)
    if found is None or found.disabled_at is not None:
        raise Refused(f"{user}: 没有在用的此账户 is no user in service; `jiancha user list` 列出 lists them")


def link_identity(
    conn: Connection, user: str, issuer: str, subject: str, *, actor: str | Principal, now: datetime
) -> None:
    """Let whoever an OpenID provider knows as `subject` sign in as the user. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    _require_in_service(conn, user)
    for name, given in (("issuer", issuer), ("subject", subject)):
        if not given.strip():
            raise Refused("不能为空 must not be empty", field=name)
    values = {"issuer": issuer, "subject": subject, "user": user, "linked_at": now, "linked_by": who.id}
    signin.link_identity(conn, values)
    audit.record(conn, now, who.id, "user.linked", "user", user, {"issuer": issuer}, private={"subject": subject})


def sign_out(conn: Connection, user: str, *, number: int | None = None, actor: str | Principal, now: datetime) -> int:
    """End the sessions of a user, or one of them; how many. Who may: whoever may change people, and everybody their
    own. Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    _require_may(who, user)
    ended = signin.end_sessions(conn, now, who.id, user=user, number=number)
    if ended == 0:
        raise Refused(f"{user}: 没有此登录 no such session; `jiancha user sessions` 列出 lists them", sort="missing")
    audit.record(conn, now, who.id, "user.signed_out", "user", user, {"sessions": ended})
    return ended


def unlink_identity(
    conn: Connection, user: str, issuer: str, subject: str, *, actor: str | Principal, now: datetime
) -> None:
    """From now on that identity lets nobody in; sessions that it opened end. Raises Refused."""
    who = _keeper(actor)
    if not signin.unlink_identity(conn, user, issuer, subject):
        raise Refused(f"{user}: 没有此关联 there is no such link", sort="missing")
    ended = signin.end_sessions(conn, now, who.id, user=user, opened_by=issuer)
    body = {"issuer": issuer, "sessions_ended": ended}
    audit.record(conn, now, who.id, "user.unlinked", "user", user, body, private={"subject": subject})
    meta.bump(conn, meta.PEOPLE_VERSION)


def unlock(conn: Connection, user: str, *, actor: str | Principal, now: datetime) -> None:
    """Let a user who gave too many wrong passwords try again at once. Raises Refused."""
    who = _keeper(actor)
    kept = signin.password_of(conn, user)
    if kept is None or kept.locked_until is None or kept.locked_until <= now:
        raise Refused(f"{user}: 未锁定 is not locked", sort="state")
    signin.lock(conn, user, None, forget=True)
    audit.record(conn, now, who.id, "user.unlocked", "user", user, {})


def _keeper(actor: str | Principal) -> Principal:
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    return who
