"""CloudWatch's alarms and their data: one case for each rule, named like it."""

from __future__ import annotations

import datetime
import json
from typing import Any

from account import Account, accepted, holds, refused

NOW = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)
ONE = {
    "MetricName": "Latency",
    "Namespace": "Shop",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
QUERY = {
    "Id": "q",
    "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Latency"}, "Period": 60, "Stat": "Sum"},
}


def _put(aws: Account, name: str = "slow", **more: Any) -> None:
    words = {key: value for key, value in (ONE | more).items() if value is not None}
    aws.cloudwatch.put_metric_alarm(AlarmName=name, **words)


def _set(aws: Account, state: str, name: str = "slow", **more: Any) -> None:
    aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="told", **more)


def _shown(aws: Account, name: str = "slow") -> dict[str, Any]:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return dict((found["MetricAlarms"] + found["CompositeAlarms"])[0])


def _state(aws: Account, name: str = "slow") -> str:
    return str(_shown(aws, name)["StateValue"])


def _names(aws: Account, **asked: Any) -> list[str]:
    found = aws.cloudwatch.describe_alarms(**asked)
    return [one["AlarmName"] for one in found["MetricAlarms"] + found["CompositeAlarms"]]


def _data(aws: Account, *values: float, **more: Any) -> None:
    for value in values:
        data = [{"MetricName": "Latency", "Value": value, **more}]
        aws.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
        aws.step(60)


def new_alarms_know_nothing(aws: Account) -> None:
    _put(aws, AlarmDescription="too slow", Tags=[{"Key": "team", "Value": "shop"}])
    holds(_state(aws) == "INSUFFICIENT_DATA", _state(aws))
    _set(aws, "ALARM")
    _put(aws, Threshold=2.0)
    shown = _shown(aws)
    holds((shown["StateValue"], shown["Threshold"]) == ("ALARM", 2.0), f"{shown}")
    holds("AlarmDescription" not in shown, "the new settings are laid over the old")
    tags = aws.cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"]
    holds(tags == [{"Key": "team", "Value": "shop"}], f"{tags}")
    query = {"PromQLCriteria": {"Query": "up == 0"}}
    aws.cloudwatch.put_metric_alarm(AlarmName="gone", EvaluationCriteria=query, EvaluationInterval=60)
    holds(_state(aws, "gone") == "OK", _state(aws, "gone"))


def alarms_are_asked_for_in_one_way(aws: Account) -> None:
    _put(aws)
    describe = aws.cloudwatch.describe_alarms
    refused(describe, "ValidationError", AlarmNames=["slow"], AlarmNamePrefix="s")
    refused(describe, "ValidationError", AlarmNames=[f"a{number}" for number in range(101)])
    refused(describe, "ValidationError", ChildrenOfAlarmName="slow", StateValue="OK")


def alarms_come_in_pages(aws: Account) -> None:
    for number in range(60):
        _put(aws, f"slow-{number:02}")
    _put(aws, "other")
    first = aws.cloudwatch.describe_alarms()
    holds(len(first["MetricAlarms"]) < 51, "everything at once")
    pages = aws.cloudwatch.get_paginator("describe_alarms").paginate(MaxRecords=7)
    holds(sum(len(one["MetricAlarms"]) for one in pages) == 61, "some are lost")
    holds(len(_names(aws, AlarmNames=[f"slow-{number:02}" for number in range(60)])) == 60, "not all that are named")
    _set(aws, "ALARM", "other")
    holds(_names(aws, StateValue="ALARM", AlarmNamePrefix="slow") == [], "one filter alone")
    refused(aws.cloudwatch.describe_alarms, "ValidationError", MaxRecords=101)
    refused(aws.cloudwatch.describe_alarms, "InvalidNextToken", NextToken="x")


def alarms_fit_their_shapes(aws: Account) -> None:
    refused(_put, "ValidationError", aws=aws, name="a" * 256)
    refused(_put, "ValidationError", aws=aws, Statistic="Mean")
    refused(_put, "ValidationError", aws=aws, ComparisonOperator="IsAbove")


def alarms_look_at_one_thing(aws: Account) -> None:
    refused(_put, "ValidationError", aws=aws, MetricName=None)
    refused(_put, "ValidationError", aws=aws, Metrics=[QUERY])
    refused(_put, "ValidationError", aws=aws, MetricName=None, Namespace=None, Statistic=None, Metrics=[QUERY])


