"use strict";
// The JavaScript SDK's clients on a sandbox, and the assertions made of what they answer.

const assert = require("node:assert");

const { AutoScalingClient } = require("@aws-sdk/client-auto-scaling");
const { CodeDeployClient } = require("@aws-sdk/client-codedeploy");
const { EC2Client } = require("@aws-sdk/client-ec2");
const { S3Client } = require("@aws-sdk/client-s3");
const { SSMClient } = require("@aws-sdk/client-ssm");
const { STSClient } = require("@aws-sdk/client-sts");

// Endpoint, region and keys come from the environment. Nothing is sent twice: what fails is seen.
const once = { maxAttempts: 1 };
const autoscaling = new AutoScalingClient(once);
const codedeploy = new CodeDeployClient(once);
const ec2 = new EC2Client(once);
const s3 = new S3Client({ ...once, forcePathStyle: true });
const ssm = new SSMClient(once);
const sts = new STSClient(once);

// What udo.example.yml names: it is there from the start.
const IMAGE = "ami-0d1e2c3b4a5968778";
const ZONES = ["us-west-2a", "us-west-2b"];

let count = 0;

/** Asserts that something is so. */
function that(says, holds, shown) {
  count += 1;
  const told = holds || shown === undefined ? "" : `: ${JSON.stringify(shown)}`;
  console.log(`${holds ? "ok" : "not ok"} ${count} - ${says}${told}`);
}

/** Asserts that something is what is wanted, at every depth. */
function equal(says, found, wanted) {
  let same = true;
  try {
    assert.deepStrictEqual(found, wanted);
  } catch {
    same = false;
  }
  that(says, same, { found, wanted });
}

/** Asserts that a command is refused with an error of this name, and returns the error. */
async function refused(says, client, command, name, text = "") {
  try {
    await client.send(command);
  } catch (error) {
    const holds = error.name === name && error.message.includes(text) && error.$metadata.requestId;
    that(says, holds, { name: error.name, message: error.message, metadata: error.$metadata });
    return error;
  }
  that(says, false, "it succeeded");
  return new Error("it succeeded");
}

/** All pages that a paginator gives. It writes token and page size into the input it is handed, so hand it one of its own. */
async function pages(paginator) {
  const found = [];
  for await (const page of paginator) found.push(page);
  return found;
}

/** Makes a group, and returns the ids of its members. */
async function group(name, size, more = {}) {
  const { CreateAutoScalingGroupCommand } = require("@aws-sdk/client-auto-scaling");
  const sizes = { MinSize: 0, MaxSize: 6, DesiredCapacity: size };
  const launch = { LaunchTemplate: { LaunchTemplateName: "base" }, AvailabilityZones: ZONES };
  await autoscaling.send(
    new CreateAutoScalingGroupCommand({ AutoScalingGroupName: name, ...sizes, ...launch, ...more }),
  );
  return (await described(name)).Instances.map((one) => one.InstanceId);
}

/** A group as the SDK shows it; undefined where there is none. */
async function described(name) {
  const { DescribeAutoScalingGroupsCommand } = require("@aws-sdk/client-auto-scaling");
  const found = await autoscaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }));
  return found.AutoScalingGroups[0];
}

/** Plays the parts one after the other; one that fails unexpectedly is a failed assertion. */
async function play(parts) {
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      that(`the part ${part.name} comes to its end`, false, `${error.name}: ${error.message} ${error.stack}`);
    }
  }
  console.log(`1..${count}`);
}

module.exports = {
  ...{ autoscaling, codedeploy, ec2, s3, ssm, sts, IMAGE, ZONES },
  ...{ that, equal, refused, pages, group, described, play },
};
