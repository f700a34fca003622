"""Whose scores lie within somebody's reach (考评查看范围): the whole hall's, a unit's, a window's, one's own.

A sheet lies where its period found it: a person at the window and in the unit where they stood at its end. So who leads
a window sees the scores of those who stood at it then, whoever stands there now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitor.access import Principal, Target, covers, reaches_all, refusal
from monitor.assessment.known import Whom
from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Sheet, Snapshot
from monitor.model import Registry
from monitor.supervision.assessment.gathered import no_hall
from monitor.supervision.attendancereach import halls_of_people
from monitor.supervision.refused import Refused

READ = "scores:read"


def require_reader(who: Principal) -> None:
    """Raises Refused for a role that reads no scores."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)


def halls_to_read(registry: Registry, who: Principal) -> dict[str, str]:
    """Halls in which somebody's scores are theirs to read, {id: name}."""
    return halls_of_people(registry, who) if refusal(who, READ) is None else {}


def require_hall(registry: Registry, who: Principal, hall: str) -> None:
    """Raises Refused: role; word for word the same for a hall that there is not and for one beyond reach."""
    require_reader(who)
    if hall not in halls_to_read(registry, who):
        raise no_hall(hall)


def reaches_hall(who: Principal, hall: str) -> bool:
    """Whether all of the hall is theirs to read."""
    return refusal(who, READ, Target(hall=hall)) is None


def reaches(who: Principal, hall: str, ledger: Ledger, sheet: Sheet) -> bool:
    """Whether the sheet of a hall's snapshot lies within reach."""
    if reaches_all(who):
        return True
    if ledger == "window":
        return covers(who, Target(hall=hall, unit=sheet.unit, window=sheet.id))
    return covers(who, Target(hall=hall, unit=sheet.unit, window=sheet.window, staff=sheet.id))


def within_reach(snapshot: Snapshot, who: Principal) -> Snapshot:
    """The snapshot with the sheets that `who` reaches, and what is told of these alone. What is said of the hall as a
    whole (ties, statistics, remarks that name others) is for those who reach it.
    """
    if reaches_hall(who, snapshot.hall):
        return snapshot
    people = tuple(one for one in snapshot.people if reaches(who, snapshot.hall, "staff", one))
    windows = tuple(one for one in snapshot.windows if reaches(who, snapshot.hall, "window", one))
    theirs: frozenset[Whom] = frozenset(_whom("staff", people)) | frozenset(_whom("window", windows))
    return replace(
        snapshot, people=people, windows=windows, told=(), decided=(), statistics={},
        proposals=tuple(one for one in snapshot.proposals if (one.ledger, one.whom) in theirs),
        unknown=tuple(
            one for one in snapshot.unknown if ("staff", one.staff) in theirs or ("window", one.window) in theirs
        ),
        effects=tuple(one for one in snapshot.effects if (one.ledger, one.whom) in theirs),
        awards=tuple(one for one in snapshot.awards if (one.ledger, one.whom) in theirs),
    )  # fmt: skip


def _whom(ledger: Ledger, sheets: Iterable[Sheet]) -> Iterable[Whom]:
    return ((ledger, sheet.id) for sheet in sheets)