def alarms_can_be_evaluated(aws: Account) -> None:
    for wrong in (
        {"Statistic": None},
        {"ExtendedStatistic": "p90"},
        {"Period": 7},
        {"Period": None},
        {"Threshold": None},
        {"DatapointsToAlarm": 5, "EvaluationPeriods": 3},
        {"EvaluationPeriods": 1441},
        {"EvaluationPeriods": 8, "Period": 86400},
    ):
        refused(_put, "ValidationError", aws=aws, **wrong)
    accepted(_put, aws=aws, EvaluationPeriods=7, Period=86400)


def missing_data_is_treated_in_four_ways(aws: Account) -> None:
    refused(_put, "ValidationError", aws=aws, TreatMissingData="ok")


def alarms_have_five_actions_a_state(aws: Account) -> None:
    actions = [f"arn:aws:sns:us-west-2:123456789012:{number}" for number in range(6)]
    refused(_put, "ValidationError", aws=aws, AlarmActions=actions)


def alarms_act_in_their_region(aws: Account) -> None:
    for wrong, words in (
        ("arn:aws:sns:eu-west-1:123456789012:a", "Invalid region eu-west-1 specified. Only us-west-2 is supported."),
        ("arn:aws-cn:sns:us-west-2:123456789012:a", "Invalid partition aws-cn specified. Only aws is supported."),
        ("on-call", ""),
    ):
        refused(_put, "ValidationError", words, aws=aws, AlarmActions=[wrong])
    # Of another account is none of its business.
    accepted(_put, aws=aws, OKActions=["arn:aws:sns:us-west-2:999999999999:a"])
    put = aws.cloudwatch.put_composite_alarm
    refused(put, "ValidationError", AlarmName="all", AlarmRule="ALARM(slow)", AlarmActions=["on-call"])


def extended_statistics_are_of_a_kind(aws: Account) -> None:
    for wrong in ("p101", "Average", "p", "median", "TM(10%)"):
        refused(_put, "ValidationError", wrong, aws=aws, Statistic=None, ExtendedStatistic=wrong)
    for right in ("p99.9", "p100", "tm90", "IQM", "PR(:300)", "TM(10%:90%)"):
        accepted(_put, aws=aws, Statistic=None, ExtendedStatistic=right)


def _tags(aws: Account, name: str = "slow") -> list[str]:
    found = aws.cloudwatch.list_tags_for_resource(ResourceARN=_shown(aws, name)["AlarmArn"])["Tags"]
    return [one["Key"] for one in found]


def tags_are_of_alarms_that_exist(aws: Account) -> None:
    gone = "arn:aws:cloudwatch:us-west-2:123456789012:alarm:gone"
    refused(aws.cloudwatch.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=gone)
    tags = [{"Key": "team", "Value": "shop"}]
    refused(aws.cloudwatch.tag_resource, "ResourceNotFoundException", ResourceARN=gone, Tags=tags)
    _put(aws)
    accepted(aws.cloudwatch.tag_resource, ResourceARN=_shown(aws)["AlarmArn"], Tags=tags)
    holds(_tags(aws) == ["team"], f"{_tags(aws)}")


def tags_that_are_not_there_can_be_removed(aws: Account) -> None:
    _put(aws)
    accepted(aws.cloudwatch.untag_resource, ResourceARN=_shown(aws)["AlarmArn"], TagKeys=["team"])


def tags_go_with_their_alarm(aws: Account) -> None:
    _put(aws, Tags=[{"Key": "team", "Value": "shop"}])
    aws.cloudwatch.delete_alarms(AlarmNames=["slow"])
    _put(aws)
    holds(_tags(aws) == [], f"{_tags(aws)}")


def states_can_be_set(aws: Account) -> None:
    _put(aws)
    refused(_set, "ResourceNotFound", aws=aws, state="OK", name="none")
    refused(_set, "InvalidFormat", aws=aws, state="OK", StateReasonData="{")
    _set(aws, "ALARM", StateReasonData=json.dumps({"why": "told"}))
    aws.step(1)
    _set(aws, "ALARM")
    shown = _shown(aws)
    holds((shown["StateValue"], shown["StateReason"]) == ("ALARM", "told"), f"{shown}")
    holds("StateTransitionedTimestamp" in shown, f"{shown}")
    holds(shown["StateTransitionedTimestamp"] < shown["StateUpdatedTimestamp"], "the time of the change has moved")


