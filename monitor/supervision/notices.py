"""Notices for the public (公告、表扬、通报: A06, H10): written by one, released by another, taken back by either.

One core for page, API and command line. A thing beyond reach is refused as one that there is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, select

from monitor.access import Principal, refusal
from monitor.model import Registry
from monitor.store import audit
from monitor.store import notices as stored
from monitor.store.cards import CARD
from monitor.store.notices import NOTICE
from monitor.supervision.commands import require_known, require_words
from monitor.supervision.files import is_plain
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

Kind = Literal["notice", "praise", "circular"]
KINDS: Final[tuple[Kind, ...]] = ("notice", "praise", "circular")
STATES: Final = ("draft", "waiting", "shown", "hidden", "over", "taken_back")
"""As they are told: a released notice waits for its first day, is shown, is hidden with its card, or is over."""
MOST_TITLE: Final = 40
MOST_TEXT: Final = 300
MOST_REFERENCE: Final = 60
MOST_DAYS: Final = 366
WRITE: Final = "notices:write"
RELEASE: Final = "notices:release"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What somebody writes. `first`, `last`: dates of the hall, both included."""

    hall: str
    kind: str
    title: str
    text: str
    first: date
    last: date
    card: int | None = None
    reference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    hall: str | None = None
    kind: str | None = None
    before: int | None = None


def write(
    conn: Connection, registry: Registry, draft: Draft, *, actor: Principal, now: datetime, number: int | None = None
) -> int:
    """Write one, or (`number`) a draft anew; its number. The caller commits. Raises Refused."""
    _require(actor, WRITE)
    before = require_notice(conn, actor, number) if number is not None else None
    if before is not None and before.state != "draft":
        raise _not_a_draft(before.id)
    require_known(registry, actor, hall=draft.hall)
    _require_fit(conn, draft)
    values = {
        "hall": draft.hall, "kind": draft.kind, "title": draft.title.strip(), "text": draft.text.strip(),
        "first": draft.first, "last": draft.last, "card": draft.card, "reference": draft.reference.strip(),
        "author": actor.id, "written": now,
    }  # fmt: skip
    if number is None:
        number = stored.add(conn, {**values, "state": "draft"})
    elif not stored.change(conn, number, "draft", values):
        raise _not_a_draft(number)
    body = {
        "hall": draft.hall, "kind": draft.kind, "from": draft.first.isoformat(), "to": draft.last.isoformat(),
        "card": draft.card,
    }  # fmt: skip
    private = {"title": values["title"], "text": values["text"]}
    audit.record(conn, now, actor.id, "notice.written", "notice", str(number), body, private=private)
    return number


def release(conn: Connection, number: int, *, actor: Principal, now: datetime, seen: str | None = None) -> None:
    """Show it to the public. `seen`: the mark of what was read, None: whatever there is. Raises Refused: for the
    writer of it, for what is no draft or is written anew since, for a card in doubt.
    """
    _require(actor, RELEASE)
    row = require_notice(conn, actor, number)
    if row.state != "draft":
        raise _not_a_draft(number)
    if seen is not None and seen != mark_of(row):
        raise Refused(
            "您看过之后又有改动，请重新查看 it was written anew since you read it: read it again", sort="state"
        )
    if row.author == actor.id:
        raise Refused("拟写人不能发布，须由另一人发布 whoever wrote it does not release it: another person does",
                      sort="state")  # fmt: skip
    if row.hidden:
        raise Refused("所涉监察牌已撤或申诉未决 its card is withdrawn, or an appeal is pending", sort="state")
    values = {"state": "released", "released_by": actor.id, "released_at": now}
    if not stored.change(conn, number, "draft", values, written=row.written):
        raise _not_a_draft(number)
    audit.record(conn, now, actor.id, "notice.released", "notice", str(number), {"hall": row.hall, "kind": row.kind})


