"""The rows of a case log on their way into the store, batch by batch, each with how far it is (ADR 19)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection

from monitor.ingest import quarantine
from monitor.ingest.account import (
    NO_FAULT,
    Imported,
    Progress,
    ReadRow,
    Refusal,
    RefusedList,
    Tally,
    Told,
    Watch,
    fate_of,
)
from monitor.ingest.caserows import TIMES, gives, payload_of, text_of
from monitor.ingest.check import Prepared, prepare
from monitor.ingest.decode import Message
from monitor.ingest.eventlog import EventLog, LogRow
from monitor.ingest.feed import BATCH, REFUSALS_NAMED
from monitor.ingest.maps import CaseMap, EventRule
from monitor.ingest.writer import Outcome, Writing, store_prepared
from monitor.model import Device, Event, Registry, Rejected
from monitor.store import meta
from monitor.store.engine import Store

BATCH_ALONE: Final = 1_000
"""Events of a transaction where no daemon judges the same SQLite file; beside one, BATCH."""
REMEMBERED: Final = 20_000
"""Events kept in memory: most rows of a log repeat some of the rows just before. Farther ones the store knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Whole rows with the messages of the events that they are the first to tell."""

    rows: Sequence[ReadRow]
    messages: Sequence[tuple[int, Told, Prepared]]
    """(row number, event, message)"""
    greatest: datetime | None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is, kept in the store with each batch; `work` says which file, map and mode it belongs to."""

    work: str
    tally: Tally
    greatest: datetime | None = None
    listed: int | None = None
    """Position in the list of refused rows; None: none was asked for."""


