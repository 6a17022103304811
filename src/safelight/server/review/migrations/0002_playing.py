"""Views in which a recording is played."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Playing",
            fields=[
                (
                    "viewing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="playing",
                        serialize=False,
                        to="review.viewing",
                    ),
                ),
                ("of", models.CharField(choices=[("picture", "Picture"), ("sound", "Sound")], max_length=8)),
                ("begins", models.FloatField()),
                ("sent", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("sent_to", models.FloatField()),
                ("played_to", models.FloatField()),
                ("ends", models.FloatField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("begins__gte", 0),
                            ("played_to__gte", models.F("begins")),
                            ("played_to__lte", models.F("sent_to")),
                        ),
                        name="no_more_was_played_than_was_sent",
                    )
                ],
            },
        ),
    ]
