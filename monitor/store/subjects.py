"""Subjects: marked when a fact comes, woken when the watermark they wait for moves (DESIGN §1B, §10)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    literal,
    null,
    or_,
    select,
    text,
    true,
    update,
)

from monitor.model import Outcome, SubjectRef, Wait
from monitor.store.bulk import BulkInsert
from monitor.store.quick import Keys, QuickDelete, QuickSelect, QuickUpdate
from monitor.store.schema import CaseEventRow, SourceMove, Subject, SubjectWait
from monitor.store.sql import insert, prefix_end, table_of
from monitor.values import Value

SUBJECT: Final = table_of(Subject)
WAIT: Final = table_of(SubjectWait)
MOVE: Final = table_of(SourceMove)
CASE_EVENT: Final = table_of(CaseEventRow)
BORN_BY_FACTS: Final = frozenset({"case", "task", "rating", "device", "source", "order", "hall", "calendar", "tally"})
"""Kinds whose row the first fact makes; slots and posts exist before any event does (DESIGN §1C)."""


CLAIMED: Final = timedelta(seconds=30)
"""How long a replica has for what it claimed, far more than a step takes. Only doubled work hangs on it: whoever writes
first wins by the version."""


EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every judgement: what is told of then may change any."""
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""After every session."""


def _sooner(at: datetime | ColumnElement[datetime]) -> dict[str, object]:
    """Every mark bumps the version, so that one between a judge's read and its compare-and-set is not overwritten."""
    known = SUBJECT.c.next_check_at
    if isinstance(at, datetime):
        # the column's own type on the literal: without it a CASE binds the instant in its own zone, unconverted
        at = literal(at, known.type)
    return {
        "version": SUBJECT.c.version + 1,
        "next_check_at": case((or_(known.is_(None), known > at), at), else_=known),
    }


def mark(conn: Connection, refs: Iterable[SubjectRef], *, due: datetime, historic: bool = False) -> None:
    """Mark subjects as touched: judged again at `due` or earlier; rows of BORN_BY_FACTS are made when missing.

    A key ending in "/" of a slot or post means all subjects with that prefix (`STAFF/DATE/`, `WINDOW/DATE/`).
    """
    mark_each(conn, dict.fromkeys(refs, due), historic=historic)


def mark_each(
    conn: Connection,
    dues: Mapping[SubjectRef, datetime],
    *,
    historic: bool = False,
    news: Mapping[SubjectRef, datetime] | None = None,
) -> None:
    """As `mark`, each subject with a due time of its own.

    `news`: these marks are of what devices told; of those of which nothing but good is told, the earliest time that it
    speaks of. Where the subject was judged before that time and is calm (`Verdict.calm_until`), it is touched but due
    when it was: what is being judged at this moment without the news is not written, and the next look finds them. So
    is a session that has not begun.

    Rows are touched in the order of (kind, key), so that concurrent writers lock in one order. Many rows of one cached
    statement: one wide VALUES, or one long OR, would be compiled again for every length.
    """
    good = news or {}

    def way(ref: SubjectRef) -> str:
        if ref.kind in BORN_BY_FACTS:
            return "born" if ref not in good else "calm"
        return "prefix" if ref.key.endswith("/") else "one"

    for how, found in groupby(sorted(dues), key=way):
        refs = list(found)
        told = [{"of": r.kind, "low": r.key, "high": prefix_end(r.key), "due": dues[r], "news": good.get(r, EVER),
                 "ahead": NEVER if news is None else dues[r]} for r in refs]  # fmt: skip
        if how == "prefix":
            _MARK_PREFIX.run(conn, told)
        elif how == "one":
            _MARK_ONE.run(conn, told)
        elif how == "born" or _MARK_ONE.run(conn, told) < len(told):  # not all of the calm are there yet
            _BORN.run(conn, [
                {"kind": r.kind, "key": r.key, "version": 1, "next_check_at": dues[r], "verdict": "pending",
                 "historic": historic, "failures": 0} for r in refs
            ])  # fmt: skip


def _marked_again(statement: Any) -> Any:
    set_ = _sooner(statement.excluded.next_check_at)
    return statement.on_conflict_do_update(index_elements=["kind", "key"], set_=set_)


