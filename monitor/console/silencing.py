"""What pages and API of silences share: the core's refusals as those of the console, and making one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from alerts import silenceview, silencing
from alerts.matching import Match
from alerts.policy import AlertPolicy
from alerts.service import AlertService
from alerts.silencing import NotSilenced
from monitor.access import Principal
from monitor.console.deps import Deps
from monitor.supervision.commands import require_words
from monitor.supervision.refused import Refused

FIELDS = ("hall", "unit", "window", "rule", "kind", "levels", "subject")


def service_of(deps: Deps) -> AlertService:
    """Raises Refused in a program that knows no routes."""
    if deps.alerts is None:
        raise Refused("这里不提供通知设置 nothing is known of routes here", sort="state")
    return deps.alerts


@contextmanager
def refusing() -> Iterator[None]:
    """The core's refusal as the console's."""
    try:
        yield
    except NotSilenced as error:
        raise Refused(str(error), sort=error.sort) from error


def match_of(given: Mapping[str, Sequence[str]]) -> Match:
    """The conditions as given. Raises Refused naming the one at fault."""
    try:
        return Match.model_validate({name: tuple(values) for name, values in given.items() if values})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else None
        raise Refused(f"{field}: {first['msg']}", field=field) from None


def longest_of(policy: AlertPolicy) -> timedelta:
    return timedelta(hours=policy.silence_hours)


def require_red_meant(match: Match, red: bool) -> None:
    """Refuse to hide red cards by the way: whoever wants that says so."""
    if ("red" in match.levels or not match.levels) and not red:
        raise Refused(
            "将隐去红牌，须明确勾选 it would hide red cards too: say so, or choose the levels without red", field="red"
        )


def add_silence(
    conn: Connection, policy: AlertPolicy, match: Match, *, starts: datetime, ends: datetime, reason: str, red: bool,
    who: Principal, now: datetime,
) -> int:  # fmt: skip
    """Raises Refused."""
    require_words(reason)
    require_red_meant(match, red)
    with refusing():
        return silencing.add(
            conn, match, starts=starts, ends=ends, reason=reason.strip(), who=who, now=now, longest=longest_of(policy)
        )


def end_silence(conn: Connection, number: int, *, who: Principal, now: datetime) -> None:
    """One that does not concern them is answered as one that there is not. Raises Refused."""
    if silenceview.find(conn, who, number) is None:
        raise Refused(f"{number}: 没有这条静默 there is no such silence", sort="missing")
    with refusing():
        silencing.end(conn, number, who=who, now=now)


def line_json(line: silenceview.SilenceLine, stamped: Any) -> dict[str, Any]:
    """As the API has it; `stamped` writes an instant."""
    told = dict(silenceview.as_json(line))
    return {**told, **{name: stamped(told[name]) for name in ("starts", "ends", "ended_at")}}
