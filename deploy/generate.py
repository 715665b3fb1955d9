"""Write the generated files: the Grafana dashboard, the copies of the alert rules, and the reference documents.

    make deploy-files

Tests compare the files with the output of this program.
"""

import sys
from pathlib import Path

import yaml
from deploy.dashboard import dashboard_json
from deploy.documents import documents

HERE = Path(__file__).parent


def files() -> dict[Path, str]:
    """Return the text of each generated file by its path."""
    rules = yaml.safe_load((HERE / "prometheus" / "rules.yaml").read_text())
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "cookiewarden"},
        "spec": rules,
    }
    note = "# Generated from deploy/prometheus/rules.yaml by deploy/generate.py. Do not edit.\n"
    return {
        HERE / "prometheus" / "prometheusrule.yaml": note + yaml.safe_dump(resource, sort_keys=False, width=1000),
        HERE / "helm" / "cookiewarden" / "rules.yaml": yaml.safe_dump(rules, sort_keys=False, width=1000),
        HERE / "grafana" / "cookiewarden.json": dashboard_json(),
        **documents(),
    }


def main() -> int:
    for path, text in files().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
