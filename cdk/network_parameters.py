"""The parameters that the operator is asked for about the network of a backup."""

from cdk.form import YES_OR_NO, Field
from cdk.parameters import NETWORK

BACKUP_NETWORK = NETWORK | {
    "SourceSecurityGroup": Field(
        "Security group of the source",
        "The id of the group of the source's mount targets: the stack lets it accept NFS from the instance, and takes"
        " the rule with it when it goes. Empty: you do.",
        default="",
        pattern=r"(sg-[0-9a-f]+)?",
        wrong="must be empty, or the id of a security group, sg-...",
    ),
    "CreateEndpoints": Field(
        "Make VPC endpoints",
        "For a VPC that has none, and no other way to AWS: those of all services that the instance talks to. Some $45 a"
        " month for each subnet.",
        default="No",
        choices=YES_OR_NO,
    ),
    "RouteTables": Field(
        "Route tables",
        "Ids, separated by commas, of the subnets' route tables: the endpoints of Amazon S3 and DynamoDB need them.",
        default="",
        pattern=r"(rtb-[0-9a-f]+(,rtb-[0-9a-f]+){0,9})?",
        wrong="must be up to ten ids of route tables, rtb-..., separated by commas without spaces",
    ),
}
