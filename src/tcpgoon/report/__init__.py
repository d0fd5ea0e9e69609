"""Saying it: monitors while it runs, reports when it is over. They format; they compute nothing."""
