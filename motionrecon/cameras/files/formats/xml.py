"""XML as OpenCV's FileStorage writes it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from motionrecon.cameras.files.formats.yaml import DEEPEST, scalar


def looks_like(text: str) -> bool:
    """It starts with a tag."""
    return text.lstrip().startswith("<")


def read(text: str) -> object:
    """The tree of an XML text: an element with children is a dict, or a list if they are called ``_``.

    Attributes join the children; numbers between blanks are a list.
    """
    return _value(parsed(text), 0)


def parsed(text: str) -> ElementTree.Element:
    """The root of an XML text.

    Raises:
        ValueError: it is not XML, or declares a document type.
    """
    # Entities could make a short text endless, and no calibration needs any.
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ValueError("it declares a document type, as no calibration does")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error


def _value(element: ElementTree.Element, depth: int) -> object:
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    children = [(child.tag, _value(child, depth + 1)) for child in element]
    if children and all(tag == "_" for tag, _ in children):
        return [value for _, value in children]
    attributes = [(key, scalar(value)) for key, value in element.attrib.items() if key != "type_id"]
    if not children and not attributes:
        return _text(element.text or "")
    found: dict[str, object] = {}
    for tag, value in [*attributes, *children]:
        if tag not in found:
            found[tag] = value
        else:  # <camera>...</camera><camera>...</camera>
            before = found[tag]
            found[tag] = [*before, value] if isinstance(before, list) else [before, value]
    return found


def _text(text: str) -> object:
    words = text.split()
    values = [scalar(word) for word in words]
    if len(values) > 1 and all(isinstance(value, float | int) for value in values):
        return values
    return scalar(text.strip())
