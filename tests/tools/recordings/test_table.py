"""Each tool that writes recordings or logs, and the cookies that are read of it.

The rows marked `real` have the output of that tool, saved from a run against an origin that sets three cookies.
The others are written from the documentation, standard or public repository in brackets."""

import gzip
import json
import re
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest

from cookiewarden.tools.recordings.cookie_lines import split_joined
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import Account, Note, NoTraffic

DATA = Path(__file__).parents[2] / "data" / "recordings"

SENT = ['sid=abc; prefs={"a":1}; name=o\'brien; a[0]=x; last=z']
FIRST, SECOND, THIRD = (
    "sid=abc; Path=/; HttpOnly",
    'prefs={"a":1}; Path=/; Expires=Tue, 01 Jun 2027 10:00:00 GMT',
    "name=o'brien; Path=/",
)
ALL = [FIRST, SECOND, THIRD]
FIVE = [
    "sid=abc123; Path=/; HttpOnly; Secure; SameSite=Lax",
    'prefs={"a":1}; Path=/app; Max-Age=31536000',
    "lang=nl; Path=/; Expires=Tue, 01 Jun 2027 10:00:00 GMT",
    "_ga=GA1.2.3; Domain=.shop.example; Path=/; Max-Age=63072000",
    "name=o'brien; Path=/",
]
TWO = ["sid=1; Path=/; HttpOnly", "lang=nl; Path=/; Max-Age=60"]
HOME = "https://shop.example/home"
NOW = 1796083200.0
"""2026-12-01. The recordings have cookies that end later."""


def har(headers: list[tuple[str, str]], cookies: list[dict[str, object]] = [], **entry: object) -> str:  # noqa: B006
    """Write a HAR of one response with these headers and cookies."""
    response = {"status": 200, "headers": [{"name": n, "value": v} for n, v in headers], "cookies": cookies}
    request = {"method": "GET", "url": HOME, "headers": [{"name": "Cookie", "value": SENT[0]}], "cookies": []}
    return json.dumps(
        {
            "log": {
                "entries": [
                    {"startedDateTime": "2026-06-01T10:00:00Z", "request": request, "response": response, **entry}
                ]
            }
        }
    )


SEPARATE = {
    "Node 20, console.log(res.headers), real",
    "Node 20, console.log(res.rawHeaders), real",
    "Node 20, console.log(res.headers) below other output (nodejs.org, message.headers)",
    "PHP 8.2, print_r of get_headers with names (php.net, get_headers)",
}
IN_TWO = {
    "Scrapy 2.19, COOKIES_DEBUG (docs.scrapy.org, COOKIES_DEBUG)",
    "WARC 1.0 of Wget (iipc.github.io, warc-format)",
}
"""Tools that write the request and the response separately."""
"""Tools whose lines have no sign of one head, so each is an exchange."""
W3C = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time cs-method cs-uri-stem cs-host cs(Cookie) sc-status\n"
    "2026-06-01 10:00:00 GET /home shop.example {cookie} 200\n"
)

