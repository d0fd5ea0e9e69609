"""The examples for pipelines: their form, by the schemas of those who read them; and their commands, run."""
