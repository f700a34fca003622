"""The judging thread of the daemon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from monitor.app.program import Program, make_expected, record_hours, record_policy
from monitor.rounds import Rounds
from monitor.store.engine import STORE_AWAY
from monitor.supervision.loop import CLAIM, Judge
from monitor.supervision.policies import InForce, look_again
from monitor.supervision.statfill import fill_in

log = structlog.get_logger(__name__)

LONGEST_SECONDS: Final = 5.0
"""How long the loop rests at most: what is due, and what another process wrote, the lookout sees (DESIGN §1B)."""
REST_SECONDS: Final = 0.1
"""How long it rests at least, so that a burst of events is judged in batches."""


EXPECT_AGAIN: Final = timedelta(seconds=1)
"""By the program's clock: a step that facts have woken within it looks for nothing new that is expected."""
GIVE_WAY_SECONDS: Final = 2.0
"""How long it lets a backlog go first before each step: what it would judge on has not all come (docs/adr/0015)."""


class JudgingLoop:
    """The thread that expects and judges until it is stopped; `wake` makes it look at once.

    `caught_up` is not set while ingest drains a backlog (`Subscriber.caught_up`): both would compete for one
    interpreter, and be late together.
    """

    def __init__(
        self,
        program: Program,
        judge: Judge,
        *,
        beat: Callable[[str | None], None],
        after: Callable[[], None],
        caught_up: threading.Event | None = None,
    ) -> None:
        self._program = program
        self._judge = judge
        self._next: InForce | None = None
        """What is in force from the next step on."""
        self._beat = beat
        self._after = after
        self._caught_up = caught_up
        self._recorded = False
        """Whether the hours of the settings were compared with those that were judged by last."""
        self._expected_at = datetime.min.replace(tzinfo=UTC)
        """Up to when what is expected was looked for: time and the registry make it, no fact does."""
        self._filled = False
        """Whether every case judged by an earlier version has its row of statistics."""
        self._rounds = Rounds()
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._rounds.wake()

    def use(self, found: InForce) -> None:
        """Judge by another policy from the next step on; a step under way ends by the one that it began with."""
        self._next = found
        self.wake()

    def stop(self) -> None:
        self._rounds.end()
        self._thread.join(30)

    def _run(self) -> None:
        while self._begin():
            more = False
            try:
                more = self._tick()
                self._beat(None)
            except STORE_AWAY as error:  # /readyz says so of the store, not of the loop
                log.warning("a judging step waits for the store", action="judge.waiting", error=repr(error.orig))
                self._beat(None)
            except Exception as error:  # one bad step must not stop the loop (DESIGN §9.7)
                log.error("a judging step failed; it is tried again", action="judge.step_failed", exc_info=error)
                self._beat(f"the last step failed: {error!r}"[:300])
            if not more:
                self._rest(time.monotonic())

    def _begin(self) -> bool:
        if self._caught_up is not None:
            self._caught_up.wait(GIVE_WAY_SECONDS)
        return self._rounds.begin()

    def _rest(self, done: float) -> None:
        """Until it is woken, and so long since the step before that what comes together is judged together."""
        self._rounds.rest(LONGEST_SECONDS)
        soon = done + REST_SECONDS - time.monotonic()
        if soon > 0:
            self._rounds.pause(soon)

    def _tick(self) -> bool:
        """One step; gives whether more was due than one step takes."""
        now = self._program.clock.now()
        if not self._recorded:
            record_hours(self._program, now)
            record_policy(self._program, now)
            self._recorded = True
        self._take_policy(now)
        if not timedelta(0) <= now - self._expected_at < EXPECT_AGAIN:
            make_expected(self._judge, now)
            self._expected_at = now
        if not self._filled:
            self._filled = not fill_in(self._judge, now)
        applied, claimed = self._judge.step(now)
        if applied.changed:  # what nobody is told of wakes nobody: of a hundred judged, one card changes
            self._after()
        return claimed >= CLAIM

    def _take_policy(self, now: datetime) -> None:
        """Between two steps, in the thread that judges: nothing is judged half by one policy and half by another, and
        what was looked at by the old one up to this very step is looked at again.
        """
        found = self._next
        if found is not None:
            self._program.store.step(lambda conn: look_again(conn, found, now))
            self._judge = replace(self._judge, policy=found.policy)
            if self._next is found:
                self._next = None
