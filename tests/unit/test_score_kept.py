"""A closed period as it is kept: names apart, salted; a change of anything is found; an erased name is not."""

from __future__ import annotations

import zlib
from itertools import count

import pytest

from monitor.assessment.kept import ERASED, Damaged, packed, unpacked, without
from tests.unit.test_score_snapshot import snapshot

SALTS = count()


def salt() -> str:
    return f"{next(SALTS):032x}"


def test_what_is_kept_comes_back_and_the_salt_makes_each_signature_another() -> None:
    made = snapshot()
    body, digest = packed(made, salt)
    again, other = packed(made, salt)
    assert unpacked(body, digest) == unpacked(again, other) == made
    assert digest != other


def test_a_name_goes_with_its_salt_and_the_signature_holds() -> None:
    made = snapshot()
    body, digest = packed(made, salt)
    left = without(body, "staff", "p1")
    assert left is not None
    assert "张三" in zlib.decompress(body).decode()
    assert "张三" not in zlib.decompress(left).decode()
    found = unpacked(left, digest)
    assert found.named("staff", "p1") == ERASED
    assert found.named("window", "p1") == "一号窗口", "another thing with the same id keeps its name"
    assert found.people == made.people
    assert without(left, "staff", "p1") is None
    assert without(body, "user", "p1") is None


@pytest.mark.parametrize(
    ("old", "new"), [("-0.50", "-0.05"), ("张三", "李四"), ("2026-03-02", "2026-03-03"), ("A07.late", "A07.lats")]
)
def test_a_change_of_a_figure_a_date_a_row_or_a_name_is_found(old: str, new: str) -> None:
    body, digest = packed(snapshot(), salt)
    text = zlib.decompress(body).decode()
    assert old in text
    with pytest.raises(Damaged):
        unpacked(zlib.compress(text.replace(old, new).encode()), digest)


@pytest.mark.parametrize("body", [b"", b"nothing", zlib.compress(b"{}"), zlib.compress(b'{"signed":"{}","names":{}}')])
def test_what_is_no_snapshot_is_found(body: bytes) -> None:
    with pytest.raises(Damaged):
        unpacked(body, "00")
