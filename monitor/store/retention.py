"""What retention may take away, by sort: what goes, what stays and why, and the taking (DESIGN §1F).

Facts stay: verdicts are made from them again at any time, and they hold ids. What goes is content: messages as they
came, comments, files, private values, and the notices of cards that are at their end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)

from monitor.store import markwords, meta
from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.attachments import ATTACHMENT
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD
from monitor.store.closedperiods import KEPT as SCORES
from monitor.store.cycle import REVIEW, WORD
from monitor.store.frames import FRAME
from monitor.store.markfiles import FILE as MARK_FILE
from monitor.store.markwords import MARK
from monitor.store.months import KEPT
from monitor.store.notices import NOTICE
from monitor.store.payloads import BESIDE_UPTO, PAYLOAD, by_month
from monitor.store.planrequests import REQUEST, STEP, forget_words
from monitor.store.schema import CaseEventRow, PrivateText, Quarantine, RatingLinkRow, RatingRow, RawEvent, TaskEventRow
from monitor.store.sheetjobs import JOB
from monitor.store.sql import among, table_of

RAW: Final = table_of(RawEvent)
HELD: Final = table_of(Quarantine)
TEXT: Final = table_of(PrivateText)
CASE: Final = table_of(CaseEventRow)
RATING: Final = table_of(RatingRow)
LINK: Final = table_of(RatingLinkRow)
TASK: Final = table_of(TaskEventRow)
GONE: Final = "gone:"
"""In place of the digest of a refused message that retention took: it has no salt, and whoever knows the rest of such a
message could try every staff number or comment against it. The reason's detail names values too, and goes with it.
"""
ENDED: Final = ("closed", "withdrawn")
SENT: Final = ("sent", "dead", "dropped")
STANDING: Final = or_(CARD.c.state.not_in(ENDED), func.coalesce(CARD.c.appeal, "") == "pending")
"""A card that is not at its end: not closed, or an appeal is pending."""
BESIDE: Final = timedelta(days=2)
"""What was heard so long before and after the beginning of a standing card on a slot or a post may be its evidence."""
Condition = ColumnElement[bool]
_OWNER: Final = literal("rating:") + RATING.c.source + "/" + RATING.c.event_id
"""Of a rating's comment in `private_text`."""


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One sort of content. `days`: its key in `[retention]`.

    `held`: the rows that still have the content; `at`: what its age is reckoned from; `stays`: why old ones stay.
    `serial` rises with every row: what came after a run is not that run's; `newest`: where the last one is found by an
    index, if not there.
    """

    name: str
    table: Any
    key: tuple[Column[Any], ...]
    serial: Column[Any]
    held: Condition
    at: ColumnElement[datetime]
    stays: Mapping[str, Condition]
    take: Callable[[Connection, Condition], list[tuple[Any, ...]]]
    batch: int = 100
    newest: Column[Any] | None = None

    def old(self, before: datetime) -> Condition:
        return and_(self.held, self.at < before)

    def goes(self, before: datetime) -> Condition:
        return and_(self.old(before), not_(or_(false(), *self.stays.values())))

    def among(self, keys: Sequence[tuple[Any, ...]]) -> Condition:
        return among(self.key, keys)


@dataclass(frozen=True, kw_only=True)
class Count:
    """Rows of a sort as of a limit: how many go, how many stay by reason (`younger`: than the limit)."""

    goes: int
    stays: Mapping[str, int] = field(default_factory=dict)


def count(conn: Connection, sort: Sort, before: datetime) -> Count:
    def rows(condition: Condition) -> int:
        return int(conn.execute(select(func.count()).select_from(sort.table).where(condition)).scalar_one())

    stays = {why: rows(and_(sort.old(before), condition)) for why, condition in sort.stays.items()}
    stays["younger"] = rows(and_(sort.held, sort.at >= before))
    return Count(goes=rows(sort.goes(before)), stays=stays)


def count_again(conn: Connection, sort: Sort, before: datetime, upto: int) -> int:
    """Rows that would go by the limit of an earlier run, `upto` being the last serial it knew."""
    query = select(func.count()).select_from(sort.table).where(sort.goes(before), sort.serial <= upto)
    return int(conn.execute(query).scalar_one())


def last_serial(conn: Connection, sort: Sort) -> int:
    if sort.newest is not None:
        return int(conn.execute(select(func.max(sort.newest))).scalar() or 0)
    return int(conn.execute(select(func.max(sort.serial)).select_from(sort.table)).scalar() or 0)


def keys_that_go(
    conn: Connection, sort: Sort, before: datetime, after: tuple[Any, ...] | None, limit: int
) -> list[tuple[Any, ...]]:
    """The keys of the next rows that go, in their order."""
    query = select(*sort.key).select_from(sort.table).where(sort.goes(before))
    if after is not None:
        query = query.where(tuple_(*sort.key) > after if len(sort.key) > 1 else sort.key[0] > after[0])
    return [tuple(row) for row in conn.execute(query.order_by(*sort.key).limit(limit))]


def take(conn: Connection, sort: Sort, keys: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Take the content of these rows, which are old, but of those that must stay by now; the keys of those that went.

    The caller commits.
    """
    if conn.dialect.name == "sqlite":  # what is deleted is overwritten in the file, not only forgotten
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    return sort.take(conn, and_(sort.among(keys), sort.held, not_(or_(false(), *sort.stays.values()))))


