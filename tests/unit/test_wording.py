"""Texts in Chinese and English: what a reason, a subject, a step and a word of a vocabulary read like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import access
from monitor.attendance.dayline import STATES
from monitor.cli.explained import lines
from monitor.ingest.account import NO_FAULT
from monitor.model import QUARANTINE_REASONS, Level, Outcome, Reason
from monitor.supervision.spotresults import RESULTS
from monitor.wording import (
    Lang,
    advice,
    event_word,
    instant_text,
    level_word,
    outcome_word,
    quarantine_reason,
    render,
    rule_title,
    state_word,
    step_text,
    subject_text,
    words,
)
from monitor.wording.posts import RESTS_ON, SEGMENTS, SPOT_RESULTS
from monitor.wording.reasons import REASONS

LANGS: tuple[Lang, ...] = ("zh", "en")
AT = "2026-03-02T00:45:00+00:00"
RATING = Reason(
    code="rating.bad",
    figures={"score": 1, "at": AT, "days": 5, "due": "2026-03-09T09:30:00+00:00", "window": "w1", "device": "e1"},
)


@pytest.mark.parametrize(
    ("says", "reason", "zh", "en"),
    [
        (
            "instants stand in the hall's zone, what is not there is left out",
            RATING,
            "2026-03-02 08:45 收到 1 分差评，窗口 一号窗，设备 e1；须在 5 个工作日内（2026-03-09 17:30 前）整改回访。",
            "A rating of 1 came in at 2026-03-02 08:45, window 一号窗, device e1;"
            " to be followed up within 5 working days, by 2026-03-09 17:30.",
        ),
        (
            "seconds are told as a duration",
            Reason(
                code="device.skew",
                figures={"device": "e1", "direction": "slow", "skew_seconds": 3700, "limit_seconds": 300.0},
            ),
            "设备 e1 的时钟慢了 1 小时 1 分钟，超过 5 分钟，其时间不可采信。",
            "The clock of device e1 is 1 h 1 min slow, more than 5 min: its times prove nothing.",
        ),
        (
            "lists are joined, subjects and names spelt out",
            Reason(
                code="unknown.spot_check",
                figures={
                    "count": 2,
                    "since": AT,
                    "subjects": ["post:w1/2026-03-02/0830", "slot:s1/2026-03-02/am_in"],
                    "windows": ["w1", "w2"],
                },
            ),
            "有 2 项因数据未到长时间无法判定（最早自 2026-03-02 08:45）："
            "窗口在岗 一号窗 2026-03-02 08:30、张三 2026-03-02 上午签到；请对窗口 一号窗、w2 现场抽查。",
            "2 subjects have been unknown for too long, for want of data (the first since 2026-03-02 08:45):"
            " post 一号窗 2026-03-02 08:30, 张三 2026-03-02 morning in; spot-check the windows 一号窗, w2.",
        ),
        (
            "zero and false are nothing to tell, true is told in words",
            Reason(
                code="case.limit.yellow",
                figures={
                    "case": "d1/c1",
                    "accepted": AT,
                    "limit_source": "promised",
                    "limit": 5.0,
                    "unit": "workday",
                    "due": "2027-01-04T09:30:00Z",
                    "paused_days": 0,
                    "provisional": True,
                },
            ),
            "办件 d1/c1，2026-03-02 08:45 受理，承诺时限 5 个工作日，2027-01-04 17:30 届满；"
            "期限为暂算（放假安排未公布），届满时未办结。",
            "Case d1/c1, accepted 2026-03-02 08:45, promised limit 5 working days, due 2027-01-04 17:30;"
            " a provisional date (the year is not published), open when it expired.",
        ),
        (
            "an instant may be told by the clock alone, causes in words",
            Reason(
                code="post.empty.unknown",
                figures={
                    "window": "w1",
                    "date": "2026-03-02",
                    "session_start": "2026-03-02T00:30:00+00:00",
                    "from": AT,
                    "cause": "stale",
                    "sources": ["cam1"],
                },
            ),
            "窗口 一号窗 2026-03-02 08:30 场：2026-03-02 08:45 起画面未更新，无法判定（cam1），不作缺岗认定。",
            "Window 一号窗, session of 2026-03-02 08:30: unknown since 2026-03-02 08:45, the picture is not renewed"
            " (cam1); nobody is held absent.",
        ),
        (
            "a figure that the sentence cannot do without is said to be missing",
            Reason(code="feed.hole", figures={"device": "e1", "minutes": 60.0}),
            "设备 e1 自 （未载明） 起缺少部分序号的事件，60 分钟内未补到。",
            "Events of device e1 have been missing from its sequence since (not stated), for more than 60 minutes.",
        ),
        (
            "a rule without a text of its own for a plain outcome says what any rule says",
            Reason(code="case.immediate.closed", figures={"case": "d1/c1", "end": "withdrawn", "ended": AT}),
            "办件 d1/c1：已结束（撤回 2026-03-02 08:45），不再判定。",
            "Case d1/c1: over (withdrawn 2026-03-02 08:45), no longer judged.",
        ),
        (
            "an unknown code is said to be one and hides nothing",
            Reason(code="moon.full", figures={"at": AT, "share": 0.5, "seen": True}),
            "原因代码 moon.full：at=2026-03-02 08:45，share=0.5，seen=是",
            "reason code moon.full: at=2026-03-02 08:45, share=0.5, seen=yes",
        ),
        ("without figures", Reason(code="moon.new"), "原因代码 moon.new", "reason code moon.new"),
    ],
)
def test_render(says: str, reason: Reason, zh: str, en: str) -> None:
    names = {"window:w1": "一号窗", "staff:s1": "张三"}
    assert render(reason, "zh", "Asia/Shanghai", names) == zh
    assert render(reason, "en", "Asia/Shanghai", names) == en


def test_a_second_too_late_is_told_to_the_second() -> None:
    figures = {"staff": "s1", "date": "2026-03-02", "slot": "am_in", "due": "2026-03-02T00:30:00+00:00",
               "at": "2026-03-02T00:45:01+00:00", "minutes": 16}  # fmt: skip
    text = render(Reason(code="checkin.slot.very_late", figures=figures))
    assert text == "s1 2026-03-02 上午签到应于 2026-03-02 08:30 前完成，2026-03-02 08:45:01 才到，迟 16 分钟。"


def test_the_zone_is_the_halls() -> None:
    assert "06:45" in render(RATING, "zh", "Asia/Urumqi")
    assert instant_text(datetime(2026, 3, 2, 0, 45, 59, tzinfo=UTC), "Asia/Shanghai") == "2026-03-02 08:45"


@pytest.mark.parametrize(
    ("kind", "key", "zh", "en"),
    [
        ("case", "d1/2026-001", "办件 2026-001", "case 2026-001"),
        ("order", "d1/2026-001", "督办 2026-001", "supervision order 2026-001"),
        ("slot", "s1/2026-03-02/am_in", "张三 2026-03-02 上午签到", "张三 2026-03-02 morning in"),
        ("slot", "s9/2026-03-02/night", "s9 2026-03-02 night", "s9 2026-03-02 night"),
        ("post", "w1/2026-03-02/1430", "窗口在岗 一号窗 2026-03-02 14:30", "post 一号窗 2026-03-02 14:30"),
        ("rating", "e1/r7", "评价 e1/r7", "rating e1/r7"),
        ("hall", "h1", "大厅 政务中心", "hall 政务中心"),
        ("calendar", "2027", "2027 年日历", "calendar 2027"),
        ("moon", "m1", "moon m1", "moon m1"),
    ],
)
def test_subjects(kind: str, key: str, zh: str, en: str) -> None:
    names = {"window:w1": "一号窗", "staff:s1": "张三", "hall:h1": "政务中心"}
    assert (subject_text(kind, key, names, "zh"), subject_text(kind, key, names, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("counted", "工作日，计入", "working day, counted"),
        ("holiday:春节", "春节，法定节假日，不计入", "Spring Festival, public holiday, not counted"),
        ("holiday:本县停电", "本县停电，法定节假日，不计入", "本县停电, public holiday, not counted"),
        ("unheard", "unheard", "unheard"),
    ],
)
def test_steps(code: str, zh: str, en: str) -> None:
    assert (step_text(code, "zh"), step_text(code, "en")) == (zh, en)


def test_every_word_of_the_contracts_vocabularies_is_worded_in_both_languages() -> None:
    assert set(words.OUTCOMES) == {outcome.value for outcome in Outcome}
    assert set(words.QUARANTINE) == set(QUARANTINE_REASONS)
    assert set(words.EMPTY_HANDED) == set(NO_FAULT)
    assert set(words.LEVELS) == {level.word for level in Level}
    assert set(words.ROLES) == set(access.ROLES)
    assert set(words.ACTIONS) == set(access.ACTIONS)
    assert (outcome_word(Outcome.UNPROVEN), quarantine_reason("future", "en")) == (
        "不予认定",
        "its time lies in the future",
    )
    assert [level_word(level) for level in Level] == ["预警", "黄牌", "红牌"]
    assert (event_word("issued"), state_word("open"), rule_title("post.empty")) == ("发牌", "待签收", "窗口无人在岗")


def test_advice_falls_back_to_the_rules_own_and_says_nothing_of_a_strange_rule() -> None:
    assert advice("rating.bad", Level.RED) != advice("rating.bad", Level.YELLOW)
    assert advice("device.silent", "red", "en") == advice("device.silent", Level.YELLOW, "en") != ""
    assert advice("moon.full", Level.RED) == ""


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="none of zh, en"):
        render(RATING, "fr")  # type: ignore[arg-type]


WORDS = st.text(st.characters(exclude_characters="{}[]"), max_size=10)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.just(AT)
    | st.lists(WORDS, max_size=3)
)
FIGURES = st.dictionaries(st.sampled_from(["case", "at", "window", "slot", "count", "end", "subjects"]), VALUES)


@given(code=st.sampled_from(sorted(REASONS)), figures=FIGURES, lang=st.sampled_from(LANGS))
def test_any_figures_render_and_no_template_shows_through(code: str, figures: dict[str, object], lang: Lang) -> None:
    text = render(Reason(code=code, figures=figures), lang)
    assert text
    assert not set(text) & set("{}[]")


@given(code=WORDS, figures=FIGURES, lang=st.sampled_from(LANGS))
def test_an_unknown_code_shows_every_figure_by_name(code: str, figures: dict[str, object], lang: Lang) -> None:
    text = render(Reason(code=f"unheard-of.{code}?", figures=figures), lang)
    assert all(f"{name}=" in text for name in figures)


def test_an_explanation_is_told_in_both_languages_with_source_and_arrival_of_each_fact() -> None:
    card = {
        "number": 17, "rule": "case.limit", "level": "yellow", "state": "open", "hall": "h1", "unit": "u1",
        "window": "w1", "staff": "s1", "since": "2026-03-09T17:30:00+08:00", "issued": "2026-03-09T17:31:00+08:00",
        "subject": {"kind": "case", "id": "c1/A1"}, "policy_version": "default@1", "basis": "《行政许可法》第四十二条",
        "reason": {"code": "case.limit.yellow", "figures": {"case": "c1/A1", "cause": "promised"}},
        "policy": {"timeliness.reminder_days_before": 1}, "watermark": "2026-03-09T17:31:00+08:00",
        "limit": {"item": "i1", "from": "2026-03-01", "promised": 5, "statutory": None,
                  "unit_of_time": "workday", "counted": []},
        "steps": [{"date": "2026-03-03", "counted": False, "why": "pause:suspended/e2"}],
        "facts": {"events": [{"id": "e1", "event": "accepted", "source": "c1", "at": "2026-03-02T01:00:00+00:00",
                              "received": "2026-03-02T01:00:05+00:00", "entered": None, "trusted": True,
                              "window": "w1", "staff": "s1", "body": {}}]},
        "history": [{"at": "2026-03-09T17:31:00+08:00", "event": "issued", "level": "yellow", "actor": "system",
                     "why": "case.limit.yellow"}],
    }  # fmt: skip
    chinese, english = ("\n".join(lines(card, "Asia/Shanghai", lang)) for lang in ("zh", "en"))
    assert "2026-03-02 09:00:00  受理  来源 c1/e1  收到 2026-03-02 09:00:05  window=w1  staff=s1" in chinese
    assert "2026-03-02 09:00:00  accepted  source c1/e1  arrived 2026-03-02 09:00:05" in english
    assert "中止期间，不计入（特别程序，事件 e2）" in chinese
    assert "paused, not counted (suspended, event e2)" in english
    assert "时限版本 事项 i1，承诺 5 工作日，自 2026-03-01 起" in chinese


def test_every_state_and_cause_of_a_windows_day_has_its_words() -> None:
    assert set(SEGMENTS) == set(STATES)
    assert set(SPOT_RESULTS) == set(RESULTS)
    assert {"camera", "duty", "no_sign_on", "rating", "case", "checkin", "spot", "neighbour", "lag"} <= RESTS_ON.keys()
    assert all(
        any("\u4e00" <= c <= "\u9fff" for c in chinese) for chinese, _ in [*SEGMENTS.values(), *RESTS_ON.values()]
    )
