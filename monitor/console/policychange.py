"""A change of the policy as API and page carry it out: in one transaction, then taken here and told to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.settings import Policy
from monitor.supervision.policies import named
from monitor.supervision.policykeys import BadPolicy, changed, changed_by
from monitor.supervision.refused import Refused


def draft_of(conn: Connection, deps: Deps, origin: str, texts: Mapping[str, str]) -> Policy:
    """`origin` (`policies.named`) with these keys as texts of a form. Raises Refused, BadPolicy."""
    return changed(named(conn, deps.policies, origin), texts)


def wanted_of(conn: Connection, deps: Deps, origin: str, values: Mapping[str, Any]) -> Policy:
    """The same with JSON values. Raises Refused: each key at fault stands on a line of its own."""
    try:
        return changed_by(named(conn, deps.policies, origin), values)
    except BadPolicy as error:
        raise Refused(str(error), field="set") from None


def taken(deps: Deps) -> None:
    """After the commit: this process goes by it from now on, other replicas are told to look."""
    deps.policies.refresh(deps.store)
    deps.policy_changed()
