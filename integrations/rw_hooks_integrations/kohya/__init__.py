"""kohya-ss/sd-scripts and the kohya_ss GUI (Apache-2.0); nothing of either is imported."""
