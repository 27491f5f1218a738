"""Free text and code in the forms in which they are compared."""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"[^\W_]+")
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_BUILTINS = frozenset(dir(builtins))


def words(text: str) -> tuple[str, ...]:
    """The words of a text, whatever its case, punctuation, spacing and compatibility forms."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def code_tokens(source: str, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The tokens of Python code; comments, docstrings, layout and chosen names make no difference.

    A name that the code itself binds (a variable, an argument, a function) becomes ``_``; what it
    uses of others (built-ins, attributes, modules) stays, and so do the names in ``keep``. Code
    that Python cannot read is compared by its words.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return words(source)
    own = set(_bound(tree)) - keep - _BUILTINS
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = [one for one in node.body if not _is_docstring(one)] or [ast.Pass()]
    try:
        plain = ast.unparse(tree)
        tokens = list(tokenize.generate_tokens(io.StringIO(plain).readline))
    except (RecursionError, tokenize.TokenError):
        return words(source)
    shown = [token for token in tokens if token.type not in _LAYOUT]
    return tuple(
        "_" if _is_own(shown, place, own) else token.string for place, token in enumerate(shown)
    )


def shingles(tokens: Sequence[str], width: int) -> frozenset[tuple[str, ...]]:
    """All runs of ``width`` tokens (Broder 1997, On the resemblance of documents)."""
    return frozenset(
        tuple(tokens[start : start + width]) for start in range(len(tokens) - width + 1)
    )


def _is_own(tokens: Sequence[tokenize.TokenInfo], place: int, own: set[str]) -> bool:
    """Whether a token is a name that the code itself bound, and no attribute of that name."""
    token = tokens[place]
    is_attribute = place > 0 and tokens[place - 1].string == "."
    return token.type == tokenize.NAME and token.string in own and not is_attribute


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
