"""Whether the instance reaches the file systems and AWS."""

from collections.abc import Iterator, Sequence

from efs_backup.domain.doctor.aws_command import aws, with_parameters
from efs_backup.domain.doctor.finding import Check, Found, fault, unknown, warning
from efs_backup.domain.doctor.reachability import (
    HTTPS,
    NFS,
    Admission,
    admits,
    lets_out,
    reaches_internet,
    route_to,
    serves,
    used_targets,
)
from efs_backup.domain.doctor.stack_facts import Endpoint, StackFacts, Subnet, Target
from efs_backup.domain.humanize import counted

INTERFACES = ("ssm", "ssmmessages", "ec2messages", "autoscaling", "elasticfilesystem")
GATEWAYS = ("s3", "dynamodb")
"""Services that the instance calls, by the kind of their endpoints."""


def services(facts: StackFacts) -> tuple[str, ...]:
    """The services that the instances of a backup or a drill call."""
    drills = ("sts",) if facts.parameter("DrillSchedule") else ()
    shares = ("sqs", "ec2") if facts.parameter("Workers") not in ("", "1") else ()
    return (*GATEWAYS, *INTERFACES, *drills, *shares)


def _mount_targets(facts: StackFacts) -> Iterator[Found]:
    zones = {subnet.zone for subnet in facts.subnets.value}
    for system in facts.file_systems.value:
        own = [target for target in facts.targets.value if target.file_system == system.id]
        subnet = facts.subnets.value[0].id if facts.subnets.value else "SUBNET"
        group = next((group.id for target in facts.targets.value for group in target.groups), "GROUP")
        make = aws(
            "efs", "create-mount-target", facts.region, file_system_id=system.id, subnet_id=subnet,
            security_groups=group,
        )  # fmt: skip
        usable = used_targets(own, zones)
        if not usable:
            yield fault(_no_target(system.role, system.id, own), make)
        elif missing := sorted(zones - {target.zone for target in usable}):
            yield warning(
                f"{system.id} ({system.role}) has no mount target in {', '.join(missing)}: an instance there takes one"
                " of another zone, which costs $0.01 a GB each way.",
                make,
            )


def _no_target(role: str, file_system: str, own: Sequence[Target]) -> str:
    if not own:
        return f"{file_system} ({role}) has no mount target."
    states = ", ".join(f"{one.id} is {one.state}{'' if one.address else ' and has no IPv4 address'}" for one in own)
    return f"{file_system} ({role}) has no mount target that can be used: {states}."


def _used(facts: StackFacts) -> Iterator[tuple[Target, list[Subnet]]]:
    """The mount targets that are used, and the subnets whose instances use them."""
    subnets = facts.subnets.value
    for file_system in dict.fromkeys(target.file_system for target in facts.targets.value):
        own = [target for target in facts.targets.value if target.file_system == file_system]
        for target in used_targets(own, [subnet.zone for subnet in subnets]):
            near = [subnet for subnet in subnets if used_targets(own, [subnet.zone]) == [target]]
            yield target, near


def _nfs_rules(facts: StackFacts) -> Iterator[Found]:
    callers = facts.instance_groups.value
    for target, near in _used(facts):
        found = admits(target.groups, NFS, callers, [subnet.network for subnet in near])
        if found is Admission.YES:
            continue
        ids = ", ".join(group.id for group in target.groups) or "no group"
        what = (
            f"The mount target {target.id} of {target.file_system} ({target.role}, {target.zone}) has {ids}, and no"
            f" rule there lets NFS (TCP {NFS}) in from the instance ({', '.join(one.id for one in callers)})"
        )
        command = _open(facts, target)
        if found is Admission.PERHAPS:
            yield unknown(f"{what}, unless by a list of prefixes.", command)
        else:
            yield fault(f"{what}.", command)


def _open(facts: StackFacts, target: Target) -> str:
    group = target.groups[0].id if target.groups else "GROUP"
    callers = facts.instance_groups.value
    worker = facts.stack.outputs.get("SecurityGroup") or (callers[0].id if callers else "INSTANCE_GROUP")
    return aws(
        "ec2", "authorize-security-group-ingress", facts.region, group_id=group, protocol="tcp", port=str(NFS),
        source_group=worker,
    )  # fmt: skip


