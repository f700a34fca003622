"""What a user reads is Chinese first, English second: every error of the command line, and what each command is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from monitor.cli.parts import app

CHINESE = re.compile("[一-鿿]")
WORDS = re.compile("[a-z]{3} [a-z]")
MONITOR = Path(__file__).resolve().parents[2] / "monitor"
ALERTS = MONITOR.parent / "alerts"
TOLD = re.compile(
    r"Bad\w*|Cannot\w*|Finding|Refused|SettingsError|InUse|SchemaError|LookupError|Unusable|Unreadable|_Fault"
)
"""Exceptions whose text reaches the user as it is."""
CARRIES_ANOTHER = ("cards export: ", "alerts silence add: ")
"""Prefixes of what another error says."""


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name)) as call) if TOLD.fullmatch(name):
                constants = [part.value for part in ast.walk(call) if isinstance(part, ast.Constant)]
                yield node.lineno, "".join(part for part in constants if isinstance(part, str))


def test_every_error_says_it_in_chinese_too() -> None:
    english = [
        f"{path.relative_to(MONITOR.parent)}:{line}: {text}"
        for path in sorted([*MONITOR.rglob("*.py"), *ALERTS.rglob("*.py")])
        for line, text in _texts(path)
        if WORDS.search(text) and not CHINESE.search(text) and not text.startswith(CARRIES_ANOTHER)
    ]
    assert english == []


def _commands(command: click.Command, path: str = "jiancha") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{path} {name}")


COMMANDS = dict(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_in_chinese_what_it_is_for(path: str) -> None:
    assert CHINESE.search(COMMANDS[path].help or ""), path
