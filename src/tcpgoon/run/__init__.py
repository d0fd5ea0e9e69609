"""The one place where the parts meet: a plan becomes a result."""
