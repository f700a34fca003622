"""What is known as secret, in whatever form it comes along."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from monitor.redact import GONE, LEAST, Secrets, passwords_in

SECRET = 'pa"ss wörd/口令#1'


@pytest.mark.parametrize(
    "form",
    [SECRET, json.dumps({"why": SECRET}), json.dumps({"why": SECRET}, ensure_ascii=False), repr(SECRET),
     f"postgresql://u:{quote(SECRET, safe='')}@h/d", quote_plus(SECRET), f"before {SECRET} after {SECRET}"],
)  # fmt: skip
def test_it_is_taken_out_in_every_form(form: str) -> None:
    secrets = Secrets()
    secrets.learn(SECRET)
    said = secrets.scrub(form)
    assert GONE in said
    assert not any(part in said for part in ("wörd", "w\\u00f6rd", "w%C3%B6rd", "口令"))


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("token jct_abcdefghijklmnopqrstuvwxyz0123", "token"),
        ("Cookie: jiancha=jcs_abcdefghijklmnopqrstuvwxyz0123; lang=zh", "lang=zh"),
        ("Authorization: Bearer abc.def-ghi_jkl", "Authorization"),
        ("at postgresql+psycopg://jiancha:hunter2@db/jiancha failed", "@db/jiancha failed"),
    ],
)
def test_some_are_known_by_how_they_look(text: str, stays: str) -> None:
    said = Secrets().scrub(text)
    assert stays in said
    assert not any(part in said for part in ("abcdefgh", "abc.def", "hunter2"))


def test_parts_of_a_url_are_secret_by_themselves() -> None:
    secrets = Secrets()
    secrets.learn_url("https://hooks.example.cn/services/T0000000A1/b9f8e7d6c5a4?key=693a91f6-7xxx&v=1")
    said = secrets.scrub(
        "POST /services/T0000000A1/b9f8e7d6c5a4?key=693a91f6-7xxx refused by hooks.example.cn, services"
    )
    assert "b9f8e7d6c5a4" not in said
    assert "693a91f6" not in said
    assert said.endswith("refused by hooks.example.cn, services")


def test_words_stay() -> None:
    secrets = Secrets()
    secrets.learn("secret", "x" * (LEAST - 1))
    text = "a secret of xxxxxxx jct_short, 10:30 http://127.0.0.1:8642/cards/12"
    assert secrets.scrub(text) == text


def test_where_drivers_take_a_password() -> None:
    assert passwords_in("postgresql://h/d?user=a&password=b%40c") == ("b@c",)
    assert passwords_in("postgresql://u:b%40c@h/d") == ("b%40c", "b@c")
    assert passwords_in("sqlite:///jiancha.sqlite") == ()
    assert passwords_in("postgresql://[") == ()
