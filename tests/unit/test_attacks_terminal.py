"""What devices and citizens sent, in the terminal of whoever lists it: text, and no command to the terminal."""

from __future__ import annotations

import io
import sys

import pytest

from monitor.cli.running import run_app
from monitor.cli.shown import bare, shown, terminals_shown

EVIL = "\x1b]52;c;cm0gLXJmIC8K\x07\x1b[2J\x1b]0;root\x07\x9b31m\r\x08\x7f"
"""Puts words where the next paste takes them from, clears the screen, renames the window, goes back over the line."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("一号窗口\tA-01\n第二行", "一号窗口\tA-01\n第二行"),
        ("a\x1b[2Jb", "a␛[2Jb"),
        ("逾期\r未逾期", "逾期␍未逾期"),
        ("x\x00y\x7fz", "x␀y␡z"),
        ("x\x9b2J", "x�2J"),
        ("证明\u202ecod.exe", "证明�cod.exe"),
        ("🙂\u200d👍 𠮷 \u3000", "🙂\u200d👍 𠮷 \u3000"),
    ],
)
def test_control_characters_are_shown_and_the_rest_stays(said: str, seen: str) -> None:
    assert shown(said) == seen


def told(monkeypatch: pytest.MonkeyPatch, out: io.StringIO) -> str:
    """What a command says of a file whose name is EVIL."""
    monkeypatch.setattr(sys, "stderr", out)
    assert run_app(["--config", f"{EVIL}.toml", "config", "check"]) == 2
    assert sys.stderr is out
    return out.getvalue()


def test_a_terminal_is_told_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(monkeypatch, Terminal())
    assert "␛]52;c;" in said
    assert not [c for c in said if (ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0]


def test_a_file_or_a_program_gets_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b]52;c;" in told(monkeypatch, io.StringIO())


def test_who_draws_on_the_terminal_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board of the demo and the bars of an import, which are made of such characters."""
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    with terminals_shown():
        print("\x1b[1m", end="", file=sys.stdout)
        print("\x1b[2m", end="", file=bare(sys.stdout))
    assert out.getvalue() == "␛[1m\x1b[2m"