_BORN: Final = BulkInsert(
    SUBJECT, ["kind", "key", "version", "next_check_at", "verdict", "historic", "failures"], _marked_again
)
_OWN: Final = update(SUBJECT).where(SUBJECT.c.kind == bindparam("of"))
_AT: Final = bindparam("due", type_=SUBJECT.c.next_check_at.type)
_IS_CALM: Final = and_(
    SUBJECT.c.calm_until > _AT, SUBJECT.c.judged_at < bindparam("news", type_=SUBJECT.c.judged_at.type)
)
_IS_AHEAD: Final = and_(
    SUBJECT.c.kind == "post",
    SUBJECT.c.judged_at.is_(None),
    SUBJECT.c.next_check_at > bindparam("ahead", type_=SUBJECT.c.next_check_at.type),
)
"""A session that has not begun: what a device told before is read when it does."""
_DUE: Final = {
    "version": SUBJECT.c.version + 1,
    "next_check_at": case(
        (or_(_IS_CALM, _IS_AHEAD), SUBJECT.c.next_check_at),
        (or_(SUBJECT.c.next_check_at.is_(None), SUBJECT.c.next_check_at > _AT), _AT),
        else_=SUBJECT.c.next_check_at,
    ),
}
_MARK_ONE: Final = QuickUpdate(lambda _: _OWN.where(SUBJECT.c.key == bindparam("low")).values(_DUE))
_MARK_PREFIX: Final = QuickUpdate(
    lambda _: _OWN.where(SUBJECT.c.key >= bindparam("low"), SUBJECT.c.key < bindparam("high")).values(_DUE)
)


def touch(conn: Connection, refs: Iterable[SubjectRef], *, due: datetime) -> None:
    """As `mark`, for subjects that matter only if they are there: none is made."""
    _MARK_ONE.run(
        conn,
        [{"of": r.kind, "low": r.key, "high": "", "due": due, "news": EVER, "ahead": NEVER} for r in sorted(set(refs))],
    )


def held(conn: Connection, ref: SubjectRef, hall: str | None, *, make: bool) -> int | None:
    """The id of a subject, its row locked; `make`: where it is missing it is made, as one that no rule looks at (a
    person, window or unit that a card was issued on by hand). None: there is none.
    """
    if make:
        row = {"kind": ref.kind, "key": ref.key, "hall": hall, "version": 1, "verdict": Outcome.CLOSED,
               "historic": False, "failures": 0}  # fmt: skip
        conn.execute(insert(conn, SUBJECT).values(row).on_conflict_do_nothing())
    wanted = (SUBJECT.c.kind == ref.kind, SUBJECT.c.key == ref.key)
    found: int | None = conn.execute(select(SUBJECT.c.id).where(*wanted).with_for_update()).scalar()
    return found


def hall_of(conn: Connection, ref: SubjectRef) -> str | None:
    """The hall that a subject was last judged in; None where it is not known, or there is no such subject."""
    found: str | None = conn.execute(
        select(SUBJECT.c.hall).where(SUBJECT.c.kind == ref.kind, SUBJECT.c.key == ref.key)
    ).scalar()
    return found


def look_back(conn: Connection, kind: str, since: Mapping[str, datetime]) -> None:
    """Facts came that are older than what was judged: the next look at each subject reaches back to them."""
    rows = [{"of": kind, "low": key, "from": at} for key, at in sorted(since.items())]
    if rows:
        conn.execute(_LOOK_BACK, rows)


_FROM: Final = bindparam("from", type_=SUBJECT.c.judged_at.type)
_LOOK_BACK: Final = (
    update(SUBJECT)
    .where(SUBJECT.c.kind == bindparam("of"), SUBJECT.c.key == bindparam("low"), SUBJECT.c.judged_at > _FROM)
    .values(judged_at=_FROM)
)


def wake(conn: Connection, source: str, *, until: datetime, due: datetime) -> None:
    """Mark exactly the subjects that wait for `source` to reach `until` or earlier (a watermark moved there)."""
    wake_each(conn, {source: (until, due)})


def wake_each(conn: Connection, moved: Mapping[str, tuple[datetime, datetime]]) -> None:
    """As `wake`, for many sources: each with (until, due). Before any mark of the same transaction: moves lock first.

    A wait that is over goes with its mark. Were it left, every further heartbeat would bump the version again, and
    where heartbeats come faster than the judge writes, its compare-and-set would fail for ever.
    """
    if not moved:
        return
    _RAISED.run(conn, [{"source": source, "version": 1} for source in sorted(moved)])
    together: dict[tuple[datetime, datetime], list[str]] = {}
    for source in _waited_for(conn, moved):
        together.setdefault(moved[source], []).append(source)
    for (until, due), sources in sorted(together.items()):
        over = and_(WAIT.c.source.in_(sources), WAIT.c.until <= until)
        if _mark_where(conn, SUBJECT.c.id.in_(select(WAIT.c.subject).where(over)), due):
            conn.execute(delete(WAIT).where(over))


