"""config/jiancha.toml and config/policy/default.toml, made from the models: every key, commented, with its default.

python scripts/config_files.py      # `make docs` runs it; tests/unit/test_project_config_files.py holds the files
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alerts.policy import AlertPolicy, DeadMan, Patrol, Quiet, RetryPolicy, Storm
from monitor.settings import OpenIdSettings, Policy, Settings

ROOT: Final = Path(__file__).resolve().parent.parent
SECTIONS: Final = ("store", "mqtt", "http", "clock", "adapters", "audit", "faces", "kiosk", "retention", "console",
                   "assessment")  # fmt: skip

HEAD: Final = """\
# Jiancha 监察: the configuration (配置). Every key is commented out and shows its default.
# Name this file with --config FILE or JIANCHA_CONFIG; each key can also be set by the environment as
# JIANCHA_SECTION__KEY, secrets also as JIANCHA_SECTION__KEY_FILE (the path of a file that holds the value).
"""
ALERT_PARTS: Final = {"retry": RetryPolicy, "quiet": Quiet, "storm": Storm, "patrol": Patrol, "deadman": DeadMan}
ALERT_LISTS: Final = ("receivers", "routes", "escalation", "inhibit", "maintenance")
ALERTS: Final = """\
# One address each; a secret URL comes from the environment or a file. `staff` or `role` say whose it is.
# [alerts.receivers.duty]
# url_env = "DUTY_ROBOT_URL"
# per_minute = 20
#
# [alerts.receivers.zhang]
# url_env = "ZHANG_URL"
# staff = "s-001"
#
# 扣分累计达 5 分（A06、G20）：通报原单位（@head），上报县政府、纪委、监察局，并在电子显示屏通报；五处各得一份。
# The sum of the year has come to 5 points: its unit is told, three bodies are, and the hall's screen. The first route
# that fits decides, so this one stands before the general ones.
# [alerts.receivers.county]
# url_env = "COUNTY_GOVERNMENT_URL"
# [alerts.receivers.discipline]
# url_env = "DISCIPLINE_COMMISSION_URL"
# [alerts.receivers.supervision-bureau]
# url_env = "SUPERVISION_BUREAU_URL"
# [alerts.receivers.screen]
# url_env = "SCREEN_URL"
# names = "masked"
#
# [[alerts.routes]]
# rule = "attendance.sum"
# level = "red"
# receivers = ["@head", "county", "discipline", "supervision-bureau", "screen"]
#
# [[alerts.routes]]
# level = "yellow"
# receivers = ["duty", "@lead"]
#
# Nobody acknowledged it: up the hierarchy, in working minutes.
# [[alerts.escalation]]
# after_minutes = 30
# receivers = ["@head"]
#
# [[alerts.escalation]]
# after_minutes = 120
# levels = ["red"]
# receivers = ["@duty:leader"]
#
# While a card that fits the source stands, the target is not told. Giving any replaces those shipped.
# [[alerts.inhibit]]
# source = { rule = "device.silent", levels = ["yellow", "red"], window = "" }
# target = { rule = ["post.*", "checkin.*"] }
# equal = ["hall"]
#
# [[alerts.maintenance]]
# match = { hall = "h1", kind = "device" }
# days = ["sat"]
# from = 20:00:00
# to = 23:00:00
# author = "li"
# reason = "每周检修"
"""
FEEDS: Final = """\
# Approval systems that only offer a view, polled read-only (docs/adapters.md); each is a device of kind cases.
# [[feeds]]
# id = "approval-view"
# url_file = "/etc/jiancha/approval-url"
# view = "v_cases"
# mark = "updated_at"
# map = "maps/approval.toml"
"""
MORE: Final = """\
# More calendars and slot presets than those shipped: each file adds the calendar named after it.
# [calendar]
# files = ["calendar-branch.toml"]
#
# [attendance]
# files = ["presets-own.toml"]

# The rules' ladders: a shipped preset (config/policy/NAME.toml) or a file, single keys below overrule it.
# [policy]
# preset = "default"
#
# [policy.post]
# yellow_minutes = 10
"""
POLICY: Final = """\
# The default ladders (阶梯) of every rule. Each key shows its default; copy what you change into [policy.SECTION] of
# jiancha.toml, or name a file like this one as [policy] file = "…". A card prints the version it was issued under.
name = "default"
"""


def settings_file() -> str:
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"[{section}]\n" + "".join(_lines(_model(Settings.model_fields[section]), skip=("oidc",))))
    parts.append("[console.oidc]\n" + "".join(_lines(OpenIdSettings)))
    alerts = "".join(_lines(AlertPolicy, skip=(*ALERT_PARTS, *ALERT_LISTS)))
    parts.append(f"[alerts]\n{alerts}")
    parts += [f"[alerts.{name}]\n{''.join(_lines(model))}" for name, model in ALERT_PARTS.items()]
    parts.append(ALERTS)
    parts += [FEEDS, MORE]
    return "\n".join(parts)


def policy_file() -> str:
    parts = [POLICY]
    for section, field in Policy.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            parts.append(f"[{section}]\n" + "".join(_lines(field.annotation)))
    return "\n".join(parts)


def _lines(model: type[BaseModel], skip: tuple[str, ...] = ()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        for line in textwrap.wrap(field.description or "", 112):
            yield f"# {line}\n"
        if isinstance(field.get_default(call_default_factory=True), Mapping):
            continue  # a table of tables: its description names it
        yield f"# {field.alias or name} = {_toml(field)}\n"


def _model(field: FieldInfo) -> type[BaseModel]:
    assert isinstance(field.annotation, type)
    assert issubclass(field.annotation, BaseModel)
    return field.annotation


def inline_toml(value: BaseModel) -> str:
    """A model as an inline table, without the keys that have their default."""
    given = value.model_dump(mode="json", exclude_defaults=True)
    return "{ " + ", ".join(f"{key} = {json.dumps(one)}" for key, one in given.items()) + " }"


def _toml(field: FieldInfo) -> str:
    """The default as TOML; what has none is shown as an empty text, which must be filled in when it is used."""
    value: Any = field.get_default(call_default_factory=True)
    shown = value.value if isinstance(value, Enum) else value
    if isinstance(shown, bool):
        return str(shown).lower()
    if isinstance(shown, int | float):
        return f"{shown:g}" if isinstance(shown, float) else str(shown)
    if isinstance(shown, time):
        return shown.isoformat()
    if isinstance(shown, tuple) and shown and isinstance(shown[0], time):
        return f"[{', '.join(v.isoformat() for v in shown)}]"
    if isinstance(shown, tuple):
        return f"[{', '.join(inline_toml(v) if isinstance(v, BaseModel) else repr(v) for v in shown)}]"
    return f'"{shown}"' if shown is not None else '""'


FILES: Final = {
    ROOT / "config" / "jiancha.toml": settings_file,
    ROOT / "config" / "policy" / "default.toml": policy_file,
}


def main() -> None:
    for path, made in FILES.items():
        path.write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
