"""Pages in the forms of consent tools, with the names, lifetimes and rows that are left out.

The pages were written for these tests. Each row names the source of the form, which is documentation, a template or a
published page; these tools cannot be installed."""

from dataclasses import dataclass, field

import pytest

from cookiewarden.tools.statement.lines import NoStatement
from cookiewarden.tools.statement.published import read_page
from cookiewarden.tools.statement.stated import draft
from tests.support.policies import loaded


@dataclass
class Written:
    tool: str
    source: str
    page: str | bytes
    found: dict[str, str]
    """Lifetimes by name; a dash for none."""
    left: list[str] = field(default_factory=list)
    """Reasons of rows that are left out."""
    rows: int = 0
    """Number of rows, if it is not the number of cookies and of rows that are left out."""
    groups: list[str] = field(default_factory=list)
    charset: str = ""


COOKIEBOT = """<div class="CookieDeclaration"><p class="CookieDeclarationType">Necessary (5)</p>
<table class="CookieDeclarationTable"><colgroup><col style="width:23%"></colgroup><thead><tr><th scope="col">Name</th><th scope="col">Provider</th><th scope="col">Purpose</th><th scope="col">Maximum Storage Duration</th><th scope="col">Type</th></tr></thead>
<tbody><tr><td>__cf_bm&nbsp;[x2]</td><td>shop.example<br>video.example</td><td>Tells people and robots apart.</td><td>1 day</td><td>HTTP Cookie</td></tr>
<tr><td>CookieConsent</td><td><a href="https://x.example" title="a > b">Cookiebot</a></td><td>Keeps the choice.</td><td>1 year</td><td>HTTP Cookie</td></tr>
<tr><td>basket-state</td><td>shop.example</td><td>Keeps the basket.</td><td>Persistent</td><td>HTML Local Storage</td></tr>
<tr><td>LogsDatabase#events</td><td>video.example</td><td>Pending</td><td>Persistent</td><td>IndexedDB</td></tr>
<tr><td>collect</td><td>ads.example</td><td>Counts visits.</td><td>Session</td><td>Pixel Tracker</td></tr></tbody></table></div>"""

ONETRUST = """<section class="ot-sdk-cookie-policy"><section><h4>Performance Cookies</h4><p>They count visits.</p>
<table><thead><tr><th scope="col">Cookie Subgroup</th><th scope="col">Cookies</th><th scope="col">Cookies used</th><th scope="col">Lifespan</th></tr></thead><tbody>
<tr><td data-label="Cookie Subgroup"><a href="https://c.example/shop.example">shop.example</a></td><td data-label="Cookies"><a>_gid</a>, <a>_ga_xxxxxxxxxx</a>, <a>_ga</a></td><td>First Party</td><td>1 Day, 399 Days, 399 Days</td></tr>
<tr><td>www.video.example</td><td><a>YSC</a></td><td>Third Party</td><td>Session</td></tr></tbody></table></section></section>"""

TERMLY = """<body><h1>Cookie Policy</h1><p>Last updated May 05, 2026</p><h2>Essential website cookies:</h2>
<section><table><tbody><tr><td>Name:</td><td><span>__tlbcpv</span></td></tr><tr><td>Purpose:</td><td><span>Records unique views of the banner.</span></td></tr><tr><td>Provider:</td><td>.termly.io</td></tr><tr><td>Service:</td><td>Termly <a href="#">View</a></td></tr><tr><td>Type:</td><td>http_cookie</td></tr><tr><td>Expires in:</td><td>1 year</td></tr></tbody></table></section>
<section><table><tbody><tr><td>Name:</td><td><span>TERMLY_CACHE</span></td></tr><tr><td>Purpose:</td><td>Stores the choice.</td></tr><tr><td>Type:</td><td>html_local_storage</td></tr><tr><td>Expires in:</td><td>persistent</td></tr></tbody></table></section>
<h2>Analytics cookies:</h2><section><table><tbody><tr><td>Name:</td><td>_ga_#</td></tr><tr><td>Purpose:</td><td>Statistics.</td></tr><tr><td>Type:</td><td>http_cookie</td></tr><tr><td>Expires in:</td><td>1 year 1 month 4 days</td></tr></tbody></table></section></body>"""

COOKIEYES = """<div class="cky-accordion-body"><h3>Nécessaire</h3><div class="cky-audit-table">
<ul class="cky-cookie-des-table"><li><div>Cookie</div><div>__cf_bm</div></li><li><div>Durée</div><div>1 heure</div></li><li><div>Description</div><div><p>Distingue les robots.</p></div></li></ul>
<ul class="cky-cookie-des-table"><li><div>Cookie</div><div>_ga_*</div></li><li><div>Durée</div><div>1 an 1 mois 4 jours</div></li><li><div>Description</div><div><p>Compte les visites.</p></div></li></ul>
<ul class="cky-cookie-des-table"><li><div>Cookie</div><div>PHPSESSID</div></li><li><div>Durée</div><div>session</div></li><li><div>Description</div><div></div></li></ul></div></div>"""

IUBENDA = """<html><head><title>Cookie Policy</title></head><body><h3>Statistics</h3><h4>Google Analytics 4</h4><p>Personal Data processed: Trackers.</p><p>Trackers duration:</p>
<ul><li>_ga: 2 years</li><li>_ga_*: 2 years</li></ul><h4>Payments</h4><p>Trackers duration:</p><ul><li>m: 2 years</li><li>__stripe_sid: 30 minutes</li><li>link.session: duration of the session</li></ul></body></html>"""

