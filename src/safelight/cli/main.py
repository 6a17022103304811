"""The root command; a subcommand's module is imported only when it is used, so ``--help`` stays quick."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from safelight.cli.errors import plain_failure
from safelight.errors import SafelightError

COMMANDS: Final = {
    "api-keys": ("safelight.cli.api_keys:api_keys", "Look after the keys by which a platform sends."),
    "bundle": ("safelight.cli.bundle:bundle", "Check and open evidence handed out to an authority."),
    "demo": ("safelight.cli.demo:demo", "See it work on benign pictures, in less than a minute."),
    "doctor": ("safelight.cli.doctor:doctor", "Check decoders, sandbox, workspace, key and lists."),
    "golden": ("safelight.cli.golden:golden", "Look after benign pictures for training reviewers."),
    "hash": ("safelight.cli.hash:hash_", "Print the hashes of files."),
    "hotline": ("safelight.cli.hotline:hotline", "Ask the hotline, and rehearse with one of your own."),
    "keys": ("safelight.cli.keys:keys", "Look after the root key of a workspace."),
    "ledger": ("safelight.cli.ledger:ledger", "Prove that the record of what was done is whole."),
    "lists": ("safelight.cli.lists:lists", "Import, show, change, remove and verify hash lists."),
    "model": ("safelight.cli.model:model", "Show what model files are known by."),
    "people": ("safelight.cli.people:people", "Let the first administrators in."),
    "policy": ("safelight.cli.policy:policy", "Check a policy file, or show the built-in policy."),
    "backup": ("safelight.cli.backup:backup", "Copy a server's workspace and database, never its root key."),
    "provenance": ("safelight.cli.provenance:provenance", "Show the evidence of where files came from."),
    "restore": ("safelight.cli.restore:restore", "Bring a backup back to an empty place."),
    "schemes": ("safelight.cli.schemes:schemes", "Show and check the schemes of assessments."),
    "serve": ("safelight.cli.serve:serve", "Run the server on this machine."),
    "scan": ("safelight.cli.scan:scan", "Compare files with hash lists."),
    "vault": ("safelight.cli.vault:vault", "Check the evidence that the server keeps."),
}
"""Subcommand name to ``module:attribute`` and what it is for."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Errors raised on purpose end as one message and an exit code, never as a traceback."""
        try:
            return super().invoke(ctx)
        except SafelightError as error:
            raise plain_failure(error) from error
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has left
        except OSError as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="safelight")
def main() -> None:
    """Find known abuse material by hash, with the least possible harm to those who look."""