TABLE = [
    # tool, its version and source; the file or its text; Cookie; Set-Cookie; URL; notes
    ("nginx 1.22.1, log_format with names, real", DATA / "nginx-extended.log", SENT, [FIRST], "https://localhost/home", []),
    ("nginx 1.22.1, combined and two fields, real", DATA / "nginx-positional.log", SENT, [FIRST], "https://localhost/home", [Note.BY_FORM]),
    ("nginx 1.22.1, escape=json, real", DATA / "nginx-json.log", SENT, [FIRST], HOME, []),
    ("nginx 1.23, joined Set-Cookie (nginx.org/en/CHANGES, 1.23.0)", 'x "GET /home HTTP/1.1" 200 set_cookie="' + ", ".join(ALL).replace('"', "\\x22") + '"', [], ALL, "https://localhost/home", [Note.SPLIT]),
    ("Apache 2.4.71, combined and two fields, real", DATA / "apache.log", SENT, ALL, "https://localhost/home", [Note.BY_FORM, Note.SPLIT]),
    ("HAProxy 2.6.12, captures, real; it captures the last line of a name", DATA / "haproxy.log", SENT, [THIRD], HOME, [Note.BY_FORM]),
    ("Caddy 2.6.2, log_credentials, real", DATA / "caddy.log", SENT, ALL, HOME, []),
    ("Traefik, JSON (doc.traefik.io, access logs)", DATA / "traefik.log", ["sid=abc; _fbp=fb.1"], [FIRST], HOME, []),
    ("IIS 10, W3C (learn.microsoft.com, W3C logging)", W3C.format(cookie=SENT[0].replace(" ", "+")), SENT, [], HOME, []),
    ("curl 7.88.1 -v, real", DATA / "curl-v.txt", SENT, ALL, HOME, []),
    ("curl 7.88.1 -i, real", DATA / "curl-i.txt", [], ALL, "https://localhost/", []),
    ("wget 1.21.3 -S, real", DATA / "wget-S.txt", [], ALL, "http://127.0.0.1:21090/home", []),
    ("HTTPie 3.2.1 --print=Hh, real", DATA / "httpie.txt", SENT, ALL, "https://127.0.0.1:21090/home", []),
    ("curl 7.88.1 --trace-ascii, real", DATA / "curl-trace-ascii.txt", SENT, ALL, "https://shop.example:21190/home", []),
    ("curl 7.88.1 --trace, real", DATA / "curl-trace.txt", SENT, ALL, "https://shop.example:21190/home", []),
    ("curl 7.88.1 -v --trace-time, real", DATA / "curl-v-time.txt", SENT, ALL, "https://shop.example:21190/home", []),
    ("curl 7.88.1 -w '%{json}%{header_json}', real", DATA / "curl-header-json.txt", [], ALL, "https://localhost/", []),
    ("wget 1.21.3 -d, real", DATA / "wget-d.txt", SENT, ALL, "http://shop.example/home", []),
    ("httpx 0.28.1 -v, real", DATA / "httpx-v.txt", ["sid=abc; last=z"], ALL, "https://127.0.0.1:21190/home", []),
    ("Python 3.11 http.client, debuglevel 1, real", DATA / "http-client.txt", ["sid=abc; last=z"], ALL, "https://shop.example/home", []),
    ("lighttpd 1.4.69, accesslog with two fields, real; it joins lines with their names", DATA / "lighttpd.log", SENT, ALL, "https://localhost/home", [Note.BY_FORM]),
    ("varnishncsa 7.1.1, two fields, real; it has the last line of a name", DATA / "varnishncsa.log", SENT, [THIRD], "http://shop.example/home", [Note.BY_FORM]),
    ("varnishlog 7.1.1, real", DATA / "varnishlog.txt", SENT, ALL, HOME, []),
    ("morgan 1, :req[cookie] and :res[set-cookie], real", DATA / "morgan.log", SENT, ALL, "https://localhost/home", [Note.BY_FORM, Note.SPLIT]),
    ("pino-http, real", DATA / "pino.log", SENT, ALL, HOME, []),
    ("express-winston, real", DATA / "express-winston.log", SENT, ALL, HOME, []),
    ("Playwright 1.65 with Chromium, recordHar minimal, real", DATA / "playwright.har", ['sid=abc; prefs={"a":1}; name=o\'brien'], ALL, "http://127.0.0.1:21190/home", []),
    ("Envoy, text; it does not escape quotes (envoyproxy.io, Access logging)", f'[2026-06-01T10:00:00.000Z] "GET /home HTTP/2" 200 - 0 2 5 4 "-" "curl/8" "id" "shop.example" "{SENT[0]}" "{",".join(ALL)}"', SENT, ALL, HOME, [Note.BY_FORM, Note.SPLIT]),
    ("Envoy, text with names (envoyproxy.io, Access logging)", f'"GET /home HTTP/2" 200 host="shop.example" cookie="{SENT[0]}" set_cookie="{",".join(ALL)}"', SENT, ALL, HOME, [Note.SPLIT]),
    ("Envoy, JSON (envoyproxy.io, Access logging)", json.dumps({"start_time": "2026-06-01T10:00:00.000Z", "path": "/home", ":authority": "shop.example", "cookie": SENT[0], "set_cookie": ",".join(ALL)}), SENT, ALL, HOME, [Note.SPLIT]),
    ("WireMock, request journal (wiremock.org, Verifying)", json.dumps({"requests": [{"request": {"url": "/home", "absoluteUrl": HOME, "method": "GET", "headers": {"Host": "shop.example", "Cookie": "sid=abc; last=z"}, "cookies": {"sid": "abc", "last": "z"}}, "response": {"status": 200, "headers": {"Set-Cookie": ALL}}}]}), ["sid=abc; last=z"], ALL, HOME, []),
    ("Squid, blanks are encoded (squid-cache.org, logformat)", '1795957321.855 5 127.0.0.1 TCP_MISS/200 285 GET http://shop.example/home "sid=abc;%20last=z" "name=o\'brien;%20Path=/"', ["sid=abc; last=z"], [THIRD], "http://shop.example/home", [Note.BY_FORM]),
    ("CloudFront, standard log (docs.aws.amazon.com, Standard logging reference)", "#Version: 1.0\n#Fields: date time x-edge-location cs-method cs(Host) cs-uri-stem cs(User-Agent) cs(Cookie) x-host-header cs-protocol\n2026-06-01\t10:00:00\tFRA2\tGET\td1.cloudfront.net\t/home\tMozilla/5.0%20(X)\tsid=abc;%20prefs=%7B%22a%22:1%7D;%20name=o%27brien;%20a%5B0%5D=x;%20last=z\tshop.example\thttps\n", SENT, [], HOME, []),
    ("Tomcat 10, ExtendedAccessLogValve (tomcat.apache.org, Valve)", '#Fields: date time cs-method cs-uri cs(Host) cs(Cookie) sc-status\n2026-06-01 10:00:00 GET /home "shop.example" "' + SENT[0].replace('"', '""') + '" 200', ["".join(SENT)], [], HOME, []),
    ("Tomcat 10, AccessLogValve; it joins lines with commas (tomcat.apache.org, Valve)", '1.2.3.4 - - [01/Jun/2026:10:00:00 +0000] "GET /home HTTP/1.1" 200 2 "' + SENT[0].replace('"', '\\"') + '" "' + ",".join(ALL).replace('"', '\\"') + '"', SENT, ALL, "https://localhost/home", [Note.BY_FORM, Note.SPLIT]),
    ("Kubernetes, the format of CRI (kubernetes.io, Logging architecture)", "2026-06-01T10:00:00.000000000Z stdout F " + json.dumps({"host": "shop.example", "request": "GET /home HTTP/1.1", "cookie": SENT[0]}), SENT, [], HOME, []),
    ("Docker, json-file (docs.docker.com, JSON File logging driver)", json.dumps({"log": json.dumps({"host": "shop.example", "request": "GET /home HTTP/1.1", "cookie": SENT[0]}) + "\n", "stream": "stdout", "time": "2026-06-01T10:00:00Z"}), SENT, [], HOME, []),
    ("Docker, json-file, of text (docs.docker.com, JSON File logging driver)", json.dumps({"log": 'x "GET /home HTTP/1.1" 200 host=shop.example cookie="sid=abc; last=z"\n', "time": "2026-06-01T10:00:00Z"}), ["sid=abc; last=z"], [], HOME, []),
    ("journald, the prefix of syslog (RFC 3164 4.1)", "Jun 01 10:00:00 web1 nginx[12]: " + json.dumps({"host": "shop.example", "request": "GET /home HTTP/1.1", "cookie": SENT[0]}), SENT, [], HOME, []),
    ("Filebeat; host is the machine (elastic.co, ECS)", json.dumps({"kubernetes": {"host": "node7"}, "host": {"name": "web1"}, "message": '"GET /home HTTP/1.1" host=shop.example cookie="sid=abc; last=z"'}), ["sid=abc; last=z"], [], HOME, []),
    ("Google Cloud, gcloud logging read --format=json (cloud.google.com, LogEntry)", json.dumps([{"httpRequest": {"requestMethod": "GET", "requestUrl": HOME}, "jsonPayload": {"cookie": SENT[0]}}], indent=2), SENT, [], HOME, []),
    ("logfmt with quotes where they are needed (kr/logfmt)", "method=GET path=/home host=shop.example cookie=sid=abc status=200", ["sid=abc"], [], HOME, []),
    ("CSV with a head (RFC 4180)", 'time,host,path,cookie,set_cookie\n2026-06-01T10:00:00Z,shop.example,/home,"' + SENT[0].replace('"', '""') + '","' + ", ".join(ALL).replace('"', '""') + '"', SENT, ALL, HOME, [Note.SPLIT]),
    ("CSV, a value without quotes (RFC 4180)", "host,path,cookie\nshop.example,/home,sid=abc; b=2\r\n", ["sid=abc; b=2"], [], HOME, []),
    ("nginx, JSON without escape=json (nginx.org, log_format)", '{"host":"shop.example","uri":"/home","cookie":"a=\\x221\\x22; b=2"}', ['a="1"; b=2'], [], HOME, []),
    ("a JSON log with a lone surrogate as its time (RFC 8259 8.2)", '{"time":"\\ud800","host":"shop.example","uri":"/home","cookie":"a=1"}', ["a=1"], [], HOME, []),
    ("a JSON log that repeats a member (RFC 8259 4)", '{"host":"shop.example","uri":"/home","cookie":"a=1","cookie":"b=2"}', ["a=1", "b=2"], [], HOME, []),
    ("a JSON log with cookies of both sides by name (a form of this test)", json.dumps({"url": HOME, "request": {"cookies": {"q": "1"}}, "response": {"cookies": {"a": "1", "b": "2"}}}), ["q=1"], ["a=1", "b=2"], HOME, []),
    ("a JSON log with a name of its own for Set-Cookie (a form of this test)", json.dumps({"url": HOME, "cookie": "q=1", "set": FIRST}), ["q=1"], [FIRST], HOME, [Note.BY_FORM]),
    ("Charles, JSON session (charlesproxy.com, Export)", json.dumps([{"method": "GET", "scheme": "https", "host": "shop.example", "path": "/home", "request": {"header": {"headers": [{"name": "Cookie", "value": SENT[0]}]}}, "response": {"header": {"headers": [{"name": "Set-Cookie", "value": line} for line in ALL]}}}]), SENT, ALL, HOME, []),
    ("Postman, a collection with an example (schema.postman.com)", json.dumps({"info": {"name": "x"}, "item": [{"request": {"url": HOME}, "response": [{"header": [{"key": "Set-Cookie", "value": FIRST}]}]}]}), [], [FIRST], HOME, []),
    ("Newman, JSON report (postmanlabs/newman, README.md)", json.dumps({"run": {"executions": [{"request": {"url": {"protocol": "https", "host": ["shop", "example"], "path": ["home"]}, "header": [{"key": "Cookie", "value": SENT[0]}]}, "response": {"header": [{"key": "Set-Cookie", "value": FIRST}], "cookie": [{"name": "sid", "value": "abc"}]}}]}}), SENT, [FIRST], HOME, []),
    ("Resty 2.7, SetDebug; two blanks (go-resty/resty, client.go)", "~~~ REQUEST ~~~\nGET  /home  HTTP/1.1\nHOST   : shop.example\nHEADERS:\n\tCookie: sid=abc\n", ["sid=abc"], [], HOME, []),
    ("ASP.NET Core, HttpLogging (learn.microsoft.com, HTTP logging)", "      Request:\n      Protocol: HTTP/1.1\n      Method: GET\n      Scheme: https\n      PathBase: \n      Path: /home\n      Host: shop.example\n      Cookie: sid=abc\n", ["sid=abc"], [], HOME, []),
    ("Postman, a URL in parts (schema.postman.com)", json.dumps({"item": [{"request": {"url": {"raw": HOME, "host": ["shop", "example"], "path": ["home"]}, "header": [{"key": "Cookie", "value": SENT[0]}]}, "response": []}]}), SENT, [], HOME, []),
    ("ngrok, requests of the agent (ngrok.com, Agent API)", json.dumps({"uri": "/api/requests/http", "requests": [{"request": {"uri": "/home", "headers": {"Host": ["shop.example"], "Cookie": SENT}}, "response": {"headers": {"Set-Cookie": ALL}}}]}), SENT, ALL, HOME, []),
    ("Playwright, resources of a trace (microsoft/playwright, packages/trace/src/snapshot.ts)", json.dumps({"type": "resource-snapshot", "snapshot": {"request": {"url": HOME, "headers": [{"name": "Cookie", "value": SENT[0]}], "cookies": []}, "response": {"headers": [{"name": "set-cookie", "value": FIRST}]}}}) + "\n", SENT, [FIRST], HOME, []),
    ("AWS Lambda, event of an HTTP API (docs.aws.amazon.com, http-api-develop-integrations-lambda)", json.dumps({"version": "2.0", "rawPath": "/home", "cookies": ["sid=abc", "a=b"], "headers": {"host": "shop.example"}}), ["sid=abc", "a=b"], [], HOME, []),
    ("Cloudflare Logpush with custom fields (developers.cloudflare.com, logs/reference/custom-fields)", json.dumps({"ClientRequestHost": "shop.example", "ClientRequestURI": "/home", "ClientRequestScheme": "https", "Cookies": {"sid": "abc"}, "ResponseHeaders": {"set-cookie": FIRST}}), ["sid=abc"], [FIRST], HOME, []),
    ("Elastic Common Schema (elastic.co, ECS, url)", json.dumps({"url": {"full": HOME, "path": "/home"}, "http": {"request": {"headers": {"cookie": SENT[0]}}, "response": {"status_code": 200}}}), SENT, [], HOME, []),
    ("tshark -T json (wireshark.org, D.2 tshark)", json.dumps([{"_source": {"layers": {"http": {"http.host": "shop.example", "http.cookie": SENT[0], "http.request.full_uri": HOME}}}}], indent=1), SENT, [], HOME, []),
    ("tshark -T fields -E header=y (gist alibo/494ba587c5665572d8b41cc3e270d6b8)", "http.host\thttp.request.uri\thttp.cookie\nshop.example\t/home\tsid=abc; last=z\n", ["sid=abc; last=z"], [], HOME, []),
    ("tcpdump -A (gist mamashin/afb0e31999b1615428dede37883ef186)", "10:00:00.000000 IP 10.0.0.1.5000 > 10.0.0.2.80: Flags [P.], length 99: HTTP: GET /home HTTP/1.1\nE..=..@.@..............P...........F.......\n.......1GET /home HTTP/1.1\nHost: shop.example\nCookie: sid=abc; last=z\n\n10:00:00.001000 IP 10.0.0.2.80 > 10.0.0.1.5000: Flags [P.], length 99: HTTP: HTTP/1.1 200 OK\nE..4..@.@..............P...........F........HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: b=2\n\nok\n", ["sid=abc; last=z"], ["a=1", "b=2"], HOME, []),
    ("mitmdump --flow-detail 2 (mitmproxy/mitmproxy, mitmproxy/addons/dumper.py)", "127.0.0.1:59519: GET http://shop.example/home\n    Host: shop.example\n    Cookie: a=1\n\n << 200 OK 2b\n    Set-Cookie: b=2\n    Set-Cookie: c=3\n", ["a=1"], ["b=2", "c=3"], "http://shop.example/home", []),
    ("mitmdump, HTTP/2 (mitmproxy/mitmproxy, mitmproxy/addons/dumper.py)", "[::1]:59519: GET https://shop.example/home HTTP/2.0\n    cookie: a=1\n << HTTP/2.0 200 OK 2b\n    set-cookie: b=2\n", ["a=1"], ["b=2"], HOME, []),
    ("OkHttp, logging interceptor (square/okhttp, okhttp-logging-interceptor/README.md)", "--> GET https://shop.example/home http/1.1\nCookie: a=1\n--> END GET\n<-- 200 OK https://shop.example/home (5ms)\nset-cookie: b=2\n<-- END HTTP\n", ["a=1"], ["b=2"], HOME, []),
    ("REST Client, a request without a version (Huachao/vscode-restclient, README.md)", "### home\nGET https://shop.example/home\nCookie: a=1\n", ["a=1"], [], HOME, []),
    ("Hurl (Orange-OpenSource/hurl, README.md)", "GET https://shop.example/home\nCookie: a=1\nHTTP 200\nSet-Cookie: b=2\n", ["a=1"], ["b=2"], HOME, []),
    ("GoReplay, a file of requests (buger/goreplay, README.md)", "1 2eb0 1437\nGET /home HTTP/1.1\r\nHost: shop.example\r\nCookie: a=1\r\n\r\n\n\U0001f435\U0001f648\U0001f649\n2 2eb0 1437\nHTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\n\r\n\n\U0001f435\U0001f648\U0001f649\n", ["a=1"], ["b=2"], HOME, []),
    ("Jetty, cookies without blanks (eclipse.dev/jetty, CustomRequestLog)", '10.0.0.1 - - [01/Jun/2026:10:00:00 +0000] "GET /home HTTP/1.1" 200 2 "-" "Mozilla/5.0" "JSESSIONID=abc;theme=dark"', ["JSESSIONID=abc;theme=dark"], [], "https://localhost/home", [Note.BY_FORM]),
    ("ZAP and Fiddler, raw text with absolute targets (zaproxy.org, Export Messages)", "====1 ====\nGET http://shop.example/home HTTP/1.1\r\nHost: shop.example\r\nCookie: a=1\r\n\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\n\r\n", ["a=1"], ["b=2"], "http://shop.example/home", []),
    ("k6 --http-debug (grafana.com, HTTP debugging)", "INFO[0000] Request:\nGET /home HTTP/1.1\r\nHost: shop.example\r\nCookie: a=1\r\n\r\n  group= iter=0\nINFO[0000] Response:\nHTTP/2.0 200 OK\r\nSet-Cookie: b=2\r\n\r\n", ["a=1"], ["b=2"], HOME, []),
    ("headers of HTTP/2 as developer tools copy them (RFC 9113 8.3)", ":authority: shop.example\n:method: GET\n:path: /home\n:scheme: https\ncookie: a=1; b=2\n", ["a=1; b=2"], [], HOME, []),
    ("curl -i of a page that has the form of headers and cookies (a form of this test)", 'HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc\r\n\r\n<meta content="width=device-width; initial-scale=1">\n<script>document.cookie = "banner=1; path=/"; cookie = "x=1"</script>\nSet-Cookie: fake=1\n<p title="a=1; b=2">\n', [], ["sid=abc"], "https://localhost/", []),
    ("a HAR in gzip (HAR 1.2, softwareishard.com)", gzip.compress(har([("set-cookie", FIRST)]).encode(), mtime=0), SENT, [FIRST], HOME, []),
    ("a HAR whose headers have the value first (RFC 8259 4)", har([("set-cookie", FIRST)]).replace('"name": "set-cookie", "value": "' + FIRST + '"', '"value": "' + FIRST + '", "name": "set-cookie"'), SENT, [FIRST], HOME, []),
    ("an array of entries without a HAR (a form of this test)", json.dumps(json.loads(har([("set-cookie", FIRST)]))["log"]["entries"]), SENT, [FIRST], HOME, []),
    ("entries without log (a form of this test)", json.dumps(json.loads(har([("set-cookie", FIRST)]))["log"]), SENT, [FIRST], HOME, []),
    ("one entry on a line (a form of this test)", json.dumps(json.loads(har([("set-cookie", FIRST)]))["log"]["entries"][0]) + "\n", SENT, [FIRST], HOME, []),
    ("a HAR whose arrays have more than its headers (HAR 1.2, softwareishard.com)", har([("set-cookie", FIRST)], [{"name": "sid", "value": "abc"}, {"name": "b", "value": "2", "path": "/"}]), SENT, [FIRST, "b=2; Path=/"], HOME, [Note.FROM_ARRAYS]),
    ("Chrome's HAR with sensitive data (developer.chrome.com, HAR export)", har([("set-cookie", line) for line in ALL]), SENT, ALL, HOME, []),
    ("Firefox's HAR, lines joined by line feeds (from documentation)", har([("set-cookie", "\n".join(ALL))]), SENT, ALL, HOME, []),
    ("Safari's HAR, lines joined by commas (WebKit, Web Inspector)", har([("Set-Cookie", ", ".join(ALL))]), SENT, ALL, HOME, [Note.SPLIT]),
    ("Safari's HAR with cookies[] (WebKit, Web Inspector)", har([("Set-Cookie", ", ".join(ALL))], [{"name": "sid"}, {"name": "prefs"}, {"name": "name"}]), SENT, ALL, HOME, [Note.SPLIT]),
    ("BrowserMob Proxy's HAR, arrays only (lightbody/browsermob-proxy)", DATA / "cookies-arrays.har", ["seen=1"], ["sid=abc; Path=/; Expires=Tue, 01 Jun 2027 10:00:00 GMT; HttpOnly; Secure", "_trk=9; Path=/"], "https://shop.example/", [Note.FROM_ARRAYS]),
    ("a HAR that begins with a member of its own (HAR 1.2, softwareishard.com)", DATA / "comment-first.har", [], ["sid=1; Path=/"], "https://shop.example/", []),
    ("a HAR in UTF-16 (PowerShell's Out-File)", har([("set-cookie", FIRST)]).encode("utf-16"), SENT, [FIRST], HOME, []),
    ("a HAR in UTF-16 without a mark (RFC 4627 3)", har([("set-cookie", FIRST)]).encode("utf-16-le"), SENT, [FIRST], HOME, []),
    ("a HAR with a byte order mark (RFC 8259 8.1)", b"\xef\xbb\xbf" + har([("set-cookie", FIRST)]).encode(), SENT, [FIRST], HOME, []),
    ("a log that quotes with apostrophes (a form of this test)", DATA / "apostrophe.log", ["sid=abc; lastq=children's+books; theme=dark; arr=[1,2]; tail=z"], [], "https://localhost/home", []),
    ("a JSON log with arrays (a form of this test)", json.dumps({"host": "shop.example", "path": "/home", "cookie": SENT, "set_cookie": ALL}), SENT, ALL, HOME, []),
    ("a JSON log with cookies by name (a form of this test)", json.dumps({"url": HOME + "?a=1", "cookies": {"sid": "abc", "a": "b"}}), ["sid=abc; a=b"], [], HOME, []),
    ("a JSON log with headers as names and values (a form of this test)", json.dumps({"host": "shop.example", "uri": "/home", "headers": [{"name": "Cookie", "value": "sid=1"}, {"name": "X", "value": "y"}]}), ["sid=1"], [], HOME, []),
    ("quotes within quotes that are not escaped (a form of this test)", 'GET cookie="prefs={"a":1}; tail=z" status=200', ['prefs={"a":1}; tail=z'], [], "https://localhost/", []),
    ("a bracket within brackets (a form of this test)", "cookie=[a[0]=x; b=1] status=200", ["a[0]=x; b=1"], [], "https://localhost/", []),
    ("tshark -T json, real; it repeats the key of a header", DATA / "tshark.json", [], FIVE, "https://localhost/", []),
    ("tshark -T json, two messages in one frame (wireshark.org, D.2 tshark)", '[{"layers": {"http": {"http.set_cookie": "sid=1; Path=/; HttpOnly"},\n"http": {"http.set_cookie": "lang=nl; Path=/; Max-Age=60"}}}]', [], TWO, "https://localhost/", []),
    ("Java 17 HttpClient, jdk.httpclient.HttpClient.log=headers, real", DATA / "java-http-client.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("nghttp 1.52.0 -v, real", DATA / "nghttp-v.txt", ["q=1; theme=dark"], FIVE[:3], "http://shop.example/home", []),
    ("Chromium 156, messages of the DevTools Protocol, real", DATA / "cdp.jsonl", [], FIVE, "http://shop.example:28911/home", []),
    ("Selenium, performance log (selenium.dev, Logging)", json.dumps([{"level": "INFO", "timestamp": 1795946400000, "message": json.dumps({"message": {"method": "Network.responseReceivedExtraInfo", "params": {"requestId": "1", "blockedCookies": [], "headers": {"set-cookie": "\n".join(TWO)}}}})}], indent=1), [], TWO, "https://localhost/", []),
    ("Chromium 156, netlog (chromium.org, NetLog)", json.dumps({"constants": {}, "events": [{"params": {"url": HOME, "site_for_cookies": "SiteForCookies: {site=http://a.example}"}, "source": {"id": 7}}, {"params": {"headers": ["HTTP/1.1 200 OK", *(f"Set-Cookie: {line}" for line in TWO)]}, "source": {"id": 7}}]}, indent=1), [], TWO, HOME, []),
    ("Node 20, console.log(res.rawHeaders), real", DATA / "node-raw.txt", [], FIVE, "https://localhost/", []),
    ("Node 20, JSON.stringify(res.rawHeaders) (nodejs.org, message.rawHeaders)", json.dumps(["Host", "shop.example", *(text for line in TWO for text in ("Set-Cookie", line))]), [], TWO, "https://shop.example/", []),
    ("Node 20, console.log(res.headers) below other output (nodejs.org, message.headers)", "listening\n{\n  'set-cookie': [\n    'sid=1; Path=/; HttpOnly',\n    'lang=nl; Path=/; Max-Age=60'\n  ],\n  vary: 'Cookie'\n}\n", [], TWO, "https://localhost/", []),
    ("Node 20, console.log(res.headers), real", DATA / "node-headers.txt", [], FIVE, "https://localhost/", []),
    ("PHP 8.2, print_r of get_headers with names (php.net, get_headers)", "Array\n(\n    [Set-Cookie] => Array\n        (\n            [0] => sid=1; Path=/; HttpOnly\n            [1] => lang=nl; Path=/; Max-Age=60\n        )\n\n)\n", [], TWO, "https://localhost/", []),
    ("PHP 8.2, print_r of get_headers, real", DATA / "php-get-headers.txt", [], FIVE, "https://localhost/", []),
    ("ngrep -W byline, real; a dot is the CR", DATA / "ngrep-byline.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("tshark -V, real", DATA / "tshark-V.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("tshark -z follow,tcp,ascii, real; a segment ends within a line", DATA / "tshark-follow.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("tshark -z follow,tcp,ascii; a segment ends between two lines (wireshark.org, D.2 tshark)", "HTTP/1.1 200 OK\nHost: shop.example\nSet-Cookie: sid=1; Path=/; HttpOnly\n\n\t242\nSet-Cookie: lang=nl; Path=/; Max-Age=6\n\t243\n0\n\n", [], TWO, "https://shop.example/", []),
    ("tcpflow -c, real; a segment ends within a line", DATA / "tcpflow-c.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("OpenTelemetry, OTLP in JSON (opentelemetry.io, OTLP)", json.dumps({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}, "scopeSpans": [{"spans": [{"name": "GET /home", "attributes": [{"key": "url.full", "value": {"stringValue": HOME}}, {"key": "http.response.header.set-cookie", "value": {"arrayValue": {"values": [{"stringValue": line} for line in TWO]}}}]}]}]}]}, indent=1), [], TWO, HOME, []),
    ("Hoverfly, a simulation (docs.hoverfly.io, Simulation schema)", json.dumps({"data": {"pairs": [{"request": {"path": [{"matcher": "exact", "value": "/home"}], "destination": [{"matcher": "exact", "value": "shop.example"}], "headers": {"Cookie": [{"matcher": "exact", "value": "q=1; theme=dark"}]}}, "response": {"headers": {"Set-Cookie": TWO}}}]}}, indent=1), ["q=1; theme=dark"], TWO, HOME, []),
    ("nock, recorded calls (nock/nock, README.md)", json.dumps([{"scope": "https://shop.example", "path": "/home", "reqheaders": {"cookie": "q=1"}, "rawHeaders": [text for line in TWO for text in ("Set-Cookie", line)]}], indent=1), ["q=1"], TWO, HOME, []),
    ("WebDriver BiDi, network events (w3.org, webdriver-bidi)", json.dumps({"method": "network.responseCompleted", "params": {"response": {"url": HOME, "headers": [{"name": "Set-Cookie", "value": {"type": "string", "value": line}} for line in TWO]}}}), [], TWO, HOME, []),
    ("MockServer, recorded expectations (mock-server.com)", json.dumps({"httpRequest": {"path": "/home", "headers": [{"name": "Host", "values": ["shop.example"]}]}, "httpResponse": {"headers": [{"name": "Set-Cookie", "values": TWO}]}}), [], TWO, HOME, []),
    ("ASP.NET Core, HttpLogging; it joins lines with commas (learn.microsoft.com, HTTP logging)", "info: Microsoft.AspNetCore.HttpLogging.HttpLoggingMiddleware[2]\n      Response:\n      Host: shop.example\n      Set-Cookie: " + ", ".join(TWO) + "\n", [], TWO, "https://shop.example/", [Note.SPLIT]),
    ("Splunk, an export in CSV (docs.splunk.com, Export data)", '"_time","_raw"\n"2026-06-01T10:00:00","10.0.0.1 ""GET /home HTTP/1.1"" 200 host=""shop.example"" cookie=""q=1; theme=dark"" set_cookie=""' + TWO[0] + '"""\n', ["q=1; theme=dark"], TWO[:1], HOME, []),
    ("nginx, debug log (nginx.org, A debugging log)", '2026/11/29 10:00:00 [debug] 1#1: *1 http request line: "GET /home HTTP/1.1"\n2026/11/29 10:00:00 [debug] 1#1: *1 http header: "Host: shop.example"\n2026/11/29 10:00:00 [debug] 1#1: *1 http header: "Cookie: q=1"\n2026/11/29 10:00:00 [debug] 1#1: *1 HTTP/1.1 200 OK\nServer: nginx\nSet-Cookie: ' + TWO[0] + "\n", ["q=1"], TWO[:1], HOME, []),
    ("folded header lines (RFC 9112 5.2)", "HTTP/1.1 200 OK\r\nHost: shop.example\r\nSet-Cookie: sid=1; Path=/;\r\n HttpOnly\r\nSet-Cookie: lang=nl; Path=/;\r\n\tMax-Age=60\r\n\r\n", [], TWO, "https://shop.example/", []),
    ("Dio, LogInterceptor (pub.dev, dio)", "*** Response ***\nuri: https://shop.example/home\nstatusCode: 200\nheaders:\n set-cookie: [" + ", ".join(TWO) + "]\n", [], TWO, HOME, [Note.SPLIT]),
    ("Scrapy 2.19, COOKIES_DEBUG (docs.scrapy.org, COOKIES_DEBUG)", "2026-11-30 05:35:55 [scrapy.downloadermiddlewares.cookies] DEBUG: Sending cookies to: <GET http://shop.example/home>\nCookie: q=1\n\n2026-11-30 05:35:56 [scrapy.downloadermiddlewares.cookies] DEBUG: Received cookies from: <200 http://shop.example/home>\n" + "".join(f"Set-Cookie: {line}\n\n" for line in TWO), ["q=1"], TWO, "http://shop.example/home", []),
    ("WARC 1.0 of Wget (iipc.github.io, warc-format)", "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 60\r\n\r\nwget-arguments: \"--save-cookies\" \"jar\" \"http://shop.example/home?cookie=1\"\r\n\r\n\r\nWARC/1.0\r\nWARC-Type: request\r\nWARC-Target-URI: <http://shop.example/home>\r\nContent-Length: 60\r\n\r\nGET /home HTTP/1.1\r\nHost: shop.example\r\nCookie: q=1\r\n\r\n\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://shop.example/home>\r\n\r\nHTTP/1.1 200 OK\r\n" + "".join(f"Set-Cookie: {line}\r\n" for line in TWO) + "Content-Length: 2\r\n\r\nok\r\n\r\n", ["q=1"], TWO, "http://shop.example/home", []),
    ("responses, the recorder of a library for Python, with folded values (pypi.org, responses)", "responses:\n- response:\n    body: ok\n    headers:\n      Set-Cookie: sid=1; Path=/; HttpOnly,\n        lang=nl;\n        Path=/; Max-Age=60\n    method: GET\n    status: 200\n    url: https://shop.example/home\n", [], TWO, HOME, [Note.SPLIT]),
    ("VCR.py, a cassette (vcrpy.readthedocs.io, Usage)", "interactions:\n- request:\n    body: null\n    headers:\n      Cookie:\n      - q=1\n    method: GET\n    uri: https://shop.example/home\n  response:\n    headers:\n      Date:\n      - Mon, 01 Jun 2026 10:00:00 GMT\n      Set-Cookie:\n      - " + TWO[0] + "\n      - " + TWO[1] + "\n    status:\n      code: 200\nversion: 1\n", ["q=1"], TWO, HOME, []),
    ("Ruby 3.1 Net::HTTP, set_debug_output, real", DATA / "ruby-net-http.txt", ["q=1; theme=dark"], FIVE, HOME, []),
    ("git 2.39.5, GIT_TRACE_CURL, real", DATA / "git-trace-curl.txt", ["q=1; theme=dark"], FIVE, "https://127.0.0.1:28911/x/info/refs", []),
    ("Docker Compose, a head with the name of its service (docs.docker.com, compose logs)", "web-1  | GET /home HTTP/1.1\nweb-1  | Host: shop.example\nweb-1  | Cookie: q=1\nweb-1  | \nweb-1  | HTTP/1.1 200 OK\n" + "".join(f"web-1  | Set-Cookie: {line}\n" for line in TWO), ["q=1"], TWO, HOME, []),
    ("OkHttp in Logcat (developer.android.com, logcat)", "11-29 10:00:00.000  1234  1250 I okhttp.OkHttpClient: --> GET https://shop.example/home h2\n11-29 10:00:00.001  1234  1250 I okhttp.OkHttpClient: Cookie: q=1\n11-29 10:00:00.002  1234  1250 I okhttp.OkHttpClient: <-- 200 https://shop.example/home (5ms)\n11-29 10:00:00.003  1234  1251 I okhttp.OkHttpClient: set-cookie: " + TWO[0] + "\n", ["q=1"], TWO[:1], HOME, []),
    ("Apache HttpClient, wire log (hc.apache.org, Logging)", 'x DEBUG http-outgoing-0 >> "GET /home HTTP/1.1[\\r][\\n]"\nx DEBUG http-outgoing-0 >> "Host: shop.example[\\r][\\n]"\nx DEBUG http-outgoing-0 << "HTTP/1.1 200 OK[\\r][\\n]"\nx DEBUG http-outgoing-0 << "Set-Cookie: ' + TWO[0] + '[\\r][\\n]"\n', [], TWO[:1], HOME, []),
    ("haproxy -d (docs.haproxy.org, Management Guide)", "00000000:fe.clireq[0009:ffffffff]: GET /home HTTP/1.1\n00000000:fe.clihdr[0009:ffffffff]: host: shop.example\n00000000:fe.clihdr[0009:ffffffff]: cookie: q=1\n00000000:be.srvrep[0009:000a]: HTTP/1.1 200 OK\n00000000:be.srvhdr[0009:000a]: set-cookie: " + TWO[0] + "\n", ["q=1"], TWO[:1], HOME, []),
    ("curl -v over HTTP/2, with the fields that it sends (curl.se, curl -v)", "* [HTTP/2] [1] [cookie: q=1]\n> GET /home HTTP/2\n> Host: shop.example\n> cookie: q=1\n>\n< HTTP/2 200\n< set-cookie: " + TWO[0] + "\n<\n", ["q=1"], TWO[:1], HOME, []),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "source", "asked", "answered", "url", "notes"), TABLE, ids=[row[0] for row in TABLE])
def test_each_tool_is_read(
    tmp_path: Path,
    tool: str,
    source: Path | str | bytes,
    asked: list[str],
    answered: list[str],
    url: str,
    notes: list[Note],
) -> None:
    path = source if isinstance(source, Path) else tmp_path / "file"
    if not isinstance(source, Path):
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
    account = Account(now=NOW)
    found = list(recorded(path, account=account))
    assert [v.decode() for one in found for n, v in one.asked if n.lower() == b"cookie"] == asked
    assert [v.decode() for one in found for n, v in one.answered if n.lower() == b"set-cookie"] == answered
    assert {one.url for one in found} == {url}
    assert len(found) == (len(answered) if tool in SEPARATE else 2 if tool in IN_TWO else 1)
    no_host = {Note.NO_HOST} if url.startswith("https://localhost/") else set()
    no_time = (
        {Note.NO_TIME}
        if any(not one.at and b"expires=" in str(one.answered).lower().encode() for one in found)
        else set()
    )
    assert {note for note, count in account.notes.items() if count} == set(notes) | no_host | no_time


def test_each_tool_has_its_source() -> None:
    without = [row[0] for row in TABLE if not re.search(r", real(?:;|$)|\([^()]{6,}\)$", row[0])]
    assert without == [] and len({row[0] for row in TABLE}) == len(TABLE) >= 80


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (DATA / "sanitized.har", "Export HAR (with sensitive data)"),
        (DATA / "redacted.har", "redacted"),
        (DATA / "caddy-redacted.log", "log_credentials"),
        ('{"host": "shop.example", "cookie": "REDACTED"}', "redacted"),
        ('x "GET / HTTP/1.1" 200 cookie="[redacted]"', "redacted"),
        ("HTTP/1.1 200 OK\nSet-Cookie: <snip>\n", "redacted"),
    ],
)
def test_a_recording_without_cookies_has_a_reason(tmp_path: Path, source: Path | str, reason: str) -> None:
    path = source if isinstance(source, Path) else tmp_path / "file"
    if not isinstance(source, Path):
        path.write_text(source)
    account = Account()
    assert sum(bool(one.asked and one.exchange.headers == ()) for one in recorded(path, account=account)) == 0
    assert account.cookies == 0 and reason in account.why_no_cookies


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"PK\x03\x04\x14\x00", "is a zip archive"),
        (b"BZh91AY", "unpack it with bunzip2"),
        (b"\xfd7zXZ\x00", "unpack it with unxz"),
        (b"\x28\xb5\x2f\xfd\x00", "unpack it with unzstd"),
        (b"\x0a\x0d\x0d\x0a\x00", "is a capture of packets"),
        (b'<?xml version="1.0"?>\n<items><item><request base64="true">', "such as an export of Burp"),
        ((DATA / "curl-jar.txt").read_bytes(), "is a cookie file"),
        (gzip.compress(b"cookie=a=1 " * 1000, mtime=0)[:-20], "is a damaged gzip file"),
        (b'"GET / HTTP/1.1" "max-age=31536000; includeSubDomains=1" "u=1, i" "Root=1-58337281-1d84"', "has no Set-Cookie or"),
        (b'"GET / HTTP/1.1" "a=1&b=2"\n"GET / HTTP/1.1" "a=1"', "has no Set-Cookie or"),
        (b"VSL\x00\x0d\x00\x00\x00cookie=a=1\n", "is binary"),
        (b'[{"a": 1}, {"b": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}]', "is not a HAR file"),
        (b'{"rows": [' + b"1," * 100_001 + b"1]}\n{}\n{", "is truncated"),
        (b'[{"rows": [' + b"1," * 100_001 + b"1]}]", "write one record per line (jq -c)"),
    ],
)  # fmt: skip
def test_other_files_are_refused_with_the_reason(tmp_path: Path, text: bytes, fault: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    with pytest.raises(NoTraffic) as told:
        list(recorded(path))
    assert fault in str(told.value)


@pytest.mark.parametrize(
    ("text", "names", "note"),
    [
        ('host=a.example "GET / HTTP/1.1" "sid=1"\nhost=a.example "GET / HTTP/1.1" "sid=1; b=2"', ["sid=1; b=2", "sid=1"], {Note.BY_FORM: 2}),
        ('host=a.example "GET / HTTP/1.1" "view=1"', [], {Note.UNCLEAR: 1}),
        ('host=a.example "GET / HTTP/1.1" "u=42; s=9f" "sid=1; Path=/"', ["u=42; s=9f"], {Note.BY_FORM: 1}),
        ('host=a.example "GET / HTTP/1.1" "q=1; r=2" "u=1, i"', ["q=1; r=2"], {Note.BY_FORM: 1}),
        ('host=a.example "GET / HTTP/1.1" "q=1" "sid=1; Path=/"', [], {Note.BY_FORM: 1, Note.UNCLEAR: 1}),
        ('host=a.example "GET / HTTP/1.1" "width=9; theme=dark"', [], {Note.UNCLEAR: 1}),
        ('host=a.example "GET / HTTP/1.1" "a=1; b=2"\nhost=a.example "GET / HTTP/1.1" "root=1; b=2"', ["a=1; b=2", "root=1; b=2"], {Note.BY_FORM: 2}),
        ('host=a.example "a=1; b=2" "max-age=0, s-maxage=9" "Root=1-5;Self=1-6" "for=::1;proto=https"', ["a=1; b=2"], {Note.BY_FORM: 1}),
        ('host=a.example "GET / HTTP/1.1" "JSESSIONID=1"\nhost=a.example "GET / HTTP/1.1" "view=1"', ["JSESSIONID=1"], {Note.BY_FORM: 1, Note.UNCLEAR: 1}),
        ('host=a.example "GET / HTTP/1.1" "connect.sid=1"', ["connect.sid=1"], {Note.BY_FORM: 1}),
        ('host=a.example "GET / HTTP/1.1" "side=1"', [], {Note.UNCLEAR: 1}),
        (json.dumps({"cookies": [{"name": "sid", "value": "1", "domain": "a.example", "httpOnly": True}], "origins": []}), [], {Note.STORED: 1}),
        (json.dumps([{"name": "sid", "value": "1", "domain": "a.example", "hostOnly": True}], indent=1), [], {Note.STORED: 1}),
        (json.dumps({"resources": [{"url": HOME, "headers": [{"name": "Cookie", "value": "a=1"}]}, {"_type": "cookie_jar", "cookies": [{"key": "b", "value": "2", "domain": "a.example"}]}]}), ["a=1"], {Note.STORED: 1}),
        ('host=a.example "GET / HTTP/1.1" "sid=1; q="a" b"; z=2"', ['sid=1; q="a'], {Note.BY_FORM: 1, Note.UNCLEAR: 1}),
        ('{"host": "a.example", "has_cookie": "yes"}', [], {Note.UNCLEAR: 1}),
        ('host=a.example cookie="c=1"\nhost=a.example cookie="b=' + "x" * (1 << 21) + '"\nhost=a.example cookie="d=1"', ["c=1", "d=1"], {Note.TOO_LONG: 1}),
        ("#Fields: cs-method cs(Host) cs(Cookie)\nGET a.example a=1\nGET a.example a=1 more", ["a=1"], {Note.NOT_PARSED: 1}),
        ("host,cookie\na.example,a=1\na.example,a=1,more\n", ["a=1"], {Note.NOT_PARSED: 1}),
        ('{"host": "a.example", "cookie": "a=1"}\n{"host": "a.exam', ["a=1"], {Note.NOT_PARSED: 1}),
        ('cookie="a=1"', ["a=1"], {Note.NO_HOST: 1}),
    ],
)  # fmt: skip
def test_lines_that_are_not_clear_are_counted(
    tmp_path: Path, text: str, names: list[str], note: dict[Note, int]
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    account = Account()
    assert [value.decode() for one in recorded(path, account=account) for _, value in one.asked] == names
    assert +account.notes == note
    assert account.is_incomplete == (not set(note) <= {Note.BY_FORM, Note.NO_HOST})


def test_several_recordings_in_one_file_are_all_read(tmp_path: Path) -> None:
    one = har([("set-cookie", FIRST)])
    path = tmp_path / "file"
    for text in (f"{one}\n{one}", f"{one}{one}", f"[{one}, {one}]", json.dumps(json.loads(one)["log"]["entries"] * 2)):
        path.write_text(text)
        assert [found.url for found in recorded(path)] == [HOME, HOME]


@pytest.mark.parametrize(
    "line",
    [
        '127.0.0.1 - - [01/Jun/2026:12:00:00 +0200] "GET / HTTP/1.1" 200 cookie="a=1"',
        '2026-06-01T10:00:00.000000Z stdout F "GET / HTTP/1.1" cookie="a=1"',
        '{"time_local": "01/Jun/2026:10:00:00 +0000", "cookie": "a=1"}',
        '{"log": "cookie=\\"a=1\\"\\n", "time": "2026-06-01T10:00:00Z"}',
    ],
)
def test_the_lifetime_of_a_log_is_measured_from_the_time_of_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "file"
    path.write_text(line + "\n")
    assert [one.at for one in recorded(path)] == [1780308000.0]


ENDED = "sid=1; Path=/; Expires=Wed, 01 May 2024 11:00:00 GMT"
START = "2024-05-01T10:00:00"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"http_interactions": [{"request": {"uri": HOME}, "response": {"headers": {"Set-Cookie": [ENDED]}}, "recorded_at": START}]}),
        json.dumps({"snapshot": {"startedDateTime": f"{START}Z", "request": {"url": HOME}, "response": {"headers": [{"name": "Set-Cookie", "value": ENDED}]}}}),
        json.dumps({"url": HOME, "ts": "2024-05-01T09:00:00Z", "headers": {"Date": "Wed, 01 May 2024 10:00:00 GMT", "Set-Cookie": ENDED}}),
        json.dumps({"pairs": [{"request": {"path": [{"value": "/home"}]}, "response": {"headers": {"Date": ["Wed, 01 May 2024 10:00:00 GMT"], "Set-Cookie": [ENDED]}}}]}),
        f"*   << Request  >> 2\n-   Timestamp      Start: 1714557600.000000 0.000000 0.000000\n-   ReqMethod      GET\n-   ReqURL         /home\n-   RespStatus     200\n-   RespHeader     Set-Cookie: {ENDED}\n",
    ],
    ids=["Betamax, recorded_at", "Playwright, startedDateTime", "a Date among other times", "Hoverfly, a list of one Date", "varnishlog, Timestamp"],
)  # fmt: skip
def test_the_moment_of_a_response_is_the_one_that_the_tool_writes(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    account = Account()
    assert [one.at for one in recorded(tmp_path / "file", account=account)] == [1714557600.0]
    assert not account.is_incomplete


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("sid=1; Expires=Wed, 01 Jun 2027 11:00:00 GMT", {Note.NO_TIME: 1}),
        ("sid=1; Expires=Wed, 01 May 2024 11:00:00 GMT", {Note.PERHAPS_ENDED: 1}),
        ("sid=; Expires=Wed, 01 May 2024 11:00:00 GMT", {}),
        ("sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {}),
        ("sid=1; Max-Age=60; Expires=Wed, 01 May 2024 11:00:00 GMT", {}),
        ("sid=1; Expires=soon", {}),
    ],
)
def test_an_expires_without_the_time_of_its_response_is_counted(
    tmp_path: Path, line: str, note: dict[Note, int]
) -> None:
    (tmp_path / "file").write_text(f"HTTP/1.1 200 OK\nHost: shop.example\nSet-Cookie: {line}\n")
    account = Account(now=NOW)
    assert len(list(recorded(tmp_path / "file", account=account))) == 1
    assert +account.notes == note
    assert account.is_incomplete == (Note.PERHAPS_ENDED in note)


