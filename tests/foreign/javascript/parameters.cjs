"use strict";
// Parameter Store.

const {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersCommand,
  PutParameterCommand,
  paginateDescribeParameters,
  paginateGetParameterHistory,
  paginateGetParametersByPath,
} = require("@aws-sdk/client-ssm");

const { ssm, that, equal, refused, pages } = require("./driver.cjs");

async function values() {
  const plain = { Name: "/shop/plain", Type: "String", Value: "größer" };
  equal("a new parameter has version 1", (await ssm.send(new PutParameterCommand(plain))).Version, 1);
  await refused("it already exists, told as ParameterAlreadyExists", ssm, new PutParameterCommand(plain), "ParameterAlreadyExists");
  await ssm.send(new PutParameterCommand({ ...plain, Value: "two", Overwrite: true }));
  const got = async (Name, more = {}) => (await ssm.send(new GetParameterCommand({ Name, ...more }))).Parameter;
  const newest = await got("/shop/plain");
  equal("the newest version is what one gets", [newest.Value, newest.Version], ["two", 2]);
  that("it was changed at a Date", newest.LastModifiedDate instanceof Date, newest.LastModifiedDate);
  equal("a version has its value, letter by letter", (await got("/shop/plain:1")).Value, "größer");
  const history = await pages(paginateGetParameterHistory({ client: ssm, pageSize: 1 }, { Name: "/shop/plain" }));
  equal("the paginator gives the history", history.flatMap((page) => page.Parameters.map((one) => one.Version)), [1, 2]);
  await ssm.send(new PutParameterCommand({ Name: "/shop/secret", Type: "SecureString", Value: "hidden" }));
  that("a secret is ciphertext", !(await got("/shop/secret")).Value.includes("hidden"));
  equal("and is decrypted if asked", (await got("/shop/secret", { WithDecryption: true })).Value, "hidden");
  await refused("an unknown one is told as ParameterNotFound", ssm, new GetParameterCommand({ Name: "/nope" }), "ParameterNotFound");
  await refused("and so is an unknown version", ssm, new GetParameterCommand({ Name: "/shop/plain:9" }), "ParameterVersionNotFound");
}

async function many() {
  const names = Array.from({ length: 13 }, (_, number) => `/many/${String(number).padStart(2, "0")}`);
  for (const Name of names) await ssm.send(new PutParameterCommand({ Name, Type: "String", Value: Name }));
  const found = await pages(paginateGetParametersByPath({ client: ssm, pageSize: 5 }, { Path: "/many" }));
  equal("the paginator gives all of a path", found.flatMap((page) => page.Parameters.map((one) => one.Name)).sort(), names);
  that("five a page at most", found.every((page) => page.Parameters.length <= 5));
  const ParameterFilters = [{ Key: "Name", Option: "BeginsWith", Values: ["/many/"] }];
  const described = await pages(paginateDescribeParameters({ client: ssm, pageSize: 10 }, { ParameterFilters }));
  equal("parameters are described by the beginning of their names", described.flatMap((page) => page.Parameters).length, 13);
  const told = await ssm.send(new GetParametersCommand({ Names: [names[0], "/nope"] }));
  equal("getting many tells which are not there", [told.Parameters.length, told.InvalidParameters], [1, ["/nope"]]);
  await refused("eleven at once are too many", ssm, new DeleteParametersCommand({ Names: names.slice(0, 11) }), "ValidationException");
  const gone = await ssm.send(new DeleteParametersCommand({ Names: names.slice(0, 10) }));
  equal("ten can be deleted at once", gone.DeletedParameters.length, 10);
}

module.exports = { values, many };
