"""The instance metadata service, version 2."""

import logging
import time
import urllib.request
from collections.abc import Mapping

DEFAULT_ENDPOINT = "http://169.254.169.254"
ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""The variable that the AWS SDKs read too."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between tries: the service limits how often it is asked, and a machine that boots is busy."""

_logger = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 5.0
_TOKEN_SECONDS = "300"  # noqa: S105 - how long a token is good for


class InstanceMetadata:
    """The metadata of an instance about itself. Raises OSError where there is no metadata service."""

    def __init__(self, endpoint: str = DEFAULT_ENDPOINT) -> None:
        self._endpoint = endpoint.rstrip("/")

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "InstanceMetadata":
        """The service at its address, or at the one that the environment names."""
        return cls(environment.get(ENDPOINT_VARIABLE, DEFAULT_ENDPOINT))

    def instance_id(self) -> str:
        """The instance's id."""
        return self._get("instance-id")

    def ami_id(self) -> str:
        """The AMI that the instance was made of."""
        return self._get("ami-id")

    def zone(self) -> str:
        """The availability zone's name."""
        return self._get("placement/availability-zone")

    def _get(self, name: str) -> str:
        for pause in PAUSES:
            try:
                return self._get_once(name)
            except OSError as error:
                _logger.warning("The metadata service did not tell %s; tried again in %s s: %s", name, pause, error)
                time.sleep(pause)
        return self._get_once(name)

    def _get_once(self, name: str) -> str:
        ask = {"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS}
        token = self._request("PUT", "/latest/api/token", ask)
        return self._request("GET", f"/latest/meta-data/{name}", {"X-aws-ec2-metadata-token": token})

    def _request(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        request = urllib.request.Request(self._endpoint + path, headers=dict(headers), method=method)  # noqa: S310
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
        with direct.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return str(answer.read().decode())
