"""dashboard: what it shows of a cluster, what differs, and that it is put once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alarm_worlds import cloudwatch
from dashboard_worlds import NAME, PUT, SAYS, SHOW, behind_balancers, dashboards, live, put, widgets, write
from deploy_worlds import at, begin, config, end, writes
from refresh_worlds import begin as begin_refresh

from udo.sandbox.faults import Fault
from udo.sandbox.strict.cloudwatch import dashboards as sandboxed

Udo = Callable[..., Any]


@pytest.fixture
def shop(world: Any, seeded: Callable[..., Any]) -> Any:
    seeded(config())
    write()
    world.log.clear()
    return world


def body(udo: Udo, *words: str) -> dict[str, Any]:
    done = udo(*SHOW, *words, "-o", "body")
    assert done.exit == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_it_is_made_as_it_was_shown_and_a_third_run_writes_nothing(shop: Any, udo: Udo) -> None:
    wanted = body(udo)
    told = udo(*SHOW)
    assert "+ webapp: alarm slow" in told.stdout
    assert told.stdout.endswith("dashboard shop-prod does not exist: 'udo dashboard prod --put' puts it\n")
    planned = udo(*PUT, "--dry-run")
    assert "1. make dashboard shop-prod" in planned.stdout
    assert writes(shop) == []
    done = udo(*PUT)
    assert (done.exit, done.stdout) == (0, "dashboard shop-prod is made\n"), done.stderr
    assert live(shop) == wanted
    assert writes(shop) == ["PutDashboard"]
    again = udo(*PUT)
    assert (again.exit, again.stdout) == (0, "dashboard shop-prod is as it should be\n")
    assert udo(*SHOW).stdout == again.stdout
    assert writes(shop) == ["PutDashboard"]
    assert dashboards(shop) == [NAME]


def test_what_users_feel_comes_first_then_each_role_with_its_alarms(shop: Any, udo: Udo) -> None:
    target, balancer = behind_balancers(shop)
    found = body(udo)
    graphs = widgets(found)
    assert list(graphs) == [
        *(f"webapp: {what}" for what in ("latency", "5xx", "hosts", "depth of jobs", "age of jobs")),
        *(f"webapp: {what}" for what in ("capacity", "health", "CPU", "alarm depth", "alarm slow", "alarm rate")),
        *(f"{what}" for what in ("webapp: alarms", "web: capacity", "web: health", "web: CPU")),
    ]
    of = ["TargetGroup", target, "LoadBalancer", balancer]
    latency = graphs["webapp: latency"]["metrics"]
    assert ["AWS/ApplicationELB", "TargetResponseTime", *of, {"stat": "p99", "label": "p99"}] in latency
    assert ["AWS/ELB", "Latency", "LoadBalancerName", "old", {"stat": "p50", "label": "p50"}] in latency
    assert ["AWS/ApplicationELB", "HealthyHostCount", *of, {"stat": "Minimum"}] in graphs["webapp: hosts"]["metrics"]
    failed = graphs["webapp: 5xx"]["metrics"]
    assert ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", balancer, {"stat": "Sum"}] in failed
    names = [row[1] for row in graphs["web: capacity"]["metrics"]]
    assert names == ["GroupMinSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize"]
    assert {row[3] for row in graphs["web: CPU"]["metrics"]} == {"prod-web"}
    assert udo(*PUT).exit == 0


def test_alarms_are_drawn_with_their_thresholds_percentiles_and_calculations(shop: Any, udo: Udo) -> None:
    graphs = widgets(body(udo))
    slow = graphs["webapp: alarm slow"]
    assert slow["metrics"] == [["Shop", "Latency", {"stat": "p99"}]]
    assert slow["annotations"]["horizontal"] == [
        {"label": "at least 2.5 for 2 of 3 x 5m", "value": 2.5, "fill": "above"}
    ]
    assert slow["period"] == 300
    rate = graphs["webapp: alarm rate"]
    assert rate["metrics"] == [
        [{"expression": "lost / jobs", "id": "rate"}],
        ["Shop", "Lost", {"id": "lost", "period": 60, "stat": "Sum", "visible": False}],
        ["Shop", "Jobs", {"id": "jobs", "period": 60, "stat": "Sum", "visible": False}],
    ]
    assert rate["annotations"]["horizontal"][0] == {"label": "below 1 for 3 x 1m", "value": 1, "fill": "below"}
    start = "arn:aws:cloudwatch:us-west-2:123456789012:alarm:prod-webapp"
    assert graphs["webapp: alarms"]["alarms"] == [f"{start}-{name}" for name in ("any", "depth", "slow", "rate")]


def test_deployments_and_refreshes_are_markers_and_the_same_lists_give_the_same_ones(shop: Any, udo: Udo) -> None:
    begin(shop)
    end(shop)
    begin_refresh(shop)
    shop.clock.step(7200)
    shop.advance()
    assert udo(*PUT).exit == 0
    marked = widgets(live(shop))["webapp: CPU"]["annotations"]["vertical"]
    assert [one["label"] for one in marked] == ["deploy 740800d", "refresh"]
    assert marked[0]["value"] < marked[1]["value"]
    assert "annotations" not in widgets(live(shop))["web: CPU"]
    shop.clock.step(86_400)
    shop.advance()
    assert (udo(*PUT).exit, writes(shop).count("PutDashboard")) == (0, 1)
    begin(shop, "1" * 40)
    told = udo(*SHOW)
    assert f"~ webapp: markers  2, the last refresh {marked[1]['value']} -> 3, the last deploy 1111111" in told.stdout


@pytest.mark.whole
def test_of_many_deployments_the_last_ten_are_marked(shop: Any, udo: Udo) -> None:
    for number in range(12):
        begin(shop, f"{number:x}" * 40)
        end(shop)
    marked = widgets(body(udo))["webapp: capacity"]["annotations"]["vertical"]
    assert [one["label"] for one in marked] == [
        f"deploy {number:x}{number:x}{number:x}{number:x}{number:x}{number:x}{number:x}" for number in range(2, 12)
    ]


@pytest.mark.whole
def test_markers_that_aws_does_not_tell_stay_as_they_are(shop: Any, udo: Udo) -> None:
    begin(shop)
    end(shop)
    assert udo(*PUT).exit == 0
    before = live(shop)
    shop.faults.add(Fault("deny", "ListDeployments", times=None))
    done = udo(*PUT)
    assert (done.exit, done.stdout) == (0, "dashboard shop-prod is as it should be\n")
    assert "continuing without new markers of prod webapp" in done.stderr
    assert live(shop) == before


def test_another_spelling_of_the_same_is_equal(shop: Any, udo: Udo) -> None:
    assert udo(*PUT).exit == 0
    spelled = json.dumps(dict(reversed(live(shop).items())), indent=4).replace('"value": 500', '"value": 500.0')
    cloudwatch(shop).put_dashboard(DashboardName=NAME, DashboardBody=spelled)
    shop.log.clear()
    assert udo(*PUT).stdout == "dashboard shop-prod is as it should be\n"
    assert writes(shop) == []


def test_what_differs_is_told_by_the_titles_of_widgets(shop: Any, udo: Udo) -> None:
    assert udo(*PUT).exit == 0
    write(SAYS.replace("above: 500", "above: 600").replace("slow: {metric: Shop/Latency", "slow: {metric: Shop/Time"))
    told = udo(*SHOW).stdout.splitlines()
    assert "  ~ webapp: alarm depth, thresholds  above 500 for 3 x 1m -> above 600 for 3 x 1m" in told
    assert "  ~ webapp: alarm slow, metrics      Latency p99 -> Time p99" in told
    assert len([line for line in told if line.startswith("  ")]) == 2


def test_the_document_has_these_keys(shop: Any, udo: Udo) -> None:
    data = udo(*SHOW, "-o", "json").json["data"]
    assert list(data) == ["name", "state", "differences"]
    assert (data["name"], data["state"]) == (NAME, "absent")
    assert data["differences"][0] == {"key": "prod", "old": "none", "new": "text"}
    assert udo(*PUT).exit == 0
    assert udo(*SHOW, "-o", "json").json["data"] == {"name": NAME, "state": "equal", "differences": []}


def test_a_role_shows_its_part_alone(shop: Any, udo: Udo) -> None:
    found = widgets(body(udo, "web"))
    assert list(found) == ["web: capacity", "web: health", "web: CPU"]
    assert udo(*PUT).exit == 0
    write(SAYS.replace("above: 500", "above: 600"))
    assert udo(*SHOW, "web").stdout == "web of dashboard shop-prod is as it should be\n"
    assert "~ webapp: alarm depth, thresholds" in udo(*SHOW, "webapp").stdout
    told = udo(*SHOW, "web", "--put")
    assert (told.exit, told.stderr.splitlines()[-1]) == (
        2,
        "udo: --put and --delete are for the dashboard of the whole cluster: leave ROLE out",
    )


def test_a_dashboard_of_somebody_else_is_left(shop: Any, udo: Udo) -> None:
    theirs = {"widgets": [{"type": "text", "properties": {"markdown": "made by udo: cluster `prod` of `other`"}}]}
    put(shop, theirs)
    shop.log.clear()
    for words in (PUT, (*SHOW, "--delete", "--yes")):
        done = udo(*words)
        assert done.exit == 4, done.stderr
        assert "dashboard shop-prod exists and is not managed by Udo" in done.stderr
    assert "is not managed by Udo, and --put refuses it" in udo(*SHOW).stdout
    assert (live(shop), writes(shop)) == (theirs, [])


def test_a_widget_that_somebody_added_is_named_before_it_goes(shop: Any, udo: Udo) -> None:
    assert udo(*PUT).exit == 0
    added = {"type": "text", "x": 0, "y": 90, "width": 6, "height": 2, "properties": {"markdown": "# on call\ncall me"}}
    put(shop, {**live(shop), "widgets": [*live(shop)["widgets"], added]})
    refused = udo(*PUT)
    assert refused.exit == 7
    assert "Remove on call from dashboard shop-prod?" in refused.stderr
    assert "  - on call  text" in udo(*SHOW).stdout
    assert udo(*PUT, "--yes").exit == 0
    assert "on call" not in json.dumps(live(shop))


def test_what_was_put_meanwhile_is_not_overwritten(shop: Any, udo: Udo) -> None:
    assert udo(*PUT).exit == 0
    write(SAYS.replace("above: 500", "above: 600"))
    theirs = {**live(shop), "start": "-PT6H"}
    at(shop, "sts:GetCallerIdentity", lambda: put(shop, theirs), nth=2)
    done = udo(*PUT)
    assert done.exit == 4, done.stderr
    assert live(shop) == theirs


@pytest.mark.whole
def test_it_is_deleted_once(shop: Any, udo: Udo) -> None:
    assert udo(*PUT).exit == 0
    put(shop, {"widgets": []}, "shop-prod2")
    refused = udo(*SHOW, "--delete")
    assert refused.exit == 7
    assert "Delete dashboard shop-prod with its" in refused.stderr
    done = udo(*SHOW, "--delete", "--yes")
    assert (done.exit, done.stdout) == (0, "dashboard shop-prod is deleted\n")
    assert dashboards(shop) == ["shop-prod2"]
    assert udo(*SHOW, "--delete", "--yes").stdout == "there is no dashboard shop-prod\n"


@pytest.mark.whole
def test_what_aws_refuses_is_told_by_the_titles_of_widgets(shop: Any, udo: Udo) -> None:
    write(SAYS.replace("Stat: Sum", "Stat: Mean"))
    refused = udo(*PUT)
    assert refused.exit == 1
    told = refused.stderr.splitlines()[-1]
    assert "The dashboard body is invalid, there are 4 validation errors" in told
    assert "'webapp: alarm rate'/properties/metrics/2/2" in told
    assert dashboards(shop) == []


@pytest.mark.whole
def test_what_aws_warns_of_is_told_by_the_titles_of_widgets(shop: Any, udo: Udo, monkeypatch: Any) -> None:
    known = [name for name in sandboxed._OF_A_WIDGET if name != "height"]
    monkeypatch.setattr(sandboxed, "_OF_A_WIDGET", known)
    done = udo(*PUT)
    assert done.exit == 0
    assert "warning: AWS says: 'prod' The \"height\" property is not expected" in done.stderr
    assert "; 'webapp: capacity' The" in done.stderr


@pytest.mark.whole
def test_a_dashboard_over_the_size_of_aws_is_an_error_at_the_alarms(shop: Any, udo: Udo) -> None:
    many = ", ".join(f"a{number}: {{metric: Shop/Depth, above: 1}}" for number in range(500))
    write(f"alarms: {{{many}}}")
    done = udo(*SHOW)
    assert done.exit == 2
    assert re.fullmatch(
        r"udo.yml:12:\d+: a dashboard has at most 500 widgets, and this would have 514; "
        "prod webapp has the most: take some of its alarms out",
        done.stderr.splitlines()[-1],
    )


@pytest.mark.whole
def test_a_group_that_is_not_there_and_capacity_that_is_not_measured_are_told(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-web", ForceDelete=True)
    told = udo(*SHOW).stderr
    assert "prod-web does not exist: prod web shows nothing yet" in told
    assert "capacity of prod-webapp is not measured: add metrics: [GroupMinSize, " in told


def test_many_groups_that_are_not_there_are_one_note(shop: Any, udo: Udo) -> None:
    text = Path("udo.yml").read_text()
    many = "".join(f"      new{number}: {{}}\n" for number in range(20))
    Path("udo.yml").write_text(text.replace("    roles:\n", f"    roles:\n{many}", 1))
    notes = [line for line in udo(*SHOW).stderr.splitlines() if "not exist" in line]
    names = ", ".join(f"prod-new{number}" for number in range(8))
    assert notes == [f"{names} and 12 more do not exist: their parts show nothing yet"]


def test_capacity_that_is_measured_in_part_says_what_is_missing(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").enable_metrics_collection(
        AutoScalingGroupName="prod-webapp", Granularity="1Minute", Metrics=["GroupDesiredCapacity", "GroupMaxSize"]
    )
    told = udo(*SHOW).stderr
    assert "capacity of prod-webapp is measured without GroupMinSize, GroupInServiceInstances: add metrics: [" in told


@pytest.mark.whole
def test_protected_clusters_ask(shop: Any, udo: Udo) -> None:
    write(more="protected: true")
    refused = udo(*PUT)
    assert refused.exit == 7
    assert "is protected" in refused.stderr
    assert udo(*PUT, "--yes").exit == 0


@pytest.mark.whole
def test_roles_of_several_regions_share_a_dashboard(shop: Any, udo: Udo) -> None:
    text = Path("udo.yml").read_text()
    Path("udo.yml").write_text(text.replace("web: {", "web: {region: eu-west-1, ", 1))
    assert {one["region"] for name, one in widgets(body(udo)).items() if name.startswith("web: ")} == {"eu-west-1"}
    assert udo(*PUT).exit == 0
    assert dashboards(shop) == [NAME]


@pytest.mark.whole
def test_roles_of_several_accounts_do_not(shop: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    # The sandbox is one account.
    accounts = {"us-west-2": "123456789012", "eu-west-1": "210987654321"}
    told = lambda aws: (accounts[aws.region], f"arn:aws:iam::{accounts[aws.region]}:user/op")  # noqa: E731
    monkeypatch.setattr("udo.aws.Aws.identity", told)
    text = Path("udo.yml").read_text()
    Path("udo.yml").write_text(text.replace("web: {", "web: {region: eu-west-1, ", 1))
    refused = udo(*PUT)
    assert refused.exit == 2
    assert "a dashboard shows one account: prod webapp in 123456789012, prod web in 210987654321" in refused.stderr
    assert list(widgets(body(udo, "web"))) == ["web: capacity", "web: health", "web: CPU"]