@dataclass(kw_only=True, slots=True)
class CaseImport:
    """One import. `name`: the source; `greatest`: the greatest time in the file, as far as it was read."""

    name: str
    mapping: CaseMap
    log: EventLog
    now: datetime
    historic: bool
    greatest: datetime | None = None
    remembered: int = REMEMBERED
    _known: dict[tuple[Any, ...], Told] = field(default_factory=dict)
    """Events by what their rules read in the row, the latest used last: equal cells give equal events."""
    _columns: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for rule in self.mapping.events:
            read = {self.mapping.case, rule.at, *rule.when, *rule.fields.values(), *rule.id}
            self._columns.append(tuple(sorted(read)))

    @property
    def device(self) -> Device:
        """The source as the writer sees it: a device that no registry holds."""
        hall = self.mapping.hall or ""
        return Device(id=self.name, kind="cases", hall=hall, watermark="import", namespace=self.mapping.namespace)

    @property
    def last(self) -> datetime | None:
        """The file's own end: its greatest time, as far as that has passed."""
        return min(self.greatest, self.now) if self.greatest is not None else None

    @property
    def mark_key(self) -> str:
        return f"import.{self.name}.mark"

    @property
    def work(self) -> str:
        """The content of file and map, and the mode: with another of them it is another import."""
        said = f"{self.log.digest} {self.mapping.model_dump_json()} {self.historic}"
        return hashlib.sha256(said.encode()).hexdigest()

    def write(self, store: Store, registry: Registry, watch: Watch, listed: RefusedList | None) -> Imported:
        """Take in what is not in yet, a batch a transaction; the mark stands in the same one.

        What `watch` raises leaves the batches that are in, and the mark behind them.
        """
        mark = self._begin(store, listed)
        before, named = mark.tally, list[Refusal]()
        for batch in self._batches(registry, mark.tally.last_row, lambda: BATCH if store.polite() else BATCH_ALONE):

            def work(conn: Connection, some: Batch = batch, held: Mark = mark) -> tuple[Mark, list[Refusal]]:
                return self._step(conn, some, registry, held, listed)

            mark, refusals = store.step(work)
            named += [r for r in refusals if r.reason not in NO_FAULT][: REFUSALS_NAMED - len(named)]
            rows = mark.tally.rows
            watch(Progress(phase="import", done=rows, of=self._rows, new=rows - before.rows, tally=mark.tally))
        self.greatest = mark.greatest
        resumed = before.last_row if before.rows else 0
        return Imported(tally=mark.tally, refused=tuple(named), resumed_after=resumed)

    def end(self, conn: Connection) -> None:
        """The file is in: given again it is read from its first row, and all of it is duplicate."""
        meta.forget(conn, self.mark_key)

    @property
    def _rows(self) -> int | None:
        return self.log.last_row - 1 if self.log.last_row is not None else None

    def _begin(self, store: Store, listed: RefusedList | None) -> Mark:
        """Where to go on. With a list of refused rows only where the list of the earlier run is still there."""
        with store.read() as conn:
            text = meta.text(conn, self.mark_key)
        mark = _loaded(text, self.work)
        if mark is not None and listed is None:
            mark = msgspec.structs.replace(mark, listed=None)
        elif mark is not None and listed is not None and not (mark.listed and listed.resume(mark.listed)):
            mark = None
        if mark is None:
            return Mark(work=self.work, tally=Tally(), listed=listed.begin() if listed is not None else None)
        self.greatest = mark.greatest
        return mark

    # -- reading

    def _batches(self, registry: Registry, after: int, at_most: Callable[[], int]) -> Iterator[Batch]:
        rows: list[ReadRow] = []
        messages: list[tuple[int, Told, Prepared]] = []
        lenient, size = self.mapping.registry == "lenient", at_most()
        for row in self.log.rows(after):
            read, new = self._read(row)
            rows.append(read)
            for told, message, rule in new:
                prepared = prepare(message, registry, lenient=lenient)
                messages.append((row.number, told, self._explained(prepared, rule, row)))
            if len(messages) >= size or len(rows) >= 5 * size:
                yield Batch(rows=rows, messages=messages, greatest=self.greatest)
                rows, messages, size = [], [], at_most()
        if rows:
            yield Batch(rows=rows, messages=messages, greatest=self.greatest)

    def _read(self, row: LogRow) -> tuple[ReadRow, list[tuple[Told, Message, EventRule]]]:
        """The row's events, and the messages of those that no remembered row has told."""
        case = text_of(row.cells.get(self.mapping.case))
        if row.reason:
            return ReadRow(row=row, case=case, events=(), first=(), held=self._held(row)), []
        events: list[Told] = []
        first: list[bool] = []
        new: list[tuple[Told, Message, EventRule]] = []
        for number, rule in enumerate(self.mapping.events):
            if not gives(rule, row.cells):
                continue
            key = (number, *map(row.cells.get, self._columns[number]))
            told = self._known.pop(key, None)
            first.append(told is None)
            if told is None:
                told = Told()
                new.append((told, self._message(rule, row.cells), rule))
            self._known[key] = told
            events.append(told)
        while len(self._known) > self.remembered:
            del self._known[next(iter(self._known))]
        return ReadRow(row=row, case=case, events=events, first=first), new

    def _message(self, rule: EventRule, cells: Mapping[str, Any]) -> Message:
        at = self.mapping.time.instant(cells.get(rule.at))
        if at is not None and (self.greatest is None or at > self.greatest):
            self.greatest = at
        received = min(at, self.now) if self.historic and at is not None else self.now
        content = msgspec.json.encode(payload_of(self.mapping, rule, cells, at), order="deterministic")
        return Message(device=self.name, channel="case", payload=content, received=received)

    def _held(self, row: LogRow) -> Rejected | None:
        """A row with a fault, for quarantine: of its cells only the digest is kept, as nobody knows what they are."""
        if row.reason in NO_FAULT:
            return None
        cells = msgspec.json.encode([row.number, *map(text_of, row.cells.values())])
        return Rejected(
            device=self.name,
            channel="case",
            reason=row.reason,
            detail=row.detail,
            received=self.now,
            payload=cells,
        )

    def _explained(self, prepared: Prepared, rule: EventRule, row: LogRow) -> Prepared:
        """A refusal in the words of the file: its column, and what is wrong with a time."""
        said = prepared.said
        if not isinstance(said, Rejected):
            return prepared
        name, _, what = said.detail.partition(": ")
        columns = {**rule.fields, "at": rule.at, "case": self.mapping.case}
        if name not in columns:
            return prepared
        cell = row.cells.get(columns[name])
        if name in {"at", *TIMES} and said.reason == "malformed":
            what = self.mapping.time.fault(cell) if cell is not None else "缺少 missing"
        where = f"列 column {columns[name]!r} = {text_of(cell)[:60]!r}"
        return Prepared(message=prepared.message, said=replace(said, detail=f"{where}: {name}: {what}"[:300]))

    # -- writing

    def _step(
        self, conn: Connection, batch: Batch, registry: Registry, mark: Mark, listed: RefusedList | None
    ) -> tuple[Mark, list[Refusal]]:
        """One transaction.

        1. the events, as from any feed 2. each row's fate from those of its events 3. what is refused to quarantine,
        with its row number, and to the list 4. the mark
        """
        lenient = self.mapping.registry == "lenient"
        how = Writing(lenient=lenient, historic=self.historic, due=None if self.historic else self.now)
        prepared = [p for _, _, p in batch.messages]
        result = store_prepared(conn, prepared, registry, how)
        for (_, told, _), outcome in zip(batch.messages, result.outcomes, strict=True):
            _settle(told, outcome)
        fates = [fate_of(read) for read in batch.rows]
        refusals = [fate for fate in fates if isinstance(fate, Refusal)]
        events = Counter[str](outcome.result for outcome in result.outcomes)
        held = self._quarantined(batch, result.outcomes)
        quarantine.put(conn, held)
        quarantine.release(conn, _stored(prepared, result.outcomes))
        if events["duplicate"]:
            meta.bump(conn, meta.DUPLICATES, events["duplicate"])
        tally = mark.tally.plus(batch.rows, fates, {**events, "quarantined": len(held)})
        position = mark.listed
        if listed is not None and position is not None and refusals:
            position = listed.add(position, refusals)
        after = Mark(work=mark.work, tally=tally, greatest=batch.greatest, listed=position)
        meta.set_text(conn, self.mark_key, msgspec.json.encode(after).decode())
        return after, refusals

    def _quarantined(self, batch: Batch, outcomes: Sequence[Outcome]) -> list[Rejected]:
        numbers = (number for number, _, _ in batch.messages)
        events = [(number, o.refused) for number, o in zip(numbers, outcomes, strict=True) if o.refused is not None]
        rows = [(read.row.number, read.held) for read in batch.rows if read.held is not None]
        return [replace(refused, detail=f"row {n}: {refused.detail}"[:300]) for n, refused in (*events, *rows)]


def _settle(told: Told, outcome: Outcome) -> None:
    result: Literal["stored", "duplicate", "quarantined"] = outcome.result
    told.result = result
    if outcome.refused is not None:
        told.reason, told.detail = outcome.refused.reason, outcome.refused.detail


def _stored(prepared: Sequence[Prepared], outcomes: Sequence[Outcome]) -> list[Event]:
    fates = zip(prepared, outcomes, strict=True)
    return [p.said for p, o in fates if isinstance(p.said, Event) and o.result == "stored"]


def _loaded(text: str | None, work: str) -> Mark | None:
    """The mark of this very import; None where there is none, or it is another's."""
    if text is None:
        return None
    try:
        mark = msgspec.json.decode(text, type=Mark)
    except msgspec.MsgspecError:
        return None  # of another version of the program: the import begins again, which changes nothing
    return mark if mark.work == work else None
