"""The bundled target: a real server with fault knobs."""
