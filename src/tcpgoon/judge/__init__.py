"""What it means: facts become findings, findings and metrics become a verdict. Pure."""
