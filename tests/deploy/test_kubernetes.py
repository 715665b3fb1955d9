"""The manifests, built by the real kustomize and checked against the schemas of Kubernetes and further rules."""

import json
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cookiewarden.serve.settings import OPTIONS
from tests.deploy.conftest import DEPLOY, Tool
from tests.deploy.rendered import CHART, example, one, rendered, values

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kubernetes_validate

pytestmark = pytest.mark.deploy

OPERATORS = {"PodMonitor", "PrometheusRule"}
"""Kinds of operators, which Kubernetes itself does not define."""
VERSION = "1.31"


def valid(documents: list[dict[str, Any]], tool: Tool, npm: Path) -> None:
    for document in documents:
        if document["kind"] not in OPERATORS:
            kubernetes_validate.validate(document, VERSION, strict=True)
            continue
        script = (
            f"const kinds = require('{npm}/node_modules/@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1');"
            "let text = ''; process.stdin.on('data', d => text += d).on('end', () => {"
            "const found = JSON.parse(text); new kinds[found.kind](found).validate(); });"
        )
        tool("node", "-e", script, stdin=json.dumps(document))


@pytest.fixture
def npm() -> Path:
    folder = Path(__file__).parents[2] / ".venv" / "npm"
    if not (folder / "node_modules" / "@kubernetes-models").is_dir():
        pytest.fail("make test-deploy installs what is needed from npm")
    return folder


@pytest.fixture
def built(tool: Tool, tmp_path: Path) -> list[dict[str, Any]]:
    return example(tool, tmp_path)


def test_the_example_is_valid_for_kubernetes(built: list[dict[str, Any]], tool: Tool, npm: Path) -> None:
    assert sorted(document["kind"] for document in built) == [
        "ConfigMap", "Deployment", "NetworkPolicy", "PodMonitor", "Secret", "Service",
    ]  # fmt: skip
    valid(built, tool, npm)


def test_the_sidecar_is_native_and_hardened_and_the_application_is_as_it_was(
    built: list[dict[str, Any]],
) -> None:
    pod = one(built, "Deployment")["spec"]["template"]["spec"]
    (sidecar,) = pod["initContainers"]
    assert_hardened(sidecar, pod)
    assert sidecar["restartPolicy"] == "Always"
    (application,) = pod["containers"]
    assert application["name"] == "shop" and application["lifecycle"]["preStop"]["sleep"]["seconds"] == 10
    assert one(built, "Service")["spec"]["ports"][0]["targetPort"] == "cookiewarden"


def assert_hardened(container: dict[str, Any], pod: dict[str, Any]) -> None:
    security = container["securityContext"]
    assert (
        security["runAsNonRoot"]
        and security["readOnlyRootFilesystem"]
        and security["capabilities"] == {"drop": ["ALL"]}
    )
    assert not security["allowPrivilegeEscalation"] and security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
    assert not any("subPath" in mount for mount in container["volumeMounts"])
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted <= {volume["name"] for volume in pod["volumes"]}
    known = {option.variable for option in OPTIONS}
    assert {variable["name"] for variable in container["env"]} <= known
    assert pod["terminationGracePeriodSeconds"] >= 30


def test_the_policy_and_its_includes_are_there_under_their_own_names(built: list[dict[str, Any]]) -> None:
    pod = one(built, "Deployment")["spec"]["template"]["spec"]
    (volume,) = [v for v in pod["volumes"] if v["name"] == "cookiewarden-policy"]
    data = one(built, "ConfigMap")["data"]
    for item in volume["configMap"]["items"]:
        path = item["path"].replace("policy.yaml", "carerix.yaml")
        assert data[item["key"]] == (DEPLOY.parent / "policies" / path).read_text()


def test_only_the_sidecar_reaches_the_application(built: list[dict[str, Any]]) -> None:
    policy = one(built, "NetworkPolicy")["spec"]
    pod = one(built, "Deployment")["spec"]["template"]
    assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == {8080, 9180}
    assert "from" in next(rule for rule in policy["ingress"] if rule["ports"][0]["port"] == 9180)


def test_the_prometheus_rule_is_valid_for_the_operator(tool: Tool, npm: Path) -> None:
    valid([yaml.safe_load((DEPLOY / "prometheus" / "prometheusrule.yaml").read_text())], tool, npm)


# Helm


