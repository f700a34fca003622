"""Made-up halls (演示大厅): 12 windows, 30 staff, 20 items and 23 devices each, for the demo, for load and for tests.

Nobody in them exists: staff are called 演示员01 … 演示员30.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.model import Device, Hall, Item, Post, Registry, Staff, Unit, Window

UNITS: Final = ("市场监管", "公安户政", "人力社保", "不动产登记", "民政服务", "税务服务")
WINDOWS_A_UNIT: Final = 2
STAFF_A_UNIT: Final = 5
WATCHED_BY_CAMERA: Final = 8
"""Windows 1 … 8 have a camera; at the others people sign on and off at the evaluator (上岗, 离岗)."""
UNITS_A_TERMINAL: Final = 3
PRESET: Final = "tongshan"
MADE_UP: Final = "（演示）"
DEVICE_NAMES: Final[Mapping[str, str]] = {
    "terminal": "考勤机",
    "evaluator": "评价器",
    "camera": "摄像头",
    "cases": "办件系统",
    "gateway": "网关",
}

ITEMS: Final[tuple[tuple[str, str, float | None, float | None], ...]] = (
    ("企业设立登记", "committed", 3, 4),
    ("企业变更登记", "committed", 2, 5),
    ("食品经营许可", "committed", 10, 20),
    ("营业执照补领", "immediate", None, None),
    ("户口迁移", "committed", 3, 15),
    ("居住证办理", "committed", 7, 15),
    ("户籍证明", "immediate", None, None),
    ("社会保险登记", "committed", 2, 5),
    ("退休审核", "committed", 10, 20),
    ("参保证明", "immediate", None, None),
    ("不动产转移登记", "committed", 5, 20),
    ("不动产抵押登记", "committed", 3, 15),
    ("不动产查询", "immediate", None, None),
    ("社会团体登记", "committed", 12, 20),
    ("低保申请", "committed", 15, 20),
    ("婚姻登记预约", "immediate", None, None),
    ("发票领用", "immediate", None, None),
    ("完税证明", "immediate", None, None),
    ("税务登记信息变更", "committed", 1, 3),
    ("跨区域涉税事项报告", "committed", 1, 3),
)
"""(name, kind, promised, statutory) in working days; belonging to the units in the order of `_ITEM_UNITS`."""
_ITEM_UNITS: Final = (1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6)


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """Halls with the names that a registry file needs beside the snapshot (`Registry` holds no names of people)."""

    registry: Registry
    names: Mapping[str, str] = field(default_factory=dict)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows as `registry import` takes them, by table name."""
        registry = self.registry
        items = [version for versions in registry.items.values() for version in versions]
        return {
            "halls": [_row(h, "id", "name", "attendance") for h in registry.halls.values()],
            "units": [_row(u, "id", "hall", "name", "head") for u in registry.units.values()],
            "windows": [_row(w, "id", "hall", "unit", "name", "requires_duty") for w in registry.windows.values()],
            "staff": [{**_row(s, "id", "unit", "role"), "name": self.names[s.id]} for s in registry.staff.values()],
            "posts": [_row(p, "window", "staff", "rank") for p in registry.posts],
            "items": [_row(i, "id", "unit", "name", "kind", "promised", "statutory") for i in items],
            "devices": [
                _row(d, "id", "kind", "hall", "window", "serves", "channels", "namespace")
                for d in registry.devices.values()
            ],
        }

    def shown_names(self) -> dict[str, str]:
        """Names as `wording` takes them, by `kind:id`; beside them `unit-of:WINDOW` and `window-of:DEVICE`."""
        registry = self.registry
        found = {f"hall:{hall.id}": hall.name for hall in registry.halls.values()}
        found |= {f"unit:{unit.id}": unit.name for unit in registry.units.values()}
        found |= {f"window:{window.id}": window.name for window in registry.windows.values()}
        found |= {f"staff:{staff}": name for staff, name in self.names.items()}
        for device in registry.devices.values():
            place = registry.windows[device.window].name if device.window else ""
            number = device.id.rpartition("-tm")[2] if device.kind == "terminal" else ""
            found[f"device:{device.id}"] = f"{number and number + ' 号'}{place}{DEVICE_NAMES[device.kind]}"
            found[f"window-of:{device.id}"] = place
        units = {w.id: registry.units[w.unit].name.removesuffix(MADE_UP) for w in registry.windows.values() if w.unit}
        return found | {f"unit-of:{window}": unit for window, unit in units.items()}


