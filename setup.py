"""What pyproject.toml cannot say: configs/ is installed as inr_jax/configs."""

from setuptools import find_packages, setup

CONFIGS = "inr_jax.configs"
setup(
    packages=[*find_packages(include=["inr_jax*"]), CONFIGS, f"{CONFIGS}.sweeps"],
    package_dir={CONFIGS: "configs"},
)
