"""Whether packets get from the instance to where they have to: rules of security groups, and routes."""

import ipaddress
from collections.abc import Iterable, Sequence
from enum import Enum, auto

from efs_backup.domain.doctor.stack_facts import Endpoint, Route, Rule, SecurityGroup, Subnet, Target

NFS, HTTPS = 2049, 443

_WAYS_OUT = ("nat-", "i-", "eni-", "tgw-", "vpce-", "lgw-", "cagw-")
"""Targets of a default route through which an instance without a public address may reach the internet."""


class Admission(Enum):
    """Whether rules let somebody through."""

    YES = auto()
    NO = auto()
    PERHAPS = auto()


def admits(
    groups: Iterable[SecurityGroup], port: int, callers: Sequence[SecurityGroup], networks: Sequence[str]
) -> Admission:
    """Whether these groups let an instance with the groups `callers` in, from any of these networks.

    A list of prefixes may hold anything.
    """
    rules = [rule for group in groups for rule in group.ingress if rule.is_for(port)]
    ids = {caller.id for caller in callers}
    if any(rule.groups & ids or any(_covers(rule, network) for network in networks) for rule in rules):
        return Admission.YES
    return Admission.PERHAPS if any(rule.lists for rule in rules) else Admission.NO


def lets_out(groups: Iterable[SecurityGroup], port: int) -> bool:
    """Whether an instance with these groups may call anybody on this port."""
    return any(rule.is_for(port) for group in groups for rule in group.egress)


def _covers(rule: Rule, network: str) -> bool:
    return any(_is_within(network, wide) for wide in rule.networks)


def _is_within(inner: str, outer: str) -> bool:
    one, other = ipaddress.ip_network(inner, strict=False), ipaddress.ip_network(outer, strict=False)
    if isinstance(one, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
        return one.subnet_of(other)
    return False


def route_to(subnet: Subnet, address: str) -> Route | None:
    """The route that a packet to this address takes; None where there is none that is active."""
    fitting = [route for route in subnet.routes if route.is_active and _holds(route.network, address)]
    return max(fitting, key=lambda route: ipaddress.ip_network(route.network).prefixlen, default=None)


def _holds(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:  # a list of prefixes
        return False


def reaches_internet(subnet: Subnet) -> bool:
    """Whether an instance there reaches the internet by the route that leads there."""
    default = route_to(subnet, "192.0.2.1")
    if default is None:
        return False
    return default.target.startswith(_WAYS_OUT) or (default.target.startswith("igw-") and subnet.is_public)


def serves(endpoint: Endpoint, subnet: Subnet) -> bool:
    """Whether an endpoint brings the traffic of this subnet to its service: interfaces serve all of the VPC."""
    if endpoint.state != "available":
        return False
    return endpoint.kind != "Gateway" or subnet.table in endpoint.tables


def used_targets(targets: Sequence[Target], zones: Iterable[str]) -> list[Target]:
    """The mount targets of one file system that instances in these zones use: of their own zone, else the first."""
    usable = [target for target in targets if target.state == "available" and target.address]
    chosen = [next((one for one in usable if one.zone == zone), usable[0]) for zone in zones if usable]
    return list(dict.fromkeys(chosen))
