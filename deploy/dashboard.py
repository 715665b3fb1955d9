"""The Grafana dashboard, built with Grafana's Foundation SDK."""

import json

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

SOURCE = DataSourceRef("prometheus", "${datasource}")
SELECTED = ('job=~"$job"', 'instance=~"$instance"')
SET_BY_APPLICATION = ('cookie="__undeclared__"', 'direction="response"', 'action=~"block|report"')


def of(name: str, *more: str) -> str:
    """Return a selector for a metric of the selected jobs and instances, with more matchers."""
    return name + "{" + ", ".join((*SELECTED, *more)) + "}"


def ours(name: str, *more: str) -> str:
    """Return the same for a metric of cookiewarden."""
    return of("cookiewarden_" + name, *more)


def rate(by: str, name: str, *more: str) -> str:
    """Return the rate per second of a counter of cookiewarden, summed by a label."""
    return f"sum by ({by}) (rate({ours(name, *more)}[$__rate_interval]))"


def increase(name: str, *more: str) -> str:
    """Return the increase of a counter of cookiewarden over the dashboard's time range."""
    return f"sum(increase({ours(name, *more)}[$__range]))"


def quantiles(name: str, *shares: float) -> list[tuple[str, str]]:
    """Return a query and its legend for each quantile of a histogram."""
    found = f"sum by (le) (rate({ours(name)}[$__rate_interval]))"
    return [(f"histogram_quantile({share}, {found})", f"p{share * 100:g}") for share in shares]


def query(expression: str, legend: str = "", instant: bool = False) -> prometheus.Dataquery:
    """Return a query over the time range, or at its end."""
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


def enforcement() -> list[stat.Panel]:
    undeclared = increase("cookies_total", *SET_BY_APPLICATION)
    return [
        number("Enforce mode", f"min({ours('policy_enforcing')})", "1 if all proxies enforce their policy, 0 if at least one is in report mode.", red_below=1),
        number("Policies in force", f"count(count by (sha256) ({ours('policy_info')}))", "Number of different policies. More than 1 is normal during a rollout only.", red_from=2),
        number("Policy reload", f"min({ours('config_last_reload_successful')})", "1 if the last reload succeeded on all proxies. 0 if one failed; that proxy keeps its previous policy in force.", red_below=1),
        number("Undeclared cookies set by the application", undeclared, "Set-Cookie lines that match no entry, in the selected time range.", red_from=1),
        number("Policy evaluation errors", increase("policy_errors_total"), "Cookies that the proxy failed to evaluate, in the selected time range. Each is a bug.", red_from=1),
        number("Time to the next expiry", f"min({ours('entry_expiry_timestamp_seconds')} - time() > 0)", "Time until the next dated entry of the policy expires.", unit="s"),
    ]  # fmt: skip


def cookies() -> list[timeseries.Panel | table.Panel]:
    removed = rate("cookie", "cookies_total", 'action=~"block|strip|evict"')
    done = f"sum by (cookie, direction, action) (increase({ours('cookies_total')}[$__range])) > 0"
    return [
        lines("Cookies set by the application, by action", "Set-Cookie lines per second.", "cps", (rate("action", "cookies_total", 'direction="response"'), "{{action}}"), stacked=True),
        lines("Cookies sent by browsers, by action", "Cookies in requests per second.", "cps", (rate("action", "cookies_total", 'direction="request"'), "{{action}}"), stacked=True),
        lines("Violations by reason", "Violations per second, enforced and reported. policies/reference.md describes the reasons.", "cps", (rate("reason", "violations_total"), "{{reason}}")),
        lines("Removed cookies by entry", "Blocked, stripped and evicted cookies per second. __undeclared__ stands for cookies that match no entry; cookiewarden drift lists their names.", "cps", (f"topk(10, {removed})", "{{cookie}}")),
        listed("Actions by entry", "Number of cookies in the selected time range.", done),
        lines("Cookies set by scripts", "Cookies per second that the script guard reported. Empty without inject_guard.", "cps", (rate("action", "cookies_total", 'direction="script"'), "{{action}}")),
        lines("Pages with the script guard", "Page requests per second, by result. Empty without inject_guard.", "cps", (rate("result", "guard_pages_total"), "{{result}}")),
        lines("Global Privacy Control", "Requests per second, by Sec-GPC. 0 without a category with gpc.", "reqps", (rate("gpc", "gpc_requests_total"), "Sec-GPC: 1 = {{gpc}}")),
        lines("Shadow policy: cookies by action", "Actions that the shadow policy would have taken. Empty without --shadow.", "cps", (rate("action", "shadow_cookies_total"), "{{action}}"), stacked=True),
        lines("Shadow policy: violations by reason", "Violations of the shadow policy per second. Empty without --shadow.", "cps", (rate("reason", "shadow_violations_total"), "{{reason}}")),
    ]  # fmt: skip


