"""Writes what is made from something else: the Grafana dashboard, and the alert rules in the forms that Kubernetes takes.

make deploy-files      (a test holds them equal to what this writes)
"""

import json
import sys
from pathlib import Path

import yaml
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

HERE = Path(__file__).parent
SOURCE = DataSourceRef("prometheus", "${datasource}")
CHOSEN = ('job=~"$job"', 'instance=~"$instance"')
SET_BY_APPLICATION = ('cookie="__undeclared__"', 'direction="response"', 'action=~"block|report"')


def of(name: str, *more: str) -> str:
    """A metric of the jobs and instances that are chosen, with these matchers besides."""
    return name + "{" + ", ".join((*CHOSEN, *more)) + "}"


def ours(name: str, *more: str) -> str:
    return of("cookiewarden_" + name, *more)


def rate(by: str, name: str, *more: str) -> str:
    """A counter of ours, a second, by a label."""
    return f"sum by ({by}) (rate({ours(name, *more)}[$__rate_interval]))"


def risen(name: str, *more: str) -> str:
    """A counter of ours, over the time that is shown."""
    return f"sum(increase({ours(name, *more)}[$__range]))"


def quantiles(name: str, *shares: float) -> list[tuple[str, str]]:
    found = f"sum by (le) (rate({ours(name)}[$__rate_interval]))"
    return [(f"histogram_quantile({share}, {found})", f"p{share * 100:g}") for share in shares]


def query(expression: str, legend: str = "", instant: bool = False) -> prometheus.Dataquery:
    found = prometheus.Dataquery().expr(expression).legend_format(legend)
    return found.instant().format(PromQueryFormat.TABLE) if instant else found.range()


def number(
    title: str,
    expression: str,
    help: str,
    unit: str = "short",
    red_from: float | None = None,
    red_below: float | None = None,
) -> stat.Panel:
    steps = [Threshold(None, "green")]
    if red_from is not None:
        steps.append(Threshold(red_from, "red"))
    if red_below is not None:
        steps = [Threshold(None, "red"), Threshold(red_below, "green")]
    return (
        stat.Panel().title(title).description(help).datasource(SOURCE).unit(unit).height(4).span(4)
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .with_target(query(expression))
    )  # fmt: skip


def lines(
    title: str, help: str, unit: str, *queries: tuple[str, str], stacked: bool = False, span: int = 12
) -> timeseries.Panel:
    panel = (
        timeseries.Panel().title(title).description(help).datasource(SOURCE).unit(unit).height(8).span(span).min(0).fill_opacity(20 if stacked else 5)
        .legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True))
    )  # fmt: skip
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for expression, legend in queries:
        panel = panel.with_target(query(expression, legend))
    return panel


def listed(title: str, help: str, expression: str) -> table.Panel:
    hidden = {"Time": True, "__name__": True, "job": True, "instance": True}
    return (
        table.Panel().title(title).description(help).datasource(SOURCE).height(8).span(12)
        .with_target(query(expression, instant=True))
        .with_transformation(DataTransformerConfig("organize", options={"excludeByName": hidden}))
    )  # fmt: skip


def truth() -> list[stat.Panel]:
    undeclared = risen("cookies_total", *SET_BY_APPLICATION)
    return [
        number("Enforcing", f"min({ours('policy_enforcing')})", "1 where every proxy enforces its policy, 0 where one only reports.", red_below=1),
        number("Policies at once", f"count(count by (sha256) ({ours('policy_info')}))", "More than one for longer than a rollout: proxies enforce different policies.", red_from=2),
        number("Policy file", f"min({ours('config_last_reload_successful')})", "0: the file has errors, the old policy stays in force.", red_below=1),
        number("Undeclared, set", undeclared, "Set-Cookie lines of the application that are in no entry, in the time shown.", red_from=1),
        number("Own faults", risen("policy_errors_total"), "Cookies that could not be judged: a bug.", red_from=1),
        number("Next entry ends in", f"min({ours('entry_expiry_timestamp_seconds')} - time() > 0)", "Of the policy's dated exceptions.", unit="s"),
    ]  # fmt: skip


def cookies() -> list[timeseries.Panel | table.Panel]:
    kept_out = rate("cookie", "cookies_total", 'action=~"block|strip|evict"')
    done = f"sum by (cookie, direction, action) (increase({ours('cookies_total')}[$__range])) > 0"
    return [
        lines("Set by the application, by what was done", "Set-Cookie lines a second.", "cps", (rate("action", "cookies_total", 'direction="response"'), "{{action}}"), stacked=True),
        lines("Sent by browsers, by what was done", "Cookies in requests a second.", "cps", (rate("action", "cookies_total", 'direction="request"'), "{{action}}"), stacked=True),
        lines("Not as declared, by reason", "The reasons are in the policy reference. Enforced or only reported.", "cps", (rate("reason", "violations_total"), "{{reason}}")),
        lines("Kept out, by entry", "Blocked, stripped and expired cookies a second. __undeclared__: in no entry; their names are in the proxy's inventory.", "cps", (f"topk(10, {kept_out})", "{{cookie}}")),
        listed("What was done, by entry", "In the time shown.", done),
        lines("Set by scripts", "What the guard told: with inject_guard only.", "cps", (rate("action", "cookies_total", 'direction="script"'), "{{action}}")),
        lines("Pages under the guard", "By what became of its tag: with inject_guard only.", "cps", (rate("result", "guard_pages_total"), "{{result}}")),
        lines("What the policy that is tried would do", "Only with --shadow.", "cps", (rate("action", "shadow_cookies_total"), "{{action}}"), stacked=True),
        lines("Its reasons", "Only with --shadow.", "cps", (rate("reason", "shadow_violations_total"), "{{reason}}")),
    ]  # fmt: skip


