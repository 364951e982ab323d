"""Where messages may go: what an address must look like, and every kind of number that is not public."""

import socket
from ipaddress import ip_address

import pytest

from zhiyue.facilities.webhooks import addresses
from zhiyue.facilities.webhooks.addresses import NameUnknown, is_open, judged, look_up, read
from zhiyue.facilities.webhooks.errors import AddressRefused

CLOSED = [
    # this host, private, shared, loopback, link-local
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
    # metadata: AWS and most others, Alibaba, Azure, Oracle, Tencent
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "169.254.0.23",
    # protocols, documentation, benchmarks, relays, AS112
    "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.88.99.1",
    "192.31.196.1", "192.52.193.1", "192.175.48.1",
    # multicast, reserved, broadcast
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    # IPv6: unspecified, loopback, unique local, link-local, site-local, multicast, documentation, discard
    "::", "::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1",
    # IPv4 in IPv6: mapped, compatible, NAT64 (well-known and local), 6to4, Teredo, ISATAP
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:7f00:1",
]  # fmt: skip
OPEN = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17",
    "2606:4700:4700::1111", "2400:3200::1", "2001:4860:4860::8888", "2001:200::1", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("spot", CLOSED)
def test_no_message_goes_to_what_is_not_public(spot):
    assert not is_open(ip_address(spot))


@pytest.mark.parametrize("spot", OPEN)
def test_what_is_public_is_open(spot):
    assert is_open(ip_address(spot))


def test_a_network_that_is_named_is_open_and_nothing_beside_it(settings):
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["10.20.0.0/16", "fd12:3456::/32"]
    for spot, expected in {
        "10.20.255.1": True,
        "::ffff:10.20.0.1": True,
        "64:ff9b::10.20.0.1": True,
        "fd12:3456::9": True,
        "10.21.0.1": False,
        "::ffff:10.21.0.1": False,
        "fd12:3457::9": False,
        "127.0.0.1": False,
        "8.8.8.8": True,
    }.items():
        assert is_open(ip_address(spot)) is expected, spot


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "form"),
        ("   ", "form"),
        ("hooks.example.com/a", "form"),
        ("ftp://hooks.example.com/a", "form"),
        ("file:///etc/passwd", "form"),
        ("gopher://127.0.0.1:70/_a", "form"),
        ("javascript:alert(1)", "form"),
        ("https://", "form"),
        ("https:///a", "form"),
        ("https://hooks.example.com:99999/", "form"),
        ("https://hooks.example.com:-1/", "form"),
        ("https://hooks.example.com:a/", "form"),
        ("https://[::1/", "form"),
        ("https://[fe80::1%25eth0]/", "form"),
        ("https://[1.2.3.4]/", "form"),
        ("https://hooks.example.com\\@127.0.0.1/", "form"),
        ("https://hooks.example.com/a b", "form"),
        ("https://hooks.example.com/a\r\nX-Evil: 1", "form"),
        ("https://hooks.example.com/\x00", "form"),
        ("https://钩子.example.com/", "form"),
        ("https://hooks.example.com/钩子", "form"),
        ("https://hooks..example.com/", "form"),
        ("https://-hooks.example.com/", "form"),
        ("https://localhost./", "form"),
        (f"https://hooks.example.com/{'a' * 500}", "form"),
        ("https://user:secret@hooks.example.com/", "extras"),
        ("https://user@hooks.example.com/", "extras"),
        ("https://hooks.example.com@127.0.0.1/", "extras"),
        ("https://hooks.example.com/#a", "extras"),
        ("https://hooks.example.com/#", "extras"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:25/", "port"),
        ("https://hooks.example.com:0/", "port"),
        ("https://hooks.example.com:6379/", "port"),
        ("https://hooks.example.com:5432/", "port"),
        ("https://hooks.example.com:11211/", "port"),
    ],
)
def test_an_address_that_no_message_goes_to_is_refused_as_it_stands(address, why):
    with pytest.raises(AddressRefused) as refused:
        read(address)
    assert refused.value.about == why
    assert str(refused.value.message)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://Hooks.Example.com", ("https", "hooks.example.com", 443, "/", "hooks.example.com")),
        ("https://a.example:443/b?c=d&e", ("https", "a.example", 443, "/b?c=d&e", "a.example")),
        ("https://a.example:8443/?", ("https", "a.example", 8443, "/", "a.example:8443")),
        ("http://a.example/b", ("http", "a.example", 80, "/b", "a.example")),
        ("https://[2606:4700::1]:8443/b", ("https", "2606:4700::1", 8443, "/b", "[2606:4700::1]:8443")),
        ("https://xn--3ds443g.example/", ("https", "xn--3ds443g.example", 443, "/", "xn--3ds443g.example")),
    ],
)
def test_an_address_is_read_in_its_parts(address, parts):
    target = read(f" {address} ")
    assert (target.scheme, target.host, target.port, target.path, target.netloc) == parts


def test_production_takes_https_alone(settings):
    settings.ZHIYUE_ENVIRONMENT = "production"
    with pytest.raises(AddressRefused) as refused:
        read("http://hooks.example.com/")
    assert refused.value.about == "scheme"
    assert read("https://hooks.example.com/").scheme == "https"


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0", "localhost", "127.0.0.1"]
)
def test_other_ways_to_write_loopback_lead_to_loopback(host):
    with pytest.raises(AddressRefused) as refused:
        judged(read(f"https://{host}/"))
    assert not is_open(ip_address(refused.value.about))


def test_one_closed_address_among_public_ones_closes_the_name(monkeypatch):
    monkeypatch.setattr(
        addresses, "look_up", lambda host, port: [ip_address("1.1.1.1"), ip_address("10.0.0.1")]
    )
    with pytest.raises(AddressRefused) as refused:
        judged(read("https://hooks.example.com/"))
    assert refused.value.about == "10.0.0.1"


def test_a_name_that_nobody_knows_is_no_address(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NameUnknown):
        look_up("hooks.example.com", 443)
