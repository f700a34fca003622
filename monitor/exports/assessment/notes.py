"""说明: what a report rests on: period, versions, A.10 choices, unknown spans, who made it, the inputs' hash. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from monitor.exports.assessment import words
from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.table import Table, columns

Note = tuple[str, str]


def table(reading: Reading) -> Table:
    return Table(name="说明", columns=columns(("项目", 46), ("内容", 100)), rows=tuple(notes(reading)))


def notes(reading: Reading) -> Iterator[Note]:
    """Rows of (项目, 内容)."""
    kept = reading.snapshot
    yield "大厅", f"{reading.hall}（{kept.hall}）"
    yield "期间", f"{reading.period}（{kept.period}），{reading.months[0]} 至 {reading.months[-1]}"
    yield "状态", reading.state
    yield "编制", f"{reading.made.isoformat(sep=' ', timespec='seconds')}，{reading.made_by}"
    yield "考评细则", reading.book
    yield "监察政策版本", kept.policy
    yield "输入摘要", f"SHA-256 {kept.inputs}（事实、分录、取舍与细则）"
    yield "快照摘要", f"SHA-256 {reading.digest}（即所出 JSON 文件的摘要）；同一快照所出文件逐字节相同"
    yield "窗口、人员", f"{len(kept.windows)} 个窗口，{len(kept.people)} 人"
    yield "未知时段", _unknown(reading)
    yield "待定提议", f"{len(kept.proposals)} 条尚未由人确认，均不计分"
    for key in sorted(kept.choices):
        title, chosen = words.choice(key, kept.choices[key])
        yield title, chosen
    for told in kept.told:
        yield "须由人决定", reading.said(told)
    for note in kept.notes:
        yield "备注", reading.public(note.text.zh)
    yield "救济", "对结果不服的，可以向考核领导小组申请复核（§31）；结账后的变化另列分录，注明所更正的月份"


def _unknown(reading: Reading) -> str:
    counted = Counter(words.UNKNOWN.get(one.why, one.why) for one in reading.snapshot.unknown)
    parts = "、".join(f"{word} {number}" for word, number in sorted(counted.items()))
    return f"{len(reading.snapshot.unknown)} 段无法判定，不扣分" + (f"（{parts}）" if parts else "")
