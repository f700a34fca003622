"""Every key of the policy has words in both languages, so has its section, its unit and each value of a choice."""

from __future__ import annotations

import re

import pytest

from monitor.settings import policy_presets
from monitor.supervision.policykeys import Key, every_key
from monitor.wording.policykeys import CHINESE, PRESETS, SECTIONS, UNITS, VALUES, meaning

LATIN = re.compile(r"[a-z_]{3,}")
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("key", every_key(), ids=lambda key: key.name)
def test_a_key_is_worded_in_each_language_alone(key: Key) -> None:
    assert key.name in CHINESE, "a line in monitor/wording/policykeys.py"
    assert not LATIN.search(CHINESE[key.name])
    assert not HAN.search(meaning(key.name, key.meaning)["en"])
    assert not key.section or key.section in SECTIONS
    assert not key.unit or key.unit in UNITS
    assert key.kind != "choice" or set(key.options) <= VALUES.keys()


def test_nothing_is_worded_that_there_is_not() -> None:
    assert CHINESE.keys() == {key.name for key in every_key()}
    assert set(policy_presets()) == PRESETS.keys()
