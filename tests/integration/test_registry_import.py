"""Registry import and export on a real store: idempotence, first import, audit, marks, caches, round trips."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from monitor.exports.registry import export_registry
from monitor.ingest.cells import tidy
from monitor.ingest.registry import import_registry
from monitor.ingest.tables import InputErrors
from monitor.model import Post, SubjectRef
from monitor.store import audit, meta
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache, load_registry, registry_rows, save_registry
from monitor.store.schema import Audit, AuditPrivate, DeviceRow, HallRow, Subject, metadata
from monitor.store.sql import table_of
from monitor.store.subjects import mark
from monitor.store.upsert import Changes, Counts
from tests.migrated import lay
from tests.registry_rows import HALL_TOML

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
AUDIT, PRIVATE, SUBJECT = table_of(Audit), table_of(AuditPrivate), table_of(Subject)


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    path = tmp_path / "hall.toml"
    path.write_text(HALL_TOML, encoding="utf-8")
    return path


def load(store: Store, path: Path, now: datetime = NOW) -> Changes:
    return import_registry(store, path, calendars=["default"], presets=["tongshan"], now=now)


def scalar(store: Store, statement: Any) -> Any:
    with store.read() as conn:
        return conn.execute(statement).scalar_one()


def version(store: Store) -> int:
    with store.read() as conn:
        return meta.version(conn, meta.REGISTRY_VERSION)


def test_a_first_import_is_the_registry_that_rules_see(store: Store, hall: Path) -> None:
    changes = load(store, hall)
    assert changes.to_json()["windows"] == {"added": 2, "changed": 0, "unchanged": 0}
    with store.read() as conn:
        registry = load_registry(conn)
    assert registry.version == 1
    assert registry.halls["h1"].calendar == "default"
    assert registry.halls["h1"].expected_from == NOW
    assert registry.windows["w02"].hall == "h1"
    assert registry.posts == (
        Post(window="w01", staff="s01", rank="A", valid_from=date(2026, 1, 1), valid_to=date(2027, 1, 1)),
        Post(window="w01", staff="s02", rank="B"),
    )
    assert [item.promised for item in registry.items["licence"]] == [5, 3.5]
    assert registry.devices["t1"].serves == ("*",)
    assert registry.devices["e1"].case_namespace == "sp"


def test_a_second_import_of_the_same_file_does_nothing(store: Store, hall: Path) -> None:
    load(store, hall)
    rows = scalar(store, select(func.count()).select_from(AUDIT))
    again = load(store, hall, LATER)
    assert not again
    assert again.tables["halls"] == Counts(unchanged=1)
    assert version(store) == 1
    assert scalar(store, select(func.count()).select_from(AUDIT)) == rows
    assert scalar(store, select(table_of(HallRow).c.expected_from)) == NOW


def test_a_changed_row_keeps_its_first_import_and_other_rows_stay(store: Store, hall: Path, tmp_path: Path) -> None:
    load(store, hall)
    part = tmp_path / "windows.csv"
    part.write_text("id,hall,unit,name\nw02,h1,tax,新窗口\nw03,h1,,\n", encoding="gb18030")
    changes = load(store, part, LATER)
    assert changes.tables == {"windows": Counts(added=1, changed=1)}
    with store.read() as conn:
        registry = load_registry(conn)
    assert (registry.windows["w02"].name, registry.windows["w02"].expected_from) == ("新窗口", NOW)
    assert registry.windows["w03"].expected_from == LATER
    assert registry.windows["w01"].requires_duty
    assert registry.version == 2


def test_one_fault_anywhere_leaves_the_store_as_it_was(store: Store, hall: Path) -> None:
    hall.write_text(HALL_TOML + '[[devices]]\nid = "x"\nkind = "kettle"\nhall = "h1"\n', encoding="utf-8")
    with pytest.raises(InputErrors, match="kettle"):
        load(store, hall)
    assert version(store) == 0
    for name in ("hall", "unit", "window", "staff", "post", "item", "device", "audit", "audit_private"):
        assert scalar(store, select(func.count()).select_from(metadata.tables[name])) == 0, name


def test_names_and_contacts_stay_out_of_audit_bodies_and_their_digests_can_be_checked(store: Store, hall: Path) -> None:
    load(store, hall)
    with store.read() as conn:
        rows = conn.execute(select(AUDIT).order_by(AUDIT.c.id)).all()
        private = {(r.audit, r.name): r for r in conn.execute(select(PRIVATE))}
    bodies = json.dumps([row.body for row in rows], ensure_ascii=False)
    assert not any(secret in bodies for secret in ("张三", "李四", "zhang", "wecombot"))
    person = next(row for row in rows if (row.object_kind, row.object_id) == ("staff", "s01"))
    assert (person.at, person.actor, person.action) == (NOW, "cli", "registry.add")
    assert person.body["values"] == {"id": "s01", "unit": "tax", "role": "window"}
    kept = private[person.id, "name"]
    assert kept.value == "张三"
    assert person.body["digests"]["name"] == audit.digest("张三", kept.salt)
    assert set(person.body["digests"]) == {"name", "contacts"}
    assert len({row.salt for row in private.values()}) == len(private) == 3
    assert [r.object_id for r in rows if r.object_kind == "post"] == ["w01/s01/A/2026-01-01", "w01/s02/B/"]


def test_a_change_wakes_the_open_subjects_but_a_new_name_wakes_none(store: Store, hall: Path, tmp_path: Path) -> None:
    load(store, hall)
    far = NOW + timedelta(days=30)
    with store.write() as conn:
        mark(conn, [SubjectRef(kind="case", key=f"sp/{n}") for n in (1, 2, 3)], due=far)
        conn.execute(update(SUBJECT).where(SUBJECT.c.key == "sp/1").values(judged_at=NOW))
        conn.execute(update(SUBJECT).where(SUBJECT.c.key == "sp/2").values(next_check_at=None, verdict="ok"))
    due = select(SUBJECT.c.next_check_at).where(SUBJECT.c.key == "sp/1")
    people = tmp_path / "staff.csv"
    people.write_text("id,unit,name\ns02,tax,李五\n", encoding="utf-8")
    assert load(store, people, LATER).tables["staff"].changed == 1
    assert scalar(store, due) == far
    people.write_text("id,unit,name,role\ns02,tax,李五,lead\n", encoding="utf-8")
    load(store, people, LATER)
    assert scalar(store, due) == LATER
    assert scalar(store, select(SUBJECT.c.next_check_at).where(SUBJECT.c.key == "sp/2")) is None
    unheard = select(SUBJECT.c.next_check_at).where(SUBJECT.c.key == "sp/3")
    assert scalar(store, unheard) == far, "its first word comes then"


def test_the_cache_reads_again_only_after_a_change(store: Store, hall: Path, tmp_path: Path) -> None:
    cache = RegistryCache()
    load(store, hall)
    with store.read() as conn:
        first = cache.get(conn)
    load(store, hall, LATER)
    with store.read() as conn:
        assert cache.get(conn) is first
    part = tmp_path / "windows.csv"
    part.write_text("id,hall\nw09,h1\n")
    load(store, part, LATER)
    with store.read() as conn:
        assert "w09" in cache.get(conn).windows


def test_a_revoked_device_is_unknown_and_no_import_brings_it_back(store: Store, hall: Path, tmp_path: Path) -> None:
    load(store, hall)
    with store.write() as conn:
        conn.execute(update(table_of(DeviceRow)).where(table_of(DeviceRow).c.id == "t1").values(revoked_at=NOW))
    part = tmp_path / "devices.csv"
    part.write_text("id,kind,hall,serves\nt1,terminal,h1,s01\n")
    load(store, part, LATER)
    with store.read() as conn:
        assert "t1" not in load_registry(conn).devices


def test_a_workbook_with_numbers_dates_and_ticks_imports_like_the_toml(
    store: Store, hall: Path, tmp_path: Path
) -> None:
    load(store, hall)
    book = openpyxl.Workbook()
    posts = book.active
    posts.title = "Posts"
    posts.append(["window", "staff", "rank", "from", "to"])
    posts.append(["w01", "s01", "A", datetime.combine(date(2026, 1, 1), time()), date(2027, 1, 1)])
    windows = book.create_sheet("windows")
    windows.append(["id", "hall", "unit", "name", "lead", "min_staff", "requires_duty"])
    windows.append(["w01", "h1", "tax", "综合窗口", "s01", 1.0, True])
    items = book.create_sheet("items")
    items.append(["id", "unit", "name", "promised", "statutory", "from"])
    items.append(["licence", "tax", "许可", 5, "20", "2026/1/1"])
    book.save(tmp_path / "part.xlsx")
    assert not load(store, tmp_path / "part.xlsx", LATER)


FORMATS = ["hall.toml", "hall.xlsx", "hall"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_imports_without_a_change(store: Store, hall: Path, tmp_path: Path, name: str) -> None:
    load(store, hall)
    target = tmp_path / "out" / name
    target.parent.mkdir()
    with store.read() as conn:
        export_registry(conn, target)
    again = load(store, target, LATER)
    assert not again
    assert {table: counts.unchanged for table, counts in again.tables.items()} == {
        "halls": 1, "units": 1, "windows": 2, "staff": 2, "posts": 2, "items": 2, "devices": 2,
    }  # fmt: skip


def test_names_that_look_like_formulas_come_back_from_a_csv_in_which_nothing_calculates(
    store: Store, tmp_path: Path
) -> None:
    names = ["=1+1", "@SUM(A1)", "-2", "+86", "'=1", "张三"]
    staff = "".join(f'[[staff]]\nid = "s{n}"\nname = "{name}"\n' for n, name in enumerate(names))
    (tmp_path / "staff.toml").write_text(staff, encoding="utf-8")
    load(store, tmp_path / "staff.toml")
    with store.read() as conn:
        export_registry(conn, tmp_path / "out")
    cells = [line.split(",")[2] for line in (tmp_path / "out" / "staff.csv").read_text("utf-8-sig").splitlines()[1:]]
    assert cells == ["'=1+1", "'@SUM(A1)", "'-2", "'+86", "''=1", "张三"]
    assert load(store, tmp_path / "out").tables["staff"].unchanged == len(names)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_of_an_empty_registry_is_an_empty_import(store: Store, tmp_path: Path, name: str) -> None:
    with store.read() as conn:
        export_registry(conn, tmp_path / name)
    assert load(store, tmp_path / name).tables == {}


def test_an_export_to_another_ending_or_over_a_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "hall").write_text("")
    with store.read() as conn:
        for path in (tmp_path / "hall.pdf", tmp_path / "hall.csv", tmp_path / "hall"):
            with pytest.raises(ValueError, match="folder"):
                export_registry(conn, path)


# --------------------------------------------------------------------------- property

TEXT = st.text(st.characters(codec="gb18030", exclude_categories=["Cc", "Cs", "Cn"]), max_size=12)
SAID = TEXT.map(lambda text: tidy(text) or "")
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def registries() -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """Stored rows with any text in names, roles, contacts; the references are those of one hall."""
    person = st.fixed_dictionaries(
        {
            "unit": st.sampled_from([None, "u"]),
            "name": SAID,
            "role": SAID,
            "contacts": st.lists(SAID.map(lambda text: "json://h/" + text.replace(" ", "")), unique=True).map(
                lambda found: [tidy(text) for text in found if not any(c.isspace() for c in text)] or None
            ),
        }
    )
    item = st.fixed_dictionaries(
        {
            "valid_from": st.just(date.min) | DAYS,
            "unit": st.sampled_from([None, "u"]),
            "name": SAID,
            "kind": st.sampled_from(["immediate", "committed", "preexam", "joint"]),
            "promised": st.none() | st.floats(0, 1000).map(lambda value: round(value, 6)),
            "statutory": st.none() | st.integers(0, 1000).map(float),
            "unit_of_time": st.just("workhour"),
            "fallback": st.none() | st.integers(0, 100).map(float),
        }
    )
    return st.builds(
        lambda people, items: {
            "halls": [
                {"id": "h", "parent": None, "name": "厅", "zone": "Asia/Urumqi", "calendar": "", "attendance": ""}
            ],
            "units": [{"id": "u", "hall": "h", "name": "", "head": None}],
            "staff": [{"id": f"s{n}", **person} for n, person in enumerate(people)],
            "items": [{"id": f"i{n}", **item} for n, item in enumerate(items)],
        },
        st.lists(person, max_size=4),
        st.lists(item, max_size=4),
    )


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=registries())
def test_any_registry_survives_export_and_import(
    fresh: Callable[[Path], Store], name: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fresh(Path(folder))
        with store.write() as conn:
            save_registry(conn, rows, NOW)
        with store.read() as conn:
            before = registry_rows(conn)
            export_registry(conn, Path(folder) / name)
        assert not load(store, Path(folder) / name, LATER)
        with store.read() as conn:
            assert registry_rows(conn) == before
        store.close()


@pytest.fixture
def fresh() -> Callable[[Path], Store]:
    def make(folder: Path) -> Store:
        lay(folder / "x.sqlite")
        return Store(f"sqlite:///{folder / 'x.sqlite'}")

    return make
