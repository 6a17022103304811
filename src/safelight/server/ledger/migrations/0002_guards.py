from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def install(_apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    """The app's post_migrate installs the guards again; here they come with the tables themselves."""
    from safelight.server.ledger.guards import install_guards  # noqa: PLC0415 - needs the models

    install_guards()


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
