"""Requests of people and what is decided about them (申请审批): one core for console, API and command line.

`requestflow` says what is allowed; here it is read, written and recorded. An undecided request excuses nobody. The last
approval writes the plan rows in its own transaction, as `plans import` does, which marks what is to be judged anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, covers, refusal
from monitor.settings import Policy
from monitor.store import audit, planrequests, plans
from monitor.store.facts.look import Look
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused
from monitor.supervision.requestchecks import Asked, Checked, checked, fits, no_overlap, of_row, whom
from monitor.supervision.requestdeciders import Deciders, actor_of, flow_of, place_of
from monitor.supervision.requestflow import Event, NotAllowed, steps_between, take
from monitor.supervision.requestplans import plan_row, rows_of
from monitor.wording import words
from monitor.wording.requests import STATES

KIND: Final = "request"
"""Of audit rows."""


def file(look: Look, policy: Policy, asked: Asked, *, actor: str | Principal) -> int:
    """File a request; its number. The caller commits. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "requests:file")
    if no is not None:
        raise Refused.because(no)
    for text in (asked.reason, asked.letter or ""):
        if text.strip():
            require_words(text)
    staff = whom(look, asked, who)
    planrequests.lock_person(look.conn, staff)
    found = checked(look, policy, asked, who)
    number = planrequests.add(look.conn, _values(found, who, look.now))
    _log(look.conn, number, 1, who, "filed", (), "", look.now)
    body = {
        "kind": found.kind, "staff": staff, "from": found.starts.isoformat(), "to": found.ends.isoformat(),
        "substitute": asked.substitute, "about": asked.about, "role": who.role, "chain": list(found.chain),
        **({"date": asked.day.isoformat(), "slot": asked.slot} if asked.day is not None else {}),
    }  # fmt: skip
    given = {"why": asked.reason, "leave_kind": asked.leave_kind, "letter": asked.letter}
    private = {name: value for name, value in given.items() if value}
    audit.record(look.conn, look.now, who.id, "request.filed", KIND, str(number), body, private=private)
    return number


def _values(found: Checked, who: Principal, now: datetime) -> dict[str, Any]:
    asked = found.asked
    cover = found.kind not in ("outing", "correction", "return")
    return {
        "kind": found.kind, "staff": found.staff, "hall": found.place.hall, "unit": found.place.unit,
        "window": found.place.window, "starts": found.starts, "ends": found.ends,
        "leave_kind": asked.leave_kind if found.kind == "leave" else None,
        "letter": (asked.letter or "").strip() or None if cover else None,
        "substitute": asked.substitute if cover else None,
        "overtime": asked.overtime if found.kind == "lieu" else None,
        "day": asked.day if found.kind == "correction" else None,
        "slot": asked.slot if found.kind == "correction" else None,
        "about": asked.about if found.kind == "return" else None,
        "reason": asked.reason.strip(), "days": found.days, "chain": list(found.chain), "filed_by": who.id,
        "filed_at": now,
    }  # fmt: skip


# --------------------------------------------------------------------------- deciding


def decide(
    look: Look, number: int, event: Event, *, actor: str | Principal, why: str, sequence: int | None = None
) -> Row[Any]:  # fmt: skip
    """Approve, refuse or withdraw; the request as it then stands. The caller commits.

    `sequence`: what whoever decides has seen of it (None: whatever there is). Raises Refused; where somebody else was
    faster, with who it was.
    """
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "requests:file" if event == "withdrawn" else "requests:decide")
    if no is not None:
        raise Refused.because(no)
    if why.strip() or event == "refused":
        require_words(why)
    row = require_request(look.conn, who, number, lock=True)
    if sequence is not None and sequence != row.sequence:
        raise _outrun(look.conn, row)
    before = flow_of(row)
    try:
        after = take(before, event, actor_of(who, row), Deciders.read(look.conn).vacant(row))
    except NotAllowed as refused:
        raise _not_allowed(look.conn, row, who, refused.why) from None
    values: dict[str, Any] = {"state": after.state, "step": after.step, "sequence": row.sequence + 1}
    if after.state != "pending":
        values["decided_at"] = look.now
    if after.state == "approved":
        values["plans"] = _write(look, row, who)
    planrequests.change(look.conn, number, values)
    steps = steps_between(before, after) if event != "withdrawn" else ()
    _log(look.conn, number, row.sequence + 1, who, event, steps, why.strip(), look.now)
    body = {
        "from": before.state, "to": after.state, "role": who.role, "staff": row.staff, "kind": row.kind,
        "steps": list(steps), **({"plans": values["plans"]} if "plans" in values else {}),
    }  # fmt: skip
    private = {"why": why.strip()} if why.strip() else None
    audit.record(look.conn, look.now, who.id, f"request.{event}", KIND, str(number), body, private=private)
    changed = planrequests.find(look.conn, number)
    assert changed is not None
    return changed