EVERYTHING: dict[str, Any] = {
    "podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}, "existingSecret": "shop-secret", "seals": True,
    "trustForwarded": "10.0.0.0/8", "settings": {"access_log": "on", "read_timeout": 30, "max_request_body": 10485760, "connect_timeout": 0.5}, "workers": 2,
    "policy": {"main": "version: 1\npolicy: p\ninclude: [vendors/a.yaml]\n", "includes": {"vendors/a.yaml": "version: 1\ncookies: []\n"}},
}  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"upstream": "http://shop:3000"},
        {"application": {"image": "shop:1"}},
        {"application": {"image": "shop:1"}} | EVERYTHING,
        {"upstream": "http://shop:3000", "existingConfigMap": "mine", "networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}},
        {"upstream": "http://shop:3000", "drainSeconds": 0} | EVERYTHING,
    ],
)  # fmt: skip
def test_the_chart_renders_what_kubernetes_takes(tool: Tool, npm: Path, given: dict[str, Any]) -> None:
    documents = rendered(tool, **given)
    valid(documents, tool, npm)
    pod = one(documents, "Deployment")["spec"]["template"]["spec"]
    beside = "application" in given
    (container,) = pod["initContainers"] if beside else pod["containers"]
    assert_hardened(container, pod)
    assert (container.get("restartPolicy") == "Always") is beside
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["COOKIEWARDEN_UPSTREAM"] == ("http://127.0.0.1:3000" if beside else "http://shop:3000")
    if "settings" in given:
        assert environment["COOKIEWARDEN_READ_TIMEOUT"] == "30" and environment["COOKIEWARDEN_WORKERS"] == "2"
        assert (
            environment["COOKIEWARDEN_MAX_REQUEST_BODY"],
            environment["COOKIEWARDEN_CONNECT_TIMEOUT"],
        ) == ("10485760", "0.5")
        assert len(environment) == len(container["env"])  # every name is unique
        assert one(documents, "ConfigMap")["data"]["vendors.a.yaml"].startswith("version: 1")
        rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())
        assert one(documents, "PrometheusRule")["spec"] == rules


ENVOYS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy"}}}]


@pytest.mark.parametrize("extproc", [{"tlsSecret": "processor-tls"}, {"insecure": True, "from": ENVOYS}])
def test_the_chart_runs_the_processor_of_envoy(tool: Tool, npm: Path, extproc: dict[str, Any]) -> None:
    documents = rendered(tool, mode="extproc", extproc=extproc, existingSecret="shop-secret", seals=True)
    valid(documents, tool, npm)
    pod = one(documents, "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert_hardened(container, pod)
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["COOKIEWARDEN_EXTPROC"] == "0.0.0.0:9190" and "COOKIEWARDEN_UPSTREAM" not in environment
    by_tls = "tlsSecret" in extproc
    assert ("COOKIEWARDEN_TLS_CLIENT_CA" in environment) is by_tls
    assert environment.get("COOKIEWARDEN_EXTPROC_INSECURE") == (None if by_tls else "on")
    assert [volume["name"] for volume in pod["volumes"]].count("cookiewarden-tls") == by_tls
    (port,) = one(documents, "Service")["spec"]["ports"]
    assert port["port"] == 9190 and port.get("appProtocol") == (None if by_tls else "kubernetes.io/h2c")
    calls, scrapes = one(documents, "NetworkPolicy")["spec"]["ingress"]
    assert (calls["ports"][0]["port"], scrapes["ports"][0]["port"]) == (9190, 9180)
    assert calls.get("from") == (None if by_tls else ENVOYS)


def test_the_chart_replaces_the_address_of_the_runbook(tool: Tool) -> None:
    given = {"enabled": True, "runbookUrl": "https://wiki.example/runbook"}
    documents = rendered(tool, upstream="http://shop:3000", prometheusRule=given)
    (group,) = one(documents, "PrometheusRule")["spec"]["groups"]
    links = {rule["annotations"]["runbook_url"].partition("#")[0] for rule in group["rules"]}
    assert links == {"https://wiki.example/runbook"}


@pytest.mark.parametrize(
    "given",
    [
        {}, {"upstream": "shop:3000"}, {"upstream": "http://a", "application": {"image": "b"}}, {"upstream": "http://a", "replicas": "2"},
        {"upstream": "http://a", "replica": 2}, {"upstream": "http://a", "seals": True}, {"application": {"image": "a", "port": 8080}},
        {"upstream": "http://a", "policy": {"includes": {"../x": ""}}}, {"upstream": "http://a", "settings": {"drain_delay": 5}},
        {"mode": "extproc"}, {"mode": "extproc", "upstream": "http://a", "extproc": {"insecure": True}}, {"mode": "extproc", "extproc": {"insecure": True, "from": [{}], "tlsSecret": "a"}}, {"mode": "extproc", "extproc": {"insecure": True}},
        {"mode": "proxy", "upstream": "http://a"},
    ],
)  # fmt: skip
def test_invalid_values_are_refused_before_anything_is_rendered(given: dict[str, Any]) -> None:
    found = values(**{key: value for key, value in given.items() if key != "replica"}) | {
        key: value for key, value in given.items() if key == "replica"
    }
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, json.loads((CHART / "values.schema.json").read_text()))
