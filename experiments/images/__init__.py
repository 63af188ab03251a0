"""Runs on images: each config of experiments/configs/images-*.toml gives one record."""
