"""Lessons: small programs with prose, steps and questions."""

from graphviz_app.lessons.lesson import Lesson, LessonError, Question, parse_lesson
from graphviz_app.lessons.library import all_lessons, find_lesson

__all__ = ["Lesson", "LessonError", "Question", "all_lessons", "find_lesson", "parse_lesson"]
