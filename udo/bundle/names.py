"""The names of lifecycle events, as the agent and the service know them."""

from __future__ import annotations

HOOKS = (
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "ApplicationStop",
    "BeforeInstall",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
EVENTS = (*HOOKS, "DownloadBundle", "Install")
# These run what the last Install has left, as long as the deployment's own bundle is not there.
OF_THE_LAST = ("BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop")
# No deployment comes to these but behind a load balancer.
BEHIND_A_LOAD_BALANCER = ("BeforeAllowTraffic", "AfterAllowTraffic")
