"""Devices in the words of their pages: a row of the list, one device, the drawing of its day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.console.pages.languages import Language
from monitor.model import Registry, Span
from monitor.supervision.devicehealth import STATES, State
from monitor.supervision.devicelist import CardAbout, DeviceLine
from monitor.supervision.deviceview import DeviceFile
from monitor.supervision.lossview import LossPreview
from monitor.wording import devices as words
from monitor.wording import level_word, outcome_word, rule_title, state_word, subject_text
from monitor.wording.render import pick

SHAPES: Final[Mapping[State, str]] = {
    "online": "there", "silent": "unknown", "offline": "empty", "unheard": "unwatched", "never": "off",
    "events": "other", "revoked": "closed",
}  # fmt: skip
"""The sign of each state: a shape, beside the word."""
WIDTH, HEIGHT = 1440, 40
"""Of the drawing: a unit a minute."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a page shows devices with: its language, the registry's names."""

    language: Language
    registry: Registry
    untrusted_seconds: float

    def zone(self, hall: str) -> ZoneInfo:
        return self.registry.zone_of(hall)

    def word(self, table: Mapping[str, Any], key: str) -> str:
        return pick(table.get(key, (key, key)), self.language)

    def hall(self, hall: str) -> str:
        known = self.registry.halls.get(hall)
        return known.name if known is not None and known.name else hall

    def window(self, window: str | None) -> str:
        known = self.registry.windows.get(window or "")
        return known.name if known is not None and known.name else window or ""

    def state(self, state: State) -> str:
        return self.word(words.STATES, state)


def states_told(said: Words, counts: Mapping[State, int]) -> list[dict[str, Any]]:
    """The states that there are, the worst first, each with its number."""
    return [
        {"state": state, "shape": SHAPES[state], "word": said.state(state), "count": counts[state]}
        for state in STATES
        if counts.get(state)
    ]


def line_view(line: DeviceLine, said: Words) -> dict[str, Any]:
    """A row of the list."""
    zone = said.zone(line.hall)
    return {
        "id": line.id,
        "kind": said.word(words.KINDS, line.kind),
        "hall": said.hall(line.hall),
        "window": said.window(line.window),
        "window_id": line.window,
        "state": line.state,
        "shape": SHAPES[line.state],
        "word": said.state(line.state),
        "since": _local(line.since, zone),
        "last_beat": _local(line.last_beat, zone),
        "ago": ago(line.beat_age, said.language) if line.beat_age is not None else "",
        "skew": skew_text(line.skew_seconds, said.language),
        "skew_bad": line.skew_seconds is not None and abs(line.skew_seconds) > said.untrusted_seconds,
        "queue": line.queue,
        "complete_to": _local(line.complete_to, zone),
        "trusted": line.trusted,
        "held": line.held,
        "card": card_view(line.card, said) if line.card is not None else None,
    }


def card_view(card: CardAbout | Any, said: Words) -> dict[str, Any]:
    lang = said.language
    return {
        "number": card.number, "level": card.level, "word": level_word(card.level, lang),
        "title": rule_title(card.rule, lang), "state": state_word(card.state, lang),
    }  # fmt: skip


def explained(file: DeviceFile, said: Words) -> str:
    """How it is, and what follows from that, in a sentence."""
    line, zone = file.line, said.zone(file.line.hall)

    def when(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%m-%d %H:%M}" if at is not None else ""

    unjudged = said.word(words.UNJUDGED, line.kind)
    sentence = said.word(words.EXPLAINED, line.state)
    return sentence.format(since=when(line.since or line.last_beat), beat=when(line.last_beat), unjudged=unjudged)


