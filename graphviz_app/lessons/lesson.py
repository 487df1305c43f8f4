"""One lesson, and how its text is read: Markdown with a fixed order of headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_ITEM = re.compile(r"^\d+\.\s+", re.MULTILINE)
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class LessonError(Exception):
    """A lesson's text is not written as lessons are; the message is one sentence."""


class Question(NamedTuple):
    """Something to think about, and the answer; both Markdown."""

    question: str
    answer: str


class Lesson(NamedTuple):
    """A program with prose.

    Attributes:
        number: Its place in the order, from 1.
        slug: Its name in paths and commands, such as "chain_rule".
        title: Its name for people.
        prose: What it is about: Markdown paragraphs.
        steps: What to press and what to look for, in order; each Markdown.
        questions: One or two, with answers.
        output: What the program prints, exactly.
        program: The program's text.
        program_path: Where the program ships.
    """

    number: int
    slug: str
    title: str
    prose: str
    steps: tuple[str, ...]
    questions: tuple[Question, ...]
    output: str
    program: str
    program_path: Path


def parse_lesson(text: str, program_path: Path) -> Lesson:
    """Read a lesson from the text of its `lesson.md`.

    Args:
        text: "# Title", prose, then the sections "Steps", "Questions" and "Output".
        program_path: `NN_slug/program.py`; number and slug come from the folder's name.

    Raises:
        LessonError: If a part is missing, or the folder is not named NN_slug.
        OSError: If the program cannot be read.
    """
    number, _, slug = program_path.parent.name.partition("_")
    if not (number.isdigit() and slug):
        raise LessonError(f"A lesson's folder is named NN_slug, but this one is {program_path.parent.name}.")
    introduction, *rest = re.split(r"^## ", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    title, _, prose = introduction.strip().partition("\n")
    sections = {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in rest)}
    missing = [name for name in ("Steps", "Questions", "Output") if not sections.get(name)]
    if not title.startswith("# ") or not prose.strip() or missing:
        raise LessonError(f"The lesson {slug} lacks {', '.join(missing) or 'a title or its prose'}.")
    return Lesson(
        number=int(number),
        slug=slug,
        title=title[2:].strip(),
        prose=_unwrap(prose),
        steps=tuple(_unwrap(step) for step in _ITEM.split(sections["Steps"])[1:]),
        questions=_questions(sections["Questions"]),
        output=_output(sections["Output"], slug),
        program=program_path.read_text("utf-8"),
        program_path=program_path,
    )


def _questions(section: str) -> tuple[Question, ...]:
    parts = (part.partition("\n") for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:])
    return tuple(Question(question.strip(), _unwrap(answer)) for question, _, answer in parts)


def _output(section: str, slug: str) -> str:
    fence = _FENCE.search(section)
    if fence is None:
        raise LessonError(f"The lesson {slug} does not say what its program prints.")
    return fence.group(1)


def _unwrap(text: str) -> str:
    """Paragraphs on one line each, so that a narrow panel can wrap them itself."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
