"""What closing a month of attendance means, before it is signed (关账预览): what is open, what differs, and a mark of
what was seen, so that nothing else is signed than that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from monitor.access import Principal
from monitor.exports.attendance import BadExport, draft, kept_tables
from monitor.exports.attendance.closing import Next, first_version, next_version
from monitor.exports.attendance.corrections import Difference, differences
from monitor.exports.attendance.stillopen import KINDS, Point, open_in
from monitor.exports.attendance.tables import Tables
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A month as it would be signed at `made`. `version`: the newest one that is signed, 0: none; `changed`: how it
    differs from that; `seen`: the mark of what is shown.
    """

    hall: str
    month: str
    version: int
    state: str
    over: bool
    last: date
    people: int
    made: datetime
    points: tuple[Point, ...]
    changed: tuple[Difference, ...]
    seen: str

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(point.kind for point in self.points)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def blocking(self) -> int:
        """Open points that have to be accepted."""
        return sum(point.blocks for point in self.points)


def preview(look: Look, policy: Policy, month: str, hall: str) -> Preview:
    """The month as it is now; takes as long as its sheet. Raises Refused."""
    try:
        before = kept_tables(look, month, hall)
        found = draft(look, policy, month, hall)
    except BadExport as error:
        raise refused(error) from error
    return Preview(
        hall=hall, month=month, version=before.version if before else 0, state=before.state if before else "",
        over=found.is_over, last=found.month.days[-1], people=len(found.month.people), made=look.now,
        points=open_in(look, found.month),
        changed=tuple(differences(before, found.tables)) if before else (), seen=mark_of(found.tables),
    )  # fmt: skip


def sign(
    look: Look, policy: Policy, month: str, hall: str, who: Principal, reason: str, *, accept_open: bool,
    seen: str | None,
) -> Next:  # fmt: skip
    """The version to be kept: the first one, or the one that corrects the newest. `seen`: the mark of the preview.

    Raises Refused where it cannot be, or where by now the month is not what was seen.
    """
    try:
        if kept_tables(look, month, hall) is None:
            made = first_version(look, policy, month, hall, who, reason, accept_open=accept_open)
        else:
            made = next_version(look, policy, month, hall, who, reason)
    except BadExport as error:
        raise refused(error) from error
    if seen is not None and mark_of(made.tables) != seen:
        raise Refused(
            "预览以后数据有变化，请重新查看后再签核 something changed since the preview: look again, then sign",
            sort="state",
        )
    return made


def mark_of(tables: Tables) -> str:
    """A mark of what the sheet says of people; not of when it was made, nor by whom."""
    return hashlib.sha256(msgspec.json.encode((tables.sheet, tables.details))).hexdigest()[:32]


def refused(error: BadExport) -> Refused:
    """The same without the option's name that the command line puts before it."""
    text = str(error)
    field, _, rest = text.removeprefix("--").partition(" ")
    _, _, told = rest.partition(": ")
    return Refused(told or text, field=field if text.startswith("--") else None)
