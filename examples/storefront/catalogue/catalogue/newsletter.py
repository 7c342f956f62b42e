"""Text of the weekly newsletter."""

from jinja2 import Environment, select_autoescape

TEMPLATE = """\
<h1>New this week</h1>
{% for product in products %}
<p>{{ product.name }} {{ product.blurb | urlize }}</p>
{% endfor %}
"""

_env = Environment(autoescape=select_autoescape(default_for_string=True))


def render(products):
    return _env.from_string(TEMPLATE).render(products=products)
