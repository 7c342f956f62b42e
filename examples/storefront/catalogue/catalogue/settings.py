"""Django settings, read from the environment."""

import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")
INSTALLED_APPS = ["catalogue"]
ROOT_URLCONF = "catalogue.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "catalogue.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
