"""A tour with the client that openapi-generator makes for Python: what an integration does first."""

import os
import time
from urllib.parse import unquote

from large import ApiClient, CategoriesApi, Configuration, OrdersApi, ProductsApi
from large.exceptions import BadRequestException, ConflictException
from large.models import (
    Cancellation,
    CategoryInput,
    ContactPatch,
    DryRun,
    LineInput,
    Order,
    OrderInput,
    Problem,
    ProductInput,
    Status,
)

base, key = os.environ["BASE"], os.environ["KEY"]
client = ApiClient(Configuration(host=base, access_token=key or None))
orders = OrdersApi(client)

category = CategoriesApi(client).category_create(CategoryInput(name=f"Tour {time.time_ns()}"))
body = ProductInput(name="Phone", price="299.99", stock=10, category_id=category.id)
product = ProductsApi(client).product_create(body)
assert product.price == "299.99", product


def order(quantity, email="o'brien@example.com"):
    return OrderInput(
        customer_name="Ann O'Brien",
        customer_email=email,
        customer_phone="1234567890",
        delivery_address="1 Elm St",
        items=[LineInput(product_id=product.id, quantity=quantity)],
    )


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


placed = orders.order_create(order(2), idempotency_key=f"large-{time.time_ns()}")
assert isinstance(placed, Order) and placed.status is Status.PENDING and placed.total_price == "599.98", placed
bulk = orders.order_bulk([order(1), order(1)])
assert [type(each) for each in bulk] == [Order, Order], bulk
dry = orders.order_bulk([order(1), order(1000)], dry_run=True)
assert isinstance(dry, DryRun) and dry.status == 400 and dry.rows[1].errors, dry

seen, cursor = [], None
while True:
    page = orders.order_list_with_http_info(product=product.id, limit=1, ordering="total_price", cursor=cursor)
    seen += [each.id for each in page.data]
    link = {name.lower(): value for name, value in page.headers.items()}.get("link")
    if link is None:
        break
    cursor = unquote(link.partition("cursor=")[2].partition(">")[0].partition("&")[0])
assert len(seen) == len(set(seen)) == 3, seen

cancelled = orders.order_cancel(placed.id, Cancellation(reason="changed her mind"))
assert cancelled.status is Status.CANCELLED, cancelled
patch = ContactPatch(customer_phone="555")
again = refused(ConflictException, lambda: orders.order_change(placed.id, contact_patch=patch))
assert isinstance(again.data, Problem) and again.data.detail, again
bad = refused(BadRequestException, lambda: orders.order_create(order(1, email="nobody")))
problem = bad.data.actual_instance
assert isinstance(problem, Problem) and problem.customer_email, bad
short = refused(BadRequestException, lambda: orders.order_create(order(1000)))
assert "Phone" in short.data.actual_instance[0], short
print("openapi-generator: all of it")
