"""Secrets never leave by a log: the real daemon and commands, with a secret in every place that takes one, through
errors of each; then stderr, answers, audit, journal and database are looked through for each.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests import forked, plain_http
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import hall
from tests.halls import toml as toml_of
from tests.mosquitto import DAEMON, Mosquitto
from tests.receivers import Answer, Got, http_receiver

SECRETS: Final = {
    "broker": "Br0ker-Geheim-4711",
    "database": "Dat3nbank-Geheim-0815",
    "hook": "h00k-t0ken-2288aa",
    "robot": "693axxx6-7aoc-4bc4-97a0",
    "mail": "M4il-Geheim-9931",
    "gateway": "G4teway-Geheim-5523",
    "audit": "a" * 20 + "Audit-Geheim-7764" + "b" * 20,
    "oidc": "0IDC-Geheim-3345",
    "deadman": "d3adman-t0ken-6612",
    "feed": "F33d-Geheim-1199",
}
OURS: Final = {key: value for key, value in os.environ.items() if not key.startswith("JIANCHA_")}
CONFIG: Final = """
[alerts]
timeout_seconds = 1
senders = 2
group_wait_seconds = 0
[alerts.retry]
base_seconds = 0.2
cap_seconds = 0.5
[alerts.deadman]
url = "{base}/alive?key={deadman}"
every_seconds = 1
[alerts.gateways.sms]
url = "{base}/sms"
secret = "{gateway}"
fields = {{ to = "{{{{ to }}}}", text = "{{{{ text }}}}", key = "{{{{ secret }}}}" }}
success = "code == `0`"
[alerts.receivers.echo]
url = "{base}/echo?token={hook}"
[alerts.receivers.away]
url = "http://127.0.0.1:9/away?token={hook}"
[alerts.receivers.robot]
url = "wecombot://{robot}/?base={base}"
[alerts.receivers.mail]
url = "mailto://user:{mail}@127.0.0.1:9?to=a@b.cn&from=c@b.cn"
[alerts.receivers.generic]
url = "json://user:{mail}@127.0.0.1:9/x?:token={hook}"
[alerts.receivers.sms]
gateway = "sms"
to = "13800004711"
[[alerts.routes]]
receivers = ["echo", "away", "robot", "mail", "generic", "sms"]
[console.oidc]
issuer = "{base}"
client_id = "jiancha"
client_secret = "{oidc}"
[audit]
key = "{audit}"
"""


def leaked(text: str) -> list[str]:
    return [name for name, secret in SECRETS.items() if secret in text]


def echo(got: Got) -> Answer:
    """A receiver that says back all that it was given, as an error."""
    said = f"refused: {got.path} {got.body.decode(errors='replace')} {dict(got.headers)}"
    return Answer(status=500 if "echo" in got.path else 200, body=said.encode())


def test_no_secret_leaves_by_log_answer_or_record(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    broker = mosquitto()
    with http_receiver(echo) as receiver:
        environment = {
            "JIANCHA_MQTT__HOST": "127.0.0.1",
            "JIANCHA_MQTT__PORT": str(broker.port),
            "JIANCHA_MQTT__USERNAME": DAEMON,
            "JIANCHA_MQTT__PASSWORD": SECRETS["broker"],  # a wrong one, too
            "JIANCHA_LOG": "debug",
        }
        daemon = Daemon(tmp_path, environment, CONFIG.format(base=receiver.base, **SECRETS))
        (tmp_path / "hall.toml").write_text(toml_of(hall()))
        daemon.command("registry", "import", str(tmp_path / "hall.toml"))
        daemon.command("user", "add", "boss", "--role", "administrator", "--name", "某")
        token = daemon.command("user", "token", "--halls", "h1").strip().splitlines()[-1].split()[-1]
        daemon.command(
            "cards", "issue", "--rule", "E06", "--level", "yellow", "--window", "w1", "--reason", "巡查所见"
        )  # fmt: skip
        with daemon:
            eventually(lambda: len([g for g in receiver.got if "/echo" in g.path]) >= 2, 40, "no hook was tried")
            eventually(lambda: any("/sms" in g.path for g in receiver.got), 40, "no gateway was tried")
            eventually(lambda: tried(tmp_path) >= 6, 40, "not every receiver was tried")
            answers = [
                plain_http.get(f"{daemon.url}{path}", headers={"Authorization": f"Bearer {token}"}).text
                for path in ("/readyz", "/metrics", "/api/v1/cards", "/api/v1/nothing", "/sign-in", "/sign-in/oidc")
            ]
        told = [
            (name, forked.run(["--config", str(tmp_path / "jiancha.toml"), *words], env=daemon.environment, timeout=60))
            for name, words in {
                "config check": ["config", "check"],
                "doctor": ["doctor", "--json"],
                "deliveries": ["report", "deliveries", "--tries", "--json"],
                "audit": ["audit", "verify", "--json"],
                "route": ["alerts", "route", "--example", "post.empty:red:h1:w1", "--json"],
            }.items()
        ]
    assert leaked(daemon.log()) == []
    assert token not in daemon.log()
    assert leaked("\n".join(answers)) == []
    for name, done in told:
        assert leaked(done.stdout + done.stderr) == [], name
    with sqlite3.connect(tmp_path / "jiancha.sqlite") as conn:
        assert leaked("\n".join(conn.iterdump())) == [], "of what the database keeps"
    assert any("sms" in g.path and SECRETS["gateway"] in g.body.decode() for g in receiver.got), "it was sent, though"
    lines = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
    assert any(line.get("action") == "alert.not_sent" for line in lines)


def tried(folder: Path) -> int:
    with sqlite3.connect(folder / "jiancha.sqlite") as conn:
        row = conn.execute(
            "SELECT count(DISTINCT d.address) FROM attempt a JOIN delivery d ON d.id = a.delivery "
            "WHERE a.result IS NOT NULL"
        ).fetchone()
    return int(row[0])


def test_a_database_that_is_away_tells_no_password(tmp_path: Path) -> None:
    """Of the store and of a feed's view, by every command, with its traceback."""
    secret = SECRETS["database"]
    url = f"postgresql+psycopg://jiancha:{secret}@127.0.0.1:9/jiancha"
    (tmp_path / "feed.toml").write_text(
        f'[[feeds]]\nid = "view"\nurl = "postgresql+psycopg://u:{SECRETS["feed"]}@127.0.0.1:9/x"\n'
        'map = "coselog-receipt"\nview = "v"\nmark = "m"\n'
    )
    for words in (
        ["cards", "list"],
        ["config", "check"],
        ["doctor"],
        ["db", "upgrade"],
        ["backup", str(tmp_path / "b")],
    ):
        env = {"JIANCHA_STORE__URL": url, "JIANCHA_LOG": "debug"}
        done = forked.run(["--config", str(tmp_path / "feed.toml"), *words], env=env, timeout=60)
        assert leaked(done.stdout + done.stderr) == [], words


def test_a_url_that_cannot_be_read_is_not_said_back(tmp_path: Path) -> None:
    for url in (f"postgresql:{SECRETS['database']}", f"nonsense://u:{SECRETS['database']}@h/d"):
        done = forked.run(["cards", "list"], env=OURS | {"JIANCHA_STORE__URL": url}, timeout=60)
        assert done.returncode == 2
        assert leaked(done.stdout + done.stderr) == [], url
