"""`audit key|seal|verify`, the sealer in `run`, the head in log and backup."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Commands, hall, toml
from tests.postgres import TEMPLATE, Postgres

KEY = "0123456789abcdef" * 4
ROWS = "SELECT count(*) FROM audit"


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    made = Commands(tmp_path, env={"JIANCHA_AUDIT__KEY": KEY})
    made.set_up(hall())
    return made


def stderr(commands: Commands, *words: str, status: int) -> str:
    done = forked.run(words, env=commands.environment(), cwd=commands.folder)
    assert done.returncode == status, done.stderr
    return done.stderr


def sql(commands: Commands, statement: str) -> int:
    with sqlite3.connect(commands.folder / "jiancha.sqlite") as conn:
        found = conn.execute(statement).fetchone()
    conn.close()
    return int(found[0]) if found else 0


def test_a_key_is_a_file_of_its_owner_and_is_never_overwritten(commands: Commands) -> None:
    file = commands.folder / "audit-key"
    assert commands.run("audit", "key", "-o", str(file)).strip() == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = file.read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", made)
    assert "不覆盖" in stderr(commands, "audit", "key", "-o", str(file), status=2)
    assert file.read_text() == made
    commands.env = {"JIANCHA_AUDIT__KEY_FILE": str(file)}
    commands.run("audit", "seal")
    assert commands.json("audit", "verify")["ok"]


@pytest.mark.parametrize("words", [["audit", "verify"], ["audit", "seal"]], ids=" ".join)
def test_without_a_key_both_name_it_and_the_way_out(commands: Commands, words: list[str]) -> None:
    commands.env = {}
    said = stderr(commands, *words, status=2)
    assert "audit.key" in said
    assert "jiancha audit key -o FILE" in said
    assert "JIANCHA_AUDIT__KEY_FILE" in said


def test_a_short_key_is_refused_and_not_shown(commands: Commands) -> None:
    commands.env = {"JIANCHA_AUDIT__KEY": "secret"}
    said = stderr(commands, "audit", "verify", status=2)
    assert "JIANCHA_AUDIT__KEY" in said
    assert "at least 32" in said
    assert "secret" not in said


def test_seal_verify_tamper_verify(commands: Commands) -> None:
    rows = sql(commands, ROWS)
    before = commands.json("audit", "verify")
    assert (before["ok"], before["rows"], before["first_bad"], before["unsealed"]) == (True, rows, None, rows)
    commands.run("audit", "seal")
    told = commands.json("audit", "verify")
    assert (told["ok"], told["rows"], told["sealed"], told["unsealed"]) == (True, rows, rows, 0)
    head = told["head"]
    assert commands.json("audit", "verify", "--head", head)["ok"]
    assert commands.run("audit", "verify").startswith(f"{rows} 行 rows")

    sql(commands, "UPDATE audit SET actor = 'somebody' WHERE id = 5")
    found = commands.json("audit", "verify", status=1)
    assert (found["ok"], found["rows"], found["first_bad"]) == (False, rows, 5)
    assert "审计行 row 5, 封印 seal 5: 内容或封印被改动" in stderr(commands, "audit", "verify", status=1)


@pytest.mark.parametrize("head", ["12", "x:y", "0:" + "0" * 64, "3:abc"])
def test_a_head_that_is_none_is_refused(commands: Commands, head: str) -> None:
    assert "--head" in stderr(commands, "audit", "verify", "--head", head, status=2)


def test_a_backup_keeps_the_head_and_a_cut_shows_against_it(commands: Commands) -> None:
    commands.run("audit", "seal")
    head = commands.json("audit", "verify")["head"]
    file = commands.folder / "b.zip"
    assert head in stderr(commands, "backup", str(file), status=0)
    assert commands.json("audit", "verify", "--backup", str(file))["ok"]
    last = sql(commands, "SELECT max(id) FROM audit")
    for table, column in (("seal", "audit_id"), ("audit_private", "audit"), ("audit", "id")):
        sql(commands, f"DELETE FROM {table} WHERE {column} > {last - 2}")  # noqa: S608
    assert commands.json("audit", "verify")["ok"], "without a head nobody can know"
    found = commands.json("audit", "verify", "--backup", str(file), status=1)
    assert (found["first_bad"], found["why"]) == (last - 1, "cut_off")
    assert "--backup" in stderr(commands, "audit", "verify", "--backup", "nowhere.zip", status=2)


def test_a_restored_store_goes_on_with_the_chain(commands: Commands) -> None:
    commands.run("audit", "seal")
    file = commands.folder / "b.zip"
    commands.run("backup", str(file))
    commands.env["JIANCHA_STORE__URL"] = f"sqlite:///{commands.folder / 'again.sqlite'}"
    commands.run("restore", str(file))
    commands.run("audit", "seal")
    told = commands.json("audit", "verify", "--backup", str(file))
    assert (told["ok"], told["unsealed"]) == (True, 0)


def daemon_in(folder: Path, **env: str) -> Daemon:
    made = Daemon(folder, {"JIANCHA_MQTT__ENABLED": "false", **env})
    (folder / "registry.toml").write_text(toml(hall()))
    made.command("registry", "import", str(folder / "registry.toml"))
    return made


def actions(daemon: Daemon) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("action", "").startswith("audit.")]


def test_the_daemon_seals_and_writes_the_head_to_its_log(tmp_path: Path, eventually: Eventually) -> None:
    daemon = daemon_in(tmp_path, JIANCHA_AUDIT__KEY=KEY, JIANCHA_AUDIT__SEAL_SECONDS="3600")
    # the first judge of a store records its policy: the daemon's own would after or before the sealer's round
    daemon.command("judge", "--as-of", "2026-03-02T08:00:00+08:00")
    daemon.start()
    try:
        [told] = eventually(lambda: [line for line in actions(daemon) if line["action"] == "audit.head"])
        assert json.loads(daemon.command("audit", "verify", "--json", "--head", told["head"]))["unsealed"] == 0
        daemon.command("user", "token", "--halls", "h1")
        assert json.loads(daemon.command("audit", "verify", "--json"))["unsealed"] == 1, "the next round is an hour off"
    finally:
        daemon.stop()
    assert json.loads(daemon.command("audit", "verify", "--json"))["unsealed"] == 0, "it seals once more when it stops"


def test_without_a_key_the_daemon_runs_and_warns(tmp_path: Path) -> None:
    daemon = daemon_in(tmp_path).start()
    daemon.stop()
    [told] = actions(daemon)
    assert (told["action"], told["level"]) == ("audit.no_key", "warning")
    assert "jiancha audit key" in told["fix"]


def test_two_replicas_seal_one_chain_and_one_may_be_killed(
    tmp_path: Path, postgres: Postgres, eventually: Eventually
) -> None:
    with postgres.database(TEMPLATE) as url:
        env = {"JIANCHA_AUDIT__KEY": KEY, "JIANCHA_AUDIT__SEAL_SECONDS": "1", "JIANCHA_STORE__URL": url}
        daemons = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            daemons.append(daemon_in(tmp_path / name, **env).start())
        first, second = daemons

        def told() -> dict[str, Any]:
            found: dict[str, Any] = json.loads(first.command("audit", "verify", "--json"))
            return found

        try:
            for n in range(6):
                first.command("user", "token", "--halls", "h1")
                if n == 3:
                    second.kill()
            found = eventually(lambda: (now := told())["unsealed"] == 0 and now, timeout=20)
            second.start()
            first.command("user", "token", "--halls", "h1")
        finally:
            first.stop()
            second.stop()
        after = told()
        assert (after["ok"], after["unsealed"], after["sealed"]) == (True, 0, found["sealed"] + 1)
        assert json.loads(first.command("audit", "verify", "--json", "--head", found["head"]))["ok"]