def left(conn: Connection, sort: Sort, keys: Sequence[tuple[Any, ...]]) -> int:
    """How many of these rows still have their content: the proof is that it is 0."""
    query = select(func.count()).select_from(sort.table).where(sort.held, sort.among(keys))
    return int(conn.execute(query).scalar_one())


def links_expired(conn: Connection, before: datetime) -> bool:
    """Whether there is a rating link that expired before then."""
    return bool(conn.execute(select(exists().where(LINK.c.expires < before))).scalar())


def sheets_made(conn: Connection, before: datetime) -> bool:
    """Whether there is a sheet, made in the background, that was asked for before then."""
    return bool(conn.execute(select(exists().where(JOB.c.asked_at < before))).scalar())


def sorts(conn: Connection) -> dict[str, Sort]:
    """The sorts by the name of their key in `[retention]` (messages in quarantine share that of messages; `frames` goes
    by `kiosk.evidence_days`, `rating_links` so long after they expired as `ops.retention.run` says).
    """
    standing = select(CARD.c.number).where(STANDING)
    return {
        **_payloads(conn),
        "quarantine": Sort(
            name="quarantine", table=HELD, key=(HELD.c.id,),
            serial=HELD.c.id, held=or_(HELD.c.payload.is_not(None), not_(HELD.c.digest.startswith(GONE))),
            at=HELD.c.received, stays={"not_settled": HELD.c.state == "open"},
            take=_emptied(
                HELD, (HELD.c.id,), payload=None, detail="", digest=literal(GONE).concat(cast(HELD.c.id, String))
            ),
        ),
        "comments": Sort(
            name="comments", table=RATING.join(TEXT, TEXT.c.owner == _OWNER), key=(TEXT.c.owner, TEXT.c.name),
            serial=RATING.c.id,
            held=TEXT.c.owner.like("rating:%"),
            at=RATING.c.received, stays={"standing_card": TEXT.c.owner.in_(select("rating:" + CARD.c.key).where(
                CARD.c.kind.in_(("rating", "order")), STANDING))},
            take=_deleted(TEXT, (TEXT.c.owner, TEXT.c.name)),
        ),
        "notices": Sort(
            name="notices", table=NOTICE, key=(NOTICE.c.id,),
            serial=NOTICE.c.id, held=or_(NOTICE.c.title != "", NOTICE.c.text != ""),
            at=func.coalesce(NOTICE.c.ended_at, NOTICE.c.released_at, NOTICE.c.written, type_=NOTICE.c.written.type),
            stays={"not_over": and_(NOTICE.c.state != "taken_back", NOTICE.c.last >= func.current_date())},
            take=_emptied(NOTICE, (NOTICE.c.id,), title="", text=""),
        ),
        "deliveries": Sort(
            name="deliveries", table=DELIVERY, key=(DELIVERY.c.id,),
            serial=DELIVERY.c.id, held=DELIVERY.c.state.in_(SENT),
            at=func.coalesce(DELIVERY.c.ended, DELIVERY.c.created, type_=DELIVERY.c.created.type),
            stays={"standing_card": DELIVERY.c.id.in_(
                select(ITEM.c.delivery).where(ITEM.c.delivery.is_not(None), ITEM.c.card.in_(standing)))},
            take=_delivered,
        ),
        "attachments": Sort(
            name="attachments", table=ATTACHMENT, key=(ATTACHMENT.c.id,),
            serial=ATTACHMENT.c.id, held=ATTACHMENT.c.content.is_not(None),
            at=ATTACHMENT.c.added_at, stays={"standing_card": ATTACHMENT.c.card.in_(standing)},
            take=_emptied(ATTACHMENT, (ATTACHMENT.c.id,), content=None, name=""), batch=2,
        ),
        "sheets": Sort(
            name="sheets", table=KEPT, key=(KEPT.c.id,), serial=KEPT.c.id, held=true(), at=KEPT.c.kept_at, stays={},
            take=_deleted(KEPT, (KEPT.c.id,)), batch=1,
        ),
        "made_sheets": Sort(
            name="made_sheets", table=JOB, key=(JOB.c.id,), serial=JOB.c.id, held=true(), at=JOB.c.asked_at, stays={},
            take=_deleted(JOB, (JOB.c.id,)), batch=1,
        ),
        "scores": Sort(
            name="scores", table=SCORES, key=(SCORES.c.id,), serial=SCORES.c.id, held=true(), at=SCORES.c.kept_at,
            stays={}, take=_deleted(SCORES, (SCORES.c.id,)), batch=1,
        ),
        "score_marks": Sort(
            name="score_marks", table=MARK, key=(MARK.c.id,), serial=MARK.c.id, held=markwords.HELD,
            at=MARK.c.entered_at, stays={"not_closed": markwords.NOT_CLOSED}, take=markwords.take,
        ),
        "mark_files": Sort(
            name="mark_files", table=MARK_FILE, key=(MARK_FILE.c.id,),
            serial=MARK_FILE.c.id, held=MARK_FILE.c.content.is_not(None), at=MARK_FILE.c.added_at,
            stays={"not_closed": MARK_FILE.c.mark.in_(select(MARK.c.id).where(markwords.NOT_CLOSED))},
            take=_emptied(MARK_FILE, (MARK_FILE.c.id,), content=None, name=""), batch=2,
        ),
        "requests": Sort(
            name="requests", table=REQUEST, key=(REQUEST.c.number,), serial=REQUEST.c.number, held=_has_words(),
            at=func.coalesce(REQUEST.c.decided_at, REQUEST.c.filed_at, type_=REQUEST.c.filed_at.type),
            stays={"not_decided": REQUEST.c.state == "pending"}, take=_words_taken,
        ),
        "assessment_words": Sort(
            name="assessment_words", table=WORD, key=(WORD.c.id,), serial=WORD.c.id, held=true(), at=WORD.c.written,
            stays={"not_decided": and_(WORD.c.kind == REVIEW.name, WORD.c.owner.in_(
                select(REVIEW.c.id).where(REVIEW.c.state == "asked")))},
            take=_deleted(WORD, (WORD.c.id,)),
        ),
        "frames": Sort(
            name="frames", table=FRAME, key=(FRAME.c.id,), serial=FRAME.c.id, held=true(), at=FRAME.c.taken_at,
            stays={}, take=_deleted(FRAME, (FRAME.c.id,)),
        ),
        "rating_links": Sort(
            name="rating_links", table=LINK, key=(LINK.c.id,), serial=LINK.c.id, held=true(), at=LINK.c.expires,
            stays={}, take=_deleted(LINK, (LINK.c.id,)),
        ),
        "audit": Sort(
            name="audit", table=PRIVATE, key=(PRIVATE.c.audit, PRIVATE.c.name),
            serial=PRIVATE.c.audit, held=PRIVATE.c.value.is_not(None),
            at=select(AUDIT.c.at).where(AUDIT.c.id == PRIVATE.c.audit).scalar_subquery(),
            stays={"standing_card": PRIVATE.c.audit.in_(select(AUDIT.c.id).where(
                AUDIT.c.object_kind == "card", AUDIT.c.object_id.in_(
                    select(cast(CARD.c.number, String)).where(STANDING))))},
            take=_deleted(PRIVATE, (PRIVATE.c.audit, PRIVATE.c.name)),
        ),
    }  # fmt: skip


