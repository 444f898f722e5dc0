"""Revisions of CodeDeploy applications, and instances on premises: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

S3 = {"revisionType": "S3", "s3Location": {"bucket": "bundles", "key": "shop.zip", "bundleType": "zip"}}
WHERE = {"applicationName": "shop", "deploymentGroupName": "web"}


def restarts_take_no_revision(aws: Account) -> None:
    aws.deployable()
    refused(aws.deploy, "InvalidInputException", "RESTART", deploymentMode="RESTART")
    restart = {"applicationName": "shop", "deploymentGroupName": "web", "deploymentMode": "RESTART"}
    refused(aws.codedeploy.create_deployment, "InvalidInputException", "no successful", **restart)
    aws.deploy(deploymentMode="STANDARD")
    aws.step(60)
    outdated = {"updateOutdatedInstancesOnly": True}
    refused(aws.codedeploy.create_deployment, "InvalidInputException", "updateOutdated", **restart, **outdated)
    made = aws.codedeploy.create_deployment(**restart)["deploymentId"]
    aws.step(60)
    shown = aws.deployed(made)
    holds((shown["status"], shown["deploymentMode"]) == ("Succeeded", "RESTART"))
    holds(shown["revision"]["gitHubLocation"]["commitId"] == "a" * 40, "another revision")
    holds("DownloadBundle" not in [event for event, _ in aws.events(made, aws.members()[0])], "it downloads")


def revisions_can_be_registered(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    register = aws.codedeploy.register_application_revision
    refused(register, "ApplicationDoesNotExistException", "nothing", applicationName="nothing", revision=S3)
    register(applicationName="shop", revision=S3, description="the first")
    shown = aws.codedeploy.get_application_revision(applicationName="shop", revision=S3)
    holds(shown["revisionInfo"]["description"] == "the first")
    holds("firstUsedTime" not in shown["revisionInfo"], "used before it was")
    holds(shown["revision"] == S3)


def revisions_tell_when_they_were_used(aws: Account) -> None:
    aws.deployable()
    first, second = (_github(letter) for letter in "ab")
    describe = aws.codedeploy.get_application_revision
    refused(describe, "RevisionDoesNotExistException", "shop", applicationName="shop", revision=first)
    for commit in "aba":
        aws.deploy(commit * 40)
        aws.step(60)
    one, other = (describe(applicationName="shop", revision=each)["revisionInfo"] for each in (first, second))
    holds(one["firstUsedTime"] < other["firstUsedTime"] == other["lastUsedTime"] < one["lastUsedTime"])
    holds((one["deploymentGroups"], other["deploymentGroups"]) == (["web"], []))


def revisions_are_listed(aws: Account) -> None:
    aws.deployable()
    aws.codedeploy.register_application_revision(applicationName="shop", revision=S3)
    for commit in "ab":
        aws.deploy(commit * 40)
        aws.step(60)

    def listed(**more: str) -> list[Any]:
        found = aws.codedeploy.list_application_revisions(applicationName="shop", **more)["revisions"]
        return [one.get("gitHubLocation", {}).get("commitId", "S3")[0] for one in found]

    holds(listed(sortBy="registerTime") == ["S", "a", "b"], listed(sortBy="registerTime"))
    holds(listed(sortBy="lastUsedTime", sortOrder="descending") == ["b", "a", "S"])
    holds((listed(deployed="include"), sorted(listed(deployed="exclude"))) == (["b"], ["S", "a"]))
    holds((listed(s3Bucket="bundles", s3KeyPrefix="shop"), listed(s3Bucket="other")) == (["S"], []))


def revisions_are_sorted_by_a_time(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    for code, words in {
        "InvalidSortByException": {"sortBy": "name"},
        "InvalidSortOrderException": {"sortBy": "registerTime", "sortOrder": "up"},
        "BucketNameFilterRequiredException": {"s3KeyPrefix": "shop"},
        "InvalidDeployedStateFilterException": {"deployed": "yes"},
    }.items():
        refused(aws.codedeploy.list_application_revisions, code, applicationName="shop", **words)


def batches_of_revisions_are_small(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    aws.codedeploy.register_application_revision(applicationName="shop", revision=S3)
    many = [_github("a")] * 26
    batch = aws.codedeploy.batch_get_application_revisions
    refused(batch, "BatchLimitExceededException", applicationName="shop", revisions=many)
    found = batch(applicationName="shop", revisions=[S3, _github("a")])
    holds([one["revisionLocation"] for one in found["revisions"]] == [S3])
    holds("1 of the revisions" in found["errorMessage"], found)


def _github(letter: str) -> dict[str, Any]:
    return {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/shop", "commitId": letter * 40}}


def revisions_are_complete(aws: Account) -> None:
    aws.deployable()
    refused(aws.codedeploy.create_deployment, "RevisionRequiredException", **WHERE)
    half = {"revisionType": "S3", "s3Location": {"bucket": "bundles"}}
    refused(aws.codedeploy.create_deployment, "InvalidRevisionException", revision=half, **WHERE)
    rar = {"revisionType": "S3", "s3Location": {"bucket": "bundles", "key": "shop.rar", "bundleType": "rar"}}
    refused(aws.codedeploy.create_deployment, "InvalidRevisionException", "rar", revision=rar, **WHERE)
    bare = {"revisionType": "GitHub", "gitHubLocation": {"repository": "shop", "commitId": "a" * 40}}
    refused(aws.codedeploy.create_deployment, "InvalidRevisionException", "owner/name", revision=bare, **WHERE)


def commits_are_full_hashes(aws: Account) -> None:
    aws.deployable()
    for commit in ("main", "740800d", "a" * 39):
        refused(aws.deploy, "InvalidRevisionException", commit, commit=commit)


def _register(aws: Account, name: str = "rack-1", **more: str) -> None:
    words = more or {"iamUserArn": f"arn:aws:iam::123456789012:user/{name}"}
    accepted(aws.codedeploy.register_on_premises_instance, instanceName=name, **words)


def instances_on_premises_are_registered(aws: Account) -> None:
    _register(aws)
    again = aws.codedeploy.register_on_premises_instance
    user = "arn:aws:iam::123456789012:user/rack-1"
    for code, words in (
        ("InstanceNameAlreadyRegisteredException", {"instanceName": "rack-1", "iamUserArn": f"{user}b"}),
        ("IamUserArnAlreadyRegisteredException", {"instanceName": "rack-2", "iamUserArn": user}),
        ("IamArnRequiredException", {"instanceName": "rack-2"}),
        ("MultipleIamArnsProvidedException", {"instanceName": "rack-2", "iamUserArn": "a", "iamSessionArn": "b"}),
        ("InvalidInstanceNameException", {"instanceName": "rack 2", "iamUserArn": user}),
    ):
        refused(again, code, **words)
    shown = aws.codedeploy.get_on_premises_instance(instanceName="rack-1")["instanceInfo"]
    holds(shown["iamUserArn"] == user and ":instance/rack-1_" in shown["instanceArn"])
    holds(shown["tags"] == [])


def deregistered_instances_are_remembered(aws: Account) -> None:
    _register(aws)
    accepted(aws.codedeploy.deregister_on_premises_instance, instanceName="rack-1")
    listed = aws.codedeploy.list_on_premises_instances
    holds(listed(registrationStatus="Registered")["instanceNames"] == [])
    holds(listed(registrationStatus="Deregistered")["instanceNames"] == ["rack-1"])
    holds("deregisterTime" in aws.codedeploy.get_on_premises_instance(instanceName="rack-1")["instanceInfo"])
    _register(aws)


def tags_of_registered_instances_change(aws: Account) -> None:
    _register(aws)
    tags = [{"Key": "role", "Value": "web"}, {"Key": "row", "Value": "7"}]
    add, remove = (
        aws.codedeploy.add_tags_to_on_premises_instances,
        aws.codedeploy.remove_tags_from_on_premises_instances,
    )
    refused(add, "InstanceNotRegisteredException", "rack-2", tags=tags, instanceNames=["rack-1", "rack-2"])
    accepted(add, tags=tags, instanceNames=["rack-1"])
    wanted = {"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}
    listed = aws.codedeploy.list_on_premises_instances
    holds(listed(tagFilters=[wanted])["instanceNames"] == ["rack-1"])
    holds(listed(tagFilters=[wanted | {"Value": "db"}])["instanceNames"] == [])
    remove(tags=tags[:1], instanceNames=["rack-1"])
    holds(aws.codedeploy.get_on_premises_instance(instanceName="rack-1")["instanceInfo"]["tags"] == tags[1:])
    many = [{"Key": str(number), "Value": "x"} for number in range(11)]
    refused(add, "TagLimitExceededException", tags=many, instanceNames=["rack-1"])


def instances_on_premises_are_listed(aws: Account) -> None:
    refused(
        aws.codedeploy.list_on_premises_instances,
        "InvalidRegistrationStatusException",
        "Lost",
        registrationStatus="Lost",
    )
    holds(aws.codedeploy.list_on_premises_instances()["instanceNames"] == [])
    for number in range(101):
        _register(aws, f"rack-{number}")
    first = aws.codedeploy.list_on_premises_instances()
    holds(len(first["instanceNames"]) < 101 and first.get("nextToken"), "no pages")


def unregistered_instances_are_refused(aws: Account) -> None:
    refused(aws.codedeploy.get_on_premises_instance, "InstanceNotRegisteredException", "rack-1", instanceName="rack-1")


def batches_on_premises_are_small(aws: Account) -> None:
    batch = aws.codedeploy.batch_get_on_premises_instances
    refused(batch, "InstanceNameRequiredException", instanceNames=[])
    refused(batch, "BatchLimitExceededException", instanceNames=["rack"] * 26)
    holds(batch(instanceNames=["rack-1"])["instanceInfos"] == [])
