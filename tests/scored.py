"""A hall's month as assessment sees it, from a store that is judged in process."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from monitor.assessment.book import Choices
from monitor.assessment.model import Fact
from monitor.assessment.scoring import Scoring
from monitor.store.facts.scoring import load_scoring
from tests.world import World

CHOICES: Final = Choices(
    late_over_15="off_post", offpost_minutes=15, late_amount="both", offpost_vs_unstaffed="both",
    accumulate_period="year", and_or_20b5="either", inclusive=True, overdue_days_unit="workday", rolling_20="rolling",
    absent_units=2, month_15="each_month", year_words="annual", floor=Decimal(0), overdue_10="after_confirmation",
    checks=2, denominators="stated",
)  # fmt: skip


def scored(world: World, month: str = "2026-03", hall: str = "h1", **choices: Any) -> Scoring:
    """At the world's time."""
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        return load_scoring(look, hall, month, world.settings.policy, CHOICES.model_copy(update=choices))


def lines(scoring: Scoring, *sources: str) -> list[str]:
    """`SOURCE key proof [window staff]`, of these sources or all, in the order of the alphabet."""
    return sorted(line(fact) for fact in scoring.facts if not sources or fact.source in sources)


def line(fact: Fact) -> str:
    whom = " ".join(one for one in (fact.window, fact.staff) if one)
    times = f" x{fact.amount}" if fact.amount != 1 else ""
    return f"{fact.source} {fact.key} {fact.proof}{times} [{whom}]"
