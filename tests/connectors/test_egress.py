import pytest

from steadydesk.connectors.errors import BadConfiguration, Blocked, Unavailable
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import Names

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
]
PUBLIC_V6 = ["2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
SPECIAL = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::127.0.0.1": "loopback",
    "64:ff9b::127.0.0.1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "::ffff:10.0.0.1": "private",
    "64:ff9b::a00:1": "private",
    "fc00::1": "private",
    "fdff::1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "169.254.0.1": "link-local",
    "169.254.169.254": "link-local",
    "::ffff:169.254.169.254": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fd00:ec2::254": "metadata",
    "168.63.129.16": "metadata",
    "100.100.100.200": "metadata",
    "192.0.0.192": "metadata",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "reserved",
    "240.0.0.1": "reserved",
    "198.18.0.1": "benchmarking",
    "192.0.2.1": "documentation",
    "203.0.113.9": "documentation",
    "2001:db8::1": "documentation",
    "3fff::1": "documentation",
    "2002:7f00:1::": "6to4",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "protocol assignment",
    "64:ff9b:1::1": "reserved",
    "100::1": "reserved",
    "fec0::1": "site-local",
    "5f00::1": "reserved",
}


def guard_for(address: str | list[str], *allow: str) -> EgressGuard:
    addresses = [address] if isinstance(address, str) else address
    return EgressGuard(allow, Names({"outside.example": [addresses]}))


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_V6)
async def test_public_addresses_are_reached_by_https(address: str) -> None:
    destination = await guard_for(address).check_url("https://outside.example/x")
    assert destination.addresses == (address,)
    assert destination.port == 443


@pytest.mark.parametrize(("address", "use"), SPECIAL.items())
async def test_special_addresses_are_blocked_after_resolution(address: str, use: str) -> None:
    with pytest.raises(Blocked, match=f"a {use} address"):
        await guard_for(address).check_url("https://outside.example/")


@pytest.mark.parametrize(
    "literal", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]"]
)
async def test_every_spelling_of_loopback_is_blocked_by_the_real_resolver(literal: str) -> None:
    with pytest.raises(Blocked, match="loopback"):
        await EgressGuard().check_url(f"https://{literal}/")


async def test_one_private_address_among_public_ones_blocks_the_name() -> None:
    with pytest.raises(Blocked):
        await guard_for(["1.1.1.1", "10.0.0.1"]).check_url("https://outside.example/")


@pytest.mark.parametrize(
    ("entry", "address", "url", "allowed"),
    [
        ("outside.example", "10.0.0.1", "https://outside.example/", True),
        ("OUTSIDE.example.", "10.0.0.1", "http://outside.example/", True),
        ("outside.example:8443", "10.0.0.1", "https://outside.example:8443/", True),
        ("outside.example:8443", "10.0.0.1", "https://outside.example/", False),
        ("10.0.0.0/24", "10.0.0.1", "http://outside.example:81/", True),
        ("10.0.0.0/24", "10.0.1.1", "https://outside.example/", False),
        ("10.0.0.1", "::ffff:10.0.0.1", "https://outside.example/", True),
        ("10.0.0.1:443", "10.0.0.1", "https://outside.example/", True),
        ("10.0.0.1:443", "10.0.0.1", "http://outside.example/", False),
        ("::1", "::1", "http://outside.example/", True),
        ("[::1]:81", "::1", "http://outside.example:81/", True),
        ("[::1]:81", "::1", "http://outside.example/", False),
        ("other.example", "10.0.0.1", "https://outside.example/", False),
        ("outside.example", "1.1.1.1", "http://outside.example/", True),
        # A name opens the house, not the machine's own services: those need a network entry.
        ("outside.example", "169.254.169.254", "http://outside.example/", False),
        ("outside.example", "0.0.0.0", "http://outside.example/", False),
        ("169.254.169.254/32", "169.254.169.254", "http://outside.example/", True),
    ],
)
async def test_allow_list(entry: str, address: str, url: str, allowed: bool) -> None:
    guard = guard_for(address, entry)
    if allowed:
        assert (await guard.check_url(url)).addresses == (address,)
    else:
        with pytest.raises(Blocked):
            await guard.check_url(url)


@pytest.mark.parametrize(
    ("named", "address", "url", "allowed"),
    [
        (("Outside.example.", 8443), "10.0.0.1", "https://outside.example:8443/", True),
        (("outside.example", 8443), "127.0.0.1", "http://outside.example:8443/", True),
        (("outside.example", 8443), "10.0.0.1", "https://outside.example/", False),
        (("other.example", 443), "10.0.0.1", "https://outside.example/", False),
        (("outside.example", 443), "169.254.169.254", "https://outside.example/", False),
        (("10.0.0.1", 443), "10.0.0.1", "https://10.0.0.1/", True),
        # The number of another house, though the name is not the one that was named.
        (("10.0.0.1", 443), "10.0.0.1", "https://outside.example/", False),
        (("169.254.169.254", 443), "169.254.169.254", "https://169.254.169.254/", False),
        (("0.0.0.0", 443), "0.0.0.0", "https://0.0.0.0/", False),
        (("::1", 443), "::1", "https://[::1]/", True),
    ],
)
async def test_what_a_setting_names_is_let_through_there_alone(
    named: tuple[str, int], address: str, url: str, allowed: bool
) -> None:
    hosts = {"outside.example": [[address]], address: [[address]]}
    guard = EgressGuard([], Names(hosts), named=[named])
    if allowed:
        assert (await guard.check_url(url)).addresses == (address,)
    else:
        with pytest.raises(Blocked):
            await guard.check_url(url)


def test_a_setting_that_names_no_host_is_told() -> None:
    with pytest.raises(BadConfiguration, match="'a b', which is no host"):
        EgressGuard(named=[("a b", 443)])


@pytest.mark.parametrize(
    "entry", ["", "http://x", "a b", "x:99999", "10.0.0.1/8", "user@host", "*", "a:b:c", "x/"]
)
def test_a_bad_allow_list_entry_is_named(entry: str) -> None:
    with pytest.raises(BadConfiguration, match="egress allow-list"):
        EgressGuard([entry])


@pytest.mark.parametrize(
    "url",
    [
        "http://outside.example/",
        "ftp://outside.example/",
        "file:///etc/passwd",
        "gopher://outside.example/",
        "//outside.example/",
        "outside.example",
        "https:///x",
        "https://user@outside.example/",
        "https://user:pass@outside.example/",
        "https://outside.example:99999/",
        "https://outside.example\t/",
        "https://outside.example/\r\nX: y",
        "https://outside.example\\@evil.example/",
        "https://out side.example/",
        "https://[::1/",
        "https://outside%2eexample/",
        "",
    ],
)
async def test_urls_that_are_not_plain_https_are_blocked(url: str) -> None:
    with pytest.raises(Blocked):
        await guard_for("1.1.1.1").check_url(url)


async def test_a_name_that_does_not_resolve_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"nowhere\.example does not resolve"):
        await guard_for("1.1.1.1").check_url("https://nowhere.example/")
    with pytest.raises(Unavailable):
        await guard_for([]).check_url("https://outside.example/")


async def test_international_names_are_checked_in_their_ascii_form() -> None:
    guard = EgressGuard([], Names({"xn--bcher-kva.example": [["1.1.1.1"]]}))
    assert (await guard.check_url("https://B\u00dcCHER.example./")).host == "xn--bcher-kva.example"
