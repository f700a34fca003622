"""What is wrong with a rule book, or looks so: overlaps, orphans, rows that never fire, choices that the hall's policy
does not share. Pure; `monitor/supervision/assessment/books.py` says what the hall has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Literal, TypeAlias

from monitor.assessment.book import Effect, Row, RuleBook
from monitor.assessment.derive import LEDGER
from monitor.assessment.model import Charged, PeriodKind
from monitor.assessment.regulations import REGULATIONS
from monitor.assessment.sources import SOURCES
from monitor.wording.bookwords import CHARGED, RUNGS
from monitor.wording.handrules import HAND_RULES

FindingKind: TypeAlias = Literal["overlap", "orphan", "never", "choice"]
_DAYS: Final[Mapping[PeriodKind, int]] = {"month": 23, "quarter": 69, "half": 138, "year": 250}
"""Working days of a period at most."""
_MONTHS: Final[Mapping[PeriodKind, int]] = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`where`: the row, effect, part, source or choice. A fault is to be mended; a note is to be known. `key`: what of
    the hall says otherwise: a key of its policy, `halls.attendance`, the channels that no device of it sends.
    """

    kind: FindingKind
    fault: bool
    where: str
    zh: str
    en: str
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hall:
    """What a hall has. `policy`: values of its policy in force, by key (POLICY_KEYS). `checks`: check-ins of its day,
    `sign_outs`: of these, how many are out. `sends`: channels and case events that its devices send.
    """

    policy: Mapping[str, Any] = field(default_factory=dict)
    checks: int = 0
    sign_outs: int = 0
    sends: frozenset[str] = frozenset()


def check(book: RuleBook, hall: Hall | None = None) -> tuple[Finding, ...]:
    """All findings, faults first. Without a hall the choices and feeds are not looked at."""
    found = [*_overlaps(book), *_together(book), *_orphans(book), *_never(book)]
    if hall is not None:
        found += [*_choices(book, hall), *_feeds(book, hall)]
    return tuple(sorted(found, key=lambda f: not f.fault))


# --------------------------------------------------------------------------- overlaps


TOGETHER: Final[Mapping[frozenset[str], tuple[str, str]]] = {
    frozenset({"off_post", "unstaffed"}): ("同一次空岗", "one empty window"),
    frozenset({"cover.none", "unstaffed"}): ("同一次空岗", "one empty window"),
    frozenset({"leave.uncovered", "unstaffed"}): ("同一次空岗", "one empty window"),
    frozenset({"leave.unfiled", "leave.retroactive"}): ("同一次请假", "one leave"),
    frozenset({"case.overdue", "share.on_time"}): ("同一超时办件", "one case past its limit"),
    frozenset({"case.overdue", "share.completion"}): ("同一超时办件", "one case past its limit"),
    frozenset({"rating.bad", "share.satisfaction"}): ("同一差评", "one bad rating"),
    frozenset({"complaint.verified", "count.complaints"}): ("同一投诉", "one complaint"),
}
"""Sources that may tell of one happening, each by a fact of its own, with what that is. `off_post`, `cover.none` and
`absent` do not (A05, B03): of one absence they are the one or the other. What people enter is not looked at.
"""


def _together(book: RuleBook) -> Iterator[Finding]:
    """Two rows whose sources may tell of one happening, and that charge the same one in the same score. A note: the
    regulations may mean both, and where they wait a person decides.
    """
    for one, other in combinations(book.rows, 2):
        what = TOGETHER.get(frozenset({one.source, other.source}))
        if what is None or one.score != other.score:
            continue
        same = [c for c in one.charges if c in other.charges and all(_charge_counts(r, c, book) for r in (one, other))]
        if same:
            zh, en = "、".join(CHARGED[c][0] for c in same), " and the ".join(same)
            waits = any(row.mark == "proposed" for row in (one, other))
            way = (
                ("查实时驳回另一条", "reject the other where it is confirmed")
                if waits
                else ("请删去一条", "take one of them out")
            )
            yield Finding(
                kind="overlap", fault=False, where=f"{one.id}, {other.id}",
                zh=f"{what[0]}可由两个来源各计一次（{zh}）；若只应计一次，{way[0]}",
                en=f"{what[1]} may be charged to the {en} by both sources; if once is meant, {way[1]}",
            )  # fmt: skip


