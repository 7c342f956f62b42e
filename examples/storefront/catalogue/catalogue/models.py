"""Products and the shelves they stand on."""

from django.db import models
from django.db.models.functions import TruncMonth


class Shelf(models.Model):
    name = models.CharField(max_length=80, unique=True)

    def __str__(self):
        return self.name


class Product(models.Model):
    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    price = models.PositiveIntegerField(help_text="in cents")
    shelf = models.ForeignKey(Shelf, on_delete=models.PROTECT, related_name="products")
    photo = models.ImageField(upload_to="photos/", blank=True)
    added = models.DateField(auto_now_add=True)

    class Meta:
        ordering = ["name"]


def new_per_month():
    """How many products came in during each month."""
    return (
        Product.objects.annotate(month=TruncMonth("added"))
        .values("month")
        .annotate(count=models.Count("id"))
    )
