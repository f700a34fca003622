"""The demo's screen (演示屏), in Chinese: a live table in a terminal, plain lines into a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from monitor.agents.sights import Checklist, Sight
from monitor.agents.watch import View, WindowView
from monitor.wording import level_word, rule_title, state_word, subject_text

Arrival = tuple[datetime, dict[str, Any]]
"""An alert, and when it arrived by the demo's clock."""

MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "red": ("●", "red"),
    "yellow": ("▲", "yellow"),
    "reminder": ("○", "cyan"),
}
"""Shape and colour of a level: whoever sees no colour sees the shape."""
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "off": ("非工作时间", "dim"),
    "watched": ("有人在岗", "green"),
    "waiting": ("待判定", "dim"),
    "leaving": ("○ 暂无人", "cyan"),
    "unknown": ("无法判定", "magenta"),
    "yellow": ("▲ 无人", "yellow"),
    "red": ("● 无人", "red"),
}
DUTY: Final[Mapping[str, str]] = {"on": "已上岗", "resume": "已回岗", "pause": "暂离", "off": "已离岗"}
WEEKDAYS: Final = "一二三四五六日"
WIDE: Final = 96
"""Columns from which a card's state has room beside it."""
WINDOWS_WIDTH: Final = 36


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Everything that is shown at one moment."""

    view: View
    alerts: Sequence[Arrival]
    checklist: Checklist
    path: str
    """How the devices reach the daemon: MQTT or HTTP."""
    console: str = ""
    """Where the console is, and how one signs in to it."""


class Screen(Protocol):
    def say(self, text: str) -> None: ...
    def show(self, frame: Frame, completed: Iterable[Sight]) -> None: ...
    def close(self) -> None: ...


class Wording:
    """Texts of cards and alerts with the made-up hall's names."""

    def __init__(self, names: Mapping[str, str], zone: str) -> None:
        self.names = names
        self._zone = ZoneInfo(zone)

    def clock(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%m-%d} 周{WEEKDAYS[local.weekday()]} {local:%H:%M}"

    def short(self, at: str | datetime) -> str:
        """Day and time of day."""
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        return f"{instant.astimezone(self._zone):%d日 %H:%M}"

    def subject(self, subject: Mapping[str, str]) -> str:
        """In few words: who, or which window, case or device."""
        kind, key = subject["kind"], subject["id"]
        first, _, rest = key.partition("/")
        match kind:
            case "rating":
                return self.names.get(f"window-of:{first}", first)
            case "post":
                return self.names.get(f"window:{first}", first)
            case "case" | "order":
                return rest
            case "slot":
                name, _, slot = subject_text(kind, key, self.names).split(" ", 2)
                return f"{name} {slot}"
            case "device":
                return self.names.get(f"{kind}:{key}", key)
        return subject_text(kind, key, self.names)

    def alert(self, alert: Mapping[str, Any]) -> tuple[str, str]:
        """(text, style) of an alert that arrived."""
        if alert.get("card") is None:
            return f"◇ 汇总 {len(alert.get('cards', ()))} 条", "dim"
        what = f"{rule_title(alert['rule'])}：{self.subject(alert['subject'])}（第 {alert['card']} 号）"
        if alert["kind"] == "resolved":
            return f"✓ 解除 {what}", "green"
        mark, style = MARKS[alert["level"]]
        return f"{mark} {level_word(alert['level'])} {what}", style


class PlainScreen:
    """One line for each thing that happens."""

    def __init__(self, console: Console, wording: Wording) -> None:
        self._console = console
        self._wording = wording
        self._alerts = 0

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, frame: Frame, completed: Iterable[Sight]) -> None:
        when = self._wording.clock(frame.view.now)
        for _, alert in frame.alerts[self._alerts :]:
            self.say(f"{when}  告警 {self._wording.alert(alert)[0]}")
        self._alerts = len(frame.alerts)
        for sight in completed:
            self.say(f"{when}  ✔ {sight.text}")

    def close(self) -> None:
        """Nothing to put back."""


