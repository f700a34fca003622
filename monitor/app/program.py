"""An opened store with what every command shares, and judging as of a time (DESIGN §7)."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Final

import structlog
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from monitor import collecting
from monitor.clock import Clock, SteadyWall
from monitor.ingest.adapters import Adapters, load_adapters
from monitor.ingest.planchecks import Ground
from monitor.ingest.sqlview import Feed, open_feed
from monitor.settings import Settings, config_dir
from monitor.store import migrate
from monitor.store.calendars import CalendarBook, CalendarCache
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.facts.look import Path as BrokerPath
from monitor.store.registry import RegistryCache
from monitor.store.subjects import wake_all
from monitor.supervision import hours
from monitor.supervision.expect import expect, is_needed
from monitor.supervision.loop import Applied, Judge, JudgeMetrics, NoMetrics
from monitor.supervision.policies import Policies, read_in_force, record_start
from monitor.supervision.statfill import fill_in

log = structlog.get_logger(__name__)

SERVER_WAIT_SECONDS: Final = 2.0
LOCK_TRIES: Final = 10
LOCK_WAIT_SECONDS: Final = 0.05


class BadUrl(ValueError):
    """`store.url` names no database that can be opened; the text says why and what to write."""


class InUse(RuntimeError):
    """Another process judges this store; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """An opened store with the caches and the clock that every command shares.

    `settings`: with the policy in force when it was opened; `policies`: whose it is, and what is in force by now.
    """

    settings: Settings
    store: Store
    clock: Clock
    registry: RegistryCache
    calendars: CalendarCache
    policies: Policies = field(default_factory=Policies.fixed)

    def __post_init__(self) -> None:
        if self.policies.current.policy != self.settings.policy:  # made by hand: what it was given is in force
            object.__setattr__(self, "policies", Policies.of(self.settings))

    def judge(self, path: Callable[[], BrokerPath] = BrokerPath, metrics: JudgeMetrics | None = None) -> Judge:
        return Judge(
            store=self.store,
            policy=self.settings.policy,
            presets=self.settings.presets,
            registry=self.registry,
            calendars=self.calendars.get,
            path=path,
            metrics=metrics or NoMetrics(),
            shared=self.is_shared,
            older=self.policies.older,
        )

    def under_policy(self) -> Program:
        """With the policy in force: a change in the store holds over the file. Once the schema is this program's."""
        with self.store.read() as conn:
            found = read_in_force(conn, self.settings)
        for broken in found.broken:
            log.error("a policy cannot be used", action="policy.broken", number=broken.number, why=broken.why)
        settings = self.settings.under(found.policy)
        return replace(self, settings=settings, policies=Policies(self.settings, found))

    @property
    def is_shared(self) -> bool:
        """Whether events come by a shared subscription, each to one of several daemons."""
        return self.settings.mqtt.shared_group is not None

    def adapters(self) -> Adapters:
        """The vendors' adapters that the settings enable. Raises BadAdapter."""
        named = self.settings.adapters
        return Adapters(load_adapters(named.enabled, named.files, config_dir() / "adapters").values())

    def ground(self) -> Ground:
        """What plans are checked against beside the registry."""
        return Ground(
            presets=self.settings.presets,
            calendars=self.calendars.get,
            workday_roles=frozenset(self.settings.policy.roster.workday_roles),
        )

    def feeds(self) -> list[Feed]:
        """The views that the settings name, ready to be polled. Raises BadView."""
        return [open_feed(feed, config_dir() / "maps") for feed in self.settings.feeds]

    def book(self, conn: Connection) -> CalendarBook:
        return self.calendars.get(conn)

    def zones(self, conn: Connection) -> dict[str, str]:
        """The zone of each hall."""
        return {hall.id: hall.zone for hall in self.registry.get(conn).halls.values()}

    def close(self) -> None:
        self.store.close()


def open_program(settings: Settings, *, writing: bool = True) -> Program:
    """Open the store; a writing command makes and upgrades an empty one, a reading one leaves no file behind.

    Raises migrate.SchemaError for another schema.
    """
    collecting.seldom()
    opened = attach(settings, writing=writing)
    migrate.ensure(opened.store)
    opened.store.polite = partial(is_judged_elsewhere, opened.store)
    return opened.under_policy()


def attach(settings: Settings, *, writing: bool) -> Program:
    """The program over a store as it lies, whatever its schema or state: for `doctor`, `backup` and `restore`.

    Raises BadUrl.
    """
    return Program(
        settings=settings,
        store=_store(settings, writing),
        clock=clock_of(settings),
        registry=RegistryCache(),
        calendars=CalendarCache(settings.calendars),
    )


def await_server(settings: Settings) -> None:
    """Wait until the database server answers: a daemon may be started before it. A SQLite file is there or not.

    Raises BadUrl.
    """
    store = _store(settings, writing=True)
    try:
        while not store.is_sqlite:
            try:
                with store.read():
                    return
            except STORE_AWAY as error:
                log.warning("the database does not answer", action="store.waiting", error=str(error.orig).strip())
                threading.Event().wait(SERVER_WAIT_SECONDS)
    finally:
        store.close()


