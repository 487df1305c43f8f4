"""What a node computes and why; whether recorded values are what they should be; why a `.grad` is None.

Import from the modules: the traced program's process imports `errors` alone, and shall not pay for the rest.
"""
