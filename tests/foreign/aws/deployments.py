"""CodeDeploy: applications and their groups, revisions that are pushed and registered, deployments."""

from __future__ import annotations

import re
from pathlib import Path

from driver import ROLE, Aws, home

APP = "--application-name cli"
GROUP = f"{APP} --deployment-group-name fleet"
COMMIT = "1" * 40
GITHUB = f"--github-location repository=example/shop,commitId={COMMIT}"


def applications(aws: Aws) -> None:
    aws.that("an application has an id", aws(f"deploy create-application {APP}")["applicationId"])
    aws.refused(
        "an application's name is taken once", f"deploy create-application {APP}", "ApplicationAlreadyExistsException"
    )
    aws.group("fleet")
    create = f"deploy create-deployment-group {GROUP} --service-role-arn {ROLE}"
    aws.refused(
        "the Auto Scaling group of a deployment group has to exist",
        f"{create} --auto-scaling-groups nope",
        "InvalidAutoScalingGroupException",
    )
    told = aws(f"{create} --auto-scaling-groups fleet --deployment-config-name CodeDeployDefault.AllAtOnce")
    aws.that("a deployment group has an id", told["deploymentGroupId"])
    found = aws(f"deploy get-deployment-group {GROUP}")["deploymentGroupInfo"]
    named = [one["name"] for one in found["autoScalingGroups"]]
    aws.equal("a deployment group names its Auto Scaling group", named, ["fleet"])
    aws.equal("and its deployment configuration", found["deploymentConfigName"], "CodeDeployDefault.AllAtOnce")
    every = aws("deploy list-applications")["applications"]
    aws.that("applications are listed with that of udo.yml", {"cli", "shop"} <= set(every), every)
    listed = aws(f"deploy list-deployment-groups {APP}")
    aws.equal("deployment groups are listed", listed["deploymentGroups"], ["fleet"])
    configs = aws("deploy list-deployment-configs --query deploymentConfigsList")
    aws.that("AWS's own configurations are listed", "CodeDeployDefault.OneAtATime" in configs, configs)
    unknown = "deploy get-deployment-group --application-name cli --deployment-group-name nope"
    aws.refused("an unknown deployment group is refused", unknown, "DeploymentGroupDoesNotExistException")


