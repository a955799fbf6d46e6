"""Pages of docs/ that show docstrings: as they are now, and readable where nothing renders them."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

RECIPE = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "write_pages.py"))


@pytest.mark.parametrize("page", RECIPE["PAGES"])
def test_a_page_says_what_the_docstrings_say(page: str) -> None:
    text = (RECIPE["DOCS"] / page).read_text(encoding="utf-8")
    assert "<!-- docstring of " in text and ":::" not in text
    assert text == RECIPE["filled"](text), f"run: python docs/write_pages.py (docs/{page} is behind)"


@pytest.mark.parametrize("page", RECIPE["PAGES"])
def test_its_links_and_tables_are_markdown(page: str) -> None:
    text = (RECIPE["DOCS"] / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert target.startswith("https:") or (RECIPE["DOCS"] / target).exists(), target
    for head, rule in re.findall(r"^(\|.*\|)\n(\|[ -|]*\|)$", text, re.MULTILINE):
        assert head.count("|") == rule.count("|")
    assert not re.search(r"^=+ +=+", text, re.MULTILINE)
