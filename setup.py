"""What pyproject.toml cannot say: configs/ is installed as inr_jax/configs."""

from setuptools import find_namespace_packages, setup

CONFIGS = "inr_jax.configs"
setup(
    packages=[
        *find_namespace_packages(include=["inr_jax*"]),  # folders of data as well
        CONFIGS,
        f"{CONFIGS}.sweeps",
    ],
    package_dir={CONFIGS: "configs"},
)
