"""Cards as messages: Chinese and English texts, the webhook's JSON, parts that fit a limit in bytes; pure.

Cards hold ids; names are filled in here (DESIGN §1F).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerts.policy import Lang, Names
from alerts.retry import GiveUp
from monitor import wording
from monitor.model import Level, Reason

SUMMARIES: Final = ("digest", "storm", "patrol")
LISTED: Final = 10
"""So many cards of a storm are listed in a text; the others are behind the link, and in the webhook's `cards`."""
MARKER_BYTES: Final = 12
"""Room kept for the mark of a part, such as `(12/34)` and its line end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """One notice as it was when planned; ids only.

    `subject` is (kind, id). `state`: the card's, when planned. `undelivered`: (receiver, why) where another
    receiver could not be given it.
    """

    card: int
    sequence: int
    purpose: str
    event: str
    level: str
    rule: str
    subject: tuple[str, str]
    since: datetime
    reason: Reason
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    cleared_at: datetime | None = None
    why: str = ""
    state: str = ""
    step: float = 0
    """It came up the hierarchy after so many working minutes without acknowledgement."""
    repeat: bool = False
    undelivered: tuple[str, GiveUp] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How a receiver reads: language, zones, names.

    `zone` is for cards without a hall, `zones` by hall; `names` by `kind:id`; `link` is the console's address.
    """

    lang: Lang = "zh"
    zone: str = "Asia/Shanghai"
    zones: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    seal_head: str = ""
    """Of the audit, `NO:MAC`, in a digest (DESIGN §10)."""

    def zone_of(self, content: Content) -> str:
        return self.zones.get(content.hall or "", self.zone)

    def name(self, kind: str, key: str) -> str:
        return self.names.get(f"{kind}:{key}") or key

    def masked(self, how: Names) -> Style:
        """As a receiver that may see no names reads: 张三 → 张*, or the ids alone (DESIGN §1F)."""
        if how == "full":
            return self
        kept = {key: name for key, name in self.names.items() if not key.startswith("staff:")}
        people = {key: name[:1] + "*" * (len(name) - 1) for key, name in self.names.items() if key not in kept}
        return replace(self, names=kept | people if how == "masked" else kept)

    def link_to(self, card: int) -> str | None:
        return f"{self.link}/cards/{card}" if self.link else None

    def says(self, chinese: str, english: str) -> str:
        return chinese if self.lang == "zh" else english


def kind_of(contents: Sequence[Content], delivery_kind: str) -> str:
    """firing, resolved, digest, patrol or storm; a message with both firings and ends is firing.

    What a storm has only one card to say of is said as ever.
    """
    if delivery_kind in ("digest", "patrol"):
        return delivery_kind
    if delivery_kind == "storm" and len(contents) > 1:
        return "storm"
    return "firing" if any(c.purpose != "resolved" for c in contents) else "resolved"


def title(contents: Sequence[Content], kind: str, style: Style) -> str:
    """One line: the subject of a mail, the first line of a chat message."""
    if kind not in SUMMARIES and len(contents) == 1:
        return headline(contents[0], style)
    counted = Counter(c.level for c in contents if c.purpose != "resolved")
    parts = [
        f"{wording.level_word(level, style.lang)} {counted[level.word]}"
        for level in sorted(Level, reverse=True)
        if counted[level.word]
    ]
    ended = sum(c.purpose == "resolved" for c in contents)
    parts += [style.says(f"解除 {ended}", f"resolved {ended}")] if ended else []
    many = len(contents)
    head = style.says(f"监察告警 {many} 条", f"{many} supervision alerts")
    if kind == "digest":
        head = style.says(f"监察日报 {many} 条", f"Supervision digest, {many} cards")
    elif kind == "storm":
        head = style.says(f"集中告警 {many} 条", f"Alert storm, {many} cards")
    elif kind == "patrol":
        head = style.says(f"日巡查 {many} 条", f"Daily round, {many} cards")
    return style.says(f"【{head}】{'，'.join(parts)}", f"[{head}] {', '.join(parts)}")


def headline(content: Content, style: Style) -> str:
    """`【黄牌】窗口无人在岗 第 12 号`; an ended card says how it ended before its level."""
    level = wording.level_word(content.level, style.lang)
    mark = _mark(content, level, style)
    rule = wording.rule_title(content.rule, style.lang)
    return style.says(f"【{mark}】{rule} 第 {content.card} 号", f"[{mark}] {rule}, no. {content.card}")


