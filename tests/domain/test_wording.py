"""Small matters of grammar, and text that may hold anything."""

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.humanize import as_fields, as_value, clipped, counted, shown, shown_lines, sized, valid


@pytest.mark.parametrize(
    ("number", "noun", "phrase"),
    [
        (1, "file", "1 file"),
        (0, "file", "0 files"),
        (2, "part", "2 parts"),
        (999, "file", "999 files"),
        (1_234_567, "file", "1,234,567 files"),
    ],
)
def test_only_one_is_singular(number: int, noun: str, phrase: str) -> None:
    """Large numbers can be read."""
    assert counted(number, noun) == phrase


@pytest.mark.parametrize(
    ("size", "phrase"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (999.5, "999 bytes"),
        (1_000, "1.0 kB"), (1_500, "1.5 kB"), (999_900, "999.9 kB"), (999_949, "999.9 kB"), (999_999, "1.0 MB"),
        (10**6, "1.0 MB"), (999_999_999, "1.0 GB"), (10**9, "1.0 GB"), (2 * 10**12, "2.0 TB"), (10**12, "1.0 TB"),
        (10**15, "1.0 PB"), (10**18, "1,000.0 PB"), (2_308_974_418_330.0, "2.3 TB"),
    ],
)  # fmt: skip
def test_a_size_is_told_in_the_largest_unit_that_it_reaches(size: float, phrase: str) -> None:
    """With one digit behind the point, and as it is read: `1,000.0 MB` is 1.0 GB."""
    assert sized(size) == phrase


@given(st.integers(0, 10**17))
def test_a_size_is_told_within_a_twentieth_of_its_unit(size: int) -> None:
    """Rounded, and never off by a unit."""
    number, unit = sized(size).replace(",", "").split()
    scale = {"byte": 1, "bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}[unit]
    assert abs(float(number) * scale - size) <= scale * 0.0500001
    assert float(number) < 1000


_names = st.binary(min_size=1, max_size=40).map(os.fsdecode)
_any_text = st.text(st.characters(), max_size=40) | _names


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("a b-Ünïcödé ☃", "a b-Ünïcödé ☃"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("no utf-8 \udcff", "no utf-8 \\xff"),
        ("half of two \ud83d", "half of two \\xed\\xa0\\xbd"),
        ("\u2028line\u00ad\ufeff", "\\u2028line\\xad\\ufeff"),
        ("\udcc3\udc9c", "Ü"),
    ],
)
def test_nothing_of_a_name_is_taken_for_anything_else(name: str, seen: str) -> None:
    """Neither for another line, nor for a terminal's command, nor for text that runs the other way."""
    assert shown(name) == seen


@given(_any_text)
def test_whatever_is_shown_can_be_printed_and_encoded(text: str) -> None:
    """Of every name, on one line; of a longer text, line by line."""
    assert shown(text).isprintable()
    assert shown_lines(text).split("\n") == [shown(line) for line in text.split("\n")]
    for one in (shown(text), shown_lines(text), valid(text)):
        one.encode()


@given(_names)
def test_programs_can_have_every_byte_of_a_name(name: str) -> None:
    """As JSON that strict readers take: the text itself, or beside the escaped one its bytes."""
    fields = json.loads(json.dumps(as_fields("path", name)).encode())
    fields["path"].encode()
    raw = base64.b64decode(fields["path_bytes"]) if "path_bytes" in fields else fields["path"].encode()
    assert raw == os.fsencode(name)
    assert as_value(name) == (fields if "path_bytes" in fields else fields["path"])


@pytest.mark.parametrize("name", ["file", "with\nbreak", "back\\slash", "Ünïcödé ☃", "back\\xff"])
def test_a_name_of_valid_text_is_only_that(name: str) -> None:
    """JSON has its own way to write it."""
    assert as_value(name) == name
    assert as_fields("target", name) == {"target": name}


def test_two_names_are_never_told_as_one() -> None:
    """A byte that is escaped, and a name that is spelled like that."""
    assert as_value("\udcff") == {"path": "\\xff", "path_bytes": "/w=="}
    assert as_value("\\xff") == "\\xff"


def test_text_that_is_too_long_says_that_it_goes_on() -> None:
    """And one that fits is whole."""
    assert (clipped("abc", 3), clipped("abcd", 3)) == ("abc", "abc ...")
