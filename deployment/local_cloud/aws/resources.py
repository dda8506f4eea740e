"""Types of CloudFormation that moto passes over: with a class for each they exist, and can be referred to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.autoscaling.models import autoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.sns.models import sns_backends

Properties = dict[str, Any]
Maker = Callable[[str, Properties, str, str], str]


class _Made(CloudFormationModel):
    """A resource that a template made, by what `Ref` gives."""

    def __init__(self, identity: str, attribute: str = "") -> None:
        self._identity = identity
        self._attribute = attribute

    @property
    def physical_resource_id(self) -> str:
        """The identity that `Ref` gives."""
        return self._identity

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The attribute that `Fn::GetAtt` gives, where its type has one."""
        return {self._attribute: self._identity}[attribute_name]

    def delete(self, account: str, region: str) -> None:
        """Do nothing: the resource goes with what it belongs to."""


def _lifecycle_hook(name: str, given: Properties, account: str, region: str) -> str:
    autoscaling_backends[account][region].create_lifecycle_hook(
        name, given["AutoScalingGroupName"], given["LifecycleTransition"], int(given["HeartbeatTimeout"]),
        given["DefaultResult"],
    )  # fmt: skip
    return name


def _subscription(_: str, given: Properties, account: str, region: str) -> str:
    """Whoever reads the mail box need not confirm."""
    made = sns_backends[account][region].subscribe(given["TopicArn"], given["Endpoint"], given["Protocol"])
    return str(made.arn)


def _topic_policy(name: str, given: Properties, account: str, region: str) -> str:
    for topic in given["Topics"]:
        sns_backends[account][region].get_topic(topic).policy = json.dumps(given["PolicyDocument"])
    return name


def _event_invoke_config(name: str, given: Properties, account: str, region: str) -> str:
    config = {key: value for key, value in given.items() if key not in ("FunctionName", "Qualifier")}
    lambda_backends[account][region].put_function_event_invoke_config(given["FunctionName"], config)
    return name


def _url(_: str, given: Properties, *__: str) -> str:
    return _open_url(given["TargetFunctionArn"], given["AuthType"])


def _open_url(function_arn: str, auth: str) -> str:
    """Stands for what `opening_urls` puts here."""
    raise NotImplementedError(f"Nobody answers for {function_arn} with {auth}")


@contextmanager
def opening_urls(how: Callable[[str, str], str]) -> Iterator[None]:
    """While this lasts `how` opens the URL of a function, by its ARN and its kind of authorization."""
    with mock.patch(f"{__name__}._open_url", how):
        yield


def _nothing(name: str, *_: Any) -> str:
    """Make nothing of a resource without effect here: nobody evaluates alarms, and policies only bar plain HTTP."""
    return name


def _supported(kind: str, make: Maker, name_property: str = "", attribute: str = "") -> type[CloudFormationModel]:
    """Moto finds the classes of types by asking for subclasses, and wants a dot in the name of their module."""

    def create(
        _: Any, /, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **__: Any
    ) -> _Made:
        identity = make(resource_name, cloudformation_json["Properties"], account_id, region_name)
        return _Made(identity, attribute)  # type: ignore[abstract]

    return type(
        kind.rpartition(":")[2],
        (CloudFormationModel,),
        {
            "__module__": __name__,
            "cloudformation_type": staticmethod(lambda: kind),
            "cloudformation_name_type": staticmethod(lambda: name_property),
            "has_cfn_attr": staticmethod(lambda name: name == attribute),
            "create_from_cloudformation_json": classmethod(create),
        },
    )


SUPPORTED = (
    _supported("AWS::AutoScaling::LifecycleHook", _lifecycle_hook, "LifecycleHookName"),
    _supported("AWS::SNS::Subscription", _subscription),
    _supported("AWS::SNS::TopicPolicy", _topic_policy),
    _supported("AWS::Lambda::EventInvokeConfig", _event_invoke_config),
    _supported("AWS::Lambda::Url", _url, attribute="FunctionUrl"),
    _supported("AWS::AutoScaling::ScalingPolicy", _nothing),
    _supported("AWS::CloudWatch::Alarm", _nothing, "AlarmName"),
    _supported("AWS::Logs::MetricFilter", _nothing, "FilterName"),
    _supported("AWS::S3::BucketPolicy", _nothing),
    _supported("AWS::SQS::QueuePolicy", _nothing),
)


def support() -> None:
    """Let moto look for types again: what it found before has been remembered."""
    parsing.get_model_list.cache_clear()
    parsing.get_model_map.cache_clear()
