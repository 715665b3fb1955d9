"""A certificate authority of the tests."""

from pathlib import Path

import trustme

AUTHORITY = trustme.CA()


def issue(authority: trustme.CA, folder: Path, host: str = "localhost") -> None:
    """Write cert.pem and key.pem for a host into a folder."""
    issued = authority.issue_cert(host)
    issued.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
