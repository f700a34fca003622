"""The commands that README and reference pages show, typed as they stand, each page in a hall where they make sense.

The guide is typed whole (tests/integration/test_guide.py). A reference page shows a command or a few, of a hall
that has been at work: `PAGES` makes that hall. What is not typed here is a row of `ELSEWHERE`, with its reason.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.halls import Commands, hall

ROOT: Final = Path(__file__).resolve().parents[2]
FENCE: Final = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FOLDERS: Final = re.compile(r"(?<![\w.])(?=/(?:etc|var|opt|media)/)")
"""What the pages have below these folders of the machine lies below the test's."""
WINDOWS: Final = range(1, 12)
HALL: Final = hall(
    11,
    windows=[{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口"} for n in WINDOWS],
    posts=[{"window": f"w{n}", "staff": f"s{n:02}", "rank": "A"} for n in WINDOWS],
    devices=[
        {"id": "gate-1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "t-01", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "ev-w01", "kind": "evaluator", "hall": "h1", "window": "w1", "namespace": "cases"},
        {"id": "cases", "kind": "cases", "hall": "h1"},
    ],
)
PERSON: Final = {"id": "s-001", "unit": "u1", "name": "王甲"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """`clock`: when it is typed; `since`: when the hall was registered; `before`: what was typed until then, or at
    `earlier`; `settings`: its configuration; `folders`: what is there; `finds`: commands, by how they begin, whose exit
    status is 1 because they find something, as the page says of them.
    """

    clock: str = "2026-03-02 10:00"
    before: str = ""
    settings: str = ""
    since: str = "2026-03-01 07:00"
    earlier: str = ""
    folders: tuple[str, ...] = ()
    finds: tuple[str, ...] = ()


HEAD: Final = "jiancha user add head --role supervision_head --halls h1\n"
LI: Final = "jiancha user add li --role staff --staff s01\n"
PAGES: Final[dict[str, Page]] = {
    "assessment-books": Page(finds=("assess book check",)),
    "assessment-fairness": Page(
        clock="2026-04-02 09:00",
        before="jiancha assess book use tianyang --hall h1 --from 2026-01 --reason 试行\n"
        "jiancha assess book show tongshan > ours.toml\n",
    ),
    "attendance": Page(
        clock="2026-04-02 09:00",
        since="2026-04-01 07:00",
        before="jiancha user add hr01 --role personnel --halls h1\n",
    ),
    "attendance-posts": Page(
        clock="2026-03-02 10:06",
        earlier="2026-03-02 10:00",
        before="jiancha spot draw --hall h1 --windows 7 --within 30\n",
    ),
    "attendance-tallies": Page(),
    "console": Page(before=HEAD + LI),
    "kiosk": Page(
        before="jiancha kiosk certificate --host kaoqin.hall.local --out /etc/jiancha/ca\n",
        settings='[http]\ntls_port = 8643\ntls_cert = "etc/jiancha/ca/kiosk.crt"\n'
        'tls_key = "etc/jiancha/ca/kiosk.key"\n'
        "[kiosk]\nenabled = true\n",
    ),
    "operations": Page(
        clock="2026-03-03 00:00",
        folders=("etc/mosquitto", "var/backups/jiancha"),
    ),
    "policy": Page(clock="2026-04-02 09:00"),
    "screen": Page(before="jiancha screen token --hall h1 --name 二楼 --address https://jiancha.hall.local:8643\n"),
    "statistics": Page(clock="2026-04-02 09:00"),
    "terminal": Page(),
    "upgrade": Page(folders=("var/lib/jiancha-backups",)),
}
"""By name of the page below docs/."""
LONG: Final = {"assessment-books", "upgrade"}
"""Pages that only the long run types: whole books are read and checked, whole stores saved."""

GUIDE: Final = "the guide types the same"
SYSTEM: Final = "of the whole system; the guide types the same against services of its own"
ELSEWHERE: Final[dict[tuple[str, str], str]] = {
    ("README", "make demo"): "tests/acceptance/test_demo.py",
    ("README", "make setup"): "makes the environment in which the tests run",
    ("README", "export PATH="): GUIDE,
    ("README", "jiancha registry import"): "tests/integration/test_readme_lines.py",
    (
        "README",
        "JIANCHA_MQTT__USERNAME=",
    ): "tests/integration/test_readme_lines.py: a daemon with this name and password",
    ("README", "mosquitto_pub"): "tests/integration/test_readme_lines.py, each as it stands",
    ("README", "curl"): GUIDE,
    ("README", "jiancha user add"): "tests/integration/test_readme_cards.py, each as it stands",
    ("README", "jiancha cards"): "tests/integration/test_readme_cards.py, each as it stands",
    ("assessment-closing", ""): "signs a quarter that has ended: tests/integration/test_cli_assess_report.py",
    ("assessment-cycle", ""): "a quarter's steps by many people: tests/integration/test_assess_cycle_cli.py",
    ("attendance", "jiancha month correct"): "needs a day that came out otherwise: tests/integration/test_months.py",
    ("attendance-tallies", "jiancha cards close"): "of a card that was worked: tests/integration/test_readme_cards.py",
    ("case-logs", ""): "names an export of the office's own: tests/integration/test_ingest_cases.py has made-up ones",
    ("console", "jiancha user password"): "asks at a terminal",
    ("console", "jiancha doctor"): "needs a provider: tests/integration/test_openid.py",
    ("console", "jiancha requests approve"): "of the seventh request: tests/integration/test_requests_cli.py",
    ("console", "jiancha rating link"): "needs a case that is known: tests/integration/test_rating_links.py",
    ("containers", ""): "needs Docker, which the tests' machine need not have: tests/compose reads what is composed",
    ("faces", ""): "the guide's chapter on faces types the same with the real encoder",
    ("kiosk", "jiancha face evidence show"): "needs a face that was seen: tests/integration/test_kiosk_real.py",
    ("ladders", ""): "tests/acceptance/test_ladders_page.py",
    ("operations", "make setup"): "makes the environment in which the tests run",
    ("operations", ".venv/bin/jiancha --version"): "tests/integration/test_wheelhouse.py asks the installed one",
    ("operations", "scripts/wheelhouse"): GUIDE,
    ("operations", "/media/usb/"): GUIDE,
    ("operations", "cp config/mosquitto"): GUIDE,
    ("operations", "export JIANCHA_STORE__URL"): "root's store, and PostgreSQL's: the guide types both",
    ("operations", "chown"): GUIDE,
    ("operations", "systemctl"): SYSTEM,
    ("operations", "createdb"): GUIDE,
    (
        "operations",
        "JIANCHA_MQTT__CLIENT_ID=",
    ): "runs until it is stopped: tests/acceptance/test_replicas.py has two",
    ("operations", "jiancha audit"): GUIDE,
    ("operations", "jiancha restore"): "takes an empty store: the guide's chapter on backups has one",
    ("operations", "trace="): GUIDE,
    ("operations", "journalctl"): SYSTEM,
    ("reliability", ""): "minutes to an hour of faults: tests/acceptance/test_torture.py is the short form",
    ("runbook", ""): SYSTEM,
    ("scaling", ""): "measures this machine for ten minutes: tests/integration/test_scale.py is the short form",
    ("upgrade", "systemctl"): SYSTEM,
    ("upgrade", "/opt/jiancha"): GUIDE,
    ("upgrade", "jiancha doctor"): "needs the broker: the guide types it",
}
"""(page, how a command begins): where it is run instead, or why it is not."""


def blocks(page: str) -> Iterator[list[str]]:
    """The commands of each, but for lines that are comments."""
    path = ROOT / "README.md" if page == "README" else ROOT / "docs" / f"{page}.md"
    for block in FENCE.findall(path.read_text(encoding="utf-8")):
        yield [line for line in block.splitlines() if not line.startswith("#")]


def shown(page: str) -> list[str]:
    return [line for block in blocks(page) for line in block]


def is_elsewhere(page: str, line: str) -> bool:
    return any(page == name and line.startswith(begins) for name, begins in ELSEWHERE)


def at_work(page: Page, folder: Path) -> Commands:
    """The page's hall, in which something has been typed already."""
    for below in ("", *page.folders):
        (folder / below).mkdir(parents=True)
    commands = Commands(folder, clock=page.clock)
    commands.set_up({**HALL, "staff": [*HALL["staff"], PERSON]}, clock=page.since)
    for line in page.before.splitlines():
        type_in(commands, line, clock=page.earlier)
    if page.settings:
        (folder / "page.toml").write_text(page.settings, encoding="utf-8")
        commands.env["JIANCHA_CONFIG"] = "page.toml"
    return commands


def type_in(commands: Commands, line: str, finds: tuple[str, ...] = (), clock: str = "") -> None:
    """As a shell would: `jiancha …`, at most with what it says going to a file."""
    program, *words = shlex.split(FOLDERS.sub(str(commands.folder), line), comments=True)
    assert program == "jiancha", line
    file = ""
    if ">" in words:
        words, file = words[: words.index(">")], words[-1]
    found = any(line.startswith(f"jiancha {one}") for one in finds)
    said = commands.run(*words, clock=clock, status=int(found))
    if file:
        (commands.folder / file).write_text(said, encoding="utf-8")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.long] * (n in LONG)) for n in PAGES])
def test_each_command_of_a_page_does_its_work(name: str, tmp_path: Path) -> None:
    """Each block in a hall of its own: what stands further down a page is often the other way."""
    page = PAGES[name]
    typed = [[line for line in block if not is_elsewhere(name, line)] for block in blocks(name)]
    assert any(typed)
    for number, lines in enumerate(filter(None, typed)):
        commands = at_work(page, tmp_path / str(number))
        for line in lines:
            type_in(commands, line, page.finds)


def test_every_command_is_typed_here_or_elsewhere_for_a_reason() -> None:
    pages = ["README", *sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem.isascii())]
    neither = {
        f"{page}: {line}"
        for page in pages
        for line in shown(page)
        if page not in PAGES and not is_elsewhere(page, line)
    }
    assert neither == set()
    idle = {row for row in ELSEWHERE if not any(line.startswith(row[1]) for line in shown(row[0]))}
    assert idle == set(), "a row that no command needs goes"
    assert all(ELSEWHERE.values())
    gone = {
        path
        for reason in ELSEWHERE.values()
        for path in re.findall(r"tests/[\w/]+\.py", reason)
        if not (ROOT / path).exists()
    }
    assert gone == set()
