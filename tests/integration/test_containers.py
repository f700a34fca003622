"""Image and compose file, as far as that goes without an engine: parsed, linted, and what they name tried here.

`tests/compose/compose-spec.json` is the schema of the compose specification (Apache-2.0), as check-jsonschema 0.39.0 on
PyPI carries it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
import yaml

from monitor.settings import load
from tests.conftest import ROOT, Eventually, skip_or_fail

DEPLOY = ROOT / "deploy"
SCHEMA = json.loads((ROOT / "tests" / "compose" / "compose-spec.json").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = ("jiancha-1", "jiancha-2")
EXAMPLE = dict(
    line.split("=", 1) for line in (DEPLOY / ".env.example").read_text().splitlines() if re.match(r"[A-Z_]+=", line)
)
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def filled(text: str) -> str:
    """With the defaults of its variables; those without one as the example has them."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else EXAMPLE[found[1]], text)


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("prepare", str(DEPLOY / "prepare"))
    spec = importlib.util.spec_from_loader("prepare", loader)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets as `deploy/prepare` makes them, by a Python that has nothing installed."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    run_prepare(folder)
    return folder


def run_prepare(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", DEPLOY / "prepare", *words],
        env=os.environ | {"JIANCHA_SECRETS": str(folder)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_schema_of_the_specification_takes_it() -> None:
    jsonschema_rs.validator_for(SCHEMA).validate(COMPOSE)


@pytest.mark.parametrize(
    "fault", [{"services": {"a": {"imagee": "x"}}}, {"services": {"a": {"restart": 1}}}, {"service": {}}]
)
def test_the_schema_refuses_what_it_does_not_know(fault: dict[str, Any]) -> None:
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(COMPOSE | fault)


def test_two_replicas_differ_in_nothing_but_their_name_and_port() -> None:
    one, two = (SERVICES[name] for name in REPLICAS)
    assert [key for key in one if one[key] != two[key]] == ["environment", "ports"]
    other = {key for key in one["environment"] if one["environment"][key] != two["environment"][key]}
    assert other == {"JIANCHA_MQTT__CLIENT_ID"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, group = map(int, service["user"].split(":"))
    assert min(user, group) > 0
    assert not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_else_on_the_network_reaches_a_port_unasked(name: str) -> None:
    assert all(filled(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("upgrade", "cli")])
def test_each_that_stays_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_named_by_tag_and_digest_in_the_environment_and_has_no_default(name: str) -> None:
    found = VARIABLE.fullmatch(SERVICES[name]["image"])
    assert found is not None
    assert found[2] == "?"
    if found[1] != "JIANCHA_IMAGE":  # the checkout's own
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:FILL_IN", EXAMPLE[found[1]])
    assert ":latest" not in EXAMPLE[found[1]]


def test_each_variable_stands_in_the_example() -> None:
    used = {found[1] for found in VARIABLE.finditer((DEPLOY / "compose.yml").read_text())}
    assert used == set(EXAMPLE)


def test_no_secret_has_a_default_and_each_is_made(prepare: ModuleType, secrets: Path) -> None:
    declared = {name: one["file"] for name, one in COMPOSE["secrets"].items()}
    assert {path.name for path in secrets.iterdir()} == set(declared)
    assert declared == {name: f"./secrets/{name}" for name in declared}
    used = {one if isinstance(one, str) else one["source"] for s in SERVICES.values() for one in s.get("secrets", [])}
    assert used == set(declared)
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|URL", variable):
                assert variable.endswith("_FILE"), variable
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert {name for name in declared if not (secrets / name).read_text()} == set(prepare.BY_HAND)


def test_secrets_are_made_once_and_shut_away(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    assert run_prepare(secrets) == ""
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {oct(path.stat().st_mode & 0o777) for path in secrets.iterdir()} == {
        "0o400" if os.geteuid() == 0 else "0o444"
    }


def test_the_daemon_takes_its_environment(secrets: Path) -> None:
    for name in REPLICAS:
        given = {
            key: value.replace("/run/secrets/", f"{secrets}/") for key, value in SERVICES[name]["environment"].items()
        }
        settings = load(DEPLOY / "jiancha.toml", given)
        assert settings.store.url.startswith("postgresql+psycopg://jiancha:")
        assert settings.mqtt.client_id == name
        assert settings.audit.secret


def test_what_is_mounted_is_there() -> None:
    sources = {
        filled(mount["source"]) for service in SERVICES.values() for mount in service.get("volumes", [])
        if mount["type"] == "bind"
    }  # fmt: skip
    assert len(sources) > 8
    assert [source for source in sources if not (DEPLOY / source).exists()] == []
    named = {m["source"] for service in SERVICES.values() for m in service.get("volumes", []) if m["type"] == "volume"}
    assert named == set(COMPOSE["volumes"])


def test_the_image_copies_what_is_there_and_what_the_builder_is_given() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert len(copied) > 8
    given = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(given)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    build = SERVICES["upgrade"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert set(build["args"]) == set(re.findall(r"^ARG (\w+)", text, re.MULTILINE))


def test_the_linter_has_nothing_to_say_of_the_image() -> None:
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if linter is None:
        skip_or_fail("no hadolint, an extra of `dev`")
    done = subprocess.run([linter, DEPLOY / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_prometheus_takes_its_configuration(tmp_path: Path, tool: Callable[[str], str]) -> None:
    shutil.copy(DEPLOY / "prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "config" / "prometheus" / "rules", tmp_path / "rules")
    done = subprocess.run(
        [tool("promtool"), "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0][
        "targets"
    ]
    assert scraped == [f"{name}:8642" for name in REPLICAS]


def test_grafana_asks_nobody_outside() -> None:
    given = SERVICES["grafana"]["environment"]
    asks = ("REPORTING_ENABLED", "CHECK_FOR_UPDATES", "CHECK_FOR_PLUGIN_UPDATES")
    assert {given[f"GF_ANALYTICS_{name}"] for name in asks} | {given["GF_NEWS_NEWS_FEED_ENABLED"]} == {"false"}
    assert {given["GF_SECURITY_DISABLE_GRAVATAR"], given["GF_PLUGINS_PREINSTALL_DISABLED"]} == {"true"}


def test_grafana_finds_its_boards_and_its_source() -> None:
    mounted = {mount["target"]: filled(mount["source"]) for mount in SERVICES["grafana"]["volumes"]}
    provider = yaml.safe_load((DEPLOY / "grafana" / "boards.yml").read_text())["providers"][0]
    boards = list((DEPLOY / mounted[provider["options"]["path"]]).glob("*.json"))
    assert boards
    for board in boards:  # provisioning fills in no __inputs: each has to choose its source by a variable
        variables = json.loads(board.read_text())["templating"]["list"]
        assert {"prometheus"} == {one["query"] for one in variables if one["type"] == "datasource"}, board.name
    source = yaml.safe_load((DEPLOY / "grafana" / "datasources.yml").read_text())["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")


def test_the_broker_is_configured_as_the_shipped_one_but_for_where_it_listens_and_keeps() -> None:
    def said(path: Path) -> list[str]:
        return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]

    shipped, ours = said(ROOT / "config" / "mosquitto" / "mosquitto.conf"), said(DEPLOY / "mosquitto.conf")
    assert [line for line in shipped if line not in ours] == [
        "listener 1883 127.0.0.1",
        "persistence_location /var/lib/mosquitto/",
    ]
    assert [line for line in ours if line not in shipped] == [
        "listener 1883", "include_dir /etc/mosquitto/conf.d", "persistence_location /mosquitto/data/",
    ]  # fmt: skip


@pytest.fixture
def broker(
    tmp_path: Path, secrets: Path, free_port: Callable[[], int], tool: Callable[[str], str], eventually: Eventually
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The broker of the compose file with the mounts at places of this machine."""
    port, conf = free_port(), tmp_path / "conf.d"
    shutil.copytree(DEPLOY / "broker.d", conf)
    shutil.copy(ROOT / "config" / "mosquitto" / "jiancha.acl", tmp_path)
    (tmp_path / "jiancha.acl").chmod(0o600)
    here = {
        "/etc/mosquitto/jiancha.passwd": secrets / "mosquitto-passwd",
        "/etc/mosquitto/jiancha.acl": tmp_path / "jiancha.acl",
        "/etc/mosquitto/conf.d": conf,
        "/mosquitto/data/": f"{tmp_path}/",
        "listener 1883": f"listener {port} 127.0.0.1",
    }
    text = (DEPLOY / "mosquitto.conf").read_text()
    for there, place in here.items():
        assert there in text
        text = text.replace(there, str(place))
    (tmp_path / "mosquitto.conf").write_text(f"{text}user root\n")
    tool("mosquitto_sub")
    running = subprocess.Popen([tool("mosquitto"), "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL)

    def up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(up, 10, "the broker does not start")
    yield port, running
    running.terminate()
    running.wait(10)


def test_the_broker_lets_in_whom_prepare_made_and_its_health_is_seen(
    broker: tuple[int, subprocess.Popen[bytes]], secrets: Path
) -> None:
    port, running = broker
    command = SERVICES["mosquitto"]["healthcheck"]["test"][1].replace("127.0.0.1", f"127.0.0.1 -p {port}")

    def healthy() -> bool:
        return subprocess.run(["sh", "-c", command], capture_output=True, timeout=20).returncode == 0

    def publish(user: str, password: str) -> int:
        words = [
            "mosquitto_pub",
            "-p",
            str(port),
            "-u",
            user,
            "-P",
            password,
            "-t",
            "jiancha/doctor/x",
            "-m",
            "x",
            "-q",
            "1",
        ]
        return subprocess.run(words, capture_output=True, timeout=20).returncode

    assert healthy()
    assert publish("jiancha", (secrets / "mqtt-password").read_text()) == 0
    assert publish("jiancha", "guessed") != 0
    password = run_prepare(secrets, "device", "ev-w01").strip()
    running.send_signal(1)  # reads its passwords again
    assert publish("jiancha", (secrets / "mqtt-password").read_text()) == 0
    again = run_prepare(secrets, "device", "ev-w01").strip()
    running.send_signal(1)
    assert password != again
    assert (secrets / "mosquitto-passwd").read_text().count("ev-w01:") == 1
    running.terminate()
    running.wait(10)
    assert not healthy()