def test_the_headers_of_a_response_count_more_than_its_list_of_cookies(tmp_path: Path) -> None:
    """Playwright leaves attributes in small letters out of the list, and writes Expires in the form of ISO 8601."""
    listed = {"name": "sid", "value": "1", "expires": "2026-06-01T12:00:00.000Z"}
    headers = [{"name": "set-cookie", "value": "sid=1; path=/; max-age=7200; secure"}]
    response = {"cookies": [listed, {"name": "lang", "value": "nl"}], "headers": headers}
    (tmp_path / "file").write_text(json.dumps({"snapshot": {"request": {"url": HOME}, "response": response}}))
    (one,) = recorded(tmp_path / "file")
    assert [value for _, value in one.answered] == [b"sid=1; path=/; max-age=7200; secure", b"lang=nl"]


def test_the_requests_and_stubs_of_a_recorder_are_separate_exchanges(tmp_path: Path) -> None:
    # mountebank has all requests in one list, and a stub for each response in another
    host = {"Host": "shop.example", "Cookie": "sid=1"}
    asked = [{"method": "GET", "path": path, "headers": host} for path in ("/cart", "/pay")]
    stubs = [
        {
            "predicates": [{"deepEquals": {"path": path}}],
            "responses": [{"is": {"headers": {"Set-Cookie": f"{name}=7; Max-Age=60"}}}],
        }
        for path, name in (("/cart", "a"), ("/pay", "b"))
    ]
    (tmp_path / "file").write_text(json.dumps({"requests": asked, "stubs": stubs}, indent=1))
    found = [
        (one.exchange.target, *(value for _, value in [*one.asked, *one.answered]))
        for one in recorded(tmp_path / "file")
    ]
    assert found == [
        (b"/cart", b"sid=1"),
        (b"/pay", b"sid=1"),
        (b"/cart", b"a=7; Max-Age=60"),
        (b"/pay", b"b=7; Max-Age=60"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("interactions:\n- &a {request: x}\n- *a\n", "has YAML aliases"),
        ("responses:\n- {a\n", "is not valid YAML"),
        ("responses:\n- " + "[" * 50_000, "has more than 100 levels"),
    ],
)
def test_a_recording_in_yaml_that_cannot_be_read_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(NoTraffic) as told:
        list(recorded(tmp_path / "file"))
    assert fault in str(told.value)


