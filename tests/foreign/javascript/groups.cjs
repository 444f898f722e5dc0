"use strict";
// Groups and their members, what belongs to them, waiters on their instances.

const {
  AlreadyExistsFault,
  AttachInstancesCommand,
  CompleteLifecycleActionCommand,
  CreateAutoScalingGroupCommand,
  CreateOrUpdateTagsCommand,
  DeleteAutoScalingGroupCommand,
  DeleteLifecycleHookCommand,
  DeletePolicyCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  DescribeScheduledActionsCommand,
  DetachInstancesCommand,
  ExecutePolicyCommand,
  PutLifecycleHookCommand,
  PutNotificationConfigurationCommand,
  PutScalingPolicyCommand,
  PutScheduledUpdateGroupActionCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
  paginateDescribeAutoScalingGroups,
  paginateDescribeAutoScalingInstances,
  paginateDescribeNotificationConfigurations,
  paginateDescribePolicies,
  paginateDescribeScalingActivities,
  paginateDescribeTags,
  waitUntilGroupExists,
  waitUntilGroupInService,
  waitUntilGroupNotExists,
} = require("@aws-sdk/client-auto-scaling");
const {
  DescribeInstancesCommand,
  paginateDescribeInstances,
  waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
} = require("@aws-sdk/client-ec2");

const { autoscaling, ec2, that, equal, refused, pages, group, described, ZONES } = require("./driver.cjs");

const web = { AutoScalingGroupName: "web" };
const soon = { maxWaitTime: 20, minDelay: 1, maxDelay: 1 };

async function sizes() {
  const ids = await group("web", 3, { Tags: [{ Key: "team", Value: "a", PropagateAtLaunch: true }] });
  equal("a group has as many members as desired", ids.length, 3);
  const error = await refused(
    "a group's name is taken once",
    autoscaling,
    new CreateAutoScalingGroupCommand({ ...web, MinSize: 0, MaxSize: 0, AvailabilityZones: ZONES, LaunchTemplate: { LaunchTemplateName: "base" } }),
    "AlreadyExistsFault",
  );
  that("an error is of the SDK's own class", error instanceof AlreadyExistsFault);
  equal("and says that the client is at fault", [error.$fault, error.$metadata.httpStatusCode], ["client", 400]);
  await refused(
    "a capacity above the maximum is refused",
    autoscaling,
    new SetDesiredCapacityCommand({ ...web, DesiredCapacity: 7 }),
    "ValidationError",
    "max",
  );
  await autoscaling.send(new UpdateAutoScalingGroupCommand({ ...web, MaxSize: 4, HealthCheckGracePeriod: 77, DefaultCooldown: 0 }));
  const found = await described("web");
  equal("numbers come back, 0 too", [found.MaxSize, found.HealthCheckGracePeriod, found.DefaultCooldown], [4, 77, 0]);
  that("a group was made at a time, a Date", found.CreatedTime instanceof Date && !Number.isNaN(+found.CreatedTime));
  const running = await waitUntilInstanceRunning({ client: ec2, ...soon }, { InstanceIds: ids });
  equal("waitUntilInstanceRunning sees the members run", running.state, "SUCCESS");
  const names = { AutoScalingGroupNames: ["web"] };
  const there = await waitUntilGroupExists({ client: autoscaling, ...soon }, names);
  equal("waitUntilGroupExists sees the group", there.state, "SUCCESS");
  const serving = await waitUntilGroupInService({ client: autoscaling, ...soon }, names);
  equal("waitUntilGroupInService sees enough members in service", serving.state, "SUCCESS");
  await autoscaling.send(new SuspendProcessesCommand({ ...web, ScalingProcesses: ["AZRebalance"] }));
  const suspended = (await described("web")).SuspendedProcesses;
  that("a suspended process tells why", suspended[0].SuspensionReason.startsWith("User suspended at "), suspended);
}