def file_view(file: DeviceFile, said: Words) -> dict[str, Any]:
    """Everything of one device's page."""
    zone, lang = said.zone(file.line.hall), said.language
    return {
        **line_view(file.line, said),
        "explained": explained(file, said),
        "hall_id": file.line.hall,
        "serves": [said.window(one) if one in said.registry.windows else one for one in file.serves],
        "channels": [said.word(words.CHANNELS, one) for one in file.channels],
        "emits": file.emits,
        "watermark": file.watermark,
        "namespace": file.namespace,
        "firmware": file.line.firmware,
        "expected_from": _local(file.expected_from, zone),
        "revoked_at": _local(file.revoked_at, zone),
        "boots": [
            {
                "boot": boot.boot, "beats": boot.beats, "first": _local(boot.first, zone),
                "last": _local(boot.last, zone),
                "skew": skew_text(boot.skew_seconds, lang), "trusted": boot.trusted, "last_seq": boot.last_seq,
                "missing": boot.missing,
            }
            for boot in file.boots
        ],
        "losses": [
            {
                "starts": _local(loss.starts, zone), "ends": _local(loss.ends, zone), "reason": loss.reason,
                "declared_at": _local(loss.declared_at, zone), "actor": loss.actor,
            }
            for loss in file.losses
        ],
        "cards": [{**card_view(card, said), "since": _local(card.since, zone)} for card in file.cards],
        "events": [
            {
                "channel": said.word(words.CHANNELS, told.channel), "event": told.event, "at": _local(told.at, zone),
                "received": _local(told.received, zone), "seq": told.seq,
                "late": (told.received - told.at).total_seconds(),
            }
            for told in file.events
        ],
        "gaps": [
            {
                "from": _local(start, zone), "to": _local(end, zone), "long": ago(end - start, lang),
                "now": end == file.beats.end,
            }
            for start, end in file.beats.gaps
        ],
        "hours": [(at.astimezone(zone), count) for at, count in file.beats.by_hour],
        "beats": file.beats.count,
        "least": ago(file.beats.least_silence, lang),
        "heard_for": ago(sum((b - a for a, b in file.beats.heard), timedelta(0)), lang),
        "drawing": drawing(file, zone),
    }  # fmt: skip


def drawing(file: DeviceFile, zone: ZoneInfo) -> dict[str, Any]:
    """The last 24 hours for an SVG of WIDTH × HEIGHT: bars (x, width) in minutes, and the hours below."""
    start = file.beats.start

    def bars(spans: Sequence[Span]) -> list[tuple[float, float]]:
        return [
            (_minutes(max(a, start) - start), max(_minutes(min(b, file.beats.end) - max(a, start)), 1.0))
            for a, b in spans
        ]

    first = start.astimezone(zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    ticks = [at for n in range(24) if (at := first + timedelta(hours=n)).hour % 3 == 0]
    return {
        "width": WIDTH, "height": HEIGHT, "heard": bars(file.beats.heard), "gaps": bars(file.beats.gaps),
        "dark": bars(file.dark),
        "ticks": [(_minutes(at - start), f"{at:%H:%M}") for at in ticks if at - start > timedelta(0)],
    }  # fmt: skip


def preview_view(found: LossPreview, said: Words, zone: ZoneInfo, names: Mapping[str, str]) -> dict[str, Any]:
    """What a declaration would mean, in words."""
    lang = said.language
    return {
        "starts": found.starts.astimezone(zone),
        "ends": found.ends.astimezone(zone),
        "exact": found.exact,
        "resting": found.resting,
        "changed": found.changed,
        "total": sum(found.changed.values()),
        "unproven": sum(found.unproven.values()),
        "resting_total": sum(found.resting.values()),
        "withdrawn": found.withdrawn,
        "first": [
            {
                "text": subject_text(one.kind, one.key, names, lang), "kind": one.kind, "key": one.key,
                "before": outcome_word(one.before, lang), "after": outcome_word(one.after, lang),
                "withdrawn": one.withdrawn,
            }
            for one in found.first
        ],
    }  # fmt: skip


def skew_text(seconds: float | None, lang: Language) -> str:
    """How wrong its clock is: what is added to its times is how much it is slow."""
    if seconds is None:
        return ""
    if abs(seconds) < 1:
        return pick(("准确", "right"), lang)
    texts = ("慢 {}", "{} slow") if seconds > 0 else ("快 {}", "{} fast")
    return pick(texts, lang).format(ago(timedelta(seconds=abs(seconds)), lang))


def ago(span: timedelta, lang: Language) -> str:
    """A length of time in the two greatest units that say something."""
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    units = (("天", "d"), ("小时", "h"), ("分钟", "min"), ("秒", "s"))
    parts = [(n, pick(unit, lang)) for n, unit in zip((days, hours, minutes, left), units, strict=True)]
    first = next((i for i, (n, _) in enumerate(parts) if n), 3)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n) or f"0 {parts[3][1]}"


def _minutes(span: timedelta) -> float:
    return round(span / timedelta(minutes=1), 1)


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at is not None else None
