"""A small hall for tests of the whole chain: its registry, what its devices say, the command line and the daemon.

Times are written as `HH:MM[:SS]` of the hall's MONDAY, or as `MM-DD HH:MM[:SS]` of 2026, or with the year in front.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from monitor.ingest.decode import Message
from tests import forked, migrated
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

ZONE: Final = timezone(timedelta(hours=8))
MONDAY: Final = "2026-03-02"
MINUTE: Final = timedelta(minutes=1)

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table, as in a registry or plans file."""


def at(text: str | datetime) -> datetime:
    """An instant in the hall's zone."""
    if isinstance(text, datetime):
        return text
    day, _, clock = text.rpartition(" ")
    if not day:
        day = MONDAY
    elif len(day) == len("03-02"):
        day = f"2026-{day}"
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)


def told(instant: datetime | str | None) -> str:
    """The other way round: as short as it can be said, `-` for none."""
    if instant is None:
        return "-"
    local = (datetime.fromisoformat(instant) if isinstance(instant, str) else instant).astimezone(ZONE)
    clock = f"{local:%H:%M:%S.%f}".removesuffix(".000000").removesuffix(":00")
    day = f"{local:%Y-%m-%d}"
    return clock if day == MONDAY else f"{day.removeprefix('2026-')} {clock}"


# --------------------------------------------------------------------------- registry and plans


