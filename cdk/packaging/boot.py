"""The requests of an instance to AWS while it has nothing but Python: for its bundle, and to be given back.

    boot.py proxy PARAMETER FILE     write a proxy's address, which a parameter of Systems Manager holds, into FILE
    boot.py fetch BUCKET KEY FILE    bring an object of Amazon S3
    boot.py give-up                  store the boot's log, say how it ended, and want no instance any more

The user data, which has 16 KB, holds this file without its docstrings: it is short, and needs the standard library
alone.
"""

import functools
import hashlib
import hmac
import itertools
import json
import os
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

PAUSES = (2.0, 5.0, 10.0, 20.0)
"""Seconds between the tries to bring the bundle."""

ENOUGH, LONGEST = 6, 300.0
"""After so many tries the instance is given back though nobody could be told; most seconds between two tries."""


class Refused(OSError):
    """AWS has refused a request; `text` is its answer."""

    def __init__(self, request: str, error: HTTPError) -> None:
        self.code, self.text = error.code, error.read(1000).decode(errors="replace")
        super().__init__(f"{request}: {error} {self.text}")


def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, *via: Any) -> bytes:
    """Make a request. Raises OSError, of which Refused is one."""
    request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 - addresses of AWS alone
    try:
        with urllib.request.build_opener(*via).open(request, timeout=30) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        raise Refused(f"{method} {url}", error) from error


def told(name: str) -> str:
    """Ask the metadata service about this instance; never through a proxy."""
    place = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/") + "/latest"
    direct, given = urllib.request.ProxyHandler({}), "X-aws-ec2-metadata-token"
    token = send("PUT", f"{place}/api/token", {f"{given}-ttl-seconds": "300"}, None, direct).decode()
    return send("GET", f"{place}/meta-data/{name}", {given: token}, None, direct).decode()


