"""Which rows of the regulations and articles of the law the legal clock has to show in a scenario, and where it does.

The rows are those of `domain/rules.md` A.3 with a mark that a program can act on (A, A*, C, S; M is a person's entry);
the articles those of `domain/practice.md` §3 (行政许可法). Both pages lie beside the project, not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MARKS: Final[Mapping[str, str]] = {
    "C01": "A", "C02": "S", "C03": "A", "C04": "A", "C05": "A*", "C06": "A*", "C07": "A*", "C08": "M", "C09": "A",
    "C10": "S", "C11": "A", "C12": "A*", "C13": "M", "C14": "S", "C15": "S", "C16": "S", "C17": "A", "C18": "A",
    "C19": "A", "C20": "A", "C21": "A", "C22": "A", "C23": "A*", "C24": "C", "C25": "A", "C26": "S", "C27": "A",
    "C28": "A", "C29": "A",
}  # fmt: skip
"""The mark of every row of A.3."""
WATCHED: Final = frozenset({"A", "A*", "C", "S"})
ARTICLES: Final = ("32(4)", "42", "43", "44", "45", "82")
"""The articles of practice.md §3, as it heads them."""

_LEGAL: Final = "tests/unit/test_timeliness_legal.py::"
_ROW: Final = f"{_LEGAL}test_row"
_INTEGRITY: Final = "tests/unit/test_timeliness_integrity.py::"
_TASKS: Final = "tests/unit/test_timeliness_tasks.py::"
_OVERDUE: Final = "tests/unit/test_timeliness_overdue.py::test_a_month_with_too_much_overdue"
_CATALOGUE: Final = "tests/unit/test_timeliness_catalogue.py::test_a_shorter_promise"
_REAL: Final = "tests/integration/test_judging_cases.py::"

SCENARIOS: Final[Mapping[str, tuple[str, ...]]] = {
    "C01": (f"{_ROW}[judge_limit: C01 still open as its limit passes]",
            f"{_ROW}[judge_limit: C01 completed late it stays so]"),
    "C02": (f"{_LEGAL}test_c02_a_card_names_window_and_person_and_the_head_stands_in_the_registry",),
    "C03": (f"{_OVERDUE}[C03: two are too few]",
            f"{_OVERDUE}[C03: one case, three working days late, from the third on]"),
    "C04": (f"{_OVERDUE}[C04: two cases of a person]",),
    "C05": (f"{_ROW}[judge_stage: C05 a stage past its limit, the case in time]",),
    "C06": (f"{_CATALOGUE}[C06: from committed to immediate]",),
    "C07": (f"{_CATALOGUE}[C07: cut by exactly half: 以上 is inclusive (A.10)]",
            "tests/integration/test_judging_law.py::"
            "test_a_shortened_promise_holds_for_what_is_accepted_from_then_on_and_is_a_finding"),
    "C09": (f"{_ROW}[judge_notice: C09 papers that come after a notice want an answer of their own]",
            f"{_INTEGRITY}test_case[C09: the second is]"),
    "C10": (f"{_INTEGRITY}test_case[C10: returned with a short reason]",),
    "C11": (f"{_INTEGRITY}test_case[C11: not accepted without a reason]",),
    "C12": (f"{_ROW}[judge_notice: C12 yellow at the close of day 5]",
            f"{_LEGAL}test_c12_a_hall_may_promise_its_notice_in_three_days"),
    "C14": (f"{_TASKS}test_scene[C14 report: not handed in]", f"{_TASKS}test_late_reports[C14 six]"),
    "C15": (f"{_TASKS}test_late_reports[C15 four are not]",),
    "C16": (f"{_TASKS}test_scene[C16 order: not done in time]",
            f"{_TASKS}test_scene[C16 order: nobody may refuse it]"),
    "C17": (f"{_ROW}[judge_limit: C17 a pre-examination has one working day]",),
    "C18": (f"{_ROW}[judge_limit: C18 immediate, fallen back: three working days from acceptance]",
            f"{_ROW}[judge_immediate: C18 a fallback in time ends it]"),
    "C19": (f"{_ROW}[judge_limit: C19 one week: the seventh day, moved off a rest day]",),
    "C20": (f"{_ROW}[judge_limit: C20 限时办结: a committed item has its days]",
            f"{_ROW}[judge_immediate: C20 an immediate item is done on its day]"),
    "C21": (f"{_ROW}[judge_limit: C21 received is not accepted: without an answer no limit runs before day 5]",),
    "C22": (f"{_ROW}[judge_limit: C22 completed at the close of the last promised day]",),
    "C23": (f"{_ROW}[judge_stage: C23 each stage is an episode of its own]",),
    "C24": ("tests/unit/test_timeliness_statistics.py::test_each_figure_of_a_mixed_month",),
    "C25": (f"{_ROW}[judge_limit: C25 the limit is that of the day of acceptance: 25 days since March]",),
    "C26": (f"{_INTEGRITY}test_case[C09: the second is]",),
    "C27": (f"{_ROW}[judge_immediate: C27 accepted at night it counts from the next opening]",
            f"{_ROW}[judge_notice: C27 received on a holiday, day one is the next working day]"),
    "C28": (f"{_REAL}test_reminder_yellow_and_red_by_the_unanswered_order",
            "tests/integration/test_statistics.py::test_rows_follow_the_clock_when_a_limit_passes"),
    "C29": (f"{_ROW}[judge_immediate: C29 and has a card when it was not]",),
    "Art. 32(4)": (f"{_ROW}[judge_notice: Art. 32 reminded at the close of day 4]",
                   f"{_ROW}[judge_limit: Art. 32 then it runs from the receipt, its own limit already past]"),
    "Art. 42": (f"{_ROW}[judge_limit: Art. 42 a joint case has 45 working days by law]",
                f"{_ROW}[judge_limit: Art. 42 extended by the government's head by fifteen days at most]",
                f"{_ROW}[judge_limit: Art. 42 never more than ten]"),
    "Art. 43": (f"{_ROW}[judge_stage: Art. 43 handed up in time]",),
    "Art. 44": (f"{_ROW}[judge_delivery: Art. 44 the certificate is delivered within ten working days]",),
    "Art. 45": (f"{_ROW}[judge_limit: Art. 45 a hearing takes its working days out of the limit]",
                f"{_ROW}[judge_pause: Art. 45 a hearing longer than was told]"),
    "Art. 82": (f"{_ROW}[judge_limit: Art. 82 a pause over a weekend takes no day out]",),
    "I09": (f"{_TASKS}test_scene[I09 hotline: a work order not done]",
            "tests/integration/test_judging_tasks.py::test_the_other_kinds_have_their_own_rule"),
}  # fmt: skip
"""Row or article → ids of tests as pytest has them (without a database's name)."""
