"""Nothing that is shipped needs a browser newer than Chromium 90, as domestic systems of 2021 (统信, 麒麟) have it:
es-check over the scripts, doiuse over the styles, and lists for what neither of them knows by name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from monitor.console.pages.frame import TEMPLATES
from monitor.console.pages.statics import ROOT
from tests.webtools import NAMED, node, web_tools

OLDEST: Final = 90
STYLES: Final = sorted(ROOT.rglob("*.css"))
SCRIPTS: Final = sorted(ROOT.rglob("*.js"))
OURS: Final = [path for path in SCRIPTS if "vendor" not in path.parts]

IN_PART: Final = {
    "css-sticky": "Cells of a table (th), which console.css names, stick since 56; rows and heads since 91.",
    "css-clip-path": "inset() since 55; what is missing is other than basic shapes.",
    "css-masks": "-webkit-mask-…, which Bootstrap writes beside it, since 1; clip-path is told here as well.",
    "text-decoration": "Line, style and colour since 57, skip-ink since 64: that is what Bootstrap uses.",
    "css-text-indent": "A length since 1; each-line and hanging are not used.",
    "multicolumn": "Only column-gap is used, of flex (84) and grid (66).",
}
"""What caniuse calls supported in part; each use was read. Another feature fails until it is."""

NEWER_SCRIPT: Final = {
    r"\bstructuredClone\b": 98,
    r"\.at\(": 92,
    r"\bObject\.hasOwn\b": 93,
    r"\.findLast(Index)?\(": 97,
    r"\.to(Sorted|Reversed|Spliced)\(": 110,
    r"\b(Object|Map)\.groupBy\b": 117,
    r"\bArray\.fromAsync\b": 121,
    r"\bPromise\.withResolvers\b": 119,
    r"\.isWellFormed\(": 111,
    r"\.randomUUID\b": 92,
    r"\bAbortSignal\.timeout\b": 103,
    r"\bAbortSignal\.any\b": 116,
    r"\bURL\.(canParse|parse)\b": 120,
    r"\bURLPattern\b": 95,
    r"\bResponse\.json\(": 105,
    r"\breportError\(": 95,
    r"\bimport\.meta\.resolve\b": 105,
    r"\bimport\b[^;]*\bwith\s*\{\s*type": 123,
    r"\.(show|hide|toggle)Popover\(": 114,
    r"\.inert\b": 102,
    r"\.checkVisibility\(": 105,
    r"\bstartViewTransition\b": 111,
    r"\bscrollend\b": 114,
    r"\.setHTMLUnsafe\(": 124,
    r"\.requestClose\(": 134,
    r"\.roundRect\(": 99,
    r"\bIntl\.supportedValuesOf\b": 99,
    r"\bIntl\.DurationFormat\b": 129,
}
"""Names that a browser of the left version has first: the pattern, then the version."""

NEWER_STYLE: Final = {
    r"\bcolor-mix\(": 111,
    r"\blight-dark\(": 123,
    r"\baccent-color\s*:": 93,
    r"\btext-wrap\s*:": 114,
    r"(?<![-\w])(translate|rotate|scale)\s*:": 104,
    r"\bscrollbar-gutter\s*:": 94,
    r"\b(scroll|view|animation)-timeline\b": 115,
    r"\binterpolate-size\b": 129,
    r"\bfield-sizing\s*:": 123,
    r"@starting-style|@scope": 117,
    r":popover-open\b": 114,
    r":user-(in)?valid\b": 119,
    r":modal\b": 105,
    r"(?<![-\w])(round|mod|rem|sin|cos|tan|pow|sqrt|hypot|exp)\(": 111,
    r"(?<![-.\w])container(-type|-name)?\s*:": 105,
    r":has\(": 105,
    r"\d[dsl]v[hw]\b": 108,
}

NEWER_MARKUP: Final = {
    r"<[a-z]+[^>]*\sinert[\s>=]": 102,
    r"<[a-z]+[^>]*\spopover(target)?[\s>=]": 114,
    r"<search[\s>]": 118,
    r"\sclosedby=": 134,
    r"\scommandfor=": 135,
    r"until-found": 102,
    r"<details[^>]*\sname=": 120,
}


def newer(text: str, known: dict[str, int]) -> list[str]:
    """Each name in the text that only newer browsers know, with its line and version."""
    return [
        f"line {text.count(chr(10), 0, found.start()) + 1}: {found[0]!r} since Chromium {version}"
        for pattern, version in known.items()
        for found in re.finditer(pattern, text)
    ]


def code(path: Path) -> str:
    """A script or style without its comments, line by line as before."""
    text = re.sub(
        r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return re.sub(r"(^|\s)//[^\n]*", r"\1", text) if path.suffix == ".js" else text


# --------------------------------------------------------------------------- the tools


def lacking(*files: Path, tools: Path) -> list[dict[str, Any]]:
    done = node(str(NAMED / "doiuse.mjs"), str(tools), f"chrome {OLDEST}", *map(str, files))
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_no_style_that_is_shipped_needs_a_newer_browser() -> None:
    found = lacking(*STYLES, tools=web_tools())
    wrong = [one for one in found if one["lacks"] or one["feature"] not in IN_PART]
    assert wrong == []
    assert set(IN_PART) == {one["feature"] for one in found}, "a reason that nothing needs any more"


def test_doiuse_sees_what_it_should(tmp_path: Path) -> None:
    sheet = tmp_path / "new.css"
    sheet.write_text(
        "a:has(b) { color: red }\n@container (width > 1px) { a { color: red } }\n.y { & b { color: red } }\n"
    )
    found = lacking(sheet, tools=web_tools())
    assert {one["feature"] for one in found if one["lacks"]} >= {"css-has", "css-container-queries", "css-nesting"}


def es_check(*words: str) -> tuple[int, str]:
    done = node(str(web_tools() / "node_modules/.bin/es-check"), "es2021", *words, "--checkFeatures", "--noColor")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("folder", "module"), [("console", True), ("kiosk", True), ("base", True), ("vendor", False)], ids=lambda v: str(v)
)
def test_no_script_that_is_shipped_needs_a_newer_language(folder: str, module: bool) -> None:
    """ES2021 is what Chromium 90 has as a whole."""
    scripts = [str(path) for path in sorted((ROOT / folder).rglob("*.js"))]
    assert scripts
    status, told = es_check(*scripts, *(["--module"] if module else []))
    assert status == 0, told


def test_es_check_sees_what_it_should(tmp_path: Path) -> None:
    (tmp_path / "syntax.js").write_text("class A { static { A.x = 1 } }\n")
    (tmp_path / "method.js").write_text("export const last = [1].at(-1);\n")
    for name in ("syntax.js", "method.js"):
        assert es_check(str(tmp_path / name), "--module")[0] == 1, name


# --------------------------------------------------------------------------- what they do not know


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_script_of_ours_asks_for_what_came_later(path: Path) -> None:
    assert newer(code(path), NEWER_SCRIPT) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_no_style_asks_for_what_came_later(path: Path) -> None:
    assert newer(code(path), NEWER_STYLE) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_asks_for_what_came_later(path: Path) -> None:
    assert newer(path.read_text(encoding="utf-8"), NEWER_MARKUP) == []


SAMPLES: Final = [
    ("x = structuredClone(y); crypto.randomUUID(); [1].at(-1); AbortSignal.timeout(5)", NEWER_SCRIPT),
    ("a { color: color-mix(in srgb, red, blue); rotate: 3deg; height: 10dvh; accent-color: red }", NEWER_STYLE),
    ('<div inert></div><div popover id="x"></div><search></search><details name="a">', NEWER_MARKUP),
]


@pytest.mark.parametrize(("text", "known"), SAMPLES, ids=["script", "style", "markup"])
def test_the_lists_see_what_they_should_and_nothing_else(text: str, known: dict[str, int]) -> None:
    assert len(newer(text, known)) == 4
    usual = "a.attach(b); x.concat(y); transform: rotate(3deg) translate(1px); .container:hover <p class=inert>"
    assert newer(usual, known) == []
