"""The rule book (考评细则): a hall's regulation as configuration. Reading it says row and key of what is wrong. Pure.

Rows cost or earn points; effects follow from what happened, without any (vetoes, awards lost, return to the unit).
Shipped books lie in `config/assessment/`. Why it has this shape: docs/adr/0046.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from decimal import Decimal
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from monitor.assessment.model import Charged, Ledger, PeriodKind
from monitor.assessment.sources import SOURCES
from monitor.wording.faults import FAULTS

Points = Annotated[Decimal, Field(ge=-100, le=100, max_digits=5, decimal_places=2)]
RowId = Annotated[str, StringConstraints(pattern=r"^[A-I][0-9]{2}(\.[a-z0-9_]{1,20})?$")]
"""Row of rules.md, with what tells its parts apart: `A07.absent`."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    zh: Name
    en: Name


class Row(_Part):
    """`[[rows]]`: one deduction or bonus. Points below zero deduct, above zero add; 0: a ground (情形) that somebody
    enters and another confirms as any other, and that effects count (G11).
    """

    id: RowId
    article: str = Field(min_length=1, max_length=60, description="Where the regulation says so: `001.2 §23(1)`.")
    name: Words
    source: str = Field(description="What it rests on, a name of `monitor.assessment.sources`.")
    charges: tuple[Charged, ...] = Field(min_length=1, description="Whom; several for one fact (C02, A03 with A07).")
    points: Points | None = Field(None, description="For one fact, or for each of its amount (`per`).")
    per: Literal["fact", "amount"] = Field("fact", description="`amount`: times the fact's amount, such as its days.")
    grace: Decimal = Field(Decimal(0), ge=0, description="So much of the amount is free; at most that: no entry.")
    most: Decimal | None = Field(None, gt=0, description="No more of the amount counts than this (E24: at most 5).")
    wanted: Decimal | None = Field(
        None, gt=0, description="The amount counted is what is missing of so much (信息报送 5 a month)."
    )
    ladder: dict[str, Points] | None = Field(None, description="Instead of points: by the fact's rung (E13, E22).")
    once_per_event: bool = Field(False, description="Of facts of one event the highest alone counts (E22).")
    cap: Points | None = Field(None, description="No more than this in `cap_period` for one person or window.")
    cap_period: PeriodKind = "year"
    mark: Literal["automatic", "proposed", "manual"] = Field(
        "automatic", description="proposed: waits until a person who is not its proposer confirms (经查实)."
    )
    evidence: Literal["none", "card", "document"] = Field("none", description="What must be there before it is posted.")
    score: Literal["month", "year"] = Field(
        "month", description="Which score it goes into; A03 is of the year's (年终)."
    )
    part: str = Field("", description="Of the base, where it is in parts.")

    @property
    def is_ground(self) -> bool:
        return self.points is not None and self.points == 0

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        known = SOURCES.get(self.source)
        if known is None:
            raise ValueError(f"source: 没有这个来源 {self.source!r} is none of {', '.join(SOURCES)}")
        if (self.points is None) == (self.ladder is None):
            raise ValueError("points、ladder 二者给其一 give points or a ladder, one of them")
        if self.is_ground and not known.by_row:
            raise ValueError(
                "points: 0 is no deduction and no bonus; only what a person enters may be a ground of effects"
                " 既不扣也不加；只有人工发牌、登记可作后果的情形"
            )
        for one in self.charges:
            if one not in known.charges:
                raise ValueError(
                    f"charges: {self.source} 记不到 {one}，可记 names no {one}; it names {', '.join(known.charges)}"
                )
        if len(set(self.charges)) != len(self.charges):
            raise ValueError("charges: 重复 the same one twice")
        for rung in self.ladder or ():
            if rung not in known.rungs:
                raise ValueError(
                    f"ladder: 没有这一级 {rung!r} is none of the rungs of {self.source}: {', '.join(known.rungs)}"
                )
        for key, given in (("per", self.per == "amount"), ("most", self.most), ("wanted", self.wanted)):
            if given and not known.amount:
                raise ValueError(f"{key}: {self.source} 的事实没有数量 a fact of it has no amount")
        if self.ladder is not None and (self.per == "amount" or self.most or self.wanted or self.grace):
            raise ValueError(
                "ladder: 分级只按级计分，不与 per、most、wanted、grace 并用 its points are of the rung alone;"
                " per, most, wanted and grace do not go with it"
            )
        if self.mark == "automatic" and known.by_row:
            raise ValueError(f"mark: {self.source} 由人认定，应为 is a person's word: proposed or manual")
        return self


EffectKind: TypeAlias = Literal["unqualified", "no_award", "no_excellent", "return", "circular", "talk", "replace"]
"""不合格, 取消评奖资格, 取消优秀窗口资格, 退回原单位, 通报, 谈话, 责令调整."""


