"""What the two versions of QTI share: HTML as XML, zip files, manifests."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree

from autograder.errors import AutograderError
from autograder.interchange.shared import Html, Picture
from autograder.items import AnyItem
from autograder.markdown import FormulaError, mathml

MATHML = "http://www.w3.org/1998/Math/MathML"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: The attributes of HTML that QTI 2.1 has for the elements that Markdown gives.
_HTML_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "code": {"class"}}
#: Those of MathML 3 alone, which QTI 2.1 does not know.
_NO_MATHML2 = {"style", "class", "scriptlevel"}
#: The entities of HTML that XML does not have.
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)\w+;")
#: The same date in every file of a zip, so that the same quiz gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Resource:
    """A file of a package as its manifest lists it."""

    name: str
    kind: str
    href: str
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def math_in_xml(tex: str, block: bool) -> str:
    """A formula as MathML with its namespace; one that cannot be typeset stays as it is written."""
    try:
        formula = mathml(tex, block=block)
    except FormulaError:
        return str(etree.tostring(with_text("code", tex), encoding="unicode"))
    formula = _NAMED.sub(lambda named: unescape(named[0]), formula)
    return formula.replace("<math", f'<math xmlns="{MATHML}"', 1)


def with_text(tag: str, text: str) -> Any:
    """An element that holds a text and nothing else."""
    element = etree.Element(tag)
    element.text = text
    return element


def as_elements(item: AnyItem, html: Html, parent: Any, namespace: str) -> Any:
    """Put HTML into an element, in a namespace, with the attributes that QTI 2.1 knows."""
    try:
        found = etree.fromstring(f'<x xmlns="{namespace}">{html.text}</x>')
    except etree.XMLSyntaxError as error:  # a formula whose MathML is no XML
        raise AutograderError(
            f"item {item.id!r}: a text cannot become XML: {error}; mend its formulas"
        ) from error
    for element in found.iter(etree.Element):
        name = etree.QName(element)
        if name.namespace == MATHML:
            unknown = _NO_MATHML2 & set(element.attrib)
        else:
            unknown = set(element.attrib) - _HTML_ATTRIBUTES.get(name.localname, set())
        for attribute in unknown:
            del element.attrib[attribute]
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + (found.text or "")
    else:
        parent.text = (parent.text or "") + (found.text or "")
    parent.extend(found)
    return parent


def to_bytes(root: Any) -> bytes:
    """An XML file; nothing is indented, as space counts inside texts."""
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def to_zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip file; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return target.getvalue()


def manifest(
    name: str, schema: tuple[str, str], namespaces: tuple[str, str], resources: Sequence[Resource]
) -> bytes:
    """The ``imsmanifest.xml`` of a package.

    Parameters
    ----------
    schema
        The name and the version of the packages' schema.
    namespaces
        Those of the manifest and of its metadata.
    """
    package, metadata = namespaces
    root = etree.Element(f"{{{package}}}manifest", nsmap={None: package, "imsmd": metadata})
    root.set("identifier", f"MANIFEST-{name}")
    about = etree.SubElement(root, f"{{{package}}}metadata")
    for tag, text in zip(("schema", "schemaversion"), schema, strict=True):
        etree.SubElement(about, f"{{{package}}}{tag}").text = text
    etree.SubElement(root, f"{{{package}}}organizations")
    listed = etree.SubElement(root, f"{{{package}}}resources")
    for one in resources:
        resource = etree.SubElement(listed, f"{{{package}}}resource")
        for attribute, value in (("identifier", one.name), ("type", one.kind), ("href", one.href)):
            resource.set(attribute, value)
        if one.tags:
            where = etree.SubElement(resource, f"{{{package}}}metadata")
            general = etree.SubElement(
                etree.SubElement(where, f"{{{metadata}}}lom"), f"{{{metadata}}}general"
            )
            for tag in one.tags:
                keyword = etree.SubElement(general, f"{{{metadata}}}keyword")
                etree.SubElement(keyword, f"{{{metadata}}}langstring").text = tag
        for href in (one.href, *one.files):
            etree.SubElement(resource, f"{{{package}}}file").set("href", href)
        for needed in one.needs:
            etree.SubElement(resource, f"{{{package}}}dependency").set("identifierref", needed)
    return to_bytes(root)


def located(root: Any, *pairs: str) -> None:
    """Say where the schemas of an element are, as pairs of namespace and address."""
    root.set(f"{{{_XSI}}}schemaLocation", " ".join(pairs))


def unique(pictures: Iterable[Picture]) -> list[Picture]:
    """Each picture once."""
    return list({picture.name: picture for picture in pictures}.values())