def unknown_alarms_are_told_after_the_others_went(aws: Account) -> None:
    _put(aws)
    refused(aws.cloudwatch.delete_alarms, "ResourceNotFound", AlarmNames=["none", "slow"])
    holds(_names(aws) == [], "the known one is there still")
    refused(aws.cloudwatch.delete_alarms, "ValidationError", AlarmNames=["a"] * 101)


def alarms_have_a_history(aws: Account) -> None:
    _put(aws)
    _set(aws, "ALARM")
    aws.step(1)
    _set(aws, "OK")
    items = accepted(aws.cloudwatch.describe_alarm_history, AlarmName="slow", HistoryItemType="StateUpdate")
    told = [one["HistorySummary"] for one in items["AlarmHistoryItems"]]
    wanted = ["Alarm updated from ALARM to OK", "Alarm updated from INSUFFICIENT_DATA to ALARM"]
    holds(told == wanted, f"{told}")


def composite_alarms_have_rules(aws: Account) -> None:
    _put(aws)
    put = aws.cloudwatch.put_composite_alarm
    for wrong in ("ALARM(none)", "ALARM(slow) AND", "slow", 'ALARM("slow', "ALARM(slow) OK(slow)", "LOUD(slow)"):
        refused(put, "ValidationError", AlarmName="all", AlarmRule=wrong)
    for wrong, told in (
        (
            "ALARM(none) OR OK(gone)",
            "Could not save the composite alarm as alarms [none, gone] in the alarm rule do not exist",
        ),
        ("()", "Error in AlarmRule [Unsupported token ')' at char 1, must be: '(', 'NOT', AT_LEAST"),
        ("ALARM(slow Oldest)", "Error in AlarmRule [Unsupported token 'Oldest' at char 11, must be: ')']"),
        (" ALARM(slow)", "AlarmRule must not contain leading or trailing whitespace or be null"),
        ("ALARM(slow)\n", "AlarmRule must not contain leading or trailing whitespace or be null"),
    ):
        refused(put, "ValidationError", told, AlarmName="all", AlarmRule=wrong)
    arn = _shown(aws)["AlarmArn"]
    rule = f'(ALARM("slow") OR ALARM({arn})) AND NOT OK(slow) AND TRUE'
    accepted(put, AlarmName="all", AlarmRule=rule, AlarmDescription="all of it")
    shown = _shown(aws, "all")
    holds((shown["StateValue"], shown["AlarmRule"]) == ("OK", rule), f"{shown}")
    holds(_names(aws) == ["slow"], "composite alarms are shown without being asked for")
    refused(put, "ValidationError", AlarmName="slow", AlarmRule="TRUE")


def composite_alarms_follow_their_children(aws: Account) -> None:
    _put(aws)
    put = aws.cloudwatch.put_composite_alarm
    accepted(put, AlarmName="all", AlarmRule="ALARM(slow)")
    accepted(put, AlarmName="whole", AlarmRule="ALARM(all) OR FALSE")
    _set(aws, "ALARM")
    holds(_state(aws, "whole") == "ALARM", "it does not follow")
    _set(aws, "OK", "all")
    aws.step(20)
    holds(_state(aws, "all") == "OK", "a state that was set is evaluated at once")
    _set(aws, "OK")
    _set(aws, "ALARM")
    holds(_state(aws, "all") == "ALARM", "it does not follow any more")


def composite_alarms_in_a_circle_stand_still(aws: Account) -> None:
    _put(aws)
    put, delete = aws.cloudwatch.put_composite_alarm, aws.cloudwatch.delete_alarms
    accepted(put, AlarmName="one", AlarmRule="ALARM(slow)")
    accepted(put, AlarmName="two", AlarmRule="ALARM(one)")
    accepted(put, AlarmName="one", AlarmRule="ALARM(two) OR ALARM(slow)")
    _set(aws, "ALARM")
    aws.step(60)
    holds([_state(aws, name) for name in ("one", "two")] == ["OK", "OK"], "they are evaluated")
    for name in ("one", "two"):
        refused(delete, "ValidationError", f"Cannot delete {name} as", AlarmNames=[name])
    accepted(put, AlarmName="one", AlarmRule="FALSE")
    accepted(delete, AlarmNames=["two"])
    accepted(delete, AlarmNames=["one"])


def one_composite_alarm_is_deleted_at_a_time(aws: Account) -> None:
    for name in ("all", "both"):
        accepted(aws.cloudwatch.put_composite_alarm, AlarmName=name, AlarmRule="FALSE")
    refused(aws.cloudwatch.delete_alarms, "ValidationError", AlarmNames=["all", "both"])


