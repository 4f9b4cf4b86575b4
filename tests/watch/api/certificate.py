"""A certificate for 127.0.0.1 and localhost, signed by itself, valid from 2020 to 2119; its key is no secret.

Made with `openssl ca -selfsign`.
"""

from __future__ import annotations

from pathlib import Path

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBkzCCATigAwIBAgIUJgLNv6Z6zcYFKwfzoKeezRamxtwwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNdDNhY3RvcnMgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTE5
MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNdDNhY3RvcnMgdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABFjmw40cx6KMOb6B0hRb6tYZkburPycruYa0neK0rbxu
CywX6PQca+y4icqsrdna3X3dyJMEJlxPKYE9WebjRBSjXjBcMBoGA1UdEQQTMBGH
BH8AAAGCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIC
hDAdBgNVHQ4EFgQUYHp+ouHKCuNTfceA4q8NmTViy8EwCgYIKoZIzj0EAwIDSQAw
RgIhAJiJY37fI7P65gh0msfdKbPp2grHC+htmGmjML7NJSxHAiEA+tfRPce454uR
m3k4JTQzBvQubfYypIBZGMTWqnGim7s=
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqI+XmM9d+wUohB2M
ErS8Uuc9bOBi2ABs+uIntX80DbmhRANCAARY5sONHMeijDm+gdIUW+rWGZG7qz8n
K7mGtJ3itK28bgssF+j0HGvsuInKrK3Z2t193ciTBCZcTymBPVnm40QU
-----END PRIVATE KEY-----
"""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write both files. **Returns**: the certificate's and the key's."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    return certificate, key
