"""What a change of a user's role or reach would mean (角色、范围变更预览): computed, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from monitor.access import ACTIONS, LOCAL, ROLES, Principal, Target, covers, refusal
from monitor.model import Registry
from monitor.store import users
from monitor.store.users import TOKEN
from monitor.supervision.people import (
    KEEPERS,
    Person,
    narrows,
    principal_for,
    principal_from,
    require_keeper_left,
    require_person_fits,
)
from monitor.supervision.refused import Refused
from monitor.supervision.websessions import Session, sessions


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenChange:
    """A token that acts as the user: what it can do no more, and whether its places become others."""

    id: int
    lost: tuple[str, ...]
    moved: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """`before` None: a new user. Actions are names of `access.ACTIONS` in their order. `windows_before`, `_after`:
    how many of the registry lie within reach. `ends`: sessions that end; `back`: they are out of service and come back.
    """

    before: Principal | None
    after: Principal
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    kept: tuple[str, ...]
    windows_before: int
    windows_after: int
    narrows: bool
    back: bool
    ends: Sequence[Session]
    tokens: Sequence[TokenChange]


def preview_change(
    conn: Connection, registry: Registry, person: Person, *, actor: Principal, now: datetime, idle: timedelta,
    new: bool = False,
) -> Change:  # fmt: skip
    """What `save_person` would do. `new`: a user who must not be there yet. Raises Refused as that does."""
    no = refusal(actor, "people:write")
    if no is not None:
        raise Refused.because(no)
    require_person_fits(registry, person)
    row = users.find(conn, person.id)
    if new and row is not None:
        raise Refused(f"{person.id}: 已有此账户 there is such a user already", field="user", sort="state")
    if row is not None and row.role in KEEPERS and row.disabled_at is None and person.role not in KEEPERS:
        require_keeper_left(conn, actor, person.id)
    before, after = principal_from(row) if row is not None else None, principal_for(person)
    may_before, may_after = _actions(before), _actions(after)
    less = before is not None and narrows(before, after)
    return Change(
        before=before,
        after=after,
        gained=tuple(one for one in ACTIONS if one in may_after - may_before),
        lost=tuple(one for one in ACTIONS if one in may_before - may_after),
        kept=tuple(one for one in ACTIONS if one in may_before & may_after),
        windows_before=_windows(registry, before),
        windows_after=_windows(registry, after),
        narrows=less,
        back=row is not None and row.disabled_at is not None,
        ends=sessions(conn, now, idle, person.id) if less else (),
        tokens=_tokens(conn, person.id, before, after) if before is not None else (),
    )


def _actions(who: Principal | None) -> frozenset[str]:
    role = ROLES.get(who.role) if who is not None else None
    return role.actions if role is not None else frozenset()


def _windows(registry: Registry, who: Principal | None) -> int:
    if who is None:
        return 0
    return sum(covers(who, Target(hall=one.hall, unit=one.unit, window=one.id)) for one in registry.windows.values())


def _tokens(conn: Connection, user: str, before: Principal, after: Principal) -> list[TokenChange]:
    query = select(TOKEN.c.id, TOKEN.c.scopes).where(TOKEN.c.user == user, TOKEN.c.revoked_at.is_(None))
    lost = _actions(before) - _actions(after)
    moved = _reach(before) != _reach(after)
    changed = [_token(row, lost, moved) for row in conn.execute(query.order_by(TOKEN.c.id))]
    return [one for one in changed if one.lost or one.moved]


def _token(row: Any, lost: frozenset[str], moved: bool) -> TokenChange:
    gone = lost & set(row.scopes or ())
    return TokenChange(id=row.id, lost=tuple(one for one in ACTIONS if one in gone), moved=moved)


def _reach(who: Principal) -> tuple[Any, ...]:
    role = ROLES.get(who.role)
    return (role.reach if role else None, who.halls, who.units, who.windows, who.staff)


def matrix() -> Mapping[str, Sequence[str]]:
    """Which roles have each action, in the order of `access.ACTIONS`; the command line's own role left out."""
    return {
        action: tuple(name for name, role in ROLES.items() if name != LOCAL and action in role.actions)
        for action in ACTIONS
    }
