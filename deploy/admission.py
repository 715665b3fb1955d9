"""The MutatingAdmissionPolicy that adds the sidecar to Pods, from the patches of the Kustomize component.

An apply configuration in CEL merges into the Pod by the rules of server-side apply: containers, variables and volumes by
name."""

import json
from pathlib import Path
from typing import Any

import yaml

COMPONENT = Path(__file__).parent / "kubernetes" / "component"
_MAPS = frozenset({"requests", "limits", "matchLabels"})
"""Fields whose keys are not fields of a type."""


def admission_policy() -> str:
    """Return the policy and its binding as YAML."""
    pod = yaml.safe_load((COMPONENT / "sidecar.yaml").read_text())["spec"]["template"]["spec"]
    (patch,) = yaml.safe_load((COMPONENT / "application.yaml").read_text())
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "cookiewarden"},
        "spec": {
            "matchConstraints": {
                "objectSelector": {"matchLabels": {"cookiewarden": "true"}},
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                ],
            },
            "matchConditions": [
                {
                    "name": "has-no-sidecar-yet",
                    "expression": "!has(object.spec.initContainers) || "
                    "!object.spec.initContainers.exists(c, c.name == 'cookiewarden')",
                }
            ],
            "failurePolicy": "Fail",
            "reinvocationPolicy": "IfNeeded",
            "mutations": [
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": expression(pod, patch["value"])},
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "cookiewarden"},
        "spec": {"policyName": "cookiewarden"},
    }
    yaml.add_representer(_Text, _literal, Dumper=yaml.SafeDumper)
    note = (
        '# Adds the sidecar to each new Pod with the label cookiewarden: "true". Requires Kubernetes 1.36.\n'
        "# The namespace has the ConfigMap cookiewarden-policy and the Secret cookiewarden, as in ../example.\n"
        "# Generated from deploy/kubernetes/component by deploy/generate.py. Do not edit.\n"
    )
    return note + yaml.safe_dump_all([policy, binding], sort_keys=False, width=1000)


class _Text(str):
    """Text that YAML shows line by line."""


def _literal(dumper: yaml.SafeDumper, text: _Text) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


def expression(pod: dict[str, Any], lifecycle: dict[str, Any]) -> str:
    """Return the apply configuration in CEL: the Pod's fields, and the lifecycle of its first container."""
    fields = [f"    {name}: {cel(value, f'Object.spec.{name}', 4)}" for name, value in pod.items()]
    first = [
        "    containers: [Object.spec.containers{",
        "      name: object.spec.containers[0].name,",
        f"      lifecycle: {cel(lifecycle, 'Object.spec.containers.lifecycle', 6)}",
        "    }]",
    ]
    return _Text("Object{\n  spec: Object.spec{\n" + ",\n".join([*fields, "\n".join(first)]) + "\n  }\n}\n")


def cel(value: Any, kind: str, indent: int) -> str:
    """Write a value in CEL. `kind` is the name of its type, if it is an object or a list of objects."""
    if isinstance(value, list):
        return f"[{', '.join(cel(one, kind, indent) for one in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    if kind.rpartition(".")[2] in _MAPS:
        return "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in value.items()) + "}"
    inner = [f"{' ' * (indent + 2)}{name}: {cel(one, f'{kind}.{name}', indent + 2)}" for name, one in value.items()]
    return f"{kind}{{\n" + ",\n".join(inner) + f"\n{' ' * indent}}}"
