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
    "unknown": ("无法判定", "magenta"),
    "yellow": ("▲ 无人", "yellow"),
    "red": ("● 无人", "red"),
}
DUTY: Final[Mapping[str, str]] = {"on": "已上岗", "resume": "已回岗", "pause": "暂离", "off": "已离岗"}
WEEKDAYS: Final = "一二三四五六日"
WIDE: Final = 100
"""Columns from which windows and cards stand side by side with room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Everything that is shown at one moment."""

    view: View
    alerts: Sequence[dict[str, Any]]
    checklist: Checklist
    path: str
    """How the devices reach the daemon: MQTT or HTTP."""


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
        if subject["kind"] == "rating":
            device = subject["id"].partition("/")[0]
            return f"评价 {self.names.get(f'device:{device}', device)}"
        return subject_text(subject["kind"], subject["id"], self.names)

    def alert(self, alert: Mapping[str, Any]) -> tuple[str, str]:
        """(text, style) of an alert that arrived."""
        if alert.get("card") is None:
            return f"◇ 汇总 {len(alert.get('cards', ()))} 条", "dim"
        what = f"{rule_title(alert['rule'])} {self.subject(alert['subject'])}（第 {alert['card']} 号）"
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
        for alert in frame.alerts[self._alerts :]:
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
        below = max(height - rows - 7, 4)
        middle = Table.grid(expand=True, padding=0)
        middle.add_column(ratio=4 if width >= WIDE else 5)
        middle.add_column(ratio=7 if width >= WIDE else 6)
        middle.add_row(self._windows(frame.view.windows), self._cards(frame.view.cards, rows, wide=width >= WIDE))
        bottom = Table.grid(expand=True, padding=0)
        bottom.add_column(ratio=6)
        bottom.add_column(ratio=5)
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
        return text

    def _windows(self, windows: Sequence[WindowView]) -> Panel:
        table = _table("窗口", "部门", "现场", "状态")
        for window in windows:
            state, style = STATES[window.state]
            name = self._wording.names.get(f"window:{window.id}", window.id)
            unit = self._wording.names.get(f"unit-of:{window.id}", "")
            table.add_row(name, unit, _seen(window.seen), Text(state, style=style))
        return Panel(table, title="窗口", padding=0)

    def _cards(self, cards: Sequence[dict[str, Any]], rows: int, *, wide: bool) -> Panel:
        """Newest change first."""
        table = _table("", "号", "事由", "对象", "起", *(["状态"] if wide else []))
        newest = sorted(cards, key=lambda card: (card["history"][-1]["at"], card["number"]), reverse=True)
        for card in newest[:rows]:
            mark, style = MARKS[card["level"]]
            over = bool(card["cleared_at"]) or card["state"] in ("closed", "withdrawn")
            state = "情形消除" if over and card["state"] == "open" else state_word(card["state"])
            cells = [str(card["number"]), rule_title(card["rule"]), self._wording.subject(card["subject"])]
            cells += [self._wording.short(card["since"]), *([state] if wide else [])]
            table.add_row(Text(mark, style=style), *(Text(cell, style="dim" if over else "") for cell in cells))
        return Panel(table, title=f"监察牌 {len(cards)}  ● 红牌 ▲ 黄牌 ○ 预警", padding=0)

    def _alerts(self, alerts: Sequence[dict[str, Any]], rows: int) -> Panel:
        lines = [Text(*self._wording.alert(alert), no_wrap=True, overflow="ellipsis") for alert in alerts[-rows:]]
        lines += [Text("")] * (rows - len(lines))
        return Panel(Group(*lines), title=f"收到的告警 {len(alerts)}", padding=(0, 1))

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


def _table(*columns: str) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table
