"use strict";
// CodeDeploy.

const { execFileSync } = require("node:child_process");
const { mkdtempSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const {
  ApplicationDoesNotExistException,
  BatchGetDeploymentTargetsCommand,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
  DeleteApplicationCommand,
  GetApplicationCommand,
  GetApplicationRevisionCommand,
  GetDeploymentCommand,
  ListDeploymentTargetsCommand,
  RegisterApplicationRevisionCommand,
  StopDeploymentCommand,
  UpdateDeploymentGroupCommand,
  paginateListApplicationRevisions,
  paginateListApplications,
  paginateListDeployments,
  waitUntilDeploymentSuccessful,
} = require("@aws-sdk/client-codedeploy");
const { CreateBucketCommand, PutObjectCommand } = require("@aws-sdk/client-s3");

const { codedeploy, s3, that, equal, refused, pages, group } = require("./driver.cjs");

const app = { applicationName: "js" };
const fleet = { ...app, deploymentGroupName: "fleet" };
const commit = (letter) => ({
  revisionType: "GitHub",
  gitHubLocation: { repository: "example/shop", commitId: letter.repeat(40) },
});
const bundle = (key) => ({ revisionType: "S3", s3Location: { bucket: "js-releases", key, bundleType: "tgz" } });
// The smallest bundle that the agent deploys.
const archive = () => {
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  writeFileSync(join(folder, "appspec.yml"), "version: 0.0\nos: linux\n");
  return execFileSync("tar", ["-cz", "-C", folder, "appspec.yml"]);
};
const soon = { maxWaitTime: 30, minDelay: 1, maxDelay: 1 };

async function applications() {
  that("an application has an id", (await codedeploy.send(new CreateApplicationCommand(app))).applicationId);
  await refused(
    "its name is taken once, told as ApplicationAlreadyExistsException",
    codedeploy,
    new CreateApplicationCommand(app),
    "ApplicationAlreadyExistsException",
  );
  await group("fleet", 2);
  const serviceRoleArn = "arn:aws:iam::123456789012:role/sandbox-codedeploy";
  const made = { ...fleet, serviceRoleArn, autoScalingGroups: ["fleet"] };
  await codedeploy.send(new CreateDeploymentGroupCommand(made));
  await refused(
    "a role is an ARN, told as InvalidRoleException",
    codedeploy,
    new CreateDeploymentGroupCommand({ ...made, deploymentGroupName: "other", serviceRoleArn: "role" }),
    "InvalidRoleException",
  );
  const update = { ...app, currentDeploymentGroupName: "fleet", deploymentConfigName: "CodeDeployDefault.AllAtOnce" };
  await codedeploy.send(new UpdateDeploymentGroupCommand(update));
  const found = await pages(paginateListApplications({ client: codedeploy }, {}));
  const names = found.flatMap((page) => page.applications).sort();
  equal("the paginator gives all applications", names, ["js", "shop"]);
}

async function revisions() {
  await codedeploy.send(new RegisterApplicationRevisionCommand({ ...app, revision: commit("a"), description: "first" }));
  await codedeploy.send(new RegisterApplicationRevisionCommand({ ...app, revision: commit("b") }));
  const found = await codedeploy.send(new GetApplicationRevisionCommand({ ...app, revision: commit("a") }));
  equal("a revision keeps its description", found.revisionInfo.description, "first");
  that("it was registered at a Date", found.revisionInfo.registerTime instanceof Date, found.revisionInfo.registerTime);
  await refused(
    "an unknown revision is told as RevisionDoesNotExistException",
    codedeploy,
    new GetApplicationRevisionCommand({ ...app, revision: commit("c") }),
    "RevisionDoesNotExistException",
  );
  const words = { ...app, sortBy: "registerTime", sortOrder: "descending" };
  const listed = await pages(paginateListApplicationRevisions({ client: codedeploy }, words));
  const commits = listed.flatMap((page) => page.revisions.map((one) => one.gitHubLocation.commitId[0]));
  equal("the paginator gives all revisions, the newest first", commits, ["b", "a"]);
}

async function deployments() {
  const create = async (revision, deploymentConfigName) =>
    (await codedeploy.send(new CreateDeploymentCommand({ ...fleet, revision, deploymentConfigName }))).deploymentId;
  const got = async (deploymentId) => (await codedeploy.send(new GetDeploymentCommand({ deploymentId }))).deploymentInfo;
  await s3.send(new CreateBucketCommand({ Bucket: "js-releases", CreateBucketConfiguration: { LocationConstraint: "us-west-2" } }));
  await s3.send(new PutObjectCommand({ Bucket: "js-releases", Key: "one.tgz", Body: archive() }));
  const first = await create(bundle("one.tgz"));
  const going = await got(first);
  that("a new deployment is on its way", ["Created", "Queued", "InProgress"].includes(going.status), going.status);
  const waited = await waitUntilDeploymentSuccessful({ client: codedeploy, ...soon }, { deploymentId: first });
  equal("waitUntilDeploymentSuccessful sees it end", waited.state, "SUCCESS");
  const done = await got(first);
  equal("it has succeeded on both members", done.deploymentOverview.Succeeded, 2);
  that("its times are Dates, one after the other", done.createTime <= done.startTime && done.startTime <= done.completeTime);
  const { targetIds } = await codedeploy.send(new ListDeploymentTargetsCommand({ deploymentId: first }));
  const told = await codedeploy.send(new BatchGetDeploymentTargetsCommand({ deploymentId: first, targetIds }));
  const kinds = told.deploymentTargets.map((one) => [one.deploymentTargetType, one.instanceTarget.status]);
  equal("its targets are instances that succeeded", kinds, Array(2).fill(["InstanceTarget", "Succeeded"]));
  const lost = await create(bundle("nope.tgz"));
  const error = await waitUntilDeploymentSuccessful({ client: codedeploy, ...soon }, { deploymentId: lost }).catch((one) => one);
  that("the waiter ends where a deployment fails", error instanceof Error && error.message.includes("FAILURE"), error);
  equal("which says that the bundle is missing", (await got(lost)).errorInformation.code, "REVISION_MISSING");
  const stopped = await create(commit("a"), "CodeDeployDefault.OneAtATime");
  await refused(
    "one at a time, told as DeploymentLimitExceededException",
    codedeploy,
    new CreateDeploymentCommand({ ...fleet, revision: commit("b") }),
    "DeploymentLimitExceededException",
  );
  const answer = await codedeploy.send(new StopDeploymentCommand({ deploymentId: stopped }));
  that("a deployment is stopped", ["Pending", "Succeeded"].includes(answer.status), answer);
  const end = await waitUntilDeploymentSuccessful({ client: codedeploy, ...soon }, { deploymentId: stopped }).catch((one) => one);
  equal("and is Stopped, where the waiter ends", [end instanceof Error, (await got(stopped)).status], [true, "Stopped"]);
  const listed = await pages(paginateListDeployments({ client: codedeploy }, { ...fleet }));
  equal("the paginator gives them, the newest first", listed.flatMap((page) => page.deployments), [stopped, lost, first]);
}

async function deletion() {
  await codedeploy.send(new DeleteApplicationCommand(app));
  const error = await refused(
    "a deleted application is told as ApplicationDoesNotExistException",
    codedeploy,
    new GetApplicationCommand(app),
    "ApplicationDoesNotExistException",
  );
  that("which is the SDK's own class", error instanceof ApplicationDoesNotExistException);
}

module.exports = { applications, revisions, deployments, deletion };
