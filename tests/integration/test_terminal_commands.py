"""`terminal`, `terminal token` and `face enroll --camera` on the command line: what is refused, and how."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

cv2 = pytest.importorskip("cv2", reason="the extra `faces` is not installed")

from tests import forked  # noqa: E402 - after the skip
from tests.halls import Commands, hall  # noqa: E402
from tests.moving_heads import head, portrait  # noqa: E402

CONSENT = ("--staff", "s01", "--consent-at", "2026-03-02T08:00:00+08:00", "--purpose", "考勤")


@pytest.fixture
def bare(tmp_path: Path) -> Commands:
    """The command in a folder without a hall."""
    return Commands(tmp_path, env={"JIANCHA_FACES__KEYS": str(tmp_path / "outside" / "face-keys")})


@pytest.fixture
def commands(bare: Commands) -> Commands:
    devices = [{"id": "t1", "kind": "terminal", "hall": "h1"}, {"id": "ev1", "kind": "evaluator", "window": "w1"}]
    bare.set_up(hall(2, devices=devices))
    return bare


def run(commands: Commands, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.run(words, env=commands.environment(), cwd=commands.folder, timeout=60)


def written(folder: Path, server: str = 'url = "https://h:1"\ntoken = "t"', terminal: str = 'camera = "no.avi"') -> str:
    (folder / "t.toml").write_text(f'[terminal]\ndevice = "t1"\n{terminal}\n[server]\n{server}\n')
    return "t.toml"


@pytest.mark.parametrize(
    ("says", "file", "told"),
    [
        ("vectors in the clear", {"server": 'url = "http://10.0.0.5:8642"\ntoken = "t"'}, "server.url"),
        ("no token", {"server": 'url = "https://h:1"'}, "jiancha terminal token --device t1"),
        ("a key that there is not", {"terminal": "colour = 1"}, "terminal.colour: 没有这个键"),
        ("no camera", {"terminal": ""}, "terminal.camera: 未给出摄像头"),
        ("a film that there is not", {}, "no.avi 不存在"),
    ],
)
def test_a_terminal_that_cannot_start_names_key_and_way_out(
    bare: Commands, says: str, file: dict[str, str], told: str
) -> None:
    done = run(bare, "terminal", "--config", written(bare.folder, **file))
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_without_a_file_it_is_told_where_one_is_shown(bare: Commands) -> None:
    done = run(bare, "terminal")
    assert (done.returncode, "docs/terminal.md" in done.stderr) == (2, True)


def test_check_tells_what_would_run(bare: Commands) -> None:
    file = written(bare.folder, terminal='camera = "rtsp://u:p@10.0.0.9/sub"\nchallenge = false')
    said = bare.run("terminal", "--config", file, "--check")
    assert "rtsp://***@10.0.0.9/sub" in said
    assert "照片即可冒签" in said


def test_a_token_is_made_for_a_terminal_alone(commands: Commands) -> None:
    assert commands.run("terminal", "token", "--device", "t1").startswith("jct_")
    assert [(row["devices"], row["scopes"]) for row in commands.json("user", "tokens")] == [(["t1"], ["faces:gallery"])]
    assert "不是终端" in run(commands, "terminal", "token", "--device", "ev1").stderr
    commands.run("terminal", "token", "--device", "ev1", status=2)


# --------------------------------------------------------------------------- enrolling by a camera


def film(file: Path, frames: list[Any]) -> str:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (640, 480))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return str(file)


def test_a_camera_takes_three_pictures_by_itself_and_writes_none(commands: Commands, data_dir: Path) -> None:
    photo = portrait(data_dir / "faces" / "fr_obama" / "1.jpg") or portrait(
        sorted((data_dir / "faces" / "fr_obama").iterdir())[0]
    )
    assert photo is not None
    turned = [head(photo, turn=turn) for turn in (0, 10, -10) for _ in range(4)]  # 0.8 s each
    source = film(commands.folder / "film.avi", turned)
    before = {path.name for path in commands.folder.iterdir()}
    done = run(commands, "face", "enroll", *CONSENT, "--camera", source, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == 3
    assert "已采集 3/3 张" in done.stderr
    assert {path.name for path in commands.folder.iterdir()} - before <= {"outside"}


def test_a_camera_that_sees_nobody_gives_up_with_the_reason(commands: Commands, data_dir: Path) -> None:
    room = cv2.resize(cv2.imread(str(data_dir / "scenes" / "10.jpg")), (640, 480))
    done = run(commands, "face", "enroll", *CONSENT, "--camera", film(commands.folder / "film.avi", [room] * 2))
    assert done.returncode == 2
    assert "0/3 张合格" in done.stderr
    assert "没有找到人脸" in done.stderr.splitlines()[-1]
    assert commands.json("face", "list") == []


def test_who_will_be_refused_is_told_so_before_the_camera_runs(commands: Commands) -> None:
    """A camera that is not there would be the next thing to be told."""
    commands.run("user", "add", "duty", "--role", "duty_supervisor", "--halls", "h1")
    refused = {
        "s99": ("--staff", "s99"),
        "无权登记、比对、删除人脸": ("--as", "duty"),
        "晚于现在": ("--consent-at", "2026-03-03T08:00:00+08:00"),
        "no.avi 不存在": (),
    }
    for told, more in refused.items():
        done = run(commands, "face", "enroll", *CONSENT, "--camera", "no.avi", *more)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
        assert ("no.avi" in done.stderr) == (not more), done.stderr


@pytest.mark.parametrize("given", [(), ("--camera", "0", "1.jpg")])
def test_photographs_or_a_camera(bare: Commands, given: tuple[str, ...]) -> None:
    done = run(bare, "face", "enroll", *CONSENT, *given)
    assert (done.returncode, "二选一" in done.stderr) == (2, True)
