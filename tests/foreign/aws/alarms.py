"""Alarms, as the aws command line puts, reads and sets them."""

from __future__ import annotations

from driver import Aws

PUT = (
    "cloudwatch put-metric-alarm --namespace Shop --metric-name Latency --statistic Average --period 60 "
    "--evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanThreshold --treat-missing-data ignore "
    "--alarm-name"
)


def alarms(aws: Aws) -> None:
    for name in ("slow", "slower"):
        aws(f"{PUT} {name}")
    found = aws("cloudwatch describe-alarms --alarm-name-prefix slow --page-size 1")["MetricAlarms"]
    states = [(one["AlarmName"], one["StateValue"]) for one in found]
    aws.equal("new alarms know nothing", states, [("slow", "INSUFFICIENT_DATA"), ("slower", "INSUFFICIENT_DATA")])
    rule = "'ALARM(slow) OR ALARM(slower)'"
    aws(f"cloudwatch put-composite-alarm --alarm-name either --alarm-rule {rule}")
    aws("cloudwatch set-alarm-state --alarm-name slow --state-value ALARM --state-reason told")
    shown = aws("cloudwatch describe-alarms --alarm-names slow either --alarm-types MetricAlarm CompositeAlarm")
    aws.equal("an alarm that is set rings", [one["StateReason"] for one in shown["MetricAlarms"]], ["told"])
    aws.equal("and a composite one with it", [one["StateValue"] for one in shown["CompositeAlarms"]], ["ALARM"])
    aws.equal(
        "composite ones are asked for", aws("cloudwatch describe-alarms --alarm-names either")["MetricAlarms"], []
    )
    history = aws("cloudwatch describe-alarm-history --alarm-name slow --history-item-type StateUpdate")
    told = [one["HistorySummary"] for one in history["AlarmHistoryItems"]]
    aws.equal("its history tells of it", told, ["Alarm updated from INSUFFICIENT_DATA to ALARM"])
    aws.refused(
        "an alarm that is not there is not set",
        "cloudwatch set-alarm-state --alarm-name none --state-value OK --state-reason told",
        "ResourceNotFound",
    )
    aws.refused("no alarm has a period of 7", f"{PUT} odd --period 7", "ValidationError", "Period")
    aws("cloudwatch put-metric-data --namespace Shop --metric-name Latency --value 3 --unit Seconds")
    query = (
        '[{"Id":"q","MetricStat":{"Metric":{"Namespace":"Shop","MetricName":"Latency"},"Period":3600,"Stat":"Sum"}}]'
    )
    since = "--start-time 2020-01-01T00:00:00Z --end-time 2030-01-01T00:00:00Z"
    found = aws(f"cloudwatch get-metric-data --metric-data-queries '{query}' {since}")["MetricDataResults"]
    aws.equal("data comes back", [one["Values"] for one in found], [[3.0]])
    aws("cloudwatch delete-alarms --alarm-names either")
    aws("cloudwatch delete-alarms --alarm-names slow slower")
    aws.equal("deleted alarms are gone", aws("cloudwatch describe-alarms --alarm-name-prefix slow")["MetricAlarms"], [])
