"""A tour with the client of openapi-python-client: what an integration does first."""

import os
import time
from urllib.parse import unquote

from small import AuthenticatedClient, Client
from small.api.categories import category_create
from small.api.orders import order_bulk, order_cancel, order_change, order_create, order_list
from small.api.products import product_create
from small.models import (
    Cancellation,
    CategoryInput,
    ContactPatch,
    DryRun,
    LineInput,
    Order,
    OrderInput,
    OrderListOrdering,
    Problem,
    ProductInput,
    Status,
)

base, key = os.environ["BASE"], os.environ["KEY"]
client = AuthenticatedClient(base, token=key) if key else Client(base)

category = category_create.sync(client=client, body=CategoryInput(name=f"Tour {time.time_ns()}"))
body = ProductInput(name="Phone", price="299.99", stock=10, category_id=category.id)
product = product_create.sync(client=client, body=body)
assert product.price == "299.99", product


def order(quantity, email="o'brien@example.com"):
    lines = [LineInput(product_id=product.id, quantity=quantity)]
    return OrderInput(
        customer_name="Ann O'Brien",
        customer_email=email,
        customer_phone="1234567890",
        delivery_address="1 Elm St",
        items=lines,
    )


placed = order_create.sync(client=client, body=order(2), idempotency_key=f"small-{time.time_ns()}")
assert isinstance(placed, Order) and placed.status is Status.PENDING and placed.total_price == "599.98", placed
bulk = order_bulk.sync(client=client, body=[order(1), order(1)])
assert [type(each) for each in bulk] == [Order, Order], bulk
dry = order_bulk.sync(client=client, body=[order(1), order(1000)], dry_run=True)
assert isinstance(dry, DryRun) and dry.status == 400 and dry.rows[1].errors, dry

seen, cursor = [], {}
while True:
    ordering = OrderListOrdering.TOTAL_PRICE
    page = order_list.sync_detailed(client=client, product=product.id, limit=1, ordering=ordering, **cursor)
    seen += [each.id for each in page.parsed]
    link = page.headers.get("link")
    if link is None:
        break
    cursor = {"cursor": unquote(link.partition("cursor=")[2].partition(">")[0].partition("&")[0])}
assert len(seen) == len(set(seen)) == 3, seen

cancelled = order_cancel.sync(id=placed.id, client=client, body=Cancellation(reason="changed her mind"))
assert cancelled.status is Status.CANCELLED, cancelled
again = order_change.sync(id=placed.id, client=client, body=ContactPatch(customer_phone="555"))
assert isinstance(again, Problem) and again.detail, again
bad = order_create.sync(client=client, body=order(1, email="nobody"))
assert isinstance(bad, Problem) and bad.customer_email, bad
short = order_create.sync(client=client, body=order(1000))
assert isinstance(short, list) and "Phone" in short[0], short
print("openapi-python-client: all of it")
