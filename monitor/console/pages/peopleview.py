"""Users and what a change would mean, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.access import ACTIONS, PERSONS, ROLES, Principal
from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.supervision.people import Person
from monitor.supervision.peoplelist import UserLine
from monitor.supervision.rolechange import Change
from monitor.wording import words
from monitor.wording.render import pick

GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("cards", ("cards:", "posts:check", "alerts:silence")),
    ("cases", ("cases:", "ratings:", "rating")),
    ("attendance", ("attendance:", "requests:", "faces:", "pins:", "kiosk", "plans:")),
    ("devices", ("events:", "devices:", "quarantine:", "screen")),
    ("settings", ("audit:", "people:", "settings:", "alerts:test", "notices:", "operations:")),
)
"""Actions by what they are about, for the matrix: (name of the group, beginnings of actions)."""
COLUMNS: Final = (*PERSONS, "operator", "device_token")


@dataclass(frozen=True, kw_only=True)
class Said:
    """The language, the registry for names of places, the zone of times, `people`: names of staff."""

    language: Language
    registry: Registry
    zone: ZoneInfo
    people: Mapping[str, str]

    def role(self, role: str) -> str:
        return pick(words.ROLES.get(role, (role, role)), self.language)

    def action(self, action: str) -> str:
        return pick(words.ACTIONS.get(action, (action, action)), self.language)

    def name(self, kind: str, key: str) -> str:
        """The name in the registry; the id where it has none, or has gone."""
        tables: Mapping[str, Mapping[str, Any]] = {
            "hall": self.registry.halls, "unit": self.registry.units, "window": self.registry.windows,
        }  # fmt: skip
        if kind == "staff":
            return self.people.get(key) or key
        found = tables[kind].get(key)
        return str(getattr(found, "name", "") or key)

    def at(self, when: datetime | None) -> datetime | None:
        return when.astimezone(self.zone) if when is not None else None


def theirs(said: Said, role: str, one: Any) -> dict[str, Any]:
    """What is somebody's, by the reach of their role: {"reach", "names"}. `one` has halls, units, windows, staff."""
    known = ROLES.get(role)
    reach = known.reach if known is not None else "none"
    lists = {"hall": ("hall", one.halls), "unit": ("unit", one.units), "window": ("window", one.windows)}
    kind, ids = lists.get(reach, ("staff", [one.staff] if one.staff else [])) if reach != "all" else ("", ())
    return {"reach": reach, "names": [said.name(kind, key) for key in sorted(ids)]}


def user_view(line: UserLine, said: Said) -> dict[str, Any]:
    return {
        "id": line.id, "name": line.name or line.id, "role": line.role, "role_word": said.role(line.role),
        "theirs": theirs(said, line.role, line), "state": line.state, "last": said.at(line.last),
        "staff": said.name("staff", line.staff) if line.staff else "", "contacts": line.contacts,
        "created": said.at(line.created), "disabled": said.at(line.disabled_at), "sessions": line.sessions,
        "tokens": line.tokens, "password_set": said.at(line.password_set), "failures": line.failures,
        "locked_until": said.at(line.locked_until), "invited_until": said.at(line.invited_until),
        "identities": [
            {"issuer": i.issuer, "subject": i.subject, "linked_at": said.at(i.linked_at), "linked_by": i.linked_by}
            for i in line.identities
        ],
    }  # fmt: skip


def change_view(found: Change, said: Said) -> dict[str, Any]:
    def side(who: Principal | None, windows: int) -> dict[str, Any] | None:
        if who is None:
            return None
        return {"role": said.role(who.role), "theirs": theirs(said, who.role, who), "windows": windows}

    return {
        "before": side(found.before, found.windows_before),
        "after": side(found.after, found.windows_after),
        "gained": [said.action(one) for one in found.gained],
        "lost": [said.action(one) for one in found.lost],
        "kept": [said.action(one) for one in found.kept],
        "narrows": found.narrows,
        "back": found.back,
        "sessions": len(found.ends),
        "tokens": [{"id": t.id, "lost": [said.action(one) for one in t.lost], "moved": t.moved} for t in found.tokens],
    }


def form_of(person: Person | None) -> dict[str, Any]:
    """What stands in the form."""
    if person is None:
        return {"id": "", "role": "", "name": "", "halls": [], "units": [], "windows": [], "staff": "", "contacts": ""}
    return {
        "id": person.id, "role": person.role, "name": person.name, "halls": list(person.halls),
        "units": list(person.units), "windows": list(person.windows), "staff": person.staff or "",
        "contacts": ", ".join(person.contacts),
    }  # fmt: skip


def choices(said: Said) -> dict[str, list[tuple[str, str]]]:
    """What a form may choose from: (id, name), by name; windows by id, so that 10 号窗口 comes behind 2 号窗口. With
    the hall where there are several.
    """
    registry, many = said.registry, len(said.registry.halls) > 1

    def named(things: Iterable[Any], by: int = 1) -> list[tuple[str, str]]:
        return sorted(
            (
                (one.id, f"{one.name or one.id} · {said.name('hall', one.hall)}" if many else one.name or one.id)
                for one in things
            ),
            key=lambda pair: pair[by],
        )

    return {
        "roles": [(role, said.role(role)) for role in PERSONS],
        "halls": sorted(((h.id, h.name or h.id) for h in registry.halls.values()), key=lambda pair: pair[1]),
        "units": named(registry.units.values()),
        "windows": named(registry.windows.values(), by=0),
        "staff": sorted(((s, f"{said.name('staff', s)} · {s}") for s in registry.staff), key=lambda pair: pair[1]),
    }


def matrix_view(rows: Mapping[str, Sequence[str]], said: Said) -> dict[str, Any]:
    """Roles × actions: a group of rows for each sort of action, a column a role with its reach."""
    left = list(rows)
    groups = []
    for name, beginnings in GROUPS:
        mine = [one for one in left if one.startswith(beginnings)]
        left = [one for one in left if one not in mine]
        groups.append({"name": name, "rows": [_row(one, rows[one], said) for one in mine]})
    if left:
        groups.append({"name": "other", "rows": [_row(one, rows[one], said) for one in left]})
    return {
        "columns": [{"role": role, "word": said.role(role), "reach": ROLES[role].reach} for role in COLUMNS],
        "groups": groups,
    }


def _row(action: str, roles: Sequence[str], said: Said) -> dict[str, Any]:
    chinese, _, rest = ACTIONS[action].rpartition(" (")
    full = rest.rstrip(")") if said.language == "zh" else chinese
    return {"action": action, "word": full, "has": [role in roles for role in COLUMNS]}
