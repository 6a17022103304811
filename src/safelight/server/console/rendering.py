"""Forms in the console's design: labels without colons, help and errors tied to their fields."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Renders every form, allauth's too, by one template of ours."""

    form_template_name = "console/form.html"
