"""The entry point of a web process: Django behind what must hold before Django sees a request."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from safelight.server.operations.hosts import only_our_host

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safelight.server.settings")

_django = get_wsgi_application()
application = only_our_host(_django, settings.CONFIG)
