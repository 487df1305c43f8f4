"""The lessons: which there are, what the chosen one is about, what to press, and questions that open on demand."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QUrl, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from graphviz_app.ui.icons import icon
from graphviz_app.ui.prose import inline, paragraphs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz_app.lessons import Lesson
    from graphviz_app.ui.look import Look

_HINT = "Choose a lesson above: its program comes into the editor, and what to look for stands here."


class LessonsPanel(QWidget):
    """A list and the chosen lesson's text.

    Signals:
        lesson_chosen: The `Lesson` that the user wants to open.
    """

    lesson_chosen = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lessons: Sequence[Lesson] = ()
        self._shown: Lesson | None = None
        self._answered: set[int] = set()
        self._list = QComboBox()
        self._list.setAccessibleName("Lessons")
        self._list.setToolTip("Choose a lesson; what you wrote stays kept.")
        self._list.setPlaceholderText("Choose a lesson")
        self._list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._list.setMinimumContentsLength(10)
        self._previous = _button("Previous lesson", "Open the lesson before.")
        self._next = _button("Next lesson", "Open the next lesson.")
        self._text = QTextBrowser()
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setOpenLinks(False)
        self._text.setAccessibleName("Lesson")
        self._arrange()
        self.setFocusProxy(self._text)
        self._list.activated.connect(self._choose)
        self._previous.clicked.connect(self._to_previous)
        self._next.clicked.connect(self._to_next)
        self._text.anchorClicked.connect(self._on_link)
        self.set_look(look)

    def set_lessons(self, lessons: Sequence[Lesson]) -> None:
        """Offer these lessons."""
        self._lessons = lessons
        with QSignalBlocker(self._list):
            self._list.clear()
            self._list.addItems([f"{lesson.number}. {lesson.title}" for lesson in lessons])
        self.show_lesson(self._shown)

    def show_lesson(self, lesson: Lesson | None) -> None:
        """Show a lesson's text, its questions closed; None where what is open is no lesson."""
        if lesson is not self._shown:
            self._answered.clear()
        self._shown = lesson
        index = self._index()
        with QSignalBlocker(self._list):
            self._list.setCurrentIndex(index)
        self._previous.setEnabled(index > 0)
        self._next.setEnabled(index + 1 < len(self._lessons))
        self._render()
        self._text.verticalScrollBar().setValue(0)

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self._look = look
        ratio = self.devicePixelRatioF()
        self._previous.setIcon(icon("back", look, ratio))
        self._next.setIcon(icon("forward", look, ratio))
        self._list.setFont(look.ui_font())
        self._text.document().setDocumentMargin(look.pixels(12))
        self._render()

    def text(self) -> str:
        """What is shown, as plain text."""
        return self._text.toPlainText()

    def reveal(self, number: int) -> None:
        """Show the answer to a question, from 0, or hide it again."""
        self._answered ^= {number}
        place = self._text.verticalScrollBar().value()
        self._render()
        self._text.verticalScrollBar().setValue(place)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(self._list, 1)
        row.addWidget(self._previous)
        row.addWidget(self._next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._text, 1)

    def _index(self) -> int:
        return next((i for i, lesson in enumerate(self._lessons) if lesson is self._shown), -1)

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self._lessons):
            self.lesson_chosen.emit(self._lessons[index])

    def _to_previous(self) -> None:
        self._choose(self._index() - 1)

    def _to_next(self) -> None:
        self._choose(self._index() + 1)

    def _on_link(self, link: QUrl) -> None:
        if link.scheme() == "answer":
            self.reveal(int(link.path()))

    def _render(self) -> None:
        self._text.document().setDefaultStyleSheet(_style(self._look))
        self._text.setHtml(f"<p>{_HINT}</p>" if self._shown is None else _page(self._shown, self._answered))


def _button(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolTip(tip)
    return button


def _page(lesson: Lesson, answered: set[int]) -> str:
    steps = "".join(f"<li>{inline(step)}</li>" for step in lesson.steps)
    parts = [f"<h2>{escape(lesson.title)}</h2>", paragraphs(lesson.prose), f"<h3>Try it</h3><ol>{steps}</ol>"]
    if lesson.questions:
        parts.append("<h3>Think about it</h3>")
    for number, question in enumerate(lesson.questions):
        parts.append(f"<p><b>{inline(question.question)}</b></p>")
        if number in answered:
            parts.append(f'{paragraphs(question.answer)}<p><a href="answer:{number}">Hide the answer</a></p>')
        else:
            parts.append(f'<p><a href="answer:{number}">Show the answer</a></p>')
    return "".join(parts)


def _style(look: Look) -> str:
    colours = look.colours
    pixels = look.pixels
    return (
        f"body, p, li {{ color: {colours.text}; font-size: {pixels(14)}px; line-height: 145%; }}"
        f"h2 {{ font-size: {pixels(20)}px; color: {colours.text}; }}"
        "h2, h3, b { font-weight: 600; }"
        f"h3 {{ font-size: {pixels(15)}px; color: {colours.dim}; }}"
        f"code {{ font-family: 'JetBrains Mono'; font-size: {pixels(13)}px; background: {colours.raised};"
        f" color: {colours.function}; }}"
        f"a {{ color: {colours.accent}; }}"
    )
