"""The judge's look at the store, for what is counted afresh when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.store.facts.look import Look


def look_of(deps: Deps, conn: Connection) -> Look:
    """As the judge looks at this moment. 503 in a program that judges nothing."""
    if deps.look is None:
        raise HTTPException(503, "这里不提供现算的数据 what is counted afresh is not served here")
    return deps.look(conn, deps.clock.now())


@contextmanager
def looked(deps: Deps) -> Iterator[Look]:
    """One look at the store, now. 503 as in `look_of`."""
    with deps.store.read() as conn:
        yield look_of(deps, conn)