def test_the_date_in_a_list_of_headers_is_the_moment_of_the_response(tmp_path: Path) -> None:
    # nock writes names and values in turn
    headers = ["Set-Cookie", ENDED, "Date", "Wed, 01 May 2024 10:00:00 GMT"]
    record = {"scope": "https://shop.example:443", "path": "/", "rawHeaders": headers}
    (tmp_path / "file").write_text(json.dumps([record], indent=1))
    assert [one.at for one in recorded(tmp_path / "file")] == [1714557600.0]


def test_an_empty_list_of_cookies_beside_their_header_is_not_redacted(tmp_path: Path) -> None:
    """Newman writes both."""
    response = {"cookie": [], "header": [{"key": "Set-Cookie", "value": "sid=1"}]}
    (tmp_path / "file").write_text(json.dumps({"executions": [{"request": {"url": HOME}, "response": response}]}))
    account = Account()
    assert [value for one in recorded(tmp_path / "file", account=account) for _, value in one.answered] == [b"sid=1"]
    assert not account.is_incomplete


def test_a_hostile_line_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    size = 1 << 17
    for text in (
        "cookie=[ ",
        'cookie=" ',
        '", b=',
        "_cookie",
        '\\"',
        '{"',
        "; a=1",
        "a=1, ",
        '"A /',
        "curl ",
        " -b",
        "{a=",
        ", cookie=",
    ):
        for before in ("", 'cookie="a=', '"a="', "set_cookie='a=\"1"):
            path.write_text((before + text * size)[: size - 1] + "\n")
            began = process_time()
            with suppress(NoTraffic):
                list(recorded(path))
            assert process_time() - began < 1, (before, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "HTTP/1.1 200 OK\nSet-Cookie: a=1\n\n$ curl -i -b 'b=2; c=3' https://shop.example/home\nHTTP/1.1 200 OK\nSet-Cookie: d=4\n",
            [("https://localhost/", "GET", ["a=1"]), (HOME, "GET", ["b=2; c=3", "d=4"])],
        ),
        ("curl 'https://shop.example/home' -b 'a=1'\nHTTP/1.1 200 OK\nSet-Cookie: b=1\n", [(HOME, "GET", ["a=1", "b=1"])]),
        ("curl 'https://shop.example/home' \\\n  -H 'accept: */*' \\\n  --cookie 'a=1'\n", [(HOME, "GET", ["a=1"])]),
        (
            '$ curl -v \\\n\t-X POST \\\n\t-b "a=1; b=2" \\\n\t"https://shop.example/home"\n[Headers]:\nSet-Cookie: c=1; Path=/\n',
            [(HOME, "POST", ["a=1; b=2", "c=1; Path=/"])],
        ),
        (
            "$ curl -v -sb a=1 https://shop.example/home\n* Trying\n> GET /home HTTP/1.1\n> Host: shop.example\n> Cookie: a=1\n>\n",
            [(HOME, "GET", ["a=1"])],
        ),
        ("HTTP/1.1 200 OK\nSet-Cookie: a=1\n\ncurl -b b=1 https://shop.example/home\n</pre>\n", [("https://localhost/", "GET", ["a=1"])]),
        ("HTTP/1.1 200 OK\nSet-Cookie: a=1\n\n$ curl -b jar.txt https://shop.example/home\n", [("https://localhost/", "GET", ["a=1"])]),
    ],
)  # fmt: skip
def test_the_cookies_of_a_command_of_curl_belong_to_its_url(
    tmp_path: Path, text: str, found: list[tuple[str, str, list[str]]]
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    account = Account()
    assert [
        (one.url, one.exchange.method.decode(), [value.decode() for _, value in [*one.asked, *one.answered]])
        for one in recorded(path, account=account)
    ] == found
    assert not account.is_incomplete


def test_the_handshake_of_a_websocket_is_a_request() -> None:
    _, second = recorded(DATA / "websocket.har")
    assert (second.url, second.asked) == ("https://shop.example/live", [(b"Cookie", b"sid=1; wsroute=a1")])


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        ({"request": {"url": "data:text/html,x"}}, Note.NOT_HTTP),
        ({"request": {"url": "chrome-extension://abc/x.js"}}, Note.NOT_HTTP),
        ({"request": {"url": "http://[::1"}}, Note.NO_URL),
        ({"request": {"url": "https://stra\u00dfe.example/"}}, Note.NO_URL),
        ({"request": {}}, Note.NO_URL),
        ({"request": {"url": HOME}, "response": {"status": 0}}, Note.NO_RESPONSE),
        ({"request": {"url": HOME}}, Note.NO_RESPONSE),
    ],
)
def test_entries_that_are_left_out_are_counted_by_reason(tmp_path: Path, entry: object, note: Note) -> None:
    path = tmp_path / "site.har"
    path.write_text(json.dumps({"log": {"entries": [entry, entry]}}))
    account = Account()
    list(recorded(path, account=account))
    assert account.notes == {note: 2}
    assert account.lines() == [f"2 exchanges {note.value}"]


