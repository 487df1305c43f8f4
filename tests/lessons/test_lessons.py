"""The lessons: complete, in order, and what they promise is what torch computes."""

import contextlib
import io
from pathlib import Path

import pytest

from graphviz_app.lessons import Lesson, LessonError, all_lessons, find_lesson, parse_lesson

ORDER = [
    "requires_grad_and_grad_fn",
    "chain_rule",
    "vector_jacobian_product",
    "keeping_operations_out",
    "accumulation",
    "clearing",
    "gradient_descent",
]


def each_lesson():
    return pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.slug)


def run(lesson: Lesson) -> tuple[str, dict]:
    """Run a lesson under plain torch; what it printed, and its globals."""
    printed = io.StringIO()
    names = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        exec(compile(lesson.program, str(lesson.program_path), "exec"), names)  # noqa: S102 - our own program
    return printed.getvalue(), names


def test_there_are_seven_lessons_in_the_order_of_the_course():
    assert [lesson.slug for lesson in all_lessons()] == ORDER
    assert [lesson.number for lesson in all_lessons()] == [1, 2, 3, 4, 5, 6, 7]


@each_lesson()
def test_a_lesson_has_a_paragraph_or_two_steps_and_a_question_or_two(lesson):
    assert 1 <= len(lesson.prose.split("\n\n")) <= 2
    assert len(lesson.steps) >= 3
    assert 1 <= len(lesson.questions) <= 2
    assert all(question.question.endswith("?") and question.answer for question in lesson.questions)


@each_lesson()
def test_a_lesson_prints_what_it_says_it_prints(lesson):
    printed, _ = run(lesson)
    assert printed == lesson.output


def test_the_chain_rule_lesson_gets_two_thirds_of_x_plus_two():
    import torch

    _, names = run(find_lesson("chain_rule"))
    torch.testing.assert_close(names["x"].grad, 2 * (names["x"].detach() + 2) / 3)


def test_the_vector_jacobian_product_is_v_times_the_jacobian():
    import torch

    _, names = run(find_lesson("vector_jacobian_product"))
    jacobian = torch.autograd.functional.jacobian(lambda x: names["A"] @ x, names["x"].detach())
    assert torch.equal(names["x"].grad, names["v"] @ jacobian)


def test_without_its_cuts_the_fourth_lesson_gets_the_gradient_that_its_answer_gives():
    import torch

    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    w = torch.tensor([2.0, 2.0, 2.0], requires_grad=True)
    (x.sum() * x + w * x + x * x).sum().backward()
    assert x.grad.tolist() == [16, 18, 20]
    assert "[16, 18, 20]" in find_lesson("keeping_operations_out").questions[0].answer


def test_a_lesson_is_found_by_number_or_slug():
    assert find_lesson("02") is find_lesson("chain_rule") is all_lessons()[1]


def test_an_unknown_lesson_is_answered_with_the_known_ones():
    with pytest.raises(LessonError, match=r"no lesson 9.*1 \(requires_grad_and_grad_fn\)"):
        find_lesson("9")


@pytest.mark.parametrize("text", ["", "# Title", "prose\n## Steps\n1. a\n## Questions\n### a?\nb\n## Output\n```\n```"])
def test_an_incomplete_lesson_is_refused_in_a_sentence(text):
    with pytest.raises(LessonError, match=r"The lesson slug lacks"):
        parse_lesson(text, Path("01_slug/program.py"))


def test_lessons_ship_with_their_programs_at_a_path_that_can_be_opened():
    assert all(lesson.program_path.read_text("utf-8") == lesson.program for lesson in all_lessons())