def toml(tables: Tables) -> str:
    """The tables as an operator would write them down; a row without a value for a key leaves it out."""
    lines: list[str] = []
    for name, rows in tables.items():
        for row in rows:
            lines.append(f"[[{name}]]")
            lines += [f"{key} = {_value(value)}" for key, value in row.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def hall(people: int = 2, *, attendance: str = "tongshan", **more: Sequence[Mapping[str, Any]]) -> Tables:
    """Hall h1 with unit u1, window w1 (A s01, B s02), so many people, an item of 5 and 20 days, terminal t1 for all.

    `more` replaces whole tables.
    """
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "halls": [{"id": "h1", "name": "政务中心", "attendance": attendance}],
        "units": [{"id": "u1", "hall": "h1", "name": "行政审批局"}],
        "windows": [{"id": "w1", "unit": "u1", "name": "1号窗口"}],
        "staff": [{"id": f"s{n:02}", "unit": "u1", "name": f"员工{n}"} for n in range(1, people + 1)],
        "posts": [{"window": "w1", "staff": f"s{n:02}", "rank": rank} for n, rank in ((1, "A"), (2, "B"))],
        "items": [{"id": "i1", "unit": "u1", "promised": 5, "statutory": 20}],
        "devices": [{"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}],
    }
    return {**tables, **more}


def leave(staff: str, start: str, end: str, *, letter: str = "", approved: str | None = "08:00") -> Mapping[str, Any]:
    """A row of leave, approved by s01 (`approved` None: not yet)."""
    signed = {"approver": "s01", "approved_at": at(approved)} if approved else {}
    row = {"id": f"l-{staff}", "staff": staff, "kind": "sick", "from": at(start), "to": at(end), "letter": letter}
    return {**row, **signed}


# --------------------------------------------------------------------------- what devices say


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message as it reached the program; `payload` without what `Feed.lines` fills in."""

    received: datetime
    device: str
    channel: str
    payload: Mapping[str, Any]

    def text(self) -> str:
        body = {"received": self.received.isoformat(), "device": self.device, "channel": self.channel}
        return json.dumps({**body, "payload": self.payload}, ensure_ascii=False)

    def message(self) -> Message:
        payload = json.dumps(self.payload, ensure_ascii=False).encode()
        return Message(device=self.device, channel=self.channel, payload=payload, received=self.received)


@dataclass
class Feed:
    """What devices sent in one boot: sequence numbers by order of sending, heartbeats announce the highest sent."""

    boot: str = "b1"
    _sent: list[Line] = field(default_factory=list)

    def event(
        self, device: str, channel: str, when: str | datetime, *, received: str | datetime | None = None, **body: Any
    ) -> None:
        """An event of the device's time `when`, received then unless said otherwise."""
        payload = {"at": at(when).isoformat(), "boot": self.boot, **body}
        self._sent.append(Line(received=at(received or when), device=device, channel=channel, payload=payload))

    def beat(
        self, device: str, when: str | datetime, *, received: str | datetime | None = None, queue: int = 0
    ) -> None:
        payload = {"at": at(when).isoformat(), "boot": self.boot, "queue": queue}
        self._sent.append(Line(received=at(received or when), device=device, channel="heartbeat", payload=payload))

    def beats(self, device: str, first: str, last: str, every: timedelta = MINUTE) -> None:
        """A heartbeat at `first` and then every minute up to and with `last`."""
        when = at(first)
        while when <= at(last):
            self.beat(device, when)
            when += every

    def lines(self) -> list[Line]:
        """In order of receipt, an event before a heartbeat of the same instant; ids and numbers filled in."""
        seqs: dict[str, int] = {}
        found = []
        for line in sorted(self._sent, key=lambda s: (s.received, s.channel == "heartbeat", s.payload["at"])):
            seq = seqs.get(line.device, 0)
            if line.channel == "heartbeat":
                found.append(replace(line, payload={"last_seq": seq, **line.payload}))
                continue
            seqs[line.device] = seq + 1
            numbered = {"id": f"{line.device}-{seq + 1}", "seq": seq + 1}
            found.append(replace(line, payload={**numbered, **line.payload}))
        return found


def write_lines(path: Path, lines: Iterable[Line]) -> Path:
    path.write_text("".join(line.text() + "\n" for line in lines), encoding="utf-8")
    return path


# --------------------------------------------------------------------------- what the program says


def card_line(card: Mapping[str, Any]) -> str:
    """A card of `cards list --json` in one line of words."""
    subject = f"{card['subject']['kind']}:{card['subject']['id']}".replace(f"/{MONDAY}/", "/")
    return (
        f"{card['rule']} {card['level']} {subject} since {told(card['since'])} by {card['staff'] or '-'} "
        f"cleared {told(card['cleared_at'])} {card['state']}"
    )


def heart_of(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What must be the same however and whenever a card came about: subject, rule, level, since, who is responsible."""
    subject = f"{card['subject']['kind']}:{card['subject']['id']}"
    charged = [card[key] or "-" for key in ("hall", "unit", "window", "staff")]
    return (subject, card["rule"], card["level"], told(card["since"]), *charged)


def warnings_of(cards: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The hearts of the yellow and red cards that stand (a reminder that is over leaves a card only if it was seen)."""
    return sorted(heart_of(c) for c in cards if c["level"] != "reminder" and c["state"] != "withdrawn")


# --------------------------------------------------------------------------- the command line


@dataclass
class Commands:
    """The `jiancha` command in a folder of its own, as a user runs it. `clock`: the time it takes to be now."""

    folder: Path
    clock: str = "2026-03-02 19:30"
    env: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        return str(Path(sys.executable).with_name("jiancha"))

    def environment(self, clock: str | None = "") -> dict[str, str]:
        """Of the process: the store in the folder, and the clock (None: real time)."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")}
        kept["JIANCHA_STORE__URL"] = f"sqlite:///{self.folder / 'jiancha.sqlite'}"
        if clock is not None:
            kept["JIANCHA_CLOCK__START"] = at(clock or self.clock).isoformat()
        return {**kept, **self.env}

    def run(self, *arguments: str, clock: str | None = "", status: int = 0) -> str:
        """Its standard output; the test fails where the exit status is another."""
        done = forked.run(arguments, env=self.environment(clock), cwd=self.folder)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str, clock: str | None = "", status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", clock=clock, status=status))

    def set_up(self, registry: Tables, plans: Tables | None = None, *, clock: str = "07:45") -> None:
        """Import the registry, and plans, at the given time: nothing is expected from before it."""
        if "JIANCHA_STORE__URL" not in self.env:
            migrated.lay(self.folder / "jiancha.sqlite")
        (self.folder / "registry.toml").write_text(toml(registry), encoding="utf-8")
        self.run("registry", "import", "registry.toml", clock=clock)
        if plans:
            (self.folder / "plans.toml").write_text(toml(plans), encoding="utf-8")
            self.run("plans", "import", "plans.toml", clock=clock)

    def judge(self, when: str) -> dict[str, int]:
        """`judge --as-of`."""
        counts: dict[str, int] = self.json("judge", "--as-of", at(when).isoformat())
        return counts

    def cards(self, *options: str) -> list[dict[str, Any]]:
        cards: list[dict[str, Any]] = self.json("cards", "list", *options)
        return cards

    def verdicts(self, kind: str, day: str = MONDAY) -> dict[str, str]:
        """Verdicts of a kind by id; those of slots and posts on one day, without the date."""
        rows = self.json("subjects", "list")
        if kind not in ("slot", "post"):
            return {r["id"]: r["verdict"] for r in rows if r["kind"] == kind}
        dated = f"/{day}/"
        return {r["id"].replace(dated, "/"): r["verdict"] for r in rows if r["kind"] == kind and dated in r["id"]}


# --------------------------------------------------------------------------- the daemon


@dataclass
class Clocked:
    """A daemon over a registered hall whose clock shows `start` now and goes on while it is down."""

    daemon: Daemon
    start: datetime
    anchor: datetime

    def now(self) -> datetime:
        """What its clock shows."""
        return self.start + (datetime.now(UTC) - self.anchor)

    def move(self, start: str) -> None:
        """Set the clock to another time; for the next start."""
        self.start, self.anchor = at(start), datetime.now(UTC)
        self.daemon.environment["JIANCHA_CLOCK__START"] = self.start.isoformat()
        self.daemon.environment["JIANCHA_CLOCK__ANCHOR"] = self.anchor.isoformat()


def hall_daemon(folder: Path, broker: Mosquitto, registry: Tables, *, start: str, config: str, **env: str) -> Clocked:
    """A daemon for the broker, not started, over a hall that is registered since 07:00."""
    login = {
        "JIANCHA_MQTT__PORT": str(broker.port),
        "JIANCHA_MQTT__USERNAME": DAEMON,
        "JIANCHA_MQTT__PASSWORD": PASSWORD,
    }
    made = Clocked(daemon=Daemon(folder, {**login, **env}, config), start=at(start), anchor=datetime.now(UTC))
    (folder / "registry.toml").write_text(toml(registry), encoding="utf-8")
    made.move("07:00")
    made.daemon.command("registry", "import", str(folder / "registry.toml"))
    made.move(start)
    return made
