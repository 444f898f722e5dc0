"""Bodies of requests become command lines, and what is not meant to run never does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.cli import root
from udo.commands.serve import options
from udo.serve.orders import Meant, Orders, Wrong
from udo.serve.scopes import NEVER

TEMPLATES = ("https://shop.s3.us-west-2.amazonaws.com/approved/",)
URL = f"{TEMPLATES[0]}queue.yml"


def is_protected(verb: str, words: Sequence[str]) -> bool:
    return words[:1] == ["prod"]


def meant(word: str, params: Mapping[str, str], how: str) -> Meant:
    if word == "review":
        return Meant(f"shop-review-{params['branch']}", True, False)
    # One that is called otherwise in AWS than in udo.yml, and is protected there.
    return Meant("shop-queues", True, True) if word == "queues" else Meant(word, False, False)


VERBS = root.list_commands(click.Context(root))
ORDERS = Orders(VERBS, partial(options, root), is_protected, meant, lambda: TEMPLATES)


def test_a_stack_of_udo_yml_is_ordered_by_its_key_and_parameters() -> None:
    order = ORDERS.create({"stack": "review", "parameters": {"branch": "cart"}})
    assert (order.stack, order.words) == (
        "shop-review-cart",
        ("stack", "create", "review", "--param=branch=cart", "--yes"),
    )
    assert order.made_of is None


def test_a_stack_by_url_is_one_of_udo_yml_for_its_command_line() -> None:
    order = ORDERS.create({"stackname": "S", "templateurl": URL, "parameters": {"Depth": 5, "On": True}})
    assert (order.stack, order.words) == ("S", ("stack", "create", "S", "--yes"))
    assert order.made_of == {"S": {"template": URL, "parameters": {"Depth": "5", "On": "true"}}}


def test_a_stack_is_deleted_by_its_name_or_its_order() -> None:
    assert ORDERS.delete({"stackname": "S"}).words == ("stack", "delete", "S", "--yes")
    assert ORDERS.delete({"stack": "review", "parameters": {"branch": "x"}}).stack == "shop-review-x"


def test_a_key_is_asked_about_the_stack_that_is_meant_and_not_about_the_word_for_it() -> None:
    asked = ORDERS.delete({"stackname": "queues"})
    assert (asked.word, asked.stack, asked.words[2]) == ("stacks:delete", "shop-queues", "shop-queues")
    assert asked.is_protected


@pytest.mark.parametrize("how", ["create", "update", "delete"])
def test_a_run_about_a_stack_needs_what_the_paths_of_stacks_need(how: str) -> None:
    asked = ORDERS.run({"verb": "stack", "words": [how, "review"], "options": {"param": ["branch=x"]}})
    assert (asked.word, asked.stack) == (f"stacks:{how}", "shop-review-x")
    assert asked.words == ("stack", how, "review", "--param=branch=x")
    asked = ORDERS.run({"verb": "stack", "words": [how, "queues"]})
    assert (asked.stack, asked.is_protected) == ("shop-queues", True)
    assert not ORDERS.run({"verb": "stack", "words": [how, "queues"], "dry_run": True}).is_protected


def test_a_plan_of_a_stack_is_for_who_may_update_it_since_it_writes() -> None:
    asked = ORDERS.run({"verb": "stack", "words": ["plan", "queues"]})
    assert (asked.word, asked.stack, asked.is_protected) == ("stacks:update", "shop-queues", False)


@pytest.mark.parametrize("words", [[], ["list"], ["state", "S"], ["delete"], ["delet", "S"]])
def test_a_run_about_stacks_that_the_paths_have_is_refused(words: list[str]) -> None:
    with pytest.raises(Wrong, match="GET /stacks has the rest"):
        ORDERS.run({"verb": "stack", "words": words})


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.s3.us-west-2.amazonaws.com/other/queue.yml",
        "https://shop.s3.us-west-2.amazonaws.com.example.com/approved/queue.yml",
        f"{TEMPLATES[0]}../other/queue.yml",
        f"{TEMPLATES[0]}%2e%2e/other/queue.yml",
        f"{TEMPLATES[0]}a//b",
        f"{TEMPLATES[0]}queue.yml?versionId=1",
        f"{TEMPLATES[0]}queue.yml#x",
        f"{TEMPLATES[0]}a\\b",
        f"{TEMPLATES[0]}a b",
        URL.replace("https", "http"),
        URL.upper(),
        f" {URL}",
        "s3://shop/approved/queue.yml",
        "file:///etc/hostname",
    ],
)
def test_a_template_elsewhere_is_forbidden(url: str) -> None:
    with pytest.raises(Wrong, match="none of those that may be used") as caught:
        ORDERS.create({"stackname": "S", "templateurl": url})
    assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "stackname: a text is wanted"),
        ({"stackname": "S"}, "templateurl: a text is wanted"),
        ({"stackname": "queues", "templateurl": URL}, "queues is a stack of udo.yml"),
        ({"stackname": "-x", "templateurl": URL}, "no name of a stack"),
        ({"stackname": "a" * 129, "templateurl": URL}, "no name of a stack"),
        ({"stackname": 5, "templateurl": URL}, "stackname: a text is wanted"),
        ({"stack": "review", "templateurl": URL}, "exclude each other"),
        ({"stack": "review", "stackname": "S", "parameters": {"branch": "x"}}, "is called shop-review-x"),
        ({"stack": "review", "parameters": []}, "parameters: an object"),
        ({"stack": "review", "parameters": {"branch": None}}, "parameters.branch"),
        ({"stack": "review", "parameters": {"branch": "a\0"}}, "parameters.branch"),
        ({"stack": "review", "parameters": {"--yes": "x"}}, "parameters.--yes"),
        ({"stak": "review"}, "did you mean 'stack'"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_by_its_parameter(body: dict[str, Any], says: str) -> None:
    with pytest.raises(Wrong, match=says):
        ORDERS.create(body)


def test_a_run_is_the_command_line_that_was_meant() -> None:
    body = {
        "verb": "updatelc",
        "words": ["stage", "webapp"],
        "options": {"yes": True, "set": ["instance_type=m7g.large", "ami=ami-1"], "refresh": False},
        "dry_run": True,
    }
    asked = ORDERS.run(body)
    assert asked.words == (
        "updatelc",
        "stage",
        "webapp",
        "--yes",
        "--set=instance_type=m7g.large",
        "--set=ami=ami-1",
        "--dry-run",
    )
    assert (asked.word, asked.is_protected) == ("runs:updatelc", False)
    assert not ORDERS.run({"verb": "scale", "words": ["prod", "webapp", "3"], "dry_run": True}).is_protected
    assert ORDERS.run({"verb": "scale", "words": ["prod", "webapp", "3"]}).is_protected
    assert ORDERS.run({"verb": "destroy", "words": ["stage", "webapp"], "options": {"confirm": "stage-webapp"}}).words[
        3:
    ] == ("--confirm=stage-webapp",)


@pytest.mark.parametrize("verb", sorted(NEVER))
def test_verbs_that_reach_into_hosts_or_files_never_run(verb: str) -> None:
    with pytest.raises(Wrong, match="never runs") as caught:
        ORDERS.run({"verb": verb})
    assert caught.value.code == "forbidden"


LOCAL = [("updatelc", "config"), ("updatelc", "profile"), ("updatelc", "output"), ("plan", "save"), ("deploy", "debug")]


@pytest.mark.parametrize(("verb", "option"), LOCAL)
def test_options_that_name_what_is_on_the_server_are_forbidden(verb: str, option: str) -> None:
    with pytest.raises(Wrong, match="stays there") as caught:
        ORDERS.run({"verb": verb, "words": ["stage", "webapp"], "options": {option: "x"}})
    assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"verb": "updatlc"}, "did you mean 'updatelc'"),
        ({"verb": "--help"}, "no verb"),
        ({"verb": "updatelc", "words": "stage webapp"}, "words: a list"),
        ({"verb": "updatelc", "words": ["--yes"]}, "options go into"),
        ({"verb": "updatelc", "words": [""]}, "is no word"),
        ({"verb": "updatelc", "words": ["a\n"]}, "is no word"),
        ({"verb": "updatelc", "words": [["x"]]}, "is no word"),
        ({"verb": "updatelc", "words": ["a"] * 65}, "words: a list"),
        ({"verb": "updatelc", "options": ["yes"]}, "options: an object"),
        ({"verb": "updatelc", "options": {"yes": "true"}}, "options.yes: true or false"),
        ({"verb": "updatelc", "options": {"yess": True}}, "did you mean 'yes'"),
        ({"verb": "updatelc", "options": {"reason": ["a", "b"]}}, "options.reason: one value"),
        ({"verb": "updatelc", "options": {"set": [True]}}, "options.set: a text"),
        ({"verb": "updatelc", "dry_run": "yes"}, "dry_run: true or false"),
        ({"verb": "updatelc", "dryrun": True}, "did you mean 'dry_run'"),
    ],
)
def test_what_is_wrong_with_a_run_is_told_by_its_parameter(body: dict[str, Any], says: str) -> None:
    with pytest.raises(Wrong, match=says):
        ORDERS.run(body)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "verb": st.sampled_from(["updatelc", "deploy", "status"]) | st.text(max_size=5),
            "words": st.lists(st.text(max_size=9), max_size=3) | _VALUES,
            "options": st.dictionaries(st.sampled_from(["yes", "set", "config"]), _VALUES, max_size=2) | _VALUES,
            "dry_run": _VALUES,
        },
    )
)
def test_no_body_of_a_run_makes_an_option_out_of_a_value(body: dict[str, Any]) -> None:
    try:
        asked = ORDERS.run(body)
    except Wrong:
        return
    allowed = ("--yes", "--set=", "--dry-run")
    assert asked.words[0] in ("updatelc", "deploy", "status")
    for word in asked.words[1:]:
        assert word in body.get("words", []) or word.startswith(allowed)
    assert all(not word.startswith("-") or word == "-" for word in body.get("words", []))