def _mark(content: Content, level: str, style: Style) -> str:
    if content.event == "withdrawn":
        return style.says(f"已撤牌·{level}", f"withdrawn, {level}")
    if content.event == "closed":
        return style.says(f"已办结·{level}", f"closed, {level}")
    if content.purpose == "resolved" or content.cleared_at is not None:
        return style.says(f"已解除·{level}", f"resolved, {level}")
    if content.step:
        return style.says(f"{level}·逾时未签收上报", f"{level}, not acknowledged in time")
    if content.repeat:
        return style.says(f"{level}·再次提醒", f"{level}, told again")
    if content.event in ("upgraded", "lowered", "corrected", "resumed"):
        event = wording.event_word(content.event, style.lang)
        return style.says(f"{level}·{event}", f"{level}, {event}")
    return level


def body_text(contents: Sequence[Content], kind: str, style: Style, *, repeated: bool = False) -> str:
    """What a message of this kind says below its title."""
    if kind in ("storm", "patrol"):
        return summary(contents, kind, style) + (f"\n\n{_sent_again(style)}" if repeated else "")
    return text(contents, style, repeated=repeated)


def _sent_again(style: Style) -> str:
    return style.says("（重发：本消息可能已送达过）", "(Sent again: this message may have reached you before.)")


def text(contents: Sequence[Content], style: Style, *, repeated: bool = False) -> str:
    """The body without its title: one block a card, a blank line between blocks.

    `repeated`: an earlier try may have arrived, and the reader is told so.
    """
    alone = len(contents) == 1
    blocks = ["\n".join(_lines(c, style, with_headline=not alone)) for c in contents]
    if repeated:
        blocks.append(_sent_again(style))
    if style.seal_head:
        blocks.append(style.says(f"审计封印首部 {style.seal_head}", f"Head of the audit seals {style.seal_head}"))
    return "\n\n".join(blocks)


def summary(contents: Sequence[Content], kind: str, style: Style) -> str:
    """The body of a storm or of the daily round: how many of what and where, then the first cards.

    Nobody is named: so many at once have one cause, and it is seldom those people.
    """
    counted = Counter((c.hall or "", c.rule, c.purpose == "resolved") for c in contents)
    lines = [_counted(hall, rule, ended, n, style) for (hall, rule, ended), n in counted.most_common()]
    if kind == "storm":
        lines.append(
            style.says(
                "短时间内大量告警，多为停电、断网等同一原因；查明之前不归责于个人。",
                "So many at once mostly have one cause (power, network); nobody is charged before it is known.",
            )
        )
    listed = [f"{headline(c, style)}：{wording.subject_text(*c.subject, {}, style.lang)}" for c in contents[:LISTED]]
    if len(contents) > LISTED:
        rest = len(contents) - LISTED
        listed.append(style.says(f"……另有 {rest} 条", f"… and {rest} more"))
    if style.link:
        listed.append(style.says(f"查看：{style.link}/cards", f"Open: {style.link}/cards"))
    return "\n".join([*lines, "", *listed])


def _counted(hall: str, rule: str, ended: bool, number: int, style: Style) -> str:
    where = style.name("hall", hall) if hall else style.says("（无大厅）", "(no hall)")
    what = wording.rule_title(rule, style.lang)
    over = style.says("已解除 ", "resolved ") if ended else ""
    return style.says(f"{where}：{over}{what} {number} 条", f"{where}: {over}{what}, {number}")


def _lines(content: Content, style: Style, *, with_headline: bool) -> list[str]:
    zone = style.zone_of(content)
    says, subject = style.says, wording.subject_text(*content.subject, style.names, style.lang)
    lines = [headline(content, style)] if with_headline else []
    lines.append(says(f"对象：{subject}", f"Subject: {subject}"))
    if where := place(content, style):
        lines.append(says(f"地点：{where}", f"Where: {where}"))
    reason = wording.render(content.reason, style.lang, zone, style.names)
    lines.append(says(f"情况：{reason}", f"Reason: {reason}"))
    since = wording.instant_text(content.since, zone)
    lines.append(says(f"起算：{since}", f"Since: {since}"))
    if content.cleared_at is not None:
        over = wording.instant_text(content.cleared_at, zone)
        lines.append(says(f"解除：{over}", f"Over since: {over}"))
    lines.append(charged(content, style))
    lines += todo(content, style)
    if content.undelivered:
        receiver, given_up = content.undelivered
        why = says(_given_up(given_up), given_up.why)
        lines.append(says(f"注意：未能送达“{receiver}”（{why}）", f"Note: could not be given to {receiver} ({why})"))
    if link := style.link_to(content.card):
        lines.append(says(f"查看：{link}", f"Open: {link}"))
    return lines


