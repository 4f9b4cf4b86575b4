"""Reads what is secret: the bearer token, the certificate's key. Nothing of it is logged."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from t3actors.config import CREDENTIAL

SHORTEST_TOKEN = 16
LONGEST_TOKEN = 1024


def secret_path(named: str) -> Path:
    """Return where a secret lies: a path, or the credential that the service manager has set out (systemd.exec(5)).

    **Raises**: ValueError where it sets out none.
    """
    if not named.startswith(CREDENTIAL):
        return Path(named)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ValueError(f"{named}: the service manager has set out no credentials (LoadCredential= in the unit)")
    return Path(folder) / named.removeprefix(CREDENTIAL)


def read_token(named: str) -> bytes:
    """Read the bearer token: the file's one line. **Raises**: OSError, ValueError; neither names what was read."""
    path = secret_path(named)
    with path.open("rb") as file:
        token = file.read(LONGEST_TOKEN + 2).strip()
    is_plain = token.isascii() and not any(octet <= 0x20 or octet == 0x7F for octet in token)
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not is_plain:
        raise ValueError(
            f"{path}: is no token; allowed: one line of {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, no blanks"
        )
    return token


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Make the TLS side: at least 1.2, HTTP/1.1 alone. **Raises**: OSError (ssl.SSLError is one), ValueError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(secret_path(certificate), secret_path(key), password=_no_password)
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; allowed: a key without a password, readable by the gateway alone")
