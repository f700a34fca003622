"""The policy in force (现行规则), its versions and its change (docs/adr/0044).

A change in the store holds over the configuration file. What was in force is recorded, the file's too, so that a card
is followed under the policy that it was issued under.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Row

from monitor import failpoints
from monitor.access import Principal, refusal
from monitor.settings import Policy, Settings, load_policy, policy_faults, policy_presets
from monitor.store import audit, meta, policies, subjects
from monitor.store.engine import Store
from monitor.supervision.commands import require_words
from monitor.supervision.policykeys import differences, loose, value_of
from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

Source = Literal["file", "store"]
JUDGED_BY: Final = "policy_judged_by"
"""Under this key of `meta`: the version that what is open was last looked at under."""
MOST_DIGITS: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A version of the store that cannot be used any more: its number and what is wrong, key by key."""

    number: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """The policy in force. `number`, `since`, `actor`: of its version, None where none was recorded yet (the file's,
    before a daemon ran). `broken`: newer versions that could not be loaded. `seen`: the newest number when it was read.
    """

    policy: Policy
    source: Source = "file"
    number: int | None = None
    since: datetime | None = None
    actor: str | None = None
    broken: tuple[Broken, ...] = ()
    seen: int = 0

    @property
    def version(self) -> str:
        return self.policy.version


def read_in_force(conn: Connection, settings: Settings) -> InForce:
    """The newest version of the store that can be used, else the settings' own. Each that cannot is named."""
    broken: list[Broken] = []
    seen = policies.newest(conn)
    before: int | None = None
    while rows := policies.held(conn, before):
        for row in rows:
            try:
                policy = settings.under(_load(row.body)).policy
            except ValueError as error:
                broken.append(Broken(number=row.number, why=told(error)))
                continue
            return InForce(
                policy=policy, source="store", number=row.number, since=row.at, actor=row.actor,
                broken=tuple(broken), seen=seen,
            )  # fmt: skip
        before = rows[-1].number
    last = policies.last(conn)
    known = last if last is not None and (last.source, last.version) == ("file", settings.policy.version) else None
    return InForce(
        policy=settings.policy, number=known.number if known is not None else None,
        since=known.at if known is not None else None, actor=known.actor if known is not None else None,
        broken=tuple(broken), seen=seen,
    )  # fmt: skip


def _load(body: Any) -> Policy:
    return Policy.model_validate(body)


def told(error: ValueError) -> str:
    """What is wrong, key by key."""
    if isinstance(error, ValidationError):
        return "; ".join(f"policy.{key}: {said}" for key, said in policy_faults(error))
    return str(error)


def record_start(conn: Connection, found: InForce, now: datetime) -> None:
    """Record what a judge begins with, where that is no version yet: another file, or keys that a newer program has.

    Where it is not what open subjects were last looked at under, all of them are looked at again.
    """
    last = policies.last(conn)
    if last is None or last.version != found.version or last.source != found.source:
        policies.lock(conn)
        last = policies.last(conn)  # of replicas that start, the first
    if (last is None or last.version != found.version) and not found.broken:
        _record(conn, found, last.number if last is not None else None, now)
    judged = meta.text(conn, JUDGED_BY)
    if judged != found.version:
        if judged is not None:
            subjects.wake_all(conn, due=now)
        meta.set_text(conn, JUDGED_BY, found.version)


def _record(conn: Connection, found: InForce, base: int | None, now: datetime) -> int:
    """What was read from the file, or has keys of a newer program: a version that nobody made."""
    entry = {"version": found.version, "source": found.source, "base": base}
    row = audit.record(conn, now, "system", "policy.recorded", "policy", found.version, entry)
    return policies.add(
        conn, version=found.version, source=found.source, base=base, body=loose(found.policy), actor="system", at=now,
        audit_row=row,
    )  # fmt: skip


def look_again(conn: Connection, found: InForce, now: datetime) -> None:
    """Another policy is in force: what is open is judged by it, also what the one before would only look at later."""
    subjects.wake_all(conn, due=now)
    meta.set_text(conn, JUDGED_BY, found.version)


# -- changing it


def change(
    conn: Connection, settings: Settings, who: Principal, policy: Policy, *, base: int | None, why: str, now: datetime
) -> int:  # fmt: skip
    """Put another policy in force from now on, as a new version with audit; its number. The caller commits.

    `base`: the number of the version that the change was made of; it must still be the one in force. Raises Refused.
    """
    no = refusal(who, "settings:write")
    if no is not None:
        raise Refused.because(no)
    require_words(why)
    policies.lock(conn)
    present = read_in_force(conn, settings)
    if base != present.number:
        raise Refused(
            f"规则已被他人更改，现行第 {present.number or 0} 版，请对照后再改 the policy was changed meanwhile: "
            f"version {present.number or 0} is in force; look at it and change that",
            field="base", sort="state",
        )  # fmt: skip
    try:
        settings.under(policy)
    except ValueError as error:
        raise Refused(str(error), field="device.heartbeat_seconds") from None
    differing = differences(present.policy, policy)
    if not differing:
        raise Refused("与现行规则没有差别 nothing differs from the policy in force", field="changes")
    if policies.of_version(conn, present.version) is None:  # no daemon ran yet: cards may name it all the same
        base = _record(conn, present, base, now)
    body = {
        "version": policy.version,
        "before": present.version,
        "base": base,
        "role": who.role,
        "changed": {key: [value_of(present.policy, key), value_of(policy, key)] for key in differing},
    }
    row = audit.record(conn, now, who.id, "policy.changed", "policy", policy.version, body, private={"why": why})
    failpoints.hit("policy.before_row")
    number = policies.add(
        conn, version=policy.version, source="store", base=base, body=loose(policy), actor=who.id, at=now,
        audit_row=row,
    )  # fmt: skip
    failpoints.hit("policy.before_commit")
    return number


