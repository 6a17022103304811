"""Views of what is inside a file, and what was found there."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import safelight.server.ids


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0001_initial"),
        ("review", "0002_playing"),
    ]

    operations = [
        migrations.AddField(
            model_name="viewing",
            name="member",
            field=models.CharField(blank=True, default="", max_length=160),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="viewing",
            name="attachments",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="Inside",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="inside",
                        serialize=False,
                        to="intake.item",
                    ),
                ),
                ("members", models.BinaryField()),
                ("needed", models.JSONField()),
                ("unseen", models.BooleanField()),
                ("at", models.DateTimeField(default=safelight.server.ids.now)),
            ],
        ),
    ]
