"""What `udo doctor` looks at: deprecated images, defaults of instance metadata, subscriptions of topics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from account import Account, holds, refused


def _now() -> datetime:
    from udo.sandbox.strict import moment

    return datetime.fromtimestamp(moment.now(), UTC)


def _image(aws: Account) -> str:
    return str(aws.ec2.register_image(Name="shop")["ImageId"])


def _deprecation(aws: Account, image: str) -> str | None:
    (row,) = aws.ec2.describe_images(ImageIds=[image])["Images"]
    found: str | None = row.get("DeprecationTime")
    return found


def images_are_deprecated_from_a_time_on(aws: Account) -> None:
    image, now = _image(aws), _now()
    for when in (now - timedelta(days=1), now + timedelta(days=3700)):
        refused(aws.ec2.enable_image_deprecation, "InvalidParameterValue", ImageId=image, DeprecateAt=when)
    refused(aws.ec2.enable_image_deprecation, "InvalidAMIID.NotFound", ImageId="ami-0aaaaaaa", DeprecateAt=now)
    aws.ec2.enable_image_deprecation(ImageId=image, DeprecateAt=now + timedelta(days=1))
    holds(str(_deprecation(aws, image)).startswith(f"{now + timedelta(days=1):%Y-%m-%d}"))


def images_tell_when_they_are_deprecated(aws: Account) -> None:
    image = _image(aws)
    holds(_deprecation(aws, image) is None)
    at = (_now() + timedelta(days=2)).replace(second=31, microsecond=0)
    aws.ec2.enable_image_deprecation(ImageId=image, DeprecateAt=at)
    holds(_deprecation(aws, image) == f"{at + timedelta(seconds=29):%Y-%m-%dT%H:%M:00.000Z}")


def deprecation_is_taken_back(aws: Account) -> None:
    image = _image(aws)
    aws.ec2.enable_image_deprecation(ImageId=image, DeprecateAt=_now() + timedelta(days=1))
    aws.ec2.disable_image_deprecation(ImageId=image)
    holds(_deprecation(aws, image) is None)


def deprecated_images_are_left_out(aws: Account) -> None:
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    theirs = aws.ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    mine = _image(aws)
    for image in (theirs, mine):
        aws.ec2.enable_image_deprecation(ImageId=image, DeprecateAt=_now() + timedelta(days=1))
    aws.step(2 * 86400)
    named: dict[str, Any] = {"Filters": [{"Name": "image-id", "Values": [theirs, mine]}]}
    holds([one["ImageId"] for one in aws.ec2.describe_images(**named)["Images"]] == [mine])
    holds(len(aws.ec2.describe_images(**named, IncludeDeprecated=True)["Images"]) == 2)
    holds(len(aws.ec2.describe_images(ImageIds=[theirs])["Images"]) == 1)


def accounts_have_metadata_defaults(aws: Account) -> None:
    holds(aws.ec2.get_instance_metadata_defaults().get("AccountLevel", {}) == {})


def metadata_defaults_are_set(aws: Account) -> None:
    aws.ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    told = aws.ec2.get_instance_metadata_defaults()["AccountLevel"]
    holds((told["HttpTokens"], told["HttpPutResponseHopLimit"]) == ("required", 2))
    aws.ec2.modify_instance_metadata_defaults(HttpTokens="no-preference")
    holds("HttpTokens" not in aws.ec2.get_instance_metadata_defaults()["AccountLevel"])


def launches_follow_the_accounts_defaults(aws: Account) -> None:
    aws.ec2.modify_instance_metadata_defaults(HttpTokens="required")
    (held,) = aws.ec2.describe_instances(InstanceIds=aws.group(size=1))["Reservations"]
    holds(held["Instances"][0]["MetadataOptions"]["HttpTokens"] == "required")


def _topic(aws: Account) -> str:
    return str(aws.sns.create_topic(Name="on-call")["TopicArn"])


def _mail(aws: Account, topic: str, **more: Any) -> str:
    named = {"TopicArn": topic, "Protocol": "email", "Endpoint": "somebody@example.com"}
    return str(aws.sns.subscribe(**named, **more)["SubscriptionArn"])


def subscriptions_are_to_be_confirmed(aws: Account) -> None:
    topic = _topic(aws)
    holds(_mail(aws, topic) == "pending confirmation")
    holds(_mail(aws, topic, ReturnSubscriptionArn=True).startswith(topic))
    queue = "arn:aws:sqs:us-west-2:123456789012:on-call"
    holds(aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"].startswith(topic))


def pending_subscriptions_have_no_arn(aws: Account) -> None:
    topic = _topic(aws)
    _mail(aws, topic)
    for rows in (aws.sns.list_subscriptions(), aws.sns.list_subscriptions_by_topic(TopicArn=topic)):
        holds([one["SubscriptionArn"] for one in rows["Subscriptions"]] == ["PendingConfirmation"])


def topics_count_their_subscriptions(aws: Account) -> None:
    topic = _topic(aws)
    _mail(aws, topic)
    queue = "arn:aws:sqs:us-west-2:123456789012:on-call"
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    told = aws.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    holds((told["SubscriptionsConfirmed"], told["SubscriptionsPending"]) == ("1", "1"))


def tokens_confirm_one_subscription(aws: Account) -> None:
    topic = _topic(aws)
    arn = _mail(aws, topic, ReturnSubscriptionArn=True)
    refused(aws.sns.confirm_subscription, "InvalidParameter", TopicArn=topic, Token="other")
    told = aws.sns.confirm_subscription(TopicArn=topic, Token=arn.rpartition(":")[2])
    holds(told["SubscriptionArn"] == arn)
    (row,) = aws.sns.list_subscriptions()["Subscriptions"]
    holds(row["SubscriptionArn"] == arn)


GROUP = "arn:aws:autoscaling:us-west-2:123456789012:autoScalingGroup:*:autoScalingGroupName/"
POLICY = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "autoscaling:Update*", "Resource": "*"},
    {"Effect": "Deny", "Action": "*", "Resource": "%s"},
    {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*",
     "Condition": {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}}]}"""


def policies_are_simulated(aws: Account) -> None:
    arn = aws.iam.create_user(UserName="operator")["User"]["Arn"]
    aws.iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=POLICY % f"{GROUP}prod")
    asked = {"PolicySourceArn": arn, "ActionNames": ["autoscaling:UpdateAutoScalingGroup", "ec2:RunInstances"]}
    update, run = aws.iam.simulate_principal_policy(**asked)["EvaluationResults"]
    holds((update["EvalDecision"], run["EvalDecision"]) == ("allowed", "implicitDeny"))
    holds(run["MissingContextValues"] == ["aws:requestedregion"])
    region = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["us-west-2"], "ContextKeyType": "string"}
    named = {"ResourceArns": [f"{GROUP}prod", f"{GROUP}stage"], "ContextEntries": [region]}
    update, run = aws.iam.simulate_principal_policy(**asked, **named)["EvaluationResults"]
    told = {one["EvalResourceName"]: one["EvalResourceDecision"] for one in update["ResourceSpecificResults"]}
    holds(told == {f"{GROUP}prod": "explicitDeny", f"{GROUP}stage": "allowed"})
    holds(update["EvalDecision"] == "explicitDeny")
    asked["PolicySourceArn"] = arn.replace("operator", "nobody")
    refused(aws.iam.simulate_principal_policy, "NoSuchEntity", **asked)
