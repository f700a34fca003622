"""Bytes to packets and back: in any pieces, mixed with what is paho's, never more than asked for (docs/adr/0015)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.mqtt.wire import Published, Wire

PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"


def length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = divmod(number, 128)
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def encoded(packet: Published, *, five: bool, properties: bytes = b"\x00") -> bytes:
    """As a broker writes it."""
    topic = packet.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic + (packet.mid.to_bytes(2, "big") if packet.qos else b"")
    body += (properties if five else b"") + packet.payload
    return bytes([0x30 | packet.qos << 1 | packet.retained]) + length(len(body)) + body


def published(number: int = 1, payload: bytes = b"{}", *, qos: int = 1, retained: bool = False) -> Published:
    return Published("jiancha/v1/ev-1/rating", payload, qos, retained, number if qos else 0)


PUBLISHED = st.builds(
    Published,
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200),
    st.binary(max_size=300),
    st.just(1),
    st.booleans(),
    st.integers(1, 65_535),
)


class Pair(NamedTuple):
    """Two ends of a connection."""

    near: socket.socket
    far: socket.socket


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield Pair(near, far)


def wire_of(pair: Pair, *, five: bool = True) -> Wire:
    return Wire(pair.near, five=five)


def read(wire: Wire, most: int = 1000) -> list[Published | bytes]:
    """What comes, as the client takes it: paho's packets are read by paho at once."""
    found: list[Published | bytes] = []
    for packet in wire.packets(most):
        if packet is None:
            taken = b""
            while len(taken) < 2 or len(taken) < 2 + taken[1]:
                taken += wire.recv(1)
            found.append(taken)
        else:
            found.append(packet)
    return found


@pytest.mark.parametrize("five", [True, False])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packets=st.lists(PUBLISHED | st.sampled_from([PINGRESP, SUBACK]), max_size=12), cuts=st.lists(st.integers(0)))
def test_packets_come_whole_and_in_order_however_they_are_cut(
    five: bool, packets: list[Published | bytes], cuts: list[int]
) -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        wire = Wire(near, five=five)
        data = b"".join(p if isinstance(p, bytes) else encoded(p, five=five) for p in packets)
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        found: list[Published | bytes] = []
        for start, end in zip(edges, edges[1:], strict=False):
            far.sendall(data[start:end])
            found += read(wire)
        assert found == packets


def test_no_more_is_read_than_there_is_room_for_and_the_rest_comes_without_waiting(pair: Pair) -> None:
    wire = wire_of(pair)
    pair.far.sendall(b"".join(encoded(published(n), five=True) for n in range(1, 6)))
    assert [p.mid for p in read(wire, 2) if isinstance(p, Published)] == [1, 2]
    assert wire.has_more
    assert [p.mid for p in read(wire, 3) if isinstance(p, Published)] == [3, 4, 5]
    assert wire.has_more, "it stopped at the limit and does not know that this was all"
    assert read(wire) == []
    assert not wire.has_more


def test_what_the_broker_says_in_properties_is_passed_over(pair: Pair) -> None:
    said = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    said.MessageExpiryInterval = 60
    said.UserProperty = [("origin", "x" * 200)]
    pair.far.sendall(encoded(published(7, b"body"), five=True, properties=said.pack()))  # type: ignore[no-untyped-call]
    assert read(wire_of(pair)) == [published(7, b"body")]


def test_quality_of_service_0_carries_no_number_and_2_is_left_to_paho(pair: Pair) -> None:
    pair.far.sendall(encoded(published(qos=0), five=False) + encoded(published(9, qos=2), five=False))
    first, second = read(wire_of(pair, five=False))
    assert first == published(qos=0)
    assert isinstance(second, bytes)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a topic longer than its packet", b"\x32\x05\x00\x09ab\x00"),
        ("properties longer than their packet", b"\x32\x06\x00\x01a\x00\x01\x7f"),
        ("a length of five bytes", b"\x32\xff\xff\xff\xff\x01"),
    ],
)
def test_bytes_that_are_not_mqtt_end_the_connection(pair: Pair, name: str, data: bytes) -> None:
    pair.far.sendall(data)
    with pytest.raises(ValueError, match=r"length|longer"):
        read(wire_of(pair))


def test_acknowledgements_are_one_packet_each_in_one_write(pair: Pair) -> None:
    wire = wire_of(pair)
    wire.acknowledge([1, 258, 65_535])
    assert wire.unsent == 12
    wire.flush()
    assert (pair.far.recv(100), wire.unsent) == (b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff", 0)


def test_paho_sees_the_end_after_what_came_before_it(pair: Pair) -> None:
    wire = wire_of(pair)
    with pytest.raises(BlockingIOError):
        wire.recv(1)
    pair.far.sendall(encoded(published(), five=True))
    pair.far.close()
    assert read(wire) == [published()]
    assert not wire.ended
    assert read(wire) == []
    assert (wire.ended, wire.recv(1)) == (True, b"")


def test_a_farewell_is_sent_and_an_abort_is_silent(pair: Pair) -> None:
    wire = wire_of(pair)
    wire.send(b"\xe0\x00")
    wire.close()
    assert (pair.far.recv(10), pair.far.recv(10)) == (b"\xe0\x00", b"")


def test_an_abort_says_nothing(pair: Pair) -> None:
    wire = wire_of(pair)
    wire.send(b"\xe0\x00")
    wire.abort()
    assert pair.far.recv(10) == b""


def test_the_sign_of_life_is_the_packet_that_only_says_so(pair: Pair) -> None:
    wire = wire_of(pair)
    wire.show_life()
    assert (wire.recv(1), wire.recv(9)) == (b"\xd0", b"\x00")
