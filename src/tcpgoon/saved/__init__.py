"""What is kept of a run: a file with all that it came to, rows included, and what reads it again.

A file comes from elsewhere: nothing in it is believed before it was looked at.
"""
