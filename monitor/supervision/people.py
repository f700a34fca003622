"""People and their roles: who may act, for which halls, units and windows (DESIGN §2: commands of people)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import LOCAL, PERSONS, ROLES, Principal, refusal
from monitor.model import Registry
from monitor.store import audit, meta, signin, users
from monitor.supervision.commands import local, require_known
from monitor.supervision.refused import Refused

USER_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_THEIRS: Final = {"hall": "halls", "unit": "units", "window": "windows", "own": "staff"}
"""What a reach needs to be told."""
KEEPERS: Final = tuple(role for role in PERSONS if "people:write" in ROLES[role].actions)
"""Roles that may change people: somebody has to be left who has one."""


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

    A role needs what it reaches: halls, units, windows or the person's own id in the registry. Whoever may do or reach
    less than before is signed out, and open boards look again at who they are for. Raises Refused.
    """
    who = _may(actor)
    require_person_fits(registry, person)
    before = users.find(conn, person.id)
    if before is not None and before.role in KEEPERS and before.disabled_at is None and person.role not in KEEPERS:
        require_keeper_left(conn, who, person.id)
    values = {
        "id": person.id, "role": person.role, "name": person.name, "halls": sorted(set(person.halls)) or None,
        "units": sorted(set(person.units)) or None, "windows": sorted(set(person.windows)) or None,
        "staff": person.staff, "contacts": list(person.contacts) or None, "created": now, "disabled_at": None,
    }  # fmt: skip
    new = users.save(conn, values)
    body: dict[str, Any] = {key: values[key] for key in ("role", "halls", "units", "windows", "staff")}
    if before is not None and narrows(principal_from(before), principal_for(person)):
        body["sessions_ended"] = signin.end_sessions(conn, now, who.id, user=person.id)
    private = {"name": person.name, "contacts": list(person.contacts)}
    audit.record(conn, now, who.id, "user.added" if new else "user.changed", "user", person.id, body, private=private)
    meta.bump(conn, meta.PEOPLE_VERSION)
    return new


def require_person_fits(registry: Registry, person: Person) -> None:
    """Refuse a user who cannot be: an id or a role that is none, a role without what it reaches, a place that there is
    not.
    """
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


def require_keeper_left(conn: Connection, who: Principal, user: str) -> None:
    """Refuse to take the right to change people from oneself, and from the last who has it.

    The command line on the machine itself may: it can give the right to somebody again.
    """
    if who.role == LOCAL:
        return
    if who.id == user:
        raise Refused(
            "不能取消自己的人员管理权，请另一位管理员办理 nobody takes the right to change people from themselves: "
            "another administrator does it",
            sort="state",
        )
    if not set(users.holders(conn, KEEPERS, lock=True)) - {user}:
        raise Refused(
            "这是最后一位管理员，不能取消 this is the last administrator: make another one first", sort="state"
        )


def narrows(before: Principal, after: Principal) -> bool:
    """Whether somebody may do less than before, or reaches less."""
    old, new = ROLES.get(before.role), ROLES[after.role]
    if old is None or old.actions - new.actions:
        return True
    if old.reach != new.reach:
        return new.reach != "all"
    return old.reach != "all" and bool(_places(before) - _places(after))


def _places(who: Principal) -> frozenset[tuple[str, str]]:
    """What is theirs by the reach of their role."""
    name = _THEIRS.get(ROLES[who.role].reach)
    theirs = getattr(who, name) if name else None
    return frozenset((name or "", one) for one in ([theirs] if isinstance(theirs, str) else theirs or ()))


def disable(conn: Connection, user: str, *, actor: str | Principal, why: str, now: datetime) -> None:
    """Take a user and their tokens out of service: they act no more, what they did stays theirs. Raises Refused."""
    who = _may(actor)
    found = users.find(conn, user)
    if found is not None and found.disabled_at is None and found.role in KEEPERS:
        require_keeper_left(conn, who, user)
    found = users.find(conn, user, lock=True)
    if found is None or found.disabled_at is not None:
        raise Refused(f"{user}: 没有在用的此账户 is no user in service; `jiancha user list` 列出 lists them")
    if not why.strip():
        raise Refused(f"{user}: 须写明理由 a reason is needed; give one with --reason")
    users.save(conn, {**found._mapping, "disabled_at": now})
    users.revoke_tokens(conn, user, now)
    signin.end_sessions(conn, now, who.id, user=user)
    audit.record(conn, now, who.id, "user.disabled", "user", user, {"role": found.role}, private={"why": why})
    meta.bump(conn, meta.PEOPLE_VERSION)


def enable(conn: Connection, registry: Registry, user: str, *, actor: str | Principal, now: datetime) -> None:
    """Put a user who is out of service back, as they were; tokens stay revoked. Raises Refused."""
    found = users.find(conn, user)
    if found is None or found.disabled_at is None:
        raise Refused(f"{user}: 没有已停用的此账户 is no user out of service; `jiancha user list`", sort="missing")
    save_person(conn, registry, person_from(found), actor=actor, now=now)


def person_from(row: Row[Any]) -> Person:
    """The user's row as it would be saved."""
    return Person(
        id=row.id, role=row.role, name=row.name, halls=row.halls or (), units=row.units or (),
        windows=row.windows or (), staff=row.staff, contacts=row.contacts or (),
    )  # fmt: skip


def principal_for(person: Person) -> Principal:
    """Who they will be to `access`."""
    return Principal(
        id=person.id, role=person.role, halls=frozenset(person.halls), units=frozenset(person.units),
        windows=frozenset(person.windows), staff=person.staff,
    )  # fmt: skip


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
