"""Stacks of udo.yml: what they inherit, how they are ordered, and which stack of AWS is one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from udo.config import Config, load
from udo.config.stacks import Stack, chosen, known
from udo.errors import ConfigError, UdoError, UsageError

TEXT = """\
app_name: shop
region: us-west-2
account: "123456789012"
stack_bucket: templates
stacks:
  queues:
    template: s3://bucket/queues.yml
  review:
    description: A branch to look at
    name: ${app}-review-${param:branch}
    template: templates/review.yml
    cluster: stage
    params:
      branch: {doc: The branch to be looked at}
      size: {default: "${env:SIZE:-small}", allowed: [small, large]}
      count: {type: int, default: 1}
      keep: {type: bool, default: false}
    parameters: {Branch: "${param:branch}",
      Size: "${param:size}", Where: "${cluster} ${region}", Count: "012", Many: [a, b]}
    capabilities: CAPABILITY_IAM
    tags: {branch: "${param:branch}"}
    timeout: 20m
    protect: ${param:keep}
    on_failure: delete
    role: arn:aws:iam::123456789012:role/cfn
clusters:
  stage:
    region: eu-west-1
    protected: [stack delete]
    roles: {webapp: {}}
"""
NAMES = """\
stacks:
  one: {template: a.yml, name: "${param:a}-${param:b}", params: {a: {}, b: {}}}
  two: {template: a.yml, name: "x-${param:a}-${param:a}", params: {a: {}}}
  three: {template: a.yml, name: "n-${param:n}-${param:size}", params: {n: {type: int}, size: {allowed: [a, b]}}}
