"use strict";
// Who one is, launch templates, instances, launch configurations.

const {
  CreateLaunchConfigurationCommand,
  DeleteLaunchConfigurationCommand,
  paginateDescribeLaunchConfigurations,
} = require("@aws-sdk/client-auto-scaling");
const {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeLaunchTemplatesCommand,
  ModifyLaunchTemplateCommand,
  paginateDescribeLaunchTemplateVersions,
  paginateDescribeLaunchTemplates,
} = require("@aws-sdk/client-ec2");
const { GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const { autoscaling, ec2, sts, IMAGE, that, equal, refused, pages } = require("./driver.cjs");

async function identity() {
  const found = await sts.send(new GetCallerIdentityCommand({}));
  equal("STS names the account", found.Account, "123456789012");
}

async function templates() {
  const LaunchTemplateData = { ImageId: IMAGE, InstanceType: "t3.small", EbsOptimized: false };
  const base = { LaunchTemplateName: "base", LaunchTemplateData };
  const made = (await ec2.send(new CreateLaunchTemplateCommand(base))).LaunchTemplate;
  equal("a new launch template has version 1, a number", made.LatestVersionNumber, 1);
  that("it was made at a time, a Date", made.CreateTime instanceof Date && !Number.isNaN(+made.CreateTime));
  await refused(
    "a template's name is taken once",
    ec2,
    new CreateLaunchTemplateCommand(base),
    "InvalidLaunchTemplateName.AlreadyExistsException",
  );
  for (const InstanceType of ["m5.large", "m5.xlarge"]) {
    const change = { LaunchTemplateName: "base", SourceVersion: "1", LaunchTemplateData: { InstanceType } };
    await ec2.send(new CreateLaunchTemplateVersionCommand(change));
  }
  const found = await pages(
    paginateDescribeLaunchTemplateVersions({ client: ec2, pageSize: 2 }, { LaunchTemplateName: "base" }),
  );
  const numbers = found.flatMap((page) => page.LaunchTemplateVersions.map((one) => one.VersionNumber));
  equal("the paginator gives all versions, the newest first", numbers, [3, 2, 1]);
  that("in pages of two at most", found.every((page) => page.LaunchTemplateVersions.length <= 2), found);
  equal("a flag that is false comes back", found[0].LaunchTemplateVersions[0].LaunchTemplateData.EbsOptimized, false);
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName: "base", DefaultVersion: "3" }));
  const shown = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: "base", Versions: ["$Default"] }),
  );
  const data = shown.LaunchTemplateVersions[0];
  equal("the default is another version then", [data.VersionNumber, data.DefaultVersion], [3, true]);
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName: "base", DefaultVersion: "1" }));
  const unknown = { LaunchTemplateName: "base", Versions: ["9"] };
  await refused(
    "an unknown version is refused",
    ec2,
    new DescribeLaunchTemplateVersionsCommand(unknown),
    "InvalidLaunchTemplateId.VersionNotFound",
  );
  await refused(
    "an unknown template is refused",
    ec2,
    new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ["nope"] }),
    "InvalidLaunchTemplateName.NotFoundException",
  );
  const every = await pages(paginateDescribeLaunchTemplates({ client: ec2, pageSize: 2 }, {}));
  const names = every.flatMap((page) => page.LaunchTemplates.map((one) => one.LaunchTemplateName));
  that("all templates are listed, two a page", every.length >= 2 && names.includes("stage-webapp"), names);
  await refused(
    "a malformed id is told as one",
    ec2,
    new DescribeInstancesCommand({ InstanceIds: ["i-nope"] }),
    "InvalidInstanceID.Malformed",
  );
}

async function configurations() {
  const named = (name) => ({ LaunchConfigurationName: name, ImageId: IMAGE, InstanceType: "t3.small" });
  const mapping = { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 9, VolumeType: "gp3", Encrypted: true } };
  for (const name of ["js-1", "js-2", "js-3"]) {
    await autoscaling.send(
      new CreateLaunchConfigurationCommand({
        ...named(name),
        BlockDeviceMappings: [mapping],
        MetadataOptions: { HttpTokens: "required" },
      }),
    );
  }
  const found = await pages(paginateDescribeLaunchConfigurations({ client: autoscaling, pageSize: 1 }, {}));
  const all = found.flatMap((page) => page.LaunchConfigurations);
  const names = all.map((one) => one.LaunchConfigurationName).sort();
  equal("the paginator gives all configurations", names, ["js-1", "js-2", "js-3", "prod-webapp-v1"]);
  const one = all.find((each) => each.LaunchConfigurationName === "js-1");
  equal("a mapping comes back as it was", one.BlockDeviceMappings, [mapping]);
  equal("so do metadata options", one.MetadataOptions, { HttpTokens: "required" });
  await refused(
    "a configuration's name is taken once, told as AlreadyExistsFault",
    autoscaling,
    new CreateLaunchConfigurationCommand(named("js-1")),
    "AlreadyExistsFault",
  );
  await refused(
    "a configuration in use stays, told as ResourceInUseFault",
    autoscaling,
    new DeleteLaunchConfigurationCommand({ LaunchConfigurationName: "prod-webapp-v1" }),
    "ResourceInUseFault",
  );
  await refused(
    "an unknown configuration is told as ValidationError",
    autoscaling,
    new DeleteLaunchConfigurationCommand({ LaunchConfigurationName: "nope" }),
    "ValidationError",
  );
  for (const name of ["js-1", "js-2", "js-3"])
    await autoscaling.send(new DeleteLaunchConfigurationCommand({ LaunchConfigurationName: name }));
}

module.exports = { identity, templates, configurations };