def _egress(facts: StackFacts) -> Iterator[Found]:
    groups = facts.instance_groups.value
    for port, what in ((NFS, "NFS to the file systems"), (HTTPS, "HTTPS to AWS")):
        if groups and not lets_out(groups, port):
            yield fault(
                f"No security group of the instance ({', '.join(one.id for one in groups)}) lets {what} (TCP {port})"
                " out.",
                aws(
                    "ec2", "authorize-security-group-egress", facts.region, group_id=groups[0].id,
                    ip_permissions=f"IpProtocol=tcp,FromPort={port},ToPort={port},IpRanges=[{{CidrIp=0.0.0.0/0}}]",
                ),
            )  # fmt: skip


def _routes(facts: StackFacts) -> Iterator[Found]:
    for target, near in _used(facts):
        for subnet in near:
            if route_to(subnet, target.address) is None:
                yield fault(
                    f"The route table {subnet.table} of {subnet.id} has no route to {target.address}, the mount target"
                    f" {target.id} of {target.file_system} ({target.role}) in {target.vpc}.",
                    aws(
                        "ec2", "create-route", facts.region, route_table_id=subnet.table,
                        destination_cidr_block=f"{target.address}/32", vpc_peering_connection_id="PEERING",
                    ),
                )  # fmt: skip


def _dns(facts: StackFacts) -> Iterator[Found]:
    vpc = facts.vpc.value
    needs_names = any(endpoint.kind == "Interface" for endpoint in facts.endpoints.value)
    if not vpc.has_dns:
        yield fault(
            f"DNS resolution is switched off in {vpc.id}: the instance finds no address of AWS.",
            aws("ec2", "modify-vpc-attribute", facts.region, vpc_id=vpc.id, enable_dns_support=True),
        )
    if not vpc.has_names:
        level = fault if needs_names else warning
        yield level(
            f"DNS host names are switched off in {vpc.id}: names of VPC endpoints, and of mount targets, mean nothing.",
            aws("ec2", "modify-vpc-attribute", facts.region, vpc_id=vpc.id, enable_dns_hostnames=True),
        )


def _way_to_aws(facts: StackFacts) -> Iterator[Found]:
    if facts.parameter("HttpProxy"):
        return
    by_proxy = bool(facts.parameter("HttpProxyParameter"))  # which itself is read without the proxy
    wanted = ("ssm",) if by_proxy else services(facts)
    closed = [subnet for subnet in facts.subnets.value if not reaches_internet(subnet)]
    missing = [
        service for service in wanted
        if any(not any(_is_for(one, service, subnet) for one in facts.endpoints.value) for subnet in closed)
    ]  # fmt: skip
    if not missing:
        return
    where = ", ".join(_closed(subnet) for subnet in closed)
    has_none = {*missing} >= {*INTERFACES}
    if has_none:
        tables = ",".join(dict.fromkeys(subnet.table for subnet in closed))
        command = with_parameters(facts.stack, {"CreateEndpoints": "Yes", "RouteTables": tables})
        yield fault(f"Nothing leads from {where} to AWS; endpoints are missing for {', '.join(missing)}.", command)
        return
    for service in missing:
        yield fault(
            f"Nothing leads from {where} to {service}: there is no endpoint for it.", _endpoint(facts, service, closed)
        )


def _is_for(endpoint: Endpoint, service: str, subnet: Subnet) -> bool:
    return endpoint.service == service and serves(endpoint, subnet)


def _closed(subnet: Subnet) -> str:
    if (route := route_to(subnet, "192.0.2.1")) and route.target.startswith("igw-"):
        return f"{subnet.id} (its internet gateway serves public addresses alone, which instances there do not get)"
    if any(not route.is_active for route in subnet.routes):
        return f"{subnet.id} (a route of {subnet.table} leads to something that is gone)"
    return subnet.id