def revisions(aws: Aws) -> None:
    source = Path(home("source"))
    source.mkdir()
    (source / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    (source / "index.html").write_text("<h1>shop</h1>\n")
    aws("s3 mb s3://cli-releases")
    told = aws.done(
        "`deploy push` bundles a folder",
        f"deploy push {APP} --s3-location s3://cli-releases/one.zip --source {source} --description pushed",
    )
    aws.that("and says how to deploy it", "aws deploy create-deployment --application-name cli" in told, told)
    etag = re.search(r"eTag=\"?([0-9a-f]+)", told)
    there = aws("s3api head-object --bucket cli-releases --key one.zip --query ETag")
    aws.equal("the bundle is in the bucket with the eTag it said", etag and etag[1], there.strip().strip('"'))
    listed = f"deploy list-application-revisions {APP}"
    aws.equal("it is a revision of the application", aws(listed)["revisions"][0]["s3Location"]["key"], "one.zip")
    aws(f"deploy register-application-revision {APP} --description registered {GITHUB}")
    found = aws(f"deploy get-application-revision {APP} {GITHUB}")["revisionInfo"]
    aws.equal("a registered one keeps its description", found["description"], "registered")
    kinds = sorted(one["revisionType"] for one in aws(listed)["revisions"])
    aws.equal("both are listed", kinds, ["GitHub", "S3"])
    first = aws(f"{listed} --max-items 1")
    aws.that("--max-items ends the listing with a token", len(first["revisions"]) == 1 and first["NextToken"], first)
    of_bucket = f"{listed} --s-3-bucket cli-releases --sort-by registerTime --sort-order descending"
    aws.equal("revisions are filtered by bucket", len(aws(of_bucket)["revisions"]), 1)
    short = f"deploy register-application-revision {APP} --github-location repository=example/shop,commitId=1111111"
    aws.refused("a commit is a full hash", short, "InvalidRevisionException")


def on_premises(aws: Aws) -> None:
    user = "arn:aws:iam::123456789012:user/box"
    register = f"deploy register --instance-name box --iam-user-arn {user} --tags Key=rack,Value=4"
    aws.that("`deploy register` registers an instance on premises", "DONE" in aws(register))
    listed = "deploy list-on-premises-instances --registration-status Registered"
    aws.equal(
        "it is listed", aws(f"{listed} --tag-filters Key=rack,Value=4,Type=KEY_AND_VALUE")["instanceNames"], ["box"]
    )
    found = aws("deploy get-on-premises-instance --instance-name box")["instanceInfo"]
    aws.equal(
        "with its user and its tags", (found["iamUserArn"], found["tags"]), (user, [{"Key": "rack", "Value": "4"}])
    )
    aws.done("`deploy deregister` deregisters it", "deploy deregister --instance-name box --no-delete-iam-user")
    aws.equal("and it is not listed any more", aws(listed)["instanceNames"], [])


def deployments(aws: Aws) -> None:
    _succeeded(aws)
    _failed(aws)
    _listed(aws)
    aws(f"deploy delete-application {APP}")
    aws.refused("a deleted application is unknown", f"deploy get-application {APP}", "ApplicationDoesNotExistException")
    aws("autoscaling delete-auto-scaling-group --auto-scaling-group-name fleet --force-delete")


def _succeeded(aws: Aws) -> None:
    location = "--s3-location bucket=cli-releases,key=one.zip,bundleType=zip"
    made = aws(f"deploy create-deployment {GROUP} {location} --description 'by hand' --query deploymentId")
    aws.that("a deployment's id is d- and more", re.fullmatch("d-[A-Z0-9]{9}", made), made)
    aws.done("`wait deployment-successful` sees it end", f"deploy wait deployment-successful --deployment-id {made}")
    found = aws(f"deploy get-deployment --deployment-id {made}")["deploymentInfo"]
    aws.equal("a deployment has succeeded", (found["status"], found["description"]), ("Succeeded", "by hand"))
    aws.equal("and did on both members", (found["deploymentOverview"]["Succeeded"], found["creator"]), (2, "user"))
    aws.that("a deployment tells its times", found["createTime"] < found["startTime"] < found["completeTime"])
    targets = aws(f"deploy list-deployment-targets --deployment-id {made}")["targetIds"]
    aws.equal("the targets of a deployment are the members", sorted(targets), sorted(aws.members("fleet")))
    told = aws(f"deploy batch-get-deployment-targets --deployment-id {made} --target-ids {targets[0]}")
    events = told["deploymentTargets"][0]["instanceTarget"]["lifecycleEvents"]
    aws.equal(
        "a target tells its events",
        (events[0]["lifecycleEventName"], {one["status"] for one in events}),
        ("ApplicationStop", {"Succeeded"}),
    )
    group = aws(f"deploy get-deployment-group {GROUP}")["deploymentGroupInfo"]
    aws.equal("a deployment group remembers its last success", group["lastSuccessfulDeployment"]["deploymentId"], made)


def _failed(aws: Aws) -> None:
    create = f"deploy create-deployment {GROUP} --query deploymentId"
    lost = aws(f"{create} --s3-location bucket=cli-releases,key=nope.zip,bundleType=zip")
    wait = aws.run(f"deploy wait deployment-successful --deployment-id {lost}")
    aws.that(
        "the waiter fails where the deployment does",
        wait.returncode and "Waiter DeploymentSuccessful failed" in wait.stderr,
        wait.stderr,
    )
    error = aws(f"deploy get-deployment --deployment-id {lost}")["deploymentInfo"]["errorInformation"]
    aws.equal("which says that the bundle is missing", error["code"], "REVISION_MISSING")
    aws.refused(
        "a deployment that has ended cannot be stopped",
        f"deploy stop-deployment --deployment-id {lost}",
        "DeploymentAlreadyCompletedException",
    )
    aws.refused(
        "an unknown deployment is refused",
        "deploy get-deployment --deployment-id d-AAAAAAAAA",
        "DeploymentDoesNotExistException",
    )


def _listed(aws: Aws) -> None:
    listed = f"deploy list-deployments {GROUP}"
    every = aws(listed)["deployments"]
    aws.equal("all deployments of the group are listed", len(every), 2)
    good = aws(f"{listed} --include-only-statuses Succeeded")["deployments"]
    aws.equal("or those of a status, the oldest last", good, every[-1:])
    first = aws(f"{listed} --max-items 1")
    rest = aws(f"{listed} --starting-token {first['NextToken']}")["deployments"]
    aws.equal("--starting-token gives the rest", first["deployments"] + rest, every)
    found = aws(f"deploy batch-get-deployments --deployment-ids {' '.join(every)}")["deploymentsInfo"]
    aws.equal("and many are got at once", len(found), 2)
