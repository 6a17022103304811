"""Sphinx configuration: MyST pages, warnings as errors (see `make docs`)."""

from __future__ import annotations

from importlib.metadata import version as _version

project = "Safelight"
copyright = "the Safelight maintainers"  # noqa: A001 - Sphinx reads this name
version = release = _version("safelight")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.intersphinx"]
intersphinx_mapping: dict[str, tuple[str, None]] = {}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Safelight"
html_static_path = ["_static"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
exclude_patterns = ["_build"]
nitpicky = False
