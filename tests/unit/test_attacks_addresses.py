"""SSRF: where a message may go, whatever its URL's name is made to point to, and where it is not led on to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from alerts.channels.base import Channel, Message, Unusable
from alerts.channels.factory import open_channel
from alerts.channels.outbound import Reach
from alerts.deadman import DeadManSwitch
from alerts.policy import AlertPolicy, DeadMan, Gateway, Receiver
from alerts.retry import Outcome
from monitor.settings import load
from tests.receivers import Answer, Got, http_receiver, says

MESSAGE = Message(title="t", text="x", body={"card": 1})
RECEIVER = Receiver.model_validate


def opened(url: str, reach: Reach = Reach()) -> Channel:
    return open_channel(
        RECEIVER({"url": url}), key="alerts.receivers.a", timeout_seconds=5, environ={},
        real_now=lambda: datetime(2026, 3, 2, 1, 0, tzinfo=UTC), reach=reach,
    )  # fmt: skip


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_metadata_link_local_and_what_is_no_host_get_nothing(host: str) -> None:
    assert Reach().refusal(host, ip_address(host)) is not None


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.9", "172.16.5.5", "fd12::1", "8.8.8.8", "2001:db8::1"])
def test_an_intranet_has_private_addresses(host: str) -> None:
    assert Reach().refusal("oa.hall.gov.cn", ip_address(host)) is None


@pytest.mark.parametrize(
    ("host", "address", "taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("::1", "::1", True),
        ("robot.example.cn", "127.0.0.1", False),
        ("robot.example.cn", "::ffff:127.0.0.1", False),
        ("2130706433", "127.0.0.1", False),
        ("127.1", "127.0.0.1", False),
        ("localhost.example.cn", "127.0.0.1", False),
    ],
)
def test_this_machine_is_a_receiver_by_its_own_name_alone(host: str, address: str, taken: bool) -> None:
    assert (Reach().refusal(host, ip_address(address)) is None) is taken


def test_what_the_settings_allow_is_allowed() -> None:
    assert Reach.of(["169.254.10.0/24"]).refusal("x", ip_address("169.254.10.9")) is None
    assert Reach.of(["169.254.10.0/24"]).refusal("x", ip_address("169.254.169.254")) is not None
    with pytest.raises(ValueError, match="no network"):
        AlertPolicy(allow_addresses=("the intranet",))
    assert load(None, {}).alerts.allow_addresses == ()


def resolved(*answers: str) -> Callable[..., list[tuple[object, ...]]]:
    """A name service that says another thing each time it is asked, as a rebinding one does."""
    left = list(answers)

    def ask(_host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        said = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (said, port))]

    return ask


def test_a_name_is_looked_up_once_and_the_connection_goes_where_was_looked() -> None:
    """Rebinding: first an address that is fit, then this machine. The second answer is never asked for."""
    with http_receiver() as receiver:
        port = int(receiver.base.rpartition(":")[2])
        # 127.0.0.1 stands for the fit address here: it is named in the settings
        reach = Reach.of(["127.0.0.1"], resolved("127.0.0.1", "169.254.169.254"))
        channel = opened(f"http://robot.example.cn:{port}/hook", reach)
        assert channel.send(MESSAGE).outcome is Outcome.SENT
        assert receiver.got[0].headers["Host"] == f"robot.example.cn:{port}"
        again = channel.send(MESSAGE)
        assert (again.outcome, again.permanent) == (Outcome.REFUSED, True)
        assert "169.254.169.254" in again.detail
        assert len(receiver.got) == 1


CHANNELS = {
    "webhook": "http://{host}:{port}/hook",
    "robot": "wecombot://abcdefghijkl/?base=http://{host}:{port}",
    "application": "wecomapp://corp/1/?secret=s3cr3t-s3cr3t&to=a&base=http://{host}:{port}",
    "another service": "json://{host}:{port}/hook",
    "mail": "mailto://u:p@{host}:{port}?to=a@b.cn&from=c@b.cn&smtp={host}",
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_no_channel_goes_to_a_name_that_points_to_this_machine(kind: str) -> None:
    reach = Reach(lookup=resolved("127.0.0.1"))
    with http_receiver(says({"errcode": 0, "access_token": "t"})) as receiver:
        port = receiver.base.rpartition(":")[2]
        result = opened(CHANNELS[kind].format(host="rebound.example.cn", port=port), reach).send(MESSAGE)
        assert (result.outcome, result.permanent) == (Outcome.REFUSED, True), result
        assert receiver.got == []


def test_nor_does_a_gateway_or_the_dead_man_s_switch() -> None:
    reach = Reach(lookup=resolved("127.0.0.1"))
    with http_receiver() as receiver:
        url = f"http://rebound.example.cn:{receiver.base.rpartition(':')[2]}/"
        channel = open_channel(
            RECEIVER({"gateway": "g", "to": "13800000000"}), key="k", timeout_seconds=5, environ={},
            real_now=lambda: datetime(2026, 3, 2, tzinfo=UTC), gateways={"g": Gateway.model_validate({"url": url})},
            reach=reach,
        )  # fmt: skip
        assert channel.send(MESSAGE).permanent
        switch = DeadManSwitch(
            DeadMan.model_validate({"url": url}), alive=lambda: None, now=lambda: datetime(2026, 3, 2, tzinfo=UTC),
            reach=reach,
        )  # fmt: skip
        assert switch.beat()
        assert receiver.got == []


@pytest.mark.parametrize("kind", [kind for kind in CHANNELS if kind not in ("mail", "application")])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(kind: str, status: int) -> None:
    def lead_on(got: Got) -> Answer:
        return says({"errcode": 0}) if got.path == "/inner" else Answer(status=status, headers={"Location": inner})

    with http_receiver(lead_on) as receiver:
        inner = f"{receiver.base}/inner"
        result = opened(CHANNELS[kind].format(host="127.0.0.1", port=receiver.base.rpartition(":")[2])).send(MESSAGE)
        assert result.outcome is not Outcome.SENT
        assert [got.path for got in receiver.got if got.path == "/inner"] == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://127.0.0.1:6379/_SET", "dict://127.0.0.1:11211/stats", "ftp://127.0.0.1/x",
     "ldap://127.0.0.1/x", "127.0.0.1/x", "javascript:alert(1)"],
)  # fmt: skip
def test_other_schemes_are_refused_without_naming_the_url(url: str) -> None:
    with pytest.raises(Unusable) as caught:
        opened(url).limit()
    assert "alerts.receivers.a" in str(caught.value)
    assert url not in str(caught.value)
