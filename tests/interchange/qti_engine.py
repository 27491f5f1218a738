"""Pyslet, an implementation of QTI by an editor of QTI 2, as an independent reader and engine.

It reads files by the model of the specification, refuses elements where that has none, and runs
the response processing. Two things it does not do, so they are put right here: it has no MathML
inside QTI 2.1, and reads the list of tolerances as one text.
"""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
import re
import zipfile
from functools import cache
from typing import Any

from lxml import etree
from pyslet import qtiv1
from pyslet.qtiv2 import expressions, variables
from pyslet.qtiv2.xml import QTIDocument

_MATH = "{http://www.w3.org/1998/Math/MathML}math"


def read(xml: bytes) -> Any:
    """The root element of a QTI 2.1 file.

    Raises
    ------
    XMLValidityError, QTIValidityError
        Where an element stands in a place that the specification does not have for it.
    """
    root = etree.fromstring(xml)
    for formula in list(root.iter(_MATH)):
        formula.clear(keep_tail=True)
        formula.tag = "{http://www.imsglobal.org/xsd/imsqti_v2p1}span"
    document = QTIDocument()
    document.read(src=io.BytesIO(etree.tostring(root)))
    for test in document.root.find_children_depth_first(expressions.Equal):
        test.tolerance = str(test.tolerance).split()
    return document.root


def misplaced_in_qti12(xml: bytes) -> list[str]:
    """What the content models of QTI 1.2 do not allow, but for the extension of Canvas."""
    root = etree.fromstring(xml)
    for element in root.iter():
        element.tag = etree.QName(element).localname
        element.attrib.clear()
    etree.cleanup_namespaces(root)
    etree.strip_elements(root, "points_per_item")
    models = _content_models()
    models.validate(root)
    return [error.message for error in models.error_log]


@cache
def _content_models() -> etree.DTD:
    """The elements of QTI 1.2, which pyslet quotes from the specification in its docstrings."""
    quoted: dict[str, str] = {}
    for module in pkgutil.iter_modules(qtiv1.__path__):
        loaded = importlib.import_module(f"pyslet.qtiv1.{module.name}")
        for _, described in inspect.getmembers(loaded, inspect.isclass):
            for name, model in re.findall(
                r"<!ELEMENT\s+([a-z_0-9]+)\s+([^>]*)>", described.__doc__ or ""
            ):
                commas = re.sub(r"(?<=[\w?*+)])\s+(?=[\w(])", " , ", model)  # one has lost them
                quoted.setdefault(name, commas)
    return etree.DTD(io.StringIO("\n".join(f"<!ELEMENT {n} {m}>" for n, m in quoted.items())))


def play(item: Any, responses: dict[str, Any]) -> tuple[float | None, set[str]]:
    """What a learner gets for an item that was read: the score, and which feedback shows."""
    session = variables.ItemSessionState(item)
    session.select_clone()
    session.begin_session()
    for name, value in responses.items():
        session[name].set_value(value)
    session.end_attempt()
    feedback = session["FEEDBACK"].value or {}
    return session["SCORE"].value, {str(name) for name in feedback}


def unzip(package: bytes) -> dict[str, bytes]:
    """The files of a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
