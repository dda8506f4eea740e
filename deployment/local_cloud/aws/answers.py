"""Answers that moto has not: IAM's simulator, by the policies that the cloud checks, and an account's defaults."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from deployment.local_cloud.aws.access import Need, is_allowed, statements_of
from deployment.local_cloud.aws.calls import Call
from deployment.local_cloud.place import ACCOUNT

_IAM, _EC2 = "https://iam.amazonaws.com/doc/2010-05-08/", "http://ec2.amazonaws.com/doc/2016-11-15/"
_QUOTA = 64.0


@dataclass(frozen=True)
class Answer:
    """The answer of a service."""

    body: str
    kind: str = "text/xml"

    def answer(self, _form: str, start: Callable[[str, list[tuple[str, str]]], Any]) -> list[bytes]:
        """As the service would write it."""
        body = self.body.encode()
        start("200 OK", [("Content-Type", self.kind), ("Content-Length", str(len(body)))])
        return [body]


def answer_call(call: Call) -> Answer | None:
    """The answer, where it is one of those."""
    known = _ANSWERS.get((call.service, call.action))
    return known(call.given) if known else None


def _simulated(given: Mapping[str, Any]) -> Answer:
    role = iam_backends[ACCOUNT]["aws"].get_role_by_arn(given["PolicySourceArn"])
    statements = list(statements_of(role))
    resource = given.get("ResourceArns.member.1", "*")
    key = given.get("ContextEntries.member.1.ContextKeyName")
    context = {key: given["ContextEntries.member.1.ContextKeyValues.member.1"]} if key else {}
    results = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
        f"<EvalDecision>{_decision(statements, Need(action, resource, context))}</EvalDecision></member>"
        for name, action in given.items()
        if name.startswith("ActionNames.member.")
    )
    return Answer(
        f'<SimulatePrincipalPolicyResponse xmlns="{_IAM}"><SimulatePrincipalPolicyResult>'
        f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )


def _decision(statements: list[dict[str, Any]], need: Need) -> str:
    return "allowed" if is_allowed(statements, need) else "implicitDeny"


def _default_key(_given: Mapping[str, Any]) -> Answer:
    return Answer(
        f'<GetEbsDefaultKmsKeyIdResponse xmlns="{_EC2}"><kmsKeyId>alias/aws/ebs</kmsKeyId>'
        "</GetEbsDefaultKmsKeyIdResponse>"
    )


def _quota(given: Mapping[str, Any]) -> Answer:
    code = given["QuotaCode"]
    quota = {"QuotaCode": code, "QuotaName": code, "Value": _QUOTA, "ServiceCode": given["ServiceCode"]}
    return Answer(json.dumps({"Quota": quota}), "application/x-amz-json-1.1")


_ANSWERS: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Answer]] = {
    ("iam", "SimulatePrincipalPolicy"): _simulated,
    ("ec2", "GetEbsDefaultKmsKeyId"): _default_key,
    ("servicequotas", "GetServiceQuota"): _quota,
}