def _waited_for(conn: Connection, moved: Mapping[str, tuple[datetime, datetime]]) -> list[str]:
    """Those that somebody waits for, in order: of a hundred that speak, hardly any. PostgreSQL is asked once for all of
    them: in a province a batch has hundreds, and each question takes longer than its answer.
    """
    sources = sorted(moved)
    if conn.dialect.name == "sqlite":
        return [source for source in sources if _WAITING.run(conn, source=source, until=moved[source][0])]
    given = {"sources": sources, "untils": [moved[source][0] for source in sources]}
    return sorted(conn.execute(_WAITED_FOR, given).scalars())


_RAISED: Final = BulkInsert(
    MOVE,
    ["source", "version"],
    lambda statement: statement.on_conflict_do_update(index_elements=["source"], set_={"version": MOVE.c.version + 1}),
)
_WAITED_FOR: Final = text("""
    SELECT k.source FROM unnest(CAST(:sources AS text[]), CAST(:untils AS timestamptz[])) AS k(source, until)
    WHERE EXISTS (SELECT 1 FROM subject_wait w WHERE w.source = k.source COLLATE "C" AND w.until <= k.until)
""")
_WAITING: Final = QuickSelect(
    lambda _: (
        select(WAIT.c.subject)
        .where(WAIT.c.source == bindparam("source"), WAIT.c.until <= bindparam("until", type_=WAIT.c.until.type))
        .limit(1)
    )
)


def _mark_where(conn: Connection, wanted: ColumnElement[bool], due: datetime, cause: str | None = None) -> int:
    """Mark many subjects by one statement, locked in the order of (kind, key) like all marks; gives how many."""
    ids = select(SUBJECT.c.id).where(wanted).order_by(SUBJECT.c.kind, SUBJECT.c.key).with_for_update()
    marked: dict[str, object] = _sooner(due) if cause is None else {**_sooner(due), "cause": cause}
    return conn.execute(update(SUBJECT).where(SUBJECT.c.id.in_(ids)).values(marked)).rowcount


_MAY_CHANGE: Final = or_(
    SUBJECT.c.next_check_at.is_not(None), SUBJECT.c.verdict.in_([Outcome.UNKNOWN, Outcome.PENDING, Outcome.REMINDER])
)
"""Time alone may have nothing more to say of these, and yet they are not settled: an unpublished year, a terminal that
is gone from the registry, a source that completes nothing."""


_MAY_BE_UNJUST: Final = or_(_MAY_CHANGE, SUBJECT.c.verdict.in_([Outcome.YELLOW, Outcome.RED]))
"""Also what time cannot change any more while a card stands on it: where its days or its item were wrong, the card was
never due and is taken back."""


def may_change() -> ColumnElement[bool]:
    """Which subjects are not settled: `wake_all` marks them."""
    return _MAY_CHANGE


def wake_all(conn: Connection, *, due: datetime, kinds: Iterable[str] = ()) -> None:
    """Mark every subject that may still change (after a change of registry, plans, calendar or policy), but cases of
    which nothing is received yet: their first word will mark them.
    """
    wanted = list(kinds)
    among = and_(_MAY_CHANGE, or_(SUBJECT.c.kind != "case", is_heard_of(due)))
    _mark_where(conn, and_(among, SUBJECT.c.kind.in_(wanted)) if wanted else among, due)


def is_heard_of(at: datetime) -> ColumnElement[bool]:
    """Which cases something was received of by `at`: not those whose first word comes later (a file that is taken in
    ahead of a replay, or of the month that is still being worked).
    """
    return or_(
        SUBJECT.c.judged_at.is_not(None),
        SUBJECT.c.failures > 0,
        SUBJECT.c.next_check_at.is_(None),
        SUBJECT.c.next_check_at <= at,
    )


RESTING: Final = ("case", "order", "task")
"""Kinds whose verdicts say on which dates they rest."""


