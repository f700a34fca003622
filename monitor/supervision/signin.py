"""Signing in with a browser (登录): password or OpenID, sessions kept by the server, lock-out (DESIGN §8).

The cookie holds a secret of 256 bits, the store its SHA-256. A session ends when it is idle, when it is old, when its
user goes out of service or has another password, and when somebody ends it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal
from monitor.settings import ConsoleSettings
from monitor.store import audit, signin, users
from monitor.store.engine import Store
from monitor.supervision import tokens
from monitor.supervision.lockout import is_locked, wait_after
from monitor.supervision.passwords import MOST, fits
from monitor.supervision.people import principal_from
from monitor.supervision.refused import Refused

PREFIX: Final = "jcs_"
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is known when somebody was last there: each request would be a write otherwise."""
GRACE: Final = timedelta(seconds=60)
"""How long the secret before a renewal is still taken: pages that were on their way."""
WORDS_MOST: Final = 200
AT_THE_DOOR: Final = 6
"""Tries of passwords at once, looked at or waiting for it: strangers choose how many, and each holds a thread of the
server, which has fifteen for everything.
"""
_door: Final = threading.BoundedSemaphore(AT_THE_DOOR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """From where somebody asks, for the list of their sessions."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """Somebody who is signed in. `secret` is what their cookie holds, `renewed` whether it must be sent anew; `token`
    is the session's own, which their forms carry masked (`csrf`).
    """

    number: int
    person: Principal
    name: str
    secret: str
    token: str
    renewed: bool = False

    @property
    def csrf(self) -> str:
        """The session's token behind a pad of its own, another text each time it is read.

        Pages are sent compressed, and their address is repeated in them: from the lengths of many answers somebody
        could guess a text that stands in all of them, letter by letter (BREACH). This one never stands there twice.
        """
        token = self.token.encode()
        pad = secrets.token_bytes(len(token))
        return base64.urlsafe_b64encode(pad + _xor(pad, token)).decode()

    def has_csrf(self, given: str) -> bool:
        """Whether a form carries this session's token, as `csrf` gave it at any time."""
        try:
            both = base64.b64decode(given.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        half = len(both) // 2
        return len(both) % 2 == 0 and hmac.compare_digest(_xor(both[:half], both[half:]), self.token.encode())


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


class Locked(Refused):
    """Too many wrong ones: nobody is let in before `until`."""

    def __init__(self, until: datetime, now: datetime) -> None:
        minutes = max(1, -(-int((until - now).total_seconds()) // 60))
        super().__init__(
            f"错误次数过多，{minutes} 分钟后再试 too many wrong ones; again in {minutes} min", sort="state"
        )
        self.until = until


class Crowded(Refused):
    """As many try at the door as the server looks at; the rest of its work goes on."""

    def __init__(self) -> None:
        super().__init__("登录的人过多，请稍后再试 too many are signing in; again in a moment", sort="state")


class Unlinked(Refused):
    """The provider vouches for somebody who is no user here. `command` is the line that makes them one."""

    def __init__(self, issuer: str, subject: str) -> None:
        # The subject is the provider's text, and the line is pasted into a shell.
        self.issuer, self.command = (
            issuer,
            shlex.join(["jiancha", "user", "link", "USER", "--issuer", issuer, "--subject", subject]),
        )
        super().__init__(
            "此身份未关联账户 no user is linked to this identity; 请管理员 an administrator does it by "
            f"`{self.command}`",
            sort="role",
        )


class SignIn:
    """The way in, over the store. Every method reads the time itself, and commits.

    `now` is the wall's time, whatever the program's clock shows: a demo's hours are seconds, its people are not.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], policy: ConsoleSettings) -> None:
        self._store, self.now, self._policy = store, now, policy

    def by_password(self, user: str, password: str, visitor: Visitor) -> Signed:
        """Sign in. Raises Refused without saying whether user or password is wrong, Locked after too many.

        1. Count the try as a wrong one, and lock where that is one too many: tries side by side win no guess. 2. Look
        at it outside of any transaction. 3. A right one takes the count back and makes a session.
        While locked the right password is refused as well: it would tell the guesser that it is right. Raises Crowded
        where AT_THE_DOOR others are tried at the moment.
        """
        if not _door.acquire(blocking=False):
            raise Crowded
        try:
            now = self.now()
            digest = self._store.step(lambda conn: self._count(conn, user, visitor, now))
            if not fits(password[: MOST + 1], digest):
                raise Refused("账户或密码不正确 user or password is wrong", sort="role")
            return self._store.step(lambda conn: self._open(conn, user, "password", visitor, now))
        finally:
            _door.release()

    def confirm(self, user: str, password: str, visitor: Visitor) -> None:
        """Refuse a password that is not theirs, of somebody who is signed in: a wrong one counts as at the door, so
        that an open browser is no place to guess. Raises Refused, Locked after too many.
        """
        now = self.now()
        digest = self._store.step(lambda conn: self._count(conn, user, visitor, now))
        if not fits(password[: MOST + 1], digest):
            raise Refused("现用口令不正确 the present password is wrong", field="present")
        self._store.step(lambda conn: signin.lock(conn, user, None, forget=True))

    def by_identity(self, issuer: str, subject: str, visitor: Visitor) -> Signed:
        """Sign in whoever an OpenID provider vouches for and a user is linked to. Raises Refused."""
        now = self.now()

        def step(conn: Connection) -> Signed:
            user = signin.user_of_identity(conn, issuer, subject)
            if user is None:
                raise Unlinked(issuer, subject)
            return self._open(conn, user, issuer, visitor, now)

        return self._store.step(step)

    def who(self, secret: str, *, renew: bool = True) -> Signed | None:
        """Who the cookie's bearer is; None when nobody is. A secret that grew old is made anew, but not where the
        answer cannot carry it: a stream whose head is gone would leave the browser with one that is over.
        """
        if not secret.startswith(PREFIX):
            return None
        now = self.now()
        with self._store.read() as conn:
            found = signin.session_of(conn, tokens.digest(secret))
            row = users.find(conn, found.user) if found is not None else None
        if found is None or row is None or row.disabled_at is not None or not self._goes_on(found, now):
            return None
        signed = Signed(
            number=found.id, person=principal_from(row), name=row.name or row.id, secret=secret, token=found.csrf
        )
        if renew and now - found.renewed >= timedelta(minutes=self._policy.renew_minutes):
            return self._store.step(lambda conn: self._renew(conn, signed, found.expires, now))
        if now - found.seen >= SEEN_EVERY:
            self._store.step(lambda conn: signin.touch(conn, found.id, seen=now))
        return signed

    def out(self, signed: Signed) -> None:
        now = self.now()
        self._store.step(lambda conn: signin.end_sessions(conn, now, signed.person.id, number=signed.number))

    def _goes_on(self, found: Row[Any], now: datetime) -> bool:
        idle = now - found.seen >= timedelta(minutes=self._policy.idle_minutes)
        return found.ended_at is None and now < found.expires and not idle

    def _open(self, conn: Connection, user: str, by: str, visitor: Visitor, now: datetime) -> Signed:
        row = users.find(conn, user)
        if row is None or row.disabled_at is not None:
            raise Refused(f"{user}: 账户已停用 the user is out of service", sort="role")
        if by == "password":
            signin.lock(conn, user, None, forget=True)
        secret, csrf = PREFIX + secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires = now + timedelta(hours=self._policy.session_hours)
        where = {"address": visitor.address[:WORDS_MOST], "agent": visitor.agent[:WORDS_MOST]}
        number = _add(conn, secret, now, csrf=csrf, user=user, by=by, created=now, expires=expires, **where)
        audit.record(conn, now, user, "user.signed_in", "user", user, {"session": number, "by": by})
        person = principal_from(row)
        return Signed(number=number, person=person, name=row.name or row.id, secret=secret, token=csrf, renewed=True)

    def _renew(self, conn: Connection, signed: Signed, expires: datetime, now: datetime) -> Signed:
        """A session of its own for the new secret; the old one is taken for a moment more."""
        found = signin.session_of(conn, tokens.digest(signed.secret))
        if found is None or found.expires - now <= GRACE:
            return signed
        secret = PREFIX + secrets.token_urlsafe(32)
        goes_on = {key: getattr(found, key) for key in ("csrf", "user", "by", "created", "address", "agent")}
        number = _add(conn, secret, now, expires=expires, **goes_on)
        signin.touch(conn, found.id, expires=now + GRACE, renewed=now)
        return replace(signed, number=number, secret=secret, renewed=True)

    def _count(self, conn: Connection, user: str, visitor: Visitor, now: datetime) -> str | None:
        """The digest to hold the password against; None for whoever has none, or is out of service. Raises Locked."""
        known, row = signin.password_of(conn, user), users.find(conn, user)
        if known is None:
            return None
        if is_locked(known.locked_until, now):
            raise Locked(known.locked_until, now)
        failures = signin.count_failure(conn, user, known.digest)
        wait = wait_after(failures)
        if wait is not None:
            signin.lock(conn, user, now + wait)
            body = {"failures": failures, "minutes": wait.total_seconds() / 60, "address": visitor.address}
            audit.record(conn, now, "system", "user.locked", "user", user, body)
        return str(known.digest) if row is not None and row.disabled_at is None else None


def _add(conn: Connection, secret: str, now: datetime, **values: Any) -> int:
    return signin.add_session(conn, {"digest": tokens.digest(secret), "renewed": now, "seen": now, **values})
