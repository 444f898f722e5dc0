"""Groups: made, sized, listed, tagged, suspended, deleted."""

from __future__ import annotations

from driver import ZONES, Aws

NAMED = "--auto-scaling-group-name web"
LISTED = "autoscaling describe-auto-scaling-groups"


def groups(aws: Aws) -> None:
    _made(aws)
    _listed(aws)
    _deleted(aws)


def _made(aws: Aws) -> None:
    create = (
        f"autoscaling create-auto-scaling-group {NAMED} --min-size 1 --max-size 4 --desired-capacity 2 "
        f"--launch-template 'LaunchTemplateName=base,Version=$Latest' --availability-zones {ZONES} "
        "--termination-policies OldestInstance --default-instance-warmup 90 --default-cooldown 86400"
    )
    aws.equal("a group is made without a word", aws(create), None)
    found = aws.described("web")
    states = [(one["LifecycleState"], one["HealthStatus"]) for one in found["Instances"]]
    aws.equal("it has as many healthy members as desired", states, [("InService", "Healthy")] * 2)
    zones = sorted(one["AvailabilityZone"] for one in found["Instances"])
    aws.equal("they stand in both zones", zones, ZONES.split())
    aws.equal("its template is shown with the version as it was said", found["LaunchTemplate"]["Version"], "$Latest")
    aws.equal("a member's with the number", found["Instances"][0]["LaunchTemplate"]["Version"], "1")
    settings = (found["TerminationPolicies"], found["DefaultInstanceWarmup"], found["DefaultCooldown"])
    aws.equal("settings of a group come back", settings, (["OldestInstance"], 90, 86400))
    aws.refused("a group's name is taken once", create, "AlreadyExists")
    aws.refused(
        "a minimum above the maximum is refused",
        f"autoscaling update-auto-scaling-group {NAMED} --min-size 5",
        "ValidationError",
    )
    desired = f"autoscaling set-desired-capacity {NAMED} --desired-capacity"
    aws.refused("so is a capacity above the maximum", f"{desired} 5", "ValidationError")
    aws(f"{desired} 3")
    aws.equal("a group grows to its capacity", len(aws.members("web")), 3)
    aws.refused(
        "a cooldown that is honoured refuses the next change",
        f"{desired} 4 --honor-cooldown",
        "ScalingActivityInProgress",
    )
    ids = " ".join(aws.members("web"))
    aws.done("`wait instance-running` sees the members run", f"ec2 wait instance-running --instance-ids {ids}")
    aws.done("`wait instance-status-ok` too", f"ec2 wait instance-status-ok --instance-ids {ids}")
    aws(f"autoscaling update-auto-scaling-group {NAMED} --max-size 2")
    after = aws.described("web")
    aws.equal("a maximum below the capacity takes it along", after["DesiredCapacity"], 2)


def _listed(aws: Aws) -> None:
    names = "--query 'AutoScalingGroups[].AutoScalingGroupName'"
    every = aws(f"{LISTED} {names}")
    aws.that("the groups of udo.yml are listed with those made here", {"web", "prod-webapp"} <= set(every), every)
    aws.equal("--page-size does not change what is listed", aws(f"{LISTED} --page-size 2 {names}"), every)
    first = aws(f"{LISTED} --max-items 2")
    aws.equal(
        "--max-items ends the listing", [one["AutoScalingGroupName"] for one in first["AutoScalingGroups"]], every[:2]
    )
    rest = aws(f"{LISTED} --starting-token {first['NextToken']} {names}")
    aws.equal("--starting-token gives the rest", rest, every[2:])
    aws.equal("an unknown name is no error", aws(f"{LISTED} --auto-scaling-group-names nope {names}"), [])
    members = aws(
        "autoscaling describe-auto-scaling-instances --page-size 3 "
        "--query 'AutoScalingInstances[].AutoScalingGroupName'"
    )
    aws.equal("members of all groups are listed in pages", members.count("web"), 2)
    acts = f"autoscaling describe-scaling-activities {NAMED}"
    whole = aws(f"{acts} --page-size 1 --query 'Activities[].ActivityId'")
    aws.equal("the launches are activities", len(whole), len(set(whole)))
    last = aws(f"{acts} --max-items 1")["Activities"][0]
    aws.equal(
        "the newest comes first",
        (last["ActivityId"], last["Description"].split(":")[0]),
        (whole[0], "Terminating EC2 instance"),
    )
    limits = aws("autoscaling describe-account-limits")
    aws.that("the account's limits count its groups", limits["NumberOfAutoScalingGroups"] >= 5, limits)


