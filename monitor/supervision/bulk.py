"""The same step on many things: each in a transaction of its own, so that one refusal undoes no other.

Cards are acknowledged so (批量签收), proposals of assessment decided (批量查实).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.store.engine import Store
from monitor.supervision.cardlist import CardFilter, rows_of
from monitor.supervision.commands import require_words, transition
from monitor.supervision.refused import Refused

MOST: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """Numbers of the things that it was done to; of the others why not."""

    done: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "done": list(self.done),
            "refused": [{"number": number, "detail": detail} for number, detail in self.refused],
        }


def one_by_one(
    store: Store, numbers: Sequence[int], step: Callable[[Connection, int], object], *, why: str, none: str
) -> Done:
    """Do `step` to each, in the order of their numbers. `none`: what to say where nothing was chosen.

    Raises Refused then, where too many were chosen, or where the reason says nothing.
    """
    chosen = sorted({number for number in numbers if 0 < number < 2**63})
    if not chosen:
        raise Refused(none, field="numbers")
    if len(chosen) > MOST:
        raise Refused(f"一次至多 {MOST} 个 at most {MOST} at once", field="numbers")
    require_words(why)
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    for number in chosen:

        def act(conn: Connection, number: int = number) -> object:
            return step(conn, number)

        try:
            store.step(act)
        except Refused as error:
            refused.append((number, error.text))
        else:
            done.append(number)
    return Done(done=tuple(done), refused=tuple(refused))


def acknowledge_all(store: Store, numbers: Sequence[int], *, actor: Principal, why: str, now: datetime) -> Done:
    """Acknowledge cards (签收). A card beyond reach is as one that there is not. Raises Refused, as `one_by_one`."""
    step = partial(_acknowledge, actor=actor, why=why, now=now)
    return one_by_one(store, numbers, step, why=why, none="未选择牌 no card was chosen")


def _acknowledge(conn: Connection, number: int, *, actor: Principal, why: str, now: datetime) -> None:
    if not rows_of(conn, CardFilter(number=number, who=actor), "oldest", None, 1):
        raise Refused(f"card {number}: 没有这个号的牌 there is none of this number", sort="missing")
    transition(conn, number, "acknowledged", actor=actor, why=why, now=now)
