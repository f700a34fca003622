"""The policy in words: keys with their values, versions, what differs, what another one would mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance.policy import SlotPreset
from monitor.console.pages.actors import Who
from monitor.console.pages.languages import Language
from monitor.model import DEFAULT_ZONE
from monitor.settings import Policy, policy_presets
from monitor.supervision.policies import InForce, Version
from monitor.supervision.policykeys import Key, as_text, every_key, values_of
from monitor.supervision.policyview import keys_json
from monitor.wording import level_word, outcome_word, rule_title, subject_text
from monitor.wording import policykeys as words
from monitor.wording.render import pick
from monitor.wording.words import KINDS, SLOTS

ZONE: Final = ZoneInfo(DEFAULT_ZONE)
_KINDS: Final = {key.name: key.kind for key in every_key()}


def local(at: datetime | None) -> datetime | None:
    return at.astimezone(ZONE) if at is not None else None


def shown(key: str, value: Any, lang: Language) -> str:
    """A value to be read: one of a few in words, the others as the configuration file writes them."""
    text = as_text(value)
    return pick(words.VALUES[text], lang) if is_word(key, value) else text


def is_word(key: str, value: Any) -> bool:
    """Whether its value is worded; else it is shown as code."""
    return isinstance(value, bool) or (_KINDS[key] == "choice" and value in words.VALUES)


def rows_of(rows: Iterable[str], lang: Language) -> list[str]:
    """Rows of the regulations as they are, articles of the law in words."""
    return [pick(words.LAW, lang).format(row.split()[-1]) if row.startswith("行政许可法") else row for row in rows]


def unit_of(unit: str | None, lang: Language) -> str:
    return pick(words.UNITS.get(unit, (unit, unit)), lang) if unit else ""


def section_word(section: str, lang: Language) -> str:
    return pick(words.SECTIONS.get(section, (section, section)), lang) if section else ""


def sections_view(policy: Policy, lang: Language, search: str, differing: bool) -> list[dict[str, Any]]:
    """Sections with the keys that the search finds (name, meaning, row), those that deviate alone if asked for."""
    wanted = search.strip().lower()
    found: dict[str, list[dict[str, Any]]] = {}
    for key in keys_json(policy):
        meant = key["meaning"][lang]
        text = " ".join((key["key"], *key["meaning"].values(), *key["rows"])).lower()
        if (wanted and wanted not in text) or (differing and not key["differs"]):
            continue
        section = key["key"].rpartition(".")[0]
        found.setdefault(section, []).append(
            {
                "key": key["key"], "value": shown(key["key"], key["value"], lang),
                "preset": shown(key["key"], key["preset"], lang), "code": not is_word(key["key"], key["value"]),
                "unit": unit_of(key["unit"], lang), "meaning": meant, "rows": rows_of(key["rows"], lang),
                "differs": key["differs"],
            }
        )  # fmt: skip
    return [{"id": s, "word": section_word(s, lang), "keys": keys} for s, keys in found.items()]


def in_force_view(found: InForce, who: Who, lang: Language) -> dict[str, Any]:
    return {
        "version": found.version, "number": found.number, "source": pick(words.SOURCES[found.source], lang),
        "since": local(found.since), "actor": who(found.actor), "broken": found.broken,
        "stored": found.source == "store",
    }  # fmt: skip


def version_view(one: Version, who: Who, lang: Language) -> dict[str, Any]:
    keys = {key.name: key for key in every_key()}
    return {
        "number": one.number, "version": one.version, "source": pick(words.SOURCES[one.source], lang),
        "stored": one.source == "store", "at": local(one.at), "actor": who(one.actor),
        "reason": one.reason, "fault": one.fault, "base": one.base,
        "changed": [difference_view(keys[key], before, after, lang) for key, before, after in one.changed],
    }  # fmt: skip


def difference_view(key: Key, left: Any, right: Any, lang: Language) -> dict[str, Any]:
    return {
        "key": key.name, "left": shown(key.name, left, lang), "right": shown(key.name, right, lang),
        "code": not is_word(key.name, right), "unit": unit_of(key.unit, lang),
        "meaning": words.meaning(key.name, key.meaning)[lang], "rows": rows_of(key.rows, lang),
        "section": section_word(key.section, lang),
    }  # fmt: skip


def differences_view(left: Policy, right: Policy, lang: Language) -> list[dict[str, Any]]:
    one, other = values_of(left), values_of(right)
    return [
        difference_view(key, one[key.name], other[key.name], lang)
        for key in every_key()
        if one[key.name] != other[key.name]
    ]


def targets(numbers: Iterable[int], lang: Language) -> list[tuple[str, str]]:
    """What can be compared: (name, word)."""
    fixed = [(name, pick(texts, lang)) for name, texts in words.TARGETS.items()]
    presets = [(name, pick(words.PRESETS[name], lang) if name in words.PRESETS else name) for name in policy_presets()]
    version = "第 {} 版" if lang == "zh" else "version {}"
    return [*fixed, *((str(n), version.format(n)) for n in numbers), *presets]


def slots_view(presets: Sequence[SlotPreset], lang: Language) -> list[dict[str, Any]]:
    """Check-in slots of attendance presets side by side: a row a slot, then what else each of them says."""
    names = dict.fromkeys(slot.name for preset in presets for slot in preset.slots)
    sides = [{slot.name: slot for slot in preset.slots} for preset in presets]
    rows = []
    for name in names:
        slots = [side.get(name) for side in sides]
        texts = [f"{s.opens:%H:%M} · {s.due:%H:%M} · {s.closes:%H:%M}" if s is not None else "" for s in slots]
        rows.append(
            {"word": pick(SLOTS.get(name, (name, name)), lang), "name": name, "sides": texts,
             "differs": len(set(texts)) > 1, "flex": [s.flex_minutes if s is not None else 0 for s in slots]}
        )  # fmt: skip
    return rows


def form_view(
    base: Policy, given: Mapping[str, str], faults: Mapping[str, str], lang: Language
) -> list[dict[str, Any]]:
    """The form by section: each key with what is written in it, what may be, and what is wrong."""
    values, found = values_of(base), dict[str, list[dict[str, Any]]]()
    for key in every_key():
        was = as_text(values[key.name])
        if key.name == "checkin.most_distance" and values[key.name] == values["face.accept"]:
            was = ""
        text = given.get(key.name, was)
        found.setdefault(key.section, []).append(
            {
                "key": key.name, "kind": key.kind, "text": text, "was": was, "changed": text != was,
                "options": [(one, pick(words.VALUES.get(one, (one, one)), lang)) for one in key.options],
                "unit": unit_of(key.unit, lang), "allowed": key.allowed or ", ".join(key.options),
                "was_shown": pick(words.VALUES[was], lang) if key.kind in ("bool", "choice") else was,
                "meaning": words.meaning(key.name, key.meaning)[lang], "fault": faults.get(key.name, ""),
                "lines": max(2, text.count("\n") + 1),
            }
        )  # fmt: skip
    views = []
    for section, keys in found.items():
        wrong = faults.get(section, "") if section else ""
        views.append(
            {
                "id": section, "word": section_word(section, lang), "keys": keys, "fault": wrong,
                "open": bool(wrong) or any(k["changed"] or k["fault"] for k in keys),
            }
        )  # fmt: skip
    return views


def wanted_names(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """Whose names the subjects of a what-if need."""
    heads = [(row["subject"]["kind"], row["subject"]["id"]) for row in told["differences"]]
    heads += [(row["kind"], row["id"]) for row in told["verdicts_listed"]]
    firsts = [(kind, key.partition("/")[0]) for kind, key in heads]
    return {
        "staff": [head for kind, head in firsts if kind in ("slot", "tally")],
        "window": [head for kind, head in firsts if kind in ("post", "tally")]
        + [row["window"] for row in told["differences"] if row["window"]],
    }


def effect_view(told: Mapping[str, Any], lang: Language, named: Mapping[str, str]) -> dict[str, Any]:
    """What `policyeffect.effect_json` says, in words; `named`: names by `kind:id`."""
    return {
        "totals": told["totals"],
        "rules": [
            {**row, "title": rule_title(row["rule"], lang)} for row in told["by_rule"]
        ],
        "differences": [_card_view(row, lang, named) for row in told["differences"]],
        "differing": told["differing"],
        "verdicts": [
            {
                "kind": pick(KINDS.get(row["kind"], (row["kind"], row["kind"])), lang),
                "before": outcome_word(row["before"], lang), "after": outcome_word(row["after"], lang),
                "count": row["count"],
            }
            for row in told["verdicts"]
        ],
        "verdict_rows": [
            {
                "subject": subject_text(row["kind"], row["id"], named, lang),
                "before": outcome_word(row["before"], lang), "after": outcome_word(row["after"], lang),
            }
            for row in told["verdicts_listed"]
        ],
        "deadlines": told["deadlines"],
        "deadline_rows": [
            {
                "id": row["id"],
                "before": datetime.fromisoformat(row["before"]) if row["before"] else None,
                "after": datetime.fromisoformat(row["after"]) if row["after"] else None,
            }
            for row in told["deadlines_listed"]
        ],
        "judged": sum(told["judged"].values()), "failed": told["failed"], "single": told["single"],
        "not_replayed": [rule_title(rule, lang) for rule in told["not_replayed"]],
    }  # fmt: skip


def _card_view(row: Mapping[str, Any], lang: Language, named: Mapping[str, str]) -> dict[str, Any]:
    window = row["window"]
    return {
        "change": row["change"], "title": rule_title(row["rule"], lang),
        "subject": subject_text(row["subject"]["kind"], row["subject"]["id"], named, lang),
        "window": named.get(f"window:{window}", window) if window else "",
        "issued": _side(row["issued"], lang), "replayed": _side(row["replayed"], lang),
        "record": row["cause"] == "record", "assumed": row["assumed"],
    }  # fmt: skip


def _side(side: Mapping[str, Any] | None, lang: Language) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "level": side["level"], "word": level_word(side["level"], lang), "since": datetime.fromisoformat(side["since"]),
        "number": side.get("number"),
    }  # fmt: skip


def set_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """`set=KEY=VALUE` of an address; what has no sign is left out."""
    return {key: value for key, sign, value in (one.partition("=") for one in pairs) if sign}
