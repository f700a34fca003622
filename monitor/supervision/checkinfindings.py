"""Check-ins that may be somebody else's (存疑签到), for `report findings`: a person says whose they were.

Their rule id, `checkin.doubt`, is no row of the regulations.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from monitor.attendance.policy import CheckinPolicy
from monitor.store.facts.doubted import doubted_since, policy_at
from monitor.store.facts.look import Look
from monitor.supervision.planfindings import row_of

DAYS: Final = 31
"""So many days back."""


def checkin_findings(look: Look, policy: CheckinPolicy) -> Iterator[dict[str, Any]]:
    """One row a check-in, by time: at which distance the face was, whether a challenge failed (docs/faces.md)."""
    for made in doubted_since(look, policy, look.now - timedelta(days=DAYS)):
        why, own = [], policy_at(look, policy, made.staff, made.at)
        if made.distance is not None and own.most_distance is not None and made.distance > own.most_distance:
            why.append(
                f"人脸距离 {made.distance:.3g} 超过 {own.most_distance:g} the face is farther away than is accepted"
            )
        if made.liveness is not None and made.liveness < own.min_liveness:
            why.append("本人核验（活体动作或补传的密码）未通过 the proof of the person failed")
        yield row_of("checkin.doubt", f"staff:{made.staff}", made.at, f"{'；'.join(why)}（{made.id}）待复核 for review")
