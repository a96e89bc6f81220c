"""kohya-ss/musubi-tuner (Apache-2.0); nothing of it is imported."""