def made_up_halls(count: int = 1, prefix: str = "demo") -> MadeUp:
    """`count` halls with ids PREFIX1 … (a single one is PREFIX itself); equal arguments give equal halls."""
    ids = [prefix] if count == 1 else [f"{prefix}{n}" for n in range(1, count + 1)]
    parts = [_Hall(hall, n if count > 1 else None) for n, hall in enumerate(ids, 1)]
    registry = Registry(
        halls={p.hall.id: p.hall for p in parts},
        units={u.id: u for p in parts for u in p.units},
        windows={w.id: w for p in parts for w in p.windows},
        staff={s.id: s for p in parts for s in p.staff},
        posts=tuple(post for p in parts for post in p.posts),
        items={i.id: (i,) for p in parts for i in p.items},
        devices={d.id: d for p in parts for d in p.devices},
    )
    return MadeUp(registry=registry, names={k: v for p in parts for k, v in p.names.items()})


class _Hall:
    """One hall; ids of its parts begin with its own: demo-w01, demo-p01, demo-tm1 …"""

    def __init__(self, hall: str, number: int | None) -> None:
        self.hall = Hall(id=hall, name=f"演示大厅{number or ''}", attendance=PRESET)
        self.units = [
            Unit(id=f"{hall}-u{n}", hall=hall, name=f"{name}{MADE_UP}", head=f"{hall}-p{n * STAFF_A_UNIT:02}")
            for n, name in enumerate(UNITS, 1)
        ]
        self.windows = [
            Window(
                id=f"{hall}-w{n:02}",
                hall=hall,
                unit=self.units[(n - 1) // WINDOWS_A_UNIT].id,
                name=f"{n} 号窗口",
                requires_duty=n > WATCHED_BY_CAMERA,
            )
            for n in range(1, len(UNITS) * WINDOWS_A_UNIT + 1)
        ]
        people = range(1, len(UNITS) * STAFF_A_UNIT + 1)
        self.staff = [
            Staff(
                id=f"{hall}-p{n:02}",
                unit=self.units[(n - 1) // STAFF_A_UNIT].id,
                role="unit_head" if n % STAFF_A_UNIT == 0 else "staff",
            )
            for n in people
        ]
        self.names = {f"{hall}-p{n:02}": f"演示员{n:02}" for n in people}
        self.posts = list(self._posts())
        self.items = [
            Item(id=f"{hall}-i{n:02}", unit=f"{hall}-u{unit}", name=name, kind=kind, promised=promised, statutory=legal)
            for n, ((name, kind, promised, legal), unit) in enumerate(zip(ITEMS, _ITEM_UNITS, strict=True), 1)
        ]
        self.devices = list(self._devices())

    def _posts(self) -> Iterator[Post]:
        """A and B of a window are two of its unit; the unit's last one is its head and holds no window."""
        for n, window in enumerate(self.windows):
            first = n // WINDOWS_A_UNIT * STAFF_A_UNIT + n % WINDOWS_A_UNIT * 2 + 1
            for rank, number in (("A", first), ("B", first + 1)):
                yield Post(window=window.id, staff=f"{self.hall.id}-p{number:02}", rank=rank)

    def _devices(self) -> Iterator[Device]:
        hall = self.hall.id
        for n, start in enumerate(range(0, len(self.units), UNITS_A_TERMINAL), 1):
            serves = tuple(unit.id for unit in self.units[start : start + UNITS_A_TERMINAL])
            yield Device(id=f"{hall}-tm{n}", kind="terminal", hall=hall, serves=serves, channels=("checkin",))
        for n, window in enumerate(self.windows, 1):
            cases = f"{hall}-cases"  # whose numbers its ratings name
            yield Device(id=f"{hall}-ev{n:02}", kind="evaluator", hall=hall, window=window.id, namespace=cases)
            if not window.requires_duty:
                yield Device(id=f"{hall}-cam{n:02}", kind="camera", hall=hall, window=window.id)
        yield Device(id=f"{hall}-cases", kind="cases", hall=hall)


def _row(value: object, *columns: str) -> dict[str, Any]:
    """The columns that say something; tuples as lists."""
    found = {name: getattr(value, name) for name in columns}
    return {
        name: list(cell) if isinstance(cell, tuple) else cell
        for name, cell in found.items()
        if cell is not None and cell != "" and cell != () and cell is not False
    }
