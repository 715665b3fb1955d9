"""The admission policy, evaluated by Google's CEL on the Pods of real Deployments.

The types of the expression are made from the schema of Kubernetes 1.36, so that a field that does not exist is an error.
CEL here lacks the libraries of Kubernetes (quantities, URLs, regular expressions, authorizer) and its cost limits. The
test merges the result by the keys of server-side apply, without an API server. Here the names of
types have `_` for `.`, because in a message of protobuf a field and a type have different names."""

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2

from tests.deploy.conftest import DEPLOY, Tool
from tests.deploy.rendered import example, one

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kubernetes_validate

pytestmark = pytest.mark.deploy

VERSION = "1.36"
SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{VERSION}.0-local"
DEFINITIONS = json.loads((SCHEMAS / "_definitions.json").read_text())["$defs"]
TYPE = re.compile(r"\bObject(?:\.\w+)*(?=\{)")
SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "integer": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "boolean": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
}
KEYS = {"containers": "name", "initContainers": "name", "volumes": "name"}
"""Lists of a Pod that server-side apply merges, with the key of their members."""


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "admission" / "policy.yaml").read_text()))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references and the items of a list."""
    while "$ref" in schema or "items" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["items"]
    return schema


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a type such as `Object.spec.volumes`."""
    schema = DEFINITIONS["io.k8s.api.core.v1.Pod"]
    for part in name.split(".")[1:]:
        schema = resolved(schema["properties"][part])
    return schema


def pool_of(names: set[str]) -> descriptor_pool.DescriptorPool:
    """Return messages for the types of an expression, with all fields of their schemas."""
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name="pod.proto", package="pod", syntax="proto2")
    file.dependency.append("google/protobuf/struct.proto")
    for name in sorted(names):
        message = file.message_type.add(name=name.replace(".", "_"))
        for number, (key, given) in enumerate(schema_of(name)["properties"].items(), 1):
            is_list = resolved_type(given) == "array"
            field = message.field.add(name=key, number=number, label=3 if is_list else 1)
            kind = "string" if "oneOf" in resolved(given) else resolved_type(resolved(given))  # a number or text
            if f"{name}.{key}" in names:
                field.type, field.type_name = 11, f".pod.{name.replace('.', '_')}_{key}"
            elif kind in SCALARS:
                field.type = SCALARS[kind]
            else:
                field.type, field.type_name = 11, ".google.protobuf.Struct"
    pool.Add(file)
    return pool


def resolved_type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return resolved_type(DEFINITIONS[schema["$ref"].rpartition("/")[2]])
    found: str | list[str] = schema.get("type", "")
    return found if isinstance(found, str) else found[0]


def evaluated(expression: str, pod: dict[str, Any]) -> Any:
    """Evaluate an expression for a Pod. Raises an exception if it does not pass the type check."""
    pool = pool_of(set(TYPE.findall(expression)))
    environment = cel.NewEnv(descriptor_pool=pool, variables={"object": cel.Type.DYN}, container="pod")
    compiled = environment.compile(TYPE.sub(lambda found: found[0].replace(".", "_"), expression))
    value = compiled.eval(data={"object": pod}).value()
    if isinstance(value, bool):
        return value
    message_factory.GetMessageClass(value.DESCRIPTOR)
    return json_format.MessageToDict(value, preserving_proto_field_name=True, descriptor_pool=pool)


def plain(value: Any) -> Any:
    """Return a result with numbers in the place of the text that JSON has for 64-bit numbers."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def applied(old: Any, new: Any, key: str = "") -> Any:
    """Merge an apply configuration."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            name: applied(old.get(name), new.get(name, old.get(name)), name)
            for name in [*old, *(new.keys() - old.keys())]
        }
    if isinstance(old, list) and isinstance(new, list) and key in KEYS:
        by = KEYS[key]
        fresh = {one[by]: one for one in new}
        merged = [applied(one, fresh.pop(one[by], one)) for one in old]
        return [*merged, *fresh.values()]
    return new if new is not None else old


def pods(tool: Tool, folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the Pod of the example's application, and the one of the example with the component."""
    plain_application = next(
        iter(yaml.safe_load_all((DEPLOY / "kubernetes" / "example" / "application.yaml").read_text()))
    )
    built = one(example(tool, folder), "Deployment")["spec"]["template"]
    yield plain_application["spec"]["template"], built


def expression_of(documents: list[dict[str, Any]]) -> str:
    (mutation,) = documents[0]["spec"]["mutations"]
    found: str = mutation["applyConfiguration"]["expression"]
    return found


def test_the_policy_and_its_binding_are_valid_for_kubernetes_1_36(documents: list[dict[str, Any]]) -> None:
    assert [document["kind"] for document in documents] == ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"]
    for document in documents:
        kubernetes_validate.validate(document, VERSION, strict=True)
    assert documents[1]["spec"]["policyName"] == documents[0]["metadata"]["name"]


def test_a_pod_becomes_what_the_component_makes_of_it(
    documents: list[dict[str, Any]], tool: Tool, tmp_path: Path
) -> None:
    for before, expected in pods(tool, tmp_path):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": before["spec"]}
        change = plain(evaluated(expression_of(documents), pod))
        after = applied(pod, change)
        kubernetes_validate.validate(after, VERSION, strict=True)
        wanted = expected["spec"]
        for volume in wanted["volumes"]:
            volume.get("configMap", {}).pop("items", None)  # the example's own addition
        assert after["spec"] == wanted


@pytest.mark.parametrize(
    ("spec", "applies"),
    [
        ({"containers": [{"name": "a"}]}, True),
        ({"containers": [{"name": "a"}], "initContainers": [{"name": "migrate"}]}, True),
        ({"containers": [{"name": "a"}], "initContainers": [{"name": "x"}, {"name": "cookiewarden"}]}, False),
    ],
)
def test_a_pod_that_has_the_sidecar_is_left_alone(
    documents: list[dict[str, Any]], spec: dict[str, Any], applies: bool
) -> None:
    (condition,) = documents[0]["spec"]["matchConditions"]
    assert evaluated(condition["expression"], {"spec": spec}) is applies


def test_other_init_containers_and_volumes_of_a_pod_stay(documents: list[dict[str, Any]]) -> None:
    spec = {
        "initContainers": [{"name": "migrate", "image": "shop"}],
        "containers": [{"name": "shop", "image": "shop"}, {"name": "log", "image": "log"}],
        "volumes": [{"name": "cache", "emptyDir": {}}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": spec}
    after = applied(pod, plain(evaluated(expression_of(documents), pod)))
    kubernetes_validate.validate(after, VERSION, strict=True)
    assert [one["name"] for one in after["spec"]["initContainers"]] == ["migrate", "cookiewarden"]
    assert [one["name"] for one in after["spec"]["containers"]] == ["shop", "log"]
    assert next(one["name"] for one in after["spec"]["volumes"]) == "cache"
    assert "lifecycle" not in after["spec"]["containers"][1]


def test_a_field_that_kubernetes_does_not_have_is_an_error(documents: list[dict[str, Any]]) -> None:
    with pytest.raises(Exception, match="imagee"):
        evaluated(expression_of(documents).replace("image:", "imagee:", 1), {"spec": {"containers": [{"name": "a"}]}})
