"""A proxy whose address has a password: it stands in a parameter of Systems Manager, and not in the launch template."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from ..parameters.instance import Instance
from ..permissions import arns
from .conditions import is_given, only_if


class ProxySecret(Construct):
    """Lets an instance read that parameter, if there is one; which it tries for longer than IAM needs to know it."""

    def __init__(self, scope: Construct, instance: Instance, role: iam.IRole) -> None:
        super().__init__(scope, "ProxySecret")
        name = instance.http_proxy_parameter
        read = iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[arns.parameter(name)])
        iam.Policy(self, "Policy", roles=[role], statements=[read])
        only_if(is_given(self, "IsThere", name), self)