def named(conn: Connection, held: Policies, name: str) -> Policy:
    """`present`, `file` (the configuration's own), the number of a version, or a shipped preset. Raises Refused."""
    if name == "present":
        return held.current.policy
    if name == "file":
        return held.settings.policy
    if name.isascii() and name.isdigit() and len(name) < MOST_DIGITS:
        one = find_version(conn, int(name))
        if one.policy is None:
            raise Refused(f"规则第 {name} 版已不可用 version {name} can no longer be used: {one.fault}", sort="state")
        return one.policy
    if name in policy_presets():
        return load_policy(name)
    known = ", ".join(("present", "file", *policy_presets()))
    raise Refused(
        f"规则 policy: 没有 {name[:40]!r} there is no such one; a number of a version, or one of {known}",
        sort="missing",
    )


# -- in a running process


class Policies:
    """The policy in force in this process, taken anew when the store has another. Thread-safe.

    `settings`: as the file gave them. `told` are called with what is in force now, in the thread that found it.
    """

    def __init__(self, settings: Settings, current: InForce) -> None:
        self.settings = settings
        self.current = current
        self.told: list[Callable[[InForce], None]] = []
        self._lock = threading.Lock()
        self._older: dict[str, Policy | None] = {}

    @classmethod
    def of(cls, settings: Settings) -> Policies:
        """The settings' own policy, whatever a store holds."""
        return cls(settings, InForce(policy=settings.policy))

    @classmethod
    def fixed(cls, policy: Policy | None = None) -> Policies:
        """One policy and no file: for tests and tools."""
        return cls.of(Settings(policy=policy or Policy()))

    def refresh(self, store: Store) -> bool:
        """Look whether the store has a newer version, one look at a key, and take it; gives whether it did.

        A version that cannot be used is told in the log and changes nothing.
        """
        with self._lock:
            with store.read() as conn:
                if policies.newest(conn) == self.current.seen:
                    return False
                found = read_in_force(conn, self.settings)
            for broken in found.broken:
                log.error("a policy cannot be used", action="policy.broken", number=broken.number, why=broken.why)
            same = found.version == self.current.version
            self.current = found
            if not same:
                log.info("policy", action="policy.in_force", version=found.version, number=found.number)
                for tell in self.told:
                    tell(found)
            return not same

    def older(self, conn: Connection, version: str) -> Policy | None:
        """The policy of a version that a card names; None where it was never recorded, or cannot be read any more."""
        if version not in self._older:
            row = policies.of_version(conn, version)
            try:
                self._older[version] = _load(row.body) if row is not None else None
            except ValidationError:
                self._older[version] = None
        return self._older[version]


# -- reading versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version as it is listed. `changed`: keys that differ from the version before it. `reason`: None where it is
    not kept (any more). `fault`: why it cannot be used now.
    """

    number: int
    version: str
    source: Source
    base: int | None
    actor: str
    at: datetime
    reason: str | None
    changed: tuple[tuple[str, Any, Any], ...] = ()
    fault: str | None = None
    policy: Policy | None = field(default=None, compare=False)


def list_versions(conn: Connection, before: int | None, limit: int) -> list[Version]:
    """Versions below `before`, the newest first, one more than `limit` where there are more."""
    rows = policies.listed(conn, before, limit + 2)
    why = policies.reasons(conn, [row.audit for row in rows])
    found = [_version(row, why) for row in rows]
    listed = []
    for n, one in enumerate(found[: limit + 1]):
        earlier = found[n + 1] if n + 1 < len(found) else None
        if earlier is not None and earlier.policy is not None and one.policy is not None:
            keys = differences(earlier.policy, one.policy)
            told_ = tuple((key, value_of(earlier.policy, key), value_of(one.policy, key)) for key in keys)
            one = replace(one, changed=told_)
        listed.append(one)
    return listed


def find_version(conn: Connection, number: int) -> Version:
    """Raises Refused where there is none."""
    row = policies.one(conn, number)
    if row is None:
        raise Refused(f"规则 policy: 没有第 {number} 版 there is no version {number}", sort="missing")
    return _version(row, policies.reasons(conn, [row.audit]))


def _version(row: Row[Any], why: dict[int, str]) -> Version:
    policy, fault = None, None
    try:
        policy = _load(row.body)
    except ValidationError as error:
        fault = told(error)
    return Version(
        number=row.number, version=row.version, source=row.source, base=row.base, actor=row.actor, at=row.at,
        reason=why.get(row.audit or 0), fault=fault, policy=policy,
    )  # fmt: skip
