"""Operation without Grafana: every panel holds what a scrape gives; deliveries of real receivers; the self-check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.access import LOCAL, Principal
from monitor.ops.ownpanels import OWN, quantile
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.schema import HallRow, metadata
from monitor.supervision.deliverylist import Chosen, count_by_state, list_deliveries
from monitor.supervision.tokens import create_token
from tests.alert_world import World, policy_of
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import NOW
from tests.http_app import insert
from tests.receivers import Answer, http_receiver


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("operations")) as running:
        work(running.deps.metrics)
        yield running


def work(metrics: Any) -> None:
    metrics.events("rating", "stored", 5)
    metrics.events("case", "quarantined")
    metrics.ingest_lag(0.004)
    metrics.ingest_lag(0.2)
    metrics.judged(0.02)
    metrics.card_issued("case.limit", "yellow")
    metrics.notification("webhook", "sent")


def bearer(app: BusyApp, user: str) -> dict[str, str]:
    with app.deps.store.write() as conn:
        return {"Authorization": f"Bearer {create_token(conn, now=NOW, user=user)}"}


# --------------------------------------------------------------------------- panels


def scraped(app: BusyApp) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(app.http.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_every_panel_is_what_the_scrape_says(app: BusyApp) -> None:
    """Summed here once more, from the text that Prometheus would get."""
    shown = app.http.get("/api/v1/operations", headers=bearer(app, "auditor")).json()
    scrape = scraped(app)
    assert {panel["title"] for panel in shown["panels"]} == set(OWN)
    compared = 0
    for panel in shown["panels"]:
        told = {(one["said"], tuple(sorted(one["labels"].items()))): one["value"] for one in panel["values"]}
        expected: dict[Any, list[float]] = {}
        for series in OWN[panel["title"]].series:
            if series.how.startswith("p"):
                buckets = sorted((float(labels["le"]), v) for labels, v in scrape[f"{series.metric}_bucket"])
                expected[(series.said, ())] = [quantile(int(series.how[1:]) / 100, buckets) or 0]
                continue
            for labels, value in scrape.get(series.metric, []):
                if not any(labels.get(name) in values for name, values in series.without.items()):
                    by = tuple(sorted((name, labels[name]) for name in series.by))
                    expected.setdefault((series.said, by), []).append(value)
        hows = {series.said: series.how for series in OWN[panel["title"]].series}
        assert told.keys() == expected.keys(), panel["title"]
        for key, values in expected.items():
            how = hows[key[0]]
            wanted = sum(values) / len(values) if how == "mean" else sum(values)
            if how == "ahead":
                wanted -= app.deps.clock.now().timestamp()
            if "process_resident" not in str(OWN[panel["title"]].series):
                assert told[key] == pytest.approx(wanted), (panel["title"], key)
                compared += 1
    assert compared > 60


def test_a_hall_s_supervisor_sees_the_values_of_that_hall(app: BusyApp) -> None:
    with app.deps.store.write() as conn:
        insert(conn, HallRow, {"id": "far", "name": "远处大厅", "expected_from": datetime(2026, 3, 1, tzinfo=UTC)})
        meta.bump(conn, meta.REGISTRY_VERSION)

    def halls(user: str) -> set[str]:
        found = app.http.get("/api/v1/operations", headers=bearer(app, user)).json()
        return {
            one["labels"]["hall"] for panel in found["panels"] for one in panel["values"] if "hall" in one["labels"]
        }

    assert "far" in halls("auditor")
    assert halls("duty") == {"demo"}
    text = app.as_user("duty").get("/operations").text
    assert "远处大厅" not in text
    assert "远处大厅" in app.as_user("auditor").get("/operations").text


def test_the_page_shows_the_panels_with_their_definition_and_the_way_to_the_runbook(app: BusyApp) -> None:
    text = app.as_user("duty").get("/operations").text
    for said in (
        "在办件",
        "近30天评价中非差评的占比",
        "/operations/runbook#metric-cases_open",
        "判定耗时与积压",
        "数据水位",
    ):
        assert said in text
    runbook = app.as_user("duty").get("/operations/runbook").text
    for said in ("JianchaBacklog", 'id="metric-cases_open"', "发牌将迟。", "systemctl status jiancha"):
        assert said in runbook
    english = app.as_user("duty").get("/operations/runbook?lang=en").text
    assert "Cards come late." in english
    assert "发牌将迟" not in english


def test_the_store_s_memory_of_a_day_is_counted_by_the_hour(app: BusyApp) -> None:
    found = app.http.get("/api/v1/operations", headers=bearer(app, "duty")).json()["histories"]
    cards = app.http.get("/api/v1/cards", headers=bearer(app, "duty")).json()
    assert all(len(one["hours"]) == 24 for one in found.values())
    recent = [c for c in cards if datetime.fromisoformat(c["issued"]) > NOW - timedelta(hours=20)]
    assert recent
    assert sum(map(sum, found["cards"]["counted"].values())) >= len(recent)
    assert found["held"]["counted"] == {}, "what is held back belongs to no hall alone"


# --------------------------------------------------------------------------- deliveries

URL_KEY: Final = "0123456789abcdef0123456789"


def test_what_real_receivers_said_is_shown_masked(app: BusyApp, tmp_path: Path) -> None:
    """One takes it, one refuses it with an address in its answer until it is given up."""

    def refuses(_got: Any) -> Answer:
        return Answer(status=410, body=b"unknown receiver zhang.san@example.cn 13800138000")

    with http_receiver() as good, http_receiver(refuses) as bad:
        store = Store(f"sqlite:///{tmp_path / 'world.sqlite'}")
        with store.write() as conn:
            metadata.create_all(conn)
        world = World(store, policy_of({"desk": {"url": good.url}, "far": {"url": f"{bad.url}?key={URL_KEY}"}}))
        world.issue(1)
        world.run()
        who = Principal(id="t", role=LOCAL)
        with store.read() as conn:
            found = {one.receiver: one for one in list_deliveries(conn, who, Chosen())}
            counts = count_by_state(conn, who, Chosen())
            only = list_deliveries(conn, who, Chosen(state="sent"))
            nobody = list_deliveries(conn, Principal(id="d", role="duty_supervisor", halls=frozenset(["x"])), Chosen())
        store.close()
    assert len(good.got) == 1
    assert found["desk"].state == "sent"
    assert [one.result for one in found["desk"].tries] == ["sent"]
    assert found["desk"].cards == (1,)
    told = " ".join(one.detail for one in found["far"].tries) + found["far"].why
    assert found["far"].tries
    assert "410" in told
    assert not any(part in told for part in ("zhang.san", "13800138000", URL_KEY))
    assert [one.receiver for one in only] == ["desk"]
    assert sum(counts.values()) == 2
    assert nobody == []


def test_pages_of_deliveries_follow_each_other_and_filters_stand_in_the_address(app: BusyApp) -> None:
    header = bearer(app, "duty")
    whole = app.http.get("/api/v1/deliveries", headers=header).json()
    assert [one["receiver"] for one in whole] == ["head-mail", "li-sms", "desk-1"]
    first = app.http.get("/api/v1/deliveries?limit=2", headers=header)
    rest = app.http.get(first.links["next"]["url"], headers=header)
    assert [*first.json(), *rest.json()] == whole
    assert "next" not in rest.links
    dead = app.http.get("/api/v1/deliveries?state=dead", headers=header).json()
    assert [one["receiver"] for one in dead] == ["li-sms"]
    assert "13800138000" not in str(whole)
    page = app.as_user("duty").get("/operations/deliveries?state=dead").text
    assert "li-sms" in page
    assert "13800138000" not in page
    assert "key=abc" not in page
    assert "办公室" not in page
    assert app.as_user("duty").get("/operations/deliveries?from=yesterday").status_code == 422


# --------------------------------------------------------------------------- self-check


def test_the_self_check_runs_when_asked_and_keeps_its_result(app: BusyApp) -> None:
    admin, duty = app.as_user("admin"), app.as_user("duty")
    assert "本程序启动以来尚未检查" in admin.get("/operations/health").text
    done = admin.post("/operations/health", data={"csrf": admin.headers["X-CSRF"]}, follow_redirects=True)
    assert done.status_code == 200
    for check in ("store.writable", "calendar", "alerts.receivers"):
        assert f"<code>{check}</code>" in done.text
    theirs = duty.get("/operations/health").text
    assert "store.writable" in theirs
    assert "<code>calendar</code>" not in theirs, "halls are not theirs alone"
    assert app.deps.selfcheck is not None
    assert app.deps.selfcheck.last is not None
    assert app.deps.selfcheck.last.by == "admin"