def wake_dates(
    conn: Connection,
    spans: Sequence[tuple[date, date]],
    *,
    due: datetime,
    cause: str,
    sessions: Sequence[tuple[date, date]] | None = None,
    within: ColumnElement[bool] | None = None,
) -> int:
    """Mark exactly the subjects that rest on a date of these spans (first, last), as their working hours changed: those
    that are open, and those on which a card stands; gives how many.

    Slots and posts: those of the dates (of `sessions`, where given), settled ones too, for they are judged on the day.
    `within` leaves out what another calendar judges. Kinds that rest on no span of
    dates (devices, ratings, halls, calendars) are few and are all looked at.
    """
    touched = [
        and_(
            SUBJECT.c.rests_from.is_not(None),
            SUBJECT.c.rests_from <= last,
            or_(SUBJECT.c.rests_until.is_(None), SUBJECT.c.rests_until >= first),
        )
        for first, last in spans
    ]
    resting = or_(SUBJECT.c.rests_from.is_(None), *touched)
    of_cases = and_(SUBJECT.c.kind.in_(RESTING), resting, _MAY_BE_UNJUST)
    others = and_(SUBJECT.c.kind.not_in((*RESTING, "slot", "post")), _MAY_CHANGE)
    mine = true() if within is None else within
    marked = _mark_where(conn, and_(or_(of_cases, others), mine), due, cause)
    for first, last in spans if sessions is None else sessions:
        of_day = and_(SUBJECT.c.kind.in_(("slot", "post")), _of_days(first, last), mine)
        marked += _mark_where(conn, of_day, due, cause)
    return marked


def wake_items(conn: Connection, items: Sequence[str], *, due: datetime) -> int:
    """Mark the cases of these items, whose limits changed, and their orders: those that are open, and those on which a
    card stands; gives how many.
    """
    told = select(CASE_EVENT.c.case_key).where(CASE_EVENT.c.item.in_(items))
    mine = and_(SUBJECT.c.kind.in_(("case", "order")), SUBJECT.c.key.in_(told), _MAY_BE_UNJUST)
    return _mark_where(conn, mine, due, f"事项变更 item changed: {', '.join(items)}")


def wake_prefix(conn: Connection, kind: str, prefix: str, *, due: datetime) -> None:
    """Mark the subjects of a kind whose key begins with the prefix and that may still change."""
    mine = and_(SUBJECT.c.kind == kind, SUBJECT.c.key >= prefix, SUBJECT.c.key < prefix_end(prefix))
    _mark_where(conn, and_(mine, _MAY_CHANGE), due)


def wake_reviews(conn: Connection, hall: str, *, due: datetime) -> None:
    """Mark the slots of a hall that are up for review: they rest on a clock that was not trusted then."""
    held = (SUBJECT.c.hall == hall, SUBJECT.c.kind == "slot", SUBJECT.c.verdict == Outcome.REVIEW)
    _mark_where(conn, and_(*held), due)


def wake_days(conn: Connection, first: date, last: date, *, due: datetime) -> None:
    """Mark all slots and posts of the days first … last, settled ones too."""
    _mark_where(conn, and_(SUBJECT.c.kind.in_(("slot", "post")), _of_days(first, last)), due)


def mark_slots(conn: Connection, people: Iterable[str], first: date | None, end: date | None, *, due: datetime) -> None:
    """Mark all slots of these people on the dates [first, end), settled ones too; None: without a bound."""
    for person in sorted(set(people)):
        low = f"{person}/{first.isoformat()}/" if first is not None else f"{person}/"
        high = f"{person}/{end.isoformat()}/" if end is not None else prefix_end(f"{person}/")
        _mark_where(conn, and_(SUBJECT.c.kind == "slot", SUBJECT.c.key >= low, SUBJECT.c.key < high), due)


def _of_days(first: date, last: date) -> ColumnElement[bool]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return or_(*(SUBJECT.c.key.contains(f"/{day.isoformat()}/", autoescape=True) for day in days))


class Judged(Value, frozen=True, kw_only=True):
    """The outcome of one subject, to be written if its version is still the one that was read."""

    id: int
    version: int
    hall: str | None
    verdict: str
    next_check_at: datetime | None
    watermark: datetime | None
    stale_at: datetime | None
    judged_at: datetime
    rests_from: date | None = None
    rests_until: date | None = None
    calm_until: datetime | None = None
    waits: tuple[Wait, ...] = ()


