"""The small JSON interface that the shop window reads."""

from django.http import JsonResponse
from django.views.decorators.http import require_GET

from .models import Product

SORTS = {"name": "name", "price": "price", "newest": "-added"}


@require_GET
def product_list(request):
    order = SORTS.get(request.GET.get("sort"), "name")
    products = Product.objects.select_related("shelf").order_by(order)
    return JsonResponse(
        {
            "products": [
                {"sku": p.sku, "name": p.name, "price": p.price, "shelf": p.shelf.name}
                for p in products
            ]
        }
    )
