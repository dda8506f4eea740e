"""Configurations: what a file says becomes what the options of `run` say, and what it cannot say is told."""

import tomllib
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.cli.commands.run import run
from efs_backup.domain.requests.configuration import file_fault, is_name, read_configuration
from efs_backup.domain.requests.configuration_example import example
from efs_backup.domain.requests.configuration_keys import KEYS, OF_OPTION, ONCE, RULES, SAME

_NAMES = st.sampled_from([*OF_OPTION, *(key.name for key in KEYS)])
_LEAST = '[source]\npath = "/srv/home"\n[backup]\npath = "/mnt/backup"\n'


def _read(text: str) -> Any:
    return read_configuration("home", tomllib.loads(text))


def test_every_option_of_a_run_has_a_key_or_is_said_once() -> None:
    """None is forgotten when `run` gets another one."""
    asked = {str(one.name) for one in run.params} - {"config"}
    assert asked == {*OF_OPTION, *ONCE, *SAME}
    assert asked >= RULES


def test_a_value_of_each_key_is_what_its_option_takes() -> None:
    """The examples of the reference are such values; the example of a file has them all."""
    shown = example()
    whole = "\n".join(line.removeprefix("# ") if " = " in line else line for line in shown.splitlines())
    read = _read(whole)
    assert read.faults == ()
    assert set(read.values) == set(OF_OPTION)
    assert read.values["window"] == "240"
    assert read.values["no_spare"] is True
    for key in KEYS:
        parameter = next(one for one in run.params if one.name == key.option)
        parameter.type_cast_value(click.Context(run), read.values[key.option])


def test_the_example_is_good_as_it_stands() -> None:
    """Only its two directories have to be put right."""
    read = _read(example())
    assert read.faults == ()
    assert read.values["save"] is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sourc]\n", "There is no table [sourc]; did you mean 'source'?"),
        ('windw = "4h"\n', "[backup] has no key 'windw'; did you mean 'window'?"),
        ("daily = 3\n", "[backup] has no key 'daily'; did you mean [keep] daily?"),
        ("xyzzy = 3\n", "[backup] has no key 'xyzzy'."),
        ("init = true\n", "[backup] init is no key: say that a first backup is meant on the command line, once."),
        ("[keep]\ndaily = '3'\n", "[keep] daily is a whole number, such as 30, not '3'."),
        ("[keep]\ndaily = true\n", "[keep] daily is a whole number, such as 30, not True."),
        ("save = 1\n", "[backup] save is true or false, such as true, not 1."),
        ("window = nan\n", "[backup] window is a number of minutes, or a text such as 90m or 1h30m, such as"),
        ("window = '4 weeks'\n", "[backup] window is a number of minutes"),
        ("label = ''\n", "[backup] label is a text that is not empty"),
        ('label = "\\u0000"\n', "[backup] label holds a null character."),
        ("[hooks]\nbefore = [1]\n", "[hooks] before is a list of texts"),
        ("[limits]\njobs = 0xffffffffffffffffffffffff\n", "[limits] jobs is a whole number, such as 16."),
    ],
)
def test_what_a_file_cannot_say_is_told(text: str, told: str) -> None:
    """With the key, and what was probably meant."""
    (fault,) = _read(_LEAST + text).faults
    assert fault.startswith(told)


def test_a_secret_is_in_no_fault() -> None:
    """Also where it is no text."""
    (fault,) = _read(f"{_LEAST}[hooks]\nping = ['https://secret']\n").faults
    assert "secret" not in fault


@pytest.mark.parametrize("text", ["", "source = 3\n", "[source]\npath = 'srv'\n", "path = '/srv'\n"])
def test_directories_are_needed_and_absolute(text: str) -> None:
    """A service has another working directory than who writes the file."""
    faults = _read(text).faults
    assert "[backup] path is missing." in faults
    assert len(faults) > 1


@given(
    st.dictionaries(
        st.sampled_from(["source", "backup", "keep", "hooks", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
            max_leaves=4,
        ),
        max_size=3,
    )
)
def test_whatever_tables_hold_they_are_read(tables: dict[str, Any]) -> None:
    """And what is wrong is a sentence."""
    assert all(isinstance(fault, str) for fault in read_configuration("home", tables).faults)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("home", True), ("home-a.1", True), ("", False), (".x", False), ("a/b", False), ("a b", False), ("é", False),
     ("-x", False)],
)  # fmt: skip
def test_a_name_needs_no_escaping(text: str, is_one: bool) -> None:
    """The name is the instance of a unit, and no option, and no path."""
    assert is_name(text) is is_one


@pytest.mark.parametrize(
    ("owner", "mode", "user", "mends"),
    [(0, 0o600, 0, ""), (0, 0o644, 1000, ""), (1000, 0o644, 1000, ""), (1000, 0o600, 0, "chown 0"),
     (7, 0o600, 1000, "chown 1000"), (0, 0o664, 0, "chmod go-w"), (0, 0o602, 0, "chmod go-w")],
)  # fmt: skip
def test_only_root_and_the_user_may_write(owner: int, mode: int, user: int, mends: str) -> None:
    """Others could have commands run by whoever makes the backup."""
    assert file_fault("it", owner, mode, user)[1] == mends


def test_a_sticky_directory_is_trusted() -> None:
    """Nobody replaces there what belongs to another."""
    assert file_fault("/tmp", 0, 0o777, 0, is_sticky=True) == ("", "")
