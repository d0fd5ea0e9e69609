"""One small file per command: options, a library call, print."""
