"""An authority of the test's own, and servers that it vouches for."""

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import trustme


@cache
def authority(name: str = "ours") -> trustme.CA:
    """An authority; another one for each name."""
    return trustme.CA(organization_name=name)


def trusted(folder: Path, name: str = "ours") -> str:
    """A file that SSL_CERT_FILE may name."""
    file = folder / f"{name}.pem"
    authority(name).cert_pem.write_to_path(str(file))
    return str(file)


def server_context(
    *names: str, by: str = "ours", expired: bool = False, most: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """TLS as a server speaks it, with a certificate for these names."""
    until = datetime.now(UTC) - timedelta(days=1) if expired else None
    certificate = authority(by).issue_cert(*(names or ("127.0.0.1", "localhost")), not_after=until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if most is not None:
        context.maximum_version = most
    return context
