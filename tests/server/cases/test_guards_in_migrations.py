"""Guards are in no migration's way: SQLite rebuilds no table that another table's trigger reads."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import CharField
from django.db.models.signals import pre_migrate

from safelight.server.cases.guards import require_guards
from safelight.server.hotlines.models import Report


@pytest.mark.skipif(connection.vendor == "postgresql", reason="only SQLite rebuilds tables")
def test_a_migration_may_rebuild_a_table_that_guards_of_others_read(committing_db: None) -> None:
    pre_migrate.send(sender=apps.get_app_config("cases"), plan=[])
    require_guards()
    pre_migrate.send(sender=apps.get_app_config("cases"), plan=["a migration"])
    number = CharField(max_length=200, blank=True)
    number.set_attributes_from_name("number")
    with connection.schema_editor() as editor:
        editor.alter_field(Report, Report._meta.get_field("number"), number)
    call_command("migrate", verbosity=0)
    require_guards()
