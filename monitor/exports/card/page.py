"""One card's file as a page to be printed (HTML); pure. Chinese, or English; ids with their names beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.exports.pdf import FAMILIES
from monitor.model import Reason
from monitor.wording import Lang, event_word, level_word, render, rule_title, state_word, step_text
from monitor.wording.operations import purpose_texts
from monitor.wording.render import pick
from monitor.wording.words import APPEALS, FOLLOW_UPS, KINDS, ORDER_KINDS
from monitor.wording.worked import details

CSS: Final = f"""
@page {{ size: A4; margin: 18mm 15mm 20mm; @bottom-left {{ content: string(digest); font: 6.5pt {FAMILIES}; }}
  @bottom-right {{ content: counter(page) " / " counter(pages); font: 8pt {FAMILIES}; }} }}
body {{ font: 9pt/1.45 {FAMILIES}; }}
h1 {{ font-size: 16pt; margin: 0 0 2mm; }}
h2 {{ font-size: 11pt; margin: 5mm 0 1.5mm; border-bottom: 0.4pt solid #444; break-after: avoid; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 0.3pt solid #999; padding: 0.8mm 1.5mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }}
th {{ background: #f0f0f0; font-weight: normal; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
.named th {{ width: 42mm; }}
.short {{ white-space: nowrap; }}
.digest {{ string-set: digest content(); }}
code {{ font-family: "DejaVu Sans Mono", {FAMILIES}; font-size: 7.5pt; overflow-wrap: anywhere; }}
"""
Texts = tuple[str, str]
Cell = str
SHORT: Final = 12
"""Characters of a cell that is not broken."""
CLOCK: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}:\d{2}")
FACTS: Final[Mapping[str, Texts]] = {
    "key": ("编号", "key"),
    "device": ("设备", "device"),
    "at": ("时间", "at"),
    "score": ("评分", "score"),
    "hall": ("大厅", "hall"),
    "unit": ("单位", "unit"),
    "window": ("窗口", "window"),
    "staff": ("人员", "staff"),
    "item": ("事项", "item"),
    "case": ("办件", "case"),
    "events": ("事件", "event"),
    "sources": ("数据源", "source"),
    "order": ("督办", "order"),
}
"""Names of facts in words; what is not among them keeps the name that `explain --json` gives it."""
MESSAGES: Final[Mapping[str, Texts]] = {
    "open": ("待发", "not sent yet"),
    "sealed": ("发送中", "being sent"),
    "sent": ("已发", "sent"),
    "dead": ("未送达", "given up"),
    "dropped": ("无须再发", "nothing left to say"),
}
TRIES: Final[Mapping[str, Texts]] = {
    "sent": ("成功", "sent"),
    "refused": ("被拒", "refused"),
    "timeout": ("超时，或已送达", "timeout, may have arrived"),
    "": ("未知，或已送达", "unknown, may have arrived"),
}
NOTHING: Final[Texts] = ("无", "None.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """`zone`: of the card's hall; `digest`: SHA-256 of the record; `now`, `actor`: when and by whom it was exported."""

    lang: Lang
    zone: str
    digest: str
    now: datetime
    actor: str

    def says(self, texts: Texts) -> str:
        return pick(texts, self.lang)

    def instant(self, text: str | None) -> str:
        """As a clock in the hall shows it, with its offset."""
        if text is None:
            return "—"
        return datetime.fromisoformat(text).astimezone(ZoneInfo(self.zone)).isoformat(sep=" ", timespec="seconds")

    def clock(self, text: str) -> str:
        """The same without the offset, which the head of the page names: columns of times stay narrow."""
        return datetime.fromisoformat(text).astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M:%S")


def page_html(record: Mapping[str, Any], page: Page) -> str:
    """The whole document."""
    title = f"{page.says(('监察牌卷', 'File of card'))} #{record['card']['number']}"
    exported = page.says(("导出", "Exported"))
    clocks = f"{page.says(('表中时间按', 'Times in tables are those of'))} {escape(page.zone)}"
    body = "".join(
        [
            f"<h1>{escape(title)}</h1>",
            f"<p>{exported} {page.instant(page.now.isoformat())} · {escape(page.actor)} · {clocks}<br>"
            f'SHA-256 <code class="digest">{page.digest}</code></p>',
            *_sections(record, page),
        ]
    )
    lang = "zh-CN" if page.lang == "zh" else "en"
    return (
        f'<html lang="{lang}"><head><title>{escape(title)}</title><style>{CSS}</style></head><body>{body}</body></html>'
    )


def _sections(record: Mapping[str, Any], page: Page) -> Iterator[str]:
    explained = record["explanation"]
    yield _heading(("监察牌", "The card"), page) + _pairs(_card_rows(record, page))
    yield _heading(("适用规则与数值", "Policy values"), page) + _pairs(_value_rows(explained.get("policy") or {}, page))
    if explained.get("limit"):
        yield _heading(("时限", "Limit"), page) + _pairs(_value_rows(explained["limit"], page))
    yield _heading(("工作时间推算", "Working time"), page) + _steps(explained.get("steps") or [], page)
    yield _heading(("事实", "Facts"), page) + _facts(explained.get("facts") or {}, page)
    yield _heading(("经过", "History"), page) + _history(record["history"], page)
    yield _heading(("督办", "Supervision orders"), page) + _orders(record, page)
    yield _heading(("附件", "Files"), page) + _files(record["files"], page)
    yield _heading(("告知", "Who was told"), page) + _notices(record["notices"], page)
    yield _heading(("审计与封印", "Audit and seals"), page) + _audit(record["audit"], page)


def _card_rows(record: Mapping[str, Any], page: Page) -> Iterator[tuple[str, Cell]]:
    card, names = record["card"], record["names"]
    rows: Sequence[tuple[Texts, str | None]] = (
        (("编号", "Number"), f"#{card['number']}"),
        (("规则", "Rule"), f"{rule_title(card['rule'], page.lang)} ({card['rule']})"),
        (("级别", "Level"), level_word(card["level"], page.lang)),
        (("状态", "State"), state_word(card["state"], page.lang)),
        (("对象", "Subject"), _subject(card, page)),
        (("大厅", "Hall"), _named(names, "hall", card["hall"])),
        (("单位", "Unit"), _named(names, "unit", card["unit"])),
        (("窗口", "Window"), _named(names, "window", card["window"])),
        (("人员", "Person"), _named(names, "staff", card["staff"])),
        (("起自", "Since"), page.instant(card["since"])),
        (("发牌", "Issued"), page.instant(card["issued"])),
        (("发牌人", "Issued by"), card["issuer"]),
        (("解除", "Cleared"), page.instant(card["cleared_at"]) if card["cleared_at"] else None),
        (("承诺办理", "Promised by"), page.instant(card["promised_at"]) if card["promised_at"] else None),
        (("申诉", "Appeal"), _word(APPEALS, card["appeal"], page)),
        (("差评办理", "Follow-up"), _word(FOLLOW_UPS, card["followup"], page)),
        (("理由", "Reason"), render(Reason(**card["reason"]), page.lang, page.zone)),
        (("依据", "Basis"), card["basis"]),
        (("规则版本", "Rules"), card["policy_version"]),
        (("数据截至", "Data up to"), page.instant(record["explanation"].get("watermark"))),
    )
    for texts, value in rows:
        if value:
            yield page.says(texts), escape(value)


def _subject(card: Mapping[str, Any], page: Page) -> str:
    """In words, and as the commands take it; which of its episodes, where it has a number."""
    kind, key = card["subject"]["kind"], card["subject"]["id"]
    said = f"{_word(KINDS, kind, page)} {key} ({kind}:{key})"
    again = page.says(("，第 {} 次", ", occurrence {}")).format(card["episode"])
    return said + (again if card["episode"].isdigit() else "")


def _word(table: Mapping[str, Texts], key: str | None, page: Page) -> str | None:
    return pick(table[key], page.lang) if key is not None and key in table else key


def _named(names: Mapping[str, str], kind: str, key: str | None) -> str | None:
    name = names.get(f"{kind}:{key}")
    return f"{name} ({key})" if name else key


def _value_rows(values: Mapping[str, Any], page: Page) -> Iterator[tuple[str, Cell]]:
    for key, value in values.items():
        if value not in (None, "", [], {}):
            yield key, escape(_plain(value, page))


def _steps(steps: Sequence[Mapping[str, Any]], page: Page) -> str:
    head = (("日期", "Date"), ("计", "Counted"), ("缘由", "Why"))
    rows = [(s["date"], "+" if s["counted"] else "—", step_text(s["why"], page.lang)) for s in steps]
    return _table(head, rows, page)


def _facts(facts: Mapping[str, Any], page: Page) -> str:
    """Single values by name; each element of a list in a row of its own."""
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        said = _word(FACTS, name, page) or name
        if isinstance(value, list):
            rows += [(f"{said} {n}", _plain(element, page)) for n, element in enumerate(value, 1)]
        elif value not in (None, "", {}):
            rows.append((said, _plain(value, page)))
    return _table((("名目", "Name"), ("内容", "Value")), rows, page)


def _history(steps: Sequence[Mapping[str, Any]], page: Page) -> str:
    head = (("序", "No."), ("时间", "At"), ("步骤", "Step"), ("级别", "Level"), ("办理人", "By"), ("状态", "State"),
            ("说明", "Words"))  # fmt: skip
    rows = []
    for step in steps:
        led = f"{state_word(step['from'], page.lang)} → {state_word(step['to'], page.lang)}" if step["from"] else ""
        own = (
            page.says(("由规则 {} 判定", "judged by {}")).format(step["why"])
            if step["actor"] == "system"
            else step["why"]
        )
        said = " ".join(part for part in (own, _bracketed(details(step["body"], page.lang, page.clock), page)) if part)
        rows.append(
            (str(step["sequence"]), page.clock(step["at"]), event_word(step["event"], page.lang),
             level_word(step["level"], page.lang), step["actor"], led, said)
        )  # fmt: skip
    return _table(head, rows, page)


def _bracketed(said: str, page: Page) -> str:
    return page.says(("（{}）", "({})")).format(said) if said else ""


def _orders(record: Mapping[str, Any], page: Page) -> str:
    """What people ordered, then the cards that remind of the replies."""
    head = (("编号", "Number"), ("级别", "Level"), ("状态", "State"), ("起自", "Since"), ("理由", "Reason"))
    said = page.says(("经过 {}", "step {}"))
    rows = [
        (said.format(step["sequence"]), "—", _word(ORDER_KINDS, step["body"].get("kind"), page) or "—",
         page.clock(step["at"]), " ".join([step["why"], _bracketed(_due(step["body"], page), page)]).strip())
        for step in record["history"] if step["event"] == "ordered"
    ]  # fmt: skip
    rows += [
        (f"#{o['number']}", level_word(o["level"], page.lang), state_word(o["state"], page.lang),
         page.clock(o["since"]), render(Reason(**o["reason"]), page.lang, page.zone))
        for o in record["orders"]
    ]  # fmt: skip
    return _table(head, rows, page)


def _due(body: Mapping[str, Any], page: Page) -> str:
    due = body.get("due")
    return details({"due": due}, page.lang, page.clock) if due else ""


def _files(files: Sequence[Mapping[str, Any]], page: Page) -> str:
    head = (("步骤", "Step"), ("名称", "Name"), ("类型", "Type"), ("字节", "Bytes"), ("SHA-256", "SHA-256"))
    gone = page.says(("（已清除）", " (erased)"))
    rows = [
        (str(f["sequence"]), f["name"] + (gone if f["erased"] else ""), f["media_type"], str(f["length"]), f["digest"])
        for f in files
    ]
    return _table(head, rows, page)


def _notices(notices: Sequence[Mapping[str, Any]], page: Page) -> str:
    head = (("步骤", "Step"), ("事由", "Purpose"), ("接收者", "Receiver"), ("消息", "Message"), ("时间", "At"),
            ("渠道", "Channel"), ("结果", "Result"))  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for notice in notices:
        first = (str(notice["sequence"]), pick(purpose_texts(notice["purpose"]), page.lang), notice["address"])
        message = notice["message"]
        if message is None:
            rows.append((*first, page.says(("待日报", "waits for the digest")), "—", "—", "—"))
            continue
        said = f"{message['id']} {_word(MESSAGES, message['state'], page)} {message['why']}".strip()
        tries = [
            (
                page.clock(t["ended"] or t["started"]),
                t["channel"],
                f"{_word(TRIES, t['result'] or '', page)} {t['detail']}".strip(),
            )
            for t in message["attempts"]
        ] or [("—", "—", "—")]
        rows += [(*first, said, *tried) for tried in tries]
    return _table(head, rows, page)


def _audit(rows: Sequence[Mapping[str, Any]], page: Page) -> str:
    head = (("审计行", "Row"), ("时间", "At"), ("办理人", "By"), ("事项", "Action"), ("封印", "Seal"), ("MAC", "MAC"))
    shown = []
    for row in rows:
        seal = row["seal"]
        shown.append(
            (str(row["id"]), page.clock(row["at"]), row["actor"], row["action"],
             str(seal["no"]) if seal else page.says(("待封", "not yet")), seal["mac"] if seal else "—")
        )  # fmt: skip
    return _table(head, shown, page)


def _plain(value: Any, page: Page) -> str:
    """A value as words: pairs as `name = value`, instants by the hall's clock, the rest as JSON."""
    if isinstance(value, str):
        return page.instant(value) if INSTANT.fullmatch(value) else value
    if isinstance(value, Mapping):
        told = ((key, inner) for key, inner in value.items() if inner not in (None, "", [], {}))
        return "; ".join(f"{key} = {_plain(inner, page)}" for key, inner in told)
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    if CLOCK.fullmatch(text):  # broken between day and time if anywhere
        return "<td>" + " ".join(f'<span class="short">{part}</span>' for part in text.split()) + "</td>"
    return f'<td class="short">{escape(text)}</td>' if len(text) <= SHORT else f"<td>{escape(text)}</td>"


def _heading(texts: Texts, page: Page) -> str:
    return f"<h2>{page.says(texts)}</h2>"


def _pairs(rows: Iterable[tuple[str, Cell]]) -> str:
    return '<table class="named">' + "".join(f"<tr><th>{escape(k)}</th><td>{v}</td></tr>" for k, v in rows) + "</table>"


def _table(head: Sequence[Texts], rows: Sequence[Sequence[str]], page: Page) -> str:
    if not rows:
        return f"<p>{page.says(NOTHING)}</p>"
    top = "".join(f'<th class="short">{page.says(texts)}</th>' for texts in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
