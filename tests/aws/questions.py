"""The questions that only an account can answer. Each is told in docs/testing/unknown.md under its key."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.aws.account import FAILURES

QUESTIONS = {
    "ssm-registration": "How long after its launch does an instance take commands of Systems Manager?",
    "ssm-event": "Which shape do the parameters have in the event of a command that has ended?",
    "ssm-gone": "What is SendCommand answered for an instance that is terminated?",
    "lock-lease": "How long does Amazon EFS keep the lock of a client that is lost?",
    "hard-links": "How many names may a file have, and what is the next one answered?",
    "times": "Are times kept to the nanosecond, and what moves a ctime?",
    "statfs": "What does Amazon EFS say of itself?",
    "d-type": "Does a listing tell the types of its entries?",
    "iam-propagation": "Is the function's queue accepted as soon as its role may write there?",
    "apt-lock": "Is apt locked in the first minutes of an instance?",
    "retain-on-create": "Does a creation that is rolled back leave what RetainExceptOnCreate protects?",
    "aws-backup": "Is AWS Backup switched on for a file system whose template says nothing, and for ours?",
    "ami": "Which AMI does the group launch, and is it the one of the day?",
}

_NOT_HERE = "not answered here"


@dataclass
class Answers:
    """The answers that were found. An emulation is asked too, so that the asking is tried, but never believed."""

    is_emulated: bool
    _found: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def find(self, key: str, ask: Callable[[], object]) -> None:
        """Ask. A question that cannot be answered does not end the run."""
        if key not in QUESTIONS:
            raise KeyError(key)
        try:
            self._found[key] = str(ask())
        except FAILURES as error:
            self.failed.append(key)
            self._found[key] = f"not found out: {error}"

    def lines(self) -> list[str]:
        """Each question with its answer."""
        return [f"{key}: {question}\n    {self._answer(key)}" for key, question in QUESTIONS.items()]

    def _answer(self, key: str) -> str:
        if key not in self._found:
            return f"{_NOT_HERE}: it was not asked"
        if self.is_emulated and key not in self.failed:
            return f"{_NOT_HERE}: an emulation was asked, which says nothing of AWS"
        return self._found[key]
