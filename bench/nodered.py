"""Durable ingest against a Node-RED flow mqtt → function → SQLite: messages a second and peak memory.

    python bench/nodered.py [--rounds N] [--events N] [--json]

Same broker, queue, payloads and table (`raw_event`); each is a process of its own, measured from the first message to
the last commit; rows are counted after the run. Ours is measured twice: ingest alone, which decodes, validates, stores,
marks and acknowledges (goals: at least 5 times as fast, at less peak memory, resident, as the kernel counts it), and
the whole daemon, `jiancha run` with HTTP, alerts and judging beside it. `cpu_us` is what a message costs each process
from its first row on. Node-RED is installed by npm into build/node-red when it is not there.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
import structlog
from hall import RAW, SESSION, TOPIC, Hall, fresh_hall, wait_until
from rounds import Row, in_turn, medians, options, row, skipped, tell
from sqlalchemy import func, select
from subscribers import Ours

from monitor.agents.children import Child, Daemon, free_port
from monitor.app.program import open_program
from monitor.ingest.subscriber import BATCH
from monitor.settings import load

GOAL, MEMORY_GOAL = 5.0, 1.0
FOLDER: Final = Path(__file__).resolve().parent.parent / "build" / "node-red"
PACKAGES: Final = ("node-red@4.1", "node-red-node-sqlite@1.1")
PROGRAM: Final = FOLDER / "node_modules" / "node-red" / "red.js"
INSERT: Final = (
    "INSERT INTO raw_event (device, event_id, channel, at, received, seq, boot, payload_hash, payload)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, event_id) DO NOTHING"
)
FUNCTION: Final = """
if (!global.get('first')) global.set('first', Date.now());
const said = JSON.parse(msg.payload), [,, device, channel] = msg.topic.split('/');
if (typeof said.id !== 'string' || isNaN(Date.parse(said.at))) return null;
const stored = t => t.toISOString().replace('T', ' ').replace('Z', '000');
msg.params = [device, said.id, channel, stored(new Date(said.at)), stored(new Date()), said.seq, said.boot || '',
    global.get('crypto').createHash('sha256').update(msg.payload).digest('hex'), msg.payload];
return msg;
"""
COUNT: Final = """
const count = (context.get('count') || 0) + 1;
context.set('count', count);
if (count < TOTAL) return null;
return {payload: JSON.stringify({first: global.get('first'), last: Date.now()})};
"""
SETTINGS: Final = """
module.exports = {uiPort: PORT, uiHost: '127.0.0.1', httpAdminRoot: false, httpNodeRoot: false, credentialSecret: false,
    functionGlobalContext: {crypto: require('crypto')}, telemetry: {enabled: false},
    logging: {console: {level: 'warn', metrics: false, audit: false}}};
"""


def install() -> str | None:
    """Have Node-RED in build/node-red; why not, where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "npm or node is not installed"
    if not PROGRAM.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-fund", "--no-audit", "--prefix", str(FOLDER), *PACKAGES]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode or not PROGRAM.exists():
            return f"npm install failed: {done.stdout.strip().splitlines()[-1:]}"
    return None


def version() -> str:
    return str(json.loads((PROGRAM.parent / "package.json").read_text())["version"])


def flow(hall: Hall, total: int) -> list[dict[str, Any]]:
    # a value equal to a node's id counts as a reference to it, so the ids are like nothing else
    return [
        {"id": "n-tab", "type": "tab", "label": "hall"},
        {
            "id": "n-broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(hall.port), "clientid": SESSION,
            "protocolVersion": "5", "keepalive": "60", "cleansession": False, "autoConnect": True, "usetls": False,
            "sessionExpiry": "604800",
        },
        {"id": "n-db", "type": "sqlitedb", "db": hall.url.removeprefix("sqlite:///"), "mode": "RW"},
        {"id": "n-in", "z": "n-tab", "type": "mqtt in", "topic": TOPIC, "qos": "1", "datatype": "utf8",
         "broker": "n-broker", "inputs": 0, "wires": [["n-row"]]},
        {"id": "n-row", "z": "n-tab", "type": "function", "func": FUNCTION, "outputs": 1, "wires": [["n-store"]]},
        {"id": "n-store", "z": "n-tab", "type": "sqlite", "mydb": "n-db", "sqlquery": "prepared", "sql": INSERT,
         "wires": [["n-count"]]},
        {"id": "n-count", "z": "n-tab", "type": "function", "func": COUNT.replace("TOTAL", str(total)), "outputs": 1,
         "wires": [["n-done"]]},
        {"id": "n-done", "z": "n-tab", "type": "file", "filename": str(hall.folder / "done.json"),
         "filenameType": "str", "appendNewline": True, "overwriteFile": "true", "wires": [[]]},
    ]  # fmt: skip


def by_node_red(hall: Hall, total: int) -> Mapping[str, float]:
    home, done = hall.folder / "node-red", hall.folder / "done.json"
    home.mkdir()
    (home / "settings.js").write_text(SETTINGS.replace("PORT", str(free_port())))
    (home / "flows.json").write_text(json.dumps(flow(hall, total)))
    credentials = {"n-broker": {"user": "jiancha", "password": hall.passwords["jiancha"]}}
    (home / "flows_cred.json").write_text(json.dumps(credentials))
    command = ["node", str(PROGRAM), "--userDir", str(home), "--settings", str(home / "settings.js"), "flows.json"]
    child = Child(command, hall.folder / "node-red.log")
    try:
        before = at_first_row(hall, child)
        wait_until(lambda: not child.is_running or (done.exists() and done.read_text().endswith("}\n")), 600)
        if not child.is_running:
            raise SystemExit(f"Node-RED: {child.last_words()}")
        peak, spent = peak_mb(child.pid), (cpu_seconds(child.pid) - before) / total * 1e6
    finally:
        child.end()
    span = json.loads(done.read_text())
    return {"node_red": total / (span["last"] - span["first"]) * 1000, "node_red_mb": peak, "node_red_us": spent}


