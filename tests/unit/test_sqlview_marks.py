"""Marks of views in every type that a database gives; feeds and adapters in the settings (ADR 0012)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest.adapters.spec import load_adapter
from monitor.ingest.maps import TimeFormat, load_map
from monitor.ingest.sqlview import marks
from monitor.settings import SettingsError, config_dir, load

ISO = TimeFormat(format="iso", zone="Asia/Shanghai")
SLASHES = TimeFormat(format="%Y/%m/%d %H:%M", zone="Asia/Shanghai")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute)  # noqa: DTZ001 - as most databases give it


@pytest.mark.parametrize(
    "mark",
    [local(9), NOW, NOW + timedelta(microseconds=7), date(2026, 3, 2), 17, 2**60, 1.5, Decimal("17.50"), "2026-03-02"],
    ids=str,
)
def test_a_mark_comes_back_as_it_was_stored(mark: marks.Mark) -> None:
    back = marks.loaded(marks.dumped(mark))
    assert (back, type(back)) == (mark, type(mark))


@pytest.mark.parametrize(
    ("mark", "time", "wanted"),
    [
        (local(9), ISO, local(8, 50)),
        (NOW, ISO, NOW - timedelta(minutes=10)),
        (date(2026, 3, 2), ISO, date(2026, 3, 1)),
        (1000, ISO, 400),
        (Decimal(1000), ISO, Decimal(400)),
        ("2026-03-02 09:00:00", ISO, "2026-03-02 08:50:00"),
        ("2026-03-02T09:00:00.250", ISO, "2026-03-02T08:50:00"),
        ("2026-03-02T01:00:00Z", ISO, "2026-03-02T00:50:00Z"),
        ("2026-03-02T09:00:00+08:00", ISO, "2026-03-02T08:50:00+08:00"),
        ("2026-03-02", ISO, "2026-03-01"),
        ("2026/03/02 09:00", SLASHES, "2026/03/02 08:50"),
    ],
    ids=str,
)
def test_the_overlap_is_taken_off_in_the_marks_own_type(mark: Any, time: TimeFormat, wanted: Any) -> None:
    assert marks.below(mark, 600, time) == wanted
    assert marks.below(mark, 0, time) == mark


def test_text_that_is_no_time_takes_no_overlap() -> None:
    with pytest.raises(marks.NoTime, match="set overlap = 0"):
        marks.below("A-17", 600, ISO)
    assert marks.below("A-17", 0, ISO) == "A-17"


@pytest.mark.parametrize(
    ("mark", "time", "wanted"),
    [
        (local(8), ISO, local(8)),
        (local(23), ISO, local(9)),
        (NOW + timedelta(hours=1), ISO, NOW),
        (date(2031, 1, 1), ISO, date(2026, 3, 2)),
        ("2031-01-01 00:00:00", ISO, "2026-03-02 09:00:00"),
        ("2031/01/01 00:00", SLASHES, "2026/03/02 09:00"),
        ("2026-03-02 08:59:59", ISO, "2026-03-02 08:59:59"),
        ("Z-99", ISO, "Z-99"),
        (10**12, ISO, 10**12),
    ],
    ids=str,
)
def test_a_mark_is_never_ahead_of_the_present(mark: Any, time: TimeFormat, wanted: Any) -> None:
    assert marks.not_ahead(mark, NOW, time) == wanted


FEED = 'id = "v"\nurl = "sqlite:///x"\nview = "v"\nmark = "m"\nmap = "own.toml"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[[feeds]]\n{FEED}poll_seconds = 61", "feeds.0.poll_seconds: at most policy.device.heartbeat_seconds, 60"),
        (f"[[feeds]]\n{FEED}[[feeds]]\n{FEED}", "feeds.1.id: 'v' is there twice"),
        (f"[[feeds]]\n{FEED}url_env = 'X'", "give exactly one of url, url_env, url_file; found url and url_env"),
        (f"[[feeds]]\n{FEED}query = 'SELECT 1'", "give exactly one of view, query; found view and query"),
        (f"[[feeds]]\n{FEED}pages = 3", "feeds.0.pages: 未知的键 unknown key"),
        ("[adapters]\nenable = []", "adapters.enable: 未知的键 unknown key"),
    ],
)
def test_settings_that_cannot_be_used_name_the_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "jiancha.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, environ={})
    assert said in str(caught.value)


def test_paths_are_taken_from_the_configurations_folder_and_names_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "jiancha.toml"
    (tmp_path / "own.toml").write_text("")
    file.write_text(f'[adapters]\nfiles = ["own.toml"]\n[[feeds]]\n{FEED}')
    settings = load(file, environ={"JIANCHA_ADAPTERS__ENABLED": "face-terminal, guangdong-evaluator"})
    assert settings.adapters.enabled == ("face-terminal", "guangdong-evaluator")
    assert (settings.adapters.files, settings.feeds[0].map) == (
        (str(tmp_path / "own.toml"),),
        str(tmp_path / "own.toml"),
    )


def test_files_that_a_windows_editor_saved_are_read(tmp_path: Path) -> None:
    """With the byte order mark at their head: the configuration, an adapter, a map."""
    mark = b"\xef\xbb\xbf"
    (tmp_path / "jiancha.toml").write_bytes(mark + b"[http]\nport = 1234\n")
    assert load(tmp_path / "jiancha.toml", environ={}).http.port == 1234
    for name, read in (("adapters/face-terminal.toml", load_adapter), ("maps/coselog-receipt.toml", load_map)):
        path = tmp_path / "own.toml"
        path.write_bytes(mark + (config_dir() / name).read_bytes())
        assert read(path) == read(config_dir() / name)
