"""The shipped configuration shows every key with its default, and means the same as no file at all."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from monitor.settings import SettingsError, load

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import config_files  # noqa: E402 - a script, not part of the package

NEED_A_VALUE = re.compile(r'^\w+ = ""$')


@pytest.mark.parametrize("path", config_files.FILES, ids=lambda p: p.name)
def test_the_file_is_what_the_models_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == config_files.FILES[path](), "run: make docs"


def test_the_shipped_file_means_the_defaults() -> None:
    assert load(ROOT / "config" / "jiancha.toml", environ={}) == load(environ={})


def test_every_shown_key_is_known_and_shows_its_default(tmp_path: Path) -> None:
    """Each commented key of the sections, taken out of its comment, changes nothing."""
    text = (ROOT / "config" / "jiancha.toml").read_text(encoding="utf-8").split("# One address each")[0]
    lines = [re.sub(r"^# (\w+ = )", r"\1", line) for line in text.splitlines()]
    file = tmp_path / "all.toml"
    file.write_text("\n".join(line for line in lines if not NEED_A_VALUE.match(line)), encoding="utf-8")
    assert file.read_text(encoding="utf-8").count(" = ") > 20
    assert load(file, environ={}) == load(environ={})


def test_the_default_policy_is_the_built_in_one(tmp_path: Path) -> None:
    """With every key of config/policy/default.toml taken out of its comment, the version stays that of the models."""
    text = (ROOT / "config" / "policy" / "default.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE), encoding="utf-8")
    (tmp_path / "jiancha.toml").write_text('[policy]\nfile = "own.toml"\nname = "default"\n')
    assert load(tmp_path / "jiancha.toml", environ={}).policy.version == load(environ={}).policy.version


def test_a_preset_by_name() -> None:
    assert load(environ={"JIANCHA_POLICY__PRESET": "default"}).policy.version == load(environ={}).policy.version


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"JIANCHA_STORE__URK": "x"}, "JIANCHA_STORE__URK: store.urk: 未知的键 unknown key"),
        ({"JIANCHA_CLOCK__START": "2026-03-02T08:00:00"}, "JIANCHA_CLOCK__START: clock.start"),
        ({"JIANCHA_MQTT__PORT": "high"}, "JIANCHA_MQTT__PORT: mqtt.port: 应为整数"),
        ({"JIANCHA_MQTT__PASSWORD_FILE": "/no/such/file"}, "JIANCHA_MQTT__PASSWORD_FILE: /no/such/file 无法读取"),
        ({"JIANCHA_POLICY__PRESET": "nowhere"}, "policy.preset is one of centit, chengdu-2010, default, demo"),
        ({"JIANCHA_CONFIG": "/no/such.toml"}, "/no/such.toml: 没有这个文件 no such file"),
        ({"JIANCHA_CALENDAR__FILES": "own.toml"}, "own.toml: 没有这个文件 no such file; correct calendar.files"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_key_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(environ=environ)


IN_A_FILE = [
    ("store = 5", "store: 应为一节"),
    ("policy = 5", "policy: 应为一节"),
    ("[calendar]\nfiles = 5", "calendar.files: 应为路径的列表"),
    ('[calendar]\nfiles = ["none.toml"]', "none.toml: 没有这个文件 no such file; correct calendar.files"),
    ('[policy]\nfile = "none.toml"', "none.toml: 没有这个文件 no such file; correct policy.file"),
    ('[clock]\nzone = "Mars"', "clock.zone"),
    ('[clock]\nstart = 2026-03-02T08:00:00Z\nhours = ["09:00", "08:00"]', "clock.hours"),
    ("[clock]\nrate = 60", "clock: 此值不可用 rate, anchor and hours need a start"),
    ("[store]\nurl = ", "不是合法的 TOML"),
]


@pytest.mark.parametrize(("text", "said"), IN_A_FILE, ids=[text for text, _ in IN_A_FILE])
def test_a_fault_of_the_file_is_named_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "jiancha.toml").write_text(text)
    with pytest.raises(SettingsError, match=re.escape(said)) as caught:
        load(tmp_path / "jiancha.toml", environ={})
    assert str(tmp_path) in str(caught.value) or said.startswith(("policy", "calendar"))


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="JIANCHA_MQTT__PASSWORD_FILE: .* 不是 UTF-8 文本"):
        load(environ={"JIANCHA_MQTT__PASSWORD_FILE": str(tmp_path / "secret")})


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("tiger\n")
    settings = load(environ={"JIANCHA_MQTT__PASSWORD_FILE": str(tmp_path / "secret")})
    assert settings.mqtt.password is not None
    assert settings.mqtt.password.get_secret_value() == "tiger"
    assert "tiger" not in repr(settings)


@pytest.mark.parametrize("file_first", [True, False])
def test_a_secret_of_a_file_goes_before_the_key_without_one(tmp_path: Path, file_first: bool) -> None:
    """A unit sets the URL of SQLite; a drop-in adds the file with that of PostgreSQL and takes nothing away."""
    file = tmp_path / "store-url"
    file.write_text("postgresql+psycopg://jiancha:x@db/jiancha\n")
    given = [("JIANCHA_STORE__URL_FILE", str(file)), ("JIANCHA_STORE__URL", "sqlite:////var/lib/x.sqlite")]
    settings = load(None, dict(given if file_first else reversed(given)))
    assert settings.store.url == "postgresql+psycopg://jiancha:x@db/jiancha"


def test_the_example_route_of_the_sum_tells_unit_three_bodies_and_the_screen(tmp_path: Path) -> None:
    """A06, G20: the comment lines, uncommented, load and come before the general route below them."""
    text = (ROOT / "config" / "jiancha.toml").read_text(encoding="utf-8")
    block = text[text.index("# [alerts.receivers.duty]") : text.index("# Nobody acknowledged it")]
    lines = [line.removeprefix("#").strip() for line in block.splitlines()]
    (tmp_path / "jiancha.toml").write_text("\n".join(f for f in lines if re.match(r"\[|[a-z_]+ = |$", f)))
    alerts = load(tmp_path / "jiancha.toml", environ={}).alerts
    first, general = alerts.routes
    assert (first.rule, first.level) == (("attendance.sum",), "red")
    assert first.receivers == ("@head", "county", "discipline", "supervision-bureau", "screen")
    assert set(first.receivers[1:]) <= set(alerts.receivers)
    assert general.rule == ()