def _overlaps(book: RuleBook) -> Iterator[Finding]:
    """Two rows of one source that charge the same one for the same fact in the same score."""
    for one, other in combinations(book.rows, 2):
        if one.source != other.source or SOURCES[one.source].by_row or one.score != other.score:
            continue
        if one.ladder is not None and other.ladder is not None and not one.ladder.keys() & other.ladder.keys():
            continue
        same = sorted(set(one.charges) & set(other.charges))
        where, name = f"{one.id}, {other.id}", SOURCES[one.source].name
        if same:
            yield Finding(
                kind="overlap", fault=True, where=where,
                zh=f"同一“{name[0]}”在同一得分中两次计{'、'.join(CHARGED[c][0] for c in same)}",
                en=f"both charge the {' and the '.join(same)} for the same fact of {one.source} in the same score",
            )  # fmt: skip
        elif {LEDGER[c] for c in one.charges} & {LEDGER[c] for c in other.charges} & {"staff"}:
            yield Finding(
                kind="overlap", fault=False, where=where,
                zh=f"本人兼任窗口或单位负责人时，同一“{name[0]}”计两次",
                en=f"who leads the window or unit and holds the post is charged twice for one fact of {one.source}",
            )  # fmt: skip


# --------------------------------------------------------------------------- orphans


def _orphans(book: RuleBook) -> Iterator[Finding]:
    """Parts without rows; sources that nothing uses; rows of the regulation that the book follows and does not hold."""
    for part in book.parts:
        if not any(row.part == part.id for row in book.rows):
            yield Finding(
                kind="orphan", fault=True, where=f"parts.{part.id}",
                zh=f"“{part.name.zh}”没有任何条目，永远满分",
                en="no row belongs to it: nobody can lose a point of it",
            )  # fmt: skip
    held = {row.id.partition(".")[0] for row in book.rows} | {e.id.partition(".")[0] for e in book.effects}
    texts = {row.article.partition(" ")[0] for row in book.rows}
    for text in sorted(texts & REGULATIONS.keys()):
        for row in REGULATIONS[text]:
            if row not in held:
                yield Finding(
                    kind="orphan", fault=False, where=row,
                    zh=f"{text} 有此条，本细则没有", en=f"{text} has this row, the book does not",
                )  # fmt: skip
    used = {row.source for row in book.rows} | {source for effect in book.effects for source in effect.sources}
    unused = [name for name in SOURCES if name not in used]
    if unused:
        yield Finding(
            kind="orphan", fault=False, where="sources",
            zh=f"没有条目用到：{'、'.join(SOURCES[name].name[0] for name in unused)}",
            en=f"no row uses {', '.join(unused)}",
        )  # fmt: skip


# --------------------------------------------------------------------------- what never fires


def _never(book: RuleBook) -> Iterator[Finding]:
    for row in book.rows:
        for zh, en in _row_never(row, book):
            yield Finding(kind="never", fault=True, where=row.id, zh=zh, en=en)
        yield from _rungs(row)
    for effect in book.effects:
        for zh, en in _effect_never(effect, book):
            yield Finding(kind="never", fault=True, where=f"{effect.id} {effect.on}", zh=zh, en=en)


Said: TypeAlias = tuple[str, str]


def _row_never(row: Row, book: RuleBook) -> Iterator[Said]:
    source = SOURCES[row.source]
    if row.mark == "manual" and row.source not in ("hand", "mark"):
        yield f"标为人工，而来源 {row.source} 不由人填写", f"mark manual, but no person enters facts of {row.source}"
    if row.source == "hand" and row.id not in HAND_RULES:
        yield "人工发牌没有此依据，来源应为 mark", "no card can be issued by hand under it; use source mark"
    if row.source == "mark" and row.evidence == "card":
        yield "人工登记没有牌，证据应为 document", "an entry has no card; ask for a document"
    if _share(source.amount) and row.grace >= 1:
        yield f"grace {row.grace} 不小于全部", f"grace {row.grace} is all of a share"
    if row.is_ground and not any(row.id in effect.rows for effect in book.effects):
        yield "0 分而没有后果计入", "it costs nothing, and no effect counts it"
    if row.wanted is not None and row.grace >= row.wanted:
        yield f"grace {row.grace} 不小于 wanted", f"grace {row.grace} is all that is wanted"
    if not any(_charge_counts(row, charged, book) for charged in row.charges):
        yield "choices 只记另一本账", "the choices of A.10 leave it to the other ledger"


