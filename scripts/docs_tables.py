"""The tables of names in docs/*.md, made from the code: topics, metrics, commands, keys, vocabularies (`make docs`).

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. `tests/unit/test_docs_names.py` holds the files
against what is made here, so that a name in the docs is a name of the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

import capacity
import click
import grafana_boards
import prometheus_rules
import scaling
import typer
import yaml
from config_files import inline_toml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from alerts.matching import Match
from alerts.policy import (
    AlertPolicy,
    DeadMan,
    Escalation,
    Gateway,
    Inhibit,
    Maintenance,
    MessageTemplate,
    Patrol,
    Quiet,
    Receiver,
    RetryPolicy,
    Route,
    Storm,
)
from monitor import wording
from monitor.agents.device.config import BrokerSection, ViewSection
from monitor.agents.postwatch.config import DetectorSection, PresenceSection, WatchSection, WindowSection
from monitor.agents.terminal.config import ServerSection, TerminalSection
from monitor.assessment.check import AS_JUDGED, FEEDS, POLICY_KEYS
from monitor.assessment.sources import SOURCES
from monitor.attendance.policy import PlannedSlot, SlotPreset
from monitor.attendance.requestpolicy import ApprovalChain
from monitor.attendance.rosterpolicy import ApproverStep, DutyDemand
from monitor.cli.parts import app
from monitor.console.collector import families, readiness, room
from monitor.ingest.account import NO_FAULT
from monitor.ingest.adapters.spec import Adapter, Reply, VendorTime
from monitor.ingest.payloads import CASE_EVENTS, schemas
from monitor.ingest.plans import COLUMNS as PLAN_COLUMNS
from monitor.metrics import Metrics
from monitor.model import CHANNELS, KIND_CHANNELS, QUARANTINE_REASONS, Outcome
from monitor.ops.boards import BOARDS
from monitor.ops.recorded import RECORDED
from monitor.ops.state import Disk
from monitor.settings import FeedSettings, OpenIdSettings, Policy, Settings, load
from monitor.store.attendance_gauges import AttendanceGauges
from monitor.store.gauges import Gauges
from monitor.supervision.rules import RULES
from monitor.wording import words
from monitor.wording.statistics import FIGURES
from tests import rule_rows

ROOT: Final = Path(__file__).resolve().parent.parent
ALERT_RULES: Final = ROOT / "config" / "prometheus" / "rules" / "jiancha.yml"
MARK: Final = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
ALERT_TABLES: Final = (
    "retry", "receivers", "routes", "gateways", "templates", "quiet", "storm", "patrol", "deadman", "escalation",
    "inhibit", "maintenance",
)  # fmt: skip
SECTIONS: Final = ("store", "mqtt", "http", "clock", "adapters", "audit", "faces", "kiosk", "retention", "console",
                   "assessment")  # fmt: skip
ENVELOPE: Final = frozenset({"id", "at", "seq"})


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [list(header), ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


# ---------------------------------------------------------------- commands


def commands() -> Iterator[tuple[str, click.Command]]:
    """(words after `jiancha`, command), in the order of the program's own help."""
    yield from _leaves(typer.main.get_command(app), ())


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    below: Mapping[str, Any] = getattr(command, "commands", {})
    if not below or getattr(command, "invoke_without_command", False) and path:
        yield " ".join(path), command
    for name, inner in below.items():
        yield from _leaves(inner, (*path, name))


def commands_table() -> str:
    rows = []
    for name, command in commands():
        about, _, example = (command.help or "").partition("Example:")
        used = re.sub(r"\s+", " ", example.split("\n\n")[0]).strip()
        said = re.sub(r"\s+", " ", about).strip()
        rows.append((f"`jiancha {name}`", said, f"`{used}`" if used else ""))
    return table(("command 命令", "what it does 作用", "example 示例"), rows)


# ---------------------------------------------------------------- keys


