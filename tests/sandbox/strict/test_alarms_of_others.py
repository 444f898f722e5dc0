"""Alarms that another service of moto's makes are alarms like any others."""

from __future__ import annotations

from typing import Any


def test_alarms_that_application_auto_scaling_makes_are_shown_and_evaluated(world: Any) -> None:
    client, cloudwatch = world.client("application-autoscaling"), world.client("cloudwatch")
    place = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/carts",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    client.register_scalable_target(**place, MinCapacity=1, MaxCapacity=9)
    metric = {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}
    configuration = {"PredefinedMetricSpecification": metric, "TargetValue": 50.0}
    words = {"PolicyName": "half", "PolicyType": "TargetTrackingScaling"}
    client.put_scaling_policy(**place, **words, TargetTrackingScalingPolicyConfiguration=configuration)
    made = cloudwatch.describe_alarms()["MetricAlarms"]
    assert len(made) == 4
    assert {one["Namespace"] for one in made} == {"AWS/DynamoDB"}
    high = next(one for one in made if "table/carts-AlarmHigh" in one["AlarmName"])
    assert (high["Threshold"], high["Period"], high["StateValue"]) == (42.0, 60, "INSUFFICIENT_DATA")
    for _ in range(2):
        data = {"MetricName": high["MetricName"], "Value": 43.0, "Dimensions": high["Dimensions"]}
        cloudwatch.put_metric_data(Namespace="AWS/DynamoDB", MetricData=[data])
        world.clock.step(60)
    assert cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"][0]["AlarmName"] == high["AlarmName"]
