"""Checks of a release that need no secret: `make release-check`.

It builds each package twice and compares the octets. It installs the wheels in clean environments and checks the
metadata. Packages, SBOM, chart and checksums are left in `dist/`. Signing and publishing happen in .github/workflows/release.yml."""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
CHART = ROOT / "deploy" / "helm" / "cookiewarden"
SOURCES = (
    "proxy",
    "policies",
    "tests",
    "pyproject.toml",
    "constraints.txt",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
)


class NotReady(Exception):
    """The tree is not ready for a release."""


def run(*words: object, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a program and return its output. Raises NotReady with its output if it fails."""
    ran = subprocess.run(
        list(map(str, words)), cwd=cwd, capture_output=True, text=True, env={**os.environ, **(environment or {})}
    )
    if ran.returncode:
        raise NotReady(
            f"{' '.join(map(str, words))} ended with {ran.returncode}:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}"
        )
    return ran.stdout


def version() -> str:
    """Return the version, if all files of the tree agree on it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    module = re.search(r'__version__ = "([^"]+)"', (ROOT / "proxy/cookiewarden/__init__.py").read_text())
    heading = re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    found = {
        "pyproject.toml": project,
        "cookiewarden/__init__.py": module and module[1],
        "Chart.yaml, version": chart["version"],
        "Chart.yaml, appVersion": chart["appVersion"],
        "CHANGELOG.md": heading and heading[1],
    }
    if len(set(found.values())) != 1:
        told = "".join(f"\n  {name}: {stated}" for name, stated in found.items())
        raise NotReady(f"the files state different versions:{told}")
    return str(project)


def committed() -> str:
    """Return the time of the last commit, in seconds since the epoch, which dates the packages."""
    return run("git", "log", "-1", "--format=%ct").strip()


def copied(folder: Path) -> Path:
    """Copy the sources of the packages to a folder."""
    folder.mkdir()
    for name in (*SOURCES, ".gitignore"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, folder / name)
    return folder


def built(kind: str, sources: Path, moment: str, compiled: bool = False) -> Path:
    """Build an sdist or a wheel into `dist/`, twice from fresh copies. Raises NotReady if the octets differ."""
    made = []
    for number in range(2):
        place = shutil.copytree(sources, sources.parent / f"{kind}-{compiled}-{number}")
        environment = {
            "SOURCE_DATE_EPOCH": moment,
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "PYTHONHASHSEED": "0",
        }
        if compiled:
            # Debug information has the names of temporary folders.
            environment |= {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1", "LDFLAGS": "-Wl,--strip-debug,--build-id=none"}
        folder = DIST / f"build-{number}"
        run(sys.executable, "-m", "build", f"--{kind}", "--outdir", folder, place, environment=environment)
        made.append(next(folder.iterdir()))
        shutil.rmtree(place)
    first, second = (path.read_bytes() for path in made)
    if first != second:
        raise NotReady(f"two builds of {made[0].name} differ; compare {made[0]} with {made[1]}")
    final = DIST / made[0].name
    made[0].rename(final)
    for number in range(2):
        shutil.rmtree(DIST / f"build-{number}")
    return final


def installed(wheel: Path, folder: Path) -> str:
    """Install a wheel in a new environment and try it. Return its `--version`."""
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/pip", "install", "-q", "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wheel)
    program = folder / "bin/cookiewarden"
    run(program, "check", "policies/carerix.yaml", cwd=ROOT)
    run(program, "test", "policies", cwd=ROOT)
    return run(program, "--version", cwd=folder).strip()


def sbom(environment: Path) -> Path:
    """Write the components of an installed environment as a valid CycloneDX document."""
    path = DIST / "cookiewarden-sbom.cdx.json"
    run(
        Path(sys.executable).parent / "cyclonedx-py", "environment", "--pyproject", ROOT / "pyproject.toml",
        "--output-reproducible", "--validate", "--output-format", "JSON", "-o", path, environment / "bin/python",
    )  # fmt: skip
    names = {component["name"].lower() for component in json.loads(path.read_text())["components"]}
    if missing := {"aiohttp", "pyyaml", "prometheus_client"} - {name.replace("-", "_") for name in names}:
        raise NotReady(f"the SBOM lacks {', '.join(sorted(missing))}")
    return path


def packaged(name: str, moment: str) -> Path:
    """Package the chart as Helm does: an archive of its files in a folder with the chart's name."""
    path = DIST / name
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(CHART.rglob("*")):
            if file.is_file():
                member = tarfile.TarInfo(f"cookiewarden/{file.relative_to(CHART).as_posix()}")
                member.size, member.mtime, member.mode = file.stat().st_size, int(moment), 0o644
                archive.addfile(member, io.BytesIO(file.read_bytes()))
    with path.open("wb") as out, gzip.GzipFile(fileobj=out, mode="wb", filename="", mtime=int(moment)) as packed:
        packed.write(raw.getvalue())
    return path


def can_compile() -> bool:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which(os.environ.get("CC", "cc")) is not None and header.exists()


def main() -> None:
    stated, moment = version(), committed()
    print(f"version {stated}: pyproject, package, chart and changelog agree")
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        sources = copied(Path(folder) / "sources")
        packages = [built("sdist", sources, moment), built("wheel", sources, moment)]
        if can_compile():
            packages.append(built("wheel", sources, moment, compiled=True))
        else:
            print("the compiled wheel was NOT BUILT, because a C compiler or Python.h is missing")
    for package in packages:
        print(f"built twice with the same octets: {package.name}")
    run(sys.executable, "-m", "twine", "check", "--strict", *packages)
    print("the metadata of the packages is valid")
    with tempfile.TemporaryDirectory() as folder:
        for number, wheel in enumerate(packages[1:]):
            told = installed(wheel, Path(folder) / str(number))
            print(f"installed and tried: {wheel.name} ({told})")
        print(f"valid CycloneDX: {sbom(Path(folder) / '0').name}")
    print(f"packaged, without Helm: {packaged(f'cookiewarden-chart-{stated}.tgz', moment).name}")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(sums))
    print("checksums are in dist/SHA256SUMS")


if __name__ == "__main__":
    try:
        main()
    except NotReady as why:
        sys.exit(f"not ready for a release: {why}")