class Effect(_Part):
    """`[[effects]]`: what follows when facts come to a measure within a period: a veto, an award lost, a return.

    It counts facts of `sources` (with `rows`: of these rows alone, for `hand` and `mark`) of one window or person. It
    fires when `times` facts, or an amount of `amount`, or an unbroken run of `run` half days, or points of `sum` are
    reached; with several of these by the first, or with `both` by all. `within`: rolling working days instead of the
    period. What is open does not count.
    """

    id: RowId
    article: str = Field(min_length=1, max_length=60)
    name: Words
    on: Ledger
    effect: EffectKind
    period: PeriodKind = "month"
    sources: tuple[str, ...] = Field(min_length=1)
    rows: tuple[RowId, ...] = ()
    times: int | None = Field(None, ge=1)
    amount: Decimal | None = Field(None, gt=0)
    run: int | None = Field(None, ge=1, description="Half days of absence without a break (units: `absent_units`).")
    sum: Points | None = Field(None, description="Points of these facts in the ledger, as a positive figure (A06).")
    within: int | None = Field(None, ge=1, le=250, description="Rolling working days of the hall's calendar (D12).")
    both: bool = False
    included: tuple[Literal["times", "amount", "run"], ...] = Field(
        (), description="Measures that the text itself gives with the figure (含3天, A11), whatever `inclusive` says."
    )
    report_to: tuple[Name, ...] = Field((), description="Told, beside the unit, when it stands (A06, G20).")
    mark: Literal["automatic", "proposed"] = "proposed"

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        for name in self.sources:
            if name not in SOURCES:
                raise ValueError(f"sources: 没有这个来源 {name!r} is none of {', '.join(SOURCES)}")
        if self.times is None and self.amount is None and self.run is None and self.sum is None:
            raise ValueError("times、amount、run、sum 至少给一个，否则永不成立 give one of them: it would never fire")
        if self.rows and not any(SOURCES[name].by_row for name in self.sources):
            raise ValueError("rows: 只有人工发牌、登记指明条目 only facts of hand and mark name a row")
        return self


class BasePart(_Part):
    """`[[parts]]`: a part of the base, floored at 0 by itself (township weights, G22)."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    name: Words
    weight: Decimal = Field(gt=0, le=100)


class Grade(_Part):
    id: Literal["excellent", "qualified", "basic", "unqualified"]
    name: Words
    at_least: Decimal = Field(ge=0, le=200)


class Scale(_Part):
    """Grades (等次) of one ledger, best first; the last begins at 0."""

    grades: tuple[Grade, ...] = Field(min_length=2)
    excellent_share: Decimal | None = Field(
        None, gt=0, le=1, description="At most this share of all is excellent (G09)."
    )
    excellent_top: int | None = Field(None, ge=1, description="At most the first so many are excellent (G08).")

    @model_validator(mode="after")
    def _falls(self) -> Self:
        marks = [grade.at_least for grade in self.grades]
        if marks != sorted(set(marks), reverse=True) or marks[-1] != 0:
            raise ValueError(
                "grades: 由高到低，末级从 0 起，不得相同 from the best down to one that begins at 0, no two alike"
            )
        return self


class Cycle(_Part):
    """`[cycle]`: deadlines and numbers of the month, quarter and year (G05–G09, H01–H06)."""

    self_assessment_day: int | None = Field(28, ge=1, le=28, description="Each window's own by this day (G07).")
    review_days: int = Field(
        3, ge=1, le=30, description="Working days after the month within which it is reviewed (G17)."
    )
    close_days: int = Field(5, ge=1, le=30, description="Working days after the period within which it is closed.")
    weekly_summary: bool = Field(True, description="A summary each week (H01).")
    daily_patrols: int = Field(1, ge=0, le=12, description="Patrols entered each working day (H02, H07).")
    bottom: int = Field(2, ge=0, le=20, description="So many last windows and people are talked to (H03).")
    talk_days: int = Field(5, ge=1, le=60, description="Working days for the talk.")
    streak: int = Field(3, ge=2, le=12, description="So many months in a row at the bottom: replaced (H05).")
    award_windows: int = Field(3, ge=0, le=100, description="Windows awarded each quarter (G08, H06).")
    award_staff: int | None = Field(None, ge=0, le=500, description="People awarded; none: one nominee a window (G08).")
    annual_after: int = Field(3, ge=1, le=4, description="So many quarterly awards make the annual one (G06).")
    basic_quarters: int = Field(2, ge=1, le=4, description="So many quarters of 基本称职 in a row: return (G13).")
    minimum_days: int = Field(10, ge=0, le=23, description="Fewer days of duty known: too few to tell, no place.")
    appeal_days: int | None = Field(
        15, ge=1, le=90, description="Working days within which a review may be asked for (G15); none: any time."
    )
    appeal_answer_days: int = Field(10, ge=1, le=60, description="Working days to decide such a review (G16).")
    minimum_cases: int = Field(10, ge=0, le=10_000, description="A window's cases in the month: fewer, and no place.")
    distribution: tuple[Name, ...] = Field((), description="Who receives the quarter's and year's report (G19).")


class Choices(_Part):
    """`[choices]`: what the regulations leave open (rules.md A.10). Every book states every one; reports print them."""

    late_over_15: Literal["off_post", "absent"]
    offpost_minutes: int = Field(ge=1, le=240)
    late_amount: Literal["both", "staff", "window"]
    offpost_vs_unstaffed: Literal["both", "staff", "window"]
    accumulate_period: Literal["month", "quarter", "year"]
    and_or_20b5: Literal["either", "both"]
    inclusive: bool
    overdue_days_unit: Literal["workday", "calendar_day"]
    rolling_20: Literal["rolling", "fixed"]
    absent_units: int = Field(ge=1, le=4, description="Half-day sessions that make a day.")
    month_15: Literal["each_month"]
    year_words: Literal["annual"]
    floor: Decimal | Literal["none"] = Field(description="No score below; the full sum is kept beside it.")
    overdue_10: Literal["after_confirmation", "automatic"]
    checks: int = Field(ge=1, le=8, description="Check-ins a day (`40_checks`).")
    denominators: Literal["stated"]


class RuleBook(_Part):
    """A hall's regulation. `version` changes with any value."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
    title: Words
    base: Decimal = Field(Decimal(100), gt=0, le=1000)
    ceiling: Decimal | None = Field(None, description="No score above (bonus cap).")
    quarter_from: Literal["mean_of_months", "entries"] = "mean_of_months"
    parts: tuple[BasePart, ...] = ()
    rows: tuple[Row, ...] = Field(min_length=1)
    effects: tuple[Effect, ...] = ()
    window: Scale
    staff: Scale
    cycle: Cycle = Cycle()
    choices: Choices

    @property
    def version(self) -> str:
        """NAME@DIGEST of every value."""
        body = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return f"{self.name}@{hashlib.sha256(body.encode()).hexdigest()[:12]}"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for what, ids in (
            ("rows", [r.id for r in self.rows]),
            ("effects", [f"{e.id} {e.on} {e.effect}" for e in self.effects]),
        ):
            twice = {one for one in ids if ids.count(one) > 1}
            if twice:
                raise ValueError(
                    f"{what}: {', '.join(sorted(twice))} 重复，请加后缀区分 twice;"
                    " tell them apart by a suffix: A07.absent"
                )
        known = {part.id for part in self.parts}
        for row in self.rows:
            if (row.part or None) not in known | ({None} if not known else set()):
                there = ", ".join(sorted(known)) or "no parts"
                raise ValueError(f"rows: {row.id}: 没有这个分项 part {row.part!r} is none of {there}")
        if self.parts and sum(part.weight for part in self.parts) != self.base:
            total = sum(part.weight for part in self.parts)
            raise ValueError(f"parts: 权重合计与基础分不等 the weights come to {total}, the base is {self.base}")
        return self

    def row(self, row: str) -> Row | None:
        return next((one for one in self.rows if one.id == row), None)

    def named_by(self, source: str) -> tuple[str, ...]:
        """Rows that a fact of `hand`, `mark` or another source `by_row` may name, in the order of the book."""
        return tuple(row.id for row in self.rows if row.source == source)


