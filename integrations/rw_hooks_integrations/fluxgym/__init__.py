"""cocktailpeanut/fluxgym, a web UI over sd-scripts; nothing of it is imported."""
