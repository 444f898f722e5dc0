"""CloudWatch's dashboards: one case for each rule, named like it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from account import Account, accepted, holds, refused

TEXT = {"type": "text", "properties": {"markdown": "hello"}}
ARN = "arn:aws:cloudwatch:us-west-2:123456789012:alarm:slow"


def _put(aws: Account, *widgets: Any, name: str = "shop", **more: Any) -> dict[str, Any]:
    body = json.dumps({"widgets": list(widgets), **more})
    return dict(aws.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body))


def _graph(*metrics: Any, **more: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"metrics": list(metrics), "region": "us-west-2", **more}}


def _wrong(aws: Account, told: str, *widgets: Any, **more: Any) -> None:
    """That a body is refused, with these words as its one mistake."""
    path, _, message = told.partition(" ")
    text = refused(partial(_put, aws, *widgets, **more), "InvalidParameterInput")
    found = json.loads(text[text.index("\n") :])
    holds({"dataPath": path, "message": message} in found, text)
    holds(f"there are {len(found)} validation errors:" in text, text)


def dashboards_have_plain_names(aws: Account) -> None:
    _put(aws, name="Shop_prod-1")
    told = refused(partial(_put, aws, name="shop prod"), "InvalidParameterValue")
    holds("can only contain alphanumerics, dash (-) and underscore (_)" in told, told)
    refused(partial(_put, aws, name="a" * 256), "InvalidParameterValue")


def bodies_are_looked_through(aws: Account) -> None:
    put = aws.cloudwatch.put_dashboard
    told = refused(put, "InvalidParameterInput", DashboardName="shop", DashboardBody="[]")
    holds("must be a valid JSON object" in told, told)
    told = refused(partial(_put, aws, {"type": "metric", "properties": {}}), "InvalidParameterInput")
    holds(told.startswith("The dashboard body is invalid, there are 3 validation errors:\n["), told)
    holds(aws.cloudwatch.list_dashboards()["DashboardEntries"] == [], "it is kept")


def bodies_have_widgets(aws: Account) -> None:
    _put(aws, *[TEXT] * 500, start="-PT6H", end="-PT1H", periodOverride="inherit")
    _wrong(aws, "/widgets Should NOT have more than 500 items", *[TEXT] * 501)
    _wrong(aws, "/periodOverride Should be equal to one of the allowed values", periodOverride="never")
    _wrong(aws, " Should have required property 'start'", end="-PT1H")
    _wrong(aws, "/variables Should NOT have more than 25 items", variables=[{}] * 26)
    _wrong(aws, "/widgets/0 Should be object", "text")


def widgets_are_of_a_kind(aws: Account) -> None:
    _put(aws, TEXT)
    _wrong(aws, "/widgets/1/type Should be equal to one of the allowed values", TEXT, {**TEXT, "type": "graph"})
    _wrong(aws, "/widgets/0 Should have required property 'type'", {"properties": {"markdown": ""}})
    _wrong(aws, "/widgets/0 Should have required property 'properties'", {"type": "text"})


def widgets_lie_in_a_grid(aws: Account) -> None:
    _put(aws, {**TEXT, "x": 23, "y": 0, "width": 24, "height": 1000})
    _wrong(aws, "/widgets/0/x Should be <= 23", {**TEXT, "x": 24, "y": 0})
    _wrong(aws, "/widgets/0/y Should be >= 0", {**TEXT, "x": 0, "y": -1})
    _wrong(aws, "/widgets/0/width Should be >= 1", {**TEXT, "width": 0})
    _wrong(aws, "/widgets/0/height Should be integer", {**TEXT, "height": 1.5})
    _wrong(aws, "/widgets/0 Should have required property 'y'", {**TEXT, "x": 0})


def texts_are_markdown(aws: Account) -> None:
    _put(aws, {"type": "text", "properties": {"markdown": "a", "background": "transparent"}})
    _wrong(aws, "/widgets/0/properties Should have required property 'markdown'", {"type": "text", "properties": {}})
    _wrong(
        aws, "/widgets/0/properties/markdown Should be string", {"type": "text", "properties": {"markdown": ["hello"]}}
    )
    green = {"type": "text", "properties": {"markdown": "a", "background": "green"}}
    _wrong(aws, "/widgets/0/properties/background Should be equal to one of the allowed values", green)


def states_are_of_some_alarms(aws: Account) -> None:
    def states(**properties: Any) -> dict[str, Any]:
        return {"type": "alarm", "properties": properties}

    _put(aws, states(alarms=[ARN] * 100, sortBy="timestamp", states=["ALARM"]))
    _wrong(aws, "/widgets/0/properties/alarms Should NOT have less than 1 items", states(alarms=[]))
    _wrong(aws, "/widgets/0/properties/alarms Should NOT have more than 100 items", states(alarms=[ARN] * 101))
    _wrong(aws, "/widgets/0/properties Should have required property 'alarms'", states())
    allowed = "Should be equal to one of the allowed values"
    _wrong(aws, f"/widgets/0/properties/sortBy {allowed}", states(alarms=[ARN], sortBy="name"))
    _wrong(aws, f"/widgets/0/properties/states/0 {allowed}", states(alarms=[ARN], states=["Ringing"]))


def graphs_show_metrics(aws: Account) -> None:
    metric = ["Shop", "Latency"]
    _put(aws, _graph(metric, view="gauge", yAxis={"left": {"min": 0, "max": 9}}))
    _put(aws, {"type": "metric", "properties": {"annotations": {"alarms": [ARN]}}})
    neither = {"type": "metric", "properties": {"title": "empty"}}
    path = "/widgets/0/properties"
    source = "The metric widget should have specified a region and a data source or an alarm annotation"
    for told in ("Should have required property 'metrics'", source, "Should have required property 'annotations'"):
        _wrong(aws, f"{path} {told}", neither)
    _wrong(aws, f"{path} {source}", {"type": "metric", "properties": {"metrics": [metric]}})
    _wrong(
        aws,
        f"{path}/yAxis/left Should have required property 'max'",
        _graph(metric, view="gauge", yAxis={"left": {"min": 0}}),
    )
    allowed = "Should be equal to one of the allowed values"
    _wrong(aws, f"{path}/view {allowed}", _graph(metric, view="line"))
    _wrong(aws, f"{path}/period {allowed}", _graph(metric, period=7))
    _wrong(aws, f"{path}/stat {allowed}", _graph(metric, stat="Median"))
    _wrong(
        aws,
        f"{path}/annotations/alarms Should NOT have more than 1 items",
        {"type": "metric", "properties": {"annotations": {"alarms": [ARN, ARN]}}},
    )


def metrics_are_lists_of_words(aws: Account) -> None:
    path = "/widgets/0/properties/metrics"
    form = (
        'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element'
    )
    one = ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", {"stat": "p99", "color": "#ff0000", "id": "m1"}]
    short = [[".", "NetworkIn", ".", "."], ["...", "i-2"], ["...", {"stat": "Sum", "visible": False, "period": 60}]]
    _put(aws, _graph(one, *short, [{"expression": "m1 * 2", "label": "twice", "id": "e1"}]))
    _wrong(aws, f"{path}/0 Should be array", _graph("AWS/EC2"))
    _wrong(aws, f"{path}/0 {form}", _graph("AWS/EC2"))
    _wrong(aws, f"{path}/0 {form}", _graph(["AWS/EC2", "CPUUtilization", "InstanceId"]))
    _wrong(aws, f"{path}/0 {form}", _graph([".", "CPUUtilization"]))
    _wrong(aws, f"{path}/0 {form}", _graph(["Shop", "Latency", {"expression": "m1"}]))
    texts = 'Invalid metric field type, only "String" type is allowed'
    for how in ({"color": "red"}, {"dimensions": {}}, {"id": "Rate"}, {"period": 7}, {"stat": "Median"}):
        _wrong(aws, f"{path}/0 Should NOT have more than 2 items", _graph(["AWS/EC2", "CPUUtilization", how]))
        _wrong(aws, f"{path}/0/2 {texts}", _graph(["AWS/EC2", "CPUUtilization", how]))
    _wrong(aws, f"{path}/0/1 {texts}", _graph(["AWS/EC2", 1]))
    _wrong(aws, f"{path} Should NOT have more than 500 items", _graph(*[["Shop", "Latency"]] * 501))


def lines_have_values(aws: Account) -> None:
    def graph(**lines: Any) -> dict[str, Any]:
        return _graph(["Shop", "Latency"], annotations=lines)

    band = [{"value": 1, "label": "from"}, {"value": 2.5}]
    _put(aws, graph(horizontal=[{"value": 3, "fill": "above", "yAxis": "left"}, band]))
    _put(aws, graph(vertical=[{"value": "2026-11-20T13:15:01Z", "label": "deploy", "fill": "after"}]))
    path = "/widgets/0/properties/annotations"
    _wrong(aws, f"{path}/horizontal/0 Should have required property 'value'", graph(horizontal=[{"label": "a"}]))
    _wrong(aws, f"{path}/horizontal/0/value Should be number", graph(horizontal=[{"value": "3"}]))
    _wrong(aws, f"{path}/horizontal/0/1/value Should be number", graph(horizontal=[[{"value": 3}, {"value": None}]]))
    timed = 'Should match format "date-time"'
    _wrong(aws, f"{path}/vertical/0/value {timed}", graph(vertical=[{"value": "yesterday"}]))
    allowed = "Should be equal to one of the allowed values"
    _wrong(aws, f"{path}/horizontal/0/fill {allowed}", graph(horizontal=[{"value": 3, "fill": "after"}]))
    _wrong(aws, f"{path}/horizontal/0/yAxis {allowed}", graph(horizontal=[{"value": 3, "yAxis": "annotations"}]))


def what_is_ignored_is_told(aws: Account) -> None:
    holds(_put(aws, TEXT)["DashboardValidationMessages"] == [], "a warning of nothing")
    found = _put(aws, TEXT, {**TEXT, "z": 3})["DashboardValidationMessages"]
    holds(len(found) == 1, f"{found}")
    told = found[0]
    words = 'The "z" property is not expected to be part of a widget definition, will be ignored'
    holds((told["DataPath"], told["Message"]) == ("/widgets/1", words), f"{told}")


def dashboards_are_of_an_account(aws: Account) -> None:
    _put(aws, TEXT)
    elsewhere = aws.elsewhere("cloudwatch", "eu-west-1")
    found = accepted(elsewhere.get_dashboard, DashboardName="shop")
    holds(json.loads(found["DashboardBody"]) == {"widgets": [TEXT]}, f"{found}")
    holds(found["DashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/shop", found["DashboardArn"])
    elsewhere.delete_dashboards(DashboardNames=["shop"])
    refused(aws.cloudwatch.get_dashboard, "ResourceNotFound", DashboardName="shop")


def dashboards_come_in_pages(aws: Account) -> None:
    for number in range(1001):
        _put(aws, name=f"shop-{number}")
    _put(aws, name="other")
    first = aws.cloudwatch.list_dashboards(DashboardNamePrefix="shop-")
    holds("NextToken" in first, "they come at once")
    rest = aws.cloudwatch.list_dashboards(DashboardNamePrefix="shop-", NextToken=first["NextToken"])
    names = [one["DashboardName"] for page in (first, rest) for one in page["DashboardEntries"]]
    holds(sorted(names) == sorted(f"shop-{number}" for number in range(1001)), f"{len(names)}")
    holds(first["DashboardEntries"][0]["Size"] == len('{"widgets": []}'), f"{first['DashboardEntries'][0]}")


def unknown_dashboards_are_told_after_the_others_went(aws: Account) -> None:
    _put(aws, name="one")
    _put(aws, name="two")
    delete = aws.cloudwatch.delete_dashboards
    refused(delete, "ResourceNotFound", DashboardNames=["one", "none"])
    names = [one["DashboardName"] for one in aws.cloudwatch.list_dashboards()["DashboardEntries"]]
    holds(names == ["two"], f"{names}")
    refused(delete, "InvalidParameterValue", DashboardNames=[f"a{number}" for number in range(101)])
