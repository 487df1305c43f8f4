"""`graphviz-app lessons`: what there is to learn, and each lesson's text and program."""

from __future__ import annotations

import sys

from graphviz_app.commands.errors import CommandError
from graphviz_app.commands.screen import tables


def lessons(name: str | None, *, program_only: bool) -> int:
    """Print one lesson, or a list of all.

    Raises:
        CommandError: If there is no such lesson.
    """
    return _list_lessons() if name is None else _show_lesson(name, program_only=program_only)


def _list_lessons() -> int:
    from rich.table import Table

    from graphviz_app.lessons.library import all_lessons

    table = Table("", "name", "lesson", box=None)
    for lesson in all_lessons():
        table.add_row(str(lesson.number), lesson.slug, lesson.title)
    console = tables()
    console.print(table)
    console.print("\ngraphviz-app lessons NAME shows one; graphviz-app opens the window on the first.", markup=False)
    return 0


def _show_lesson(name: str, *, program_only: bool) -> int:
    from graphviz_app.lessons.lesson import LessonError
    from graphviz_app.lessons.library import find_lesson

    try:
        lesson = find_lesson(name)
    except LessonError as error:
        raise CommandError(str(error)) from error
    if program_only:
        sys.stdout.write(lesson.program)
        return 0
    from rich.markdown import Markdown
    from rich.syntax import Syntax

    console = tables()
    width = min(console.width, 100)
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(lesson.steps, start=1))
    console.print(Markdown(f"# {lesson.number}. {lesson.title}\n\n{lesson.prose}\n\n## Steps\n\n{steps}"), width=width)
    console.print(Syntax(lesson.program, "python", theme="ansi_dark", background_color="default"), width=width)
    questions = "\n\n".join(f"**{each.question}**\n\n{each.answer}" for each in lesson.questions)
    console.print(Markdown(f"## Questions\n\n{questions}\n\n`{lesson.program_path}`"), width=width)
    return 0