def traffic() -> list[timeseries.Panel]:
    failures = [
        (rate("reason", "upstream_errors_total"), "application: {{reason}}"),
        (rate("reason", "client_errors_total"), "client: {{reason}}"),
        (f"sum(rate({ours('forwarded_replaced_total')}[$__rate_interval]))", "X-Forwarded replaced"),
        (f"sum by (header) (rate({ours('forwarded_unclear_total')}[$__rate_interval]))", "{{header}} not understood"),
        (f"sum by (header) (rate({ours('ingress_headers_total')}[$__rate_interval]))", "{{header}} from clients"),
        (f"sum(rate({ours('alt_svc_dropped_total')}[$__rate_interval]))", "Alt-Svc dropped"),
        (f"sum(rate({ours('envoy_unanswered_total')}[$__rate_interval]))", "responses that Envoy did not ask about"),
        (f"sum(rate({ours('envoy_lines_left_out_total')}[$__rate_interval]))", "lines left out for Envoy"),
    ]
    connections = [
        (f"sum by (side, state) ({ours('connections')})", "{{side}} {{state}}"),
        (f"sum({ours('requests_in_flight')})", "requests in flight"),
        (f"sum({ours('envoy_calls')})", "open calls of Envoy"),
        (f"sum(rate({ours('envoy_call_resets_total')}[$__rate_interval]))", "calls reset by Envoy per second"),
    ]
    return [
        lines("Requests", "Answered requests per second, by class of the status code.", "reqps", (rate("code_class", "requests_total"), "{{code_class}}"), stacked=True),
        lines("Failures", "Failures of the application and of clients per second, by reason.", "cps", *failures),
        lines("Request duration", "Time from the request head to the end of the response.", "s", *quantiles("request_duration_seconds_bucket", 0.5, 0.95, 0.99)),
        lines("Proxy overhead", "Part of the request duration that the proxy itself takes.", "s", *quantiles("overhead_seconds_bucket", 0.5, 0.99)),
        lines("Connections", "Open connections by side and state, and requests in flight.", "short", *connections),
    ]  # fmt: skip


def processes() -> list[timeseries.Panel | table.Panel]:
    only_ours = "and on (job, instance) cookiewarden_build_info"
    cpu = f"rate({of('process_cpu_seconds_total')}[$__rate_interval]) {only_ours}"
    memory = f"{of('process_resident_memory_bytes')} {only_ours}"
    replaced = f"sum by (instance) (increase({ours('workers_replaced_total')}[$__rate_interval]))"
    reloads = f"sum by (result) (increase({ours('config_reloads_total')}[$__rate_interval]))"
    runs = f"{ours('policy_info')} * on (job, instance) group_left (version, python, compiled) {ours('build_info')}"
    age = f"time() - {ours('config_last_reload_success_timestamp_seconds')}"
    return [
        lines("CPU", "CPU cores used.", "short", (cpu, "{{instance}}"), span=8),
        lines("Memory", "Resident memory.", "bytes", (memory, "{{instance}}"), span=8),
        lines("Workers", "Running worker processes, and workers that died and were replaced.", "short", (f"sum by (instance) ({ours('workers')})", "{{instance}}"), (replaced, "{{instance}} replaced"), span=8),
        lines("Policy reloads", "Reloads of the policy, by result.", "short", (reloads, "{{result}}"), span=8),
        lines("Age of the policy in force", "Time since the last successful reload.", "s", (age, "{{instance}}"), span=8),
        lines("Emergency switch", "Time until the mode reverts automatically. Empty while the switch is off.", "s", (f"{ours('mode_switch_end_timestamp_seconds')} - time() > 0", "{{instance}}"), span=8),
        listed("Versions and policies", "Version, Python version and policy of each proxy.", runs),
        listed("Shadow policy", "Name and hash of each shadow policy, and 1 if its last reload succeeded. Empty without --shadow.", f"{ours('shadow_policy_info')} * on (job, instance) {ours('shadow_last_reload_successful')}"),
    ]  # fmt: skip


def dashboard_json() -> str:
    """Return the dashboard as Grafana imports it."""
    board = json.loads(JSONEncoder(sort_keys=True).encode(_dashboard().build()))
    return json.dumps(board, indent=1, sort_keys=True) + "\n"


def _dashboard() -> dashboard.Dashboard:
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
        "Enforcement": enforcement(),
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
