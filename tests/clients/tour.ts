// A tour with openapi-fetch and the types of openapi-typescript: what an integration does first. Fails by throwing.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Order = components['schemas']['Order'];
type Input = components['schemas']['OrderInput'];

const baseUrl = process.env['BASE'] ?? '';
const key = process.env['KEY'] ?? '';
const api = createClient<paths>({ baseUrl, headers: key ? { Authorization: `Bearer ${key}` } : {} });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function some<T>(value: T | undefined, what: string): T {
  check(value !== undefined, what);
  return value;
}

// The compiler knows every status: a case left out, or misspelt, does not compile.
function isOpen(status: Order['status']): boolean {
  switch (status) {
    case 'pending':
    case 'processing':
    case 'shipped':
      return true;
    case 'delivered':
    case 'cancelled':
      return false;
  }
}

const category = await api.POST('/api/inventory/categories', { body: { name: `Tour ${Date.now()}` } });
const category_id = some(category.data, 'a category is made').id;
const made = await api.POST('/api/inventory/products', {
  body: { name: 'Phone', price: '299.99', stock: 10, category_id },
});
const product = some(made.data, 'a product is made');
check(product.price === '299.99', 'money is a text');

const order = (quantity: number): Input => ({
  customer_name: "Ann O'Brien",
  customer_email: "o'brien@example.com",
  customer_phone: '1234567890',
  delivery_address: '1 Elm St',
  items: [{ product_id: product.id, quantity }],
});
// @ts-expect-error a name is a text
const number: Input = { ...order(1), customer_name: 42 };
// @ts-expect-error there is no such status
const typo: Order['status'] = 'pendng';
check(number !== undefined && typo !== undefined, 'both are used');

const placed = await api.POST('/api/inventory/orders', {
  body: order(2),
  params: { header: { 'Idempotency-Key': `tour-${Date.now()}` } },
});
const first = some(placed.data, 'an order is placed');
check(first.total_price === '599.98' && isOpen(first.status), 'the order has a total and a status');

const bulk = await api.POST('/api/inventory/orders/bulk', { body: [order(1), order(1)] });
check(Array.isArray(bulk.data) && bulk.data.length === 2, 'a bulk answers a list');
const dry = await api.POST('/api/inventory/orders/bulk', {
  body: [order(1), order(1000)],
  params: { query: { dry_run: true } },
});
check(dry.data !== undefined && !Array.isArray(dry.data), 'a dry run answers a report');
check(dry.data.status === 400 && dry.data.rows[1]?.errors != null, 'the second order could not be placed');

// Page by page, as Link says.
const seen: number[] = [];
for (let cursor: string | undefined; ; ) {
  const query = { product: product.id, limit: 1, ...(cursor === undefined ? {} : { cursor }) };
  const page = await api.GET('/api/inventory/orders', { params: { query: { ...query, ordering: 'total_price' } } });
  seen.push(...some(page.data, 'a page').map((row) => row.id));
  const next = page.response.headers.get('link')?.match(/[?&]cursor=([^&>]+)/)?.[1];
  if (next === undefined) break;
  cursor = decodeURIComponent(next);
}
check(new Set(seen).size === 3 && seen.length === 3, `each order is on one page: ${seen}`);

const path = { id: first.id };
const cancelled = await api.POST('/api/inventory/orders/{id}/cancel', {
  params: { path },
  body: { reason: 'changed her mind' },
});
check(cancelled.data?.status === 'cancelled', 'the order is cancelled');
const again = await api.PATCH('/api/inventory/orders/{id}', { params: { path }, body: { customer_phone: '555' } });
check(again.response.status === 409 && typeof again.error?.detail === 'string', 'a conflict has a detail');

const bad = await api.POST('/api/inventory/orders', { body: { ...order(1), customer_email: 'nobody' } });
check(bad.error !== undefined && !Array.isArray(bad.error), 'an order with a bad field is an object of fields');
check(bad.error.customer_email?.[0] !== undefined && bad.error.detail === undefined, 'the field says what is wrong');
const short = await api.POST('/api/inventory/orders', { body: order(1000) });
check(Array.isArray(short.error) && short.error[0]?.includes('Phone') === true, 'what is short is named');
console.log('openapi-fetch: all of it');
