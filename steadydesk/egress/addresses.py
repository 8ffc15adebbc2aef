"""Which IP addresses belong to the public Internet. An own table, because `is_global` differs between
patch releases of Python and knows neither NAT64 nor the metadata services of clouds.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# IANA IPv4 Special-Purpose Address Registry, plus multicast, plus Azure's wire server (a public number
# that answers with credentials inside every virtual machine there).
_SPECIAL_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "anycast sink"),
        ("192.52.193.0/24", "automatic multicast"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "anycast sink"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("2001::/23", "protocol assignment"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "anycast sink"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
# An allow-listed *name* may lead into the house, never to the machine's own neighbourhood services.
_NEVER_BY_NAME = frozenset({"link-local", "metadata", "multicast", "unspecified", "reserved"})
_METADATA_V6 = IPv6Address("fd00:ec2::254")
_METADATA_V4 = frozenset({IPv4Address("100.100.100.200"), IPv4Address("192.0.0.192")})


def unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, compatible or NAT64), else the address."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    embedded = address in _NAT64 or (address in _COMPATIBLE and int(address) > 0xFFFF)
    return IPv4Address(int(address) & 0xFFFFFFFF) if embedded else address


def special_use(address: Address) -> str | None:
    """Why an address is not on the public Internet (`loopback`, `private`, …); None when it is."""
    plain = unwrap(address)
    if plain == _METADATA_V6 or plain in _METADATA_V4:
        return "metadata"
    if isinstance(plain, IPv4Address):
        return next((name for network, name in _SPECIAL_V4 if plain in network), None)
    named = next((name for network, name in _SPECIAL_V6 if plain in network), None)
    return named if named is not None or plain in _GLOBAL_UNICAST_V6 else "reserved"


def open_to_names(use: str) -> bool:
    """Whether an allow-listed host name may resolve into this range, or only a CIDR entry opens it."""
    return use not in _NEVER_BY_NAME
