from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("lists", "0002_video")]

    operations = [
        migrations.AddField("recheckhit", "detail", models.JSONField(null=True)),
        migrations.RemoveIndex("seenhash", "seen_unnumbered"),
        migrations.AddIndex(
            "seenhash",
            models.Index(
                fields=["id"],
                condition=Q(number=None, sealed__isnull=False, signal_type="pdq"),
                name="seen_unnumbered",
            ),
        ),
        migrations.AddIndex(
            "seenhash",
            models.Index(
                fields=["id"],
                condition=Q(signal_type__in=["chromaprint", "chromaprint_short"], sealed__isnull=False),
                name="seen_sounds",
            ),
        ),
    ]
