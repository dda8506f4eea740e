"""The mail box of everybody who has subscribed to a topic: one file for each mail."""

import itertools
import re
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """A mail."""

    to: str
    subject: str
    text: str


class MailBox:
    """Files that are named by number and subject."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.mails: list[Mail] = []

    def receive(self, mail: Mail) -> None:
        """A mail comes in."""
        with self._lock:
            name = f"{next(self._numbers):02} {re.sub(r'[^A-Za-z0-9 ,.()-]+', ' ', mail.subject)}.txt"
            (self.place / name).write_text(f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}")
            self.mails.append(mail)
