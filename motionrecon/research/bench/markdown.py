"""Tables of text for people: a pandas frame as Markdown."""

from __future__ import annotations

import pandas as pd


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame of ready texts as a pipe table; its index, called by its name, is the first column."""
    return frame.to_markdown(tablefmt="github", disable_numparse=True, colalign=["left"] + ["right"] * frame.shape[1])
