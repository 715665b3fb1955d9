"""Envoy validates its printed configuration, and the schemas of control planes fit theirs."""

import json
from pathlib import Path

import pytest
import yaml
from envoy.extensions.filters.http.ext_proc.v3 import ext_proc_pb2
from google.protobuf import json_format

from cookiewarden.core.policy.policy import Policy
from cookiewarden.tools.envoy.hosts import Wish, configuration
from cookiewarden.tools.envoy.names import Host
from cookiewarden.tools.envoy.processor import Processor
from tests.envoy.envoys import ENVOYS, VENV, command
from tests.support import policies
from tests.support.process import ended

pytestmark = pytest.mark.envoy
ALL = """
version: 1
policy: all
on_error: open
inject_guard: true
undeclared: {evict: host}
consent: {cookie: pref}
categories: {f: {basis: x}, m: {consent: required, gpc: deny}}
statement: {path: /cookies}
cookies: [{name: pref, category: f}, {name: ads, category: m}]
"""
POLICIES = {"least": "version: 1\npolicy: least\ncookies: []\n", "all": ALL}
TCP, SOCKET = Processor(host="cookiewarden", port=9190), Processor(socket="/run/cookiewarden.sock")


@pytest.mark.parametrize("version", ENVOYS)
@pytest.mark.parametrize("observe", [False, True])
@pytest.mark.parametrize("processor", [TCP, SOCKET], ids=["port", "socket"])
@pytest.mark.parametrize("name", POLICIES)
def test_envoy_validates_what_is_printed_for_it(
    version: str, observe: bool, processor: Processor, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "envoy.yaml"
    path.write_text(configuration(Host.ENVOY, Wish(policies.policy(POLICIES[name]), processor, observe=observe)))
    done = ended(*command(version, path, "--mode", "validate"))  # Envoy is another program
    assert done.returncode == 0 and "OK" in done.stdout + done.stderr, done.stderr[-1000:]


def documents(host: Host, policy: Policy, observe: bool = False) -> list[dict]:
    return list(yaml.safe_load_all(configuration(host, Wish(policy, TCP, observe=observe))))


def test_the_filter_of_istio_is_the_one_of_envoy() -> None:
    (resource,) = documents(Host.ISTIO, policies.policy(ALL))
    patch = resource["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]
    (bootstrap,) = documents(Host.ENVOY, policies.policy(ALL))
    manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert patch == manager["http_filters"][0]["typed_config"]
    json_format.ParseDict({k: v for k, v in patch.items() if k != "@type"}, ext_proc_pb2.ExternalProcessor())


def test_calls_of_observed_requests_end_soon() -> None:
    (resource,) = documents(Host.ISTIO, policies.policy(ALL), observe=True)
    filter_ = resource["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]
    assert filter_["observability_mode"] and filter_["deferred_close_timeout"] == "1s"


SCHEMAS = {
    ("EnvoyExtensionPolicy", "ComGithubEnvoyproxyGatewayApiV1alpha1EnvoyExtensionPolicy", "envoy-gateway"): Host.ENVOY_GATEWAY,
    ("EnvoyProxy", "ComGithubEnvoyproxyGatewayApiV1alpha1EnvoyProxy", "envoy-gateway"): Host.ENVOY_GATEWAY,
    ("EnvoyFilter", "NetworkingIstioIoV1alpha3EnvoyFilter", "istio"): Host.ISTIO,
}  # fmt: skip


@pytest.mark.parametrize("observe", [False, True])
@pytest.mark.parametrize("key", SCHEMAS, ids=lambda key: key[0])
def test_resources_fit_the_schemas_of_their_control_plane(key: tuple[str, str, str], observe: bool) -> None:
    kind, schema, package = key
    host = SCHEMAS[key]
    resources = [d for d in documents(host, policies.policy(ALL), observe) if d["kind"] == kind]
    assert resources
    module = VENV / "npm" / "node_modules" / "@kubernetes-models" / package / "_schemas" / f"{schema}.js"
    assert module.exists(), f"{module} is missing; run make test-envoy, which installs it"
    script = f"import({json.dumps(str(module))}).then(m => {{ for (const d of {json.dumps(resources)}) if (!m.validate(d)) throw new Error(JSON.stringify(m.validate.errors)) }})"
    done = ended("node", "-e", script)  # the schemas are compiled to JavaScript
    assert done.returncode == 0, done.stderr[-2000:]
