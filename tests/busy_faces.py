"""What the busy hall has of faces, for the pages about them: check-ins in doubt, consents. Put into a copy of it, for
others' pages are to show what they did.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from monitor.agents.demoplan import HALL
from monitor.store.engine import Store
from monitor.store.schema import CheckinReviewRow, CheckinRow, FaceConsentRow, FaceRow, HeartbeatRow
from monitor.store.sql import table_of
from tests.http_app import insert

MORNING = datetime(2026, 3, 4, 0, 20, tzinfo=UTC)


def fill_faces(store: Store) -> None:
    """Three check-ins in doubt that wait, one of them looked at in vain, and one that was decided; consents."""
    with store.write() as conn:
        fill_consents(conn)
        beat = table_of(HeartbeatRow)
        boot = conn.execute(select(beat.c.boot).where(beat.c.device == f"{HALL}-tm1").limit(1)).scalar_one()
        insert(conn, CheckinRow, *({**doubt(n), "boot": boot} for n in range(1, 5)))
        insert(conn, CheckinReviewRow, decision(2, "unclear", "图像模糊，待询问"), decision(4, "is", "本人到场确认"))


def fill_consents(conn: Connection) -> None:
    """One who agreed, one who is enrolled (the key is nowhere), one who withdrew."""
    for n, more in ((1, {}), (2, {}), (3, {"withdrawn_at": MORNING, "withdrawn_by": "personnel"})):
        given = {"consented_at": MORNING - timedelta(days=2), "recorded_at": MORNING - timedelta(days=1)}
        row = {"staff": f"{HALL}-p0{n}", "purpose": "考勤签到", "recorded_by": "personnel"}
        insert(conn, FaceConsentRow, {**row, **given, **more})
    face = {"staff": f"{HALL}-p02", "key": "0" * 32, "consent": 2, "model": "dlib-resnet", "version": "1-68"}
    insert(conn, FaceRow, {**face, "vectors": 3, "sealed": b"", "enrolled_at": MORNING, "enrolled_by": "head"})


def doubt(n: int) -> dict[str, Any]:
    """A face at a distance of doubt; of every second one the challenge failed."""
    at = MORNING + timedelta(minutes=4 * n)
    return {
        "raw_event": 8_000_000 + n, "event_id": f"doubt-{n}", "source": f"{HALL}-tm1", "at": at, "received": at,
        "staff": f"{HALL}-p0{n}", "method": "face", "distance": 0.44 + 0.02 * n, "liveness": 1.0 if n % 2 else 0.0,
    }  # fmt: skip


def decision(n: int, said: str, reason: str) -> dict[str, Any]:
    row = doubt(n)
    return {
        "source": row["source"], "event_id": row["event_id"], "sequence": 1, "staff": row["staff"], "at": row["at"],
        "decision": said, "reason": reason, "decided_at": row["at"] + timedelta(hours=2), "decided_by": "duty",
    }  # fmt: skip
