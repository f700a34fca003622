"""The key store of faces and the sealing of vectors."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.store.facekeys import HEAD, RECORD, BadKeyStore, KeyStore
from monitor.store.faces import Unreadable, seal, unseal


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "keys" / "face-keys")
    made.create()
    return made


def test_keys_are_kept_by_name_for_the_owner_alone(keys: KeyStore) -> None:
    made = dict(keys.make() for _ in range(3))
    again = KeyStore(keys.path)
    assert again.all() == made
    assert {len(key) for key in made.values()} == {32}
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert again.get("0" * 32) is None


def test_a_destroyed_key_is_overwritten_where_it_lay(keys: KeyStore) -> None:
    (first, key), (second, other) = keys.make(), keys.make()
    size = keys.path.stat().st_size
    assert keys.destroy(first)
    body = keys.path.read_bytes()
    assert key.hex().encode() not in body
    assert len(body) == size
    assert keys.all() == {second: other}
    assert not keys.destroy(first), "there is nothing more to destroy"


def test_making_a_store_twice_keeps_what_it_holds(keys: KeyStore) -> None:
    name, key = keys.make()
    keys.create()
    assert keys.get(name) == key


def test_what_a_crash_left_of_a_record_is_written_over(keys: KeyStore) -> None:
    first = keys.make()
    with keys.path.open("ab") as file:
        file.write(b"0123456789abcdef")
    second = keys.make()
    assert keys.all() == dict([first, second])
    assert keys.path.stat().st_size == len(HEAD) + 2 * RECORD


@pytest.mark.parametrize(
    ("says", "spoil", "told"),
    [
        ("others may read it", lambda path: os.chmod(path, 0o640), "chmod 600"),
        ("it is another file", lambda path: path.write_bytes(b"[faces]\n"), "不是密钥库"),
        ("a record is damaged", lambda path: path.write_bytes(HEAD + b"?" * RECORD), "损坏"),
        ("it is not there", lambda path: path.unlink(), "无法打开"),
    ],
)
def test_a_store_that_cannot_be_used_says_why(says: str, spoil: Any, told: str, keys: KeyStore) -> None:
    keys.make()
    spoil(keys.path)
    with pytest.raises(BadKeyStore, match=told) as error:
        keys.all()
    assert str(keys.path) in str(error.value)


def row(sealed: bytes, **change: Any) -> Any:
    return SimpleNamespace(**{"staff": "s01", "key": "k1", "vectors": 2, "sealed": sealed} | change)


def test_vectors_come_back_by_their_key() -> None:
    key, vectors = bytes(32), [(0.5, -0.25, 1.0), (0.0, 2.0, -4.0)]
    assert unseal(key, row(seal(key, "k1", "s01", vectors))) == vectors


@pytest.mark.parametrize(
    ("says", "key", "change"),
    [
        ("another key", b"\1" * 32, {}),
        ("a row copied to another person", bytes(32), {"staff": "s02"}),
        ("a row with another key's name", bytes(32), {"key": "k2"}),
    ],
)
def test_vectors_stay_shut(says: str, key: bytes, change: dict[str, str]) -> None:
    sealed = seal(bytes(32), "k1", "s01", [(0.5, 0.25)] * 2)
    with pytest.raises(Unreadable):
        unseal(key, row(sealed, **change))


def test_a_changed_byte_keeps_them_shut_and_two_sealings_differ() -> None:
    first, second = (seal(bytes(32), "k1", "s01", [(0.5, 0.25)] * 2) for _ in range(2))
    assert first != second
    for n in range(len(first)):
        with pytest.raises(Unreadable):
            unseal(bytes(32), row(first[:n] + bytes([first[n] ^ 1]) + first[n + 1 :]))
