"""/api/v1/operations and /api/v1/deliveries: what the pages of operation show."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.cardbodies import Instant
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, Stamp, read, schema_of
from monitor.console.latemodel import LateModel
from monitor.console.once import KEY, Act, once
from monitor.console.operating import figures
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.model import Registry
from monitor.supervision.deliverylist import STATES, Chosen, Sent, list_deliveries
from monitor.supervision.deliverywork import ACTION, send_again
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp


class ValueOut(LateModel):
    labels: dict[str, str]
    said: str = Field(description="Which of the panel's series, where it has several.")
    value: float


class PanelOut(LateModel):
    title: str = Field(description="Chinese, as on Grafana's boards.")
    text: str
    values: list[ValueOut]


class HistoryOut(LateModel):
    hours: list[Stamp] = Field(description="Beginnings, the oldest first.")
    counted: dict[str, list[int]] = Field(description="A number an hour, by word.")


class PartOut(LateModel):
    part: str
    why: str


class OperationsOut(LateModel):
    """Counters since the process began; `histories` from the store: cards by level, tries by result, messages held
    back by reason.
    """

    at: Stamp
    whole: bool = Field(description="Whether no hall is left out.")
    unready: list[PartOut]
    due: int = Field(description="Subjects due and not judged.")
    alert_timers_due: int
    messages_pending: int
    store_bytes: int | None = Field(description="None: of a database server.")
    free_bytes: int | None
    panels: list[PanelOut]
    histories: dict[str, HistoryOut]


class TryOut(LateModel):
    n: int
    part: int
    channel: str
    started: Stamp
    ended: Stamp | None
    result: str | None = Field(description="sent, refused, timeout; None: its end was not seen.")
    detail: str = Field(description="What came back, masked.")


class DeliveryOut(LateModel):
    """One message to one receiver; times are real time."""

    id: int
    receiver: str
    address: str = Field(description="Masked; empty for a receiver that the settings have no more.")
    kind: str
    state: str
    created: Stamp
    ended: Stamp | None
    due_at: Stamp | None = Field(description="The next try, while it waits.")
    why: str
    cards: list[int] = Field(description="The first that lie within reach.")
    card_count: int
    tries: list[TryOut]


class AgainIn(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(max_length=4000, description="Kept in the audit.")


class AgainOut(LateModel):
    id: int
    unsure: bool = Field(description="An earlier try may have arrived: it may be read twice.")
    others: list[str] = Field(description="Receivers that were told instead.")


def add_operations_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/operations", responses=ERRORS)
    def get_operations(grant: Grant = Depends(require(deps, "operations:read"))) -> OperationsOut:
        """The figures of the page of operation: panels with their present values, what is due, room on the disk."""
        found = figures(deps, grant.principal)
        with deps.store.read() as conn:
            zone = deps.registry.get(conn).zone_of(next(iter(found.halls), None))
        disk = found.state.disk
        return OperationsOut(
            at=stamp(found.at, zone), whole=found.whole,
            unready=[PartOut(part=one.part, why=one.why) for one in found.unready], due=found.state.due,
            alert_timers_due=found.state.timers, messages_pending=found.state.pending,
            store_bytes=disk.store if disk else None, free_bytes=disk.free if disk else None,
            panels=[
                PanelOut(
                    title=one.panel.title, text=one.panel.text[1],
                    values=[ValueOut(labels=dict(row.by), said=row.said, value=row.value) for row in one.rows],
                )
                for one in found.panels
            ],
            histories={
                name: HistoryOut(
                    hours=[stamp(hour, zone) for hour in one.hours],
                    counted={word: list(counts) for word, counts in one.counted.items()},
                )
                for name, one in found.histories.items()
            },
        )  # fmt: skip

    @api.get("/deliveries", responses=ERRORS)
    def get_deliveries(
        request: Request,
        response: Response,
        page: AskedPage,
        receiver: str | None = Query(None, max_length=100, pattern=PLAIN),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        since: Instant | None = Query(None, alias="from", description="Messages begun then or later."),
        until: Instant | None = Query(None, alias="to", description="And before."),
        grant: Grant = Depends(require(deps, "operations:read")),
    ) -> list[DeliveryOut]:
        """Messages with their tries, the newest first; those that tell of a card within reach."""
        after = key_of(page, int)
        chosen = Chosen(
            receiver=receiver, state=state, hall=hall, since=since, until=until, before=after[0] if after else None
        )
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = list_deliveries(conn, grant.principal, chosen, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.id,) if last is not None else None)
        return [_out(one, deps, registry) for one in shown]

    @api.post(
        "/deliveries/{number}/again", responses=WORK_ERRORS, response_model=AgainOut,
        openapi_extra=body_schema(schema_of(AgainIn)),
    )  # fmt: skip
    async def post_again(
        request: Request,
        response: Response,
        number: int = Path(ge=1, le=INT64),
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, ACTION)),
    ) -> dict[str, Any]:
        """Try a message again that was given up, while all its cards stand and its receiver heard nothing later."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, partial(_sending, deps, grant, number, body)
        )


def _sending(deps: Deps, grant: Grant, number: int, body: bytes) -> Act:
    said = read(AgainIn, body)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        found = send_again(
            conn, grant.principal, number, deps.receivers, why=said.reason, now=now, real=deps.clock.real_now()
        )
        return {"id": number, "unsure": found.unsure, "others": list(found.others)}

    return act


def _out(one: Sent, deps: Deps, registry: Registry) -> DeliveryOut:
    zone = registry.zone_of(None)
    return DeliveryOut(
        id=one.id, receiver=one.receiver, address=deps.receivers.get(one.receiver, ""), kind=one.kind, state=one.state,
        created=stamp(one.created, zone), ended=stamp(one.ended, zone) if one.ended else None,
        due_at=stamp(one.due_at, zone) if one.due_at else None, why=one.why, cards=list(one.cards),
        card_count=one.card_count,
        tries=[
            TryOut(n=t.n, part=t.part, channel=t.channel, started=stamp(t.started, zone),
                   ended=stamp(t.ended, zone) if t.ended else None, result=t.result, detail=t.detail)
            for t in one.tries
        ],
    )  # fmt: skip
