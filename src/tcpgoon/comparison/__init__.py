"""What got worse from one run to another, beyond noise. Pure: outcomes in, a comparison out."""