async function lists() {
  const groups = await pages(paginateDescribeAutoScalingGroups({ client: autoscaling, pageSize: 2 }, {}));
  const names = groups.flatMap((page) => page.AutoScalingGroups.map((one) => one.AutoScalingGroupName));
  that("the paginator gives every group once", new Set(names).size === names.length && names.includes("web"), names);
  that("two a page at most", groups.every((page) => page.AutoScalingGroups.length <= 2));
  const filters = { Filters: [{ Name: "tag:team", Values: ["a"] }] };
  const tagged = await pages(paginateDescribeAutoScalingGroups({ client: autoscaling }, filters));
  equal("groups are filtered by tag", tagged.flatMap((page) => page.AutoScalingGroups.map((one) => one.AutoScalingGroupName)), ["web"]);
  const members = await pages(paginateDescribeAutoScalingInstances({ client: autoscaling, pageSize: 5 }, {}));
  const all = members.flatMap((page) => page.AutoScalingInstances);
  equal("the paginator gives every member", all.filter((one) => one.AutoScalingGroupName === "web").length, 3);
  const instances = await pages(
    paginateDescribeInstances({ client: ec2, pageSize: 5 }, { Filters: [{ Name: "tag:team", Values: ["a"] }] }),
  );
  const found = instances.flatMap((page) => (page.Reservations ?? []).flatMap((one) => one.Instances));
  equal("members carry the tags of their group", found.length, 3);
  that("an instance was launched at a Date", found[0].LaunchTime instanceof Date, found[0].LaunchTime);
  const resource = { ResourceId: "web", ResourceType: "auto-scaling-group", PropagateAtLaunch: false };
  await autoscaling.send(new CreateOrUpdateTagsCommand({ Tags: [{ ...resource, Key: "ä ö", Value: "<&> \"" }] }));
  const tags = await pages(
    paginateDescribeTags({ client: autoscaling, pageSize: 1 }, { Filters: [{ Name: "auto-scaling-group", Values: ["web"] }] }),
  );
  const values = Object.fromEntries(tags.flatMap((page) => page.Tags.map((one) => [one.Key, one.Value])));
  equal("tags come back letter by letter", values, { team: "a", "ä ö": "<&> \"" });
  for (const [says, command] of [
    ["a token of one's own", new DescribeAutoScalingGroupsCommand({ NextToken: "mine" })],
    ["a page that is too long", new DescribeAutoScalingGroupsCommand({ MaxRecords: 101 })],
    ["an unknown filter", new DescribeAutoScalingGroupsCommand({ Filters: [{ Name: "colour", Values: ["red"] }] })],
  ]) {
    const name = says.includes("token") ? "InvalidNextToken" : "ValidationError";
    await refused(`${says} is told as ${name}`, autoscaling, command, name);
  }
  const acts = await pages(paginateDescribeScalingActivities({ client: autoscaling, pageSize: 2 }, { ...web }));
  equal("three launches are three activities", acts.flatMap((page) => page.Activities).length, 3);
}

async function members() {
  const [one] = (await described("web")).Instances.map((each) => each.InstanceId);
  const words = { ...web, InstanceIds: [one] };
  const told = await autoscaling.send(new DetachInstancesCommand({ ...words, ShouldDecrementDesiredCapacity: true }));
  equal("a detachment is an activity", told.Activities[0].Description, `Detaching EC2 instance: ${one}`);
  equal("and takes the capacity along", (await described("web")).DesiredCapacity, 2);
  await refused(
    "who is no member is not detached",
    autoscaling,
    new DetachInstancesCommand({ ...words, ShouldDecrementDesiredCapacity: true }),
    "ValidationError",
    one,
  );
  await autoscaling.send(new AttachInstancesCommand(words));
  equal("attached it counts again", (await described("web")).DesiredCapacity, 3);
  await refused(
    "many at once are too many",
    autoscaling,
    new DetachInstancesCommand({ ...web, InstanceIds: Array(21).fill(one), ShouldDecrementDesiredCapacity: true }),
    "ValidationError",
  );
}

async function policies() {
  const simple = { ...web, PolicyName: "down", AdjustmentType: "PercentChangeInCapacity", ScalingAdjustment: -50, Cooldown: 1 };
  const made = await autoscaling.send(new PutScalingPolicyCommand(simple));
  that("a policy has an ARN", made.PolicyARN.endsWith(":policyName/down"), made);
  await autoscaling.send(new ExecutePolicyCommand({ ...web, PolicyName: "down" }));
  equal("half of three go, rounded towards none", (await described("web")).DesiredCapacity, 2);
  const TargetTrackingConfiguration = {
    PredefinedMetricSpecification: { PredefinedMetricType: "ASGAverageCPUUtilization" },
    TargetValue: 62.5,
    DisableScaleIn: false,
  };
  const track = { ...web, PolicyName: "track", PolicyType: "TargetTrackingScaling", TargetTrackingConfiguration };
  await autoscaling.send(new PutScalingPolicyCommand(track));
  const found = await pages(paginateDescribePolicies({ client: autoscaling, pageSize: 1 }, { ...web }));
  const all = found.flatMap((page) => page.ScalingPolicies);
  equal("the paginator gives all policies", all.map((one) => one.PolicyName).sort(), ["down", "track"]);
  const tracking = all.find((one) => one.PolicyName === "track");
  equal("a target comes back with fraction and flag", tracking.TargetTrackingConfiguration, TargetTrackingConfiguration);
  await refused(
    "a target is not executed",
    autoscaling,
    new ExecutePolicyCommand({ ...web, PolicyName: "track" }),
    "ValidationError",
  );
  await autoscaling.send(new DeletePolicyCommand({ ...web, PolicyName: "track" }));
  await refused(
    "a deleted policy is unknown",
    autoscaling,
    new DeletePolicyCommand({ ...web, PolicyName: "track" }),
    "ValidationError",
  );
}

