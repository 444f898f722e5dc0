"""Tags of alarms: they are there as long as the alarm is."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudwatch.alarms import known
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule


@refuses("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource", moto="lists none of an unknown alarm")
def tags_are_of_alarms_that_exist(request: Request) -> None:
    """Tags are asked for, set and removed of an alarm that exists: ResourceNotFoundException.

    Source: botocore cloudwatch ListTagsForResource, TagResource and UntagResource, errors (no source tells the words).
    """
    arn = str(request.params.get("ResourceARN"))
    if ":alarm:" in arn and not any(one.alarm_arn == arn for one in known(request).values()):
        raise Refusal("ResourceNotFoundException", f"Unknown resource {arn}")


@answers("cloudwatch", "UntagResource", moto="refuses to remove a tag of an alarm that never had one")
def tags_that_are_not_there_can_be_removed(request: Request) -> None:
    """A tag that an alarm does not have is removed without complaint.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_UntagResource.html: its errors name none.
    """
    arn = str(request.params["ResourceARN"])
    tagger: Any = request.backend("cloudwatch").tagger
    tagger.untag_resource_using_names(arn, list(request.params.get("TagKeys") or []))


@rule("cloudwatch", "DeleteAlarms", moto="gives the tags of an alarm that was deleted to the next of its name")
def tags_go_with_their_alarm(backend: Any, arn: str) -> None:
    """The tags of an alarm that is deleted are gone: another one of its name does not have them.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Tagging.html.
    """
    backend.tagger.delete_all_tags_for_resource(arn)
