"""Rows of statistics for cases that were judged before there were any: made step by step beside the loop."""

from __future__ import annotations

from datetime import datetime

from monitor.store import casestats
from monitor.supervision.loop import CLAIM, Judge
from monitor.supervision.statistics import stats_of


def fill_in(judge: Judge, now: datetime) -> bool:
    """Make the rows of some cases that were judged before there were any; gives whether more may be without one.

    Once all have theirs it is noted, and nothing is looked for any more.
    """
    with judge.store.read() as conn:
        if casestats.is_filled(conn):
            return False
        keys = casestats.without_row(conn, CLAIM)
        made = stats_of(judge.look(conn, now), judge.policy.timeliness, keys) if keys else {}
    judge.store.step(lambda conn: casestats.fill_in(conn, made) if made else casestats.set_filled(conn))
    return bool(keys)
