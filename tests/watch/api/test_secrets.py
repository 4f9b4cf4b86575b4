"""Tokens and certificates: from a path or from what the service manager sets out; what is wrong is said, what is secret is not."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest

from t3actors.watch.api.secrets import read_token, secret_path, tls_context
from tests.watch.api.certificate import make_certificate


def test_a_token_is_the_file_s_one_line(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    assert read_token(str(tmp_path / "token")) == b"0123456789abcdef"


def test_a_credential_lies_where_the_service_manager_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret_path("credential:api") == tmp_path / "api"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(ValueError, match="set out no credentials"):
        secret_path("credential:api")


@pytest.mark.parametrize(
    "content", ["", "short", "0123456789 abcdef", "0123456789abcdé" * 2, "a" * 1025, "x" * 16 + "\x00"]
)
def test_what_is_no_token_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="is no token") as caught:
        read_token(str(tmp_path / "token"))
    assert content == "" or content not in str(caught.value)


def test_a_certificate_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cert").write_text("none")
    with pytest.raises(OSError, match="PEM"):
        tls_context(str(tmp_path / "cert"), str(tmp_path / "cert"))


def test_no_tls_before_1_2_is_spoken_and_no_other_protocol_than_http_1_1_is_agreed_on(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    context = tls_context(str(certificate), str(key))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=str(certificate))
    client.set_alpn_protocols(["h2", "http/1.1"])
    asking = client.wrap_bio(theirs, ours, server_hostname="127.0.0.1")
    answering = context.wrap_bio(ours, theirs, server_side=True)
    for _ in range(3):
        for side in (asking, answering):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert (asking.version(), asking.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")