COMPLIANZ = """<details class="cmplz-dropdown"><summary><div><h3>Google Analytics</h3></div></summary><div class="cookies-per-purpose"><div class="purpose"><h4>Statistieken</h4></div>
<div class="name-header">
	<h5>Naam</h5>
</div>
<div class="name"><a href="#">_ga</a></div>
<div class="retention-header"><h5>Vervaldatum</h5></div>
<div class="retention">2 jaar</div>
<div class="function-header"><h5>Functie</h5></div>
<div class="function">Telt bezoeken.</div>
<div class="name-header"><h5>Naam</h5></div><div class="name">_gid</div><div class="retention-header"><h5>Vervaldatum</h5></div><div class="retention">1 dag</div><div class="function-header"><h5>Functie</h5></div><div class="function">Telt bezoeken.</div></div></details>"""

BORLABS = """<table><tbody><tr><th>Name</th><td>Google Analytics</td></tr><tr><th>Anbieter</th><td>Google Ireland Limited</td></tr><tr><th>Zweck</th><td>Zählt Besuche.</td></tr><tr><th>Cookie Name</th><td>_ga,_gid</td></tr><tr><th>Cookie Laufzeit</th><td>2 Jahre</td></tr></tbody></table>"""

WORDPRESS = """<h2>Cookies</h2><p>If you leave a comment on our site you may opt in to saving your name in cookies. These cookies will last for one year.</p>
<p>If you visit our login page, we will set a temporary cookie. It is discarded when you close your browser.</p><h2>Embedded content</h2><p>Articles may include videos.</p>"""

ICO = """<table><caption>Analytics cookies</caption><tr><th>Cookie</th><th>Name</th><th>Purpose</th><th>Expires</th></tr>
<tr><td rowspan="2">Universal Analytics (Google)</td><td>_ga</td><td rowspan=2>Counts visits.</td><td>2 years</td></tr><tr><td>_gid</td><td>24 hours</td></tr></table>"""

SPANISH = """<h1>Política de cookies</h1><table><tbody><tr><td><strong>Nombre</strong></td><td><strong>Titular</strong></td><td><strong>Finalidad</strong></td><td><strong>Caducidad</strong></td></tr>
<tr><td colspan="4">Cookies técnicas</td></tr><tr><td>sesion</td><td>tienda.example</td><td>Mantiene la sesión.</td><td>Sesión</td></tr>
<tr><td colspan="4">Cookies analíticas</td></tr><tr><td>_ga<br>_gid</td><td>Google</td><td>Estadísticas.</td><td>2 años / 24 horas</td></tr></tbody></table>"""

MARKDOWN = """# Cookies\n\n| Cookie-Name | Description | Storage |\n|---|---|---|\n| **Consent** | | |\n| __cmpconsent[x] | The choice. | 1st party |\n| `__cmpiab` | Vendors. | 1st party |\n| xxx_* | Anything. | 1st party |\n"""

DEFINITIONS = """<dl><dt>_ga</dt><dt>_gid</dt><dd>Statistics.</dd><dd>Valid for 1 day.</dd><dt>lang_code</dt><dd>Your language (1 year)</dd></dl>"""

TABLE = "<table><tr><th>Cookie<th>Use<th>Expires<tr><td>sid<td>login<td>session</table>"

GRID = "<div><div>Cookie</div><div>Purpose</div><div>Duration</div></div><div><div>sid</div><div>login</div><div>session</div></div>"

