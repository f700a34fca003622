"""A backlog of 100,000 messages against a bare aiomqtt subscriber that does nothing with them.

    python bench/backlog.py [--rounds N] [--events N] [--batch N] [--json]

What waited while the daemon was down: decoded, validated, stored, marked, acknowledged. Both have a session
of their own in the same broker, filled by the same publishing. Goal: at least 2.5 times.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import structlog
from hall import SESSION, fresh_hall
from rounds import Row, in_turn, medians, options, row, tell
from subscribers import Bare, Ours, drained_a_second

from monitor.ingest.subscriber import BATCH

GOAL = 2.5
OTHER = "bare"


def play(number: int, events: int, batch: int) -> Mapping[str, float]:
    """A round: one publishing fills both queues, then each is drained alone."""
    found: dict[str, float] = {}
    with fresh_hall() as hall:
        hall.open_session(SESSION)
        hall.open_session(OTHER)
        hall.publish(events)
        for side in in_turn(("ours", "bare"), number):
            if side == "ours":
                found[side] = drained_a_second(Ours(hall, events, batch=batch, judging=False), events)
            else:
                found[side] = drained_a_second(Bare(hall.options(OTHER, "jiancha"), events), events)
    return found


def measure(rounds: int, events: int, batch: int) -> list[Row]:
    found = medians(rounds, lambda number: play(number, events, batch))
    figures = f"{found['ours']:,.0f} against {found['bare']:,.0f} messages/s"
    return [row("backlog", found["ours"] / found["bare"], GOAL, figures, events=events, rounds=rounds, batch=batch)]


def main() -> int:
    given = options(__doc__, events=100_000, batch=BATCH)
    tell(measure(given.rounds, given.events, given.batch), json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
