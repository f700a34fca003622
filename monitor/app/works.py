"""What is made in the background, each kind of it: bytes from a look at the store (docs/adr/0040).

What loads the makers of files is imported where it is used: a daemon that makes none does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row

from monitor.app.program import Program
from monitor.store import sheetjobs
from monitor.store.facts.look import Look
from monitor.supervision.people import principal_of

if TYPE_CHECKING:
    from monitor.access import Principal
    from monitor.assessment.snapshot import Snapshot
    from monitor.settings import Policy


class Stopped(Exception):
    """The daemon stops, or what is made was taken away meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """One thing that is made. `tell`: how far it is, of how much; raises Stopped where it need not go on. `own`: write
    the row while this process has it, within a transaction; raises Stopped where it has it no more.
    """

    program: Program
    look: Callable[[Connection, datetime], Look]
    job: Row[Any]
    tell: Callable[[int, int], None]
    own: Callable[[Connection, Mapping[str, Any]], None]

    @property
    def policy(self) -> Policy:
        return self.program.policies.current.policy

    def who(self, conn: Connection) -> Principal:
        """Who asked, as they are now: whoever has lost the right in between gets nothing. Raises Refused."""
        return principal_of(conn, self.job.asked_by)


def attendance_sheet(making: Making) -> bytes:
    """A closed month's whole sheet is the newest version as it was signed, all others are drafts."""
    from monitor.exports.attendance import draft, kept_tables, written

    job, program = making.job, making.program
    with program.store.read() as conn:
        look = making.look(conn, program.clock.now())
        found = kept_tables(look, job.month, job.hall) if job.unit is None else None
        if found is None:
            told = draft(
                look, making.policy, job.month, job.hall, unit=job.unit,
                tell=lambda done, total: making.tell(done, total + 1),
            )  # fmt: skip
            found = told.tables
        else:
            making.tell(0, 1)
    return written(found, f".{job.format}")


def assessment_report(making: Making) -> bytes:
    """Of a signed period from what was signed; of an open one from the period as it stands, marked as a draft."""
    from monitor.exports.assessment import make, make_week, templates_in
    from monitor.exports.assessment.kept import kept_week, papers_of
    from monitor.settings import config_dir
    from monitor.supervision.assessment.reports import WEEK

    job, program = making.job, making.program
    asked, settings = job.asked, program.settings.assessment
    making.tell(0, 2)
    with program.store.read() as conn:
        look = making.look(conn, program.clock.now())
        who = making.who(conn)
        if asked["kind"] == WEEK:
            return make_week(kept_week(look, who, job.hall, job.month), job.format, "all")
        snapshot, papers = _snapshot(making, look, who), papers_of(look, job.hall, job.month)
    making.tell(1, 2)
    return make(
        snapshot, job.format, asked["kind"], templates=templates_in(config_dir(), settings.letters),
        circular_names=asked["names"] or settings.circular_names, window=asked["window"], papers=papers,
    )  # fmt: skip


def _snapshot(making: Making, look: Look, who: Principal) -> Snapshot:
    from monitor.supervision.assessment.closing import may_preview
    from monitor.supervision.assessment.preview import preview

    may_preview(who, making.job.hall)
    return preview(look, making.job.hall, making.job.month, making.policy, by=who.id)


def assessment_draft(making: Making) -> bytes:
    """A period as whoever asks would sign it."""
    from monitor.supervision.assessment import drafts

    job, program = making.job, making.program
    with program.store.read() as conn:
        look = making.look(conn, program.clock.now())
        return drafts.make(look, making.policy, making.who(conn), job.hall, job.month, job.asked)


def assessment_closing(making: Making) -> None:
    """Sign a period that is as it was shown; that it is done is written with it, in one transaction."""
    from monitor.supervision.assessment import drafts
    from monitor.supervision.assessment.closing import close

    job, program = making.job, making.program
    with program.store.read() as conn:
        look = making.look(conn, program.clock.now())
        who = making.who(conn)
        made = drafts.to_sign(look, making.policy, who, job.hall, job.month, job.asked)

    def sign(conn: Connection) -> None:
        digest = close(conn, made, who=making.who(conn), reason=job.words or "")
        making.own(conn, ended(program.clock.real_now(), digest=digest))

    program.store.step(sign)


def ended(now: datetime, **values: Any) -> dict[str, Any]:
    """The row of what is done."""
    done = {"state": "done", "made_at": now, "maker": None, "lease": None, "words": None, "done": sheetjobs.JOB.c.total}
    return {**done, **values}


WORKS: Final[Mapping[str, Callable[[Making], bytes | None]]] = {
    "attendance": attendance_sheet,
    "report": assessment_report,
    "draft": assessment_draft,
    "closing": assessment_closing,
}
"""`sheet_job.work` → how it is made; None: it wrote its end itself."""