def clock_of(settings: Settings) -> Clock:
    given = settings.clock
    wall = SteadyWall(hold_seconds=given.hold_seconds)
    return Clock.of(given.start, given.rate, given.anchor, given.hours, given.zone, wall=wall)


def _store(settings: Settings, writing: bool) -> Store:
    try:
        return Store(_url(settings.store.url, writing), busy_seconds=settings.store.busy_seconds)
    except OSError as error:
        raise BadUrl(f"store.url: 无法建立文件夹 the folder cannot be made: {error}") from error
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        wanted = "应写作 write sqlite:////var/lib/jiancha/jiancha.sqlite 或 or postgresql://USER@HOST/DATABASE"
        raise BadUrl(f"store.url: {error}; {wanted}") from error


def _url(url: str, writing: bool) -> str:
    """The URL itself, its folder made; for reading a SQLite file that is not there, an empty store in memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return url
    file = Path(parsed.database)
    if not writing and not file.exists():
        return "sqlite://"
    file.parent.mkdir(parents=True, exist_ok=True)
    return url


def lone_group(settings: Settings) -> str | None:
    """Why `run` cannot share events by these settings, with key and way out; None where it can, or does not want to.

    A group of one is no group, and on SQLite a second daemon may not judge: what the broker gave a member that is gone
    nobody could take over. `judge` reads the key all the same: a copy of a group's store is judged as the group was.
    """
    mqtt = settings.mqtt
    if not mqtt.enabled or mqtt.shared_group is None or make_url(settings.store.url).get_backend_name() != "sqlite":
        return None
    return (
        f"mqtt.shared_group: {mqtt.shared_group!r} needs a PostgreSQL (store.url) that its members share; "
        "on SQLite one daemon runs alone: take the key away"
    )


@contextlib.contextmanager
def sole_judge(store: Store) -> Iterator[None]:
    """On SQLite one process judges: a lock on a file beside the database (DESIGN §1B). Raises InUse."""
    path = _lock_path(store)
    if path is None:
        yield
        return
    with path.open("a+") as handle:
        _lock(handle, path)
        polite, store.polite = store.polite, lambda: False  # the lock is our own
        try:
            yield
        finally:
            store.polite = polite
            fcntl.flock(handle, fcntl.LOCK_UN)


def is_judged_elsewhere(store: Store) -> bool:
    """Whether a daemon (or `judge`) of another process holds the lock of a SQLite store now."""
    path = _lock_path(store)
    if path is None or not path.exists():
        return False
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _lock_path(store: Store) -> Path | None:
    database = store.engine.url.database
    if not store.is_sqlite or not database or database == ":memory:":
        return None
    return Path(f"{database}.lock")


def _lock(handle: IO[str], path: Path) -> None:
    """Take the lock; a command that only looks who holds it lets go at once, so it is asked for a moment long."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            threading.Event().wait(LOCK_WAIT_SECONDS)
        else:
            return
    raise InUse(
        f"另有进程正在判定该库 another process judges this store (lock {path}): 先停止 stop `jiancha run` first, "
        "或由它判定 or let it do the judging"
    ) from None


def judge_as_of(program: Program, at: datetime) -> Applied:
    """Run the loop at clock `at` until nothing is due; sends nothing (DESIGN §7, `judge`). Raises InUse."""
    judge = program.judge()
    with sole_judge(program.store):
        record_hours(program, at)
        record_policy(program, at)
        make_expected(judge, at)
        while fill_in(judge, at):
            pass
        # Facts and heartbeats that are already stored come into view as `at` moves: everything unsettled is looked at.
        program.store.step(lambda conn: wake_all(conn, due=at))
        return judge.run_until_nothing_due(at)


def record_hours(program: Program, now: datetime) -> None:
    """Have what rests on changed hours of the settings looked at again: once at the start of whoever judges."""
    specs = program.calendars.specs

    def record(conn: Connection) -> int:
        return hours.record_hours(conn, specs, program.registry.get(conn), now)

    marked = program.store.step(record)
    if marked:
        log.info("calendars of the settings changed", action="calendar.changed", marked=marked)


def record_policy(program: Program, now: datetime) -> None:
    """Record the policy that is judged by, where it is another than the last: once at the start of whoever judges."""
    found = program.policies.current
    program.store.step(lambda conn: record_start(conn, found, now))
    program.policies.refresh(program.store)


def make_expected(judge: Judge, now: datetime) -> None:
    """Make the subjects that are expected by `now`, where something is missing."""
    with judge.store.read() as conn:
        needed = is_needed(judge.look(conn, now))
    if needed:
        judge.store.step(lambda conn: expect(judge.look(conn, now)))