@pytest.mark.parametrize(
    ("value", "names", "lines"),
    [
        ("a=1, b=2", (), ["a=1", "b=2"]),
        ("a=1,b=2", (), ["a=1,b=2"]),
        ("a=1, 2; Path=/", (), ["a=1, 2; Path=/"]),
        ("a=1; Expires=Tue, 01 Jun 2027 10:00:00 GMT, b=2; Path=/", (), ["a=1; Expires=Tue, 01 Jun 2027 10:00:00 GMT", "b=2; Path=/"]),
        ("a=1, b=2", ("a",), ["a=1, b=2"]),
        ("a=1, b=2", ("a", "b"), ["a=1", "b=2"]),
        ('a="x, b=2"; Path=/', (), ['a="x, b=2"; Path=/']),
        ('a={"k": 1, "b": 2}; Path=/', (), ['a={"k": 1, "b": 2}; Path=/']),
    ],
)  # fmt: skip
def test_joined_lines_are_split_where_a_line_can_begin(value: str, names: tuple[str, ...], lines: list[str]) -> None:
    found = split_joined(value.encode(), [name.encode() for name in names])
    assert [line.decode() for line in found] == lines


def test_the_moment_of_a_response_is_its_date_or_the_start_and_the_time(tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    path.write_text(har([("Date", "Mon, 01 Jun 2026 10:59:59 GMT"), ("set-cookie", FIRST)], time=5000))
    (one,) = recorded(path)
    assert one.at == 1780311599.0
    path.write_text(har([("set-cookie", FIRST)], time=5000))
    (one,) = recorded(path)
    assert one.at == 1780308005.0
