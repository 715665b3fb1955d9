"""`cookiewarden envoy`, `check --host` and the settings of `run --extproc`."""

from pathlib import Path

import pytest
import yaml

from cookiewarden.tools.envoy.names import Host
from tests.support.command import run

POLICY = "version: 1\npolicy: p\ncookies: [{name: sid, purpose: x, lifetime: 1h}]\n"
GUARDED = POLICY + "inject_guard: true\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(POLICY)
    return path


@pytest.mark.parametrize("host", Host)
@pytest.mark.parametrize("observe", [(), ("--observe",)])
def test_each_host_gets_yaml(host: Host, observe: tuple[str, ...], policy: Path) -> None:
    code, out, err = run("envoy", "--host", host.value, "--policy", policy, *observe)
    assert (code, err) == (0, "")
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(out))
    open_or_closed = "pass unjudged" if observe else "fail with a 5xx"
    assert open_or_closed in out and "cookies, by the policy p" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--processor", "unix:relative"), "--processor"),
        (("--processor", "nowhere"), "--processor"),
        (("--host", "gcp", "--processor", "unix:/s"), "gcp has no unix sockets; give HOST:PORT"),
        (("--host", "istio", "--listen", "127.0.0.1:1"), "--listen has no effect with --host istio"),
        (("--listen", "x"), "--listen"),
        (("--upstream", "https://a"), "only http://HOST:PORT is written"),
        (("--upstream", "unix:/a"), "only http://HOST:PORT is written"),
        (("--upstream", "ftp://a"), "--upstream"),
        (("--host", "nginx"), "nginx"),
    ],
)
def test_wrong_arguments_are_wrong_usage(arguments: tuple[str, ...], told: str, policy: Path) -> None:
    code, out, err = run("envoy", "--policy", policy, *arguments)
    assert (code, out) == (2, "") and told in err


def test_addresses_are_written(policy: Path) -> None:
    arguments = ("--processor", "unix:/run/s", "--listen", "0.0.0.0:80", "--upstream", "http://app:3000")
    _, out, _ = run("envoy", "--policy", policy, *arguments)
    resources = yaml.safe_load(out)["static_resources"]
    assert resources["listeners"][0]["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 80}
    application, processor = resources["clusters"]
    assert "app" in str(application) and processor["load_assignment"]["endpoints"][0]["lb_endpoints"][0] == {
        "endpoint": {"address": {"pipe": {"path": "/run/s"}}}
    }


def test_a_rule_without_effect_behind_envoy_is_a_warning(policy: Path) -> None:
    policy.write_text(GUARDED)
    code, _, err = run("check", "--host", "envoy", policy)
    assert code == 0 and f"{policy}:4:1: warning: inject_guard: no effect behind Envoy" in err and "[no-effect]" in err
    assert run("check", "--host", "envoy", "--strict", policy)[0] == 1
    assert run("check", "--strict", policy)[0] == 0
    code, out, err = run("envoy", "--policy", policy)
    assert code == 0 and "no effect behind Envoy" in err and yaml.safe_load(out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--extproc", "0.0.0.0:9190"), "give --tls-cert and --tls-client-ca"),
        (("--extproc", ":9190"), "accepts calls from other machines"),
        (("--extproc", "[::]:9190", "--tls-cert", "c"), "accepts calls from other machines"),
        (("--extproc", "processor.example:9190"), "accepts calls from other machines"),
        (("--extproc", "9190", "--upstream", "http://a"), "--extproc and --upstream exclude each other"),
        (("--extproc", "9190", "--listen", "8080"), "--extproc and --listen exclude each other"),
        (("--extproc", "9190", "--proxy-protocol", "10.0.0.0/8"), "--extproc and --proxy-protocol exclude each other"),
        (("--extproc", "unix:s"), "expected an absolute path"),
        (("--extproc", "unix:/" + "x" * 107), "too long for a unix socket"),
        (("--extproc", "unix:/a\0b"), "absolute path"),
        (("--extproc", "host"), "not a valid address"),
        (("--extproc", "9190", "--extproc-policy", "shop"), "expected NAME=FILE such as shop=shop.yaml"),
        (("--extproc", "9190", "--extproc-policy", "a b=x"), "is not a valid name"),
        (("--extproc", "9190", "--extproc-policy", "a=x,a=y"), '"a" is given twice'),
        (("--extproc", "9190", "--extproc-host", "a.example=b"), '"b" is not a name of --extproc-policy'),
        (("--extproc", "9190", "--extproc-host", "a/b=b"), "is not a valid host"),
        (("--upstream", "http://a", "--extproc-policy", "a=x"), "need --extproc"),
    ],
)
def test_settings_that_are_not_safe_or_not_valid_are_wrong_usage(
    arguments: tuple[str, ...], told: str, policy: Path
) -> None:
    code, _, err = run("run", "--policy", policy, *arguments)
    assert code == 2 and told in err


