"""Which rows of the regulations and articles of the law have to be shown in a scenario, and where they are.

The rows are those of `domain/rules.md` A.1 to A.3 with a mark that a program can act on (A, A*, C, S; M is a person's
entry); beside them A17 and I09, which are not of these marks or sections and are shown too;
the articles those of `domain/practice.md` §3 (行政许可法). Both pages lie beside the project, not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MARKS: Final[Mapping[str, str]] = {
    "A01": "A", "A02": "A", "A03": "A", "A04": "A", "A05": "S", "A06": "A", "A07": "A", "A08": "S", "A09": "A",
    "A10": "A", "A11": "A", "A12": "S", "A13": "M", "A14": "M", "A15": "M", "A16": "M", "A17": "M", "A18": "C",
    "A19": "A", "A20": "–",
    "B01": "A", "B02": "A", "B03": "A", "B04": "S", "B05": "A", "B06": "S", "B07": "S", "B08": "A", "B09": "A",
    "B10": "A", "B11": "A", "B12": "A", "B13": "A", "B14": "S",
    "C01": "A", "C02": "S", "C03": "A", "C04": "A", "C05": "A*", "C06": "A*", "C07": "A*", "C08": "M", "C09": "A",
    "C10": "S", "C11": "A", "C12": "A*", "C13": "M", "C14": "S", "C15": "S", "C16": "S", "C17": "A", "C18": "A",
    "C19": "A", "C20": "A", "C21": "A", "C22": "A", "C23": "A*", "C24": "C", "C25": "A", "C26": "S", "C27": "A",
    "C28": "A", "C29": "A",
}  # fmt: skip
"""The mark of every row of A.1, A.2 and A.3."""
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

_PRESETS: Final = "tests/unit/test_attendance_presets.py::test_row"
_SEGMENTS: Final = "tests/unit/test_attendance_segments.py::"
_DAY: Final = f"{_SEGMENTS}test_day"
_PROPOSED: Final = f"{_SEGMENTS}test_which_rows_a_card_proposes"
_TALLIES: Final = "tests/unit/test_attendance_tallies.py::"
_ENTRIES: Final = f"{_TALLIES}test_entries_of_what_happened"
_SHIFTS: Final = "tests/integration/test_shifts.py::"
_COVER: Final = "tests/integration/test_posts_cover.py::"
_LEAVES: Final = "tests/unit/test_attendance_leavecheck.py::"
_ANSWERS: Final = "tests/unit/test_attendance_posts.py::test_who_is_charged"
_MONTH: Final = "tests/acceptance/test_attendance_month.py::"

SCENARIOS: Final[Mapping[str, tuple[str, ...]]] = {
    "A01": (f"{_PRESETS}[A01: Tongshan, four check-ins a day, the first in time]",
            f"{_PRESETS}[A01: and out in the evening]"),
    "A02": (f"{_PRESETS}[A02: Tianyang, in at half past eight, never out]",),
    "A03": (f"{_PRESETS}[A03: late by a quarter of an hour is recorded]",
            f"{_ENTRIES}[A03 A07: late goes to both ledgers (late_amount)]"),
    "A04": (f"{_PRESETS}[A04: early by a quarter of an hour is recorded]", f"{_ENTRIES}[A04 A07: early]"),
    "A05": (f"{_PROPOSED}[A08 and A05: nobody is there, A answers]",
            f"{_DAY}[A05: whoever left without leave while another covers is off-post, the window is not unstaffed]"),
    "A06": (f"{_TALLIES}test_a_years_sum[A06: 24 lates are 4.8, too few]",
            f"{_TALLIES}test_a_years_sum[A06: 25 lates are exactly 5.0, and 以上 includes it]",
            f"{_TALLIES}test_a_years_sum[A06: it goes on rising: still the 25th crossed it]"),
    "A07": (f"{_PRESETS}[A07: nobody came in the half day]", f"{_ENTRIES}[A07: half a day absent]"),
    "A08": (f"{_PROPOSED}[A08 alone: who answers is at another window]", f"{_ENTRIES}[A08: nobody at the window]"),
    "A09": (f"{_TALLIES}test_a_windows_month[A09: three times by the people of the window together, in the order of"
            " time]",),
    "A10": (f"{_TALLIES}test_absent_three_times[A10: the third half day, each alone]",
            f"{_TALLIES}test_how_long_a_run_is[A10: a run over a weekend is one run of two working days]"),
    "A11": (f"{_TALLIES}test_absent_three_days_in_a_year[A11: six half days are three days, 含3天]",),
    "A12": (f"{_TALLIES}test_conduct_in_a_month[A12: late, early and a dozing found by a supervisor]",),
    "A17": ("tests/integration/test_spot_checks.py::"
            "test_a17_a_draw_orders_windows_in_service_and_can_be_repeated",
            f"{_DAY}[A17: a spot check that found somebody is a sign of presence for ten minutes]"),
    "A18": (f"{_MONTH}test_each_cell_of_five_people", f"{_MONTH}test_the_exceptions_are_these_and_no_more"),
    "A19": (f"{_DAY}[A19: fewer than min_staff in view for a quarter of an hour]",),
    "B01": (f"{_COVER}test_b01_b08_what_the_roster_lacks",),
    "B02": (f"{_ANSWERS}[with A on leave B answers (B02)]",
            f"{_DAY}[B02: A's leave begins inside the session, the gap until B signs on is B's]"),
    "B03": (f"{_ANSWERS}[both out without a letter: the post's A (B03)]",
            f"{_DAY}[B03: both out, a substitute filed: the substitute answers, and the leave of the substitute counts"
            " too]"),
    "B04": (f"{_SHIFTS}test_b04_b06_b07_late_forms_are_findings_and_excuse_all_the_same",),
    "B05": (f"{_ANSWERS}[both out with a letter and no substitute: the unit only (B05)]",
            f"{_DAY}[B05: both out with a letter: the window is empty, the persons are excused]"),
    "B06": (f"{_SHIFTS}test_b04_b06_b07_late_forms_are_findings_and_excuse_all_the_same",),
    "B07": (f"{_SHIFTS}test_b04_b06_b07_late_forms_are_findings_and_excuse_all_the_same",),
    "B08": (f"{_DAY}[B08: of two people one covers for the other]", f"{_COVER}test_b01_b08_what_the_roster_lacks"),
    "B09": (f"{_COVER}test_b09_who_is_away_and_who_stands_in_and_never_why",),
    "B10": (f"{_SHIFTS}test_b10_a_saturday_rota_makes_a_day_of_work_of_those_named",),
    "B11": (f"{_SHIFTS}test_b11_overtime_is_proven_and_days_in_lieu_are_held_against_it",
            f"{_LEAVES}test_overtime[B11: came late, left early: what lies between]"),
    "B12": (f"{_SHIFTS}test_b12_a_day_s_rota_without_its_people",),
    "B13": (f"{_LEAVES}test_postings[B13: less than a quarter]",
            f"{_SHIFTS}test_b13_b14_short_postings_and_vacant_days"),
    "B14": (f"{_SHIFTS}test_b13_b14_short_postings_and_vacant_days",),
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
