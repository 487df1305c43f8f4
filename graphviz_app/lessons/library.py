"""All lessons that ship with the app, in their order."""

from __future__ import annotations

from functools import lru_cache

from graphviz_app.lessons.lesson import Lesson, LessonError, parse_lesson
from graphviz_app.resources import resource


@lru_cache(maxsize=1)
def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson, first to last.

    Raises:
        FileNotFoundError: If the installation lost its lessons.
        LessonError: If one of them is damaged.
    """
    folders = sorted(path.parent for path in resource("lessons").glob("[0-9][0-9]_*/lesson.md"))
    return tuple(parse_lesson((folder / "lesson.md").read_text("utf-8"), folder / "program.py") for folder in folders)


def find_lesson(name: str) -> Lesson:
    """The lesson of that number ("2", "02") or slug ("chain_rule").

    Raises:
        LessonError: If there is none; the message lists those that there are.
    """
    for lesson in all_lessons():
        if name == lesson.slug or (name.isdigit() and int(name) == lesson.number):
            return lesson
    known = ", ".join(f"{lesson.number} ({lesson.slug})" for lesson in all_lessons())
    raise LessonError(f"There is no lesson {name}. There are: {known}.")
