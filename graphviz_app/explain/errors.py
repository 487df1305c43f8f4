"""An error of the user's program, in one sentence that says what to do about it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from graphviz_app.explain.error_rules_python import PYTHON_RULES
from graphviz_app.explain.error_rules_torch import TORCH_RULES

if TYPE_CHECKING:
    from graphviz_app.explain.error_rule import ErrorRule
    from graphviz_app.recording import events as ev

_LONGEST_MESSAGE = 4000
_LONGEST_QUOTE = 160


def explain_error(type_name: str, message: str) -> str:
    """One sentence about an exception, for somebody who meets it for the first time.

    Args:
        type_name: The name of the exception's type, such as "RuntimeError"; of a subclass of torch's, its own.
        message: What it says.

    Returns:
        What went wrong and what to do. For an error that is not known, the type and the first line of the message.
    """
    message = message[:_LONGEST_MESSAGE]
    return _known(type_name, message) or _unknown(type_name, message)


def explain_pass_error(finished: ev.BackwardFinished) -> str:
    """One sentence about the error with which a backward pass ended, also where the program has caught it.

    Of one that is not known its own words, and "" where there was none.
    """
    # Of older recordings nobody knows the type; the engine raises this one.
    known = _known(finished.exception or "RuntimeError", finished.error[:_LONGEST_MESSAGE])
    return finished.sentence or known or finished.error


def _known(type_name: str, message: str) -> str:
    """What the first rule says that is about an error; "" where none is."""
    for rule, pattern in _compiled():
        if rule.type_name in ("", type_name, _PARENTS.get(type_name, "")):
            found = pattern.search(message)
            if found is not None:
                return _fill(rule.sentence, found)
    return ""


# Newer releases raise these where older ones raised the parent.
_PARENTS = {
    "OutOfMemoryError": "RuntimeError",
    "AcceleratorError": "RuntimeError",
    "NotImplementedError": "RuntimeError",
    "ValueError": "RuntimeError",
    "_IncompleteInputError": "SyntaxError",
}


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[ErrorRule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule.pattern, re.DOTALL)) for rule in TORCH_RULES + PYTHON_RULES)


def _fill(sentence: str, found: re.Match[str]) -> str:
    for name, text in found.groupdict().items():
        sentence = sentence.replace(f"{{{name}}}", _shorten(text or ""))
    return sentence


def _unknown(type_name: str, message: str) -> str:
    article = "an" if type_name[:1] in "AEIOU" else "a"
    first_line = next((line.strip() for line in message.splitlines() if line.strip()), "")
    if not first_line:
        return f"The program stopped with {article} {type_name}."
    quoted = _shorten(first_line).rstrip(".")
    return f"The program stopped with {article} {type_name}: {quoted}{'' if quoted.endswith(('!', '?')) else '.'}"


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
