"""A case log imported by `cases import` against an importer that stores row by row through the ORM.

    python bench/caselog.py [--rounds N] [--rows N] [--naive-rows N] [--json]

Both read a log of the same kind (a row for each step, which repeats its case's acceptance and end) and bring it into an
SQLite store with the settings of the daemon: raw events, case events and the cases to be judged, what is known already
left out. The naive importer validates with pydantic, asks for each event whether it is there, adds it, and commits a
row at a time; the second one commits a hundred rows at a time, and its figure stands beside. Rounds are interleaved,
each with a fresh store; the ratio is that of the medians of rows a second. Goal: at least 10 times the first.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session, select

from monitor.ingest.cases import import_cases
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.schema import CaseEventRow, RawEvent, Subject

GOAL = 10.0
SOURCE = "import-log"
MAP = """
registry = "lenient"
case = "case"
[constants]
item = "licence"
[[events]]
event = "accepted"
at = "accepted"
fields = { due = "due", staff = "clerk" }
[[events]]
event = "completed"
at = "completed"
optional = true
fields = { staff = "clerk" }
[[events]]
event = "stage"
at = "at"
fields = { stage = "stage", staff = "person" }
"""
STAGES = ("受理", "审查", "现场核查", "决定", "制证", "送达")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def write_log(path: Path, rows: int) -> None:
    """`rows` rows, six to a case; every tenth case is open."""
    began = datetime(2025, 1, 2, 9, 0, tzinfo=SHANGHAI)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "accepted", "due", "completed", "clerk", "stage", "at", "person"])
        for number in range(rows):
            case, step = divmod(number, len(STAGES))
            accepted = began + timedelta(minutes=case)
            completed = "" if case % 10 == 9 else (accepted + timedelta(days=6)).isoformat()
            own = [f"2025-{case:07}", accepted.isoformat(), (accepted + timedelta(days=14)).isoformat(), completed]
            at = (accepted + timedelta(days=step, hours=1)).isoformat()
            writer.writerow([*own, f"s{case % 300:03}", STAGES[step], at, f"s{number % 300:03}"])


# --------------------------------------------------------------------------- the importer that one writes first


class Event(BaseModel):
    """One event of a row, validated."""

    id: str = Field(min_length=1, max_length=64)
    case: str = Field(min_length=1, max_length=64)
    event: str
    at: AwareDatetime
    item: str = "licence"
    staff: str | None = None
    stage: str | None = None
    due: AwareDatetime | None = None


def events_of(row: dict[str, str]) -> list[Event]:
    case, clerk = row["case"], row["clerk"]
    told = [{"event": "accepted", "at": row["accepted"], "due": row["due"], "staff": clerk}]
    if row["completed"]:
        told.append({"event": "completed", "at": row["completed"], "staff": clerk})
    told.append({"event": "stage", "at": row["at"], "stage": row["stage"], "staff": row["person"]})
    return [
        Event(case=case, id=hashlib.sha256(f"{case} {one['event']} {one['at']}".encode()).hexdigest()[:32], **one)
        for one in told
    ]


def store_event(session: Session, event: Event) -> None:
    """One event by the ORM; one that is known is left out."""
    known = select(RawEvent).where(RawEvent.device == SOURCE, RawEvent.event_id == event.id)
    if session.exec(known).first() is not None:
        return
    payload = event.model_dump_json(exclude_none=True)
    raw = RawEvent(
        device=SOURCE,
        event_id=event.id,
        channel="case",
        at=event.at,
        received=event.at,
        payload_hash=hashlib.sha256(payload.encode()).hexdigest(),
        payload=payload,
    )
    session.add(raw)
    session.flush()
    assert raw.id is not None
    key = f"{SOURCE}/{event.case}"
    fact = CaseEventRow(
        raw_event=raw.id,
        case_key=key,
        event=event.event,
        at_second=int(event.at.timestamp()),
        discriminator=event.stage or "",
        event_id=event.id,
        source=SOURCE,
        at=event.at,
        received=event.at,
        item=event.item,
        staff=event.staff,
        body={"due": event.due.isoformat()} if event.due else None,
    )
    session.add(fact)
    subject = session.exec(select(Subject).where(Subject.kind == "case", Subject.key == key)).first()
    if subject is None:
        subject = Subject(kind="case", key=key, historic=True)
    subject.version += 1
    subject.next_check_at = event.at
    session.add(subject)


def naive(store: Store, log: Path, rows_a_commit: int) -> None:
    with Session(store.engine) as session, log.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 1):
            for event in events_of(row):
                store_event(session, event)
            if number % rows_a_commit == 0:
                session.commit()
        session.commit()


# --------------------------------------------------------------------------- the measurement


def ours(store: Store, log: Path, map_path: Path) -> None:
    done = import_cases(store, log, map_path, now=NOW)
    assert done.tally.rows == done.tally.taken, done.tally


def stored(store: Store) -> tuple[int, int]:
    """How many events and cases are in: both importers must have done the same."""
    with store.read() as conn:
        counts = [
            conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - names of this file
            for table in ("raw_event", "case_event", "subject WHERE kind = 'case'")
        ]
    assert counts[0] == counts[1]
    return counts[0], counts[2]


def measure(rounds: int, rows: int, naive_rows: int) -> dict[str, object]:
    speeds: dict[str, list[float]] = {"naive": [], "naive_100": [], "ours": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        map_path, long, short = folder / "log.toml", folder / "long.csv", folder / "short.csv"
        map_path.write_text(MAP, encoding="utf-8")
        write_log(long, rows)
        write_log(short, naive_rows)
        programs = {
            "naive": (short, naive_rows, lambda store: naive(store, short, 1)),
            "naive_100": (short, naive_rows, lambda store: naive(store, short, 100)),
            "ours": (long, rows, lambda store: ours(store, long, map_path)),
        }
        for number in range(rounds):
            for program, (_, count, run) in programs.items():
                store = Store(f"sqlite:///{folder / f'{program}-{number}.sqlite'}")
                migrate.ensure(store)
                began = time.perf_counter()
                run(store)
                speeds[program].append(count / (time.perf_counter() - began))
                events, cases = stored(store)
                assert cases == -(-count // len(STAGES)), program
                assert events == count + cases + sum(case % 10 != 9 for case in range(cases)), program
                store.close()
    medians = {program: statistics.median(values) for program, values in speeds.items()}
    ratio = medians["ours"] / medians["naive"]
    return {
        "bench": "caselog",
        "rows": rows,
        "naive_rows": naive_rows,
        "rounds": rounds,
        "naive_rows_per_second": round(medians["naive"]),
        "naive_100_rows_a_commit": round(medians["naive_100"]),
        "ours_rows_per_second": round(medians["ours"]),
        "ratio_100_rows_a_commit": round(medians["ours"] / medians["naive_100"], 2),
        "ratio": round(ratio, 2),
        "goal": GOAL,
        "met": ratio >= GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--naive-rows", type=int, default=1_200)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    result = measure(options.rounds, options.rows, options.naive_rows)
    if not options.json:
        print(
            "ORM a row a commit {naive_rows_per_second} rows/s, 100 rows a commit {naive_100_rows_a_commit}, "
            "ours {ours_rows_per_second}: {ratio} times (goal {goal})".format(**result)
        )
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
