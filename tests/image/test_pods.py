"""The Pods of kustomize and of the chart in podman, with the image, its mounts, and its security context.

podman has no native sidecars, so a sidecar runs as a second container. It has no probes without systemd either."""

import base64
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import Tool, tool
from tests.deploy.rendered import example, one, rendered
from tests.image.containers import Container, Containers
from tests.support.wait import eventually

pytestmark = [pytest.mark.image, pytest.mark.timeout(2400)]  # the first test builds the image
__all__ = ["tool"]  # a fixture

DEMO = (
    "from aiohttp import web; from cookiewarden.demo.app import application; "
    "web.run_app(application(), host='127.0.0.1', port=3000)"
)


def written(data: dict[str, str], items: list[dict[str, str]], folder: Path) -> Path:
    """Write the files of a ConfigMap, as a volume with these items has them."""
    at = folder / "volume"
    for item in items:
        path = at / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data[item["key"]])
    return at


def pod_of(documents: list[dict[str, Any]], image: str, is_beside: bool, folder: Path) -> dict[str, Any]:
    """Return the Pod of a Deployment, with the demo application beside the proxy."""
    spec = one(documents, "Deployment")["spec"]["template"]["spec"]
    containers = [*spec.pop("initContainers", []), *spec["containers"]]
    if not is_beside:
        containers.append({"name": "shop"})
    for container in containers:
        if container["name"] == "cookiewarden":
            container["image"] = image
            container.pop("restartPolicy", None)
            container.pop("startupProbe", None)  # podman would wait for it forever
        else:
            container |= {"image": image, "command": ["python", "-c", DEMO]}
            container.pop("lifecycle", None)
    spec["containers"] = containers
    for volume in spec["volumes"]:
        if "items" in volume.get("configMap", {}):
            # podman 4.3 cannot make folders in the volume of a ConfigMap.
            at = written(one(documents, "ConfigMap")["data"], volume.pop("configMap")["items"], folder)
            volume["hostPath"] = {"path": str(at), "type": "Directory"}
        elif "secret" in volume:
            # podman 4.3 ignores the mode of a Secret's files and the group of the Pod.
            data = {name: base64.b64decode(value).decode() for name, value in one(documents, "Secret")["data"].items()}
            at = written(data, [{"key": name, "path": name} for name in data], folder / "secret")
            for file in at.iterdir():
                file.chmod(volume["secret"]["defaultMode"])
                os.chown(file, 0, spec["securityContext"]["fsGroup"])
            volume.pop("secret")
            volume["hostPath"] = {"path": str(at), "type": "Directory"}
    name = f"shop-{uuid.uuid4().hex[:8]}"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "shop"}}, "spec": spec}


@pytest.fixture(params=["kustomize", "helm"])
def played(
    request: pytest.FixtureRequest, containers: Containers, image: str, bridge: None, tool: Tool, tmp_path: Path
) -> Iterator[tuple[Container, str]]:
    """The proxy's container of a Pod that runs, and the Pod's name."""
    if request.param == "kustomize":
        documents = example(tool, tmp_path)
    else:
        text = "version: 1\npolicy: carerix\nmode: enforce\ncookies:\n  - {name: wosid, purpose: x, lifetime: session, secure: true}\n"
        documents = rendered(tool, upstream="http://127.0.0.1:3000", policy={"main": text})
    pod = pod_of(documents, image, request.param == "kustomize", tmp_path)
    used = [document for document in documents if document["kind"] in ("ConfigMap", "Secret")]
    for document in used:
        document["metadata"].pop("namespace", None)
    file = tmp_path / "pod.yaml"
    file.write_text(yaml.safe_dump_all([*used, pod]))
    name = pod["metadata"]["name"]
    try:
        containers.run("podman", "kube", "play", "--quiet", str(file))
        yield Container(containers, f"{name}-cookiewarden"), name
    finally:
        containers.ended("podman", "kube", "down", str(file))
        containers.ended("podman", "pod", "rm", "--force", "--time", "0", name)


def test_a_pod_enforces_its_policy_as_kubernetes_would_start_it(played: tuple[Container, str]) -> None:
    container, _ = played
    script = (
        "import urllib.request as r; "
        "o = r.build_opener(type('N', (r.HTTPRedirectHandler,), {'redirect_request': lambda *a: None})); "
        "import urllib.error as e\n"
        "try: o.open(r.Request('http://127.0.0.1:8080/login', method='POST'))\n"
        "except e.HTTPError as a: print(a.code, a.headers.get_all('Set-Cookie'))"
    )
    ask = ("python", "-c", script)
    assert eventually(lambda: container.inside(*ask).stdout.startswith("303 ")), container.logs()
    printed = container.inside(*ask).stdout
    assert "wosid=demo0session" in printed and "Secure" in printed
    status = dict(
        line.split(":\t", 1)
        for line in Path("/proc", container.inspect("{{.State.Pid}}"), "status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["Uid"].split()[0] == "65532" and status["CapEff"] == "0" * 16
    assert container.inside("touch", "/opt/cookiewarden/x").returncode != 0
    assert container.inside("cookiewarden", "health").stdout == "ready\n", container.logs()
