"""Puts our own AdminSite in the place of Django's. Not in apps.py: one AppConfig a module."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "ydjy.admin.DeskSite"
