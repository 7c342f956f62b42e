"""Read price lists from suppliers.

Each supplier has an entry in suppliers.yaml with the address of its list.
"""

from pathlib import Path

import requests
import yaml


def load_suppliers(path):
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))["suppliers"]


def fetch_prices(supplier, session=None):
    """Return {sku: price in cents} for one supplier."""
    session = session or requests.Session()
    answer = session.get(supplier["url"], timeout=10)
    answer.raise_for_status()
    return {row["sku"]: round(float(row["price"]) * 100) for row in answer.json()}
