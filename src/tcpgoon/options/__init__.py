"""HOW IT IS ASKED: options as users spell them, on a command line, in a file or in Python, and what they mean."""
