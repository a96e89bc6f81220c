"""The durable job: one artifact's way to one AIR, as stages, policy and store."""
