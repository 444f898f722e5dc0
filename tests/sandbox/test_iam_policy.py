"""Policies decide as IAM's do: patterns, conditions, and an explicit deny above all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.sandbox.iam.conditions import parse
from udo.sandbox.iam.patterns import filled, matches_action, matches_arn, matches_text
from udo.sandbox.iam.policy import decide, statements

_LETTERS = st.text("aB:/*?$.", max_size=8)


def like(pattern: str, text: str) -> bool:
    """Whether `*` and `?` of the pattern stand for what is there, letter by letter: slow, and plain to see."""

    @cache
    def rest(at: int, here: int) -> bool:
        if at == len(pattern):
            return here == len(text)
        if pattern[at] == "*":
            return any(rest(at + 1, there) for there in range(here, len(text) + 1))
        return here < len(text) and pattern[at] in ("?", text[here]) and rest(at + 1, here + 1)

    return rest(0, 0)


def nothing(_name: str) -> None:
    return None


@given(_LETTERS, _LETTERS)
def test_stars_and_marks_stand_for_any_letters(pattern: str, text: str) -> None:
    assert matches_text(pattern, text, nothing) == like(pattern, text)
    assert matches_action(pattern, text) == like(pattern.lower(), text.lower())


@given(
    st.lists(st.text("aB/*?", max_size=4), min_size=6, max_size=6),
    st.lists(st.text("aB/", max_size=4), min_size=6, max_size=6),
)
def test_the_parts_of_an_arn_are_compared_each_by_itself(wanted: Sequence[str], found: Sequence[str]) -> None:
    same = all(like(want, one) for want, one in zip(wanted, found, strict=True))
    assert matches_arn(":".join(wanted), ":".join(found), nothing) == same


@pytest.mark.parametrize(
    ("pattern", "arn", "same"),
    [
        ("*", "arn:aws:s3:::b", True),
        ("*", "*", True),
        ("**", "*", True),
        ("arn:aws:ssm:*:*:*", "*", False),
        ("arn:aws:sqs", "arn:aws:sqs:us-west-2:1:q", True),
        ("arn:aws:autoscaling:*:*:group:*:name/a", "arn:aws:autoscaling:r:1:group:u:name/a", True),
        ("arn:aws:autoscaling:*:*:*:name/a", "arn:aws:autoscaling:r:1:group:u:name/ab", False),
        ("arn:aws:s3:::B", "arn:aws:s3:::b", False),
        ("arn:aws:ec2:*:instance/i-1", "arn:aws:ec2:us-west-2:1:instance/i-1", False),
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/anna/x", True),
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/bert/x", False),
        ("arn:aws:s3:::home/${aws:nothing}/*", "arn:aws:s3:::home//x", False),
        ("arn:aws:s3:::home/${aws:nothing, 'all'}", "arn:aws:s3:::home/all", True),
        ("arn:aws:s3:::home/${*}", "arn:aws:s3:::home/*", True),
        ("arn:aws:s3:::home/${*}", "arn:aws:s3:::home/x", False),
        ("arn:aws:s3:::home/${aws:star}", "arn:aws:s3:::home/x", False),
    ],
)  # fmt: skip
def test_what_a_resource_of_a_policy_means(pattern: str, arn: str, same: bool) -> None:
    assert matches_arn(pattern, arn, {"aws:username": "anna", "aws:star": "*"}.get) is same


def test_variables_of_values_are_replaced_or_unknown() -> None:
    assert filled("a-${aws:username}-${$}", {"aws:username": "anna"}.get) == "a-anna-$"
    assert filled("${aws:username}", nothing) is None


# What is wanted, of what key, and whether it holds of each: no value, "a", "b", both.
_VALUES: Mapping[str, Sequence[str] | None] = {"none": None, "a": ["a"], "b": ["b"], "ab": ["a", "b"]}


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", {"a", "ab"}),
        ("StringEqualsIfExists", {"none", "a", "ab"}),
        ("StringNotEquals", {"none", "b"}),
        ("StringLike", {"a", "ab"}),
        ("StringNotLikeIfExists", {"none", "b"}),
        ("ForAnyValue:StringEquals", {"a", "ab"}),
        ("ForAnyValue:StringNotEquals", {"b", "ab"}),
        ("ForAllValues:StringEquals", {"none", "a"}),
        ("ForAllValues:StringNotEquals", {"none", "b"}),
        ("stringequalsignorecase", {"a", "ab"}),
    ],
)
def test_operators_of_no_one_and_several_values(operator: str, holds: set[str]) -> None:
    (condition,) = parse({operator: {"aws:Key": "a"}})
    assert {name for name, values in _VALUES.items() if condition.holds({"aws:key": values}.get)} == holds


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "holds"),
    [
        ("NumericLessThanEquals", "3", "3", True),
        ("NumericLessThan", "3", "3.0", False),
        ("NumericGreaterThan", 3, "4", True),
        ("NumericNotEquals", "3", "4", True),
        ("NumericEquals", "3", "many", False),
        ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", True),
        ("DateGreaterThanEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], "192.168.1.1", False),
        ("IpAddress", "10.0.0.0/8", "nowhere", False),
        ("ArnLike", "arn:aws:iam::*:user/*", "arn:aws:iam::1:user/a", True),
        ("ArnNotEquals", "arn:aws:iam::1:user/b", "arn:aws:iam::1:user/a", True),
        ("StringEquals", "${aws:name}", "anna", True),
        ("StringLike", "${aws:name}*", "anna-1", True),
        ("StringEquals", "${aws:unknown}", "anna", False),
        ("BinaryEquals", "YQ==", "YQ==", True),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
    ],
)
def test_what_operators_compare(operator: str, wanted: Any, value: str, holds: bool) -> None:
    (condition,) = parse({operator: {"k": wanted}})
    assert condition.holds({"k": [value], "aws:name": ["anna"]}.get) is holds


def test_null_is_of_keys_that_are_missing() -> None:
    (condition,) = parse({"Null": {"k": "true"}})
    assert condition.holds({}.get)


def test_an_operator_that_aws_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="StringAlike"):
        parse({"StringAlike": {"k": "v"}})


_STATEMENTS = st.lists(
    st.tuples(st.sampled_from(["Allow", "Deny"]), st.sampled_from(["a:X", "a:*", "a:Y", "b:X"])), max_size=6
)


@given(_STATEMENTS)
def test_deny_wins_then_allow_and_nothing_is_allowed_by_itself(rows: Sequence[tuple[str, str]]) -> None:
    document = [{"Effect": effect, "Action": action, "Resource": "*"} for effect, action in rows]
    concerned = [effect for effect, action in rows if action in ("a:X", "a:*")]
    wanted = "deny" if "Deny" in concerned else "allow" if concerned else "nothing"
    assert decide(statements(json.dumps({"Statement": document})), "a:X", "*", nothing) == wanted


@given(_STATEMENTS, _STATEMENTS)
def test_more_denies_never_allow_more(rows: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> None:
    def said(them: Sequence[tuple[str, str]]) -> str:
        document = [{"Effect": effect, "Action": action, "Resource": "*"} for effect, action in them]
        return decide(statements(json.dumps({"Statement": document})), "a:X", "*", nothing)

    denied = [*rows, *(("Deny", action) for _, action in more)]
    assert said(denied) != "allow" or said(rows) == "allow"


def test_what_is_not_named_is_meant_where_a_statement_says_so() -> None:
    document = json.dumps(
        {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": ["arn:aws:s3:::secret/*"]}}
    )
    rows = statements(document)
    assert decide(rows, "s3:GetObject", "arn:aws:s3:::open/x", nothing) == "allow"
    assert decide(rows, "s3:GetObject", "arn:aws:s3:::secret/x", nothing) == "nothing"
    assert decide(rows, "iam:ListUsers", "*", nothing) == "nothing"


def test_variables_are_plain_text_before_2012() -> None:
    row = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}
    values = {"aws:username": ["anna"]}.get
    for version, literal in (("2012-10-17", False), ("2008-10-17", True)):
        rows = statements(json.dumps({"Version": version, "Statement": [row]}))
        assert (decide(rows, "s3:ListBucket", "arn:aws:s3:::${aws:username}", values) == "allow") is literal
        assert (decide(rows, "s3:ListBucket", "arn:aws:s3:::anna", values) == "allow") is not literal
