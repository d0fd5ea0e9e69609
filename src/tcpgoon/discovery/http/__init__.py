"""How registries that speak HTTP are asked: bounded, several in turn, faults in one line."""
