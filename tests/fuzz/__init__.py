"""What a registry could send, or a file have in it: bytes that nobody thought of, for all parsers (``make fuzz``)."""
