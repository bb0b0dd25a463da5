"""The signed login of SMART Backend Services, checked by an independent implementation (PyJWT on cryptography).

A small server stands for the service. It keeps what the library really sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import bcda
import jwt
import pytest
from conftest import PROMPT, VECTORS

RSA_PUBLIC = VECTORS / "keys/rsa2048.public.pem"
EC_PUBLIC = VECTORS / "smart/es384.public.pem"
# The private key, the passphrase, the algorithm that it means, and the public half.
KEYS = {
    "rsa-pem": ("keys/rsa2048.pkcs8.pem", "RS384", RSA_PUBLIC),
    "rsa-jwk": ("smart/rs384.jwk.json", "RS384", RSA_PUBLIC),
    "ec-pem": ("smart/es384.pkcs8.pem", "ES384", EC_PUBLIC),
    "ec-sec1": ("smart/es384.sec1.pem", "ES384", EC_PUBLIC),
    "ec-jwk": ("smart/es384.jwk.json", "ES384", EC_PUBLIC),
}
LISTED = ["system/*.rs", "system/Patient.rs", "system/Claim.rs"]


class Service(ThreadingHTTPServer):
    """Keeps each token request. Its FHIR base is /fhir."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.forms: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.methods = ["private_key_jwt"]
        self.scopes = LISTED
        self.granted: str | None = None
        self.kick_offs: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service  # pyright: ignore[reportIncompatibleVariableOverride]

    def answer(self, body: object, status: int = 200, **headers: str) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.server.forms.append({name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()})
        self.server.headers.append(dict(self.headers.items()))
        granted = {} if self.server.granted is None else {"scope": self.server.granted}
        self.answer({"access_token": "a-token", "token_type": "bearer", "expires_in": 300, **granted})

    def do_GET(self) -> None:
        if self.path == "/fhir/.well-known/smart-configuration":
            self.answer(
                {
                    "token_endpoint": f"{self.server.url}/token",
                    "token_endpoint_auth_methods_supported": self.server.methods,
                    "scopes_supported": self.server.scopes,
                }
            )
        elif "$export" in self.path:
            self.server.kick_offs.append(self.path)
            self.answer(None, 202, Content_Location=f"{self.server.url}/fhir/jobs/1")
        elif self.path == "/fhir/jobs/1":
            self.answer({"transactionTime": "2026-01-01T00:00:00Z", "output": [], "error": []})
        else:
            self.answer({}, 404)

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client_of(service: Service, key: Path | None, **settings: Any) -> bcda.Client:
    values = {"client_id": "a-client", "level": "patient", **PROMPT, **settings}
    if key is not None:
        values["signing_key"] = key
    return bcda.Client(service.url + "/fhir", env=False, **values)


@pytest.mark.parametrize("name", KEYS)
def test_another_implementation_accepts_the_assertion(service: Service, name: str) -> None:
    file, algorithm, public = KEYS[name]
    with client_of(service, VECTORS / file, key_id="a-key") as client:
        client.check_auth()
    (form,) = service.forms
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "typ": "JWT", "kid": "a-key"}
    claims = jwt.decode(
        assertion,
        public.read_text(),
        algorithms=[algorithm],
        audience=f"{service.url}/token",
        issuer="a-client",
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
    )
    assert claims["sub"] == "a-client"
    assert 0 < claims["exp"] - claims["iat"] <= 300  # SMART App Launch: no more than five minutes
    assert abs(claims["iat"] - time.time()) < 60
    assert len(claims["jti"]) >= 16
    assert "Authorization" not in service.headers[0]


@pytest.mark.parametrize("name", ["rsa-pem", "ec-pem"])
def test_another_implementation_refuses_what_was_changed(service: Service, name: str) -> None:
    file, algorithm, public = KEYS[name]
    with client_of(service, VECTORS / file) as client:
        client.check_auth()
    head, claims, signature = service.forms[0]["client_assertion"].split(".")
    other = jwt.encode({"iss": "someone-else"}, "k" * 48, algorithm="HS384").split(".")[1]
    for wrong in (f"{head}.{other}.{signature}", f"{head}.{claims}.{signature[:-8]}AAAAAAAA"):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(wrong, public.read_text(), algorithms=[algorithm], options={"verify_aud": False})


def test_each_assertion_has_its_own_jti(service: Service) -> None:
    with client_of(service, VECTORS / "smart/es384.jwk.json") as client:
        for _ in range(3):
            client.check_auth()
    seen = {jwt.decode(form["client_assertion"], options={"verify_signature": False})["jti"] for form in service.forms}
    assert len(seen) == 3


# ---- Scopes


def test_the_scope_covers_the_types_that_are_exported(service: Service) -> None:
    with client_of(service, VECTORS / "smart/es384.jwk.json") as client:
        client.manifest(["Patient"], progress=False)
        client.manifest(["Patient"], progress=False)
        client.manifest(["Claim"], progress=False)
        client.manifest(progress=False)
        client.manifest(["Patient"], progress=False)
    # The token is shared, so it is asked for anew only when an export reads more than the ones before.
    assert [form["scope"] for form in service.forms] == [
        "system/Patient.rs",
        "system/Claim.rs system/Patient.rs",
        "system/*.rs",
    ]
    assert len(service.kick_offs) == 5


def test_a_scope_that_is_given_is_asked_for_as_it_is(service: Service) -> None:
    with client_of(service, VECTORS / "smart/es384.jwk.json", scope="system/Patient.read openid") as client:
        client.manifest(["Patient"], progress=False)
    assert service.forms[0]["scope"] == "system/Patient.read openid"


def test_a_narrower_scope_is_a_warning_that_names_the_types(service: Service) -> None:
    service.granted = "system/Patient.rs"
    with client_of(service, VECTORS / "smart/es384.jwk.json") as client:
        run = client.start_manifest(["Patient", "Claim"])
        warnings = [event.text for event in run if event.kind == "warning" and "scope" in event.text]
    assert len(warnings) == 1
    assert "does not cover Claim" in warnings[0]


# ---- Secrets


@pytest.mark.parametrize(
    ("methods", "in_form"),
    [
        (["client_secret_post"], True),
        (["client_secret_post", "client_secret_basic"], False),
        (["client_secret_basic"], False),
        ([], False),
    ],
)
def test_a_secret_goes_into_the_form_only_where_the_service_takes_nothing_else(
    service: Service, methods: list[str], in_form: bool
) -> None:
    service.methods = methods
    with client_of(service, None, client_secret="s3cr3t") as client:
        assert client.check_auth()["method"] == "form"
    (form,) = service.forms
    assert (form.get("client_id"), form.get("client_secret")) == (("a-client", "s3cr3t") if in_form else (None, None))
    assert service.headers[0].get("Authorization", "").startswith("Basic ") != in_form
