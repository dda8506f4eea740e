"""The network around the instance: its VPC, subnets, routes, security groups and endpoints."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from efs_backup.domain.doctor.answer import NotKnown
from efs_backup.domain.doctor.stack_facts import Endpoint, Route, Rule, SecurityGroup, Subnet, Target, Vpc
from efs_backup.lib.aws_errors import ignored
from efs_backup.lib.doctor.asking import listed

_TARGETS = (
    "GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId", "NetworkInterfaceId", "InstanceId",
    "LocalGatewayId", "CarrierGatewayId", "EgressOnlyInternetGatewayId",
)  # fmt: skip
_ALL_PORTS = (0, 65535)


class Network:
    """A network as Amazon EC2 knows it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def subnets(self, ids: Sequence[str]) -> tuple[Subnet, ...]:
        """These subnets, each with the routes of its table. Raises NotKnown for none."""
        found = [*listed(self._client, "describe_subnets", "Subnets", SubnetIds=[*ids])] if ids else []
        if not found:
            raise NotKnown("The group has no subnet.")
        vpcs = [*{subnet["VpcId"] for subnet in found}]
        tables = [
            *listed(
                self._client, "describe_route_tables", "RouteTables", Filters=[{"Name": "vpc-id", "Values": vpcs}]
            )
        ]  # fmt: skip
        return tuple(_subnet(subnet, _table_of(subnet["SubnetId"], subnet["VpcId"], tables)) for subnet in found)

    def vpc(self, vpc_id: str) -> Vpc:
        """Ask whether a VPC has DNS and host names."""
        said = {
            name: self._client.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)[name[0].upper() + name[1:]]["Value"]
            for name in ("enableDnsSupport", "enableDnsHostnames")
        }
        return Vpc(vpc_id, has_dns=said["enableDnsSupport"], has_names=said["enableDnsHostnames"])

    def groups(self, ids: Iterable[str]) -> dict[str, SecurityGroup]:
        """Security groups by their ids."""
        wanted = sorted({*ids})
        if not wanted:
            return {}
        found = listed(self._client, "describe_security_groups", "SecurityGroups", GroupIds=wanted)
        return {one["GroupId"]: _group(one) for one in found}

    def endpoints(self, vpc_id: str) -> tuple[Endpoint, ...]:
        """The endpoints of a VPC."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        found = [*listed(self._client, "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)]
        groups = self.groups(group["GroupId"] for one in found for group in one.get("Groups", []))
        return tuple(_endpoint(one, groups) for one in found)

    def targets(self, efs: Any, file_system: str, role: str) -> tuple[Target, ...]:
        """The mount targets of a file system; none where that is gone."""
        found = list[Any]()
        with ignored("FileSystemNotFound"):
            found = [*listed(efs, "describe_mount_targets", "MountTargets", FileSystemId=file_system)]
        ids = {
            one["MountTargetId"]: efs.describe_mount_target_security_groups(MountTargetId=one["MountTargetId"]).get(
                "SecurityGroups", []
            )
            for one in found
        }
        groups = self.groups(group for own in ids.values() for group in own)
        zones = self._zones([one["SubnetId"] for one in found if not one.get("AvailabilityZoneName")])
        return tuple(
            Target(
                one["MountTargetId"], role, file_system,
                one.get("AvailabilityZoneName") or zones.get(one["SubnetId"], ""), one["SubnetId"],
                one.get("VpcId", ""), one.get("IpAddress", ""), one["LifeCycleState"],
                tuple(groups[group] for group in ids[one["MountTargetId"]] if group in groups),
            )
            for one in found
        )  # fmt: skip

    def _zones(self, subnets: Sequence[str]) -> dict[str, str]:
        if not subnets:
            return {}
        found = listed(self._client, "describe_subnets", "Subnets", SubnetIds=[*subnets])
        return {one["SubnetId"]: one["AvailabilityZone"] for one in found}


def _table_of(subnet: str, vpc: str, tables: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The route table of a subnet: its own, or the main one of its VPC."""
    own = [one for one in tables if any(each.get("SubnetId") == subnet for each in one["Associations"])]
    main = [one for one in tables if one["VpcId"] == vpc and any(each.get("Main") for each in one["Associations"])]
    return next(iter([*own, *main]), {"RouteTableId": "", "Routes": []})


def _subnet(found: Mapping[str, Any], table: Mapping[str, Any]) -> Subnet:
    return Subnet(
        found["SubnetId"], found["VpcId"], found["AvailabilityZone"], found["CidrBlock"],
        bool(found.get("MapPublicIpOnLaunch")), table["RouteTableId"], tuple(map(_route, table["Routes"])),
    )  # fmt: skip


def _route(found: Mapping[str, Any]) -> Route:
    network = found.get("DestinationCidrBlock") or found.get("DestinationPrefixListId") or "::/0"
    target = next((found[name] for name in _TARGETS if found.get(name)), "")
    return Route(network, target, found.get("State", "active") == "active")


def _group(found: Mapping[str, Any]) -> SecurityGroup:
    rules = (tuple(map(_rule, found[name])) for name in ("IpPermissions", "IpPermissionsEgress"))
    return SecurityGroup(found["GroupId"], *rules)


def _rule(found: Mapping[str, Any]) -> Rule:
    first, last = found.get("FromPort", _ALL_PORTS[0]), found.get("ToPort", _ALL_PORTS[1])
    if first == -1:
        first, last = _ALL_PORTS
    return Rule(
        found["IpProtocol"], first, last, frozenset(one["GroupId"] for one in found.get("UserIdGroupPairs", [])),
        tuple(one["CidrIp"] for one in found.get("IpRanges", [])),
        tuple(one["PrefixListId"] for one in found.get("PrefixListIds", [])),
    )  # fmt: skip


def _endpoint(found: Mapping[str, Any], groups: Mapping[str, SecurityGroup]) -> Endpoint:
    own = (group["GroupId"] for group in found.get("Groups", []))
    policy = found.get("PolicyDocument") or ""
    return Endpoint(
        found["VpcEndpointId"], found["ServiceName"].rpartition(".")[2], found.get("VpcEndpointType", "Gateway"),
        found.get("State", "available").lower(), tuple(found.get("SubnetIds", [])),
        tuple(found.get("RouteTableIds", [])), tuple(groups[one] for one in own if one in groups),
        bool(found.get("PrivateDnsEnabled")), not policy or _is_open(str(policy)),
    )  # fmt: skip


def _is_open(policy: str) -> bool:
    """Whether a policy is that which an endpoint gets by itself."""
    packed = "".join(policy.split())
    return all(part in packed for part in ('"Action":"*"', '"Resource":"*"', '"Effect":"Allow"')) and (
        "Condition" not in packed and '"Deny"' not in packed
    )
