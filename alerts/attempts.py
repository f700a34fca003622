"""The report of tries (`report deliveries`): whether everybody was reached, by what way, in order, in its limit."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from alerts.standing import is_firing

MINUTE: Final = timedelta(minutes=1)
PENDING: Final = ("open", "sealed")
UNSEEN: Final = "unseen"
"""A try whose end nobody saw: it is under way, or its sender died. It counts as maybe arrived, and is made again."""


class Notice(Protocol):
    """A row of `store.tried.notices`."""

    address: str
    card: int
    sequence: int
    purpose: str
    delivery: int
    state: str
    ended: datetime | None


class Try(Protocol):
    """A row of `store.tried.tries`."""

    address: str
    delivery: int
    n: int
    part: int
    channel: str
    started: datetime
    ended: datetime | None
    result: str | None
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One receiver. `notices` = `delivered` + `by_fallback` + `waiting` + `lost`; `tries` = the four results.

    `limit`: messages a minute that it allows, None: any number; `most_a_minute`: tries in any 60 seconds.
    `out_of_order`: notices of a card that arrived before an earlier one of the same card.
    """

    receiver: str
    limit: int | None
    cards: int
    notices: int
    delivered: int
    by_fallback: int
    waiting: int
    lost: int
    messages: int
    tries: int
    sent: int
    refused: int
    timeout: int
    unseen: int
    most_a_minute: int
    out_of_order: int
    refusals: Mapping[str, int]
    """How often each reason was given, the most frequent first."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def report(
    notices: Sequence[Notice], tries: Sequence[Try], *, limits: Mapping[str, int | None], fallback: str | None
) -> list[Line]:
    """A line for each receiver that the record or `limits` names, by id."""
    told: dict[str, list[Notice]] = defaultdict(list)
    tried: dict[str, list[Try]] = defaultdict(list)
    for notice in notices:
        told[notice.address].append(notice)
    for one in tries:
        tried[one.address].append(one)
    rescued = {_key(notice): notice.state for notice in told.get(fallback or "", ())}
    return [
        _line(name, told[name], tried[name], limits.get(name), rescued if name != fallback else {})
        for name in sorted({*limits, *told, *tried})
    ]


def _key(notice: Notice) -> tuple[int, int, str]:
    return notice.card, notice.sequence, notice.purpose


def _line(
    name: str, notices: Sequence[Notice], tries: Sequence[Try], limit: int | None,
    rescued: Mapping[tuple[int, int, str], str],
) -> Line:  # fmt: skip
    ways = Counter(_way(notice.state, rescued.get(_key(notice))) for notice in notices)
    results = Counter(one.result or UNSEEN for one in tries)
    refusals = Counter(one.detail for one in tries if one.result not in ("sent", None))
    return Line(
        receiver=name,
        limit=limit,
        cards=len({notice.card for notice in notices}),
        notices=len(notices),
        messages=len({notice.delivery for notice in notices}),
        tries=len(tries),
        most_a_minute=most_in(MINUTE, [one.started for one in tries]),
        out_of_order=out_of_order(notices),
        refusals=dict(refusals.most_common()),
        **{way: ways[way] for way in ("delivered", "by_fallback", "waiting", "lost")},
        **{result: results[result] for result in ("sent", "refused", "timeout", UNSEEN)},
    )


def _way(state: str, rescued: str | None) -> str:
    """What became of a notice, by the state of its message and of the fallback's message of the same notice."""
    if state == "sent":
        return "delivered"
    if state in PENDING:
        return "waiting"
    if rescued == "sent":
        return "by_fallback"
    return "waiting" if rescued in PENDING else "lost"


def most_in(span: timedelta, instants: Iterable[datetime]) -> int:
    """The most instants that any half-open span of this length holds; `instants` in order."""
    window: deque[datetime] = deque()
    most = 0
    for instant in instants:
        window.append(instant)
        while instant - window[0] >= span:
            window.popleft()
        most = max(most, len(window))
    return most


def out_of_order(notices: Iterable[Notice]) -> int:
    """Notices that arrived after a later one of the same card; `notices` of one receiver in the order of arrival.

    Lists (digest, daily round) say how things stand and have no order with single notices.
    """
    heard: dict[int, int] = {}
    wrong = 0
    for notice in notices:
        if notice.state == "sent" and (is_firing(notice.purpose) or notice.purpose == "resolved"):
            wrong += notice.sequence < heard.get(notice.card, 0)
            heard[notice.card] = max(notice.sequence, heard.get(notice.card, 0))
    return wrong
