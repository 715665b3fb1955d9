"""`cookiewarden demo`: the proxy in front of a demo application, on the Carerix policy."""

import os
import sys
import tempfile
from pathlib import Path

import click
import uvloop
from aiohttp import web

from cookiewarden.cli.policies import load_policy
from cookiewarden.core.policy.compose import Loaded
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
The proxy is at    http://{listen}   policy {policy}
The application at http://{app}   the same without the proxy, to compare
The status page is http://{admin}/   metrics are at http://{admin}/metrics

Try, in another terminal:

  # attributes are added to the session's cookies, and agencyID lives one year instead of ten
  curl -si http://{listen}/login -d user=demo | grep -i set-cookie

  # two undeclared trackers are blocked: compare with port {port}
  curl -si http://{listen}/home | grep -i set-cookie

  # undeclared cookies, and Google's, do not reach the application
  curl -s http://{listen}/cookies -H 'Cookie: wosid=1; _fbp=2; _ga=3'

  # logout deletes the session: deletions always pass
  curl -si http://{listen}/logout | grep -i set-cookie

  # what would break, what is not declared, and the YAML that would mend it
  {command} forecast {admin}
  {command} drift {admin}

  # the statement, made of the policy: http://{listen}/cookie-statement
  {command} statement --policy {policy} --check http://{listen}/cookie-statement | tail -1

  # what was done, as counters
  curl -s http://{admin}/metrics | grep '^cookiewarden_cookies_total' | grep -v ' 0.0$'

Or open http://{listen}/ in a browser. Ctrl-C ends all.
"""


@click.command()
@click.option("--policy", metavar="FILE", help="The policy file.  [default: the Carerix policy]")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="The proxy.")
@click.option("--app", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="The application.")
@click.option("--admin", default="127.0.0.1:9180", show_default=True, metavar="HOST:PORT", help="Metrics and health.")
@click.option("--admin-token-file", default="", metavar="FILE", help="A token for what changes something.")
def demo(policy: str | None, listen: str, app: str, admin: str, admin_token_file: str) -> int:
    """Start a demo application with the proxy in front of it, and say what to try."""
    try:
        addresses = tuple(parse_address(text) for text in (listen, app, admin))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    files, loaded = load_policy(policy or str(_carerix()))
    with log.to_standard_error(), tempfile.TemporaryDirectory() as folder:
        uvloop.run(_serve(files, loaded, Path(folder), admin_token_file, *addresses))
    return 0


def _called() -> str:
    """How the command was called, so that what is printed can be pasted."""
    name = Path(sys.argv[0])
    return "cookiewarden" if name.name != "cookiewarden" or name.parent == Path() else sys.argv[0]


def _carerix() -> Path:
    """The policy as installed with the package, else as it stands in the source tree."""
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
            # asyncio's words have the address once more
            reason = (os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)).lower()
            raise CannotStart(f"cannot listen on {app}: {reason}; choose another address with --app") from error
        upstream = Upstream(f"http://{app}", app)
        key = folder / "key"
        create(key)  # what it seals nobody opens after this demonstration
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
