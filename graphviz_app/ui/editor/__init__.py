"""The editor: text, gutter, colours, marks, and the keys that programmers expect."""
