"""Fixtures of the tests of the proxy."""

from pathlib import Path

import pytest

from tests.support.certificates import AUTHORITY, issue


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The listener's certificate and key, and the authority's certificate, as files."""
    issue(AUTHORITY, tmp_path)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    return {name: str(tmp_path / f"{name}.pem") for name in ("cert", "key", "ca")}
