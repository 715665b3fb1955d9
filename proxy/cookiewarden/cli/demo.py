"""`cookiewarden demo`, which runs the proxy in front of a demo application with the Carerix policy."""

import os
import sys
import tempfile
from pathlib import Path

import click
import uvloop
from aiohttp import web

from cookiewarden.cli.policies import load_policy
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.demo.app import application
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import create
from cookiewarden.serve import log
from cookiewarden.serve.address import Address, Upstream, parse_address
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.processes.in_process import plane
from cookiewarden.serve.settings import Settings

PACKAGED = Path(__file__).parent.parent / "policies"
IN_TREE = Path(__file__).parents[3] / "policies"

GUIDE = """
The proxy is at        http://{listen}, with the policy {policy}.
The application is at  http://{app}, to compare.
The status page is at  http://{admin}/, and metrics at http://{admin}/metrics.

Commands to try in another terminal:

  # the proxy adds attributes to session cookies and limits agencyID to one year
  curl -si http://{listen}/login -d user=demo | grep -i set-cookie

  # the proxy blocks two undeclared trackers; compare with port {port}
  curl -si http://{listen}/home | grep -i set-cookie

  # the proxy strips undeclared cookies and Google's cookies from requests
  curl -s http://{listen}/cookies -H 'Cookie: wosid=1; _fbp=2; _ga=3'

  # logout deletes the session; deletions always pass
  curl -si http://{listen}/logout | grep -i set-cookie

  # cookies that enforcement breaks, and undeclared cookies with their YAML
  {command} forecast {admin}
  {command} drift {admin}

  # the statement is served at http://{listen}/cookie-statement
  {command} statement --policy {policy} --check http://{listen}/cookie-statement | tail -1

  # counters of the decisions
  curl -s http://{admin}/metrics | grep '^cookiewarden_cookies_total' | grep -v ' 0.0$'

Or open http://{listen}/ in a browser. Ctrl-C stops everything.
"""


@click.command()
@click.option("--policy", metavar="FILE", help="Policy file.  [default: the Carerix policy]")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Proxy address.")
@click.option("--app", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Application address.")
@click.option("--admin", default="127.0.0.1:9180", show_default=True, metavar="HOST:PORT", help="Admin address.")
@click.option("--admin-token-file", default="", metavar="FILE", help="File with the token of the admin listener.")
def demo(policy: str | None, listen: str, app: str, admin: str, admin_token_file: str) -> int:
    """Run the proxy in front of a demo application, and print commands to try."""
    try:
        addresses = tuple(parse_address(text) for text in (listen, app, admin))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    files, loaded = load_policy(policy or str(_carerix()))
    with log.to_standard_error(), tempfile.TemporaryDirectory() as folder:
        uvloop.run(_serve(files, loaded, Path(folder), admin_token_file, *addresses))
    return 0


def _called() -> str:
    """Return the name under which this command runs, so that printed commands can be pasted."""
    name = Path(sys.argv[0])
    return "cookiewarden" if name.name != "cookiewarden" or name.parent == Path() else sys.argv[0]


def _carerix() -> Path:
    """Return the Carerix policy of the installed package, or of the source tree."""
    folder = PACKAGED if PACKAGED.is_dir() else IN_TREE
    path = folder / "carerix.yaml"
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


async def _serve(
    files: PolicyFiles,
    loaded: Loaded,
    folder: Path,
    token_file: str,
    listen: Address,
    app: Address,
    admin: Address,
) -> None:
    runner = web.AppRunner(application(), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, app.host, app.port).start()
        except OSError as error:
            # The message of asyncio repeats the address.
            reason = (os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)).lower()
            raise CannotStart(f"cannot listen on {app}: {reason}; choose another address with --app") from error
        upstream = Upstream(f"http://{app}", app)
        key = folder / "key"
        create(key)  # deleted with the folder when the demo ends
        settings = Settings(
            policy=files.path,
            upstream=upstream,
            listen=listen,
            admin=admin,
            seal_key_file=str(key),
            admin_token_file=token_file,
        )
        guide = GUIDE.format(listen=listen, app=app, admin=admin, port=app.port, policy=files.path, command=_called())
        await plane(settings, files).live(loaded, started=lambda: click.echo(guide))
    finally:
        await runner.cleanup()
