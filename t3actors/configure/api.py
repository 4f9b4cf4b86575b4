"""`[api]`: where the API listens besides its socket, and who may ask there."""

from __future__ import annotations

import ipaddress
import os

from t3actors.addresses import join_address, split_address
from t3actors.config import CREDENTIAL, ApiConfig
from t3actors.configure import keys
from t3actors.configure.faults import Place

LISTEN_FORM = '"IP:port" or "localhost:port", such as "127.0.0.1:8080"'
FILE_FORM = 'a path, or "credential:NAME" for one that the service manager sets out'
HOSTS_FORM = 'an array of host names without a port, such as ["gateway.example"]'


def _listen(text: str) -> str:
    host, port = split_address(text, 0)
    return join_address("127.0.0.1" if host == "localhost" else str(ipaddress.ip_address(host)), port)


def _file(text: str) -> str:
    named = keys.path().read(text)
    name = named.removeprefix(CREDENTIAL)
    if named.startswith(CREDENTIAL) and ("/" in name or name in {"", ".", ".."}):
        raise ValueError
    return str(named)


def _hosts(names: list[str]) -> tuple[str, ...]:
    for name in names:
        if split_address(name, 1) != (name.lower(), 1):
            raise ValueError
    return tuple(name.lower() for name in names)


SECTION_KEYS: dict[str, keys.Key] = {
    "listen": keys.Key(str, LISTEN_FORM, _listen),
    "token_file": keys.Key(str, FILE_FORM, _file),
    "tls_certificate": keys.Key(str, FILE_FORM, _file),
    "tls_key": keys.Key(str, FILE_FORM, _file),
    "hosts": keys.Key(list[str], HOSTS_FORM, _hosts),
    "rate": keys.number(1, 10_000),
    "connections": keys.whole(1, 1000),
}
FILES = ("token_file", "tls_certificate", "tls_key")


def read_section(raw: object, place: Place, folder: str) -> ApiConfig:
    """Convert `[api]`; paths in it are seen from `folder`."""
    values = keys.read_table(raw, SECTION_KEYS, place)
    for name in FILES:
        if name in values and not values[name].startswith(CREDENTIAL):
            values[name] = os.path.abspath(os.path.join(folder, values[name]))
    given = raw if isinstance(raw, dict) else {}
    if "listen" in values:
        _refuse_open(values, given, place)
    for name in (*FILES, "hosts"):
        if name in given and "listen" not in given:
            place.key(name).say(
                "given without listen; allowed: only for a TCP address (the socket's own rights are its file's)"
            )
    for name, other in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
        if name in given and other not in given:
            place.key(other).say(f"missing; needed: with {name}, {FILE_FORM}")
    return ApiConfig(**values)


def _refuse_open(values: dict[str, str], given: dict[str, object], place: Place) -> None:
    host, port = split_address(values["listen"], 0)
    if port == 0:
        place.key("listen").refuse(given["listen"], LISTEN_FORM)
    elif not ipaddress.ip_address(host).is_loopback and "token_file" not in given:
        place.key("token_file").say(
            f'missing; needed: {FILE_FORM}, since others can reach "{values["listen"]}" (only a loopback address does without)'
        )
