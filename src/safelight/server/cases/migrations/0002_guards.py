from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from safelight.server.cases.guards import install_guards


def install(_apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    install_guards()


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
