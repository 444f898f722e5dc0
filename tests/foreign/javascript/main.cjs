"use strict";
// Drives the JavaScript SDK in the environment of a sandbox; NODE_PATH names the folder of its packages.

const { play } = require("./driver.cjs");

play([
  ...Object.values(require("./launch.cjs")),
  ...Object.values(require("./groups.cjs")),
  ...Object.values(require("./parameters.cjs")),
  ...Object.values(require("./deployments.cjs")),
]);
