"""The keys of alarms: all that AWS lets one say of an alarm, rules as AWS reads them, and periods."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples

from udo.config import load
from udo.config.alarm_rules import RuleError, names, with_names, words
from udo.config.alarms import KINDS
from udo.config.periods import periods
from udo.groups.alarms import CARRIED, wanted_alarms
from udo.sandbox.strict.cloudwatch.composite import parsed
from udo.sandbox.strict.rules import Refusal
from udo.schema.alarms import COMPARISONS

MODEL: Any = botocore.session.Session().get_service_model("cloudwatch")
SOME = settings(max_examples=examples(100), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
# What no key says, and is not sent again either.
NO_KEY = {
    "EvaluationCriteria": "an alarm on a PromQL query is no alarm on a metric, and has keys of its own",
    "EvaluationInterval": "goes with EvaluationCriteria",
    "ThresholdMetricId": "an anomaly band takes the place of the threshold, which udo.yml has",
}
# What is sent again under conditions, and what makes an alarm an alarm.
SENT = {"ActionsEnabled", "Unit", "EvaluateLowSampleCountPercentile", "AlarmName", "Tags"}
ALL = """
    clusters:
      prod:
        roles:
          webapp:
            alarms:
              plain: {metric: Shop/Depth, dimensions: {Queue: jobs}, above: 1, tell: "arn:aws:sns:a:1:b", doc: why}
              slow: {metric: Shop/Latency, below: 1, statistic: p99}
              rate: {at_least: 1, metrics: [{Id: a, Expression: "1"}]}
              any: {composite: ALARM(plain), tell: "arn:aws:sns:a:1:b", doc: why}
"""


@pytest.mark.parametrize("operation", ["PutMetricAlarm", "PutCompositeAlarm"])
def test_every_member_of_an_alarm_is_said_by_a_key_kept_or_has_a_reason_why_not(tmp_path: Path, operation: str) -> None:
    (tmp_path / "udo.yml").write_text(textwrap.dedent(ALL))
    wanted = wanted_alarms(load(tmp_path / "udo.yml", {}).role("prod", "webapp"), "arn:aws:sns:a:1")
    said = {member for one in wanted if one.operation == operation for member in one.settings}
    members = {*MODEL.operation_model(operation).input_shape.members}
    assert members == (said | {*CARRIED[operation]} | SENT | NO_KEY.keys()) & members
    assert not said & {*CARRIED[operation], *SENT, *NO_KEY}


def test_queries_have_the_members_of_a_metric_data_query() -> None:
    from udo import schema

    assert {*schema.BY_PATH["alarms.*.metrics"].members} == {*MODEL.shape_for("MetricDataQuery").members}
    assert {*schema.inside("alarms")} >= {*KINDS, *COMPARISONS}


NAMES = st.sampled_from(["a", "b-1", "AND", "ok"])
LEAVES = st.one_of(
    st.sampled_from(["TRUE", "false"]),
    st.builds("{}({})".format, st.sampled_from(["ALARM", "Ok", "INSUFFICIENT_DATA"]), NAMES),
    st.builds('ALARM ( "{}" )'.format, NAMES),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("NOT {}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["AND", "or"]), inner),
    ),
    max_leaves=6,
)


@SOME
@given(rule=RULES)
def test_a_rule_with_other_names_says_the_same_of_those(rule: str) -> None:
    read = words(rule)
    known = {name: f"prod-webapp-{name}" for name in names(read)}
    holds, there = parsed(rule)
    others, found = parsed(with_names(read, known))
    assert found == [known[name] for name in there]
    for state in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        assert holds(dict.fromkeys(there, state)) == others(dict.fromkeys(found, state))


@SOME
@given(
    text=st.lists(st.sampled_from(["ALARM", "OK", "(", ")", "AND", "OR", "NOT", "TRUE", "a", '"a"', '"']), max_size=7)
)
def test_what_is_no_rule_here_is_none_in_aws(text: list[str]) -> None:
    rule = " ".join(text)
    try:
        words(rule)
    except RuleError:
        with pytest.raises(Refusal):
            parsed(rule)
    else:
        parsed(rule)


def test_periods_are_told_as_they_are_written() -> None:
    assert [str(periods(text)) for text in ("3 x 1m", "2 of 3 x 300", "3 of 3 x 10s")] == [
        *("3 x 1m", "2 of 3 x 5m", "3 x 10s"),
    ]