def signed(method: str, url: str, headers: Mapping[str, str], body: bytes, scope: str, keys: Any) -> dict[str, str]:
    """The headers with their signature, AWS Signature Version 4. `scope` is date, region and service."""
    parts, digest, scope = urllib.parse.urlsplit(url), hashlib.sha256(body).hexdigest(), f"{scope}/aws4_request"
    known = {**headers, "host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-security-token": keys["Token"]}
    names = ";".join(sorted(known))
    lines = [f"{name}:{known[name]}" for name in sorted(known)]
    canonical = "\n".join((method, parts.path, parts.query, *lines, "", names, digest))
    text = "\n".join(("AWS4-HMAC-SHA256", known["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{keys['SecretAccessKey']}".encode()
    for word in (*scope.split("/"), text):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    whose = f"Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={names}"
    return {**known, "authorization": f"AWS4-HMAC-SHA256 {whose}, Signature={key.hex()}"}


def call(service: str, method: str, path: str, body: bytes = b"", bucket: str = "", **headers: str) -> bytes:
    """Call a service of this region with the keys of the instance's role."""
    region, roles = os.environ["AWS_DEFAULT_REGION"], "iam/security-credentials/"
    keys, date = json.loads(told(roles + told(roles).split()[0])), f"{now():%Y%m%dT%H%M%SZ}"
    place = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")  # known to the SDKs too
    host = "" if place else f"{service}.{region}.{told('services/domain')}"
    if bucket and host and "." not in bucket:  # no certificate is for a name with more dots
        bucket, host = "", f"{bucket}.{host}"
    url = (place or f"https://{host}") + (f"/{bucket}" if bucket else "") + urllib.parse.quote(path)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = f"{date[:8]}/{region}/{service}"
    return send(method, url, signed(method, url, {**named, "x-amz-date": date}, body, scope, keys), body or None)


def ask(service: str, version: str, **what: str) -> None:
    """Call a service that takes a form."""
    form = urllib.parse.urlencode({**what, "Version": version}).encode()
    call(service, "POST", "/", form, content_type="application/x-www-form-urlencoded")


def record(action: str, what: Mapping[str, Any]) -> Any:
    """Call Amazon DynamoDB."""
    kind, target = "application/x-amz-json-1.0", f"DynamoDB_20120810.{action}"
    return json.loads(call("dynamodb", "POST", "/", json.dumps(what).encode(), content_type=kind, x_amz_target=target))


def tried(step: Callable[[], bytes], failure: str) -> bytes:
    """Take a step, if need be by some tries. No waiting helps where something is not there."""
    for pause in (*PAUSES, None):
        try:
            return step()
        except OSError as error:
            if pause is None or getattr(error, "code", 0) == 404:  # noqa: PLR2004 - as HTTP counts
                raise SystemExit(f"{failure}: {error}") from error
            say(f"Tried again in {pause} s: {error}")
            time.sleep(pause)
    raise AssertionError("the last try ends")


def fetch(bucket: str, key: str, file: str) -> None:
    """Bring an object."""
    step = functools.partial(call, "s3", "GET", f"/{key}", bucket=bucket)
    Path(file).write_bytes(tried(step, f"{key} cannot be fetched from {bucket}"))


def proxy(parameter: str, file: str) -> None:
    """Write the address of a proxy into an environment file, which a shell reads too; asked for without a proxy."""
    what = json.dumps({"Name": parameter, "WithDecryption": True}).encode()
    kind, target = "application/x-amz-json-1.1", "AmazonSSM.GetParameter"
    step = functools.partial(call, "ssm", "POST", "/", what, content_type=kind, x_amz_target=target)
    address = json.loads(tried(step, f"The parameter {parameter} cannot be read"))["Parameter"]["Value"].strip()
    if not re.fullmatch(r"https?://[A-Za-z0-9._:@%-]+", address):
        raise SystemExit(f"{parameter} holds no address such as http://USER:WORD@HOST:PORT, or not all as %XX")
    said = Path(file).read_text().splitlines()
    lines = [line for line in said if not line.startswith(("http_proxy=", "https_proxy="))]
    Path(file).write_text("\n".join([*lines, f"http_proxy={address}", f"https_proxy={address}", ""]))


def give_up(log: str = "/var/log/cloud-init-output.log") -> None:
    """Say how the boot ended, and want no instance any more; tried again until that is heard."""
    given, text = os.environ, Path(log).read_text(errors="replace") if Path(log).exists() else ""
    words = "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in text.splitlines()[-12:])
    key = f"ec2-logs/{given['FOLDER_LABEL']}-{given['AGENT_TASK']}-{now():%Y%m%d-%H%M}.log"
    where = f"s3://{given['LOG_BUCKET']}/{key}"
    steps: list[Callable[[], object]] = [
        lambda: call("s3", "PUT", f"/{key}", text.encode(), given["LOG_BUCKET"], content_type="text/plain"),
        (lambda: tell(words, where)) if "TOPIC_ARN" in given else (lambda: close(words, where)),
    ]
    insist(steps, lambda: ask("autoscaling", "2011-01-01", **give_back()))


def give_back() -> dict[str, str]:
    """The request for no instance any more; where others may work beside this one, for none in its place."""
    if {os.environ.get(name, "1") for name in ("CONCURRENT_BACKUPS", "WORKERS")} == {"1"}:
        group = os.environ["GROUP_NAME"]
        return {
            "Action": "SetDesiredCapacity", "DesiredCapacity": "0", "HonorCooldown": "false",
            "AutoScalingGroupName": group,
        }  # fmt: skip
    end = "TerminateInstanceInAutoScalingGroup"
    return {"Action": end, "InstanceId": told("instance-id"), "ShouldDecrementDesiredCapacity": "true"}


def insist(steps: Sequence[Callable[[], object]], last: Callable[[], object]) -> None:
    """Take each step until it works, and the last one when all are done or were tried often enough."""
    for tries in itertools.count(1):
        steps = [step for step in steps if not works(step)]
        if (not steps or tries >= ENOUGH) and works(last):
            return
        time.sleep(min(2.0**tries, LONGEST))


def works(step: Callable[[], object]) -> bool:
    """Whether a step works."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it is, the instance must be given back
        say(f"Tried again: {type(error).__name__}: {error}")
        return False
    return True


def close(words: str, where: str) -> None:
    """Record how the backup ended, unless somebody has recorded more; the requests came with the template."""
    prepared = Path(__file__).with_name("requests.json")
    requests, booted = json.loads(prepared.read_text()), datetime.fromtimestamp(prepared.stat().st_mtime, now().tzinfo)
    latest = record("GetItem", requests["get"])["Item"][requests["latest"]]["S"]
    text = json.dumps(requests["update"])
    for name, value in (
        ("@BACKUP@", latest), ("@INSTANCE@", told("instance-id")), ("@LOGS@", where), ("@WORDS@", words),
        ("@BOOTED@", f"{booted:%Y-%m-%dT%H:%M:%S}"), ("@NOW@", f"{now():%Y-%m-%dT%H:%M:%S}"),
    ):  # fmt: skip
        text = text.replace(name, json.dumps(value)[1:-1])
    try:
        record("UpdateItem", json.loads(text))
    except Refused as refused:
        if "ConditionalCheckFailed" not in refused.text:
            raise


def tell(words: str, where: str) -> None:
    """Mail that a restore failed."""
    given = os.environ
    headline = f"EFS restore FAILED: {given['TARGET_FILE_SYSTEM']}"
    text = (
        f"{headline}.\n\nWhat happened:\nThe instance could not be set up. The last lines of its boot:\n{words}\n\n"
        "What is kept:\nEverything: a restore that has no agent touches nothing.\n\n"
        "What to do:\nMend what they name, delete the stack, and deploy it again.\n\n"
        f"Links:\n  log  {where}\n"
    )
    facts = {
        "status": "Failed", "severity": "error", "label": given["FOLDER_LABEL"],
        "fileSystem": given["TARGET_FILE_SYSTEM"],
    }  # fmt: skip
    subject = f"{headline} [{given['STACK_NAME']}]"[:100]
    message = {"TopicArn": given["TOPIC_ARN"], "Subject": subject, "Message": text}
    ask("sns", "2010-03-31", Action="Publish", **message, **attributes(facts))


def attributes(facts: "dict[str, str]") -> "dict[str, str]":
    """The attributes that subscriptions filter by, as Amazon SNS takes them."""
    told = {}
    for number, (name, value) in enumerate(facts.items(), start=1):
        entry = f"MessageAttributes.entry.{number}."
        told.update({entry + "Name": name, entry + "Value.DataType": "String", entry + "Value.StringValue": value})
    return told


def now() -> datetime:
    """The time of the machine's clock, in UTC."""
    return datetime.now(timezone.utc)  # noqa: UP017 - an AMI of one's own may have an older Python


def say(text: str) -> None:
    """Write a line into the log of the boot."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"fetch": fetch, "give-up": give_up, "proxy": proxy}
    commands[sys.argv[1]](*sys.argv[2:])
