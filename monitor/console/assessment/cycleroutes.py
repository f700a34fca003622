"""What the cycle's routes of the API share: a step that is done once, a list in pages, rows as they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from fastapi import Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import Connection, Row, Table

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, problem
from monitor.console.bearer import read_body
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import read
from monitor.console.looking import look_of
from monitor.console.once import Act, once
from monitor.console.paging import Page, cut, key_of, next_link
from monitor.model import Registry
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

M = TypeVar("M", bound=BaseModel)
NUMBER: Final = Path(ge=1, le=INT64)
MISSING: Final[Responses] = {**ERRORS, 404: problem("There is none of this number for the bearer.")}
STEP_ERRORS: Final[Responses] = {**WORK_ERRORS, **MISSING, 409: problem("Its state does not allow it.")}


async def do_once(
    deps: Deps, grant: Grant, key: str | None, request: Request, response: Response, model: type[M],
    act: Callable[[Look, M], Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Read the body and do it, in one transaction; again with the same key: what was answered before."""
    body = await read_body(request, deps.max_body_bytes)

    def prepare() -> Act:
        said = read(model, body)

        def step(conn: Connection, _now: Any) -> dict[str, Any]:
            return dict(act(look_of(deps, conn), said))

        return step

    return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)


def before_of(page: Page) -> int | None:
    """The number behind which the page begins."""
    after = key_of(page, int)
    return after[0] if after else None


def page_of(
    look: Look, table: Table, rows: Sequence[Row[Any]], page: Page, request: Request, response: Response
) -> list[dict[str, Any]]:
    """The page of `limit` + 1 rows that were read, each as `row_json`; names the next one."""
    shown, last = cut(rows, page.limit)
    next_link(request, response, (last.id,) if last is not None else None)
    return rows_json(look, table, shown)


def rows_json(look: Look, table: Table, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows as the API gives them: the columns, instants in the hall's zone, and `words`: what people wrote."""
    texts: dict[int, dict[str, str]] = {}
    for (owner, name), text in cycle.said(look.conn, table, [row.id for row in rows]).items():
        texts.setdefault(owner, {})[name] = text
    return [{**columns(row, look.registry), "words": texts.get(row.id, {})} for row in rows]


def columns(row: Row[Any], registry: Registry) -> dict[str, Any]:
    """`id` is called `number`, as everywhere in the API."""
    zone = registry.zone_of(row.hall)
    told = {name: stamp(value, zone) if hasattr(value, "astimezone") else value for name, value in row._mapping.items()}
    return {"number": told.pop("id"), **told}
