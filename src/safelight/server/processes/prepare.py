"""Runs once before anything serves: brings the database up to date and, the first time, invites somebody.

It is a process of its own, so that the supervisor needs neither Django nor the records' keys in its memory.
What it prints is for the operator: on success the invitation, if there is one; on failure one plain line.
"""

from __future__ import annotations

import os
import sys

from safelight.errors import LedgerError, SafelightError
from safelight.server.processes.beginning import begin


def main() -> None:
    """Migrate and check. Exits with 1 and a line on standard error where the server must not start."""
    begin("prepare")
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    import django  # noqa: PLC0415 - the settings need the keys that `begin` guards
    from django.db import Error  # noqa: PLC0415

    try:
        django.setup()
        _prepare()
    except Error as error:
        sys.exit(
            f"The database cannot be used: {str(error).strip().splitlines()[0]}. Check database_url, that "
            "its server runs, and that its disk has room."
        )
    except SafelightError as error:
        sys.exit(str(error))


def _prepare() -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from safelight.server.cases.guards import put_guards_back, require_guards  # noqa: PLC0415
    from safelight.server.hotlines.restored import stop_what_was_on_its_way  # noqa: PLC0415
    from safelight.server.ledger.guards import ensure_guards  # noqa: PLC0415
    from safelight.server.lists.bringing_in import bring_in  # noqa: PLC0415
    from safelight.server.people.errors import AlreadyJoined  # noqa: PLC0415
    from safelight.server.people.invitations import first_run_invitation  # noqa: PLC0415
    from safelight.server.people.standing import is_demo, mark_workspace  # noqa: PLC0415
    from safelight.server.processes.list_store import RESTORED  # noqa: PLC0415
    from safelight.server.secrets import process_keys  # noqa: PLC0415
    from safelight.server.vault.services import replay_destructions  # noqa: PLC0415

    for problem in ensure_guards():
        print(f"{problem} It was put back. Run `safelight ledger verify`.")  # noqa: T201 - for the operator
    for name in put_guards_back():
        print(f"The guard {name} was missing or altered. It was put back.")  # noqa: T201
    if _is_behind():
        call_command("migrate", interactive=False, verbosity=0)
    if problems := ensure_guards():
        raise LedgerError(f"The ledger's guards cannot be installed: {problems[0]}")
    require_guards()
    mark_workspace(demo=settings.CONFIG.demo)
    # Before bring_in, which takes the mark of a restore away.
    if (settings.CONFIG.workspace / RESTORED).exists() and (stopped := stop_what_was_on_its_way()):
        print(f"{stopped} reports were on their way when the backup was made. They wait for a person.")  # noqa: T201
    for line in bring_in(settings.CONFIG, process_keys()):
        print(line)  # noqa: T201
    # A restored backup brings back what was destroyed since it was made; not for long.
    replay_destructions()
    if is_demo():
        return  # `safelight demo` lets people in
    try:
        link = first_run_invitation()
    except AlreadyJoined:
        return
    print(f"Nobody has joined yet. The first administrator opens this link within a day:\n{link}")  # noqa: T201


def _is_behind() -> bool:
    """Whether a migration is due: Django's command builds every model as it ever was even where none is."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    main()