def _deleted(aws: Aws) -> None:
    ids = " ".join(aws.members("web"))
    delete = f"autoscaling delete-auto-scaling-group {NAMED}"
    aws.refused("a group with members is not deleted", delete, "ResourceInUse")
    aws.done("but by force", f"{delete} --force-delete")
    aws.done("`wait instance-terminated` sees them go", f"ec2 wait instance-terminated --instance-ids {ids}")
    aws.until(
        "and the group with them",
        lambda: aws(f"{LISTED} --auto-scaling-group-names web --query 'AutoScalingGroups'"),
        [],
    )
    aws.refused(
        "a group that is gone cannot be changed",
        f"autoscaling update-auto-scaling-group {NAMED} --min-size 0",
        "ValidationError",
    )


def tags_and_processes(aws: Aws) -> None:
    aws.group("tagged")
    resource = "ResourceId=tagged,ResourceType=auto-scaling-group"
    aws(
        f"autoscaling create-or-update-tags --tags {resource},Key=team,Value=payments,PropagateAtLaunch=true "
        f"{resource},Key=a,Value=,PropagateAtLaunch=false"
    )
    listed = "autoscaling describe-tags --filters Name=auto-scaling-group,Values=tagged"
    found = {one["Key"]: (one["Value"], one["PropagateAtLaunch"]) for one in aws(listed)["Tags"]}
    aws.equal("tags come back, an empty value too", found, {"team": ("payments", True), "a": ("", False)})
    aws.equal("tags come in pages", len(aws(f"{listed} --page-size 1")["Tags"]), 2)
    aws("autoscaling set-desired-capacity --auto-scaling-group-name tagged --desired-capacity 3")
    born = aws(
        "ec2 describe-instances --filters Name=tag:team,Values=payments "
        "Name=tag:aws:autoscaling:groupName,Values=tagged --query 'length(Reservations[].Instances[])'"
    )
    aws.equal("a tag reaches those that are launched after it", born, 1)
    aws(f"autoscaling delete-tags --tags {resource},Key=a")
    aws.equal("a deleted tag is gone", [one["Key"] for one in aws(listed)["Tags"]], ["team"])
    by_tag = aws(f"{LISTED} --filters Name=tag:team,Values=payments --query 'AutoScalingGroups[].AutoScalingGroupName'")
    aws.that("groups are filtered by tag", "tagged" in by_tag, by_tag)
    process = "--auto-scaling-group-name tagged --scaling-processes"
    aws(f"autoscaling suspend-processes {process} Launch AZRebalance")
    found = [one["ProcessName"] for one in aws.described("tagged")["SuspendedProcesses"]]
    aws.equal("suspended processes are shown", sorted(found), ["AZRebalance", "Launch"])
    aws("autoscaling set-desired-capacity --auto-scaling-group-name tagged --desired-capacity 4")
    aws.equal("without Launch nothing is launched", len(aws.members("tagged")), 3)
    aws(f"autoscaling resume-processes {process} Launch AZRebalance")
    aws.until("and is, once it is resumed", lambda: len(aws.members("tagged")), 4)
    aws.refused("a process has to exist", f"autoscaling suspend-processes {process} Lunch", "ValidationError")
    aws("autoscaling delete-auto-scaling-group --auto-scaling-group-name tagged --force-delete")