def _share(amount: str) -> bool:
    return amount == "share"


def _charge_counts(row: Row, charged: Charged, book: RuleBook) -> bool:
    """As `derive` chooses. A person's off-post that leaves no window empty counts whatever is chosen."""
    side = LEDGER[charged]
    if row.source in ("late", "early"):
        return book.choices.late_amount in ("both", side)
    if row.source == "unstaffed":
        return book.choices.offpost_vs_unstaffed in ("both", side)
    return True


def _rungs(row: Row) -> Iterator[Finding]:
    """Levels that a fact may name and the ladder does not hold: such a fact costs and earns nothing."""
    if row.ladder is None:
        return
    lacking = [rung for rung in SOURCES[row.source].rungs if rung not in row.ladder]
    if lacking:
        yield Finding(
            kind="never", fault=False, where=row.id,
            zh=f"没有这几级：{'、'.join(RUNGS[rung][0] for rung in lacking)}，不计分",
            en=f"its ladder has no {', '.join(lacking)}: no points there",
        )  # fmt: skip


def _effect_never(effect: Effect, book: RuleBook) -> Iterator[Said]:
    by_row = [source for source in effect.sources if SOURCES[source].by_row]
    if by_row and len(by_row) == len(effect.sources) and not effect.rows:
        yield "未写 rows，人工登记与人工发牌全部计入", "no rows: every entry and every card by hand counts"
    known = {row for source in by_row for row in book.named_by(source)}
    for row in effect.rows:
        if row not in known:
            yield f"{row} 不在所列来源的条目中", f"{row} is no row of {', '.join(by_row)}: nobody can enter it"
    side = [row for row in book.rows if any(LEDGER[charged] == effect.on for charged in row.charges)]
    if effect.sum is not None and not any(r.source in effect.sources and _costs(r) for r in side):
        yield (
            "所列来源在此账上不扣分，合计永远为 0",
            "none of its sources costs a point in this ledger: the sum stays 0",
        )
    limit = _most_facts(effect, book)
    reaches = [
        effect.times is not None and (limit is None or effect.times <= limit),
        effect.run is not None and effect.run <= 2 * _DAYS[effect.period],
        effect.amount is not None and not (_only_shares(effect) and effect.amount > 1),
        effect.sum is not None,
    ]
    given = [effect.times, effect.run, effect.amount, effect.sum]
    asked = [reached for reached, key in zip(reaches, given, strict=True) if key is not None]
    if not (all(asked) if effect.both else any(asked)):
        yield "一个周期内达不到", f"cannot be reached within a {effect.period}"
    if effect.run is not None and "absent" not in effect.sources:
        yield "run 只数旷工（absent）", "run counts half days of absence: it needs the source absent"
    if effect.id in ("C03", "C04") and effect.both != (book.choices.and_or_20b5 == "both"):
        yield "both 与 choices.and_or_20b5 不一致", "both and choices.and_or_20b5 say different things"


def _costs(row: Row) -> bool:
    return any(points < 0 for points in ((row.ladder or {}).values() if row.points is None else (row.points,)))


def _only_shares(effect: Effect) -> bool:
    return all(_share(SOURCES[source].amount) for source in effect.sources)


