"""Mosquitto's password file: one line a user, replaced whole, its owner and mode kept."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from pathlib import Path

import pytest

from monitor.ops import passwords


def test_a_line_is_the_hash_that_mosquitto_computes() -> None:
    user, _, hashed = passwords.line_of("ev-01", "geheim").partition(":")
    _, kind, iterations, salt, digest = hashed.split("$")
    assert (user, kind) == ("ev-01", "7")
    again = hashlib.pbkdf2_hmac("sha512", b"geheim", base64.b64decode(salt), int(iterations), 64)
    assert base64.b64decode(digest) == again


def test_no_two_passwords_and_no_two_salts_are_alike() -> None:
    assert passwords.new_password() != passwords.new_password()
    assert passwords.line_of("a", "x") != passwords.line_of("a", "x")
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", passwords.new_password())


def test_a_user_has_one_line_and_others_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "passwd"
    for line in ("a:1", "b:2", "a:3"):
        passwords.put(file, line)
    assert file.read_text() == "b:2\na:3\n"
    assert passwords.users(file) == {"a", "b"}
    assert passwords.remove(file, "b")
    assert not passwords.remove(file, "b")
    assert file.read_text() == "a:3\n"


def test_the_file_keeps_its_mode_and_a_new_one_is_the_owners_alone(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("a:1\n")
    old.chmod(0o640)
    passwords.put(old, "b:2")
    passwords.put(new, "b:2")
    assert (old.stat().st_mode & 0o777, new.stat().st_mode & 0o777) == (0o640, 0o600)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "old"]


def test_commands_at_once_lose_no_line_of_each_other(tmp_path: Path) -> None:
    file = tmp_path / "passwd"
    threads = [threading.Thread(target=passwords.put, args=(file, f"u{n}:x")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passwords.users(file) == {f"u{n}" for n in range(20)}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(passwords.CannotWrite, match="nowhere"):
        passwords.put(tmp_path / "nowhere" / "passwd", "a:1")
