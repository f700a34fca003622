"""A test message (测试) to one receiver by its real channel: clearly marked, seldom, audited, no card's delivery."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from alerts.channels.base import Channel, Message, bounded, without_addresses
from alerts.policy import AlertPolicy, Lang
from alerts.retry import Result
from monitor.access import Principal, refusal
from monitor.store import alert_holds, audit, auditrows
from monitor.store import alerts as rows
from monitor.store.audit import AUDIT
from monitor.wording import render

ACTION: Final = "alerts:test"
SENT: Final = "alert.test"
ANSWERED: Final = "alert.tested"
KIND: Final = "receiver"
REST: Final = timedelta(minutes=1)
"""Between two to one receiver: a robot takes twenty messages a minute, and cards come first."""
MOST_AN_HOUR: Final = 30
TEXTS: Final[dict[Lang, tuple[str, str]]] = {
    "zh": (
        "【测试】监察系统测试消息",
        "这是测试消息，不是牌，无须处理。\n收件方：{receiver}\n发送人：{by}\n时间：{at}\n收到即说明此通道可用。",
    ),
    "en": (
        "[TEST] Test message of the supervision system",
        "This is a test, not a card; nothing has to be done.\nReceiver: {receiver}\nSent by: {by}\nAt: {at}\n"
        "That you read it shows that this way works.",
    ),
}


class NotTried(ValueError):
    """Nothing was sent. `sort`: the role, a receiver that there is not, or too soon."""

    def __init__(self, text: str, sort: str) -> None:
        super().__init__(text)
        self.sort = sort


def claim(conn: Connection, policy: AlertPolicy, receiver: str, *, who: Principal, now: datetime) -> None:
    """Write down that a test is about to be sent; of two at once one is refused. `now`: real time. Raises NotTried."""
    no = refusal(who, ACTION)
    if no is not None:
        raise NotTried(f"{render(no, 'zh')} {render(no, 'en')}", "role")
    if receiver not in policy.receivers:
        raise NotTried(f"{receiver[:64]}: 没有此收件方 there is no such receiver", "missing")
    rows.ensure_addresses(conn, [receiver])
    alert_holds.burst(conn, receiver)  # its row is locked: whoever comes second finds the first one's
    last = auditrows.last_of(conn, KIND, [receiver], SENT).get(receiver)
    if last is not None and now - last < REST:
        seconds = max(1, round((REST - (now - last)).total_seconds()))
        raise NotTried(f"刚测试过，{seconds} 秒后再试 it was tested just now; again in {seconds} s", "soon")
    hour = select(func.count()).where(AUDIT.c.action == SENT, AUDIT.c.at > now - timedelta(hours=1))
    if conn.execute(hour).scalar_one() >= MOST_AN_HOUR:
        raise NotTried(f"一小时内测试已达 {MOST_AN_HOUR} 次 {MOST_AN_HOUR} tests within an hour are enough", "soon")
    audit.record(conn, now, who.id, SENT, KIND, receiver, {})


def send(channel: Channel, policy: AlertPolicy, receiver: str, *, by: str, at: str) -> Result:
    """One try by the real channel. Blocks, `alerts.timeout_seconds` at most."""
    message = message_for(policy.lang_of(receiver), receiver, by=by, at=at)

    def work() -> Result:
        channel.limit()
        whole = message if channel.title_apart() or not channel.grouped else _in_one(message)
        return channel.send(whole)

    return bounded(work, policy.timeout_seconds)


def message_for(lang: Lang, receiver: str, *, by: str, at: str) -> Message:
    """What is sent: title and text, and for a webhook a body of the kind `test` with the keys of a card's."""
    title, text = TEXTS[lang]
    text = text.format(receiver=receiver, by=by, at=at)
    empty: dict[str, Any] = dict.fromkeys(
        ("delivery", "card", "sequence", "level", "rule", "hall", "subject", "since", "reason", "link")
    )
    return Message(title=title, text=text, body={**empty, "kind": "test", "text": f"{title}\n{text}"})


def _in_one(message: Message) -> Message:
    return Message(title="", text=f"{message.title}\n{message.text}", body=message.body)


def answered(conn: Connection, receiver: str, channel: str, result: Result, *, who: Principal, now: datetime) -> None:
    """Write down what came back."""
    body = {"channel": channel, "result": result.outcome.value}
    detail = without_addresses(result.detail)
    audit.record(conn, now, who.id, ANSWERED, KIND, receiver, body, private={"detail": detail} if detail else {})