def _most_facts(effect: Effect, book: RuleBook) -> int | None:
    """Facts of one person or window in the period, at most; None where there is no telling."""
    days = effect.within or _DAYS[effect.period]
    most = 0
    for source in effect.sources:
        if source.startswith(("share.", "count.")):
            most += _MONTHS[effect.period]
        elif source == "award.window":
            most += max(1, _MONTHS[effect.period] // 3)
        elif source == "absent" and effect.on == "staff":
            most += days * book.choices.absent_units
        elif source in ("late", "early") and effect.on == "staff":
            most += days * book.choices.checks
        else:
            return None
    return most


# --------------------------------------------------------------------------- the hall's policy and feeds


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """`key` of the policy that says the same as a choice; `as_choice`: its values as the choice has them."""

    key: str
    as_choice: Mapping[Any, Any] = field(default_factory=dict)


POLICY_KEYS: Final[Mapping[str, PolicyKey]] = {
    "late_over_15": PolicyKey("checkin.late_over_15", {"offpost": "off_post", "absent_from": "absent"}),
    "offpost_minutes": PolicyKey("post.yellow_minutes"),
    "late_amount": PolicyKey("tally.late_amount"),
    "offpost_vs_unstaffed": PolicyKey("tally.offpost_vs_unstaffed"),
    "accumulate_period": PolicyKey("tally.accumulate_period"),
    "and_or_20b5": PolicyKey("timeliness.overdue_month_both", {True: "both", False: "either"}),
    "inclusive": PolicyKey("tally.inclusive"),
    "absent_units": PolicyKey("tally.half_days_per_day"),
}
"""Choices of A.10 that cards, findings and accumulations follow too. `checks` is the hall's preset of slots."""
AS_JUDGED: Final[Mapping[str, str]] = {"overdue_days_unit": "workday", "rolling_20": "rolling"}
"""Choices that findings of supervision have in one way only (C03, D12)."""


def _choices(book: RuleBook, hall: Hall) -> Iterator[Finding]:
    chosen = book.choices.model_dump()
    for name, known in POLICY_KEYS.items():
        if known.key in hall.policy:
            value = hall.policy[known.key]
            yield from _differs(name, chosen[name], known.as_choice.get(value, value), f"policy.{known.key}")
    for name, judged in AS_JUDGED.items():
        yield from _differs(name, chosen[name], judged, "findings")
    yield from _differs("checks", chosen["checks"], hall.checks, "halls.attendance")


def _differs(name: str, chosen: Any, held: Any, key: str) -> Iterator[Finding]:
    if chosen != held:
        yield Finding(
            kind="choice", fault=True, where=f"choices.{name}",
            zh=f"细则为 {_text(chosen)}，大厅现行 {key} 为 {_text(held)}",
            en=f"the book says {_text(chosen)}, the hall's {key} says {_text(held)}",
            key=key,
        )  # fmt: skip


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


FEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "late": ("checkin",),
    "early": ("checkin",),
    "absent": ("checkin",),
    "punch.missing": ("checkin",),
    "off_post": ("checkin", "presence", "duty"),
    "unstaffed": ("presence", "duty"),
    "cover.none": ("presence", "duty", "checkin"),
    "case.overdue": ("completed",),
    "case.supplements": ("supplement_requested",),
    "case.return_reason": ("returned",),
    "case.refusal_reason": ("rejected",),
    "case.notice_late": ("received",),
    "case.stage_late": ("stage",),
    "case.unrecorded": ("rating", "case"),
    "case.contradiction": ("completed",),
    "case.false_close": ("completed",),
    "case.late_entry": ("case",),
    "report.late": ("task",),
    "order.late": ("task",),
    "complaint.overdue": ("task",),
    "complaint.in_time": ("task",),
    "complaint.verified": ("task",),
    "rating.bad": ("rating",),
    "share.completion": ("completed",),
    "share.on_time": ("completed",),
    "share.satisfaction": ("rating",),
    "count.complaints": ("task",),
    "count.reports": ("task",),
}
"""Channels or case events of which the hall must send one; the other sources need none: plans, the registry, people."""


def _feeds(book: RuleBook, hall: Hall) -> Iterator[Finding]:
    """A feed that is not there yet may come: a note."""
    for where, sources in _resting(book):
        lacking = [s for s in sources if not _is_fed(s, hall)]
        if lacking and len(lacking) == len(sources):
            needs = sorted({feed for source in lacking for feed in _needs(source, hall)})
            yield Finding(
                kind="never", fault=False, where=where,
                zh=f"大厅没有所需的数据来源：{'、'.join(needs)}", en=f"the hall sends no {' or '.join(needs)}",
                key="devices",
            )  # fmt: skip


def _resting(book: RuleBook) -> Iterable[tuple[str, tuple[str, ...]]]:
    yield from ((row.id, (row.source,)) for row in book.rows)
    yield from ((f"{effect.id} {effect.on}", effect.sources) for effect in book.effects)


def _is_fed(source: str, hall: Hall) -> bool:
    needed = FEEDS.get(source)
    if needed is None:
        return True
    if source in ("late", "early", "absent", "punch.missing") and not hall.checks:
        return False
    return not (source == "early" and not hall.sign_outs) and bool(hall.sends & set(needed))


def _needs(source: str, hall: Hall) -> tuple[str, ...]:
    needed = FEEDS[source]
    if hall.sends & set(needed):
        return ("sign-out 签退",) if hall.checks else ("halls.attendance",)
    return needed
