"""People and their roles: who may act, for which halls, units and windows (DESIGN §2: commands of people)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import PERSONS, ROLES, Principal, refusal
from monitor.model import Registry
from monitor.store import audit, signin, users
from monitor.supervision.commands import local, require_known
from monitor.supervision.refused import Refused

USER_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_THEIRS: Final = {"hall": "halls", "unit": "units", "window": "windows", "own": "staff"}
"""What a reach needs to be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user as they are added or changed. `name` and `contacts` are personal data, the rest are ids."""

    id: str
    role: str
    name: str = ""
    halls: Sequence[str] = ()
    units: Sequence[str] = ()
    windows: Sequence[str] = ()
    staff: str | None = None
    contacts: Sequence[str] = ()


def save_person(conn: Connection, registry: Registry, person: Person, *, actor: str | Principal, now: datetime) -> bool:
    """Add or change a user; gives whether they are new. Whoever was disabled is in service again.

    A role needs what it reaches: halls, units, windows or the person's own id in the registry. Raises Refused.
    """
    who = _may(actor)
    if not USER_ID.fullmatch(person.id):
        raise Refused(f"{person.id!r}: 须为小写字母、数字和 . _ - an id has lower-case letters, digits and . _ -")
    if person.role not in PERSONS:
        raise Refused(f"{person.role!r} 不是角色 is none of {', '.join(PERSONS)}", field="role")
    needed = _THEIRS.get(ROLES[person.role].reach)
    if needed is not None and not getattr(person, needed):
        raise Refused(f"该角色须写明范围 the role {person.role} needs to be told which", field=needed)
    for kind, ids in (("hall", person.halls), ("unit", person.units), ("window", person.windows)):
        for each in ids:
            require_known(registry, **{kind: each})
    require_known(registry, staff=person.staff)
    values = {
        "id": person.id, "role": person.role, "name": person.name, "halls": sorted(set(person.halls)) or None,
        "units": sorted(set(person.units)) or None, "windows": sorted(set(person.windows)) or None,
        "staff": person.staff, "contacts": list(person.contacts) or None, "created": now, "disabled_at": None,
    }  # fmt: skip
    new = users.save(conn, values)
    body = {key: values[key] for key in ("role", "halls", "units", "windows", "staff")}
    private = {"name": person.name, "contacts": list(person.contacts)}
    audit.record(conn, now, who.id, "user.added" if new else "user.changed", "user", person.id, body, private=private)
    return new


def disable(conn: Connection, user: str, *, actor: str | Principal, why: str, now: datetime) -> None:
    """Take a user and their tokens out of service: they act no more, what they did stays theirs. Raises Refused."""
    who = _may(actor)
    found = users.find(conn, user, lock=True)
    if found is None or found.disabled_at is not None:
        raise Refused(f"{user}: 没有在用的此账户 is no user in service; `jiancha user list` 列出 lists them")
    if not why.strip():
        raise Refused(f"{user}: 须写明理由 a reason is needed; give one with --reason")
    users.save(conn, {**found._mapping, "disabled_at": now})
    users.revoke_tokens(conn, user, now)
    signin.end_sessions(conn, now, who.id, user=user)
    audit.record(conn, now, who.id, "user.disabled", "user", user, {"role": found.role}, private={"why": why})


def principal_of(conn: Connection, user: str) -> Principal:
    """Who a user is to `access`. Raises Refused for one that there is not, or who is out of service."""
    row = users.find(conn, user)
    if row is None or row.disabled_at is not None:
        raise Refused(f"{user!r} 不是在用账户 is no user in service; `jiancha user list` 列出 lists them", field="as")
    return principal_from(row)


def principal_from(row: Row[Any]) -> Principal:
    """The user's row as `access` takes it."""
    return Principal(
        id=row.id,
        role=row.role,
        halls=frozenset(row.halls or ()),
        units=frozenset(row.units or ()),
        windows=frozenset(row.windows or ()),
        staff=row.staff,
    )


def _may(actor: str | Principal) -> Principal:
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    return who