def take_back(conn: Connection, number: int, *, actor: Principal, why: str, now: datetime) -> None:
    """No screen shows it any more; a draft is thrown away by it. Raises Refused."""
    _require(actor, WRITE)
    require_words(why)
    row = require_notice(conn, actor, number)
    if row.state == "taken_back":
        raise Refused("已收回 it was taken back already", sort="state")
    if not stored.change(conn, number, row.state, {"state": "taken_back", "ended_by": actor.id, "ended_at": now}):
        raise Refused("刚被他人更改 somebody changed it just now", sort="state")
    audit.record(
        conn, now, actor.id, "notice.taken_back", "notice", str(number), {"hall": row.hall}, private={"why": why}
    )


def list_notices(conn: Connection, who: Principal, chosen: Chosen, limit: int) -> Sequence[Row[Any]]:
    """The newest first, one more than `limit` where others follow."""
    wanted: list[ColumnElement[bool]] = [within(who, NOTICE.c)]
    wanted += [NOTICE.c[n] == v for n in ("hall", "kind") if (v := getattr(chosen, n)) is not None]
    return stored.listed(conn, wanted, chosen.before, limit + 1)


def require_notice(conn: Connection, who: Principal, number: int) -> Row[Any]:
    found = stored.find(conn, number, within(who, NOTICE.c))
    if found is None:
        raise Refused(f"notice {number}: 没有此公告 there is no such notice", sort="missing")
    return found


def mark_of(row: Row[Any]) -> str:
    """Of what the public would read: what was seen is what is released."""
    told = [row.hall, row.kind, row.title, row.text, str(row.first), str(row.last), row.card, row.reference, row.author]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:32]


def state_of(row: Row[Any], zone: ZoneInfo, now: datetime) -> str:
    """One of STATES."""
    if row.state != "released":
        return str(row.state)
    if row.hidden:
        return "hidden"
    today = now.astimezone(zone).date()
    return "waiting" if row.first > today else "over" if row.last < today else "shown"


def _require(actor: Principal, action: str) -> None:
    no = refusal(actor, action)
    if no is not None:
        raise Refused.because(no)


def _require_fit(conn: Connection, draft: Draft) -> None:
    if draft.kind not in KINDS:
        raise Refused(f"{draft.kind[:20]!r} 不在可选值之内 is none of {', '.join(KINDS)}", field="kind")
    for field, most in (("title", MOST_TITLE), ("text", MOST_TEXT), ("reference", MOST_REFERENCE)):
        text = getattr(draft, field)
        if len(text) > most:
            raise Refused(f"{len(text)} 字，最多 characters, at most {most}", field=field)
        if not is_plain(text):
            raise Refused("含不可见字符 holds characters that cannot be shown", field=field)
    if not draft.title.strip():
        raise Refused("须有标题 a title is needed", field="title")
    if draft.last < draft.first:
        raise Refused("止于起始之前 it ends before it begins", field="to")
    if (draft.last - draft.first).days >= MOST_DAYS:
        raise Refused(f"最多 at most {MOST_DAYS} 天 days", field="to")
    if draft.kind == "circular" and draft.card is None and not draft.reference.strip():
        raise Refused("通报须注明监察牌号或文号 a circular names its card or the decision's number", field="card")
    if draft.card is not None:
        _require_card(conn, draft)


def _require_card(conn: Connection, draft: Draft) -> None:
    """A card of that hall that stands: one of another hall is refused as one that there is not."""
    query = select(stored.HIDDEN).where(CARD.c.number == draft.card, CARD.c.hall == draft.hall)
    hidden = conn.execute(query).scalar()
    if draft.kind != "circular":
        raise Refused("仅通报可附监察牌 a circular alone is about a card", field="card")
    if hidden is None:
        raise Refused(f"{draft.card}: 没有此牌 there is no such card", field="card")
    if hidden:
        raise Refused("所涉监察牌已撤或申诉未决 its card is withdrawn, or an appeal is pending", field="card")


def _not_a_draft(number: int) -> Refused:
    return Refused(f"notice {number}: 不是草稿 it is no draft any more", sort="state")
