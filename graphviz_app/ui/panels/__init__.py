"""The panels around the canvas: timeline strip, ledger, inspector, and the tensor view that they share.

They take plain data (`set_recording`, `set_state`, `set_selection`) and say by signals what the user wants
(`step_requested`, `selection_requested`); none knows of the session. Colours follow the widget's palette.
"""
