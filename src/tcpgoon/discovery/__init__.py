"""Where: a target expression becomes endpoints, resolved once and pinned."""
