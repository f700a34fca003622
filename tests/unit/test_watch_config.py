"""The watcher's file: what is refused and in what words, what the environment overrules, the queue on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.agents.device.config import BadConfig
from monitor.agents.device.kept import KeptEvents, QueueError
from monitor.agents.postwatch.config import load

GOOD = """
[watch]
device = "cam-1"
camera = "0"
[mqtt]
host = "broker.hall"
[[windows]]
id = "w1"
region = [0.1, 0.1, 0.4, 0.8]
chair = [[0.1, 0.5], [0.5, 0.5], [0.3, 0.9]]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "watch.toml"
    file.write_text(text)
    return file


def test_paths_are_beside_the_file_and_the_environment_overrules_the_broker(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    config = load(
        written(tmp_path, GOOD),
        {"JIANCHA_MQTT__HOST": "other", "JIANCHA_MQTT__PORT": "1884", "JIANCHA_MQTT__PASSWORD_FILE": "password"},
    )
    assert config.watch.queue == tmp_path / "watch-queue.sqlite"
    assert (config.mqtt.host, config.mqtt.port) == ("other", 1884)
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == "secret"
    assert "secret" not in repr(config)


def test_an_address_with_a_password_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "address").write_text("rtsp://u:p@10.0.0.9/sub\n")
    text = GOOD.replace('camera = "0"', 'camera_file = "address"')
    assert load(written(tmp_path, text), {}).watch.camera == "rtsp://u:p@10.0.0.9/sub"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('camera = "0"', 'camra = "0"', "watch.camra: 没有这个键 no such key"),
        ("[mqtt]", "[broker]", "broker: 没有这个键"),
        ('id = "w1"', 'id = "w1"\ncolour = 1', "windows.0.colour: 没有这个键"),
        ('device = "cam-1"', "", "watch.device: 缺少 is missing"),
        ('device = "cam-1"', 'device = "CAM 1"', "watch.device"),
        ("[0.1, 0.1, 0.4, 0.8]", "[0.1, 0.1, 1.4, 0.8]", "windows.0.region: Value error, leaves the frame"),
        ('camera = "0"', "frames_per_second = 25", "watch.frames_per_second: Input should be less than or equal to 2"),
        ('camera = "0"', "every_seconds = 120", "watch.every_seconds: Input should be less than or equal to 45"),
        ("[mqtt]", '[[windows]]\nid = "w1"\nregion = [0, 0, 1, 1]\n[mqtt]', "w1 重复 given twice"),
        ("[mqtt]", '[detector]\nonnx = "m.onnx"\n[mqtt]', "detector.sha256: 缺少"),
        ('camera = "0"', 'camera_file = "nothing"', "watch.camera_file"),
        ("[watch]", "[watch", "不是 TOML"),
    ],
    ids=[
        "a key misspelt", "a section misspelt", "a window's key", "no device", "no id of a device",
        "a region out of the frame", "too many frames", "too seldom for the daemon", "a window twice",
        "a detector without checksum", "a file that is missing", "no TOML",
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(BadConfig) as refused:
        load(written(tmp_path, GOOD.replace(old, new, 1)), {})
    assert says in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="no such file"):
        load(tmp_path / "none.toml", {})


# --------------------------------------------------------------------------- the queue on disk


def test_what_is_kept_outlives_the_process_under_its_own_boot(tmp_path: Path) -> None:
    file = tmp_path / "q.sqlite"
    first = KeptEvents(file, most=1000, program="watch")
    first.put([("2026-03-02T09:00:00+08:00", {"people": n}) for n in range(3)])
    first.forget(first.after(0, 1))
    first.close()
    second = KeptEvents(file, most=1000, program="watch")
    second.put([("2026-03-02T09:01:00+08:00", {"people": 9})])
    kept = second.after(0, 10)
    assert [(k.boot, k.seq, json.loads(k.payload)["people"]) for k in kept] == [
        (first.boot, 2, 1),
        (first.boot, 3, 2),
        (second.boot, 1, 9),
    ]
    assert second.waiting == 3
    second.forget(kept[:2])
    assert (second.waiting, second.acknowledged) == (1, 0)
    second.forget(kept[2:])
    assert (second.waiting, second.acknowledged) == (0, 1)
    second.close()


def test_a_full_queue_drops_the_oldest_and_counts_them(tmp_path: Path) -> None:
    queue = KeptEvents(tmp_path / "q.sqlite", most=1000, program="watch")
    queue.put([("t", {"people": n}) for n in range(1001)])
    assert (queue.dropped, queue.waiting) == (101, 900)
    assert queue.after(0, 1)[0].seq == 102
    queue.close()


def test_a_second_watcher_on_the_same_queue_is_refused(tmp_path: Path) -> None:
    first = KeptEvents(tmp_path / "q.sqlite", most=1000, program="watch")
    with pytest.raises(QueueError, match="watch.queue: .*another `jiancha watch`"):
        KeptEvents(tmp_path / "q.sqlite", most=1000, program="watch")
    first.close()
