"""Every reason code that a rule can give has both texts, and every text only uses figures that its rules give.

The codes are read from the source of the domain folders: whole ones (`feed.hole`), and last words that are put after a
rule id (`f"{rule}.{word}"`): those stand beside an `Outcome`, or go to a parameter or variable called word or code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from monitor import attendance, evaluators, timeliness
from monitor.console.pages.assessment.signview import measures
from monitor.settings import Policy
from monitor.wording import words
from monitor.wording.reasons import REASONS, texts_of

FOLDERS = {folder.__name__: folder for folder in (attendance, evaluators, timeliness)}
ACTORS = ("monitor.supervision", "monitor.agents.terminal", "monitor.assessment")
ROOT = Path(attendance.__file__ or "").parents[1]
WHOLE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
LAST_WORD = re.compile(r"[a-z_]+")
CARRIERS = {"word", "code", "waiting"}
FIELD = re.compile(r"\{(\w+)(?::\w+)?\}")

CARDS = {
    "case.limit": ("reminder", "yellow", "red"),
    "case.immediate": ("yellow", "red"),
    "order.reply": ("reminder",),
    "order.promise": ("reminder",),
    "task.due": ("reminder", "yellow", "red", "not_reported", "not_opened"),
    "complaint.due": ("reminder", "yellow", "red", "not_reported", "not_opened"),
    "feed.incomplete": ("reminder",),
    "post.empty": ("yellow", "red", "empty", "unknown", "unproven"),
    **dict.fromkeys(
        ("attendance.sum", "absence.person", "absence.return", "absence.window", "conduct.month"), ("reached",)
    ),
    "checkin.slot": ("reminder", "missing", "very_late", "absent", "late_absent", "no_checkout", "left_early"),
}
"""What a card may say: these have a text of their own and not what any rule says."""


@cache
def trees(folder: str) -> list[ast.Module]:
    paths = sorted(Path(ROOT, *folder.split(".")[1:]).glob("*.py"))
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def strings(node: ast.AST) -> Iterator[str]:
    """The string constants below a node, docstrings left out."""
    for below in ast.walk(node):
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            below.value.value = None
        if isinstance(below, ast.Constant) and isinstance(below.value, str):
            yield below.value


def whole_codes(folder: str) -> set[str]:
    return {text for tree in trees(folder) for text in strings(tree) if WHOLE.fullmatch(text)}


def branches(node: ast.AST) -> Iterator[str]:
    """The strings that an expression can be: itself, both arms of a choice, the values of a table."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from branches(one)
            yield from branches(other)
        case ast.Subscript(value=ast.Dict(values=values)):
            for value in values:
                yield from branches(value)


def is_outcome(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="Outcome")) | ast.Call(func=ast.Name(id="Outcome")):
            return True
    return False


def last_words(folder: str) -> set[str]:
    found: set[str] = set()
    parsed = trees(folder)
    carried = {
        function.name: [arg.arg for arg in function.args.args if arg.arg != "self"]
        for tree in parsed
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
    }
    for tree in parsed:
        for node in ast.walk(tree):
            for value in carriers(node, carried):
                found.update(text for text in branches(value) if LAST_WORD.fullmatch(text))
    return found - {"none"}  # the reason of a verdict that has none


def carriers(node: ast.AST, carried: dict[str, list[str]]) -> Iterator[ast.AST]:
    """The expressions in a node that become the last word of a code."""
    match node:
        case ast.Tuple(elts=elements) if any(map(is_outcome, elements)):
            yield from elements
        case ast.Call(func=function, args=args, keywords=keywords):
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield from (arg for param, arg in zip(carried.get(name, []), args, strict=False) if param in CARRIERS)
            yield from (keyword.value for keyword in keywords if keyword.arg in CARRIERS)
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target in CARRIERS:
            yield value


def rule_ids(folder: str) -> set[str]:
    return {rule.id for rules in FOLDERS[folder].RULES.values() for rule in rules}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_whole_code_has_a_text_or_is_a_rule_with_a_title(folder: str) -> None:
    codes = whole_codes(folder)
    assert codes >= rule_ids(folder)
    assert {code for code in codes if texts_of(code) is None and code not in words.RULES} == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_last_word_has_a_text_with_some_rule_of_the_folder(folder: str) -> None:
    ends = last_words(folder)
    assert {word for word in ends if not any(texts_of(f"{rule}.{word}") for rule in rule_ids(folder))} == set()


def test_the_last_words_are_really_found() -> None:
    assert {"pending", "paused", "review", "no_limit", "not_emitted"} <= last_words("monitor.timeliness")
    assert {"absent", "very_late", "no_checkout", "unwatched"} <= last_words("monitor.attendance")


@pytest.mark.parametrize(("rule", "ends"), CARDS.items())
def test_what_a_card_says_is_said_in_its_own_words(rule: str, ends: tuple[str, ...]) -> None:
    assert [word for word in ends if f"{rule}.{word}" not in REASONS] == []


def test_every_rule_has_a_title_and_advice() -> None:
    ids = set().union(*map(rule_ids, FOLDERS))
    assert ids - words.RULES.keys() == set()
    assert ids - words.ADVICE.keys() == set()


@cache
def figures_known() -> frozenset[str]:
    """Whatever the domain folders and people's commands could name a figure: string constants and keywords."""
    parsed = [tree for folder in (*FOLDERS, *ACTORS) for tree in trees(folder)]
    keywords = {node.arg for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    return frozenset(keywords.union(*map(strings, parsed)))


@pytest.mark.parametrize("code", [code for code in REASONS if not code.startswith("access.")])
def test_a_text_only_uses_figures_that_the_source_knows(code: str) -> None:
    zh, en = REASONS[code]
    told = [{name.removesuffix(f"_{lang}") for name in FIELD.findall(text)} for lang, text in (("zh", zh), ("en", en))]
    assert told[0] == told[1], "both languages tell the same figures"
    measured = measures(Policy()).keys() if code.startswith("gaming.measure.") else set()
    assert set(FIELD.findall(zh)) <= figures_known() | measured


def test_every_step_of_a_count_is_worded() -> None:
    steps = {
        text
        for tree in trees("monitor.workcal")
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword | ast.Assign)
        and (node.arg if isinstance(node, ast.keyword) else getattr(node.targets[0], "id", "")) == "why"
        for text in branches(node.value)
    }
    assert {"pause", "start_day", "after_hours", "moved", "calendar_day"} <= steps
    assert steps - words.STEPS.keys() == set()
