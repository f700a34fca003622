"""Guessing who was erased: an attacker with the whole database and every candidate cannot confirm one (DESIGN §1F)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, update

from monitor.ingest.registry import check_registry
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import tables_of
from monitor.ingest.writer import write_batch
from monitor.model import Registry
from monitor.ops.retention.run import run
from monitor.settings import RetentionSettings
from monitor.store import audit
from monitor.store.engine import Store
from monitor.store.registry import load_registry, save_registry
from monitor.store.retention import HELD
from monitor.supervision.erasure import erase
from tests.ingest_world import NINE, REGISTRY, message

NAME, PHONE = "欧阳某某", "13800004711"
SURNAMES, GIVEN = "赵钱孙李周吴郑王欧诸", "某一二三"
PEOPLE = {
    "halls": [{"id": "h1"}],
    "units": [{"id": "u1", "hall": "h1"}],
    "staff": [
        {"id": "s1", "unit": "u1", "name": NAME, "contacts": [f"sms:{PHONE}"]},
        {"id": "s2", "unit": "u1", "name": "诸葛某某", "contacts": ["sms:13800000815"]},
    ],
}


def strings(values: Iterable[Any]) -> Iterator[str]:
    """Each text in them, those inside JSON too."""
    for value in values:
        if isinstance(value, dict):
            yield from strings(value.values())
        elif isinstance(value, list | tuple):
            yield from strings(value)
        elif isinstance(value, str):
            yield value


def dump(store: Store) -> set[str]:
    """Every text of every row of every table: what a thief of the database or of a backup has."""
    found = MetaData()
    with store.read() as conn:
        found.reflect(conn)
        return {s for table in found.sorted_tables for row in conn.execute(select(table)) for s in strings(row)}


def guessed(store: Store, candidates: Iterable[str], forms: Iterable[Callable[[str], str]]) -> set[str]:
    """The candidates that something in the database confirms: as they stand, or by a digest with any salt of it."""
    held = dump(store)
    digests = {text for text in held if len(text) == 64} | {text[:32] for text in held if len(text) == 64}
    salts = {bytes.fromhex(text) for text in held if len(text) == 32 and all(c in "0123456789abcdef" for c in text)}
    hit = set()
    for candidate in candidates:
        if candidate in held:
            hit.add(candidate)
        for form in forms:
            said = form(candidate).encode()
            tries = [hashlib.sha256(said).hexdigest(), hashlib.md5(said).hexdigest()]
            for salt in salts:
                tries += [hashlib.sha256(salt + said).hexdigest(), hashlib.sha256(said + salt).hexdigest(),
                          hmac.new(salt, said, hashlib.sha256).hexdigest(),
                          hashlib.sha256(f"{salt.hex()}|{form(candidate)}".encode()).hexdigest()]  # fmt: skip
            if digests & set(tries):
                hit.add(candidate)
    return hit


PHONES = [f"1380000{number:04}" for number in range(4600, 4800)]
NAMES = [f"{first}{second}{third}{third}" for first in SURNAMES for second in "阳葛" for third in GIVEN]
FORMS: list[Callable[[str], str]] = [str, lambda text: json.dumps([f"sms:{text}"], ensure_ascii=False), json.dumps]


@pytest.fixture
def people(store: Store) -> Store:
    known = Known(registry=Registry(), calendars=frozenset(), presets=frozenset())
    rows = check_registry(tables_of(PEOPLE, "T"), known)
    store.step(lambda conn: save_registry(conn, rows, NINE, actor="cli"))
    return store


def test_an_attacker_with_every_candidate_confirms_them_before_and_nobody_after(people: Store) -> None:
    """Before, value and salt lie in the database: the attack works, so it would find what is left."""
    assert guessed(people, PHONES, FORMS) == {PHONE}
    assert NAME in guessed(people, NAMES, FORMS)
    people.step(lambda conn: erase(conn, "staff", "s1", actor="cli", now=NINE + timedelta(days=1)))
    assert guessed(people, PHONES, FORMS) == set()
    assert guessed(people, NAMES, FORMS) == {"诸葛某某"}, "only whoever was not erased"
    assert load_one(people).staff["s1"].id == "s1", "the pseudonym stays"


def load_one(store: Store) -> Registry:
    with store.read() as conn:
        return load_registry(conn)


def test_the_digest_that_is_left_of_an_erased_field_needs_its_salt(people: Store) -> None:
    with people.read() as conn:
        kept = conn.execute(
            select(audit.PRIVATE.c.value, audit.PRIVATE.c.salt).where(audit.PRIVATE.c.value == NAME)
        ).one()
    people.step(lambda conn: erase(conn, "staff", "s1", actor="cli", now=NINE + timedelta(days=1)))
    held = dump(people)
    assert audit.digest(kept.value, kept.salt) in held, "the seal still covers it"
    assert kept.salt not in held


def test_a_refused_message_that_retention_took_confirms_no_staff_number_and_no_comment(store: Store) -> None:
    """Its digest has no salt: with the rest of the message known, all numbers could be tried against it."""
    refused = message("rating", id="x1", staff="s4711", score=1, comment="大厅太冷")

    def as_sent(staff: str) -> str:
        return message("rating", id="x1", staff=staff, score=1, comment="大厅太冷").payload.decode()

    with store.write() as conn:
        write_batch(conn, [refused], REGISTRY)
        conn.execute(update(HELD).values(state="dismissed"))
    numbers = [f"s{n}" for n in range(4700, 4720)]
    assert guessed(store, numbers, [as_sent]) == {"s4711"}, "before, the attack works"
    run(store, RetentionSettings(payloads_days=30), NINE + timedelta(days=60), "op")
    assert guessed(store, numbers, [as_sent]) == set()
    assert not [text for text in dump(store) if "4711" in text or "大厅太冷" in text]


@pytest.mark.sqlite_only
def test_nor_do_the_files_hold_them(people: Store) -> None:
    database = Path(str(people.engine.url.database))
    people.step(lambda conn: erase(conn, "staff", "s1", actor="cli", now=NINE + timedelta(days=1)))
    with people.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in (database, Path(f"{database}-wal")):
        if file.exists():
            assert PHONE.encode() not in file.read_bytes()
            assert NAME.encode() not in file.read_bytes()
