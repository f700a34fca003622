"""Texts in both languages, as a reader sees them; parts that fit a limit; the webhook's JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.contents import content_of, named_ids
from alerts.rendering import Content, Style, kind_of, split, text, title, webhook_body
from alerts.retry import GiveUp
from monitor import wording
from monitor.model import Reason

CARD = Content(
    card=12,
    sequence=1,
    purpose="firing",
    event="issued",
    level="yellow",
    rule="rating.bad",
    subject=("rating", "ev-1/0001"),
    since=datetime(2026, 3, 2, 1, 45, tzinfo=UTC),
    reason=Reason(
        code="rating.bad",
        figures={
            "score": 1,
            "at": "2026-03-02T01:45:00+00:00",
            "days": 5,
            "due": "2026-03-09T09:30:00+00:00",
            "window": "w01",
        },
    ),
    hall="h1",
    unit="u1",
    window="w01",
    staff="s07",
)
OVER = replace(CARD, purpose="resolved", event="cleared", sequence=2, cleared_at=datetime(2026, 3, 3, 1, 0, tzinfo=UTC))
NAMES = {"hall:h1": "铜山区政务服务中心", "unit:u1": "市场监管局", "window:w01": "3号窗口", "staff:s07": "张三"}
ZH = Style(lang="zh", names=NAMES, link="https://jc.example")
EN = Style(lang="en", names=NAMES, link="https://jc.example")


def test_a_firing_in_chinese() -> None:
    assert title([CARD], "firing", ZH) == "【黄牌】差评 第 12 号"
    assert text([CARD], ZH).split("\n") == [
        "对象：评价 ev-1/0001",
        "地点：铜山区政务服务中心 市场监管局 3号窗口",
        f"情况：{wording.render(CARD.reason, 'zh', 'Asia/Shanghai', NAMES)}",
        "起算：2026-03-02 09:45",
        "责任方：张三",
        f"处理：{wording.advice('rating.bad', 'yellow', 'zh')}",
        "查看：https://jc.example/cards/12",
    ]


def test_a_firing_in_english() -> None:
    assert title([CARD], "firing", EN) == "[yellow card] Bad rating, no. 12"
    assert text([CARD], EN).split("\n") == [
        "Subject: rating ev-1/0001",
        "Where: 铜山区政务服务中心 市场监管局 3号窗口",
        f"Reason: {wording.render(CARD.reason, 'en', 'Asia/Shanghai', NAMES)}",
        "Since: 2026-03-02 09:45",
        "Charged: 张三",
        f"To do: {wording.advice('rating.bad', 'yellow', 'en')}",
        "Open: https://jc.example/cards/12",
    ]


GONE = GiveUp(code="refused", detail="93000")
GIVEN_UP = [
    (GONE, "对方拒收：93000", "refused for good: 93000"),
    (GiveUp(code="too_old", detail="HTTP 500", tries=9), "试发 9 次未成，已过时限：HTTP 500",
     "too old after 9 tries: HTTP 500"),
    (GiveUp(code="unheard"), "其发牌通知未曾送达", "its firing was not delivered"),
]  # fmt: skip


@pytest.mark.parametrize(("given_up", "chinese", "english"), GIVEN_UP, ids=[g[0].code for g in GIVEN_UP])
def test_a_dead_letter_says_why_in_the_readers_language(given_up: GiveUp, chinese: str, english: str) -> None:
    told = replace(CARD, undelivered=("office", given_up))
    assert f"注意：未能送达“office”（{chinese}）" in text([told], ZH)
    assert f"Note: could not be given to office ({english})" in text([told], EN)


STILL_TO_DO = [
    ("a yellow that is over awaits its answer", replace(OVER, state="open"), True),
    ("so does one that was over when judged", replace(CARD, purpose="digest", cleared_at=OVER.cleared_at, state="open"),
     True),
    ("an answered one only waits to be closed", replace(OVER, state="answered"), False),
    ("one that closed by itself asks for nothing", replace(OVER, state="closed"), False),
    ("a reminder that is over asks for nothing", replace(OVER, state="open", level="reminder"), False),
    ("what is charged to nobody asks for nothing", replace(OVER, state="open", staff=None, unit=None), False),
]  # fmt: skip


@pytest.mark.parametrize(("content", "asks"), [s[1:] for s in STILL_TO_DO], ids=[s[0] for s in STILL_TO_DO])
def test_what_is_over_is_not_to_be_done_again(content: Content, asks: bool) -> None:
    said = text([content], ZH)
    assert wording.advice("rating.bad", "yellow", "zh") not in said
    assert (f"处理：{wording.advice_when_over('zh')}" in said) == asks


WHYS = [
    ("withdrawn", "申诉成立", "说明：申诉成立", "Note: 申诉成立"),
    ("closed", "整改完成，已回访", "说明：整改完成，已回访", "Note: 整改完成，已回访"),
    ("withdrawn", "excused", "说明：据后到的数据，该情形不成立（免责）",
     "Note: by data that came later it never held (excused)"),
    ("withdrawn", "case.limit.reminder", "说明：据后到的数据，该情形不成立",
     "Note: by data that came later it never held"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "why", "chinese", "english"), WHYS, ids=[w[1] for w in WHYS])
def test_an_ended_card_says_why_and_shows_no_code(event: str, why: str, chinese: str, english: str) -> None:
    ended = replace(OVER, event=event, why=why)
    assert text([ended], ZH).split("\n")[-2] == chinese
    assert text([ended], EN).split("\n")[-2] == english


def test_an_end_says_since_when_it_is_over_and_asks_for_nothing() -> None:
    assert title([OVER], "resolved", ZH) == "【已解除·黄牌】差评 第 12 号"
    assert title([OVER], "resolved", EN) == "[resolved, yellow card] Bad rating, no. 12"
    assert "解除：2026-03-03 09:00" in text([OVER], ZH)
    assert "处理" not in text([OVER], ZH)
    assert "Over since: 2026-03-03 09:00" in text([OVER], EN)


MARKS = [
    (
        replace(CARD, event="upgraded", level="red"),
        "【红牌·升级】差评 第 12 号",
        "[red card, upgraded] Bad rating, no. 12",
    ),
    (replace(OVER, event="withdrawn"), "【已撤牌·黄牌】差评 第 12 号", "[withdrawn, yellow card] Bad rating, no. 12"),
    (replace(OVER, event="closed"), "【已办结·黄牌】差评 第 12 号", "[closed, yellow card] Bad rating, no. 12"),
]


@pytest.mark.parametrize(("content", "chinese", "english"), MARKS, ids=["upgraded", "withdrawn", "closed"])
def test_the_title_says_what_happened(content: Content, chinese: str, english: str) -> None:
    assert (title([content], "firing", ZH), title([content], "firing", EN)) == (chinese, english)


def test_a_group_counts_by_level_and_heads_each_block() -> None:
    red = replace(CARD, card=13, level="red")
    assert title([CARD, red, OVER], "firing", ZH) == "【监察告警 3 条】红牌 1，黄牌 1，解除 1"
    assert (
        title([CARD, red, OVER], "digest", EN) == "[Supervision digest, 3 cards] red card 1, yellow card 1, resolved 1"
    )
    blocks = text([CARD, red, OVER], ZH).split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [
        "【黄牌】差评 第 12 号",
        "【红牌】差评 第 13 号",
        "【已解除·黄牌】差评 第 12 号",
    ]


def test_a_repeat_and_a_dead_letter_say_so() -> None:
    body = text([replace(CARD, undelivered=("office", GONE))], ZH, repeated=True)
    assert "注意：未能送达“office”（对方拒收：93000）" in body
    assert body.endswith("（重发：本消息可能已送达过）")
    assert "Note: could not be given to office" in text([replace(CARD, undelivered=("office", GONE))], EN)


def test_since_is_in_the_halls_zone() -> None:
    style = replace(ZH, zones={"h1": "Asia/Urumqi"})
    assert "起算：2026-03-02 07:45" in text([CARD], style)
    assert webhook_body(1, [CARD], "firing", style)["since"] == "2026-03-02T07:45:00+06:00"


def test_nobody_is_charged_where_nobody_is() -> None:
    assert "责任方：市场监管局" in text([replace(CARD, staff=None)], ZH)
    assert "责任方：无" in text([replace(CARD, staff=None, unit=None)], ZH)


def test_ids_stand_where_names_are_missing_and_no_link_without_a_console() -> None:
    plain = text([CARD], Style())
    assert "地点：h1 u1 w01" in plain
    assert "查看" not in plain


def test_the_webhook_body_of_a_card() -> None:
    body = webhook_body(7, [CARD], "firing", ZH)
    said = {key: value for key, value in body.items() if key not in ("reason", "text")}
    assert said == {
        "delivery": 7,
        "card": 12,
        "sequence": 1,
        "kind": "firing",
        "level": "yellow",
        "rule": "rating.bad",
        "hall": "h1",
        "subject": {"kind": "rating", "id": "ev-1/0001"},
        "since": "2026-03-02T09:45:00+08:00",
        "link": "https://jc.example/cards/12",
    }
    assert body["reason"] == wording.render(CARD.reason, "zh", "Asia/Shanghai", NAMES)
    assert "2026-03-09 17:30" in body["reason"]
    assert body["text"].startswith("【黄牌】差评 第 12 号\n对象：")
    json.dumps(body)


def test_the_webhook_body_of_a_digest_lists_its_cards() -> None:
    body = webhook_body(7, [CARD, OVER], "digest", ZH)
    assert (body["card"], body["sequence"], body["kind"]) == (None, None, "digest")
    assert body["cards"] == [{"card": 12, "sequence": 1}, {"card": 12, "sequence": 2}]


KINDS = [
    ([CARD], "alert", "firing"),
    ([OVER], "alert", "resolved"),
    ([OVER, CARD], "alert", "firing"),
    ([CARD], "digest", "digest"),
]


@pytest.mark.parametrize(("contents", "delivery", "kind"), KINDS)
def test_the_kind_of_a_message(contents: list[Content], delivery: str, kind: str) -> None:
    assert kind_of(contents, delivery) == kind


@given(st.text(alphabet=st.sampled_from("甲乙丙ab\n 😀"), max_size=900), st.integers(64, 400))
def test_parts_fit_their_limit_and_lose_nothing(body: str, limit: int) -> None:
    parts = split(body, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    if len(parts) == 1:
        assert parts == (body,)
    else:
        bare = [part.split("\n", 1)[1] for part in parts]
        assert "".join(bare).replace("\n", "") == body.replace("\n", "")
        assert [part.split("\n", 1)[0] for part in parts] == [f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)]


def test_a_part_ends_where_a_line_ends() -> None:
    lines = [f"第{n}行" + "字" * 20 for n in range(100)]
    parts = split("\n".join(lines), 2048)
    assert len(parts) > 1
    assert [line for part in parts for line in part.split("\n")[1:]] == lines
    assert all(1900 < len(part.encode()) <= 2048 for part in parts[:-1])


def test_no_limit_no_parts() -> None:
    assert split("字" * 9000, None) == ("字" * 9000,)
    with pytest.raises(ValueError, match="at least 64"):
        split("字" * 100, 10)


def test_the_names_a_text_needs_are_asked_for() -> None:
    post = replace(
        CARD,
        subject=("post", "w02/2026-03-02/0830"),
        staff=None,
        reason=Reason(code="unknown.stale", figures={"windows": ["w03"], "subjects": ["slot:s09/2026-03-02/am_in"]}),
    )
    assert named_ids([CARD, post]) == {
        "hall": ["h1"],
        "unit": ["u1"],
        "window": ["w01", "w02", "w03"],
        "staff": ["s07", "s09"],
    }


def test_a_stored_item_comes_back_as_it_was() -> None:
    item = {
        "card": 12,
        "sequence": 1,
        "purpose": "firing",
        "content": {
            "event": "issued",
            "at": "2026-03-02T01:45:00+00:00",
            "level": "yellow",
            "rule": "rating.bad",
            "subject": {"kind": "rating", "id": "ev-1/0001"},
            "hall": "h1",
            "unit": "u1",
            "window": "w01",
            "staff": "s07",
            "since": "2026-03-02T01:45:00+00:00",
            "cleared_at": None,
            "reason": {"code": CARD.reason.code, "figures": CARD.reason.figures},
            "why": "",
        },
    }
    assert content_of(item) == CARD
