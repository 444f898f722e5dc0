#!/usr/bin/env bash
# @aws-sdk/client-ssm 3.1169.0: a paginator writes into the input object that it is handed.
#
# paginateDescribeParameters(config, input) leaves NextToken (and the page size, as MaxResults) of its last request in
# `input`. Whoever keeps one input object and pages through it twice gets the second listing from its last page on,
# without an error: here 2 names the first time, and 1 the second.
#
# Seen (Node.js 20):
#   first: a b; input afterwards: {"NextToken":"2","MaxResults":1}
#   second: b
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund "@aws-sdk/client-ssm@3.1169.0" >/dev/null
cat > program.cjs <<'JS'
const http = require("node:http");
const { SSMClient, paginateDescribeParameters } = require("@aws-sdk/client-ssm");
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    const last = JSON.parse(body).NextToken === "2";
    response.setHeader("Content-Type", "application/x-amz-json-1.1");
    response.end(JSON.stringify(last ? { Parameters: [{ Name: "b" }] } : { Parameters: [{ Name: "a" }], NextToken: "2" }));
  });
});
server.listen(0, "127.0.0.1", async () => {
  const client = new SSMClient({
    region: "us-west-2",
    endpoint: `http://127.0.0.1:${server.address().port}`,
    credentials: { accessKeyId: "AKIAEXAMPLEEXAMPLE12", secretAccessKey: "none" },
  });
  const input = {};
  const names = async () => {
    const found = [];
    for await (const page of paginateDescribeParameters({ client, pageSize: 1 }, input)) found.push(...page.Parameters.map((one) => one.Name));
    return found.join(" ");
  };
  console.log(`first: ${await names()}; input afterwards: ${JSON.stringify(input)}`);
  console.log(`second: ${await names()}`);
  process.exit(0);
});
JS
NODE_NO_WARNINGS=1 no_proxy='*' node program.cjs | tee seen
diff - seen <<'SEEN'
first: a b; input afterwards: {"NextToken":"2","MaxResults":1}
second: b
SEEN
