"""`cookiewarden run`, the proxy."""

import contextlib
import gc
import logging
import sys
import time
from collections.abc import Iterator
from functools import partial

import click

from cookiewarden.cli.background import Background
from cookiewarden.cli.options import Given, GivenBy, gather, misspelt_variables, print_config, settings_options
from cookiewarden.cli.policies import accepted, print_problems
from cookiewarden.core.policy.behind_envoy import envoy_problems
from cookiewarden.core.policy.expiry import expiry_problems
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.problem import render_line
from cookiewarden.files import PolicyFiles, SeveralPolicyFiles
from cookiewarden.keys import BadKeys, UnreadableKeys, keys_for
from cookiewarden.parsing import Check, ParserElsewhere, ParserFailed
from cookiewarden.serve import log
from cookiewarden.serve.address import is_itself, is_local
from cookiewarden.serve.settings import Settings

logger = logging.getLogger("cookiewarden")


@click.command()
@settings_options
@click.option("--print-config", "show", is_flag=True, help="Print each setting with its source, and exit.")
@click.pass_context
def run(context: click.Context, /, config: str | None, show: bool, **_: str | None) -> int:
    """Run the proxy.

    Each setting is a flag, an environment variable (--read-timeout is COOKIEWARDEN_READ_TIMEOUT) or a key in the file
    of --config. Flags override variables, and variables override the file. The proxy reloads the policy on SIGHUP and
    when a file changes. SIGTERM stops it after the requests in flight.
    """
    settings, given = gather(context, config)
    if show:
        click.echo(print_config(given))
        for complaint in misspelt_variables():
            click.echo(f"cookiewarden: {complaint}", err=True)
        return 0
    for name in ("tls_key", "tls_client_ca"):
        if getattr(settings, name) and not settings.tls_cert:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --tls-cert")
    required = ("policy", "upstream") if settings.extproc is None else ("policy",)
    for name in required:
        if not getattr(settings, name):
            raise click.UsageError(f"--{name} is required")
    _check_names(settings)
    if settings.extproc is not None:
        _check_extproc(settings, given)
    if settings.upstream is not None and is_itself(settings.upstream, settings.listen):
        raise click.UsageError(
            f"--upstream {settings.upstream} is the proxy itself (--listen {settings.listen}); give the address of the "
            "application"
        )
    parser = ParserElsewhere()
    files = SeveralPolicyFiles(settings.policy, dict(settings.extproc_policy), parser)
    with without_collections(), parser.forked():
        reading = Background(partial(_read, settings, files))
        # Imported late: each of the two has large imports that the other does not need.
        if settings.workers == 1:
            from cookiewarden.serve.processes.in_process import run as serve
        else:
            from cookiewarden.serve.processes.pool import run as serve
        handed = reading.result()
    with log.to_standard_error():
        for complaint in misspelt_variables():
            logger.warning("%s", complaint)
        if sys.stderr.isatty():
            print_problems(handed[0].problems)
        else:
            for problem in handed[0].problems:
                logger.warning("%s", render_line(problem))
        serve(settings, files, handed.pop())
    return 0


def _check_names(settings: Settings) -> None:
    """Check the settings of further policies. Raises UsageError."""
    if settings.extproc is None and (settings.extproc_policy or settings.extproc_host):
        raise click.UsageError("--extproc-policy and --extproc-host need --extproc")
    known = dict(settings.extproc_policy)
    for host, name in settings.extproc_host:
        if name not in known:
            raise click.UsageError(f'--extproc-host {host}={name}: "{name}" is not a name of --extproc-policy')


def _check_extproc(settings: Settings, given: dict[str, Given]) -> None:
    """Check the settings of a proxy behind Envoy. Raises UsageError."""
    for name in ("upstream", "listen", "proxy_protocol"):
        # Container images set COOKIEWARDEN_LISTEN for every use.
        is_default = given[name].by is GivenBy.NOBODY or (name == "listen" and given[name].by is GivenBy.VARIABLE)
        if not is_default:
            raise click.UsageError(
                f"{given[name].where}: --extproc and --{name.replace('_', '-')} exclude each other, because Envoy "
                "connects browsers with the application; remove one of them"
            )
    is_safe = settings.tls_client_ca or settings.extproc_insecure
    if settings.extproc is not None and not is_local(settings.extproc) and not is_safe:
        raise click.UsageError(
            f"--extproc {settings.extproc} accepts calls from other machines; give --tls-cert and --tls-client-ca, so "
            "that only Envoy can call, or --extproc-insecure if the network is protected otherwise"
        )


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Pause the garbage collector, and exclude the objects made meanwhile from later collections: most of them stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _read(settings: Settings, files: PolicyFiles) -> list[Loaded]:
    """Read the policies and check the keys. The policy is returned in a list, so that the caller can remove its last
    reference; otherwise it stays in memory after a reload."""
    checks: tuple[Check, ...] = (partial(expiry_problems, now=time.time()),)
    if settings.extproc is not None:
        checks += (envoy_problems,)
    try:
        loaded = accepted(files, files.reload(checks)).loaded
        if settings.shadow:  # the proxy does not start with an invalid shadow policy
            shadow = PolicyFiles(settings.shadow, files.parser)
            accepted(shadow, shadow.reload())
    except ParserFailed as failed:
        raise click.ClickException(str(failed)) from None
    try:
        for policy in loaded.policies:
            keys_for(policy, settings.seal_key_file)
    except UnreadableKeys as bad:
        raise click.ClickException(str(bad)) from None
    except BadKeys as bad:
        raise click.UsageError(str(bad)) from None
    for source in loaded.sources.values():
        source.clear()
    return [loaded]
