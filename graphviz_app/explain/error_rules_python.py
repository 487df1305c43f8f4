"""What Python's own messages mean, and what to do about them: a table, first match wins."""

from __future__ import annotations

from graphviz_app.explain.error_rule import ErrorRule

PYTHON_RULES = (
    ErrorRule(
        "ModuleNotFoundError",
        r"No module named '(?P<name>[^']*)'",
        "Python finds no module named {name}: check its spelling, or install it in the Python that runs this app "
        "(`python -m pip install ...`).",
    ),
    ErrorRule(
        "ImportError",
        r"cannot import name '(?P<name>[^']*)' from (?:partially initialized module )?'(?P<module>[^']*)'",
        "{module} has nothing named {name}: check the spelling, the installed version, and that no file of yours has "
        "the name of the module.",
    ),
    ErrorRule("TabError", r"", "Tabs and spaces are mixed at the start of this line: use four spaces everywhere."),
    ErrorRule(
        "IndentationError",
        r"expected an indented block",
        "The line before ends with a colon, so this one must be indented further, by four spaces.",
    ),
    ErrorRule("IndentationError", r"", "This line is indented differently from those around it: line it up with them."),
    ErrorRule("SyntaxError", r"'(?P<bracket>[\(\[\{{])' was never closed", "The bracket {bracket} is never closed."),
    ErrorRule("SyntaxError", r"expected ':'", "A colon is missing at the end of this line."),
    ErrorRule("SyntaxError", r"unterminated", "This text is missing its closing quotation mark."),
    ErrorRule(
        "SyntaxError",
        r"Maybe you meant '=='",
        "A single = gives a name to a value; to compare two values, write ==.",
    ),
    ErrorRule(
        "SyntaxError",
        r"\(unicode error\)|encoding problem|Non-UTF-8",
        "This file is not written in UTF-8: save it again in that encoding.",
    ),
    ErrorRule(
        "SyntaxError",
        r"(?P<why>.*)",
        "Python cannot read this line ({why}): look for a missing bracket, comma, colon or quotation mark here or just "
        "above it.",
    ),
    ErrorRule(
        "UnboundLocalError",
        r"'(?P<name>\w+)'",
        "{name} is used in this function before it gets a value there: give it one first, or pass it as an argument.",
    ),
    ErrorRule(
        "NameError",
        r"name '(?P<name>\w+)' is not defined",
        "There is nothing named {name} here: check the spelling, and that the line which makes it runs before this "
        "one.",
    ),
    ErrorRule(
        "EOFError",
        r"EOF when reading a line",
        "The program asked for input(), but there is no more input to read: write the value into the program instead.",
    ),
    ErrorRule("ZeroDivisionError", r"", "Something is divided by zero: print the number below the line to see why."),
    ErrorRule(
        "RecursionError", r"", "A function calls itself too many times: check that it stops, or use a loop instead."
    ),
    ErrorRule("MemoryError", r"", "There is not enough memory for this: make it smaller."),
    ErrorRule("KeyboardInterrupt", r"", "The program was interrupted."),
    ErrorRule(
        "UnicodeDecodeError", r"", "A file is not in the encoding that it was read with: pass encoding=... to open()."
    ),
    ErrorRule(
        "FileNotFoundError",
        r"No such file or directory: '(?P<name>[^']*)'",
        "There is no file {name} in the folder in which the program runs: check its name, or give the whole path.",
    ),
    ErrorRule(
        "AttributeError",
        r"cannot assign \w+ before Module.__init__\(\) call",
        "A module is not ready for its layers yet: call super().__init__() on the first line of __init__.",
    ),
    ErrorRule(
        "NotImplementedError",
        r"Module \[(?P<name>\w+)\] is missing the required \"forward\" function",
        "{name} has no forward(): define it inside the class, and look at its spelling and indentation.",
    ),
    ErrorRule(
        "AttributeError",
        r"'(?P<type>\w+)' object has no attribute '(?P<name>\w+)'",
        "A {type} has no .{name}: check the spelling, and print the object to see what it really is.",
    ),
    ErrorRule(
        "AttributeError",
        r"module '(?P<module>[^']+)' has no attribute '(?P<name>\w+)'",
        "{module} has nothing named {name}: check the spelling, and that no file of yours is named like the module.",
    ),
    ErrorRule("KeyError", r"(?P<key>.+)", "There is no entry {key}: print the keys to see which there are."),
    ErrorRule(
        "IndexError", r"out of range", "The index is too large: counting starts at 0, and the last is the length − 1."
    ),
    ErrorRule(
        "TypeError",
        r"can only concatenate str",
        "Text can only be added to text: separate what you print by commas, or convert it with str().",
    ),
    ErrorRule(
        "ValueError",
        r"(?:too many|not enough) values to unpack \(expected (?:at least )?(?P<expected>\d+)",
        "On the left of = there are {expected} names, and on the right another number of values: print them to see how "
        "many.",
    ),
    ErrorRule(
        "TypeError",
        r"(?P<name>\w+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (?P<which>.+)",
        "{name}() was called without {which}: add what is missing.",
    ),
    ErrorRule(
        "TypeError",
        r"takes (?:from )?\d+.* positional arguments? but (?P<count>\d+) (?:was|were) given",
        "This function was called with too many arguments ({count}, self included): look at how it is defined.",
    ),
)
