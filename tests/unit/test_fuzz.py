"""A few seconds of fuzzing in every run, always the same; ten minutes of it, always another, in the long tests."""

from __future__ import annotations

import os
import resource
import secrets
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.conftest import skip_or_fail
from tests.fuzzing import FOUND, Target, targets

SHORT = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ROUND = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True,
    phases=(Phase.generate, Phase.shrink),
)  # fmt: skip
SECONDS = float(os.environ.get("JIANCHA_FUZZ_SECONDS", "600"))
LONGEST = 20.0
"""Real seconds of one example; a busy machine is slow."""
MOST_MB = 400
ALL = {target.name: target for target in targets()}


def once(target: Target, folder: Path, how: settings, number: int | None = None) -> int:
    """How many examples were tried."""
    tried = 0

    @how
    @given(target.comes)
    def look(value: object) -> None:
        nonlocal tried
        tried += 1
        began = time.monotonic()
        target.check(value, folder)
        assert time.monotonic() - began < LONGEST, "it takes too long"

    (look if number is None else seed(number)(look))()
    return tried


@pytest.mark.parametrize("name", ALL)
def test_nothing_that_comes_in_is_met_by_an_exception(name: str, tmp_path: Path) -> None:
    assert once(ALL[name], tmp_path, SHORT) > 10


@pytest.mark.parametrize(("name", "value"), FOUND, ids=[f"{name} {n}" for n, (name, _) in enumerate(FOUND)])
def test_what_was_found_once_stays_mended(name: str, value: object, tmp_path: Path) -> None:
    ALL[name].check(value, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 900)
def test_ten_minutes_find_nothing(data_dir: Path, tmp_path: Path) -> None:
    """JIANCHA_FUZZ_SEED repeats a run, JIANCHA_FUZZ_SECONDS makes it shorter or longer."""
    sample = data_dir / "cases" / "receipt.csv"
    if not sample.is_file():
        skip_or_fail(f"no {sample}")
    given_seed = os.environ.get("JIANCHA_FUZZ_SEED")
    number = int(given_seed) if given_seed else secrets.randbits(32)
    print(f"\nJIANCHA_FUZZ_SEED={number}")
    tried: Counter[str] = Counter()
    before, end = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic() + SECONDS
    while time.monotonic() < end:
        for target in targets(sample):
            if time.monotonic() < end:
                tried[target.name] += once(target, tmp_path, ROUND, number)
        number += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    for name, times in tried.items():
        print(f"{name}: {times} examples")
    print(f"{sum(tried.values())} examples, {grown} MB grown")
    assert set(tried) == set(ALL)
    assert grown < MOST_MB
