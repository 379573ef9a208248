"""How cues are written: one module a format, each with one function from captions to the text of a file.

Every file is UTF-8 without a byte order mark, with line feeds, and ends with one.
"""