def keys(model: type[BaseModel], prefix: str, skip: Iterable[str] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """(dotted key, field) of a settings model, sections below it left to the caller."""
    skipped = set(skip)
    for name, field in model.model_fields.items():
        if name not in skipped:
            yield f"{prefix}{field.alias or name}", field


def settings_table() -> str:
    rows = []
    for section in SECTIONS:
        model = _model(Settings.model_fields[section])
        found = list(keys(model, f"{section}.", skip=("oidc",)))
        if section == "console":
            found += keys(OpenIdSettings, "console.oidc.")
        for key, field in found:
            variable = f"JIANCHA_{key.upper().replace('.', '__')}"
            rows.append((f"`{key}`", f"`{variable}`", _default(field), field.description or ""))
    return table(("key 键", "environment 环境变量", "default 缺省", "meaning 含义"), rows)


def policy_table() -> str:
    rows = [_key_row(f"policy.{key}", field) for key, field in keys(Policy, "") if not _is_section(field)]
    for section, field in Policy.model_fields.items():
        if _is_section(field):
            rows += [_key_row(key, inner) for key, inner in keys(_model(field), f"policy.{section}.")]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def presets_table() -> str:
    """The shipped presets of check-in slots, with the values that they bring."""
    presets = load(environ={}).presets
    rows = []
    for name, preset in presets.items():
        own = [f"`{key} = {value}`" for key, value in preset.checkin.items()]
        steps = preset.leave.approvers if preset.leave is not None else ()
        own += [f"`leave.approvers {inline_toml(step)}`" for step in steps]
        said = "; ".join(part for part in (preset.source, preset.notes) if part)
        rows.append((f"`{name}` {preset.title}", "<br>".join(map(_slot_told, preset.slots)), "<br>".join(own), said))
    return table(
        ("preset 预设", "slots: opens due closes 时段", "own values 自带的值", "source, notes 来源与说明"), rows
    )


def _slot_told(row: PlannedSlot) -> str:
    said = f"`{row.name}` {row.opens:%H:%M} **{row.due:%H:%M}** {row.closes:%H:%M}"
    if len(row.weekdays) < 7:
        said += f" ({'、'.join('一二三四五六日'[day - 1] for day in row.weekdays)})"
    said += f" (role {', '.join(row.role)})" if row.role else ""
    return said + (f" (unless {', '.join(row.unless_role)})" if row.unless_role else "")


def preset_keys_table() -> str:
    parts = ((SlotPreset, "NAME."), (PlannedSlot, "NAME.slots[]."), (ApproverStep, "leave.approvers[]."))
    more = ((DutyDemand, "roster.duty[]."), (ApprovalChain, "requests.chains[]."))
    rows = [_key_row(key, field) for model, prefix in (*parts, *more) for key, field in keys(model, prefix)]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def plans_table() -> str:
    """The tables of `plans import` with their columns."""
    rows = []
    for name, columns in PLAN_COLUMNS.items():
        shown = [f"`{c.name}`{'' if c.required else '?'}" for c in columns]
        rows.append((f"`{name}`", ", ".join(shown), words.PLANS[name][0], words.PLANS[name][1]))
    return table(("table 表", "columns 列（? = optional 可省）", "中文", "English"), rows)


def alerts_table() -> str:
    parts: tuple[tuple[type[BaseModel], str, tuple[str, ...]], ...] = (
        (AlertPolicy, "alerts.", ALERT_TABLES),
        (RetryPolicy, "alerts.retry.", ()),
        (Quiet, "alerts.quiet.", ()),
        (Storm, "alerts.storm.", ()),
        (Patrol, "alerts.patrol.", ()),
        (DeadMan, "alerts.deadman.", ()),
        (Receiver, "alerts.receivers.ID.", ()),
        (Gateway, "alerts.gateways.ID.", ()),
        (MessageTemplate, "alerts.templates.ID.", ()),
        (Route, "alerts.routes[].", ()),
        (Escalation, "alerts.escalation[].", ()),
        (Inhibit, "alerts.inhibit[].", ("source", "target")),
        (Match, "alerts.inhibit[].source.", ()),
        (Maintenance, "alerts.maintenance[].", ("match",)),
    )
    rows = [_key_row(key, field) for model, prefix, skip in parts for key, field in keys(model, prefix, skip)]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def feeds_table() -> str:
    rows = [_key_row(key, field) for key, field in keys(FeedSettings, "feeds[].")]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def watch_table() -> str:
    """The keys of the post watcher's own file."""
    parts = (
        (WatchSection, "watch."),
        (BrokerSection, "mqtt."),
        (WindowSection, "windows[]."),
        (ViewSection, "view."),
        (PresenceSection, "presence."),
        (DetectorSection, "detector."),
    )
    rows = [_key_row(key, field) for model, prefix in parts for key, field in keys(model, prefix)]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def terminal_table() -> str:
    """The keys of the terminal's own file."""
    parts = (
        (TerminalSection, "terminal."),
        (ServerSection, "server."),
        (BrokerSection, "mqtt."),
        (ViewSection, "view."),
    )
    rows = [_key_row(key, field) for model, prefix in parts for key, field in keys(model, prefix)]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def adapter_table() -> str:
    parts = ((Adapter, ""), (VendorTime, "time."), (Reply, "reply."))
    rows = [_key_row(key, field) for model, prefix in parts for key, field in keys(model, prefix)]
    return table(("key 键", "default 缺省", "meaning 含义"), rows)


def _key_row(key: str, field: FieldInfo) -> tuple[str, str, str]:
    return f"`{key}`", _default(field), field.description or ""


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _model(field: FieldInfo) -> type[BaseModel]:
    assert isinstance(field.annotation, type)
    assert issubclass(field.annotation, BaseModel)
    return field.annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required 必填"
    value = field.get_default(call_default_factory=True)
    if value is None or (isinstance(value, (str, tuple, dict)) and not value):
        return "none 无"
    shown = value.value if isinstance(value, Enum) else value
    if isinstance(shown, SecretStr):
        return "secret"
    parts = [inline_toml(v) if isinstance(v, BaseModel) else str(v) for v in shown] if isinstance(shown, tuple) else []
    text = ", ".join(parts) or str(shown)
    return f"`{text.lower() if isinstance(shown, bool) else text}`"


# ---------------------------------------------------------------- what comes in


def channels_table() -> str:
    described = schemas()
    rows = []
    for channel in CHANNELS:
        kinds = [kind for kind, allowed in KIND_CHANNELS.items() if channel in allowed]
        schema = described[channel] if channel != "case" else _case_schema("received")
        rows.append((f"`{channel}`", ", ".join(kinds) if kinds else "all 全部", _fields(schema, channel)))
    return table(("channel", "device kinds 设备类别", "payload beside the envelope 载荷（? = optional 可省）"), rows)


def case_events_table() -> str:
    common = _case_schema("received")["properties"].keys()
    rows = []
    for event, model in CASE_EVENTS.items():
        schema = _case_schema(event)
        own = [n for n in schema["properties"] if n not in common or (n == "reason" and n in schema["required"])]
        fields = _fields({**schema, "properties": {name: schema["properties"][name] for name in own}})
        rows.append((f"`{event}`", (model.__doc__ or "").split(".")[0], fields))
    return table(("event", "中文", "fields of its own 自有字段"), rows)


def _case_schema(event: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas()["case"]["$defs"][CASE_EVENTS[event].__name__]
    return found


def _fields(schema: Mapping[str, Any], channel: str = "") -> str:
    if "$ref" in schema:
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    required = set(schema.get("required", ()))
    shown = []
    for name, kind in schema["properties"].items():
        if name == "event" and channel == "case":
            shown.append("`event` (below 见下)")
        elif name not in ENVELOPE:
            shown.append(f"`{name}`{'' if name in required else '?'}{_kind(kind)}")
    return ", ".join(shown)


def _kind(kind: Mapping[str, Any]) -> str:
    options = [k for k in kind.get("anyOf", [kind]) if k.get("type") != "null"]
    first = options[0] if options else {}
    values = [value for value in first.get("enum", ()) if value is not None]
    if values:
        return " (" + " | ".join(f"`{v}`" for v in values) + ")" if len(values) > 1 else ""
    low, high = first.get("minimum"), first.get("maximum")
    if first.get("type") in ("integer", "number") and low is not None:
        return f" ({low}–{high})" if high is not None and high < 10_000 else f" (≥ {low})"
    return " (time with offset)" if first.get("format") == "date-time" else ""


def reasons_table() -> str:
    said = wording.quarantine_reason
    return table(("reason", "中文", "English"), [(f"`{r}`", said(r, "zh"), said(r, "en")) for r in QUARANTINE_REASONS])


def row_reasons_table() -> str:
    said = wording.row_reason
    return table(("reason", "中文", "English"), [(f"`{r}`", said(r, "zh"), said(r, "en")) for r in NO_FAULT])


# ---------------------------------------------------------------- metrics and alerts


def metrics() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """{name: (type, labels, help)} of all that /metrics shows of ours, from one sample of each."""
    counted = Metrics(rules=["r"], channels=["c"])
    counted.broker(True)
    counted.signed("url", True)
    counted.start_kiosks(lambda: {"encoded": 0})
    counted.judged(0)
    counted.ingest_lag(0)
    one = Gauges(
        quarantined=0,
        cards_open={("r", "red", "h"): 1},
        cases_open={"h": 1},
        cases_overdue={"h": 1},
        posts_absent={"h": 1},
        spot_checks_open={"h": 1},
        subjects_unknown={"case": 1},
        devices_offline={("h", "camera"): 1},
        due_backlog=0,
        oldest_pending_seconds=0,
        satisfaction={"h": 1.0},
        attendance=AttendanceGauges(slots={("h", "ok"): 1}, corrections_pending={"h": 1}, leave_today={"h": 1}),
    )
    found = {}
    read = (readiness(()), *room(Disk(store=0, free=0)), *families(one, datetime(2027, 1, 1, tzinfo=UTC)))
    for family in (*counted.registry.collect(), *read):
        if family.name.startswith("jiancha_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = tuple(label for label in family.samples[0].labels if label != "le")
            found[name] = (family.type, labels, family.documentation)
    return found


def metrics_table() -> str:
    rows = [
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), text)
        for name, (kind, labels, text) in sorted(metrics().items())
    ]
    return table(("metric 指标", "type", "labels 标签", "meaning 含义"), rows)


def alert_rules_table() -> str:
    rows = []
    for group in yaml.safe_load(ALERT_RULES.read_text())["groups"]:
        for rule in (one for one in group["rules"] if "alert" in one):
            text = rule["annotations"]["description"]
            rows.append((f"`{rule['alert']}`", f"`{rule['expr']}`", rule["for"], rule["labels"]["severity"], text))
    return table(("alert 告警", "condition 条件", "for", "severity", "what it means, where to look 含义与处置"), rows)


def recorded_table() -> str:
    rows = [(f"`{rule.name}`", f"`{rule.expr}`", rule.text) for rule in RECORDED]
    return table(("recorded 预算指标", "expression 表达式", "meaning 含义"), rows)


def boards_table() -> str:
    rows = [
        (f"`{board.name}.json`", " ".join(board.title), " ".join(board.about),
         "、".join(panel.title for panel in board.panels))
        for board in BOARDS
    ]  # fmt: skip
    return table(("file 文件", "board 看板", "what it is for 用途", "panels 面板"), rows)


# ---------------------------------------------------------------- vocabularies


def _vocabulary(texts: Mapping[str, tuple[str, str]]) -> str:
    return table(("word", "中文", "English"), [(f"`{word}`", zh, en) for word, (zh, en) in texts.items()])


def rules_table() -> str:
    """The rules that are judged."""
    judged = [(rule.id, kind) for kind, rules in RULES.items() for rule in rules]
    rows = [(f"`{rule}`", f"`{kind}`", *words.RULES[rule]) for rule, kind in judged]
    return table(("rule", "subject 对象", "中文", "English"), rows)


def outcomes_table() -> str:
    return _vocabulary({str(o): words.OUTCOMES[str(o)] for o in Outcome})


def figures_table() -> str:
    """The figures of `report statistics` with their definitions."""
    rows = [(f"`{name}`", f"{f.zh} {f.en}", f"{f.defined_zh} · {f.defined_en}") for name, f in FIGURES.items()]
    return table(("name", "指标 figure", "定义 definition"), rows)


def score_sources_table() -> str:
    rows = (
        (f"`{name}`", f"{source.name[0]} {source.name[1]}", ", ".join(source.charges), source.amount or "",
         ", ".join(source.rungs), "经查实" if source.open else "", ", ".join(FEEDS.get(name, ())))
        for name, source in SOURCES.items()
    )  # fmt: skip
    return table(("source", "fact", "can charge", "amount", "levels", "may wait", "needs one of"), rows)


def score_choices_table() -> str:
    rows = [(f"`{name}`", f"`policy.{known.key}`") for name, known in POLICY_KEYS.items()]
    rows += [(f"`{name}`", f"findings know `{judged}` alone") for name, judged in AS_JUDGED.items()]
    return table(("choice", "the hall's"), [*rows, ("`checks`", "slots of the preset that `halls.attendance` names")])


def coverage_table() -> str:
    """Every row of the regulations, with the tests that show it or the reason why none does."""
    rows = []
    for row, mark in rule_rows.MARKS.items():
        tests = rule_rows.tests_of(row)
        shown = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests)
        rows.append((row, mark, shown or f"none: {rule_rows.WHY_NOT[row]}"))
    return table(("row", "mark", "shown by"), rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "presets": presets_table,
    "preset-keys": preset_keys_table,
    "plans": plans_table,
    "commands": commands_table,
    "settings": settings_table,
    "policy": policy_table,
    "alerts": alerts_table,
    "feeds": feeds_table,
    "watch": watch_table,
    "terminal": terminal_table,
    "adapter": adapter_table,
    "channels": channels_table,
    "case-events": case_events_table,
    "quarantine-reasons": reasons_table,
    "row-reasons": row_reasons_table,
    "metrics": metrics_table,
    "alert-rules": alert_rules_table,
    "recorded": recorded_table,
    "boards": boards_table,
    "rules": rules_table,
    "figures": figures_table,
    "levels": lambda: _vocabulary(words.LEVELS),
    "verdicts": outcomes_table,
    "states": lambda: _vocabulary(words.STATES),
    "events": lambda: _vocabulary(words.EVENTS),
    "score-sources": score_sources_table,
    "score-choices": score_choices_table,
    "coverage": coverage_table,
    "capacity": capacity.table,
    "scale-made": scaling.made,
    "scale-run": scaling.run_table,
    "scale-parts": scaling.parts_table,
    "scale-weights": scaling.weights_table,
    "scale-check": scaling.check_table,
    "scale-needs": scaling.needs_table,
}


def filled(text: str) -> str:
    """The text of a page with every table made anew; KeyError for a table that is none of ours."""
    return MARK.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}{found[3]}", text)


def pages() -> list[Path]:
    return [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]


def main() -> None:
    grafana_boards.write()
    prometheus_rules.RULES.write_text(prometheus_rules.text())
    for page in pages():
        before = page.read_text()
        after = filled(before)
        if after != before:
            page.write_text(after)


if __name__ == "__main__":
    main()