def _write(look: Look, row: Row[Any], who: Principal) -> dict[str, str]:
    """The plan rows, as they are fit now; their ids by table. Raises Refused."""
    planrequests.lock_person(look.conn, row.staff)
    try:
        if row.kind == "correction":
            fits(look, row.staff, row.day, row.slot, row.starts)
        elif row.kind == "return":
            _still_there(look, row)
        else:
            no_overlap(look, of_row(row), row.number)
    except Refused as error:
        raise Refused(error.text, error.reason, sort="state") from None
    rows = rows_of(look.conn, row, who.staff or who.id, look.now)
    plans.save_plans(look.conn, rows, look.registry, look.now, actor=who.id)
    return {table: str(given[0]["id"]) for table, given in rows.items()}


def _still_there(look: Look, row: Row[Any]) -> None:
    table, _, plan = row.about.partition("/")
    leave = plan_row(look.conn, table, plan)
    if leave is None or not leave["starts"] <= row.ends < leave["ends"]:
        raise Refused("此假已变更，请拒绝后重新申请 this leave has changed meanwhile: refuse, and file anew")


# --------------------------------------------------------------------------- who sees it, who may


def sees(who: Principal, row: Any) -> bool:
    """Whether a request lies within reach, or is one's own."""
    own = row.filed_by == who.id or (who.staff is not None and who.staff in (row.staff, row.substitute))
    return own or (refusal(who, "attendance:read") is None and covers(who, place_of(row)))


def sees_private(who: Principal, row: Any) -> bool:
    """Whether somebody may read the kind of leave, reasons and letters: whoever it is about, filed it or decides it."""
    own = row.filed_by == who.id or (who.staff is not None and who.staff == row.staff)
    return own or refusal(who, "requests:decide", place_of(row)) is None


def require_request(conn: Connection, who: Principal, number: int, *, lock: bool = False) -> Row[Any]:
    """Raises Refused for a request that there is not, and with the same words for one beyond reach."""
    row = planrequests.find(conn, number, lock=lock)
    if row is None or not sees(who, row):
        raise Refused(
            f"申请 #{number}: 没有此申请 there is no such request; `jiancha requests list` 列出 lists them",
            sort="missing",
        )
    return row


def _not_allowed(conn: Connection, row: Row[Any], who: Principal, why: str) -> Refused:
    if why == "decided":
        return _outrun(conn, row)
    if why == "reach":
        no = refusal(who, "requests:decide", place_of(row))
        assert no is not None
        return Refused.because(no)
    waits = Deciders.read(conn).waits_for(row)
    role = words.ROLES.get(waits or "", (str(waits), str(waits)))
    told = {
        "own": "本人的申请须由他人审批 nobody decides their own request",
        "filed": "代办人不能审批自己提交的申请 nobody decides what they filed themselves",
        "filer": "只有提交人或本人可撤回 only whoever filed it, or whose it is, withdraws it",
        "role": f"现由{role[0]}审批 it now waits for: {role[1]}",
    }[why]
    return Refused(told, sort="role" if why in ("own", "filed") else "state")


def _outrun(conn: Connection, row: Row[Any]) -> Refused:
    last = planrequests.history(conn, row.number)[-1]
    state = STATES[row.state]
    return Refused(
        f"申请 #{row.number} 已由 {last.actor} 处理（{state[0]}），请刷新 somebody was faster: {last.actor}"
        f" ({state[1]}); load it anew",
        sort="state",
    )


def _log(
    conn: Connection, number: int, sequence: int, who: Principal, event: str, steps: Any, why: str, now: datetime
) -> None:
    planrequests.log(conn, {
        "request": number, "sequence": sequence, "at": now, "actor": who.id, "role": who.role, "event": event,
        "steps": list(steps) or None, "why": why,
    })  # fmt: skip
