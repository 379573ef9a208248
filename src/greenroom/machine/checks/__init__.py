"""What may be wrong with a machine: one file an area, each check a function from a Host to findings.

error: it will fail.  warning: it may.  note: good to know. What is unknown is never found wrong.
"""
