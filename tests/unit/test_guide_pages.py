"""The guide's pages: both languages type the same and are shown the same; no block is left out of what is played."""

from __future__ import annotations

import re
from itertools import zip_longest

import pytest

from tests.guide.page import GUIDE, LANGUAGES, agrees, chapters, steps

NAMES = [page.name for page in chapters("zh")]


def test_each_chapter_is_there_in_both_languages() -> None:
    assert [page.name for page in chapters("en")] == NAMES
    assert [name[:2] for name in NAMES] == [f"{n:02}" for n in range(1, len(NAMES) + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_type_and_show_the_same(name: str) -> None:
    chinese, english = (steps(GUIDE / language / name) for language in LANGUAGES)
    for one, other in zip_longest(chinese, english):
        assert (one and (one.typed, one.said)) == (other and (other.typed, other.said)), f"{name}: {one} {other}"


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_headings_tables_and_links(name: str) -> None:
    """As many of each, in the same order: what one language explains the other does not leave out."""

    def frame(language: str) -> list[str]:
        text = re.sub(r"^```.*?^```$", "```", (GUIDE / language / name).read_text(), flags=re.DOTALL | re.MULTILINE)
        found = re.findall(r"^(#+) |^(\|)|\]\(([^)#]*)|^(```)", text, re.MULTILINE)
        return ["".join(parts) for parts in found]

    assert frame("zh") == frame("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_names_each_chapter_in_order(language: str) -> None:
    named = re.findall(r"\]\((\d\d-[\w-]+\.md)\)", (GUIDE / language / "README.md").read_text())
    assert list(dict.fromkeys(named)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_block_holds_no_comment_in_one_language(name: str) -> None:
    """What a block is for stands above it, in the page's language."""
    for step in steps(GUIDE / "zh" / name):
        assert not re.search(
            r"^\s*#(?!!)", re.sub(r"<<'EOF'.*?^EOF$", "", step.typed, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
        )


@pytest.mark.parametrize(
    ("said", "pattern", "holds"),
    [
        ("", "", True),
        ("a\n", "", False),
        ("", "a\n", False),
        ("one 17 two\n", "one … two\n", True),
        ("one 17 three\n", "one … two\n", False),
        ("a\nb\nc\n", "a\n…\nc\n", True),
        ("a\nc\n", "a\n…\nc\n", True),
        ("a\nb\nc\n", "a\nc\n", False),
        ("a\nb\n", "a\n", False),
        ("no end of line", "no end of line\n", True),
        ("a\nx\n", "…\n", True),
        ("a.b\n", "a?b\n", False),
    ],
)
def test_what_is_shown_is_held_against_all_that_is_said(said: str, pattern: str, holds: bool) -> None:
    assert agrees(said, pattern) is holds


def test_a_block_that_would_not_be_played_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "x.md"
    for text in (
        "```bash\nls\n```\n",
        "```text\nsaid first\n```\n",
        "```sh\nls\n```\nprose\n```text\nsaid\n```\n",
        "  ```sh\n  ls\n  ```\n",
    ):
        page.write_text(text)
        with pytest.raises(ValueError, match="x.md"):
            steps(page)
