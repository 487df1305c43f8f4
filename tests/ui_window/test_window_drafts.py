from graphviz_app.lessons import all_lessons
from graphviz_app.ui.autosave import Draft, DraftStore, LastOpen


def test_unsaved_text_comes_back_after_a_crash(open_window, qtbot):
    window = open_window()
    window.parts.editor.replace_text("x = 'not saved'\n")
    qtbot.waitUntil(lambda: window.documents._drafts.keys() != ())
    # A crash: nobody closes anything, only the lock of the process goes.
    window.documents._drafts.close()
    again = open_window()
    assert again.parts.editor.text() == "x = 'not saved'\n"
    assert "are back" in again.parts.message.sentence


def test_what_was_open_comes_back(open_window, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("a = 1\nb = 2\nc = 3\n")
    window = open_window(path)
    window.parts.editor.go_to_line(2)
    window.close()
    again = open_window()
    assert again.parts.editor.text() == "a = 1\nb = 2\nc = 3\n"
    assert again.parts.editor.current_line() == 2
    assert again.parts.message.isHidden()


def test_changes_to_a_lesson_survive_a_visit_to_another(window):
    first, second = all_lessons()[:2]
    window.parts.editor.replace_text("changed = True\n")
    window.files.open_lesson(second)
    assert window.parts.editor.text() == second.program
    window.files.open_lesson(first)
    assert window.parts.editor.text() == "changed = True\n"
    window.documents.revert()
    assert window.parts.editor.text() == first.program
    assert not window.documents.is_modified


def test_two_windows_never_share_drafts(open_window):
    one, two = open_window(), open_window()
    one.parts.editor.replace_text("one\n")
    two.parts.editor.replace_text("two\n")
    one.documents.keep()
    two.documents.keep()
    assert one.documents._drafts.load(one.documents.current.key).text == "one\n"
    assert two.documents._drafts.load(two.documents.current.key).text == "two\n"


def test_saving_writes_the_file_and_forgets_the_draft(window, tmp_path):
    path = tmp_path / "saved.py"
    window.parts.editor.replace_text("x = 'é'\n")
    assert window.documents.save_to(path)
    assert path.read_bytes() == "x = 'é'\n".encode()
    assert not window.documents.is_modified
    assert window.documents._drafts.keys() == ()
    assert str(path) in window.settings.recent_files


def test_line_ends_of_a_file_stay_as_they_are(window, tmp_path):
    path = tmp_path / "windows.py"
    path.write_bytes(b"a = 1\r\nb = 2\r\n")
    window.files.open_path(path)
    assert window.parts.editor.text() == "a = 1\nb = 2\n"
    window.parts.editor.replace_text("a = 1\nb = 3\n")
    window.documents.save_to(path)
    assert path.read_bytes() == b"a = 1\r\nb = 3\r\n"


def test_a_place_that_cannot_be_written_is_a_sentence(window, tmp_path):
    window.parts.editor.replace_text("kept\n")
    assert not window.documents.save_to(tmp_path / "no" / "such" / "folder.py")
    assert "cannot be written" in window.parts.message.sentence
    assert window.parts.editor.text() == "kept\n"


def test_a_damaged_draft_is_as_none(tmp_path):
    drafts = DraftStore(tmp_path)
    drafts.save(Draft("untitled", "text", 3))
    assert drafts.load("untitled") == Draft("untitled", "text", 3)
    for path in drafts.folder.glob("draft-*"):
        path.write_bytes(b'{"key": 1')
    assert drafts.load("untitled") is None
    assert drafts.last_open() is None
    drafts.set_last_open(LastOpen("lesson:clearing", 4))
    assert drafts.last_open() == LastOpen("lesson:clearing", 4)
    drafts.close()
