"""Runs it all in an account, tears it down, and says what was found out and what it cost: docs/testing/unknown.md."""

import argparse
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deployment.local_cloud.assembly import REPOSITORY, Published
from tests.aws.account import FAILURES, Account
from tests.aws.questions import Answers
from tests.aws.stacks import Stacks
from tests.aws.story import Story, Wish
from tests.aws.teardown import Teardown

_DIST = REPOSITORY / "deployment" / "dist"
_REFUSAL = """It makes stacks, file systems and instances in the account that you are logged in to, for one to two
hours, and deletes them. That costs about a dollar, more if the deletion fails and nobody looks.
Say --yes-this-costs-money if that is what you want."""


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--yes-this-costs-money", action="store_true", help="without it nothing is done")
    parser.add_argument("--vpc", help="the VPC; its subnets need a way to AWS and to Ubuntu's archive")
    parser.add_argument("--subnets", type=lambda text: text.split(","), help="one to three, separated by commas")
    parser.add_argument("--email", help="where the reports go")
    parser.add_argument("--files", type=int, default=1000, help="of the source")
    parser.add_argument("--more", type=int, default=9000, help="files of the night whose window closes")
    parser.add_argument("--operations", type=int, default=100, help="a second, so that this night is long enough")
    parser.add_argument("--endpoint-url", help="of an emulation, which is asked in place of AWS")
    parser.add_argument("--dist", type=Path, help="what build-s3-dist.sh wrote; without it it is called")
    parser.add_argument("--tear-down", metavar="NAME", help="only delete what a run of this name has left")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run; gives the exit code."""
    asked = _arguments(given)
    if not asked.yes_this_costs_money:
        sys.stderr.write(_REFUSAL + "\n")
        return 2
    if not asked.tear_down and not (asked.vpc and asked.subnets and asked.email):
        sys.stderr.write("--vpc, --subnets and --email are needed\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tell = _teller()
    try:
        account = Account.at(asked.endpoint_url, tell)
        caller = account.client("sts").get_caller_identity()
    except FAILURES as error:
        sys.stderr.write(f"{error}\n")
        return 2
    run = asked.tear_down or f"efs-backup-try-{secrets.token_hex(3)}"
    tell(f"The run {run} in account {caller['Account']}, {account.region}")
    tell(f"Should it be cut off: run.sh --yes-this-costs-money --tear-down {run}")
    stacks, published = Stacks(account, run), Published(asked.dist or _DIST)
    if asked.tear_down:
        return _tear_down(account, Teardown(stacks, f"{run}-{account.region}"))
    if not asked.dist:
        subprocess.run(("bash", REPOSITORY / "deployment/build-s3-dist.sh", run, run, "try"), check=True)
    return _tell_story(asked, account, stacks, published)


def _tell_story(asked: argparse.Namespace, account: Account, stacks: Stacks, published: Published) -> int:
    wish = Wish(asked.vpc, asked.subnets, asked.email, asked.files, asked.more, asked.operations)
    story = Story(account, stacks, published, wish, Answers(account.is_emulated))
    code = 1
    try:
        story.run()
        code = 0
    except FAILURES as error:
        account.tell(f"It FAILED: {error}")
    finally:
        left = _tear_down(account, Teardown(stacks, published.bucket(account.region)))
        _say("What only an account can say", story.answers.lines())
        _say("What it has cost", story.bill())
    return code or left


def _tear_down(account: Account, teardown: Teardown) -> int:
    account.tell("Now everything is deleted")
    left = teardown.run()
    _say("What is LEFT, and costs money", left)
    _say("What still carries the tag (the list lags behind; keys are gone in some days)", teardown.still_listed())
    return 1 if left else 0


def _say(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n== {title}", *lines, sep="\n", flush=True)


def _teller() -> Callable[[str], None]:
    start = time.monotonic()
    return lambda text: print(f"{time.monotonic() - start:7.1f} s  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