def by_ingest(hall: Hall, total: int) -> Mapping[str, float]:
    """The daemon's ingest in a process of its own, as bench/replicas.py has it."""
    done = hall.folder / "ingest.json"
    command = [sys.executable, __file__, "--ingest", hall.url, str(hall.port), hall.passwords["jiancha"], str(total)]
    child = Child([*command, str(done)], hall.folder / "ingest.log")
    try:
        before = at_first_row(hall, child)
        wait_until(lambda: not child.is_running or done.exists(), 600)
        if not child.is_running:
            raise SystemExit(f"ingest: {child.last_words()}")
        peak, spent = peak_mb(child.pid), (cpu_seconds(child.pid) - before) / total * 1e6
    finally:
        child.end()
    ended = datetime.fromisoformat(json.loads(done.read_text()))
    return {"ingest": total / (ended - hall.stored()[1]).total_seconds(), "ingest_mb": peak, "ingest_us": spent}


def be_ingest(url: str, port: str, password: str, total: str, done: str) -> None:
    """The child: says when the last message was committed, and stays until it is ended."""
    program = open_program(load(environ={"JIANCHA_STORE__URL": url}))
    hall = Hall(folder=Path(), port=int(port), passwords={"jiancha": password}, url=url, program=program)
    ours = Ours(hall, int(total), batch=BATCH, judging=False)
    ours.start()
    ours.done.wait()
    ended = datetime.now(UTC).isoformat()
    part = Path(f"{done}.part")
    part.write_text(json.dumps(ended))
    part.rename(done)
    signal.pause()


def by_daemon(hall: Hall, total: int) -> Mapping[str, float]:
    config, port = hall.folder / "jiancha.toml", free_port()
    config.write_text("[mqtt]\nusername = 'jiancha'\n")
    daemon = Daemon(
        config,
        port,
        {
            "JIANCHA_STORE__URL": hall.url,
            "JIANCHA_MQTT__PORT": str(hall.port),
            "JIANCHA_MQTT__CLIENT_ID": SESSION,
            "JIANCHA_MQTT__PASSWORD": hall.passwords["jiancha"],
            "JIANCHA_HTTP__PORT": str(port),
        },
    )
    try:
        before = at_first_row(hall, daemon.child)
        wait_until(lambda: not daemon.child.is_running or last_number(hall) == total, 600)
        ended = datetime.now(UTC)
        if not daemon.child.is_running:
            raise SystemExit(f"jiancha run: {daemon.child.last_words()}")
        pid = daemon.child.pid
        peak, spent = peak_mb(pid), (cpu_seconds(pid) - before) / total * 1e6
    finally:
        daemon.child.end()
    return {"daemon": total / (ended - hall.stored()[1]).total_seconds(), "daemon_mb": peak, "daemon_us": spent}


def at_first_row(hall: Hall, child: Child) -> float:
    """What the process has used when its first row is there: its start is behind it."""
    wait_until(lambda: not child.is_running or last_number(hall) > 0, 600)
    return cpu_seconds(child.pid) if child.is_running else 0.0


def cpu_seconds(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def last_number(hall: Hall) -> int:
    """Of the rows stored so far: found without counting them, which would take the time of what is measured."""
    with hall.program.store.read() as conn:
        return int(conn.execute(select(func.max(RAW.c.id))).scalar() or 0)


def peak_mb(pid: int) -> float:
    """The highest resident set of the process so far, as the kernel keeps it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


SIDES: Final = {"ingest": by_ingest, "daemon": by_daemon, "node_red": by_node_red}


def play(number: int, events: int) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for side in in_turn([*SIDES], number):
        with fresh_hall() as hall:
            hall.open_session()
            hall.publish(events)
            found |= SIDES[side](hall, events)
            if hall.stored()[0] != events:
                raise SystemExit(f"{side}: {hall.stored()[0]} rows of {events}")
    return found


def measure(rounds: int, events: int) -> list[Row]:
    missing = install()
    if missing is not None:
        return [skipped(name, missing) for name in ("node_red", "node_red_memory", "node_red_daemon")]
    found = medians(rounds, lambda number: play(number, events))
    cpu = {side: round(found[f"{side}_us"], 1) for side in SIDES}
    how = {"events": events, "rounds": rounds, "node_red": version(), "batch": BATCH, "cpu_us": cpu}
    mb = {side: round(found[f"{side}_mb"], 1) for side in SIDES}

    def speed(side: str) -> str:
        return f"{found[side]:,.0f} against {found['node_red']:,.0f} messages/s"

    def memory(side: str) -> str:
        return f"{mb[side]:.0f} against {mb['node_red']:.0f} MB"

    return [
        row("node_red", found["ingest"] / found["node_red"], GOAL, speed("ingest"), **how),
        row("node_red_memory", mb["ingest"] / mb["node_red"], MEMORY_GOAL, memory("ingest"), at_most=True, **how),
        row(
            "node_red_daemon",
            found["daemon"] / found["node_red"],
            None,
            f"{speed('daemon')}; {memory('daemon')}",
            **how,
        ),
    ]


def main() -> int:
    if sys.argv[1:2] == ["--ingest"]:
        be_ingest(*sys.argv[2:])
        return 0
    given = options(__doc__, events=50_000)
    tell(measure(given.rounds, given.events), json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