def _has_words() -> Condition:
    """A request that still holds what people wrote, or the kind of leave."""
    said = exists().where(STEP.c.request == REQUEST.c.number, STEP.c.why != "")
    return or_(REQUEST.c.reason != "", REQUEST.c.letter.is_not(None), REQUEST.c.leave_kind.is_not(None), said)


def _words_taken(conn: Connection, condition: Condition) -> list[tuple[Any, ...]]:
    """Those of a request go with those of its history."""
    gone = sorted(int(number) for number in conn.execute(select(REQUEST.c.number).where(condition)).scalars())
    forget_words(conn, REQUEST.c.number.in_(gone))
    conn.execute(update(STEP).where(STEP.c.request.in_(gone)).values(why=""))
    return [(number,) for number in gone]


def _payloads(conn: Connection) -> dict[str, Sort]:
    """The text of messages: on PostgreSQL by month, on SQLite with its event; and what lies where the other has it
    (`payloads_beside`): from before there were months, or from a backup of the other.
    """
    with_event = Sort(
        name="payloads", table=RAW, key=(RAW.c.id,), serial=RAW.c.id, held=RAW.c.payload != "", at=RAW.c.received,
        stays={"standing_card": _is_evidence(conn, RAW.c.id, RAW.c.at)}, take=_emptied(RAW, (RAW.c.id,), payload=""),
    )  # fmt: skip
    key = (PAYLOAD.c.received, PAYLOAD.c.raw_event)
    months = Sort(
        name="payloads", table=PAYLOAD, key=key, serial=PAYLOAD.c.raw_event, newest=RAW.c.id, held=true(),
        at=PAYLOAD.c.received, stays={"standing_card": _is_evidence(conn, PAYLOAD.c.raw_event, PAYLOAD.c.at)},
        take=_deleted(PAYLOAD, key),
    )  # fmt: skip
    if not by_month(conn):
        return {"payloads": with_event, "payloads_beside": replace(months, name="payloads_beside")}
    still = and_(RAW.c.id <= beside_upto(conn), with_event.held)
    return {"payloads": months, "payloads_beside": replace(with_event, name="payloads_beside", held=still)}