WRITERS = [
    Written("Cookiebot", "page support.nationbuilder.com/en/articles/5325385-managing-cookie-consents-with-cookiebot", COOKIEBOT, {"__cf_bm": "1d", "CookieConsent": "1y"}, ["local storage", "indexeddb", "pixel"]),
    Written("OneTrust", "the heads in the issue; a script fills the table", ONETRUST, {"_gid": "-", "_ga_*": "-", "_ga": "-", "YSC": "session"}, ["lifetime"], 2, ["Performance Cookies"]),
    Written("Termly", "page of the kind in the issue, one table per cookie", TERMLY, {"__tlbcpv": "1y", "_ga_*": "400d"}, ["local storage"], groups=["Essential website cookies:", "Analytics cookies:"]),
    Written("CookieYes", "script of the banner, class cky-cookie-des-table", COOKIEYES, {"__cf_bm": "1h", "_ga_*": "400d", "PHPSESSID": "session"}, groups=["Nécessaire"]),
    Written("iubenda", "published policies, 'Trackers duration'", IUBENDA, {"_ga": "2y", "_ga_*": "2y", "m": "2y", "__stripe_sid": "30min", "link.session": "session"}, groups=["Google Analytics 4", "Payments"]),
    Written("Complianz, Dutch", "Really-Simple-Plugins/complianz-gdpr templates/cookiepolicy/cookies_row.php", COMPLIANZ, {"_ga": "2y", "_gid": "1d"}, groups=["Statistieken"]),
    Written("Borlabs, German", "from documentation, box of a service", BORLABS, {"_ga": "2y", "_gid": "2y"}, rows=1),
    Written("a table with cookies of a service", "template of the British ICO", ICO, {"_ga": "2y", "_gid": "24h"}, groups=["Analytics cookies"]),
    Written("a Spanish page", "colspan of the issue", SPANISH, {"sesion": "session", "_ga": "-", "_gid": "-"}, ["lifetime"], 2, ["Cookies técnicas", "Cookies analíticas"]),
    Written("consentmanager, Markdown", "page help.consentmanager.net/books/cmp/page/cookies-set-by-the-cmp", MARKDOWN, {"__cmpconsent*": "-", "__cmpiab": "-"}, ["placeholders"], 3, ["Consent"]),
    Written("a definition list", "HTML standard, the dl element", DEFINITIONS, {"_ga": "1d", "_gid": "1d", "lang_code": "1y"}, rows=2),
    Written("windows-1252 in <meta>", "HTML standard, determining the character encoding", "<meta charset=iso-8859-1><table><tr><th>Libellé<th>Nom du cookie<th>Durée<tr><td>x<td>préférence_1<td>1 année</table>".encode("cp1252"), {"préférence_1": "1y"}),
    Written("UTF-16 with a byte order mark", "HTML standard, BOM sniffing", "<table><tr><th>Cookie<th>Kept for<tr><td>sid<td>1 day</table>".encode("utf-16"), {"sid": "1d"}),
    Written("a charset in the header", "HTML standard, transport layer", "<meta charset=utf-8><table><tr><th>Cookie<th>Důvod<th>Platnost<tr><td>sid_1<td>č<td>1 měsíc</table>".encode("iso-8859-2"), {"sid_1": "1mo"}, charset="ISO-8859-2"),
    Written("no charset", "HTML standard, default of Western languages", "<table><tr><th>Cookie<th>Gültigkeit<tr><td>sid_1<td>1 Tag</table>".encode("cp1252"), {"sid_1": "1d"}),
    Written("marks that cannot be seen", "Unicode, format characters", "<table><tr><th>Na&shy;me<th>Expiry<tr><td>_hj\u00adSession<wbr>User_*<td>1\u00a0year<tr><td>\u200elong_\u200bname\u200f<td>1 month</table>", {"_hjSessionUser_*": "1y", "long_name": "1mo"}),
    Written("tables in a table for the layout", "HTML standard, tables", "<table><tr><td><h2>Needed</h2><table><tr><th>Cookie<th>Use<tr><td>sid_1<td>x</table><td><h2>Ads</h2><table><tr><th>Cookie<th>Use<tr><td>ad_1<td>x</table></table>", {"sid_1": "-", "ad_1": "-"}, groups=["Needed", "Ads"]),
    Written("a table in a cell", "HTML standard, tables", "<table><tr><th>Cookie<th>Use<th>Expiry<tr><td>sid_1<td><table><tr><td>a<td>b</table><td>1 day</table>", {"sid_1": "1d"}),
    Written("a table without heads", "HTML standard, tables", "<table><tr><td>_ga<td>Statistics.<td>2 years<tr><td>_gid<td>x<td>1 day<tr><td>Other things<td>x<td>y</table>", {"_ga": "2y", "_gid": "1d"}, ["no name"]),
    Written("names above their values", "page makino.eu/en-us/privacy-policy-(1)/cookies-information", "<h3>ASP.NET_SessionId</h3><p>Module: Functional</p><p>Expires: When you leave</p><p>About: x</p><p>ppms_privacy_&lt;id&gt;<br>Module: Consent<br>Expires after: 365 days<br>Type: First-party cookie</p>", {"ASP.NET_SessionId": "-", "ppms_privacy_*": "365d"}, ["When you leave"], 2),
    Written("heads in two rows", "HTML standard, tables", "<table><tr><th rowspan=2>Cookie<th rowspan=2>Purpose<th colspan=2>Lifetime<tr><th>least<th>most<tr><td>a_1<td>x<td>1 day<td>2 days<tr><td>b_1<td>x<td>1 year<td>12 months</table>", {"a_1": "-", "b_1": "1y"}, ["1 day / 2 days"], 2),
    Written("a German list", "issue, lists", "<p>Wir verwenden folgende Cookies:</p><ul><li>lang: Sprache, gültig 14 Tage</li><li>sid: Sitzung</li></ul><h2>Rechte</h2><ul><li>Auskunft: fragen Sie</li></ul>", {"lang": "14d", "sid": "session"}, ["a list without names of cookies"], 2),
    Written("names in a list", "public pages", "<p>We use the following cookies:</p><ul><li>_ga</li><li>_gid, _gat_UA-XXXXXX-X</li></ul>", {"_ga": "-", "_gid": "-", "_gat_UA-*-*": "-"}, rows=2),
    Written("values in an item", "public pages", "<ul><li><b>Name:</b> _ga<br><b>Purpose:</b> counts<br>visits<br><b>Expiry:</b> 2 years</li><li><b>Name:</b> sid<br><b>Expiry:</b> session</li></ul>", {"_ga": "2y", "sid": "session"}),
    Written("values in a definition list, German", "public pages", "<dl><dt>Name</dt><dd>_ga</dd><dt>Datenschutz</dt><dd>x</dd><dt>Laufzeit</dt><dd>2 Jahre</dd><dt>Name</dt><dd>sid</dd><dt>Laufzeit</dt><dd>1 Tag</dd></dl>", {"_ga": "2y", "sid": "1d"}),
    Written("heads of rows", "GOV.UK design system, cookies page", "<table><thead><tr><th>Name<th>Purpose<th>Expires<tbody><tr><th scope=row>seen_message<td>x<td>1 year</table>", {"seen_message": "1y"}),
    Written("a section of one cell", "HTML standard, tables", "<table><tr><th>Cookie<th>Use<tr><th>Necessary<tr><td>sid<td>x<tr><td>Ads<td></table>", {"sid": "-"}, groups=["Necessary"]),
    Written("Markdown without outer pipes", "GitHub Flavored Markdown, tables", "Name | Purpose | Expiry\n--- | --- | ---\nsid | x | 1 day\n_ga | y | 2 years\n\nHome | Contact", {"sid": "1d", "_ga": "2y"}),
    Written("lifetimes behind names", "public pages", "<table><tr><th>Cookie<th>Expiry<tr><td>_ga (2 years), _gid (1 day)<td><tr><td>a_1 (1 day), b_1 (1 day)<td><tr><td>c_1<td>Session / 1 day</table>", {"_ga": "-", "_gid": "-", "a_1": "1d", "b_1": "1d", "c_1": "-"}, ['"2 years / 1 day"', '"Session / 1 day"'], 3),
    Written("footnotes and noscript", "HTML standard", "<noscript><table><tr><th>Cookie<th>Use<tr><td>sid<sup>1</sup><td>x</table></noscript>", {"sid": "-"}),
    Written("words that could be categories", "public pages", "| Cookie | Use |\n|---|---|\n| analytics | |\n| Ads | |\n| sid | |", {"sid": "-"}, ["or of a category"], groups=["Ads"]),
    Written("a name with two lifetimes", "page with a cookie in two categories", "<table><tr><th>Cookie<th>Expiry<tr><td>a_1<td>1 day<tr><td>a_1<td>1 day<tr><td>a_1<td>1 year</table>", {"a_1": "1d"}, ["is also in line 1", "another lifetime"]),
    Written("a column for each cookie", "HTML standard, tables", "<table><tr><th>Name<td>_ga<td>lang<tr><th>Purpose<td>counts<td>speech<tr><th>Expiry (days)<td>730<td>1</table>", {"_ga": "730d", "lang": "1d"}),
    Written("a grid of div elements", "page realmove.com/cookie-policy", "<div><div>Cookie Name</div><div>Default Expiration Time</div><div>Description</div><div>__utma</div><div>2 years from set/update</div><div>Tells visitors apart.</div><div>lang</div><div>30 minutes</div><div>Your language.</div></div><h2>More</h2><p>Text.</p>", {"__utma": "2y", "lang": "30min"}),
    Written("a grid as text", "page realmove.com/cookie-policy", "# We use these\n\nCookie Name\n\nDefault Expiration Time\n\nDescription\n\n__utma\n\n2 years from set/update\n\nTells visitors apart.\n\n__utmb\n\n30 minutes\n\nVisits.\n\nMore text here.\n", {"__utma": "2y", "__utmb": "30min"}, groups=["We use these"]),
    Written("columns in pre", "HTML standard, the pre element", "<h2>Needed</h2><pre>\nName       Purpose      Kept for\n\nsid        a            1 day\nlang       b            <b>1 year</b>\n</pre><ul><li><pre>_ga: x</pre></li></ul>", {"sid": "1d", "lang": "1y", "_ga": "-"}, groups=["Needed"]),
    Written("tabs in pre", "HTML standard, the pre element", "<pre>Name\tExpiry<br>_ga\t1 day<div>_gid\t2 days</div></pre>", {"_ga": "1d"}, ['"_gid"'], 1),
    Written("units in heads and labels", "a form of this test", "<table><tr><th>Name<th>Expiry in days<tr><td>_ga<td>730<tr><td>b_1<td>x</table><p>Name: c_1</p><p>Expiry (hours): 30</p><table><tr><td>Name<td>d_1<tr><td>Expiry (min)<td>5</table><p>Name</p><p>e_1</p><p>Lifetime (d)</p><p>3</p>", {"_ga": "730d", "b_1": "-", "c_1": "30h", "d_1": "5min", "e_1": "3d"}, ['"x" of "b_1"'], 5),
    Written("names above their text", "page karljenkins.com/cookies", "<h2>On this site</h2><h3>_ga</h3><p>Tells visitors apart.</p><h3>PHPSESSID</h3><p>Your session.<br>It expires after 24 hours.</p><h3>YouTube</h3><p>Videos.</p>", {"_ga": "-", "PHPSESSID": "24h"}),
    Written("names above their text, as text", "page karljenkins.com/cookies", "Cookies on this site\n_ga\nTells visitors apart.\n_gat_gtag_UA_****\nIt expires after 10 minutes.\n", {"_ga": "-", "_gat_gtag_UA_*": "10min"}),
    Written("names above one text", "page welovechatter.com/how-we-use-cookies", "<h2>Visits</h2><p>_utma<br>_utmb<br>_utmz*</p><p>Count visits.</p>", {"_utma": "-", "_utmb": "-", "_utmz*": "-"}, rows=1, groups=["Visits"]),
    Written("labels with other words", "page skhu.eu/cookie-policy", "<h4>PHPSESSID</h4><p>Expiration day: 29 days</p><p>Your progress.</p><p>Initiator: Web server</p><h4>_ga</h4><p>Expiry: 2 years</p><p>Data stored: id</p><p>Purpose: counts</p><h4>_gid</h4><p>Purpose: counts</p>", {"PHPSESSID": "29d", "_ga": "2y", "_gid": "-"}),
    Written("an accordion", "HTML standard, the details element", "<details><summary>_ga</summary><p>Counts visits.</p></details><details><summary>sess_id</summary><p>Purpose: login</p><p>Expires: Session</p></details>", {"_ga": "-", "sess_id": "session"}),
    Written("lifetimes between dashes", "a form of this test", "<p>_ga - 2 years - counts</p><p>sid \u2013 session \u2013 login</p><p>We care: a lot.</p><ul><li>a_1 | 1 day</li><li>__utmz stores the source. Kept 6 months.</li></ul>", {"_ga": "2y", "sid": "session", "a_1": "1d", "__utmz": "6mo"}),
    Written("names in sentences", "page festivalglamping.com/legal/cookies", "<p>PHPSESSID: your session.</p><p>The cookies __utma and __utmz come from a service, and _ga_ABC too.</p><ul><li>_ga_*: counts</li></ul>", {"PHPSESSID": "-", "_ga_*": "-"}, ['lists and tables: "__utma"', '"__utmz"'], 2),
    Written("two names in a cell", "page find-a-musician.com/cookies.php", "<table><tr><th>Cookie Name<th>Cookie Purpose<tr><td>sid_1<td>Lasts ~2 years.<tr><td>cookname cookid<td>Stays signed in.<tr><td>ads.example test_cookie<td>x</table>", {"sid_1": "2y"}, ['"cookname cookid"', '"ads.example test_cookie"']),
    Written("dates as lifetimes", "a form of this test", "<table><tr><th>Name<th>Expires<tr><td>a_1<td>2027-06-01<tr><td>b_1<td>Tue, 01 Jun 2027 10:00:00 GMT<tr><td>c_1<td>31/12/2026</table>", {"a_1": "-", "b_1": "-", "c_1": "-"}, ["2027-06-01", "Tue", "31/12/2026"], 3),
    Written("a head that is not known above lifetimes", "a form of this test", "| Cookie | Why | When it goes |\n|---|---|---|\n| `sid` | login | until you close the browser |\n| `_pk_id.*` | x | 13 months |\n| lang | x | never |\n\nThe cc_cookie cookie keeps your choice.\n", {"sid": "session", "_pk_id.*": "13mo", "lang": "-"}, ['"never"', '"cc_cookie"'], 3),
    Written("text below a list", "HTML standard, lists", "<dl><dt>lang_1</dt><dd>language, 1 year</dd></dl><p>More of it.</p><p>We use these cookies:</p><ul><li>sid: login, 1 day</li></ul><p>Other text.</p>", {"lang_1": "1y", "sid": "1d"}),
    Written("a grid with an empty cell", "a form of this test", "<div>Cookie</div><div>Domain</div><div>Duration</div><div>AWSALB</div><div>x.example</div><div>7 days</div><div>li_at</div><div></div><div>1 year</div><h2>x</h2>", {"AWSALB": "7d", "li_at": "1y"}),
    Written("values in nested lists", "HTML standard, lists", "<ul><li><strong>_ga</strong><ul><li>Purpose: counts</li><li>Expiry: 2 years</li></ul></li><li>langCode<ul><li>Purpose: speech</li><li>Expiry: 1 year</li></ul></li></ul>", {"_ga": "2y", "langCode": "1y"}),
    Written("a name across the table of its values", "HTML standard, tables", "<table><tr><th colspan=2>_ga</th></tr><tr><td>Purpose<td>counts<tr><td>Duration<td>2 years</table><table><tr><th colspan=2>sid</th></tr><tr><td>Purpose<td>login<tr><td>Duration<td>Session</table>", {"_ga": "2y", "sid": "session"}),
    Written("one line", "a form of this test", "<table><tr><th>Cookie<th>Expiry<tr><td>a_1<td>soon</table><ul><li>_ga keeps</li><li>A: b</li><li>C: d</li></ul>", {"a_1": "-"}, ['"soon"', "without names of cookies", '"_ga"'], 1),
    Written("an unknown lifetime", "pages with 'Persistent'", "<table><tr><th>Cookie<th>Expiry<tr><td>a_1<td>Persistent<tr><td>b_1<td>-<tr><td>c d e<td>1 day</table>", {"a_1": "-", "b_1": "-"}, ["\"Persistent\"", "\"c d e\""], 3),
    Written("unclosed and misnested elements", "HTML standard, tree construction", "<!-- <table> --><script>'<tr><td>x_1'</script><b><table><tr><th>Cookie<th title='a>b'>Expiry<tr><td><b>a_1</table><table><tr><th>Cookie<th>Expiry<tr><td>b_1<i><td>1 day</b></table><p a", {"a_1": "-", "b_1": "1d"}),
    Written("a grid with a word that is not a lifetime", "report, grids of div", f"{GRID}<div><div>theme</div><div>colours</div><div>persistent</div></div><div><div>cart</div><div>basket</div><div>14 days</div></div>", {"sid": "session", "theme": "-", "cart": "14d"}, ['"persistent" of "theme"'], 3),
    Written("a grid of rows with an empty cell", "report, grids of div", f"{GRID}<div><div>theme</div><div></div><div>1 year</div></div><div><div>cart</div><div>basket</div><div>14 days</div></div>", {"sid": "session", "theme": "1y", "cart": "14d"}),
    Written("a grid with two paragraphs in a cell", "report, grids of div", f"{GRID}<div><div>theme</div><div><p>colours</p><p>of pages</p></div><div>1 year</div></div><div><div>cart</div><div>x</div><div>1 day</div></div>", {"sid": "session", "theme": "1y", "cart": "1d"}),
    Written("a grid with a row of two cells", "report, grids of div", f"{GRID}<div><div>theme</div><div>1 year</div></div><div><div>cart</div><div>x</div><div>1 day</div></div>", {"sid": "session", "cart": "1d"}, ["does not fit the heads of its grid"]),
    Written("a grid of lists with wrapped rows and a category", "WAI-ARIA, the roles table, rowgroup and row", "<div><ul><li>Name</li><li>Zweck</li><li>Laufzeit</li></ul></div><div><ul><li>sid</li><li>x</li><li>Sitzung</li></ul><p>Statistik</p><ul><li>_ga</li><li>y</li><li>2 Jahre</li></ul></div>", {"sid": "session", "_ga": "2y"}, groups=["", "Statistik"]),
    Written("a grid in items of a list", "WAI-ARIA, the roles table and row", "<ul><li><div>Cookie</div><div>Duration</div></li><li><div>sid</div><div>session</div></li><li><div>theme</div><div>persistent</div></li></ul>", {"sid": "session", "theme": "-"}, ['"persistent" of "theme"'], 2),
    Written("cells of a grid that are split", "pdftohtml of poppler-utils", "<p>Cookie name</p><p>Purpose</p><p>Duration</p><p>_ga</p><p>Visits</p><p>2 years</p><p>cart</p><p>The basket of</p><p>the customer</p><p>14 days</p>", {"_ga": "2y"}, ['above its text: "cart"']),
    Written("heads in one line", "report, grids of span", "<div><span>Cookie</span> <span>Duration</span></div><div><span>_ga</span> <span>2 years</span></div><ul><li>a_1: x</li></ul>", {"a_1": "-"}, ['"Cookie Duration"', '"_ga"'], 1),
    Written("HTML in Markdown", "GitHub Flavored Markdown, raw HTML", "| Cookie | Duration |\n|--|--|\n| _ga<br>_gid | 1 day |\n| <code>sid</code> | session |\n| cart<sup>1</sup> | ~~1 year~~ 2&nbsp;weeks |\n| _gat_<id> | 1 day |\n", {"_ga": "1d", "_gid": "1d", "sid": "session", "cart": "2w", "_gat_*": "1d"}, rows=4),
    Written("deleted text", "HTML standard, the del element", "<table><tr><th>Cookie<th>Expires<tr><td><s>_gid</s> _ga<td>2 years<tr><td>sid<td><del>1 year</del> <ins>1 day</ins></table>", {"_ga": "2y", "sid": "1d"}),
    Written("bold names with a full stop", "page privacy.microsoft.com/privacystatement", f"{TABLE}<h3>Some cookies that we commonly use</h3><ul><li><strong>MUID, MC1.</strong> Identifies browsers.<li><strong>MSCC.</strong> Choices. Expires after 13 months.<li><strong>CC.</strong> Country.</ul>", {"sid": "session", "MUID": "-", "MC1": "-", "MSCC": "13mo", "CC": "-"}, rows=4),
    Written("a lifetime in a sentence of an item", "report, lists beside a table", f"{TABLE}<h3>Preference cookies</h3><ul><li><b>lang</b> remembers your language for 1 year<li><b>theme</b> keeps colours for 1 year</ul>", {"sid": "session", "lang": "-", "theme": "1y"}, ['lifetime in the text of "lang"'], 3),
    Written("items with lifetimes below another heading", "report, lists beside a table", f"{TABLE}<h3>Preferences</h3><ul><li>lang: your language, 1 year<li>theme: your colours, 1 year</ul>", {"sid": "session"}, ['"lang: your language, 1 year"', '"theme: your'], 3),
    Written("paragraphs with bold names", "report, paragraphs", "<h2>Necessary</h2><p><b>wp_session</b> &ndash; login, session.</p><h2>Preferences</h2><p><b>lang</b> &ndash; your language, 1 year.</p><p>We keep logs for 6 months.</p>", {"wp_session": "session"}, ['"lang – your']),
    Written("a name in code in a sentence", "report, paragraphs", f"{TABLE}<p>The cookie <code>cart</code> is kept for 14 days. We keep logs for <b>6 months</b>.</p><p><code>wp_lang</code> is your language.</p>", {"sid": "session"}, ['"The cookie cart', '"wp_lang is']),
    Written("names of services that have a word of storage", "report, Facebook Pixel", "<h3>Facebook Pixel</h3><table><tr><th>Name<th>Expires<tr><td>_fbp<td>3 months<tr><td>fr<td>90 days</table><h3>Flash messages</h3><table><tr><th>Name<th>Category<th>Expires<tr><td>flash_msg<td>Meta Pixel<td>session</table>", {"_fbp": "3mo", "fr": "90d", "flash_msg": "session"}),
    Written("headings that are a kind of storage", "report, Facebook Pixel", f"{TABLE}<h3>HTML5 local storage</h3><table><tr><th>Name<th>Expires<tr><td>basket<td>1 day</table><h3>Local storage of the map</h3><table><tr><th>Name<th>Expires<tr><td>zoom<td>1 day</table>", {"sid": "session"}, ['"basket" is not a cookie', '"zoom" is perhaps not']),
    Written("names above a text and their values", "banner of Usercentrics, Stored Information", "<h3>Google Analytics</h3><p>_ga</p><p>Counts visits.</p><p>Type: Cookie</p><p>Duration: 2 years</p><p>cid</p><p>Stores a client.</p><p>Type: Cookie</p><p>Duration: Persistent</p><p>uc_settings</p><p>x</p><p>Type: LocalStorage</p><p>Duration: Persistent</p><p>theme</p><p>Colours.</p><p>Duration: 1 year</p>", {"_ga": "2y", "cid": "-"}, ['"Persistent" of "cid"', '"uc_settings" is not', '"theme"'], 4),
    Written("units in other heads", "RFC 6265, Max-Age", "<table><tr><th>Cookie<th>Max-Age (seconds)<tr><td>sid<td>3600<tr><td>lang<td>31 536 000</table>\n\n<table><tr><th>Name<th>TTL [days]<tr><td>a_1<td>30</table>", {"sid": "3600s", "lang": "31536000s", "a_1": "30d"}),
    Written("a number without a unit", "RFC 6265, Max-Age", "| Cookie | Max-Age |\n|--|--|\n| sid | 3600 |\n", {"sid": "-"}, ['"3600" of "sid"'], 1),
    Written("columns that are not read", "report, columns", "<table><tr><th>Cookie<th>Use<th>Removed<tr><td>sid<td>x<td>at logout<tr><td>lang<td>y<td>persistent</table><table><tr><th>Cookie<th>Use<th>Hours<tr><td>a_1<td>x<td>30<tr><td>b_1<td>y<td>48</table>", {"sid": "-", "lang": "-", "a_1": "-", "b_1": "-"}, ['"Removed"; it perhaps', '"Hours"'], 4),
    Written("cookies beside each other", "report, tables", "<table><tr><th>Cookie<th>Purpose<th><th>Cookie<th>Purpose<tr><td>sid_a<td>login<td><td>lang_b<td>language<tr><td>cart_c<td>basket<td><td><td></table><table><tr><th>Cookie<th>Expires<th>Cookie name<th>Expires<tr><td>a_1<td>1 day<td>b_1<td>1 year</table>", {"sid_a": "-", "lang_b": "-", "cart_c": "-", "a_1": "1d", "b_1": "1y"}),
    Written("names with other words", "report, names", "<table><tr><th>Cookie<th>Expires<tr><td>_fbp {Meta}<td>1 day<tr><td>_ga und weitere<td>1 day<tr><td>_hjid et al.<td>1 day<tr><td>_ga_[A-Z0-9]+<td>1 day<tr><td>_uetsid|_uetvid<td>1 day<tr><td>^_pk$<td>1 day<tr><td>IDE\u00b2<td>1 day<tr><td>_gat(_*)<td>1 day</table>", {"_ga": "1d", "_hjid": "1d", "_ga_*": "1d", "_uetsid": "1d", "_uetvid": "1d", "IDE": "1d"}, ['"_fbp {Meta}"', "further cookies", "further cookies", '"^_pk$"', '"_gat(_*)"'], 8),
    Written("a star with a footnote", "report, names", "<table><tr><th>Cookie<th>Expires<tr><td>_ga*<td>2 years<tr><td>_hj_*<td>1 day</table><p>* Third-party cookie.</p>", {"_ga*": "2y", "_hj_*": "1d"}, ['the star of "_ga*"'], 2),
    Written("lifetimes in the column of purposes", "report, lifetimes in descriptions", "<table><tr><th>Cookie<th>Description<tr><td>_ga<td>Google Analytics, 2 years<tr><td>sid<td>Login (session)<tr><td>a_1<td>Stays 2 years with you<tr><td>b_1<td>Up to 10 requests a minute</table>", {"_ga": "2y", "sid": "session", "a_1": "-", "b_1": "-"}, ['the text of "a_1"'], 4),
    Written("a session as the type", "report, lifetimes in descriptions", "<table><tr><th>Cookie<th>Type<tr><td>sid<td>Session cookie<tr><td>_ga<td>HTTP</table>", {"sid": "-", "_ga": "-"}, ['the lifetime of "sid"'], 2),
    Written("labels without a value", "Drupal, field of formatted text", "<ul><li>Cookie name: has_js<br>Default expiration time: When you close browser<br>Description:</li><li>Cookie name: a_1<br>Duration: forever and a day</li></ul>", {"has_js": "session", "a_1": "-"}, ['"forever and a day"'], 2),
    Written("items that begin with a name or are short", "report, lists beside a table", f"{TABLE}<h3>More</h3><ul><li>cart, 14 days</li><li>PIWIK_SESSID for visits</li><li>Contract: 10 years</li></ul>", {"sid": "session"}, ["a list without names", '"cart, 14 days"', '"PIWIK_SESSID'], 3),
    Written("HTML lists and placeholders in Markdown", "GitHub Flavored Markdown, raw HTML", "| Name | Expires |\n|--|--|\n| <ul><li>_d</li><li>_e</li></ul> | 1 day |\n| _ga_&lt;id&gt; | 1 day |\n", {"_d": "1d", "_e": "1d", "_ga_*": "1d"}, rows=2),
    Written("placeholders that are not escaped", "HTML standard, unknown elements", "<table><tr><th>Cookie<th>Expires<tr><td>_gac_<wpid><td>1 day<tr><td>_x_<em>y</em><td>1 day<tr><td>_p/_q<td>1 day<tr><td>_n (and _o)<td>1 day</table>", {"_gac_*": "1d", "_x_y": "1d", "_p": "1d", "_q": "1d"}, ['"_n (and _o)"'], 4),
    Written("other columns with times", "report, columns", "<table><tr><th>Cookie<th>Use<th>Days to live<tr><td>sid<td>x<td>30</table><table><tr><th>Cookie<th>Use<th>Notes<tr><td>a_1<td>x<td>see 3 months below</table>", {"sid": "-", "a_1": "-"}, ['"Days to live"', '"Notes"'], 2),
]  # fmt: skip


