"""`cases import FILE --map MAP`: a log of case events as a source of its own, `import-MAP` (DESIGN §3.2, ADR 19).

Event ids are made from what an event is, so importing a file again, or its rows in another order, changes nothing.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, case, or_

from monitor.ingest.account import Imported, Progress, RefusedList, Watch
from monitor.ingest.caseimport import CaseImport
from monitor.ingest.decode import DEVICE_ID
from monitor.ingest.eventlog import BadLog, EventLog
from monitor.ingest.maps import BadMap, load_map
from monitor.store.engine import Store
from monitor.store.registry import load_registry
from monitor.store.schema import SourceRow
from monitor.store.sql import insert, table_of
from monitor.store.subjects import wake

SOURCE: Final = table_of(SourceRow)
_NAME_WANTED: Final = "文件名只能用 a-z、0-9 和 - the file's name must be of a-z, 0-9 and -, for it names the source"


class BadCases(ValueError):
    """File, map or option cannot be used; the text names it and the key, column or row. Nothing was written, unless it
    says so."""


def import_cases(
    store: Store,
    file: Path,
    map_path: Path,
    *,
    now: datetime,
    as_of: datetime | None = None,
    historic: bool = True,
    calendars: Container[str] | None = None,
    watch: Watch = lambda progress: None,
    refused: RefusedList | None = None,
) -> Imported:
    """Import a log; the source's watermark becomes `as_of`, else the map's, else the greatest time in the file.

    `historic`: its cards go to the record only, and each event counts as received when it happened, so that judging at
    an earlier time finds what was known then. Otherwise everything is received `now`. A row that the contract refuses
    is quarantined and named by its number; the others are written. `calendars` are the names that a map may use.

    An import that was broken off goes on behind its last batch when file, map and mode are the same; only one that
    comes to its end moves the watermark. Raises BadCases; OSError for an unreadable file; what `watch` raises.
    """
    try:
        mapping = load_map(map_path)
        log = EventLog(
            file,
            mapping.columns(),
            mapping.sheet,
            lambda done, of: watch(Progress(phase="check", done=done, of=of)),
        )
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
    if mapping.hall and mapping.hall not in registry.halls:
        raise BadCases(f"{map_path}: hall: 未登记 {mapping.hall!r} is not in the registry")
    job = CaseImport(name=name, mapping=mapping, log=log, now=now, historic=historic)
    store.step(lambda conn: _save_source(conn, job, None))
    with_source = replace(registry, devices={**registry.devices, name: job.device})
    try:
        done = job.write(store, with_source, watch, refused)
    except BadLog as error:  # a workbook whose damage shows only where it is read
        said = "之前的已入库，水位未动 what stands before is in, the watermark has not moved"
        raise BadCases(f"{error}; {said}") from None
    store.step(lambda conn: _finish(conn, job, complete_to or job.last))
    return done


def _finish(conn: Connection, job: CaseImport, complete_to: datetime | None) -> None:
    _save_source(conn, job, complete_to)
    job.end(conn)


def _save_source(conn: Connection, job: CaseImport, complete_to: datetime | None) -> None:
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
