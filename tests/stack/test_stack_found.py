"""Which stack is meant: by its name, or the only one there is."""

import pytest

from tests.stack.described import NAME, Ask, describe, describe_tagged, outputs_of
from tests.support.cloud import TABLE, Cloud


def test_the_only_stack_of_the_region_needs_no_name(cloud: Cloud, ask: Ask) -> None:
    """And what is no backup stack does not count."""
    describe("web", {"Address": "https://example.com"})
    answer = ask("outputs", "--json").json
    assert answer["stack"] == NAME
    assert {"name": "RecordTable", "value": TABLE} in answer["outputs"]
    assert f"RecordTable   {TABLE}" in ask("outputs", NAME).stdout


def test_of_several_stacks_one_must_be_named(cloud: Cloud, ask: Ask) -> None:
    """The refusal has the names there are."""
    describe("other", outputs_of(cloud))
    said = ask("outputs", code=2).stderr
    assert f"There are several backup stacks in this region: {NAME}, other." in said
    assert ask("outputs", "other", "--json").json["stack"] == "other"


def test_a_stack_is_found_by_a_tag_that_it_alone_has(cloud: Cloud, ask: Ask) -> None:
    """As a team knows it; what is no backup stack may have the tag, too."""
    describe_tagged("of-web", outputs_of(cloud), {"team": "web", "stage": "live"})
    describe_tagged("site", {"Address": "https://example.com"}, {"team": "web"})
    assert ask("outputs", "team=web", "--json").json["stack"] == "of-web"
    describe_tagged("of-data", outputs_of(cloud), {"stage": "live"})
    assert "several backup stacks" in ask("outputs", "stage=live", code=2).stderr
    assert "no backup stack with the tag team=plugh" in ask("outputs", "team=plugh", code=5).stderr


def test_a_name_that_there_is_not_is_refused(cloud: Cloud, ask: Ask) -> None:
    """Also one of a stack that backs nothing up; where else it may be is said."""
    describe("web", {"Address": "https://example.com"})
    assert "There is no backup stack 'plugh'" in ask("outputs", "plugh", code=5).stderr
    assert "--region" in ask("outputs", "web", code=5).stderr


def test_without_a_region_nothing_is_asked(cloud: Cloud, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region by chance would be the wrong one."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert "Give one: --region NAME" in ask("outputs", code=2).stderr
    assert ask("outputs", "--region", "eu-west-1", code=5)


def test_a_profile_that_is_not_configured_is_named(cloud: Cloud, ask: Ask) -> None:
    """Boto would say so in a traceback."""
    assert "There is no profile 'plugh'" in ask("outputs", "--profile", "plugh", code=2).stderr


def test_the_region_of_the_environment_has_either_name(cloud: Cloud, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION wins, as with the AWS CLI."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert ask("outputs", "--json").json["region"] == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert ask("outputs", "--json").json["region"] == "us-east-1"
