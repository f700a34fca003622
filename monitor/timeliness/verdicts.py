"""Verdicts that are not climbed: a rule that has nothing to judge, and one verdict out of several episodes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from monitor.model import Outcome, Reason, Rests, Spell, Verdict, Wait, graver, lowest_watermark
from monitor.timeliness.case import Case
from monitor.timeliness.figures import case_figures
from monitor.timeliness.ladder import NOTHING_PROVEN
from monitor.values import Lazy


def plain(case: Case, rule: str, outcome: Outcome, word: str, *sources: str) -> Verdict:
    """The rule says nothing of this case. `sources`: the events by which its source would tell otherwise."""
    mark = lowest_watermark(case.facts.sources_of(*(sources or ("completed",))))
    return Verdict(
        rule=rule,
        outcome=outcome,
        judged_to=min(case.now, mark or NOTHING_PROVEN),
        next_check_at=case.next_fact_at,
        watermark=mark,
        reason=Reason(code=f"{rule}.{word}", figures=Lazy(partial(case_figures, case, case.view.end))),
    )


def joined(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of a rule from those on its episodes: every spell, the gravest outcome with its reason.

    An episode that is over shows as `ok` beside others. Raises ValueError for none at all.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    outcome = graver([v.outcome for v in verdicts])
    shown = next(v for v in reversed(verdicts) if v.outcome is outcome)
    return replace(
        shown,
        judged_to=min(v.judged_to for v in verdicts),
        next_check_at=min((v.next_check_at for v in verdicts if v.next_check_at), default=None),
        spells=tuple(_distinct(spell for v in verdicts for spell in v.spells)),
        waits=earliest(wait for v in verdicts for wait in v.waits),
        watermark=min((v.watermark for v in verdicts if v.watermark), default=None),
        rests=widest([v.rests for v in verdicts]),
        stale_at=min((v.stale_at for v in verdicts if v.stale_at), default=None)
        if outcome is Outcome.UNKNOWN
        else None,
    )


def _distinct(spells: Iterable[Spell]) -> Iterator[Spell]:
    """Ids of facts are unique in their source only: two episodes that facts of two sources began stay two cards."""
    met: Counter[str | None] = Counter()
    for spell in spells:
        met[spell.episode] += 1
        again = spell.episode is not None and met[spell.episode] > 1
        yield replace(spell, episode=f"{spell.episode}/{met[spell.episode]}") if again else spell


def widest(rests: Iterable[Rests | None]) -> Rests | None:
    """The span that holds all of them; None where none of them says one."""
    told = [span for span in rests if span is not None]
    if not told:
        return None
    ends = [end for _, end in told if end is not None]
    return min([start for start, _ in told]), max(ends) if len(ends) == len(told) else None


def earliest(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    """One wait a source: the one that is over first."""
    first: dict[str, Wait] = {}
    for wait in waits:
        if wait.source not in first or wait.until < first[wait.source].until:
            first[wait.source] = wait
    return tuple(first.values())
