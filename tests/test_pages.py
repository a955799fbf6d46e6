"""Pages say what docstrings say, and can be read in the repository, where nothing renders them: links lead on."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPE = runpy.run_path(str(ROOT / "docs" / "write_pages.py"))
#: What is read in the repository.
READ = sorted(page for folder in (".", "docs", "docs/api", "models/*") for page in ROOT.glob(f"{folder}/*.md"))


@pytest.mark.parametrize("page", RECIPE["PAGES"])
def test_a_page_says_what_the_docstrings_say(page: str) -> None:
    text = (RECIPE["DOCS"] / page).read_text(encoding="utf-8")
    assert re.search("<!-- (docstring|keys) of ", text) and ":::" not in text
    assert text == RECIPE["filled"](text), f"run: python docs/write_pages.py (docs/{page} is behind)"


@pytest.mark.parametrize("page", RECIPE["PAGES"])
def test_its_tables_are_markdown(page: str) -> None:
    text = (RECIPE["DOCS"] / page).read_text(encoding="utf-8")
    for head, rule in re.findall(r"^(\|.*\|)\n(\|[ -|]*\|)$", text, re.MULTILINE):
        assert head.count("|") == rule.count("|")
    assert not re.search(r"^=+ +=+", text, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Of the headings of a page."""
    heads = re.findall(r"^#+ +(.*)$", without_code(page), re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", head.strip().lower())) for head in heads}


def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", READ, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if not target.startswith(("https:", "http:")):
            path, _, anchor = target.partition("#")
            there = page.parent / path if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target
