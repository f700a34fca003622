"""The paper of the year of bench/madehall.py: requests, spot checks, the audit, messages that went out. Nothing is
drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

REQUESTS, SPOTS, AUDITED, SENT = 3_000, 2_000, 100_000, 20_000
UNDECIDED: Final = 40
"""The newest requests, and as many of the newest checks, still wait."""
STATES: Final = ("approved", "approved", "approved", "refused")
DONE: Final = (
    ("card.acknowledged", "card"), ("card.closed", "card"), ("user.signed_in", "user"), ("plans.add", "leave"),
    ("request.approved", "request"),
)  # fmt: skip
"""(action, kind of object) in turn."""
Row = dict[str, Any]


def requests(now: datetime, windows: int) -> Iterator[Row]:
    for n in range(REQUESTS):
        filed = now - timedelta(hours=2.9) * (REQUESTS - n)
        waits = REQUESTS - n <= UNDECIDED
        yield {
            "number": n + 1, "kind": "leave", "leave_kind": "annual", "staff": f"s{n % 100:02d}", "hall": "h1",
            "unit": f"u{n % 12:02d}", "window": f"w{n % windows:02d}", "starts": filed + timedelta(days=2),
            "ends": filed + timedelta(days=3), "reason": "探亲", "days": 1.0, "chain": ["window_lead", "unit_head"],
            "step": 0 if waits else 2, "state": "pending" if waits else STATES[n % 4], "sequence": 1 if waits else 2,
            "filed_by": "duty", "filed_at": filed, "changed_at": filed + timedelta(hours=1),
        }  # fmt: skip


def request_steps(now: datetime, windows: int) -> Iterator[Row]:
    for row in requests(now, windows):
        common = {"request": row["number"], "actor": "duty", "why": ""}
        yield {**common, "sequence": 1, "at": row["filed_at"], "role": "staff", "event": "filed", "steps": []}
        if row["state"] != "pending":
            yield {
                **common, "sequence": 2, "at": row["changed_at"], "role": "unit_head", "event": row["state"],
                "steps": row["chain"],
            }  # fmt: skip


def spots(now: datetime, windows: int) -> Iterator[Row]:
    for n in range(SPOTS):
        ordered = now - timedelta(hours=4) * (SPOTS - n)
        over = SPOTS - n > UNDECIDED
        yield {
            "id": n + 1, "hall": "h1", "window": f"w{n % windows:02d}", "draw": f"h1-{n // 5}", "seed": f"{n // 5}",
            "cause": "random", "ordered_at": ordered, "ordered_by": "duty", "due_at": ordered + timedelta(minutes=30),
            "result": "present" if over else None, "people": 1 if over else None,
            "seen_at": ordered + timedelta(minutes=9) if over else None,
            "recorded_at": ordered + timedelta(minutes=10) if over else None, "recorded_by": "duty" if over else None,
        }  # fmt: skip


def audited(now: datetime, cards: int) -> Iterator[Row]:
    for n in range(AUDITED):
        action, kind = DONE[n % len(DONE)]
        key = {"card": str(n % cards + 1), "user": "duty", "leave": f"l{n}", "request": str(n % REQUESTS + 1)}[kind]
        yield {
            "at": now - timedelta(minutes=5) * (AUDITED - n), "actor": ("duty", "li", "chen")[n % 3],
            "action": action, "object_kind": kind, "object_id": key, "body": {"from": "open", "to": "closed"},
        }  # fmt: skip


def deliveries(real_now: datetime) -> Iterator[Row]:
    """By the wall's clock, as messages go."""
    for n in range(SENT):
        begun = real_now - timedelta(minutes=20) * (SENT - n)
        yield {
            "id": n + 1, "address": f"r{n % 20:02d}", "group": f"h1/{n}", "flush": begun, "kind": "alert",
            "state": "dead" if n % 50 == 7 else "sent", "due_at": begun, "attempts": 1, "part": 0, "created": begun,
            "ended": begun + timedelta(seconds=2), "why": "",
        }  # fmt: skip


def items(real_now: datetime, cards: int) -> Iterator[Row]:
    for row in deliveries(real_now):
        yield {
            "card": row["id"] % cards + 1, "sequence": row["id"] // cards + 1, "address": row["address"],
            "purpose": "firing", "delivery": row["id"], "content": {}, "planned_at": row["created"],
        }  # fmt: skip


def tries(real_now: datetime) -> Iterator[Row]:
    for row in deliveries(real_now):
        yield {
            "delivery": row["id"], "n": 1, "channel": "webhook", "part": 0, "started": row["created"],
            "ended": row["ended"], "result": "refused" if row["state"] == "dead" else "sent", "detail": "",
        }  # fmt: skip