@pytest.mark.parametrize("written", WRITERS, ids=lambda written: written.tool)
def test_pages_are_read_as_their_tool_writes_them(written: Written) -> None:
    raw = written.page if isinstance(written.page, bytes) else written.page.encode()
    page = read_page(raw, written.charset)
    assert {c.name: c.lifetime.text if c.lifetime else "-" for c in page.claims} == written.found
    told = [left.why for left in page.left_out]
    assert len(told) == len(written.left) and all(a in b for a, b in zip(written.left, told, strict=True)), told
    assert page.rows == (written.rows or len(written.found) + len(written.left))
    assert page.rows_read == page.rows - sum(left.is_row for left in page.left_out)
    assert not written.groups or [group.heading for group in page.groups] == written.groups
    policy = loaded(draft(page, "x")).policy
    assert policy is not None and {entry.name for entry in policy.entries} == set(written.found)


def test_the_table_has_eight_tools_and_each_row_has_its_source() -> None:
    tools = {"Cookiebot", "OneTrust", "Termly", "CookieYes", "iubenda", "Complianz, Dutch", "Borlabs, German", "consentmanager, Markdown"}  # fmt: skip
    assert tools <= {written.tool for written in WRITERS} and all(len(written.source) > 8 for written in WRITERS)


def test_sections_of_a_table_are_counted_and_not_read_as_cookies() -> None:
    page = read_page(SPANISH.encode())
    assert (page.sections, page.rows, page.rows_read) == (["Cookies técnicas", "Cookies analíticas"], 2, 2)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (WORDPRESS, "no cookies found; supported are"),
        ("<table><tr><th>Nimi<th>Foo<tr><td>a_1<td>x</table>", 'no cookies found in 1 row; line 1: the heads of its table are not known: "Nimi", "Foo"'),
        ("<p>x\n<table>\n<tr><th>Nafn<th>Tilgangur<th>Gildistimi<tr><td>a_1<td>x<td>1 dagur\n</table>", 'line 3: the heads of its table are not known: "Nafn", "Tilgangur", "Gildistimi"'),
        ("<table><tr><td>Google<td>_ga<td>2 years<tr><td>Meta<td>_fbp<td>1 day</table>", 'the heads of its table are not known: "Google", "_ga", "2 years"'),
        ("<div>Name</div><div>Expiry</div><div>lang</div><div></div>", 'heads outside of a table cannot be read: "Name", "Expiry"'),
        ("<p>We count visits with _ga and _gid.</p>", 'line 1: a name outside of lists and tables: "_ga"'),
        ("<p>Name: J. Doe</p><p>Address: Main Street</p>", "no cookies found; supported are"),
        ("cookies:\n  - {name: sid, lifetime: session}", "no cookies found; supported are"),
        ("<table><tr><th>Cookie<th>Use<tr><td>[id]<td>x</table>", 'line 1: "[id]" has no letters outside of placeholders'),
        ("<table><tr><th>Cookie<th>Use<tr><td>*<td>x</table>", 'line 1: no name of a cookie: "*"'),
        ("<table><tr><th>Cookie<th>Use<tr><td>[x2]<td>x</table>", "no name of a cookie"),
        ("<table><tr><th>Cookie<th>Type<tr><td>a_1<td>IndexedDB</table>", '"a_1" is not a cookie: indexeddb'),
        ("<table><tr><th>Cookie<th>Use<tr><td>a\ufffd_1<td>x</table>", "no name of a cookie"),
        ("<table><tr><th>Cookie<th>Use<tr><td>&#27;[31m red<td>x</table>", "no name of a cookie"),
    ],
)  # fmt: skip
def test_pages_that_are_not_understood_are_refused_with_their_heads_and_rows(page: str, why: str) -> None:
    with pytest.raises(NoStatement) as refused:
        read_page(page.encode())
    assert why in str(refused.value) and "\x1b" not in str(refused.value)


def test_rows_of_tables_with_unknown_heads_are_counted_beside_others() -> None:
    page = read_page(
        b"<table><tr><th>Cookie<th>Use<tr><td>a_1<td>x</table>\n<table><tr><th>Foo<th>Bar<tr><td>b_1<td>x</table>"
    )
    assert [(left.line, left.why, left.is_understood) for left in page.left_out] == [
        (2, 'the heads of its table are not known: "Foo", "Bar"', False)
    ]
    assert (page.rows, page.rows_read, [c.name for c in page.claims]) == (2, 1, ["a_1"])
