"""Lease an address, send its oldest due message, record the try (DESIGN §1B.4): at least once, in order.

Time-outs, back-off, leases and buckets are real time; the program's clock may run fast and has no part in them.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

import structlog
from sqlalchemy import Connection

from alerts.channels.base import Channel, Unusable, bounded
from alerts.composing import Job, compose
from alerts.contents import content_of, named_ids
from alerts.grouping import flush_time, refill, single_key
from alerts.policy import AlertPolicy
from alerts.rendering import Style
from alerts.retry import Again, GiveUp, Outcome, Result, after_failure, refused
from monitor import failpoints, trace
from monitor.store import alerts as planned
from monitor.store import seals
from monitor.store import sending as rows
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.sending import Head

log = structlog.get_logger(__name__)

SendResult = Literal["sent", "refused", "timeout", "retried", "dead"]
COUNTED: Final[Mapping[Outcome, SendResult]] = {
    Outcome.SENT: "sent",
    Outcome.REFUSED: "refused",
    Outcome.TIMEOUT: "timeout",
}
GONE: Final = "gone"
"""Channel label of a receiver that the settings no longer have."""


class Counter(Protocol):
    """Counts tries by channel kind and result, and cards that went to nobody (`monitor.metrics.Metrics` does)."""

    def notification(self, channel: str, result: SendResult) -> None: ...
    def unrouted(self, rule: str, level: str) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A result, and whether the message has parts left after this one."""

    result: Result
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Any number of them, in threads and replicas, share one store. `real_now`: real time, aware; `draw`: in [0, 1)."""

    store: Store
    policy: AlertPolicy
    channels: Mapping[str, Channel]
    real_now: Callable[[], datetime]
    counter: Counter
    draw: Callable[[], float] = field(default=random.random)

    @property
    def lease(self) -> timedelta:
        """Longer than a try can take, so that a lease that runs out means a dead sender (DESIGN §10)."""
        return timedelta(seconds=self.policy.timeout_seconds * 2 + 10)

    def run(self, going: Callable[[], bool] = lambda: True) -> int:
        """Send until nothing is due, or `going` says no; how many tries were made.

        1. lease and write the try down → commit 2. send 3. record and give the lease back; in the same transaction
        lease the next → commit. A crash between any two leaves a try without a result: the next lease sends again, and
        says that it may be a repeat.
        """
        with self.store.read() as conn:  # nobody waits for a write lock to learn that nothing is due
            if rows.due_address(conn, self.real_now()) is None:
                return 0
        tries, job = 0, self._turn(None, lease=going())
        while job is not None:
            failpoints.hit("send.before")
            tried = self._try(job)
            failpoints.hit("send.after")
            tries += 1
            job = self._turn((job, tried), lease=going())
        return tries

    def _turn(self, done: tuple[Job, Tried] | None, *, lease: bool) -> Job | None:
        """One transaction: the record of a try that was made, and the lease of the next.

        A message that cannot even be read is put off, so that it holds no other address; the record stands anyway.
        """
        reading: list[str] = []

        def work(conn: Connection) -> tuple[Sequence[SendResult], Job | None]:
            reading.clear()
            counted = self._record(conn, *done) if done else ()
            return counted, self._next(conn, reading) if lease else None

        try:
            counted, job = self.store.step(work)
        except STORE_AWAY:
            raise  # the store's trouble, not the message's: the loop rests and tries again
        except Exception:
            if not reading:
                raise
            log.exception("a message could not be read", action="alert.lease_failed", address=reading[-1])
            until = self.real_now() + timedelta(seconds=self.policy.retry.cap_seconds)
            self.store.step(lambda conn: rows.put_off(conn, reading[-1], until))
            return self._turn(done, lease=lease)
        for result in counted:
            self.counter.notification(self._label(done[0].head.address) if done else GONE, result)
        if done is not None:
            self._told(*done)
        return job

    def _told(self, job: Job, tried: Tried) -> None:
        """To the log: what was tried, for whom, and which messages of devices that goes back to."""
        sent = tried.result.outcome is Outcome.SENT
        say = log.info if sent else log.warning
        found = [item["content"]["trace"] for item in job.items if item["content"].get("trace")]
        say("a message was tried", action="alert.sent" if sent else "alert.not_sent", delivery=job.head.delivery,
            receiver=job.head.address, attempt=job.n, outcome=tried.result.outcome.value,
            cards=sorted({item["card"] for item in job.items}), **(trace.fields(*found) if found else {}))  # fmt: skip

    def _next(self, conn: Connection, reading: list[str]) -> Job | None:
        """The next job, whatever its address; `reading` is told each address before it is looked at."""
        while (address := rows.due_address(conn, self.real_now(), lock=True)) is not None and address not in reading:
            reading.append(address)
            job = self._lease(conn, address)
            if job is not None:
                return job
        return None

    # ------------------------------------------------------------- 1. lease

    def _lease(self, conn: Connection, address: str) -> Job | None:
        real, token = self.real_now(), uuid.uuid4().hex
        row = rows.take_lease(conn, address, token=token, until=real + self.lease, real=real)
        if row is None:
            return None
        found, items = self._head_with_words(conn, address, real)
        if found is None or not self._take_token(conn, row, real):
            rows.end_lease(conn, address, token)
            return None
        repeated = rows.may_have_arrived(conn, found)
        rows.begin_attempt(conn, found, channel=self._label(address), real=real)
        contents = tuple(content_of(item) for item in items)
        style = Style(
            lang=self.policy.lang_of(address),
            zone=self.policy.zone,
            zones=planned.zones(conn),
            names=planned.names(conn, named_ids(contents)),
            link=self.policy.link,
            seal_head=seals.head_text(conn) if found.kind == "digest" else "",
        )
        receiver = self.policy.receivers.get(address)
        return Job(
            head=found,
            token=token,
            items=tuple(items),
            contents=contents,
            style=style.masked(receiver.names) if receiver else style,
            repeated=repeated,
            template=self.policy.template_of(address),
        )

    def _head_with_words(
        self, conn: Connection, address: str, real: datetime
    ) -> tuple[Head | None, list[Mapping[str, Any]]]:
        """The head of the address and its items; heads with nothing left to say are dropped on the way.

        The end of a card whose firing never reached the address is not said there, but to the fallback that got it.
        """
        while (found := rows.head(conn, address, real)) is not None:
            items, unheard = rows.items_to_say(conn, found.delivery)
            self._fall_back(conn, found, unheard, GiveUp(code="unheard"), real)
            if items:
                return found, items
            rows.end_delivery(conn, found.delivery, state="dropped", real=real, why="nothing left to say")
        return None, []

    def _take_token(self, conn: Connection, row: Mapping[str, Any], real: datetime) -> bool:
        per_minute = self.per_minute(row["id"])
        if per_minute is None:
            return True
        tokens, ready_at = refill(row["tokens"], row["filled_at"], real, per_minute)
        left = tokens - 1 if ready_at is None else tokens
        rows.set_bucket(conn, row["id"], tokens=max(left, 0.0), filled_at=real, ready_at=ready_at)
        return ready_at is None

    def per_minute(self, address: str) -> int | None:
        """Messages that an address may be sent in a minute: the settings' word, else its channel's; None: any."""
        receiver, channel = self.policy.receivers.get(address), self.channels.get(address)
        given = receiver.per_minute if receiver else None
        return given if given is not None else (channel.default_per_minute if channel else None)

    def _label(self, address: str) -> str:
        channel = self.channels.get(address)
        return channel.name if channel else GONE

    # ------------------------------------------------------------- 2. send

    def _try(self, job: Job) -> Tried:
        channel = self.channels.get(job.head.address)
        if channel is None:
            return Tried(result=refused("the settings no longer have this receiver", permanent=True))
        more = [False]

        def work() -> Result:
            try:
                message, more[0] = compose(job, channel)
            except Unusable:
                raise  # said once at start; `bounded` makes it a final refusal
            except Exception as error:
                # our own fault, and the same at every try: what is behind it must not wait for it
                log.exception("a message could not be written", action="alert.compose_failed",
                              delivery=job.head.delivery)  # fmt: skip
                return refused(f"could not be written: {type(error).__name__}: {error}", permanent=True)
            return channel.send(message)

        result = bounded(work, self.policy.timeout_seconds)
        return Tried(result=result, more=more[0])

    # ------------------------------------------------------------- 3. record

    def _record(self, conn: Connection, job: Job, tried: Tried) -> list[SendResult]:
        """Write the result down, if the lease still is ours: else another sender took over and says it again.

        Returns what is to be counted once this is committed.
        """
        head, result, real = job.head, tried.result, self.real_now()
        if not rows.end_lease(conn, head.address, job.token):
            log.warning("a lease ran out", action="alert.lease_lost", delivery=head.delivery, attempt=job.n)
            return [COUNTED[result.outcome]]
        rows.end_attempt(conn, head.delivery, job.n, result=result.outcome, detail=result.detail, real=real)
        if result.outcome is Outcome.SENT:
            if tried.more:
                rows.next_part(conn, head.delivery, head.part + 1, real)
            else:
                rows.end_delivery(conn, head.delivery, state="sent", real=real)
            return ["sent"]
        step = self._next_step(conn, job, result, real)
        if isinstance(step, Again):
            rows.postpone(conn, head.delivery, step.at)
            return [COUNTED[result.outcome], "retried"]
        rows.end_delivery(conn, head.delivery, state="dead", real=real, why=step.why)
        log.error("an alert could not be delivered", action="alert.dead", delivery=head.delivery,
                  receiver=head.address, why=step.why)  # fmt: skip
        self._fall_back(conn, head, job.items, step, real)
        # with their ends, should they wait already: else the fallback, told that a card stands, hears a later one first
        ends = rows.ends_behind(conn, head.address, {item["card"] for item in job.items})
        self._fall_back(conn, head, ends, GiveUp(code="unheard"), real)
        return [COUNTED[result.outcome], "dead"]

    def _fall_back(
        self, conn: Connection, head: Head, items: Sequence[Mapping[str, Any]], why: GiveUp, real: datetime
    ) -> None:
        """What an address could not be given goes to the fallback receiver, unless that is the one (DESIGN §6)."""
        fallback, dead = self.policy.fallback, head.address
        if fallback is None or fallback == dead:
            return
        channel = self.channels.get(fallback)
        single = channel is not None and not channel.grouped and head.kind == "alert"
        for item in items:
            key = {"card": item["card"], "sequence": item["sequence"], "address": fallback, "purpose": item["purpose"]}
            if planned.has_item(conn, **key):
                continue
            delivery = planned.open_delivery(
                conn,
                address=fallback,
                group=single_key(item["card"], item["sequence"], item["purpose"])
                if single
                else f"dead {head.kind} {dead}",
                flush=real if single else flush_time(real, self.policy.group_wait_seconds),
                real=real,
                kind=head.kind,
            )
            content = {**item["content"], "undelivered": {"receiver": dead, **asdict(why)}}
            planned.add_item(conn, **key, content=content, delivery=delivery)

    def _next_step(self, conn: Connection, job: Job, result: Result, real: datetime) -> Again | GiveUp:
        return after_failure(
            self.policy.retry,
            result,
            tries=rows.tries_of_part(conn, job.head.delivery, job.head.part),
            created=job.head.created,
            now=real,
            draw=self.draw(),
        )
