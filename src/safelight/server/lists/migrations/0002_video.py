from django.db import migrations, models

from safelight.lists.store import DEFAULT_PERCENT


class Migration(migrations.Migration):
    dependencies = [("lists", "0001_initial")]

    operations = [
        migrations.AddField(
            "hashlist", "query_percent", models.PositiveSmallIntegerField(default=DEFAULT_PERCENT)
        ),
        migrations.AddField(
            "hashlist", "listed_percent", models.PositiveSmallIntegerField(default=DEFAULT_PERCENT)
        ),
    ]
