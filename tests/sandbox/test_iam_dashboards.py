"""Policies that name dashboards, which are of no region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:cloudwatch::123456789012:dashboard"
BODY = '{"widgets": []}'


def test_a_dashboard_is_allowed_by_its_name(as_user: Callable[..., Callable[[str], Any]], world: Any) -> None:
    actions = [f"cloudwatch:{verb}" for verb in ("PutDashboard", "GetDashboard", "DeleteDashboards")]
    own = as_user({"Effect": "Allow", "Action": actions, "Resource": f"{ARN}/shop-prod"})("cloudwatch")
    own.put_dashboard(DashboardName="shop-prod", DashboardBody=BODY)
    assert own.get_dashboard(DashboardName="shop-prod")["DashboardArn"] == f"{ARN}/shop-prod"
    with pytest.raises(ClientError, match=r"cloudwatch:PutDashboard on resource: .*dashboard/shop-prod2"):
        own.put_dashboard(DashboardName="shop-prod2", DashboardBody=BODY)
    world.client("cloudwatch").put_dashboard(DashboardName="shop-prod2", DashboardBody=BODY)
    with pytest.raises(ClientError, match="DeleteDashboards"):
        own.delete_dashboards(DashboardNames=["shop-prod", "shop-prod2"])
    own.delete_dashboards(DashboardNames=["shop-prod"])