def beside_upto(conn: Connection) -> int:
    """The last event of which what it said may lie in `raw_event`, as it did before revision 0030; 0: none any more."""
    return int(meta.text(conn, BESIDE_UPTO) or 0)


def nothing_beside(conn: Connection) -> None:
    """Nothing of them is left: it is not looked for again. The caller commits."""
    upto = beside_upto(conn)
    beside = select(exists().where(RAW.c.id <= upto, RAW.c.payload != ""))
    if upto and not conn.execute(beside).scalar():
        meta.set_text(conn, BESIDE_UPTO, "0")


def _is_evidence(conn: Connection, number: Column[Any], at: Column[Any]) -> Condition:
    """Messages whose facts a standing card rests on: of its case, task or rating, or of the days around it."""
    cases = select(CASE.c.raw_event).where(CASE.c.case_key.in_(_subjects("case")))
    tasks = select(TASK.c.raw_event).where(TASK.c.task.in_(_subjects("task")))
    key = RATING.c.source + "/" + RATING.c.event_id
    card = _subjects("rating").where(CARD.c.key == key).correlate(RATING).exists()
    rated = exists().where(RATING.c.raw_event == number, card)  # from the message on: its key is in no index
    return or_(number.in_(cases), number.in_(tasks), rated, *_days_around(conn, at))


def _subjects(kind: str) -> Any:
    """Of standing cards on subjects of the kind, and on orders (督办), which have the id of what they are about."""
    return select(CARD.c.key).where(CARD.c.kind.in_((kind, "order")), STANDING)


def _days_around(conn: Connection, at: Column[Any]) -> list[Condition]:
    """The days around standing cards on slots and posts, as few spans as may be."""
    query = select(CARD.c.began).where(CARD.c.kind.in_(("slot", "post")), STANDING)
    spans: list[list[datetime]] = []
    for began in sorted(conn.execute(query).scalars()):
        if spans and began - BESIDE <= spans[-1][1]:
            spans[-1][1] = began + BESIDE
        else:
            spans.append([began - BESIDE, began + BESIDE])
    return [at.between(start, end) for start, end in spans]


def _emptied(table: Any, key: tuple[Column[Any], ...], **values: Any) -> Callable[..., list[tuple[Any, ...]]]:
    def run(conn: Connection, condition: Condition) -> list[tuple[Any, ...]]:
        done = conn.execute(update(table).where(condition).values(**values).returning(*key))
        return sorted(tuple(row) for row in done)

    return run


def _deleted(table: Any, key: tuple[Column[Any], ...]) -> Callable[..., list[tuple[Any, ...]]]:
    def run(conn: Connection, condition: Condition) -> list[tuple[Any, ...]]:
        return sorted(tuple(row) for row in conn.execute(delete(table).where(condition).returning(*key)))

    return run


def _delivered(conn: Connection, condition: Condition) -> list[tuple[Any, ...]]:
    """A message goes with its lines and its tries."""
    gone = [int(number) for number in conn.execute(select(DELIVERY.c.id).where(condition)).scalars()]
    conn.execute(delete(ITEM).where(ITEM.c.delivery.in_(gone)))
    conn.execute(delete(ATTEMPT).where(ATTEMPT.c.delivery.in_(gone)))
    conn.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(gone)))
    return sorted((number,) for number in gone)