def _endpoint(facts: StackFacts, service: str, closed: Sequence[Subnet]) -> str:
    name = f"com.amazonaws.{facts.region}.{service}"
    vpc = closed[0].vpc
    if service in GATEWAYS:
        tables = dict.fromkeys(subnet.table for subnet in closed)
        return aws(
            "ec2", "create-vpc-endpoint", facts.region, vpc_id=vpc, service_name=name, vpc_endpoint_type="Gateway",
            route_table_ids=tables,
        )  # fmt: skip
    others = [group.id for one in facts.endpoints.value if one.kind == "Interface" for group in one.groups]
    return aws(
        "ec2", "create-vpc-endpoint", facts.region, vpc_id=vpc, service_name=name, vpc_endpoint_type="Interface",
        subnet_ids=[subnet.id for subnet in closed], security_group_ids=[*dict.fromkeys(others)] or ["GROUP"],
        private_dns_enabled=True,
    )  # fmt: skip


def _endpoint_rules(facts: StackFacts) -> Iterator[Found]:
    callers, networks = facts.instance_groups.value, [subnet.network for subnet in facts.subnets.value]
    for endpoint in facts.endpoints.value:
        if endpoint.service not in services(facts):
            continue
        if endpoint.kind == "Interface" and admits(endpoint.groups, HTTPS, callers, networks) is Admission.NO:
            group = endpoint.groups[0].id if endpoint.groups else "GROUP"
            yield fault(
                f"The endpoint {endpoint.id} for {endpoint.service} lets no HTTPS (TCP {HTTPS}) in from the instance.",
                aws(
                    "ec2", "authorize-security-group-ingress", facts.region, group_id=group, protocol="tcp",
                    port=str(HTTPS), source_group=callers[0].id,
                ),
            )  # fmt: skip
        if endpoint.kind == "Interface" and not endpoint.has_private_names:
            yield fault(
                f"The endpoint {endpoint.id} for {endpoint.service} has no private DNS name, so that nobody uses it.",
                aws(
                    "ec2", "modify-vpc-endpoint", facts.region, vpc_endpoint_id=endpoint.id, private_dns_enabled=True
                ),
            )  # fmt: skip
        if not endpoint.is_open:
            yield warning(
                f"The endpoint {endpoint.id} for {endpoint.service} has a policy of its own: see that it allows what"
                " the instance calls, in the buckets of bundle and logs, and in the table of the records.",
                aws("ec2", "describe-vpc-endpoints", facts.region, vpc_endpoint_ids=endpoint.id),
            )


def _packages(facts: StackFacts) -> Iterator[Found]:
    closed = [subnet for subnet in facts.subnets.value if not reaches_internet(subnet)]
    if closed and not (facts.parameter("HttpProxy") or facts.parameter("HttpProxyParameter")):
        yield warning(
            f"{counted(len(closed), 'subnet')} without a way to Ubuntu's archive: see that the AMI or the bundle brings"
            " fpart, rsync and nfs-common.",
            "bash deployment/build-bundle.sh DIRECTORY_WITH_DEB_FILES",
        )


NETWORK_CHECKS = (
    Check(
        "mount-targets",
        "All file systems have mount targets in the zones of the subnets.",
        "Without one there is nothing to mount, and the backup ends as MountFailed.",
        _mount_targets,
    ),
    Check(
        "nfs-rules",
        "All mount targets let NFS in from the instance.",
        "Without the rule the mount waits until it gives up, and the backup ends as MountFailed.",
        _nfs_rules,
    ),
    Check("egress", "The instance may call NFS and HTTPS.", "Without it nothing is mounted, or reported.", _egress),
    Check(
        "routes",
        "There is a route to each mount target.",
        "Without it the mount waits until it gives up, and the backup ends as MountFailed.",
        _routes,
    ),
    Check("vpc-dns", "The VPC resolves names.", "By them the instance finds AWS.", _dns),
    Check(
        "way-to-aws",
        "Each subnet has a way to all services that the instance calls.",
        "Without it the instance gets no bundle, or cannot say how its backup ended; the window closes upon it.",
        _way_to_aws,
    ),
    Check(
        "endpoint-rules",
        "The VPC endpoints take calls from the instance.",
        "An endpoint with a private name takes all calls of the VPC, also those that it then refuses.",
        _endpoint_rules,
    ),
    Check(
        "packages",
        "The instance has a way to Ubuntu's archive.",
        "What it has to install comes from there; without it the boot ends as ToolMissing.",
        _packages,
    ),
)