def children_are_not_deleted(aws: Account) -> None:
    _put(aws)
    accepted(aws.cloudwatch.put_composite_alarm, AlarmName="all", AlarmRule="ALARM(slow)")
    refused(aws.cloudwatch.delete_alarms, "ValidationError", "depending on it", AlarmNames=["slow"])
    aws.cloudwatch.delete_alarms(AlarmNames=["all"])
    accepted(aws.cloudwatch.delete_alarms, AlarmNames=["slow"])


def alarms_are_evaluated_every_minute(aws: Account) -> None:
    _put(aws)
    _put(aws, "quick", Period=10)
    _put(aws, "daily", Period=3600, EvaluationPeriods=25)
    _put(aws, "calm", TreatMissingData="ignore")
    for name in ("slow", "quick", "daily", "calm"):
        _set(aws, "ALARM", name)
    aws.step(9)
    holds({_state(aws, name) for name in ("slow", "quick")} == {"ALARM"}, "a state that was set does not last")
    aws.step(2)
    holds((_state(aws, "quick"), _state(aws)) == ("INSUFFICIENT_DATA", "ALARM"), "not evaluated every ten seconds")
    aws.step(50)
    holds((_state(aws), _state(aws, "daily")) == ("INSUFFICIENT_DATA", "ALARM"), "not evaluated every minute")
    aws.step(3600)
    holds((_state(aws, "daily"), _state(aws, "calm")) == ("INSUFFICIENT_DATA", "ALARM"), "not evaluated every hour")
    _data(aws, 3.0)
    shown = _shown(aws)
    holds(shown["StateValue"] == "ALARM", f"{shown}")
    holds(shown["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [3.0] was greater than"))
    holds(json.loads(shown["StateReasonData"])["recentDatapoints"] == [3.0], f"{shown}")


def missing_data_is_filled_in(aws: Account) -> None:
    _put(aws, EvaluationPeriods=3, DatapointsToAlarm=2)
    _put(aws, "bad", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="breaching")
    _put(aws, "good", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    _data(aws, 9.0)
    states = [_state(aws, name) for name in ("slow", "bad", "good")]
    holds(states == ["OK", "ALARM", "OK"], f"one of two: {states}")
    aws.step(60)
    states = [_state(aws, name) for name in ("slow", "bad", "good")]
    holds(states == ["ALARM", "ALARM", "OK"], f"as old as two periods: {states}")
    aws.step(600)
    states = [_state(aws, name) for name in ("slow", "bad", "good")]
    holds(states == ["INSUFFICIENT_DATA", "ALARM", "OK"], f"nothing: {states}")
    metrics = [QUERY, {**QUERY, "Id": "r", "ReturnData": False}, {"Id": "e", "Expression": "100 * q / r - 1"}]
    metrics[0] = {**QUERY, "ReturnData": False}
    same = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    _put(aws, "rate", Metrics=metrics, Threshold=98.0, **same)
    _data(aws, 9.0)
    holds(_state(aws, "rate") == "ALARM", "no arithmetic")


def expressions_name_their_metrics(aws: Account) -> None:
    same = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    metrics = [{**QUERY, "ReturnData": False}, {"Id": "e", "Expression": "q + z"}]
    refused(_put, "ValidationError", "z", aws=aws, Metrics=metrics, **same)


def data_is_of_these_days(aws: Account) -> None:
    for when in (NOW - datetime.timedelta(days=15), NOW + datetime.timedelta(days=365)):
        data = [{"MetricName": "Latency", "Value": 1.0, "Timestamp": when}]
        refused(aws.cloudwatch.put_metric_data, "InvalidParameterValue", Namespace="Shop", MetricData=data)


def data_is_given_by_periods(aws: Account) -> None:
    aws.step(30)
    _data(aws, 1.0, 2.0)
    aws.cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[{"MetricName": "Latency", "Value": 9.0, "Dimensions": [{"Name": "Role", "Value": "web"}]}],
    )
    words = {"StartTime": NOW + datetime.timedelta(seconds=10), "EndTime": NOW + datetime.timedelta(hours=1)}
    found = aws.cloudwatch.get_metric_data(MetricDataQueries=[QUERY], **words)["MetricDataResults"][0]
    holds(found["Values"] == [2.0, 1.0], f"{found}")
    holds(found["Timestamps"][1] == NOW, f"{found}")
    many = [{**QUERY, "Id": f"q{number}"} for number in range(501)]
    refused(aws.cloudwatch.get_metric_data, "ValidationError", MetricDataQueries=many, **words)