def due(conn: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """The subjects due at `now`, longest due first."""
    return _DUE_NOW.run(conn, now=now, limit=limit)


DUE: Final = (
    select(SUBJECT.c.id).where(SUBJECT.c.next_check_at <= bindparam("now", type_=SUBJECT.c.next_check_at.type)).limit(1)
)
"""Whether any is due at `now`."""
_LOOKED_AT: Final = tuple(
    SUBJECT.c[name] for name in ("id", "kind", "key", "hall", "version", "stale_at", "cause", "historic", "verdict")
)
"""What a judge needs to know of a subject."""
_DUE_NOW: Final = QuickSelect(
    lambda _: (
        select(*_LOOKED_AT)
        .where(SUBJECT.c.next_check_at <= bindparam("now", type_=SUBJECT.c.next_check_at.type))
        .order_by(SUBJECT.c.next_check_at)
        .limit(bindparam("limit", type_=BigInteger()))
    )
)


def soon_due(conn: Connection, now: datetime, until: datetime, limit: int) -> Sequence[Row[Any]]:
    """Windows and devices that are well, and due after `now` up to `until` for time alone, soonest first."""
    return _SOON_DUE.run(conn, now=now, until=until, limit=limit)


SELDOM_ALONE: Final = ("device", "post")
"""Kinds of which a hall has many that are looked at again and again while they are well."""
_check: Final = SUBJECT.c.next_check_at
_SOON_DUE: Final = QuickSelect(
    lambda _: (
        select(*_LOOKED_AT)
        .where(
            _check > bindparam("now", type_=_check.type),
            _check <= bindparam("until", type_=_check.type),
            SUBJECT.c.kind.in_(SELDOM_ALONE),
            SUBJECT.c.verdict == "ok",
            SUBJECT.c.calm_until >= _check,
        )
        .order_by(_check)
        .limit(bindparam("limit", type_=BigInteger()))
    )
)


def claim(conn: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """As `due`, for one of several replicas: those that nobody else is claiming at this moment, put CLAIMED ahead.

    The claim is the due time itself: a mark makes the subject due again at once, the outcome overwrites it, and what a
    killed replica had claimed comes back by itself.
    """
    first = select(SUBJECT.c.id).where(SUBJECT.c.next_check_at <= now).order_by(SUBJECT.c.next_check_at)
    # a CTE: as a plain subquery it may be run again for each row, and then claim more than `limit`
    mine = first.limit(limit).with_for_update(skip_locked=True).cte("mine")
    statement = update(SUBJECT).where(SUBJECT.c.id == mine.c.id).values(next_check_at=now + CLAIMED, calm_until=null())
    return conn.execute(statement.returning(*_LOOKED_AT)).all()


def next_due(conn: Connection) -> datetime | None:
    """The earliest next_check_at of all."""
    query = select(SUBJECT.c.next_check_at).where(SUBJECT.c.next_check_at.is_not(None))
    found: datetime | None = conn.execute(query.order_by(SUBJECT.c.next_check_at).limit(1)).scalar()
    return found


def compare_and_set(conn: Connection, judged: Sequence[Judged]) -> set[int]:
    """Write the outcomes whose subject nobody touched since it was read; gives the ids written (DESIGN §10).

    The versions are read first, in the same transaction, for a row count would not say which failed; the others stay
    due. Nobody can come in between: on SQLite one transaction writes, on PostgreSQL the rows are locked.
    """
    standing = {row.id: row.version for row in _STANDING.run(conn, [j.id for j in judged])}
    ordered = sorted((j for j in judged if standing.get(j.id) == j.version), key=lambda j: j.id)
    _SET.run(conn, [{f"new_{name}": value for name, value in zip(_WRITTEN, _values(j), strict=True)} for j in ordered])
    _set_waits(conn, ordered)
    return {j.id for j in ordered}


_STANDING: Final = QuickSelect(
    # not waiting for a row that somebody is marking (its version would be another anyway), a judge that holds rows
    # never stands in a ring of transactions that wait for each other
    lambda among: (
        select(SUBJECT.c.id, SUBJECT.c.version)
        .where(among(SUBJECT.c.id))
        .order_by(SUBJECT.c.id)
        .with_for_update(skip_locked=True)
    )
)
_WRITTEN: Final = (
    "id", "version", "hall", "verdict", "next_check_at", "watermark", "stale_at", "judged_at", "rests_from",
    "rests_until", "calm_until",
)  # fmt: skip
_values: Final = attrgetter(*_WRITTEN)
_NEW: Final = {name: bindparam(f"new_{name}", type_=SUBJECT.c[name].type) for name in _WRITTEN}
_SET: Final = QuickUpdate(
    lambda _: (
        update(SUBJECT)
        .where(SUBJECT.c.id == _NEW["id"], SUBJECT.c.version == _NEW["version"])
        .values(
            version=SUBJECT.c.version + text("1"),
            failures=text("0"),
            failure=null(),
            cause=null(),
            **{name: _NEW[name] for name in _WRITTEN if name not in ("id", "version")},
        )
    )
)


def _set_waits(conn: Connection, judged: Sequence[Judged]) -> None:
    """Replace the waits of the subjects written."""
    if judged:
        _FORGET.run(conn, [j.id for j in judged])
    _WAITS.run(conn, [{"subject": j.id, "source": w.source, "until": w.until} for j in judged for w in j.waits])


_FORGET: Final = QuickDelete(lambda among: delete(WAIT).where(among(WAIT.c.subject)))
_WAITS: Final = BulkInsert(WAIT, ["subject", "source", "until"], lambda statement: statement.on_conflict_do_nothing())


def moves_of(
    conn: Connection, sources: Iterable[str], *, lock: Literal["share", "update"] | None = None
) -> dict[str, int]:
    """How often each source has moved; one that never did may be left out.

    With `lock` none of them moves by another hand until the transaction ends. Taken before any mark, in the order of
    ids; `share` keeps no other judge waiting.
    """
    wanted = sorted(set(sources))
    if not wanted:
        return {}
    if lock is not None and conn.dialect.name != "sqlite":  # there one transaction writes, and needs no row to lock
        _make_movable(conn, wanted)
    return {row.source: row.version for row in _MOVES[lock].run(conn, wanted)}


def _moves(lock: Literal["share", "update"] | None) -> QuickSelect:
    def make(among: Keys) -> Select[Any]:
        query = select(MOVE.c.source, MOVE.c.version).where(among(MOVE.c.source)).order_by(MOVE.c.source)
        return query if lock is None else query.with_for_update(read=lock == "share")

    return QuickSelect(make)


_MOVES: Final[Mapping[Literal["share", "update"] | None, QuickSelect]] = {
    None: _moves(None),
    "share": _moves("share"),
    "update": _moves("update"),
}
_MOVABLE: Final = QuickSelect(lambda among: select(MOVE.c.source).where(among(MOVE.c.source)))


def _make_movable(conn: Connection, sources: Sequence[str]) -> None:
    """A row to lock for each source, also for one that never moved."""
    known = {row.source for row in _MOVABLE.run(conn, sources)}
    rows = [{"source": source, "version": 0} for source in sources if source not in known]
    if rows:
        conn.execute(insert(conn, MOVE).on_conflict_do_nothing(), rows)


def wake_overtaken(conn: Connection, judged: Sequence[Judged], moved: Container[str], now: datetime) -> None:
    """Mark the subjects just written that wait for a source which moved while they were judged at `now`.

    Such a move found no wait to wake; were it the source's last one, nobody else ever would. Due a moment after `now`:
    what moved it may have been received later, and would not count at `now` again.
    """
    over = [j.id for j in judged if any(wait.source in moved for wait in j.waits)]
    if over:
        _mark_where(conn, SUBJECT.c.id.in_(over), now + timedelta(microseconds=1))


def push_forward(conn: Connection, subject: int, error: str, until: datetime) -> None:
    """Record a subject that could not be judged and look at it again at `until`; the loop goes on (DESIGN §9.7)."""
    statement = update(SUBJECT).where(SUBJECT.c.id == subject)
    conn.execute(statement.values(failures=SUBJECT.c.failures + 1, failure=error[:2000], next_check_at=until,
                                  calm_until=null()))  # fmt: skip


def expect(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make subjects ahead of any event: rows of {kind, key, hall, next_check_at}; those that exist stay as they are."""
    _EXPECTED.run(conn, [{**_UNBORN, **row} for row in rows])


_UNBORN: Final = {"version": 0, "verdict": "pending", "historic": False, "failures": 0}
_EXPECTED: Final = BulkInsert(
    SUBJECT, ["kind", "key", "hall", "next_check_at", *_UNBORN],
    lambda statement: statement.on_conflict_do_nothing(index_elements=["kind", "key"]),
)  # fmt: skip