class BadBook(ValueError):
    """A rule book that cannot be read; the text names row and key, one a line."""


def read_book(text: str) -> RuleBook:
    """A book from TOML. Raises BadBook."""
    try:
        return RuleBook.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadBook(f"{_near(text, str(error))}不是有效的 TOML not valid TOML: {error}") from error
    except ValidationError as error:
        raise BadBook("\n".join(_told(text, one) for one in error.errors())) from error


def _told(text: str, error: object) -> str:
    assert isinstance(error, dict)
    place = list(error["loc"])
    if len(place) > 1 and place[0] in ("rows", "effects", "parts") and isinstance(place[1], int):
        listed = tomllib.loads(text).get(place[0], [])
        place[1] = listed[place[1]].get("id", place[1] + 1) if place[1] < len(listed) else place[1] + 1
    said = error["msg"].removeprefix("Value error, ")
    zh = "" if error["type"] == "value_error" else f"{FAULTS.get(error['type'], '此值不可用')} "
    return f"{'.'.join(map(str, place)) or 'book'}: {zh}{said}"


_LINE: Final = re.compile(r"at line (\d+)")
_TABLE: Final = re.compile(r"^\s*\[\[?\s*([a-z_]+)")
_ID: Final = re.compile(r"^\s*id\s*=\s*[\"']([^\"']{1,40})[\"']")


def _near(text: str, said: str) -> str:
    """`rows.A03: ` of the table in which the line lies that cannot be read; empty where there is no telling."""
    found = _LINE.search(said)
    lines = text.splitlines()
    if found is None or not lines:
        return ""
    at = min(int(found[1]), len(lines)) - 1
    first = next((n for n in range(at, -1, -1) if _TABLE.match(lines[n])), None)
    if first is None:
        return ""
    table = _TABLE.match(lines[first])
    last = next((n for n in range(first + 1, len(lines)) if _TABLE.match(lines[n])), len(lines))
    named = next((match[1] for line in lines[first:last] if (match := _ID.match(line))), "")
    return f"{table[1] if table is not None else ''}{f'.{named}' if named else ''}: "
