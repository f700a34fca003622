"""Two daemons on one PostgreSQL and one broker, no leader, killed at random: lost 0, doubled 0 (DESIGN §1B).

The day is that of the crash tests; what must stand at the end is read from DESIGN §5.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_crash import DEVICES, EXPECTED, REGISTRY, the_day
from tests.conftest import Eventually
from tests.mosquitto import Mosquitto
from tests.postgres import TEMPLATE, Postgres
from tests.receivers import http_receiver
from tests.replicas import Replicas

pytestmark = pytest.mark.long  # real outages of real servers take their time

OWN: dict[str, str] = {}
SHARED = {"JIANCHA_MQTT__SHARED_GROUP": "jiancha"}


@pytest.fixture(params=[OWN, SHARED], ids=["own sessions", "shared subscription"])
def replicas(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres, mosquitto: Callable[..., Mosquitto]
) -> Iterator[Replicas]:
    with postgres.database(TEMPLATE) as url, http_receiver() as receiver:
        broker = mosquitto(*DEVICES)
        made = Replicas(tmp_path, url, broker, receiver, REGISTRY, environment=request.param)
        yield made
        made.stop()


def test_undisturbed_each_card_and_each_alert_is_there_once(replicas: Replicas, eventually: Eventually) -> None:
    sent = the_day()
    replicas.start(eventually)
    replicas.publish(sent)
    replicas.settle(eventually, len(sent), EXPECTED)
    assert replicas.check(len(sent), EXPECTED) == 0


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.long)])
def test_killed_at_random_nothing_is_lost_and_nothing_doubled(
    replicas: Replicas, eventually: Eventually, kills: int
) -> None:
    chance, wait = random.Random(kills), threading.Event()
    sent = the_day()
    replicas.start(eventually)
    replicas.publish(sent, pace=0.02 * kills)
    for _ in range(kills):
        wait.wait(chance.uniform(0.05, 1.5))
        victim = chance.choice(replicas.daemons)
        victim.kill()
        wait.wait(chance.uniform(0.0, 0.5))
        victim.start()
    replicas.settle(eventually, len(sent), EXPECTED)
    replicas.check(len(sent), EXPECTED)


def test_what_a_dead_replica_had_begun_the_other_ends(replicas: Replicas, eventually: Eventually) -> None:
    """With own sessions nothing waits for the dead one; of a shared subscription its share waits until it is back."""
    sent = the_day()
    replicas.start(eventually)
    replicas.publish(sent, pace=0.01)
    eventually(lambda: replicas.stored() > 100, 60)
    replicas.daemons[0].kill()
    if "JIANCHA_MQTT__SHARED_GROUP" in replicas.daemons[0].environment:
        eventually(lambda: not replicas.publishing, 60)
        replicas.daemons[0].start()
    replicas.settle(eventually, len(sent), EXPECTED)
    replicas.check(len(sent), EXPECTED)
