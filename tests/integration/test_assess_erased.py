"""A person who is erased stands nowhere in the tables of assessment: not in marks, words of the cycle, signed sheets or
what the audit keeps apart; ids, points and digests stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.store import cycle
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.schema import metadata
from monitor.supervision.assessment.cycle import circulars, patrols, selfwork, weeks
from monitor.supervision.assessment.cycle.ahead import expect_cycle
from monitor.supervision.assessment.signed import signed
from monitor.supervision.erasure import ERASED, erase
from monitor.supervision.people import Person, save_person
from tests.assessed_hall import HALL, LI, person
from tests.closable import Closable

pytestmark = pytest.mark.both_databases

NAME = "员工2"
LEAD = person("lead2", "window_lead", halls=[], windows=frozenset({"w2"}), staff="s02")
TABLES = (
    "rule_book", "score_entry", "score_proposal", "score_mark", "closed_period", "kept_scores", "period_result",
    "private_text",
)  # fmt: skip


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Closable:
    return Closable(store, tmp_path)


def act(made: Closable, command: Any, *given: Any, **more: Any) -> Any:
    return made.store.step(lambda conn: command(made.world.judging.look(conn, made.now), *given, **more))


def everything(made: Closable) -> Iterator[str]:
    """Each row of assessment's tables that holds the name, and of the private values of the audit."""
    with made.store.read() as conn:
        for table in metadata.sorted_tables:
            if table.name in TABLES or table.name == cycle.WORD.name or table.name.startswith(("assess", "cycle_")):
                for row in conn.execute(select(table)):
                    if NAME in repr(tuple(row)) or any(NAME.encode() in v for v in row if isinstance(v, bytes)):
                        yield f"{table.name} {tuple(row)!r}"[:200]
        for row in conn.execute(select(AUDIT.c.action, PRIVATE).join(PRIVATE, PRIVATE.c.audit == AUDIT.c.id)):
            if NAME in (row.value or ""):
                yield f"audit_private {row.action} {row.name}"


def test_an_erased_person_stands_nowhere_in_assessment(made: Closable) -> None:
    made.found("A15", day="2026-03-03", staff="s02", text=f"{NAME}早会无故缺席")
    made.found("D15", day="2026-03-04", staff="s01", text=f"与{NAME}一同受到感谢", document="表扬信3号")
    act(made, patrols.enter, LI, HALL, 1, "reminded", window="w2", staff="s02", text=f"{NAME}未佩证")
    act(made, selfwork.hand_in, LEAD, "w2", "2026-04", Decimal(99), f"{NAME}迟到一次")
    made.sign(chosen=())
    act(made, expect_cycle)
    act(made, circulars.draft, LI, HALL, "2026-03", "三月通报", f"{NAME}无故缺席，予以通报")
    act(made, weeks.make, LI, HALL, "2026-W13", f"本周{NAME}表现不佳", 2)
    made.world.clock.set(made.now.replace(hour=9))
    before = list(everything(made))
    assert {one.split()[0] for one in before} >= {"assessment_word", "audit_private", "private_text"}
    with made.store.write() as conn:
        save_person(conn, made.registry, Person(id="zhao", role="supervision_head", name="赵某", halls=[HALL]),
                    actor="cli:x", now=made.now)  # fmt: skip
        erase(conn, "staff", "s02", actor="cli:x", now=made.now)
    assert list(everything(made)) == []
    with made.store.read() as conn:
        texts = [row.text for row in conn.execute(select(cycle.WORD).where(cycle.WORD.c.kind == cycle.CIRCULAR.name))]
        [kept] = signed(conn, HALL, verify=True)
    assert f"{ERASED}无故缺席，予以通报" in texts, "the circular stays, without the name"
    assert kept.intact is True
    assert [str(e.points) for e in made.entries if e.key.whom == "s02"] == ["-1.00"]
