"""Each kind of ingress, the fields that it sends for a browser's https://shop.example/, and their effect.

The rows marked `real` have the lines that the program sent to an origin behind it.
The others are from the documentation or the report in brackets. In rows of forged fields, the client sent `X-Forwarded-Host: evil.example` and others itself."""

import ipaddress
import re
from dataclasses import dataclass

import pytest

from cookiewarden.serve.ingress import INGRESS_FIELDS
from tests.support.client import CLOSE, ask, get
from tests.support.proxy import POLICY, Start

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
SETS = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nContent-Length: 2\r\n\r\nok"
SECURE_BY_HTTPS = POLICY.replace("secure: true", "secure: https")


@dataclass(frozen=True)
class Ingress:
    name: str
    fields: str
    """Lines, without Host, separated by `|`."""
    https: bool = True
    """The scheme is understood; without a field that is read, it is the setting's."""
    host: str = "shop.example"
    addresses: str = "203.0.113.7"
    unclear: tuple[str, ...] = ()
    """Fields of a trusted ingress that are counted."""


FORGED = "Forwarded: proto=http;host=evil.example"
INGRESSES = [
    Ingress("nginx 1.22.1 with proxy_set_header, real", "X-Real-IP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|Connection: close"),
    Ingress("nginx 1.22.1, forged fields, real; it passes X-Forwarded-Host", f"X-Real-IP: 203.0.113.7|X-Forwarded-For: 6.6.6.6, 203.0.113.7|X-Forwarded-Proto: https|Connection: close|X-Forwarded-Host: evil.example|{FORGED}|X-Forwarded-Ssl: off", host="evil.example", addresses="6.6.6.6, 203.0.113.7"),
    Ingress("nginx 1.22.1 with proxy_pass only, real; it says nothing", "Connection: close", https=False, addresses=""),
    Ingress("nginx for Tornado, X-Scheme (gist jinuljt/7a759a5ba14e63b5a0caace6473869c8)", "X-Real-Ip: 203.0.113.7|X-Scheme: https", https=False, addresses="", unclear=("x-scheme",)),
    Ingress("nginx for Django, X-Forwarded-Protocol (gist ncole458/c139ea983790ce114246)", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Protocol: https", https=False, unclear=("x-forwarded-protocol",)),
    Ingress("ingress-nginx (kubernetes/ingress-nginx 7126)", "X-Request-ID: 1|X-Real-IP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Port: 443|X-Forwarded-Proto: https|X-Forwarded-Scheme: https|X-Scheme: https"),
    Ingress("HAProxy 2.6.12 with forwardfor and set-header, real", "x-forwarded-proto: https|x-forwarded-for: 203.0.113.7"),
    Ingress("HAProxy 2.6.12, forged fields, real; it passes X-Forwarded-Host", f"x-forwarded-host: evil.example|x-forwarded-for: 6.6.6.6|{FORGED}|x-real-ip: 6.6.6.6|x-forwarded-ssl: off|x-forwarded-proto: https|x-forwarded-for: 203.0.113.7", host="evil.example", addresses="6.6.6.6, 203.0.113.7"),
    Ingress("HAProxy with option forwarded (haproxy.com, Client IP preservation)", "forwarded: proto=https;for=203.0.113.7"),
    Ingress("Apache 2.4.71, mod_proxy_http, real; it states no scheme", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Server: shop.example|Connection: Keep-Alive", https=False),
    Ingress("Apache 2.4.71 with RequestHeader set, real", "X-Forwarded-Proto: https|X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Server: shop.example|Connection: Keep-Alive"),
    Ingress("Apache 2.4.71, forged fields, real; it appends", f"X-Forwarded-Proto: https|X-Forwarded-Host: evil.example, shop.example|X-Forwarded-For: 6.6.6.6, 203.0.113.7|{FORGED}|X-Real-IP: 6.6.6.6|X-Forwarded-Ssl: off|X-Forwarded-Server: shop.example", host="evil.example", addresses="6.6.6.6, 203.0.113.7", unclear=("x-forwarded-host",)),
    Ingress("Caddy 2.6.2, reverse_proxy, real", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Proto: https|Accept-Encoding: gzip"),
    Ingress("Caddy 2.6.2, forged fields, real; it overwrites them", f"{FORGED}|X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Proto: https|X-Forwarded-Ssl: off|X-Real-Ip: 6.6.6.6"),
    Ingress("Traefik (doc.traefik.io, EntryPoints)", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Port: 443|X-Forwarded-Proto: https|X-Forwarded-Server: edge1|X-Real-Ip: 203.0.113.7"),
    Ingress("Traefik, a WebSocket (doc.traefik.io, EntryPoints)", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Port: 443|X-Forwarded-Proto: wss|X-Real-Ip: 203.0.113.7"),
    Ingress("Envoy and Istio (envoyproxy.io, HTTP header manipulation)", "x-forwarded-for: 203.0.113.7|x-forwarded-proto: https|x-envoy-external-address: 203.0.113.7|x-request-id: 1|x-forwarded-client-cert: Hash=1"),
    Ingress("AWS Application Load Balancer (docs.aws.amazon.com, x-forwarded-headers)", "X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Port: 443|X-Amzn-Trace-Id: Root=1"),
    Ingress("CloudFront with CloudFront-Forwarded-Proto (phpmyadmin/phpmyadmin 15621)", "X-Forwarded-For: 203.0.113.7|CloudFront-Forwarded-Proto: https|Via: 2.0 x.cloudfront.net (CloudFront)", https=False, unclear=("cloudfront-forwarded-proto",)),
    Ingress("Google Cloud Load Balancing (cloud.google.com/load-balancing/docs/https)", "X-Forwarded-For: 203.0.113.7,198.51.100.1|X-Forwarded-Proto: https|Via: 1.1 google|X-Cloud-Trace-Context: 1/2", addresses="203.0.113.7,198.51.100.1"),
    Ingress("Azure Front Door (learn.microsoft.com, front-door-http-headers-protocol)", "Via: 1.1 Azure|X-Azure-ClientIP: 203.0.113.7|X-Azure-SocketIP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: shop.example|X-Forwarded-Proto: https"),
    Ingress("Azure Application Gateway (learn.microsoft.com, rewrite-http-headers-url)", "X-Forwarded-For: 203.0.113.7:51234|X-Forwarded-Proto: https|X-Forwarded-Port: 443|X-Original-Host: shop.example|X-Original-URL: /", addresses="203.0.113.7:51234"),
    Ingress("Cloudflare (developers.cloudflare.com, Cloudflare HTTP headers)", 'CF-Connecting-IP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|CF-Visitor: {"scheme":"https"}|CF-Ray: 1'),
    Ingress("Fastly with shielding (fastly.com, HTTP headers)", "Fastly-Client-IP: 203.0.113.7|Fastly-SSL: 1|X-Forwarded-For: 203.0.113.7, 198.51.100.1|X-Forwarded-Host: shop.example, shop.example|X-Forwarded-Server: a, b", https=False, addresses="203.0.113.7, 198.51.100.1", unclear=("fastly-ssl",)),
    Ingress("Fastly, a forged host (fastly.com, X-Forwarded-Host)", "Fastly-SSL: 1|X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: evil.example, shop.example", https=False, host="evil.example", unclear=("fastly-ssl", "x-forwarded-host")),
    Ingress("Akamai (dachcom-digital/pimcore-i18n 77)", "True-Client-IP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|Akamai-Origin-Hop: 2|Via: 1.1 akamai.net", https=False),
    Ingress("IIS, Application Request Routing (fusebit.io, Secure by default with SSL)", "X-Original-URL: /|X-Forwarded-For: 203.0.113.7:51234|X-ARR-SSL: 2048;256;C=US;CN=shop.example|X-ARR-LOG-ID: 1", https=False, addresses="203.0.113.7:51234", unclear=("x-arr-ssl",)),
    Ingress("F5 BIG-IP, HTTP profile (docs.ansible.com, bigip_profile_http)", "X-Forwarded-For: 203.0.113.7", https=False),
    Ingress("NetScaler, a header of the policy (docs.citrix.com, Tag secure and insecure connections)", "SSL: YES", https=False, addresses=""),
    Ingress("FortiGate (docs.fortinet.com, config web-proxy profile)", "X-Forwarded-For: 203.0.113.7|Front-End-Https: on", https=False, unclear=("front-end-https",)),
    Ingress("Kong (Kong/kong 2202)", "X-Real-IP: 203.0.113.7|X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Host: shop.example|X-Forwarded-Port: 443|X-Forwarded-Path: /|X-Forwarded-Prefix: /"),
    Ingress("Fly.io (fly.io/docs/networking/request-headers)", "Fly-Client-IP: 203.0.113.7|Fly-Forwarded-Port: 443|Fly-Region: ams|X-Forwarded-For: 203.0.113.7, 198.51.100.1|X-Forwarded-Proto: https|X-Forwarded-Port: 443|X-Forwarded-Ssl: on", addresses="203.0.113.7, 198.51.100.1"),
    Ingress("Heroku router (heroku/python-getting-started 253)", "X-Request-Id: 1|X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Port: 443|Via: 1.1 vegur"),
    Ingress("OpenShift router (openshift/origin 10318)", "X-Forwarded-Host: shop.example|X-Forwarded-Port: 443|X-Forwarded-Proto: https|Forwarded: for=203.0.113.7;host=shop.example;proto=https|X-Forwarded-For: 203.0.113.7"),
    Ingress("OpenShift router behind another proxy, append (openshift/router 134)", "X-Forwarded-Proto: https|X-Forwarded-Proto: http|X-Forwarded-For: 203.0.113.7|X-Forwarded-For: 198.51.100.1", addresses="203.0.113.7, 198.51.100.1", unclear=("x-forwarded-proto",)),
    Ingress("Cloud Foundry, Gorouter, a forged scheme (docs.cloudfoundry.org, HTTP routing)", "X-Forwarded-Proto: http, https|X-Forwarded-For: 203.0.113.7", https=False, unclear=("x-forwarded-proto",)),
    Ingress("RFC 7239 with two elements (RFC 7239 4)", "Forwarded: for=203.0.113.7, for=198.51.100.1;proto=https;host=shop.example", https=False, addresses="203.0.113.7, 198.51.100.1", unclear=("forwarded",)),
]  # fmt: skip


def lines_of(ingress: Ingress) -> list[bytes]:
    return [line.encode() for line in ingress.fields.split("|") if not line.startswith("Connection:")]


def names_of(lines: list[bytes]) -> set[str]:
    return {line.partition(b":")[0].decode().lower() for line in lines}


@pytest.mark.row(37)
@pytest.mark.parametrize("ingress", INGRESSES, ids=lambda ingress: ingress.name)
def test_a_trusted_ingress_is_understood_or_counted(
    start: Start, ingress: Ingress, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK)
    answer = ask(proxy.port, get(b"/", *lines_of(ingress), CLOSE))
    lines = origin.requests[0].split(b"\r\n")
    addresses = f"{ingress.addresses}, 127.0.0.1" if ingress.addresses else "127.0.0.1"
    assert [line.decode() for line in lines if re.match(rb"X-Forwarded-(?:For|Host|Proto):", line)] == [
        f"X-Forwarded-For: {addresses}",
        f"X-Forwarded-Host: {ingress.host}",
        f"X-Forwarded-Proto: {'https' if ingress.https else 'http'}",
    ]
    assert (b"; Secure" in answer) is ingress.https
    assert {name for name, count in proxy.driver.context.metrics.forwarded_unclear.items() if count} == set(
        ingress.unclear
    )
    warned = {record.levelname for record in caplog.records} & {"WARNING"}
    assert bool(ingress.unclear) == bool(warned)
    assert names_of(lines_of(ingress)) - {"forwarded"} <= names_of(lines)


@pytest.mark.row(39)
@pytest.mark.parametrize("ingress", INGRESSES, ids=lambda ingress: ingress.name)
def test_an_untrusted_client_with_the_same_fields_is_not_believed(start: Start, ingress: Ingress) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS)
    answer = ask(proxy.port, get(b"/", *lines_of(ingress), CLOSE))
    lines = origin.requests[0].split(b"\r\n")
    assert [line for line in lines if re.match(rb"X-Forwarded-(?:For|Host|Proto):", line)] == [
        b"X-Forwarded-For: 127.0.0.1",
        b"X-Forwarded-Host: shop.example",
        b"X-Forwarded-Proto: http",
    ]
    assert b"; Secure" not in answer
    assert names_of(lines).isdisjoint({*INGRESS_FIELDS, "forwarded"})
    sent = names_of(lines_of(ingress)) & set(INGRESS_FIELDS)
    assert {name for (name, _), count in proxy.driver.context.metrics.ingress_fields.items() if count} == sent


def test_with_a_scheme_in_the_settings_other_fields_are_not_needed(start: Start) -> None:
    proxy, _ = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK, scheme="https")
    assert b"; Secure" in ask(proxy.port, get(b"/", b"X-ARR-SSL: 2048", CLOSE))
    assert not any(proxy.driver.context.metrics.forwarded_unclear.values())


def test_each_ingress_has_its_source() -> None:
    assert [row.name for row in INGRESSES if not re.search(r", real(?:;|$)|\([^()]{6,}\)$", row.name)] == []
    assert len({re.split(r"[ ,]", row.name)[0] for row in INGRESSES}) >= 20