async function hooks() {
  const hook = { ...web, LifecycleHookName: "warm" };
  const kind = { LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING", HeartbeatTimeout: 7200, DefaultResult: "ABANDON" };
  await autoscaling.send(new PutLifecycleHookCommand({ ...hook, ...kind }));
  const [found] = (await autoscaling.send(new DescribeLifecycleHooksCommand(web))).LifecycleHooks;
  equal("a hook comes back, with nothing invented", found, { ...hook, ...kind, GlobalTimeout: 172800 });
  const before = (await described("web")).Instances.map((one) => one.InstanceId);
  await autoscaling.send(new SetDesiredCapacityCommand({ ...web, DesiredCapacity: before.length + 1 }));
  const held = (await described("web")).Instances.find((one) => !before.includes(one.InstanceId));
  equal("a hook holds who is launched", held.LifecycleState, "Pending:Wait");
  const action = { ...hook, InstanceId: held.InstanceId };
  await autoscaling.send(new RecordLifecycleActionHeartbeatCommand(action));
  await autoscaling.send(new CompleteLifecycleActionCommand({ ...action, LifecycleActionResult: "ABANDON" }));
  const after = (await described("web")).Instances;
  const gone = after.every((one) => one.InstanceId !== held.InstanceId || one.LifecycleState.startsWith("Terminating"));
  that("who is abandoned is terminated", gone, after);
  await refused(
    "an action is completed once",
    autoscaling,
    new CompleteLifecycleActionCommand({ ...action, LifecycleActionResult: "CONTINUE" }),
    "ValidationError",
  );
  await autoscaling.send(new DeleteLifecycleHookCommand(hook));
  await refused(
    "hooks of an unknown group are refused",
    autoscaling,
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: "nope" }),
    "ValidationError",
  );
}

async function belongings() {
  const TopicARN = "arn:aws:sns:us-west-2:123456789012:scaling";
  const NotificationTypes = ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"];
  await autoscaling.send(new PutNotificationConfigurationCommand({ ...web, TopicARN, NotificationTypes }));
  const told = await pages(
    paginateDescribeNotificationConfigurations({ client: autoscaling, pageSize: 1 }, { AutoScalingGroupNames: ["web"] }),
  );
  const events = told.flatMap((page) => page.NotificationConfigurations.map((one) => one.NotificationType));
  equal("the paginator gives what a topic is told of", events.sort(), NotificationTypes);
  const StartTime = new Date("2031-02-03T04:05:06Z");
  const action = { ...web, ScheduledActionName: "once", StartTime, MinSize: 0, DesiredCapacity: 0 };
  await autoscaling.send(new PutScheduledUpdateGroupActionCommand(action));
  const [shown] = (await autoscaling.send(new DescribeScheduledActionsCommand(web))).ScheduledUpdateGroupActions;
  equal("a start comes back as the same Date", shown.StartTime, StartTime);
  equal("and its sizes, 0 too", [shown.MinSize, shown.MaxSize, shown.DesiredCapacity], [0, undefined, 0]);
}

async function deletion() {
  const ids = (await described("web")).Instances.map((one) => one.InstanceId);
  await refused(
    "a group with members stays, told as ResourceInUseFault",
    autoscaling,
    new DeleteAutoScalingGroupCommand(web),
    "ResourceInUseFault",
  );
  await autoscaling.send(new DeleteAutoScalingGroupCommand({ ...web, ForceDelete: true }));
  const gone = await waitUntilInstanceTerminated({ client: ec2, ...soon }, { InstanceIds: ids });
  equal("waitUntilInstanceTerminated sees them go", gone.state, "SUCCESS");
  const none = await waitUntilGroupNotExists({ client: autoscaling, ...soon }, { AutoScalingGroupNames: ["web"] });
  equal("waitUntilGroupNotExists sees the group go", none.state, "SUCCESS");
  equal("it is not described any more", await described("web"), undefined);
  await refused(
    "a group that is gone is refused",
    autoscaling,
    new UpdateAutoScalingGroupCommand({ ...web, MinSize: 0 }),
    "ValidationError",
  );
  const words = { InstanceIds: ["i-0123456789abcdef0"] };
  await refused("an unknown instance is not found", ec2, new DescribeInstancesCommand(words), "InvalidInstanceID.NotFound");
}

module.exports = { sizes, lists, members, policies, hooks, belongings, deletion };
