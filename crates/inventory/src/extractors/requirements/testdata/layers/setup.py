from setuptools import setup

setup(name="layers", install_requires=["requests"])
