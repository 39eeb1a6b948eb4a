// Where things are on the pages, in pixels, and what the charts say. `await layout({ open, go, api })`; the server holds
// orders of the last hour, and product 1 has a long ledger.

import assert from "node:assert/strict";

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const PAGES = ["/", "/orders/", "/orders/1/", "/orders/new/", "/delayed/", "/products/", "/products/1/", "/products/1/edit/", "/categories/", "/upload/", "/find/?q=phone", "/settings/", "/users/", "/keys/", "/sessions/", "/audit/"];

const box = async (locator) => {
  const found = await locator.first().boundingBox();
  assert.ok(found, `${locator} is on the page`);
  return found;
};

// Nothing is wider than the window. What may scroll sideways by itself does not have to on a phone, where tables stack.
const fits = async (page, path, { width }) => {
  const wide = await page.evaluate((width) => {
    const name = (element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 40)}`;
    const isScrolled = (element) => element.parentElement.closest(".scroll") && width > 699;
    const isSeen = (element) => element.offsetParent && getComputedStyle(element).visibility !== "hidden" && !element.matches(".skip, .hidden, .hidden *");
    const over = [...document.querySelectorAll("main *")].filter((element) => isSeen(element) && !isScrolled(element) && element.getBoundingClientRect().right > width + 0.5);
    const scrolls = [...document.querySelectorAll(".scroll")].filter((element) => width <= 699 && element.scrollWidth > element.clientWidth + 1);
    return { page: document.documentElement.scrollWidth, elements: [...over, ...scrolls].slice(0, 3).map(name) };
  }, width);
  assert.ok(wide.page <= width, `${path} is ${wide.page} px wide in a window of ${width}`);
  assert.deepEqual(wide.elements, [], `${path} has something beyond ${width} px`);
};

export const layout = async ({ open, go, api }) => {
  for (const viewport of [DESK, PHONE]) {
    const page = await open({ viewport });
    for (const path of PAGES) {
      await go(page, path);
      await fits(page, path, viewport);
    }
    // A button that names a thing stays on the page, however long that name is, and without a space.
    await go(page, "/products/1/");
    await page.locator("main .button.danger").first().evaluate((button) => {
      button.closest("details")?.setAttribute("open", "");
      button.textContent = `Delete ${"W".repeat(100)}`;
    });
    await fits(page, "/products/1/ with a long name", viewport);
    await page.context().close();
  }

  // D9: who counts or packs holds a phone, and what they do is at the top.
  const phone = await open({ viewport: PHONE });
  await go(phone, "/products/1/");
  assert.ok((await phone.locator("#ledger tbody tr").count()) >= 50, "the ledger is long");
  const save = await box(phone.locator("form[data-guard]").getByRole("button", { name: "Save" }));
  const ledger = await box(phone.locator("#ledger"));
  assert.ok(save.y + save.height < ledger.y, `the form (${save.y}) is above the ledger (${ledger.y})`);
  assert.ok((await box(phone.locator("#amount"))).y < PHONE.height, "the quantity is on the first screen");
  const pending = await api("/orders/", { customer_name: "Pia Phone", customer_email: "p@example.com", customer_phone: "1", delivery_address: "Here", items: [{ product_id: 2 }] });
  await go(phone, `/orders/${pending.id}/`);
  const move = await box(phone.getByRole("button", { name: "Start processing" }));
  assert.ok(move.y + move.height < PHONE.height, `the next step (${move.y}) is on the first screen`);
  await go(phone, "/orders/");
  const row = await box(phone.locator("#rows tr"));
  assert.ok(row.y + row.height < PHONE.height, `the first order (${row.y}) is on the first screen`);

  // D10: a setting can be read on a phone: its three cells are below each other, and wide enough.
  await go(phone, "/settings/");
  for (const setting of (await phone.locator("tbody tr").all()).slice(0, 10)) {
    const cells = await Promise.all((await setting.locator("td").all()).map(box));
    cells.forEach((cell, nth) => {
      assert.ok(cell.x >= 0 && cell.x + cell.width <= PHONE.width && cell.width > 250, `a cell is ${cell.width} px wide at ${cell.x}`);
      assert.ok(nth === 0 || cell.y >= cells[nth - 1].y + cells[nth - 1].height - 1, "the cells are below each other");
    });
  }
  await phone.context().close();

  // D12: the fields of the filters stand in rows: what is beside something ends where that ends.
  for (const width of [1280, 1440, 1920]) {
    for (const path of ["/orders/?status=pending", "/products/?low=1"]) {
      const page = await open({ viewport: { width, height: 900 } });
      await go(page, path);
      const fields = await page.locator(".filters .field input, .filters .field select").all();
      const buttons = await page.locator(".filters .buttons .button").all();
      const boxes = await Promise.all([...fields, ...buttons].map(box));
      assert.ok(fields.length >= 2 && buttons.length === 2, `${path} has its filters`);
      boxes.forEach((one) => boxes.forEach((other) => {
        const isBeside = one.y < other.y + other.height && other.y < one.y + one.height;
        assert.ok(!isBeside || Math.abs(one.y + one.height - other.y - other.height) <= 2, `${path}, ${width} px: ${JSON.stringify([one, other])} stand in one row`);
      }));
      const labels = await Promise.all((await page.locator(".filters .field label").all()).map(box));
      labels.forEach((one) => labels.forEach((other) => {
        const isBeside = Math.abs(one.y - other.y) < 12;
        assert.ok(!isBeside || Math.abs(one.y - other.y) < 1, `${path}, ${width} px: the labels are level`);
      }));
      const [show, clear] = boxes.slice(-2);
      assert.ok(Math.abs(show.y - clear.y) <= 1 && clear.x > show.x, `${path}, ${width} px: Show and Clear are side by side`);
      for (const check of await page.locator(".filters .check").all()) {
        assert.ok((await box(check)).height < 60, `${path}, ${width} px: a box to tick has its text in one line`);
      }
      await page.context().close();
    }
  }

  // D15: the bars are orders of a whole minute: read one by one, they make all orders that were placed.
  const desk = await open({ viewport: DESK });
  const counts = (await (await desk.request.get(`${new URL((await go(desk, "/"), desk.url())).origin}/api/overview/`)).json()).orders;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const chart = desk.locator('[data-chart="throughput"] .u-over');
  await chart.waitFor();
  const area = await box(chart);
  const minutes = new Map();
  for (let x = area.width - 1; x >= 0; x -= 1.5) {
    await desk.mouse.move(area.x + x, area.y + area.height / 2);
    const [at, placed] = await desk.locator('[data-chart="throughput"] .u-value').allInnerTexts();
    if (/\d/.test(at) && /^\d+$/.test(placed)) minutes.set(at, Number(placed));
  }
  const drawn = [...minutes.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(drawn, all, `the bars of ${minutes.size} minutes are the orders that were placed`);
  const said = await desk.locator('[data-chart-text="throughput"]').innerText();
  assert.ok(said.includes(`${all.toLocaleString("en")} placed`), said);
  await desk.context().close();
};
