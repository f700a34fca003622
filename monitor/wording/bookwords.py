"""Rule books (考评细则) in words: the choices of A.10, whom rows charge, how they are posted, keys of the cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from monitor.wording.words import Texts


class Choice(NamedTuple):
    """`asks`: what it decides, `values`: its values; one that is not there is shown as it is. `open`: what the
    regulation leaves open (rules.md A.10).
    """

    asks: Texts
    values: Mapping[str, Texts]
    open: Texts


_BOTH: Final[Mapping[str, Texts]] = {
    "both": ("个人、窗口各记各账", "each in its own ledger"),
    "staff": ("只记个人", "the person's alone"),
    "window": ("只记窗口", "the window's alone"),
}
CHOICES: Final[Mapping[str, Choice]] = {
    "late_over_15": Choice(
        ("迟到、早退超过15分钟", "late or early by more than 15 minutes"),
        {"off_post": ("按脱岗", "off post"), "absent": ("按旷工半天", "absent for half a day")},
        (
            "§23、§14(4) 只规定“15分钟内”，16 分钟起到旷工半天之间没有规定",
            "§23 and §14(4) speak of 15 minutes at most; nothing is said from 16 minutes to half a day",
        ),
    ),
    "offpost_minutes": Choice(
        ("离岗多少分钟为脱岗", "minutes away that are off post"),
        {},
        ("“脱岗”在原文任何一处都没有时长", "off post has no duration anywhere in the text"),
    ),
    "late_amount": Choice(
        ("迟到早退记入哪本账", "whose ledger late and early go into"),
        _BOTH,
        ("同一次迟到，个人扣 0.2（年终），窗口扣 0.5", "one lateness: 0.2 for the person (annual), 0.5 for the window"),
    ),
    "offpost_vs_unstaffed": Choice(
        ("脱岗与窗口无人", "off post, and nobody at the window"),
        {**_BOTH, "both": ("各记各账；全窗口无人才记窗口", "each in its own ledger; the window's if nobody is there")},
        ("个人脱岗扣 0.5，窗口无人在岗扣 2", "the person's off post costs 0.5, nobody at the window 2"),
    ),
    "accumulate_period": Choice(
        ("岗扣分累计的期间", "period of the accumulation"),
        {"month": ("月", "month"), "quarter": ("季度", "quarter"), "year": ("日历年", "calendar year")},
        ("“累计达5分以上”没有写明期间", "“5 points or more in all” names no period"),
    ),
    "and_or_20b5": Choice(
        ("§20b(5)两个条件", "the two conditions of §20b(5)"),
        {"either": ("满足其一", "either"), "both": ("同时满足", "both")},
        (
            "“3件以上及同一…3天以上”：两者都要，还是有一即可",
            "“3 cases and one by 3 days”: both of them, or either",
        ),
    ),
    "inclusive": Choice(
        ("“以上”是否含本数", "whether “or more” holds the number itself"),
        {"True": ("含本数", "it does"), "False": ("不含本数", "it does not")},
        ("只有 §23(1)、§27(2) 写明“含”", "only §23(1) and §27(2) say so"),
    ),
    "overdue_days_unit": Choice(
        ("办件延期天数", "days by which a case is late"),
        {"workday": ("工作日", "working days"), "calendar_day": ("日历日", "calendar days")},
        ("“延期3天”是工作日还是日历日", "“late by 3 days”: working days or calendar days"),
    ),
    "rolling_20": Choice(
        ("“20个工作日内”", "“within 20 working days”"),
        {"rolling": ("滚动计算", "rolling"), "fixed": ("固定区间", "fixed spans")},
        ("滚动还是固定区间", "rolling, or fixed spans"),
    ),
    "absent_units": Choice(
        ("几个半天折合旷工1天", "half days that make a day of absence"),
        {},
        ("“旷工3次”“3天”“2天”混用", "times and days of absence stand side by side"),
    ),
    "month_15": Choice(
        ("§26(3)“每月各15项”", "§26(3) “15 items each month”"),
        {"each_month": ("读作每月各项合计（15为页码）", "read as all items of each month (15 is a page number)")},
        ("文中的“15”是页码", "the 15 in the text is the number of a page"),
    ),
    "year_words": Choice(
        ("文中缺“年度”处", "where the text lacks “annual”"),
        {"annual": ("读作年度考核", "read as the annual assessment")},
        ("“季度考核和考核”等处缺“年度”二字", "several places lack the word annual"),
    ),
    "floor": Choice(
        ("得分下限", "lowest score"),
        {"none": ("不设下限", "none")},
        ("没有写得分扣到 0 为止", "nothing says that a score stops at 0"),
    ),
    "overdue_10": Choice(
        ("超时办结追究个人", "charging people for a case past its limit"),
        {
            "after_confirmation": ("经查实后才扣个人", "people only after confirmation"),
            "automatic": ("自动扣分", "by itself"),
        },
        (
            "一件超时办件：窗口扣 10，单位负责人、本人各扣 10",
            "one case past its limit: 10 for the window, 10 each for the unit's head and the person",
        ),
    ),
    "checks": Choice(
        ("每日打卡次数", "check-ins a day"),
        {},
        ("001.2 每天两次，001.5 每天四次", "two a day in 001.2, four in 001.5"),
    ),
    "denominators": Choice(
        ("比率的分母", "denominators of rates"),
        {"stated": ("随指标逐项列明", "stated with each figure")},
        ("即办率按办结计，日均按 360 天计，原文没有写明", "the text does not say by what its rates are divided"),
    ),
}
CHARGED: Final[Mapping[str, Texts]] = {
    "window": ("窗口", "window"),
    "person": ("本人", "person"),
    "lead": ("窗口负责人", "window's lead"),
    "head": ("单位负责人", "unit's head"),
}
PERIODS: Final[Mapping[str, Texts]] = {
    "month": ("月", "month"), "quarter": ("季度", "quarter"), "half": ("半年", "half year"), "year": ("年", "year"),
}  # fmt: skip
MARKS: Final[Mapping[str, Texts]] = {
    "automatic": ("自动", "by itself"),
    "proposed": ("经查实", "after confirmation"),
    "manual": ("人工登记", "entered by hand"),
}
EVIDENCE: Final[Mapping[str, Texts]] = {
    "none": ("不要求", "none asked for"), "card": ("监察牌", "a card"), "document": ("材料", "a document"),
}  # fmt: skip
SCORES: Final[Mapping[str, Texts]] = {
    "month": ("月得分", "the month's score"), "year": ("年终得分", "the annual score"),
}  # fmt: skip
RUNGS: Final[Mapping[str, Texts]] = {
    "found": ("发现", "found"), "centre": ("中心", "centre"), "county": ("县", "county"), "city": ("市", "city"),
    "province": ("省（自治区）", "province"), "nation": ("国家", "nation"), "quarter": ("不满一季", "below a quarter"),
    "year": ("不满一年", "below a year"),
}  # fmt: skip
LEDGERS: Final[Mapping[str, Texts]] = {"window": ("窗口", "window"), "staff": ("个人", "person")}
QUARTERS: Final[Mapping[str, Texts]] = {
    "mean_of_months": ("各月平均", "mean of the months"), "entries": ("季内各笔合计", "its own entries"),
}  # fmt: skip
CYCLE: Final[Mapping[str, Texts]] = {
    "self_assessment_day": ("每月几日前交自评（G07）", "self-assessment by this day of the month (G07)"),
    "review_days": ("月后几个工作日内复核（G17）", "working days after the month for its review (G17)"),
    "close_days": ("期满几个工作日内结账", "working days after the period to sign it off"),
    "weekly_summary": ("每周小结（H01）", "a summary each week (H01)"),
    "daily_patrols": ("每个工作日巡查几次（H02、H07）", "patrols each working day (H02, H07)"),
    "bottom": ("末位谈话几名（H03）", "last windows and people who are talked to (H03)"),
    "talk_days": ("几个工作日内谈话", "working days for the talk"),
    "streak": ("连续几个月末位责令调整（H05）", "months in a row at the bottom: replaced (H05)"),
    "award_windows": ("每季表彰窗口几个（G08、H06）", "windows awarded each quarter (G08, H06)"),
    "award_staff": ("每季表彰个人几名", "people awarded each quarter"),
    "annual_after": ("几次季度表彰得年度表彰（G06）", "quarterly awards that make the annual one (G06)"),
    "basic_quarters": ("连续几季基本称职退回（G13）", "quarters of basically competent in a row: return (G13)"),
    "minimum_days": ("已知在岗少于几天不排名", "fewer days of duty known: no place"),
    "appeal_days": ("几个工作日内可申请复核（G15）", "working days to ask for a review (G15)"),
    "appeal_answer_days": ("复核几个工作日内答复（G16）", "working days to decide a review (G16)"),
    "minimum_cases": ("窗口办件少于几件不排名", "a window's cases of the month: fewer, and no place"),
    "distribution": ("季报、年报送达（G19）", "who receives the reports (G19)"),
}
SECTIONS: Final[Mapping[str, Texts]] = {
    "book": ("总则", "The book"), "rows": ("条目", "Rows"), "effects": ("后果", "Effects"),
    "parts": ("分项", "Parts of the base"), "window": ("窗口等次", "Grades of windows"),
    "staff": ("个人等次", "Grades of people"), "cycle": ("周期", "Cycle"),
    "choices": ("选择项（A.10）", "Choices (A.10)"),
}  # fmt: skip
KEYS: Final[Mapping[str, Texts]] = {
    "name": ("代号或名称", "name"),
    "title": ("名称", "title"),
    "base": ("基础分", "base"),
    "ceiling": ("封顶", "ceiling"),
    "quarter_from": ("季度得分", "the quarter's score"),
    "article": ("条款", "article"),
    "source": ("依据", "rests on"),
    "charges": ("记谁", "charges"),
    "points": ("分值", "points"),
    "per": ("计分单位", "per"),
    "grace": ("免计", "grace"),
    "most": ("最多计", "at most"),
    "wanted": ("应有数", "wanted"),
    "ladder": ("分级", "ladder"),
    "once_per_event": ("同一事件只计最高", "the highest of an event"),
    "cap": ("上限", "cap"),
    "cap_period": ("上限周期", "period of the cap"),
    "mark": ("计入方式", "posted"),
    "evidence": ("证据", "evidence"),
    "score": ("计入得分", "score"),
    "part": ("分项", "part"),
    "on": ("账", "ledger"),
    "effect": ("后果", "effect"),
    "period": ("周期", "period"),
    "sources": ("依据", "rests on"),
    "rows": ("条目", "rows"),
    "times": ("次数", "times"),
    "amount": ("数量", "amount"),
    "run": ("连续半天", "half days in a row"),
    "sum": ("累计扣分", "points in all"),
    "within": ("滚动工作日", "rolling working days"),
    "both": ("须同时满足", "all of them"),
    "weight": ("权重", "weight"),
    "grades": ("等次", "grades"),
    "excellent_share": ("优秀比例", "share of excellent"),
    "excellent_top": ("优秀名额", "excellent places"),
}
AMOUNTS: Final[Mapping[str, Texts]] = {
    "working days overdue": ("个超时工作日", "working day overdue"),
    "rounds": ("次补件", "round of supplements"),
    "working days late": ("个迟告知工作日", "working day late"),
    "percent cut": ("个百分点的压缩", "percent cut"),
    "working days beyond the grace": ("个迟报工作日", "working day beyond the grace"),
    "days": ("天", "day"),
    "days overdue": ("天逾期", "day overdue"),
    "as entered": ("个登记数", "of the amount entered"),
    "share": ("（全部缺额）", "(the whole share missing)"),
    "complaints": ("件投诉", "complaint"),
    "reports of the month": ("篇信息", "report of the month"),
}
"""What one of a source's amount is (`monitor.assessment.sources`)."""
