import ast
import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.ui.editor import indentation
from graphviz_app.ui.editor.line_map import LineMap
from graphviz_app.ui.editor.strings import STATES, OpenString, string_after
from graphviz_app.ui.prose import inline


@pytest.mark.parametrize(
    ("line", "indent"),
    [
        ("x = 1", ""),
        ("    x = 1", "    "),
        ("for i in range(3):", "    "),
        ("    if x:  # why", "        "),
        ("print('a:'", ""),
        ("x = [", "    "),
        ("    return x", ""),
        ("        pass", "    "),
        ("# a comment:", ""),
        ("", ""),
    ],
)
def test_enter_indents_as_the_line_before_says(line, indent):
    assert indentation.indent_after(line) == indent


def test_comments_go_out_and_in_again_at_one_column():
    lines = ["    a = 1", "", "        b = 2"]
    commented = indentation.toggle_comment(lines)
    assert commented == ["    # a = 1", "", "    #     b = 2"]
    assert indentation.toggle_comment(commented) == lines


lines_of_code = st.lists(st.text(alphabet=" ab#\t'\"", max_size=12), max_size=6)


@given(lines_of_code)
def test_commenting_and_indenting_are_undone_by_their_opposites(lines):
    if any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        assert indentation.toggle_comment(indentation.toggle_comment(lines)) == lines
    written = [line for line in lines if line.strip()]
    assert indentation.dedent_lines(indentation.indent_lines(written)) == written


@pytest.mark.parametrize(("before", "deleted"), [("        ", 4), ("      ", 2), ("x", 1), ("    x ", 1), ("", 1)])
def test_backspace_goes_back_to_the_tab_stop_within_the_indentation(before, deleted):
    assert indentation.spaces_before_tab_stop(before) == deleted


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        ('x = """', None, OpenString('"""')),
        ("still inside", OpenString('"""'), OpenString('"""')),
        ('the end"""  # and a comment', OpenString('"""'), None),
        ("r'''raw", None, OpenString("'''", raw=True)),
        ('f"""{x', None, OpenString('"""', formatted=True)),
        ("'''", OpenString('"""'), OpenString('"""')),
        ('x = "a" + \'b\' # """', None, None),
        ("x = 'it''s' '''", None, OpenString("'''")),
        ('"""a""" """', None, OpenString('"""')),
        (r'\"""', OpenString('"""'), OpenString('"""')),
    ],
)
def test_a_line_says_which_string_it_leaves_open(line, before, after):
    assert string_after(line, before) == after
    assert after in STATES


@given(st.lists(st.sampled_from(['"""', "'''", "x", "'a'", '"b"', "#", "\n", " + "]), max_size=20).map("".join))
def test_a_program_that_python_reads_leaves_no_string_open(text):
    try:
        ast.parse(text)
        list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError):
        return
    state = None
    for line in text.split("\n"):
        state = string_after(line, state)
    assert state is None


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=15), st.lists(st.sampled_from("abcd"), max_size=15))
def test_a_line_map_only_pairs_equal_lines_and_is_its_own_inverse(recorded, current):
    lines = LineMap("\n".join(recorded), "\n".join(current))
    for number, text in enumerate("\n".join(recorded).splitlines(), 1):
        now = lines.to_current(number)
        if now is not None and not lines.unchanged:
            assert current[now - 1] == text
            assert lines.to_recorded(now) == number


def test_lines_keep_their_marks_when_text_is_put_above():
    lines = LineMap("a\nb\nc", "new\na\nb\nc")
    assert [lines.to_current(line) for line in (1, 2, 3)] == [2, 3, 4]
    assert LineMap("a", "a").unchanged


def test_prose_becomes_html_and_code_is_taken_as_it_stands():
    assert inline("`a * b * c` is **not** *italic*") == "<code>a * b * c</code> is <b>not</b> <i>italic</i>"
    assert inline("1 < 2 and `x<y>`") == "1 &lt; 2 and <code>x&lt;y&gt;</code>"
    assert inline("**bold `code` bold**") == "<b>bold <code>code</code> bold</b>"


@given(st.text())
def test_prose_never_lets_a_tag_through(text):
    assert "<script" not in inline(text + "<script>")