clusters: {stage: {roles: {webapp: {}}}}
"""


def config(folder: Path, text: str = TEXT, **env: str) -> Config:
    (folder / "udo.yml").write_text(text, encoding="utf-8")
    return load(folder / "udo.yml", env)


def ordered(folder: Path, **given: str) -> Stack:
    return config(folder).stacks["review"].order(given)


def refusal(folder: Path, **given: str) -> str:
    with pytest.raises(UsageError) as caught:
        ordered(folder, **given)
    return str(caught.value)


def test_an_order_has_the_values_that_its_parameters_make(tmp_path: Path) -> None:
    stack = ordered(tmp_path, branch="cart", count="3")
    assert stack.name == "shop-review-cart"
    assert stack.parameters == {
        "Branch": "cart",
        "Size": "small",
        "Where": "stage eu-west-1",
        "Count": "012",
        "Many": "a,b",
    }
    assert stack.params == {"branch": "cart", "size": "small", "count": "3", "keep": "false"}
    assert stack.capabilities == ("CAPABILITY_IAM",)
    assert stack.tags == {"branch": "cart"}
    assert (stack.timeout, stack.protect, stack.on_failure) == (1200.0, False, "delete")
    assert stack.role == "arn:aws:iam::123456789012:role/cfn"
    assert stack.template_file == tmp_path / "templates/review.yml"
    assert stack.words == "review --param branch=cart --param size=small --param count=3 --param keep=false"
    assert stack.label == "stack review"
    assert ordered(tmp_path, branch="cart", keep="true").protect is True


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    stack = config(tmp_path).stacks["queues"].order()
    assert (stack.name, stack.template, stack.template_file) == ("queues", "s3://bucket/queues.yml", None)
    assert (stack.parameters, stack.capabilities, stack.tags, stack.role) == ({}, (), {}, None)
    assert (stack.timeout, stack.protect, stack.on_failure) == (3600.0, False, "rollback")


def test_account_region_and_protection_are_those_of_its_cluster_or_of_the_top(tmp_path: Path) -> None:
    stacks = config(tmp_path).stacks
    review, queues = stacks["review"].base, stacks["queues"].base
    assert (review.region, review.account, review.get("stack_bucket")) == ("eu-west-1", "123456789012", "templates")
    assert review.protects("stack delete")
    assert not review.protects("stack update")
    assert (queues.region, queues.label) == ("us-west-2", "stack queues")
    assert not queues.protects("stack delete")
    assert (stacks["review"].cluster, stacks["queues"].cluster) == ("stage", None)


def test_protected_true_asks_before_every_change_of_a_stack(tmp_path: Path) -> None:
    base = config(tmp_path, TEXT.replace("[stack delete]", "true")).stacks["review"].base
    assert [verb for verb in ("stack create", "stack update", "stack delete", "stack plan") if base.protects(verb)] == [
        "stack create",
        "stack update",
        "stack delete",
    ]


def test_places_are_those_of_the_innermost_key(tmp_path: Path) -> None:
    stack = ordered(tmp_path, branch="cart")
    assert stack.where("parameters", "Branch") == "udo.yml:18"
    assert stack.mark_of("parameters", "Nothing") == ("udo.yml", 18, 5)
    assert stack.where("template") == "udo.yml:11"
    assert stack.where("nothing") == "udo.yml:8"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {},
            "stack review wants the parameter 'branch', the branch to be looked at (udo.yml:14): give --param branch=",
        ),
        ({"brnch": "a"}, "no parameter 'brnch' of stack review (udo.yml:8): did you mean 'branch'?"),
        ({"branch": "a", "size": "lrge"}, "parameter 'size' is one of small, large, not 'lrge': did you mean 'large'?"),
        ({"branch": "a", "count": "1.5"}, "parameter 'count' wants a whole number, not '1.5' (udo.yml:16)"),
        ({"branch": "a", "count": "${env:SIZE}"}, "parameter 'count' wants a whole number, not '${env:SIZE}'"),
        ({"branch": "a", "keep": "yes"}, "parameter 'keep' wants true or false, not 'yes' (udo.yml:17)"),
        ({"branch": "a/b"}, "'shop-review-a/b' is what stack review would be called (udo.yml:10): AWS takes a name of"),
        ({"branch": "a" * 117}, "is what stack review would be called (udo.yml:10): AWS takes a name of letters"),
        ({"branch": ""}, "'shop-review-' is what"),
    ],
)
def test_an_order_that_cannot_be_is_told_in_one_line(tmp_path: Path, given: dict[str, str], told: str) -> None:
    if given == {"branch": ""}:
        # AWS takes such a name: it is an odd one, and none of Udo's business.
        assert ordered(tmp_path, **given).name == "shop-review-"
        return
    assert told in refusal(tmp_path, **given)


def test_nothing_is_looked_up_in_what_is_given(tmp_path: Path) -> None:
    text = TEXT.replace("name: ${app}-review-${param:branch}", "name: shop-review")
    stack = config(tmp_path, text, SIZE="large").stacks["review"].order({"branch": "${env:SIZE} $${x}"})
    assert stack.parameters["Branch"] == "${env:SIZE} $${x}"
    assert stack.parameters["Size"] == "large"


def test_a_default_from_a_variable_has_to_be_allowed_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="parameter 'size' is one of small, large, not 'huge'"):
        config(tmp_path, SIZE="huge").stacks["review"].order({"branch": "a"})


def test_the_own_name_of_a_stack_says_its_parameters(tmp_path: Path) -> None:
    found = config(tmp_path)
    review = found.stacks["review"]
    assert review.params_in("shop-review-cart-2") == {"branch": "cart-2"}
    assert review.params_in("shop-review-") is None
    assert review.params_in("shop-reviews-cart") is None
    assert found.stacks["queues"].params_in("queues") == {}
    assert chosen(found, "shop-review-cart").name == "shop-review-cart"
    assert chosen(found, "shop-review-cart").params == {
        "branch": "cart",
        "size": "small",
        "count": "1",
        "keep": "false",
    }
    assert known(found, "shop-web") is None


def test_what_a_name_says_in_two_ways_is_left_out(tmp_path: Path) -> None:
    stacks = config(tmp_path, NAMES).stacks
    assert stacks["one"].params_in("a-b") == {"a": "a", "b": "b"}
    assert stacks["one"].params_in("a-b-c") == {}
    assert stacks["two"].params_in("x-ab-ab") == {"a": "ab"}
    assert stacks["two"].params_in("x-ab-ac") is None
    assert stacks["three"].params_in("n-12-a") == {"n": "12", "size": "a"}
    assert stacks["three"].params_in("n-x-a") is None
    assert stacks["three"].params_in("n-12-c") is None


def test_a_name_that_two_may_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'x-ab-ab' may be one of one and two \(.*udo.yml\): give the KEY"):
        chosen(config(tmp_path, NAMES), "x-ab-ab")


def test_a_fixed_name_wins_over_one_that_is_made(tmp_path: Path) -> None:
    text = NAMES.replace("stacks:\n", "stacks:\n  x-ab-ab: {template: b.yml}\n  four: {template: c.yml, name: c-d}\n")
    assert chosen(config(tmp_path, text), "x-ab-ab").definition.key == "x-ab-ab"
    assert chosen(config(tmp_path, text), "c-d").definition.key == "four"


def test_a_parameter_that_contradicts_the_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--param branch=a contradicts 'shop-review-cart', where it is 'cart'"):
        chosen(config(tmp_path), "shop-review-cart", {"branch": "a"})


def test_by_its_own_name_a_stack_wants_what_is_missing_only_where_it_is_read(tmp_path: Path) -> None:
    text = TEXT.replace("count: {type: int, default: 1}", "count: {type: int}").replace('"012"', '"${param:count}"')
    stack = chosen(config(tmp_path, text), "shop-review-cart")
    assert stack.tags == {"branch": "cart"}
    with pytest.raises(UsageError, match=r"stack review wants the parameter 'count' .*: give --param count=VALUE"):
        _ = stack.parameters
    assert chosen(config(tmp_path, text), "shop-review-cart", {"count": "4"}).parameters["Count"] == "4"


def test_a_stack_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no stack 'reviw' \(.*udo.yml\): did you mean 'review'\?"):
        chosen(config(tmp_path), "reviw")


def test_a_value_that_is_none_is_told_where_it_is_read(tmp_path: Path) -> None:
    text = TEXT.replace("timeout: 20m", "timeout: ${param:branch}")
    with pytest.raises(ConfigError, match=r"udo.yml:\d+:14: stacks.\*.timeout wants a time like 90s"):
        _ = config(tmp_path, text).stacks["review"].order({"branch": "a"}).timeout


def test_files_that_are_included_are_merged_and_templates_lie_beside_them(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team/stacks.yml").write_text(
        TEXT.partition("stack_bucket")[2].partition("clusters")[0].partition("\n")[2]
    )
    main = "include: team/stacks.yml\napp_name: shop\nstacks: {review: {parameters: {Size: huge, Where: null}}}\n"
    stack = chosen(config(tmp_path, main + TEXT[TEXT.index("clusters:") :]), "review", {"branch": "a"})
    assert stack.parameters == {"Branch": "a", "Size": "huge", "Count": "012", "Many": "a,b"}
    assert stack.template_file == tmp_path / "team/templates/review.yml"
    assert stack.where("parameters", "Size") == "udo.yml:3"
    assert stack.where("template").startswith("team/stacks.yml:")


def test_a_variable_that_is_not_set_is_told_where_it_is_needed(tmp_path: Path) -> None:
    text = TEXT.replace("${env:SIZE:-small}", "${env:SIZE}")
    found = config(tmp_path, text)
    with pytest.raises(UdoError, match="the environment variable SIZE is not set"):
        chosen(found, "review", {"branch": "a"})
    assert chosen(found, "review", {"branch": "a", "size": "large"}).params["size"] == "large"
