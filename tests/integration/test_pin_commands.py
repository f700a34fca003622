"""`pin set|clear|list` on a real store: who may, what is said, what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.pins import PIN
from monitor.supervision.pins import clear_pin, list_pins, sealed_pin, set_pin, try_pin
from monitor.supervision.refused import Refused
from tests import forked
from tests.daemon import Daemon
from tests.halls import toml
from tests.kiosks import rows_with, small_world

HEAD = Principal(id="chen", role="supervision_head", halls=frozenset({"h1"}))
PERSONNEL = Principal(id="liu", role="personnel", halls=frozenset({"h1"}))
DUTY = Principal(id="li", role="duty_supervisor", halls=frozenset({"h1"}))
ELSEWHERE = Principal(id="wu", role="personnel", halls=frozenset({"h2"}))
GOOD = "274951"


@pytest.mark.both_databases
def test_who_may_set_whose(store: Store, tmp_path: Path) -> None:
    world = small_world(store, tmp_path)
    now = world.clock.now()
    with store.read() as conn:
        registry = world.program.registry.get(conn)

    sealed = sealed_pin(GOOD, "s01")

    def do(act: Any, *given: Any, actor: Any) -> Any:
        return store.step(lambda conn: act(conn, registry, *given, actor=actor, now=now))

    do(set_pin, "s01", sealed, actor=HEAD)
    do(set_pin, "s02", sealed, actor=PERSONNEL)
    do(set_pin, "x90", sealed, actor=ELSEWHERE)
    for actor, told in ((DUTY, "无权设置、清除签到密码"), (ELSEWHERE, "不在其内")):
        with pytest.raises(Refused, match=told):
            do(set_pin, "s03", sealed, actor=actor)
    with pytest.raises(Refused, match="未登记"):
        do(set_pin, "s99", sealed, actor="cli")
    assert [row["staff"] for row in do(list_pins, actor=HEAD)] == ["s01", "s02"]
    do(clear_pin, "s02", actor=HEAD)
    with pytest.raises(Refused, match="未设密码"):
        do(clear_pin, "s02", actor=HEAD)
    with store.read() as conn:
        noted = conn.execute(select(AUDIT).where(AUDIT.c.action.like("pin.%")).order_by(AUDIT.c.id)).all()
        digest = conn.execute(select(PIN.c.digest).where(PIN.c.staff == "s01")).scalar_one()
        private = conn.execute(select(PRIVATE.c.value)).scalars().all()
    assert [(row.action, row.object_id, row.actor) for row in noted] == [
        ("pin.set", "s01", "chen"), ("pin.set", "s02", "liu"), ("pin.set", "x90", "wu"), ("pin.cleared", "s02", "chen")
    ]  # fmt: skip
    assert digest.startswith("$argon2id$")
    assert GOOD not in f"{[row.body for row in noted]}{private}{digest}"


@pytest.mark.both_databases
def test_setting_a_new_one_lets_in_again(store: Store, tmp_path: Path) -> None:
    world = small_world(store, tmp_path)
    now = world.clock.now()
    with store.read() as conn:
        registry = world.program.registry.get(conn)
    store.step(lambda conn: set_pin(conn, registry, "s01", sealed_pin(GOOD, "s01"), actor="cli", now=now))
    for _ in range(5):
        try_pin(store, "s01", "999998", now)
    assert try_pin(store, "s01", GOOD, now).result == "locked"
    with store.read() as conn:
        (row,) = list_pins(conn, registry, actor="cli", now=now)
    assert row["locked_until"] is not None
    store.step(lambda conn: set_pin(conn, registry, "s01", sealed_pin("618203", "s01"), actor="cli", now=now))
    assert try_pin(store, "s01", "618203", now).result == "right"


def test_the_commands(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {})
    (tmp_path / "registry.toml").write_text(toml(rows_with("k1")), encoding="utf-8")
    daemon.command("registry", "import", str(tmp_path / "registry.toml"))
    line = ["--config", str(tmp_path / "jiancha.toml"), "pin", "set", "--staff"]

    def fails(*words: str) -> str:
        done = forked.run([*line, *words], env=daemon.environment, timeout=60)
        assert done.returncode == 2, done.stdout
        return str(done.stderr)

    assert "--stdin 或 or --make" in fails("s01")
    assert "两者择一" in fails("s01", "--stdin", "--make")
    made = daemon.command("pin", "set", "--staff", "s01", "--make").strip()
    assert made.isdigit()
    listed = daemon.command("pin", "list")
    assert listed.startswith("s01  ")
    assert made not in listed
    assert "argon2" not in daemon.command("pin", "list", "--json")
    assert "已清除密码" in daemon.command("pin", "clear", "--staff", "s01")