def traffic() -> list[timeseries.Panel]:
    failures = [
        (rate("reason", "upstream_errors_total"), "application: {{reason}}"),
        (rate("reason", "client_errors_total"), "client: {{reason}}"),
        (f"sum(rate({ours('forwarded_replaced_total')}[$__rate_interval]))", "X-Forwarded replaced"),
        (f"sum(rate({ours('alt_svc_dropped_total')}[$__rate_interval]))", "Alt-Svc dropped"),
    ]
    connections = [
        (f"sum by (side, state) ({ours('connections')})", "{{side}} {{state}}"),
        (f"sum({ours('requests_in_flight')})", "requests in flight"),
    ]
    return [
        lines("Requests", "Answered, a second.", "reqps", (rate("code_class", "requests_total"), "{{code_class}}"), stacked=True),
        lines("Failures", "Of the application and of clients, a second.", "cps", *failures),
        lines("Duration", "From the request head to the end of the response.", "s", *quantiles("request_duration_seconds_bucket", 0.5, 0.95, 0.99)),
        lines("The proxy's own share", "Of the duration.", "s", *quantiles("overhead_seconds_bucket", 0.5, 0.99)),
        lines("Connections", "Open, by side and state.", "short", *connections),
    ]  # fmt: skip


def processes() -> list[timeseries.Panel | table.Panel]:
    only_ours = "and on (job, instance) cookiewarden_build_info"
    cpu = f"rate({of('process_cpu_seconds_total')}[$__rate_interval]) {only_ours}"
    memory = f"{of('process_resident_memory_bytes')} {only_ours}"
    replaced = f"sum by (instance) (increase({ours('workers_replaced_total')}[$__rate_interval]))"
    reloads = f"sum by (result) (increase({ours('config_reloads_total')}[$__rate_interval]))"
    runs = f"{ours('policy_info')} * on (job, instance) group_left (version, python) {ours('build_info')}"
    age = f"time() - {ours('config_last_reload_success_timestamp_seconds')}"
    return [
        lines("CPU", "Cores.", "short", (cpu, "{{instance}}"), span=8),
        lines("Memory", "Resident.", "bytes", (memory, "{{instance}}"), span=8),
        lines("Workers", "Processes that serve, and those that died.", "short", (f"sum by (instance) ({ours('workers')})", "{{instance}}"), (replaced, "{{instance}} replaced"), span=8),
        lines("Reloads", "Of the policy.", "short", (reloads, "{{result}}"), span=8),
        lines("Age of the policy in force", "Since it was loaded.", "s", (age, "{{instance}}"), span=8),
        lines("Emergency switch", "Seconds until it goes back by itself.", "s", (f"{ours('mode_switch_end_timestamp_seconds')} - time() > 0", "{{instance}}"), span=8),
        listed("What runs", "Builds and policies.", runs),
        listed("The policy that is tried", "Only with --shadow.", f"{ours('shadow_policy_info')} * on (job, instance) {ours('shadow_last_reload_successful')}"),
    ]  # fmt: skip


def grafana() -> dashboard.Dashboard:
    board = (
        dashboard.Dashboard("cookiewarden")
        .uid("cookiewarden")
        .tags(["cookiewarden", "privacy"])
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_variable("job", "label_values(cookiewarden_build_info, job)"))
        .with_variable(_variable("instance", 'label_values(cookiewarden_build_info{job=~"$job"}, instance)'))
    )
    rows = {
        "Is the statement true?": truth(),
        "Cookies": cookies(),
        "Traffic": traffic(),
        "Processes": processes(),
    }
    for title, panels in rows.items():
        board = board.with_row(dashboard.Row(title))
        for panel in panels:
            board = board.with_panel(panel)
    return board


def _variable(name: str, expression: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name).query(expression).datasource(SOURCE).multi(True).include_all(True).all_value(".+")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )  # fmt: skip


def files() -> dict[Path, str]:
    """Everything that is generated, by where it stands."""
    rules = yaml.safe_load((HERE / "prometheus" / "rules.yaml").read_text())
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "cookiewarden"},
        "spec": rules,
    }
    said = "# Written by deploy/generate.py from deploy/prometheus/rules.yaml.\n"
    board = json.loads(JSONEncoder(sort_keys=True).encode(grafana().build()))
    return {
        HERE / "prometheus" / "prometheusrule.yaml": said + yaml.safe_dump(resource, sort_keys=False, width=1000),
        HERE / "helm" / "cookiewarden" / "rules.yaml": yaml.safe_dump(rules, sort_keys=False, width=1000),
        HERE / "grafana" / "cookiewarden.json": json.dumps(board, indent=1, sort_keys=True) + "\n",
    }


def main() -> int:
    for path, text in files().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
