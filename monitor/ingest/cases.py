"""`cases import FILE --map MAP`: a log of case events as a source of its own, `import-MAP` (DESIGN §3.2).

Event ids are made from what an event is, so importing a file again, or its rows in another order, changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, case, or_

from monitor.ingest.caserows import TIMES, gives, payload_of
from monitor.ingest.check import Prepared, prepare
from monitor.ingest.decode import DEVICE_ID, Message
from monitor.ingest.eventlog import BadLog, EventLog
from monitor.ingest.feed import BATCH, REFUSALS_NAMED, Fed
from monitor.ingest.maps import BadMap, CaseMap, EventRule, load_map
from monitor.ingest.writer import Writing, write_prepared
from monitor.model import Device, Registry, Rejected
from monitor.store.engine import Store
from monitor.store.registry import load_registry
from monitor.store.schema import SourceRow
from monitor.store.sql import chunks, insert, table_of
from monitor.store.subjects import wake

SOURCE: Final = table_of(SourceRow)
_NAME_WANTED: Final = "文件名只能用 a-z、0-9 和 - the file's name must be of a-z, 0-9 and -, for it names the source"


class BadCases(ValueError):
    """File, map or option cannot be used; the text names it and the key, column or row. Nothing was written."""


def import_cases(
    store: Store,
    file: Path,
    map_path: Path,
    *,
    now: datetime,
    as_of: datetime | None = None,
    historic: bool = True,
    calendars: Container[str] | None = None,
) -> Fed:
    """Import a log; the source's watermark becomes `as_of`, else the map's, else the greatest time in the file.

    `historic`: its cards go to the record only, and each event counts as received when it happened, so that judging at
    an earlier time finds what was known then. Otherwise everything is received `now`. A row that the contract refuses
    is quarantined and named by its number; the others are written. `calendars` are the names that a map may use.
    Raises BadCases; OSError for an unreadable file.
    """
    try:
        mapping = load_map(map_path)
        log = EventLog(file, mapping.columns(), mapping.sheet)
    except (BadMap, BadLog) as error:
        raise BadCases(str(error)) from None
    name = f"import-{map_path.stem}"
    complete_to = as_of or mapping.as_of
    if not DEVICE_ID.fullmatch(name):
        raise BadCases(f"{map_path}: {_NAME_WANTED}")
    if complete_to is not None and complete_to > now:
        raise BadCases(
            f"as-of: {complete_to.isoformat()} 晚于当前时间，请改早 lies after the present, {now.isoformat()}; "
            "give an earlier one"
        )
    with store.read() as conn:
        registry = load_registry(conn)
    if mapping.calendar and calendars is not None and mapping.calendar not in calendars:
        raise BadCases(f"{map_path}: calendar: 没有这个工作日历 there is no working calendar {mapping.calendar!r}")
    job = _Import(name=name, mapping=mapping, log=log, now=now, historic=historic)
    if mapping.hall and mapping.hall not in registry.halls:
        raise BadCases(f"{map_path}: hall: 未登记 {mapping.hall!r} is not in the registry")
    store.step(lambda conn: _save_source(conn, job, None))
    fed = job.write(store, replace(registry, devices={**registry.devices, name: job.device}))
    store.step(lambda conn: _save_source(conn, job, complete_to or job.last))
    return fed


@dataclass(kw_only=True, slots=True)
class _Import:
    name: str
    mapping: CaseMap
    log: EventLog
    now: datetime
    historic: bool
    greatest: datetime | None = None
    """The greatest time in the file, as far as it was read."""
    seen: dict[str, bytes] = field(default_factory=dict)
    """Events that earlier rows gave, by id, with a digest of their content: most rows of a log repeat some."""

    @property
    def device(self) -> Device:
        """The source as the writer sees it: a device that no registry holds."""
        hall = self.mapping.hall or ""
        return Device(id=self.name, kind="cases", hall=hall, watermark="import", namespace=self.mapping.namespace)

    @property
    def last(self) -> datetime | None:
        """The file's own end: its greatest time, as far as that has passed."""
        return min(self.greatest, self.now) if self.greatest is not None else None

    def write(self, store: Store, registry: Registry) -> Fed:
        lenient = self.mapping.registry == "lenient"
        how = Writing(lenient=lenient, historic=self.historic, due=None if self.historic else self.now)
        fed = Fed()
        for batch in chunks(self._messages(), BATCH):
            prepared = [self._prepare(rule, message, registry) for _, rule, message in batch]

            def work(conn: Connection, some: list[Any] = prepared) -> Any:
                return write_prepared(conn, some, registry, how)

            fed = fed.plus(store.step(work), [number for number, *_ in batch], REFUSALS_NAMED)
        return fed

    def _prepare(self, rule: EventRule, message: Message, registry: Registry) -> Prepared:
        """As `check.prepare`; a refusal names the column beside the field of the event."""
        prepared = prepare(message, registry, lenient=self.mapping.registry == "lenient")
        if not isinstance(prepared.said, Rejected):
            return prepared
        field_name = prepared.said.detail.split(":", 1)[0]
        column = {"at": rule.at, "case": self.mapping.case, **rule.fields}.get(field_name)
        if column is None:
            return prepared
        said = str(msgspec.json.decode(message.payload).get(field_name, ""))
        wanted = f"时间格式 time.format {self.mapping.time.format}: " if field_name in {"at", *TIMES} else ""
        detail = f"列 column {column!r} = {said[:60]!r}: {wanted}{prepared.said.detail}"
        return replace(prepared, said=replace(prepared.said, detail=detail))

    def _messages(self) -> Iterator[tuple[int, EventRule, Message]]:
        for number, row in self.log.rows():
            for rule in self.mapping.events:
                message = self._message(rule, row)
                if message is not None:
                    yield number, rule, message

    def _message(self, rule: EventRule, row: Mapping[str, Any]) -> Message | None:
        """The event of one rule; None where the row gives none, or one that an earlier row gave."""
        if not gives(rule, row):
            return None
        at = self.mapping.time.instant(row.get(rule.at))
        payload = payload_of(self.mapping, rule, row, at)
        content = msgspec.json.encode(payload, order="deterministic")
        key, digest = payload["id"], hashlib.sha256(content).digest()[:8]
        if self.seen.get(key) == digest:
            return None
        self.seen.setdefault(key, digest)  # another content under a known id goes on, to be refused as a conflict
        if at is not None and (self.greatest is None or at > self.greatest):
            self.greatest = at
        received = min(at, self.now) if self.historic and at is not None else self.now
        return Message(device=self.name, channel="case", payload=content, received=received)


def _save_source(conn: Connection, job: _Import, complete_to: datetime | None) -> None:
    """Keep the source's row; a watermark only rises, and who waited for it is judged again."""
    row = {
        "id": job.name,
        "kind": "import",
        "watermark": complete_to,
        "hall": job.mapping.hall,
        "calendar": job.mapping.calendar,
        "historic": job.historic,
        "emits": sorted({rule.event for rule in job.mapping.events}),
    }
    statement = insert(conn, SOURCE)
    new, known = statement.excluded.watermark, SOURCE.c.watermark
    risen = case((or_(known.is_(None), new > known), new), else_=known)
    values = {name: statement.excluded[name] for name in ("hall", "calendar", "historic", "emits")}
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_={**values, "watermark": risen}), [row])
    if complete_to is not None:
        wake(conn, job.name, until=complete_to, due=complete_to if job.historic else job.now)
