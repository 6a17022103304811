"""What can be set or called is documented, and what is documented is so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "command_reference", ROOT / "tools" / "command_reference.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_is_on_the_command_line_page(reference: ModuleType) -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), (
        "run: .venv/bin/python tools/command_reference.py"
    )


def test_every_environment_variable_is_documented() -> None:
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.cpp")]
    used = {
        name
        for source in sources
        if "server" not in source.relative_to(ROOT).parts
        for name in re.findall(r'"(SAFELIGHT_[A-Z_]+)"', source.read_text(encoding="utf-8"))
    }
    page = (ROOT / "docs" / "operator" / "environment.md").read_text(encoding="utf-8")
    assert used
    assert {name for name in used if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_pages_exist(page: Path, reference: ModuleType) -> None:
    """`safelight lists import …` in running text or in a console block names a command that there is."""
    known = {" ".join(path) for path, _ in reference.commands(reference.main, ("safelight",))}
    groups = {path for path in known if any(other.startswith(path + " ") for other in known)}
    for words in re.findall(r"(?:`|\$ |^)(safelight(?: [a-z][a-z-]+){1,2})", page.read_text(), re.MULTILINE):
        named = words if words in known else words.rpartition(" ")[0]
        assert named in known, words
        assert named not in groups or words == named, f"{words}: no such command"
