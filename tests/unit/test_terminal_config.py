"""The terminal's file: what is refused and in what words; the queue's errors name the terminal's keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.agents.device.config import BadConfig
from monitor.agents.device.kept import KeptEvents, QueueError
from monitor.agents.terminal.config import load

GOOD = """
[terminal]
device = "gate-1"
camera = "0"
[server]
url = "https://hall.local:8643"
token_file = "token"
[mqtt]
host = "broker.hall"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "token").write_text("jct_x\n")
    file = folder / "terminal.toml"
    file.write_text(text)
    return file


def test_paths_are_beside_the_file_and_secrets_stay_out_of_sight(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD), {"JIANCHA_MQTT__PORT": "1884", "JIANCHA_MQTT__PASSWORD": "secret"})
    assert config.terminal.queue == tmp_path / "terminal-queue.sqlite"
    assert (config.mqtt.host, config.mqtt.port) == ("broker.hall", 1884)
    assert config.server.token is not None
    assert config.server.token.get_secret_value() == "jct_x"
    assert (config.terminal.challenge, config.terminal.repeat_seconds) == (True, 60)
    assert "jct_x" not in repr(config)
    assert "secret" not in repr(config)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8642", "http://localhost:8642/", "http://[::1]:8642"])
def test_plain_http_stays_on_this_machine(tmp_path: Path, url: str) -> None:
    assert load(written(tmp_path, GOOD.replace("https://hall.local:8643", url)), {}).server.url == url.rstrip("/")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("https://hall.local:8643", "http://10.0.0.5:8642", "server.url: Value error, 人脸特征不得明文传输"),
        ("https://hall.local:8643", "hall.local", "server.url: Value error, 不是网址"),
        ('url = "https://hall.local:8643"', "", "server.url: 缺少 is missing"),
        ('token_file = "token"', "", "server.token_file: 缺少 is missing; `jiancha terminal token --device gate-1`"),
        ('token_file = "token"', 'token_file = "nothing"', "server.token_file"),
        ('token_file = "token"', 'token_file = "token"\nca = "none.pem"', "server.ca: "),
        ('camera = "0"', 'camra = "0"', "terminal.camra: 没有这个键 no such key; docs/terminal.md lists them"),
        ('device = "gate-1"', "", "terminal.device: 缺少"),
        ('camera = "0"', "repeat_seconds = -1", "terminal.repeat_seconds"),
        ('camera = "0"', 'zone = "Mars/Base"', "terminal.zone"),
        ("[terminal]", "[terminal", "不是 TOML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(BadConfig) as refused:
        load(written(tmp_path, GOOD.replace(old, new, 1)), {})
    assert says in str(refused.value)


def test_a_second_terminal_on_the_same_queue_is_refused(tmp_path: Path) -> None:
    first = KeptEvents(tmp_path / "q.sqlite", most=1000, program="terminal")
    with pytest.raises(QueueError, match="terminal.queue: .*another `jiancha terminal`"):
        KeptEvents(tmp_path / "q.sqlite", most=1000, program="terminal")
    first.close()


def test_a_number_that_is_left_out_is_announced_and_given_to_no_event(tmp_path: Path) -> None:
    kept = KeptEvents(tmp_path / "q.sqlite", most=1000, program="terminal")
    kept.put([("t", {})])
    kept.forget(kept.after(0, 1))
    kept.leave_out()
    assert kept.acknowledged == 2
    kept.put([("t", {})])
    assert [one.seq for one in kept.after(0, 9)] == [3]
    kept.close()