def place(content: Content, style: Style) -> str:
    """Hall, unit and window by their names."""
    named = (("hall", content.hall), ("unit", content.unit), ("window", content.window))
    return " ".join(style.name(kind, key) for kind, key in named if key)


def charged(content: Content, style: Style) -> str:
    """Who answers for the card: a person, else the unit, else nobody (DESIGN §7)."""
    if content.staff:
        who = style.name("staff", content.staff)
    elif content.unit:
        who = style.name("unit", content.unit)
    else:
        return style.says("责任方：无", "Charged: nobody")
    return style.says(f"责任方：{who}", f"Charged: {who}")


def _given_up(given_up: GiveUp) -> str:
    """In Chinese; what the receiver itself said stays as it was said."""
    said = {
        "refused": f"对方拒收：{given_up.detail}",
        "too_old": f"试发 {given_up.tries} 次未成，已过时限：{given_up.detail}",
        "unheard": "其发牌通知未曾送达",
    }
    return said[given_up.code]


def todo(content: Content, style: Style) -> list[str]:
    """What to do; of a card that was ended, why. What is over is not done again, but may await its answer."""
    if content.event in ("withdrawn", "closed"):
        why = wording.why_text(content.why, style.lang)
        return [style.says(f"说明：{why}", f"Note: {why}")] if why else []
    if content.purpose == "resolved" or content.cleared_at is not None:
        advice = wording.advice_when_over(style.lang) if _awaits_answer(content) else ""
    else:
        advice = wording.advice(content.rule, content.level, style.lang)
    return [style.says(f"处理：{advice}", f"To do: {advice}")] if advice else []


def _awaits_answer(content: Content) -> bool:
    """Whether people still have to end a card whose condition is over: yellow and red of somebody (DESIGN §6)."""
    charged = content.staff is not None or content.unit is not None
    return charged and content.level != Level.REMINDER.word and content.state in ("open", "acknowledged")


def webhook_body(delivery: int, contents: Sequence[Content], kind: str, style: Style) -> dict[str, Any]:
    """The JSON of DESIGN §6. One card: its fields; a digest: `card` and `sequence` null and `cards` listed."""
    full = f"{title(contents, kind, style)}\n{body_text(contents, kind, style)}"
    if kind in SUMMARIES:
        listed = [{"card": c.card, "sequence": c.sequence} for c in contents]
        empty = dict.fromkeys(("level", "rule", "hall", "subject", "since", "reason", "link"))
        return {
            "delivery": delivery,
            "card": None,
            "sequence": None,
            "kind": "digest" if kind == "patrol" else kind,
            **empty,
            "text": full,
            "cards": listed,
        }
    (content,) = contents
    zone = style.zone_of(content)
    return {
        "delivery": delivery,
        "card": content.card,
        "sequence": content.sequence,
        "kind": kind,
        "level": content.level,
        "rule": content.rule,
        "hall": content.hall,
        "subject": {"kind": content.subject[0], "id": content.subject[1]},
        "since": content.since.astimezone(ZoneInfo(zone)).isoformat(),
        "reason": wording.render(content.reason, style.lang, zone, style.names),
        "text": full,
        "link": style.link_to(content.card),
    }


def split(body: str, limit: int | None) -> tuple[str, ...]:
    """The text in parts of at most `limit` bytes of UTF-8, cut at line ends, each marked `(1/3)`; one part as it is.

    A line that is longer by itself is cut between characters. ValueError for a limit below 64.
    """
    if limit is None or len(body.encode()) <= limit:
        return (body,)
    if limit < 64:
        raise ValueError(f"limit: {limit} bytes hold no message; at least 64")
    parts: list[str] = []
    held = ""
    for line in _short_lines(body, limit - MARKER_BYTES):
        joined = f"{held}\n{line}" if held else line
        if len(joined.encode()) <= limit - MARKER_BYTES:
            held = joined
        else:
            parts.append(held)
            held = line
    parts.append(held)
    return tuple(f"({n}/{len(parts)})\n{part}" for n, part in enumerate(parts, 1))


def _short_lines(body: str, limit: int) -> list[str]:
    lines: list[str] = []
    for line in body.split("\n"):
        rest = line
        while len(rest.encode()) > limit:
            # a cut inside a character leaves bytes that no decoder takes: `ignore` drops that one piece
            head = rest.encode()[:limit].decode(errors="ignore")
            lines.append(head)
            rest = rest[len(head) :]
        lines.append(rest)
    return lines
