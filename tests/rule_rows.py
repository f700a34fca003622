"""What becomes of each of the 167 rows of the regulations (domain/rules.md A.1 to A.9): the tests that show it, or why
none does. `make docs` writes docs/coverage.md from it; tests/unit/test_law_coverage.py holds both.

A.1 to A.3 with their marks and scenes of cards and findings are in tests/law_rows.py; here is what assessment makes of
them (考评), and A.4 to A.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.law_rows import MARKS as OF_CARDS
from tests.law_rows import SCENARIOS as CARDS

MARKS: Final[Mapping[str, str]] = {
    **OF_CARDS,
    "D01": "A", "D02": "A", "D03": "A*", "D04": "–", "D05": "A", "D06": "S", "D07": "S", "D08": "M", "D09": "S",
    "D10": "S", "D11": "A", "D12": "A", "D13": "S", "D14": "M", "D15": "M", "D16": "C", "D17": "A", "D18": "M",
    "D19": "C", "D20": "M",
    **{f"E{n:02}": "M" for n in range(1, 25)}, "E15": "S", "E23": "C",
    "F01": "A*", "F02": "S", "F03": "S", "F04": "M", "F05": "A*", "F06": "A",
    "G01": "C", "G02": "C", "G03": "C", "G04": "C", "G05": "C", "G06": "C", "G07": "M", "G08": "C", "G09": "C",
    "G10": "S", "G11": "S", "G12": "S", "G13": "C", "G14": "S", "G15": "M", "G16": "M", "G17": "M", "G18": "C",
    "G19": "C", "G20": "A", "G21": "–", "G22": "C", "G23": "C", "G24": "M",
    "H01": "C", "H02": "C", "H03": "C", "H04": "C", "H05": "C", "H06": "C", "H07": "M", "H08": "C", "H09": "C",
    "H10": "A", "H11": "A*", "H12": "A*", "H13": "A", "H14": "A", "H15": "M", "H16": "A", "H17": "–", "H18": "–",
    "H19": "M", "H20": "–",
    "I01": "A", "I02": "A", "I03": "A", "I04": "A", "I05": "A", "I06": "A", "I07": "A*", "I08": "C", "I09": "A",
    "I10": "–",
}  # fmt: skip
"""The mark of every row, as the page has it."""

_BOOKS: Final = "tests/unit/test_assessment_books.py::"
_ITSELF: Final = f"{_BOOKS}test_what_costs_by_itself"
_CONFIRMED: Final = f"{_BOOKS}test_what_costs_once_a_person_has_confirmed_it"
_OTHERS: Final = f"{_BOOKS}test_what_the_other_books_say"
_CYCLE: Final = f"{_BOOKS}test_the_numbers_of_the_cycle_are_those_of_the_texts"
_FOLLOWS: Final = "tests/unit/test_assessment_book_effects.py::test_what_follows"
_GROUND: Final = "tests/unit/test_assessment_book_effects.py::test_a_ground_counts_once_another_person_has_confirmed_it"
_OUTCOMES: Final = "tests/integration/test_console_outcomes.py::"
_FLOW: Final = "tests/unit/test_supervision_workflow.py::test_a_step"
_TASKS: Final = "tests/unit/test_timeliness_tasks.py::"
_INTEGRITY: Final = "tests/unit/test_timeliness_integrity.py::"
_FIGURES: Final = "tests/unit/test_timeliness_statistics.py::"
_COUNTED: Final = "tests/unit/test_assessment_counted.py::"
_WHOLE: Final = "tests/acceptance/test_assessment_whole.py::test_from_the_devices_to_the_closed_year"
_SHORT: Final = "tests/acceptance/test_assessment_whole.py::test_a_december_from_the_devices_to_the_closed_year"
_YEAR: Final = "tests/acceptance/test_year.py::test_the_year_of_tongshan"


def _cards(*rows: str) -> Mapping[str, tuple[str, ...]]:
    return {row: (f"{_CONFIRMED}[{row} a card]",) for row in rows}


def _entered(row: str, *items: str) -> tuple[str, ...]:
    return tuple(f"{_CONFIRMED}[{item} entered]" for item in items or (row,))


_GRADES: Final = "tests/unit/test_assessment_grades.py::"
_BY_HAND: Final = "tests/acceptance/test_assessment_by_hand.py::"
GRADED: Final[Mapping[str, tuple[str, ...]]] = {
    "A06": (f"{_GRADES}test_a06_the_sum_of_the_year",),
    "A09": (f"{_GRADES}test_a09_a10_three_times_absent", f"{_GRADES}test_a09_a_run_is_unbroken_on_the_halls_calendar"),
    "A10": (f"{_GRADES}test_a09_a10_three_times_absent",),
    "A11": (f"{_GRADES}test_a11_three_days_in_a_year_return_once",),
    "A12": (f"{_GRADES}test_a12_conduct_of_a_month",),
    "C03": (f"{_GRADES}test_c03_c04_overdue_cases",),
    "C04": (f"{_GRADES}test_c03_c04_overdue_cases",),
    "D12": (f"{_GRADES}test_d12_two_true_complaints_in_twenty_working_days",),
    "E23": (f"{_BY_HAND}test_the_award_is_two_points_in_the_month_that_is_open_then",),
    "F05": (f"{_GRADES}test_f05_two_late_entries_in_twenty_working_days",),
    "F06": (f"{_BY_HAND}test_the_order_and_repetition_of_facts_change_nothing",),
    "G01": (f"{_BY_HAND}test_each_entry_against_its_article", f"{_BY_HAND}test_the_months_scores"),
    "G02": (f"{_GRADES}test_g02_to_g04_thresholds",),
    "G03": (f"{_GRADES}test_g02_to_g04_thresholds",),
    "G04": (f"{_GRADES}test_g02_to_g04_thresholds",),
    "G05": (f"{_BY_HAND}test_the_months_scores", f"{_BY_HAND}test_the_quarter_and_the_year"),
    "G06": (f"{_GRADES}test_g06_three_quarterly_awards_make_the_annual",
            "tests/integration/test_score_nominees.py::"
            "test_a_nominee_who_is_confirmed_after_signing_has_the_quarters_award"),
    "G08": (f"{_GRADES}test_g08_the_first_three_windows_and_their_nominees",),
    "G09": (f"{_GRADES}test_g09_a_fifth_is_excellent_and_a_tie_is_not_decided",),
    "G10": (f"{_GRADES}test_g10_g12_the_right_to_be_excellent_is_lost",),
    "G11": (f"{_GRADES}test_g11_a_veto_overrides_the_grade_and_leaves_the_score",
            f"{_BY_HAND}test_march_its_grades_and_its_veto"),
    "G12": (f"{_GRADES}test_g10_g12_the_right_to_be_excellent_is_lost",),
    "G13": (f"{_GRADES}test_g13_return_to_the_unit",),
    "G14": (f"{_GRADES}test_g14_three_breaches_in_a_rolling_year",),
    "H03": (f"{_GRADES}test_h03_the_last_two",),
    "H05": (f"{_GRADES}test_h05_three_months_among_the_last",),
    "H06": (f"{_GRADES}test_h06_so_many_windows_and_people_by_place",),
    "H08": (f"{_BY_HAND}test_the_months_scores", f"{_BY_HAND}test_the_quarter_and_the_year"),
    "H13": ("tests/integration/test_scoring_cases.py", "tests/integration/test_scoring_attendance.py",
            "tests/acceptance/test_assessment_whole.py::test_a_december_from_the_devices_to_the_closed_year"),
}  # fmt: skip
"""Row → tests of grades, places, awards and what several periods bring about."""

ASSESSED: Final[Mapping[str, tuple[str, ...]]] = {
    "A03": (f"{_ITSELF}[A03 A07 late]",),
    "A04": (f"{_ITSELF}[A04 A07 early]",),
    "A05": (f"{_CONFIRMED}[A05]",),
    "A06": (f"{_FOLLOWS}[A06: 25 lates are exactly 5.0]", f"{_FOLLOWS}[A06: 24 are 4.8]"),
    "A09": (f"{_FOLLOWS}[A09 A10: three half days, each alone]",),
    "A10": (f"{_FOLLOWS}[A10: three in a quarter, not in a month]",),
    "A11": (f"{_FOLLOWS}[A11: six half days are three days]",),
    "A12": (f"{_FOLLOWS}[A12: late, early and dozing]", f"{_FOLLOWS}[A12: late twice]"),
    "B14": (f"{_FOLLOWS}[B14: a post left vacant]",),
    "C03": (f"{_FOLLOWS}[C03: three overdue, whose fault it was nobody has said]",
            f"{_FOLLOWS}[C03 C04: one by three days]"),
    "C04": (f"{_FOLLOWS}[C04: two overdue]", f"{_FOLLOWS}[C03 C04: three overdue by the person's fault]"),
    "D12": (f"{_FOLLOWS}[D12: two within twenty working days]", f"{_FOLLOWS}[D12: the 21st working day]"),
    "F05": (f"{_FOLLOWS}[F05: late twice in a row]",),
    "G10": (f"{_FOLLOWS}[B14: a post left vacant]", f"{_FOLLOWS}[E03: papers outside the hall]",
            f"{_FOLLOWS}[G10: G10.third]"),
    "G11": (*(f"{_FOLLOWS}[G11: G11.{n}]" for n in ("second", "third", "sixth", "seventh")), _GROUND),
    "G12": (f"{_FOLLOWS}[G12: G12.second]", f"{_FOLLOWS}[G12: G12.sixth]"),
    "G14": (f"{_FOLLOWS}[G14: three breaches in a year]", f"{_FOLLOWS}[G14: the first over a year ago]"),
    "A07": (f"{_ITSELF}[A03 A07 late]", f"{_ITSELF}[A07 half a day absent]", f"{_CONFIRMED}[A07.away entered]"),
    "A08": (f"{_CONFIRMED}[A08]",),
    **_cards("A13", "A14"),
    "A15": _entered("A15"),
    "A16": _entered("A16"),
    "B03": (f"{_CONFIRMED}[B03 as off post]",),
    "B04": (f"{_CONFIRMED}[B04 B07 no form]", f"{_CONFIRMED}[B04 a card]"),
    "B05": (f"{_ITSELF}[B05 a letter, nobody sent: the window alone]",),
    "B06": (f"{_CONFIRMED}[B06]",),
    "B07": (f"{_CONFIRMED}[B04 B07 no form]", f"{_CONFIRMED}[B07 a card]"),
    "B13": (f"{_ITSELF}[B13 within a quarter]", f"{_ITSELF}[B13 within a year]"),
    "C01": (f"{_ITSELF}[C01 the window at once]",),
    "C02": (f"{_CONFIRMED}[C02 lead and person, ten each]",),
    **{row: (f"{_ITSELF}[{row}]",) for row in ("C05", "C06", "C07", "C09", "C12", "E23")},
    **_cards("C08", "C13", "E01", "E02", "E03", "E05", "E07", "E08", "E09", "E10", "E18"),
    "C10": (f"{_CONFIRMED}[C10 no reason]", f"{_CONFIRMED}[C10 a card]"),
    "C11": (f"{_ITSELF}[C11 lead and person]",),
    "C14": (f"{_CONFIRMED}[C14 three days beyond]",),
    "C15": (f"{_CONFIRMED}[C15 three days beyond]",),
    "C16": (f"{_CONFIRMED}[C16]", f"{_CONFIRMED}[C16 a card]"),
    "C24": (f"{_OTHERS}[township: C24 nine tenths done]",),
    "D05": (f"{_OTHERS}[tongshan: D05 97 % where 99 are wanted]", f"{_OTHERS}[tongshan: D05 99 %]"),
    "D06": (f"{_CONFIRMED}[D06]", f"{_CONFIRMED}[D06 a card]"),
    "D07": (f"{_CONFIRMED}[D07]",),
    "D08": (f"{_CONFIRMED}[D08]",),
    "D09": (f"{_CONFIRMED}[D09 D10 a complaint found true, once]", f"{_CONFIRMED}[D09 a card]"),
    "D10": (f"{_CONFIRMED}[D09 D10 a complaint found true, once]", f"{_CONFIRMED}[D10 a card]"),
    "D11": (f"{_ITSELF}[D11 three days]",),
    "D13": (f"{_CONFIRMED}[D13]",),
    "D14": _entered("D14"),
    "D15": (*_entered("D15"), f"{_BOOKS}test_without_its_evidence_it_waits[D15 entered]"),
    "D16": (f"{_OTHERS}[township: D16 two complaints]",),
    "D19": (f"{_OTHERS}[tongshan: D19 the centre's judgement]",),
    "E04": _entered("E04"),
    "E06": (f"{_CONFIRMED}[E06 a card]", *_entered("E06", "E06.answer", "E06.taboo")),
    "E11": (f"{_CONFIRMED}[E11 a card]", *_entered("E11", "E11.first", "E11.third")),
    "E12": _entered("E12"),
    "E13": tuple(f"{_CONFIRMED}[E13 {level}]" for level in ("found", "centre", "county", "city", "province")),
    "E14": (f"{_CONFIRMED}[E14 a card]", *_entered("E14", "E14.equipment")),
    "E15": (f"{_CONFIRMED}[E15]",),
    "E16": tuple(f"{_CONFIRMED}[E16 {what}]"
                 for what in ("a card: the mildest", "language", "taboo", "insubordination", "favours")),
    "E17": (f"{_CONFIRMED}[E17 a card]", *_entered("E17", "E17.joint")),
    "E19": (*_entered("E19", "E19.discipline", "E19.law", "E19.broker"), f"{_FOLLOWS}[E19: brokering]"),
    "E20": _entered("E20", "E20.fault", "E20"),
    "E21": _entered("E21", "E21.first", "E21.second", "E21"),
    "E22": (*(f"{_CONFIRMED}[E22 {level}]" for level in ("county", "city", "province", "nation")),
            f"{_BOOKS}test_of_one_event_the_highest_praise_alone_counts"),
    "E24": (*_entered("E24", "E24", "E24.second", "E24.third"),
            f"{_CONFIRMED}[E24 marked merit of four]", f"{_CONFIRMED}[E24 marked merit is 5 at most]"),
    "F01": (f"{_ITSELF}[F01 window and person]",),
    "F02": (f"{_CONFIRMED}[F02]",),
    "F03": (f"{_CONFIRMED}[F03]",),
    "F04": _entered("F04"),
    "G02": (_CYCLE,),
    "G03": (_CYCLE,),
    "G04": (_CYCLE,),
    "G08": (_CYCLE,),
    "G09": (_CYCLE,),
    "G22": (_CYCLE, f"{_OTHERS}[township: G22 three of five reports]", f"{_OTHERS}[township: G22 a visit]"),
    "H03": (_CYCLE,),
    "H05": (_CYCLE,),
    "H06": (_CYCLE,),
}  # fmt: skip
"""Row → tests of what it costs, earns or brings about in assessment."""

_MONTH: Final = (
    "tests/acceptance/test_assessment_cycle.py::test_a_month_from_self_assessment_to_an_appeal_that_is_granted"
)
_PATROL: Final = (
    "tests/integration/test_assessment_cycle.py::test_a_patrol_in_order_a_reminder_on_the_spot_and_a_card_by_hand"
)
SUPERVISED: Final[Mapping[str, tuple[str, ...]]] = {
    "D01": ("tests/unit/test_evaluators_devices.py::test_silence",
            "tests/integration/test_devices_view.py::test_the_list_has_what_is_within_reach_the_worst_first"),
    "D02": ("tests/integration/test_ratings.py::test_a_case_counts_as_rated_whoever_rated_it_at_whichever_stage",
            f"{_INTEGRITY}test_a_rating_of_a_case_that_nobody_entered"),
    "D03": ("tests/integration/test_rating_links.py::test_a_link_shows_its_service_takes_one_rating_and_is_over",
            "tests/integration/test_ratings.py::test_spans_and_filters"),
    "D04": ("tests/integration/test_ratings.py::test_by_item_through_the_case_and_by_person",
            "tests/integration/test_cards_worked.py::"
            "test_an_appeal_is_decided_by_somebody_else_and_granted_takes_the_card_back_for_good"),
    "D05": ("tests/integration/test_ratings.py::test_figures_are_those_that_a_hand_counts",),
    "D06": (f"{_FLOW}[verified: a bad rating is found to be so]",
            "tests/integration/test_cards_worked.py::"
            "test_a_bad_rating_is_verified_rectified_called_back_and_closed"),
    "D08": ("tests/integration/test_cards_worked.py::"
            "test_a_card_by_hand_names_its_rule_and_stands_on_what_it_is_about",),
    "D11": (f"{_TASKS}test_scene[D11 complaint: past its due]",),
    "D12": (f"{_TASKS}test_verified_complaints",
            f"{_TASKS}test_the_person_complained_about_is_found_beside_the_window"),
    "D13": (f"{_TASKS}test_scene[D13 complaint: closed in time]",),
    "D17": ("tests/unit/test_evaluators_ratings.py::test_rating",),
    "D18": (f"{_TASKS}test_scene[D11 complaint: running]",
            f"{_TASKS}test_scene[D11 complaint: found untrue before any answer: nothing is left to answer]"),
    "F01": (f"{_INTEGRITY}test_a_rating_of_a_case_that_nobody_entered",
            f"{_INTEGRITY}test_numbers_left_out_of_a_running_series"),
    "F02": (f"{_INTEGRITY}test_case[F02: edited after its end]",
            f"{_INTEGRITY}test_many_completed_at_night_within_minutes"),
    "F03": (f"{_INTEGRITY}test_case[F03: reopened after it was done]",
            f"{_INTEGRITY}test_a_citizen_who_says_that_it_is_not_done"),
    "F05": (f"{_INTEGRITY}test_late_entries",),
    "F06": ("tests/integration/test_audit_seals.py::test_what_was_done_to_the_audit_is_found_and_named",
            "tests/unit/test_assessment_properties.py::test_order_and_repetition_of_facts_change_nothing"),
    "G15": (f"{_FLOW}[appealed: against a closed card too (G15)]", _MONTH),
    "G16": (f"{_FLOW}[upheld: nobody decides on a card of their own issue (G16)]", _MONTH),
    "G01": ("tests/unit/test_assessment_properties.py::test_the_lines_of_a_score_add_up_to_it",
            f"{_ITSELF}[A03 A07 late]"),
    "G07": (_MONTH,),
    "G19": ("tests/integration/test_assessment_cycle.py::test_a_quarter_is_fed_back_sent_and_awarded",),
    "H01": ("tests/integration/test_assessment_cycle.py::test_a_week_is_summed_up_once_it_is_over", _WHOLE),
    "H09": (_SHORT,),
    "H05": ("tests/integration/test_assessment_cycle.py::"
            "test_who_was_last_three_months_in_a_row_is_to_be_replaced[three in a row (H05)]",),
    "H06": ("tests/integration/test_assessment_cycle.py::test_a_quarter_is_fed_back_sent_and_awarded",),
    "H07": (_PATROL,),
    "G17": (_MONTH,),
    "G18": (_MONTH, _SHORT),
    "H03": (_MONTH,),
    "H04": (_MONTH,),
    "D20": (f"{_OUTCOMES}test_praise_counts_once_a_happening_and_not_once_it_is_taken_back",
            f"{_COUNTED}test_praise_is_counted_once_for_each_happening_and_never_what_was_taken_back",
            f"{_COUNTED}test_the_report_prints_them_with_what_each_item_comes_to"),
    "G20": (f"{_OUTCOMES}test_what_is_owed_to_each_receiver_is_told_until_it_is_entered",
            "tests/unit/test_project_config_files.py::"
            "test_the_example_route_of_the_sum_tells_unit_three_bodies_and_the_screen",
            "tests/integration/test_alerts_timed.py::test_a_receiver_outside_the_hall_reads_no_names"),
    "H02": ("tests/integration/test_alerts_timed.py::test_the_daily_round_lists_what_stands",
            _PATROL),
    "H10": ("tests/integration/test_screen.py::test_the_default_names_nobody_in_any_answer",
            "tests/browser/test_screen.py"),
    "H11": ("tests/unit/test_watch_detector.py", "tests/integration/test_watch_broker.py"),
    "H12": ("tests/acceptance/test_hall_day.py", "tests/integration/test_watch_broker.py"),
    "H13": ("tests/acceptance/test_hall_day.py",),
    "H14": ("tests/integration/test_judging_cases.py::test_reminder_yellow_and_red_by_the_unanswered_order",),
    "H15": (*(f"{_FLOW}[ordered: ordered {how}]" for how in ("on site", "in a meeting", "by a leader",
                                                             "with the media following")),
            f"{_FLOW}[ordered: in a way that there is]"),
    "H16": ("tests/integration/test_ingest_feed.py", "tests/integration/test_adapters_mqtt.py"),
    "H18": ("tests/unit/test_alerts_routing.py::test_who_is_told[H18: the unit and the centre, both]",),
    "H19": ("tests/integration/test_cards_worked.py::test_an_order_that_is_not_answered_in_time_upgrades",),
    "H20": ("tests/integration/test_roles_routes.py", "tests/integration/test_retention.py"),
    "I01": (f"{_FIGURES}test_the_year_of_tongshan", _YEAR),
    "I02": (f"{_FIGURES}test_the_year_of_tongshan", f"{_FIGURES}test_no_one_rule_prints_both_rates[I02 prints 49.4]"),
    "I03": (f"{_FIGURES}test_the_year_of_tongshan", _YEAR),
    "I04": (f"{_FIGURES}test_the_year_of_tongshan",),
    "I05": ("tests/integration/test_statistics.py::test_the_parts_sum_to_the_whole",
            f"{_FIGURES}test_each_figure_of_a_mixed_month",
            f"{_COUNTED}test_the_report_prints_them_with_what_each_item_comes_to"),
    "I06": (f"{_FIGURES}test_the_year_of_chengdu",
            f"{_FIGURES}test_no_one_rule_prints_both_rates[I06 as it is printed]"),
    "I07": ("tests/unit/test_timeliness_catalogue.py::test_i07_counts_the_version_of_the_day",
            f"{_FIGURES}test_time_saved_is_over_items_with_both_limits_in_working_days"),
    "I08": ("tests/unit/test_assessment_reports.py::test_statistics_are_defined_and_what_is_not_there_is_no_zero",
            f"{_COUNTED}test_i08_windows_are_counted_once_and_people_each_time_over_the_year",
            "tests/integration/test_score_nominees.py::"
            "test_a_nominee_who_is_confirmed_after_signing_has_the_quarters_award",
            f"{_OUTCOMES}test_praise_counts_once_a_happening_and_not_once_it_is_taken_back"),
}  # fmt: skip
"""Row of A.4 to A.9 → tests of cards, findings, statistics and what else the daemon does. A file: all its tests."""

WHY_NOT: Final[Mapping[str, str]] = {
    "A20": "a plan's sentence without a rule; check-ins and scores are those of A01 and G22",
    "G21": "sub-centres are halls of their own, for whose people their units answer: put no book in force there, or one"
    " whose staff rows are left out; no key says 'windows only'",
    "G23": "says that assessment counts in the yearly performance review, outside the hall",
    "G24": "the centre's own words to a unit; the program proposes returns (A11, G13, G14) and prints no order",
    "H17": "names supervision and assessment as such, no rule",
    "I10": "sums of money are out of scope: no feed tells of fees",
}
"""Row → the honest reason why no test shows it."""


def tests_of(row: str) -> tuple[str, ...]:
    """Those of cards and findings first."""
    found: Iterator[str] = iter(
        (*CARDS.get(row, ()), *SUPERVISED.get(row, ()), *ASSESSED.get(row, ()), *GRADED.get(row, ()))
    )
    return tuple(dict.fromkeys(found))