def test_every_further_policy_must_be_valid_at_the_start(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("version: 1\npolicy: shop\ncookies: 1\n")
    code, _, err = run("run", "--policy", policy, "--extproc", "9190", "--extproc-policy", f"shop={tmp_path}/shop.yaml")
    assert code == 1 and f"{tmp_path}/shop.yaml:3:" in err


@pytest.mark.parametrize("host", Host)
def test_a_name_is_written_or_reported_as_lost(host: Host, policy: Path) -> None:
    _, out, _ = run("envoy", "--host", host.value, "--policy", policy, "--name", "shop")
    assert ("value: shop" in out) is (host in (Host.ENVOY, Host.ISTIO)) is ("--extproc-host" not in out)


def test_a_container_image_may_set_the_address_of_the_proxy(policy: Path) -> None:
    """Images set COOKIEWARDEN_LISTEN for every use, so only the missing policy is an error."""
    code, _, err = run("run", "--extproc", "9190", COOKIEWARDEN_LISTEN="0.0.0.0:8080")
    assert code == 2 and "--policy is required" in err


def test_a_socket_in_use_is_not_taken_and_a_file_is_kept(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, err = run("run", "--policy", policy, "--extproc", f"unix:{tmp_path / 'file'}", "--admin", "0")
    assert code == 3 and "choose another address with --extproc" in err
    assert (tmp_path / "file").read_text() == "mine"


# compile


@pytest.mark.parametrize("target", ["lua-envoy", "lua-nginx", "lua-haproxy"])
def test_a_policy_of_the_subset_is_compiled(target: str, policy: Path, tmp_path: Path) -> None:
    code, out, err = run("compile", "--to", target, "--policy", policy)
    assert (code, err) == (0, "") and out.startswith(f"-- Generated by cookiewarden compile --to {target}")
    assert run("compile", "--to", target, "--policy", policy, "--output", tmp_path / "x.lua")[:2] == (0, "")
    assert (tmp_path / "x.lua").read_text() == out


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("mode: report", ":4:1: error: mode report counts decisions"),
        ("undeclared: {evict: host}", ":4:14: error: evict is not compiled"),
        ("inject_guard: true", ":4:1: error: inject_guard is not compiled"),
        ("statement: {path: /c}", ":4:13: error: the statement is not served by Lua"),
        ("public_hosts: [a.example]", ":4:1: error: public_hosts is not compiled"),
        (
            "consent: {cookie: sid, format: json}\ncategories: {f: {basis: x}}",
            "the consent format json is not compiled",
        ),
    ],
)
def test_a_rule_outside_the_subset_is_refused_at_its_line(rule: str, told: str, policy: Path) -> None:
    text = POLICY.replace("purpose: x,", "purpose: x, category: f,") if "categories" in rule else POLICY
    policy.write_text(f"{text}{rule}\n")
    code, out, err = run("compile", "--to", "lua-envoy", "--policy", policy)
    assert (code, out) == (1, "") and told in err and "[not-static]" in err


@pytest.mark.parametrize("key", ["seal: true", "rename_to: __Host-sid", "stage: report", "until: 2099-01-01"])
def test_a_rule_of_an_entry_outside_the_subset_is_refused(key: str, policy: Path) -> None:
    policy.write_text(POLICY.replace("purpose: x,", f"purpose: x, owner: a, reason: b, {key},"))
    code, _, err = run("compile", "--to", "lua-nginx", "--policy", policy)
    assert code == 1 and f'"sid": {key.partition(":")[0]} is not compiled' in err
