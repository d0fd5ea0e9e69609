"""What a registry could send: bytes that nobody has thought of, for the parsers of all sources (``make fuzz``)."""
