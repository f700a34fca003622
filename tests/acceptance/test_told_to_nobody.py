"""A card that no route leads from: the real daemon counts it, and says so wherever somebody looks."""

from __future__ import annotations

import json
from pathlib import Path

from tests import forked, plain_http
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import hall, toml

CONFIG = """
[mqtt]
enabled = false
[alerts]
group_wait_seconds = 0
routes = [{ rule = "rating.*", receivers = ["desk"] }]
[alerts.receivers.desk]
url = "http://127.0.0.1:9/never"
"""


def test_a_route_to_nobody_is_a_metric_and_a_banner(tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "registry.toml").write_text(toml(hall(2)), encoding="utf-8")
    with Daemon(tmp_path, {}, CONFIG) as daemon:
        daemon.command("registry", "import", str(tmp_path / "registry.toml"))
        assert "warnings" not in plain_http.get(f"{daemon.url}/readyz").json()
        daemon.command(
            "cards", "issue", "--rule", "E06", "--level", "red", "--staff", "s01", "--reason", "巡查时未用文明用语"
        )

        (card,) = json.loads(daemon.command("cards", "list", "--json", "--rule", "manual.E06"))
        number = card["number"]

        def counted() -> bool:
            text = plain_http.get(f"{daemon.url}/metrics").text
            return any(
                line.startswith("jiancha_alerts_unrouted_total{")
                and 'rule="manual.E06"' in line
                and line.endswith(" 1.0")
                for line in text.splitlines()
            )

        eventually(counted)
        ready = plain_http.get(f"{daemon.url}/readyz").json()
        (warning,) = ready["warnings"]
        assert warning["part"] == "alerts"
        assert "1 张在办的牌没有通知到任何人" in warning["why"]
        listed = forked.run(["--config", str(tmp_path / "jiancha.toml"), "cards", "list"], env=daemon.environment)
        assert f"1 张在办的牌没有通知到任何人 standing cards were told to nobody: #{number}" in listed.stderr
        doctor = forked.run(["--config", str(tmp_path / "jiancha.toml"), "doctor"], env=daemon.environment)
        assert "alerts.untold" in doctor.stdout
        daemon.command("cards", "close", str(number), "--reason", "当面提醒")
        assert "warnings" not in plain_http.get(f"{daemon.url}/readyz").json()
