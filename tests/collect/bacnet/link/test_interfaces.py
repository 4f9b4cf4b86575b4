"""Which address is bound: never a guess between two."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.link.interfaces import Endpoint, OwnAddress, choose, list_addresses, must_be_chosen
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.errors import ConfigError, LinkDown

LO = OwnAddress("lo", "127.0.0.1", 8)
ETH0 = OwnAddress("eth0", "10.1.2.3", 24)
ETH1 = OwnAddress("eth1", "192.168.7.9", 16)
TUNNEL = OwnAddress("wg0", "10.9.0.2", 32)


@pytest.mark.parametrize(
    ("wanted", "endpoint"),
    [
        ("eth0", Endpoint("10.1.2.3", 47808, "10.1.2.255")),
        ("eth1", Endpoint("192.168.7.9", 47808, "192.168.255.255")),
        ("wg0", Endpoint("10.9.0.2", 47808, None)),
        ("10.1.2.0/24", Endpoint("10.1.2.3", 47808, "10.1.2.255")),
        ("192.168.7.9", Endpoint("192.168.7.9", 47808, "192.168.255.255")),
        ("192.168.7.9/24", Endpoint("192.168.7.9", 47808, "192.168.7.255")),
        ("127.0.0.5", Endpoint("127.0.0.5", 47808, None)),
        ("127.0.0.5/8", Endpoint("127.0.0.5", 47808, "127.255.255.255")),
    ],
)
def test_what_is_named_is_bound(wanted: str, endpoint: Endpoint) -> None:
    assert choose(wanted, 47808, [LO, ETH0, ETH1, TUNNEL]) == endpoint


def test_the_only_network_there_is_needs_no_name() -> None:
    assert choose("", 1, [LO, ETH0]) == Endpoint("10.1.2.3", 1, "10.1.2.255")


def test_several_networks_and_no_name_are_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match=r"eth0 \(10\.1\.2\.3/24\), eth1 \(192\.168\.7\.9/16\)"):
        choose("", 47808, [LO, ETH0, ETH1])


def test_a_range_that_holds_several_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match=r"eth0 .*wg0"):
        choose("10.0.0.0/8", 47808, [LO, ETH0, TUNNEL])


@pytest.mark.parametrize("wanted", ["eth9", "172.16.0.0/12", "192.168.7.10", ""])
def test_what_is_not_there_now_may_come_later(wanted: str) -> None:
    with pytest.raises(LinkDown):
        choose(wanted, 47808, [LO] if not wanted else [LO, ETH1])


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="CIDR"):
        choose("10.1.2.300", 47808, [LO, ETH0])


CHILLER = DeviceConfig(name="chiller", protocol="bacnet", address="10.1.2.9", instance=1)
AWAY = DeviceConfig(name="away", protocol="bacnet", address="10.1.2.9", instance=1, enabled=False)
PANEL = DeviceConfig(name="panel", protocol="modbus", address="10.1.2.9:502")


@pytest.mark.parametrize(
    "config",
    [
        Config(devices=(CHILLER,)),
        Config(bacnet=BacnetConfig(), devices=(PANEL, CHILLER)),
        Config(bacnet=BacnetConfig(discover="list")),
        Config(bacnet=BacnetConfig(discover="temco")),
        Config(bacnet=BacnetConfig(interface="0.0.0.0/0"), devices=(CHILLER,)),
    ],
)
def test_a_configuration_that_speaks_bacnet_must_choose_between_several_networks(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"eth0 \(10\.1\.2\.3/24\), eth1 \(192\.168\.7\.9/16\)"):
        must_be_chosen(config, lambda: [LO, ETH0, ETH1])


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(bacnet=BacnetConfig(), devices=(PANEL, AWAY)),
        Config(bacnet=BacnetConfig(interface="eth1"), devices=(CHILLER,)),
        Config(bacnet=BacnetConfig(interface="eth9"), devices=(CHILLER,)),
        Config(bacnet=BacnetConfig(interface="127.0.0.1"), devices=(CHILLER,)),
    ],
)
def test_one_that_chose_or_speaks_none_is_not_refused_even_where_the_chosen_is_not_there(config: Config) -> None:
    must_be_chosen(config, lambda: [LO, ETH0, ETH1])


def test_without_any_address_nothing_is_refused_for_one_may_come() -> None:
    must_be_chosen(Config(devices=(CHILLER,)), lambda: [LO])


def test_a_system_that_does_not_say_its_addresses_is_a_link_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("address family not allowed")

    monkeypatch.setattr("t3actors.collect.bacnet.link.interfaces.socket.socket", forbidden)
    with pytest.raises(LinkDown, match="does not say"):
        list_addresses()
    must_be_chosen(Config(devices=(CHILLER,)), list_addresses)


def test_the_kernel_knows_the_loopback_address() -> None:
    assert OwnAddress("lo", "127.0.0.1", 8) in list_addresses()
