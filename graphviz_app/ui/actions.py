"""Everything that can be done, in one table: words, keys, icon, and the menu it stands in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from graphviz_app.ui.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QMainWindow, QMenu

    from graphviz_app.ui.look import Look


class ActionSpec(NamedTuple):
    """One thing that can be done.

    Attributes:
        name: What code calls it.
        text: What menus and screen readers call it.
        help: What it does, for the tooltip, without a full stop.
        keys: Its shortcuts; the first is the one that is shown.
        menu: The menu it stands in; "" for none.
        icon: Its drawing, or "".
        checkable: Whether it is on or off.
        separated: Whether a line stands above it in the menu.
        repeats: Whether it acts again and again while its key is held.
    """

    name: str
    text: str
    help: str
    keys: tuple[str, ...] = ()
    menu: str = ""
    icon: str = ""
    checkable: bool = False
    separated: bool = False
    repeats: bool = False


MENUS = ("File", "Edit", "Run", "Go", "View", "Help")

TABLE: tuple[ActionSpec, ...] = (
    ActionSpec("new", "New program", "Start an empty program", ("Ctrl+N",), "File"),
    ActionSpec("open", "Open…", "Open a Python program or a recording", ("Ctrl+O",), "File", "open"),
    ActionSpec("save", "Save program", "Save the program", ("Ctrl+S",), "File", "save", separated=True),
    ActionSpec("save_as", "Save program as…", "Save the program under another name", ("Ctrl+Alt+S",), "File"),
    ActionSpec(
        "save_recording", "Save recording…", "Save what was recorded to an .agrec file", ("Ctrl+Shift+S",), "File"
    ),
    ActionSpec("revert", "Throw changes away", "Go back to what the file or the lesson holds", (), "File"),
    ActionSpec(
        "export",
        "Export…",
        "Save a picture, a film or a table of this run",
        ("Ctrl+E",),
        "File",
        "export",
        separated=True,
    ),
    ActionSpec("quit", "Quit", "Close the window; your text is kept", ("Ctrl+Q",), "File", separated=True),
    ActionSpec("undo", "Undo", "Take back the last change of the program", ("Ctrl+Z",), "Edit"),
    ActionSpec("redo", "Redo", "Do again what was taken back", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit"),
    ActionSpec(
        "toggle_comment",
        "Comment lines out or in",
        "Comment the chosen lines out, or in again",
        ("Ctrl+/",),
        "Edit",
        separated=True,
    ),
    ActionSpec("find", "Find…", "Find in the graph or in the program", ("Ctrl+F",), "Edit", "find", separated=True),
    ActionSpec("find_next", "Find next", "Go to the next thing found", ("F3", "Ctrl+G"), "Edit", repeats=True),
    ActionSpec(
        "find_previous",
        "Find previous",
        "Go to the thing found before",
        ("Shift+F3", "Ctrl+Shift+G"),
        "Edit",
        repeats=True,
    ),
    ActionSpec("run", "Run", "Run the program in the editor and record it", ("F5",), "Run", "run"),
    ActionSpec("stop", "Stop", "Stop the running program at once", ("Shift+F5",), "Run", "stop"),
    ActionSpec("play", "Play", "Play the steps, or pause", ("Space",), "Go", "play"),
    ActionSpec(
        "forward",
        "Step forward",
        "Go one step on",
        ("Right", "F10", "Ctrl+Right"),
        "Go",
        "forward",
        separated=True,
        repeats=True,
    ),
    ActionSpec("back", "Step back", "Go one step back", ("Left", "Shift+F10", "Ctrl+Left"), "Go", "back", repeats=True),
    ActionSpec("to_start", "To the start", "Go to before anything happened", ("Home", "Ctrl+Home"), "Go", "to_start"),
    ActionSpec("to_end", "To the end", "Go to the last step", ("End", "Ctrl+End"), "Go", "to_end"),
    ActionSpec(
        "next_pass",
        "Next backward pass",
        "Go to where the next backward pass starts",
        ("PgDown", "Ctrl+PgDown"),
        "Go",
        "next_pass",
        separated=True,
        repeats=True,
    ),
    ActionSpec(
        "previous_pass",
        "Previous backward pass",
        "Go to where the backward pass before started",
        ("PgUp", "Ctrl+PgUp"),
        "Go",
        repeats=True,
    ),
    ActionSpec(
        "next_accumulation",
        "Next accumulation",
        "Go to where the next .grad grows",
        ("A",),
        "Go",
        "next_accumulation",
        repeats=True,
    ),
    ActionSpec(
        "next_call",
        "Next call of the selection",
        "Go to when the selected node or line runs next",
        ("N",),
        "Go",
        "next_call",
        repeats=True,
    ),
    ActionSpec("fit", "Fit the graph", "Show the whole graph", ("Ctrl+0",), "View", "fit"),
    ActionSpec("labels", "Values on arrows", "Show the values that travel on the arrows", (), "View", checkable=True),
    ActionSpec("turn", "Turn the graph", "Let gradients flow to the right, or down again", ("Ctrl+T",), "View", "turn"),
    ActionSpec(
        "expand",
        "Open or close the group",
        "Open the selected group, or close the one around the selection",
        ("Ctrl+Return",),
        "View",
    ),
    ActionSpec("expand_all", "Open all groups", "Show the inside of every group", ("Ctrl+Shift+Return",), "View"),
    ActionSpec("collapse_all", "Close all groups", "Show every outermost group as one box", (), "View"),
    ActionSpec(
        "expand_some", "Open groups as at first", "Open what a graph of this size has open at first", (), "View"
    ),
    ActionSpec(
        "present",
        "Present",
        "Full screen with bigger type and fewer panels",
        ("F11",),
        "View",
        "present",
        checkable=True,
        separated=True,
    ),
    ActionSpec("zoom_in", "Bigger", "Make everything bigger", ("Ctrl++", "Ctrl+="), "View", separated=True),
    ActionSpec("zoom_out", "Smaller", "Make everything smaller", ("Ctrl+-",), "View"),
    ActionSpec("zoom_reset", "Normal size", "Show everything as designed", ("Ctrl+Shift+0",), "View"),
    ActionSpec(
        "reduced_motion",
        "Reduce motion",
        "Show steps at once, without moving gradients",
        (),
        "View",
        checkable=True,
        separated=True,
    ),
    ActionSpec("show_lessons", "Lessons", "Show the lessons", ("Ctrl+L",), "View", "lessons", separated=True),
    ActionSpec("show_editor", "Program and console", "Show or hide the program", ("Ctrl+1",), "View", checkable=True),
    ActionSpec(
        "show_inspector", "Lessons and inspector", "Show or hide the right side", ("Ctrl+2",), "View", checkable=True
    ),
    ActionSpec("show_ledger", "Ledger", "Show or hide the ledger of every .grad", ("Ctrl+3",), "View", checkable=True),
    ActionSpec(
        "next_pane", "Go to the next panel", "Move the keyboard to the next panel", ("F6",), "View", separated=True
    ),
    ActionSpec(
        "previous_pane", "Go to the previous panel", "Move the keyboard to the panel before", ("Shift+F6",), "View"
    ),
    ActionSpec("keys", "Keyboard", "Show all keys", ("F1",), "Help"),
    ActionSpec("about", "About", "Show versions and licences", (), "Help"),
    ActionSpec("cancel", "Cancel", "Close what is in the way, or cancel what takes long", ("Esc",)),
)


def build_actions(window: QMainWindow, trigger: Callable[[str], None]) -> dict[str, QAction]:
    """A QAction for every row of the table, added to the window so that its keys work everywhere in it.

    Args:
        window: The window.
        trigger: Does what a name stands for.
    """
    actions: dict[str, QAction] = {}
    for spec in TABLE:
        action = QAction(spec.text, window)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(spec.repeats)
        action.setCheckable(spec.checkable)
        described = describe(spec)
        action.setToolTip(described)
        action.setStatusTip("")
        action.setWhatsThis(described)
        action.triggered.connect(partial(trigger, spec.name))
        window.addAction(action)
        actions[spec.name] = action
    return actions


def fill_menus(menus: Mapping[str, QMenu], actions: Mapping[str, QAction]) -> None:
    """Put the actions into their menus, in the order of the table."""
    for spec in TABLE:
        if spec.menu:
            if spec.separated:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(actions[spec.name])


def set_icons(actions: Mapping[str, QAction], look: Look, ratio: float) -> None:
    """Draw all icons in this look."""
    for spec in TABLE:
        if spec.icon:
            colour = look.colours.accent_text if spec.name == "run" else None
            actions[spec.name].setIcon(icon(spec.icon, look, ratio, colour=colour))
            actions[spec.name].setIconVisibleInMenu(False)


def describe(spec: ActionSpec) -> str:
    """What it does and the key for it, as tooltips say it."""
    if not spec.keys:
        return f"{spec.help}."
    shown = QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
    return f"{spec.help} ({shown})."