class LiveScreen:
    """The table, drawn again at every look; the last picture stays."""

    def __init__(self, console: Console, wording: Wording) -> None:
        self._console = console
        self._wording = wording
        self._live: Live | None = None

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, frame: Frame, completed: Iterable[Sight]) -> None:
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._live.update(self.picture(frame), refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    # -- the picture

    def picture(self, frame: Frame) -> RenderableType:
        width, height = self._console.size
        rows = max(len(frame.view.windows), 4)
        below = min(max(height - rows - (9 if frame.console else 8), 4), 14)
        middle = Table.grid(expand=True, padding=0)
        middle.add_column(width=WINDOWS_WIDTH)
        middle.add_column(ratio=1)
        middle.add_row(self._windows(frame.view.windows), self._cards(frame.view.cards, rows, wide=width >= WIDE))
        bottom = Table.grid(expand=True, padding=0)
        bottom.add_column(ratio=1)
        bottom.add_column(width=39)
        bottom.add_row(self._alerts(frame.alerts, below), self._sights(frame.checklist, below))
        return Group(self._head(frame), middle, bottom)

    def _head(self, frame: Frame) -> Text:
        view = frame.view
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(" 监察演示 ", style="bold reverse")
        text.append(f" {self._wording.clock(view.now)}", style="bold")
        text.append(f"   {frame.path} 入库 {view.events} 条")
        waiting = view.unknown.get("slot", 0), view.unknown.get("post", 0)
        if any(waiting):
            text.append(f"   无法判定：考勤 {waiting[0]}，窗口 {waiting[1]}", style="magenta")
        if frame.console:
            text.append(f"\n 控制台 {frame.console}", style="bold cyan")
        return text

    def _windows(self, windows: Sequence[WindowView]) -> Panel:
        table = _table(窗口=15, 现场=6, 状态=10)
        for window in windows:
            state, style = STATES[window.state]
            name = self._wording.names.get(f"window:{window.id}", window.id).removesuffix("窗口")
            unit = self._wording.names.get(f"unit-of:{window.id}", "")
            table.add_row(f"{name}{unit}", _seen(window.seen), Text(state, style=style))
        return Panel(table, title="窗口", padding=0)

    def _cards(self, cards: Sequence[dict[str, Any]], rows: int, *, wide: bool) -> Panel:
        """Newest change first."""
        columns = {
            "": 1,
            "号": 2,
            "事由": 16 if wide else 12,
            "对象": None,
            "起": 10 if wide else 5,
            "状态": 8 if wide else 0,
        }
        table = _table(**{name: width for name, width in columns.items() if width != 0})
        newest = sorted(cards, key=lambda card: (card["history"][-1]["at"], card["number"]), reverse=True)
        for card in newest[:rows]:
            mark, style = MARKS[card["level"]]
            over = bool(card["cleared_at"]) or card["state"] in ("closed", "withdrawn")
            since = self._wording.short(card["since"])
            cells = [str(card["number"]), rule_title(card["rule"]), self._wording.subject(card["subject"])]
            if wide:
                cells += [since, "情形消除" if over and card["state"] == "open" else state_word(card["state"])]
            else:
                cells.append(since[-5:])
            table.add_row(Text(mark, style=style), *(Text(cell, style="dim" if over else "") for cell in cells))
        for _ in range(rows - len(newest)):
            table.add_row()
        return Panel(table, title=f"监察牌 {len(cards)}  ● 红牌 ▲ 黄牌 ○ 预警", padding=0)

    def _alerts(self, alerts: Sequence[Arrival], rows: int) -> Panel:
        """Newest last, as they arrive."""
        lines = []
        for at, alert in alerts[-rows:]:
            text, style = self._wording.alert(alert)
            lines.append(
                Text.assemble((f"{self._wording.short(at)} ", "dim"), (text, style), no_wrap=True, overflow="ellipsis")
            )
        lines += [Text("")] * (rows - len(lines))
        return Panel(Group(*lines), title=f"HTTP 接收端收到的告警 {len(alerts)}", padding=(0, 1))

    def _sights(self, checklist: Checklist, rows: int) -> Panel:
        shown = [*checklist.missing, *(s for s in checklist.sights if s.key in checklist.seen_at)]
        chosen = {sight.key for sight in shown[:rows]}
        lines = [_sight_line(checklist, sight) for sight in checklist.sights if sight.key in chosen]
        lines += [Text("")] * (rows - len(lines))
        done, all_ = len(checklist.seen_at), len(checklist.sights)
        return Panel(Group(*lines), title=f"看点 {done}/{all_}", padding=(0, 1))


def _sight_line(checklist: Checklist, sight: Sight) -> Text:
    done = sight.key in checklist.seen_at
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("✔ " if done else "· ", style="bold green" if done else "dim")
    text.append(sight.text, style="" if done else "dim")
    if not done and len(sight.steps) > 1:
        text.append(f" {checklist.steps_seen[sight.key]}/{len(sight.steps)}", style="dim")
    return text


def _seen(seen: int | str | None) -> str:
    if seen is None:
        return "–"
    return f"{seen} 人" if isinstance(seen, int) else DUTY.get(seen, seen)


def _table(**columns: int | None) -> Table:
    """Columns with their widths; None takes what is left."""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    for column, width in columns.items():
        table.add_column(column, width=width, ratio=1 if width is None else None, no_wrap=True, overflow="ellipsis")
    return table
