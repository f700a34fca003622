"""`jiancha user invite` at a terminal: the link leads where people reach the console."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.halls import Commands, hall


@pytest.mark.parametrize(
    ("link", "begins"),
    [
        ("", "http://127.0.0.1:8642/sign-in/invite#jci_"),
        ("https://jc.example.gov.cn/", "https://jc.example.gov.cn/sign-in/invite#jci_"),
    ],
)
def test_an_invitation_begins_with_the_address_by_which_people_reach_the_console(
    tmp_path: Path, link: str, begins: str
) -> None:
    (tmp_path / "jiancha.toml").write_text(f'[alerts]\nlink = "{link}"\n')
    commands = Commands(tmp_path, env={"JIANCHA_CONFIG": str(tmp_path / "jiancha.toml")})
    commands.set_up(hall())
    commands.run("user", "add", "wang", "--role", "auditor")
    assert commands.run("user", "invite", "wang").startswith(begins)
