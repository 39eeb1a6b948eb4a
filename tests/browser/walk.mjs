// The walk: what people do in the console, with a real browser. Each step says what it does; the first thing that is
// not as it should be ends the walk. `node walk.mjs <url of a server with the demo catalogue> <folder for screenshots>`

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { layout } from "./layout.mjs";

const [base, screens] = process.argv.slice(2);
const axeSource = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
mkdirSync(screens, { recursive: true });

const api = async (path, body) => {
  const init = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${base}/api/inventory${path}`, init);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
};
const order = (name, product_id = 1, quantity = 1) => ({
  customer_name: name,
  customer_email: `${name.toLowerCase().replaceAll(" ", ".")}@example.com`,
  customer_phone: "+880 1700 000000",
  delivery_address: "12 Lake Road\nDhaka",
  items: [{ product_id, quantity }],
});

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const problems = [];
const open = async (options) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith("data:")) problems.push(`asked another host: ${url}`);
  });
  page.on("console", (message) => {
    // A form that is refused is answered with its status, which the browser takes for a failure to load.
    const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    const isOffline = message.text().includes("net::ERR_INTERNET_DISCONNECTED");
    if (message.type() === "error" && !isStatus && !isOffline) problems.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  return page;
};
const judge = async (page, name) => {
  await page.addScriptTag({ path: axeSource }).catch(() => null);
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate((await import("node:fs")).readFileSync(axeSource, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, nodes } of violations) {
    if (["serious", "critical"].includes(impact)) problems.push(`axe, ${name}: ${id}: ${nodes[0].html} ${nodes[0].failureSummary}`);
  }
};
const step = (text) => console.log(`- ${text}`);
const go = (page, path) => page.goto(`${base}/admin${path}`);
const says = (page, text) => page.getByText(text, { exact: false }).filter({ visible: true }).first().waitFor();

// How wide the window is, and which colours whoever looks prefers.
const looks = {
  wide: {},
  dark: { colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 760 }, hasTouch: true, isMobile: true },
  "phone-dark": { viewport: { width: 360, height: 760 }, hasTouch: true, isMobile: true, colorScheme: "dark" },
  large: { viewport: { width: 1920, height: 1080 } },
};
const lookAt = async (pages, user) => {
  // Who is signed in, but not the theme that they chose.
  const cookies = user ? (await user.context().cookies()).filter(({ name }) => name.startsWith("packhorse_session")) : [];
  const storageState = { cookies, origins: [] };
  for (const [look, options] of Object.entries(looks)) {
    const seen = await open({ bypassCSP: true, storageState, ...options });
    const { width } = seen.viewportSize();
    for (const [name, path] of Object.entries(pages)) {
      await go(seen, path);
      if (name === "overview") await seen.locator(".u-over").first().waitFor();
      const wider = (await seen.evaluate(() => document.documentElement.scrollWidth)) - width;
      if (wider > 0) problems.push(`${name}, ${look}: ${wider} px wider than the window`);
      await judge(seen, `${name}, ${look}`);
      await seen.screenshot({ path: `${screens}/${name}-${look}.png`, fullPage: true });
    }
    await seen.context().close();
  }
};

const page = await open();

step("place an order, and follow it while somebody else moves it");
await go(page, "/");
await page.keyboard.press("n");
await page.waitForURL("**/orders/new/");
await page.getByLabel("Name").fill("Walter Walker");
await page.getByLabel("Phone").fill("+880 1700 000000");
await page.getByLabel("E-mail").fill("not an address");
await page.getByLabel("Address").fill("12 Lake Road");
await page.locator("#product-0").selectOption("1");
await page.locator("#quantity-0").fill("2");
await page.locator("form[data-guard]").evaluate((form) => (form.noValidate = true));
await page.getByRole("button", { name: "Place the order" }).click();
await says(page, "Enter a valid email address.");
assert.equal(await page.getByLabel("Name").inputValue(), "Walter Walker", "what was filled in is kept");
await page.getByLabel("E-mail").fill("walter@example.com");
await page.getByRole("button", { name: "Place the order" }).click();
await page.waitForURL("**/orders/1/");
await says(page, "its stock is reserved");
await page.locator("#move-reason").fill("I am typing this");
await api("/orders/1/transition/", { to: "processing", reason: "by somebody else" });
await page.locator("#status .badge.processing").waitFor();
await says(page, "by somebody else");
assert.equal(await page.locator("#move-reason").inputValue(), "I am typing this", "what is being typed is not lost");

step("move it");
await page.reload();
await page.getByText("Mark as shipped…").click();
await page.getByRole("button", { name: "Ship order 1" }).click();
await says(page, "The order is now shipped.");

step("look at another page for a while, and come back");
const show = (isHidden) => page.evaluate((isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, isHidden);
await page.locator("#live.on").waitFor();
await show(true);
await api("/orders/1/transition/", { to: "delivered", reason: "meanwhile" });
await page.waitForTimeout(2500);
assert.equal(await page.locator("#status .badge.shipped").count(), 1, "a page that nobody sees follows nothing");
await show(false);
await page.locator("#status .badge.delivered").waitFor();

step("cancel one, and see what becomes of its stock");
await api("/orders/", order("Clara Cancel", 2, 1));
await go(page, "/orders/2/");
await page.getByText("Cancel the order…").click();
await page.locator("#cancel-reason").fill("changed her mind");
await page.getByRole("button", { name: "Cancel order 2" }).click();
await says(page, "Its stock is available again");

step("adjust stock with a number that is no longer true, then with the true one");
await go(page, "/products/3/");
const { on_hand } = await api("/products/3/");
await page.locator("#amount").fill(String(on_hand + 5));
await page.locator("#reason").fill("stocktake");
await api("/products/3/adjust/", { delta: 1, reason: "found one" });
await page.locator("form[data-guard]").getByRole("button", { name: "Save" }).click();
await says(page, "Somebody changed the stock while you were looking");
assert.equal(await page.locator("#amount").inputValue(), String(on_hand + 5));
await page.screenshot({ path: `${screens}/stale.png`, fullPage: true });
await page.locator("form[data-guard]").getByRole("button", { name: "Save" }).click();
await says(page, `${on_hand + 5} on hand now`);
await page.getByRole("button", { name: "Undo" }).click();
await says(page, `${on_hand + 1} on hand now`);

step("try out and upload a file of 1,000 orders, one of them wrong");
await api("/products/", { name: "Envelope", price: "0.20", stock: 1500, category_id: 1 });
const products = await api("/products/?limit=1000");
const envelope = products.find((product) => product.name === "Envelope").id;
const lines = ["customer_name,customer_email,customer_phone,delivery_address,product_id,quantity"];
for (let row = 1; row <= 1000; row++) {
  lines.push(`Customer ${row},${row === 7 ? "wrong" : `c${row}@example.com`},1,"${row} Lake Road, Dhaka",${envelope},1`);
}
await go(page, "/upload/");
await page.locator("#file").setInputFiles({ name: "orders.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\r\n")) });
await page.locator("[data-upload] .button").click();
await page.waitForURL(/upload\/[0-9a-f]+\//);
const tried = new URL(page.url()).pathname.replace("/admin", "");
await says(page, "Enter a valid email address.");
await page.screenshot({ path: `${screens}/upload-tried.png` });
await page.getByRole("button", { name: "Place 999 orders" }).click();
await says(page, "999 orders were placed");
await says(page, "line 8");
await page.screenshot({ path: `${screens}/upload-done.png` });

step("change many at once");
await go(page, "/orders/?status=pending");
await page.locator("[data-tick-all]").check();
await says(page, "50 orders chosen.");
await page.getByRole("button", { name: "Start processing…" }).click();
await says(page, "Nothing was changed yet.");
await page.screenshot({ path: `${screens}/bulk.png` });
await page.getByRole("button", { name: "Start processing: 50 orders" }).click();
await says(page, "50 orders changed to processing");

step("page through the list, and find by keyboard");
await go(page, "/orders/");
const first = await page.locator("#rows tr a").first().innerText();
await page.locator("[data-next]").click();
await page.waitForURL("**below=**");
assert.notEqual(await page.locator("#rows tr a").first().innerText(), first);
await page.keyboard.press("/");
await page.keyboard.type("walter");
await page.keyboard.press("Enter");
await page.waitForURL("**/find/**");
await says(page, "Walter Walker");
await page.keyboard.press("g");
await page.keyboard.press("d");
await page.waitForURL("**/delayed/");

step("nothing moves under the pointer on the delayed board");
await page.locator("#board [data-item]").nth(1).waitFor();
const [one, two] = await page.locator("#board [data-item]").evaluateAll((cards) => cards.map((card) => card.dataset.item));
const card = (id) => page.locator(`#board [data-item="${id}"]`);
await card(two).waitFor();
await page.waitForTimeout(1500);
await card(two).locator("summary").first().hover();
const before = await card(two).boundingBox();
await api(`/orders/${one}/transition/`, { to: "shipped", reason: "by somebody else" });
await page.locator(`#board [data-item="${one}"].gone`).waitFor();
await page.locator("#waiting").filter({ visible: true }).waitFor();
assert.deepEqual(await card(two).boundingBox(), before, "the card is where it was");
await page.screenshot({ path: `${screens}/delayed-held.png` });
await page.mouse.move(5, 5);
await card(one).waitFor({ state: "detached" });

step("resolve a delayed order, which asks first");
await page.screenshot({ path: `${screens}/delayed-board.png` });
await card(two).getByText("Mark as shipped…").click();
await page.getByRole("button", { name: `Ship order ${two}:` }).click();
await says(page, "was moved on");
await page.waitForURL("**/delayed/");

step("the mark of the keyboard stays on its row while the list changes");
await page.mouse.move(5, 5);
await go(page, "/orders/");
await page.locator("#live.on").waitFor();
await page.keyboard.press("j");
await page.keyboard.press("j");
const marked = await page.locator("tr.here").getAttribute("data-item");
await api("/orders/", order("Ken Keyboard"));
await says(page, "Ken Keyboard");
assert.equal(await page.locator("tr.here").getAttribute("data-item"), marked);

step("a row that is ticked holds a change back, and lets it in afterwards");
await page.locator("#rows input[type=checkbox]").nth(3).check();
await api("/orders/", order("Tina Tick"));
await says(page, "1 change");
await page.locator("#rows input[type=checkbox]").nth(3).uncheck();
await page.mouse.move(5, 5);
await page.evaluate(() => document.activeElement.blur());
await says(page, "Tina Tick");

step("a form that was refused is followed at the address of its page");
const refused = (await api("/orders/", order("Rita Refused")))["id"];
await go(page, `/orders/${refused}/`);
await api(`/orders/${refused}/transition/`, { to: "processing" });
await page.locator("#status .badge.processing").waitFor();
await page.getByText("Mark as shipped…").waitFor();
await page.evaluate((id) => {
  const form = document.querySelector(`form[action$="/${id}/move/"]`);
  form.elements.version.value = "1";
  form.closest("details").open = true;
}, refused);
await page.getByRole("button", { name: `Ship order ${refused}` }).click();
await says(page, "Nothing was done");
assert.ok(page.url().endsWith(`/orders/${refused}/`), page.url());
await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = false)));
await page.mouse.move(5, 5);
await api(`/orders/${refused}/transition/`, { to: "shipped" });
await page.locator("#status .badge.shipped").waitFor();

step("a form that is sent while the server cannot be reached is kept");
await go(page, "/orders/new/");
await page.getByLabel("Name").fill("Dora Down");
await page.getByLabel("Phone").fill("1");
await page.getByLabel("E-mail").fill("dora@example.com");
await page.getByLabel("Address").fill("7 Lake Road");
await page.locator("#product-0").selectOption("1");
await page.context().setOffline(true);
await page.getByRole("button", { name: "Place the order" }).click();
await says(page, "Nothing was sent; what you typed is kept.");
await page.screenshot({ path: `${screens}/not-sent.png` });
await page.context().setOffline(false);
page.once("dialog", (dialog) => dialog.accept());
await page.reload();
await says(page, "It is filled in again");
assert.equal(await page.getByLabel("Address").inputValue(), "7 Lake Road");
await page.getByRole("button", { name: "Place the order" }).click();
await says(page, "its stock is reserved");
await page.goBack();
await page.getByRole("heading", { name: "New order" }).waitFor();

step("a page whose connection is lost says so");
await go(page, "/orders/");
await page.locator("#live.on").waitFor();
await page.context().setOffline(true);
await page.evaluate(() => dispatchEvent(new Event("offline")));
await says(page, "Connection lost since");
assert.equal(await page.locator("#live.on").count(), 0);
await page.context().setOffline(false);
await page.locator("#live.on").waitFor();
assert.equal(await page.locator("#lost").isVisible(), false);

step("see where things are on the pages, and read the chart");
for (let nth = 0; nth < 60; nth++) await api("/products/1/adjust/", { delta: 1, reason: "a long ledger" });
await layout({ open, go, api });

step("look at every page: wide and on a phone, light and dark");
const pages = {
  overview: "/",
  orders: "/orders/",
  "orders-none": "/orders/?customer=nobody",
  order: "/orders/1/",
  "order-cancelled": "/orders/2/?note=cancelled",
  "order-pending": "/orders/900/",
  "order-new": "/orders/new/",
  delayed: "/delayed/",
  products: "/products/",
  product: "/products/1/",
  "product-edit": "/products/1/edit/",
  "product-new": "/products/new/",
  categories: "/categories/",
  upload: "/upload/",
  "upload-over": tried,
  find: "/find/?q=phone",
  settings: "/settings/",
  missing: "/orders/99999/",
};
await lookAt(pages);

step("change the theme, open the menu and the shortcuts");
await go(page, "/");
await page.locator("[data-theme-switch]").click();
assert.equal(await page.evaluate(() => document.querySelector("#dark").media), "all");
await page.reload();
assert.equal(await page.evaluate(() => document.querySelector("#dark").media), "all", "the choice is kept");
await page.keyboard.press("?");
await page.locator("#keys[open]").waitFor();
await page.screenshot({ path: `${screens}/shortcuts.png` });
const phone = await open({ ...looks.phone });
await go(phone, "/orders/");
await phone.locator(".menu summary").click();
await phone.getByRole("link", { name: "Products" }).waitFor();
await phone.screenshot({ path: `${screens}/menu-phone.png` });
await phone.locator(".menu").getByRole("link", { name: "Products" }).click();
await phone.waitForURL("**/products/");

step("without script");
const bare = await open({ javaScriptEnabled: false });
await go(bare, "/orders/?status=pending");
await bare.locator("#rows tr a").first().click();
await bare.getByRole("button", { name: "Start processing" }).click();
await says(bare, "The order is now processing.");

step("add an admin, sign in, make and revoke a key");
const password = "correct horse battery";
await go(page, "/users/");
await page.getByLabel("Name").fill("ann");
await page.getByLabel("Password", { exact: true }).fill(password);
await page.locator("#role").selectOption("admin");
await page.screenshot({ path: `${screens}/users-open.png` });
await page.getByRole("button", { name: "Add the user" }).click();
await page.waitForURL("**/sign-in/**");
await page.getByLabel("Name").fill("ann");
await page.getByLabel("Password").fill("not the password");
await page.getByRole("button", { name: "Sign in" }).click();
await says(page, "Name or password is wrong.");
await page.getByLabel("Password").fill(password);
await page.getByRole("button", { name: "Sign in" }).click();
await says(page, "ann can sign in now.");
await go(page, "/keys/");
await page.getByLabel("Name").fill("shop-1");
await page.getByRole("button", { name: "Make the key" }).click();
await says(page, "This is the only time that it is shown");
await page.locator("code.secret").evaluate((code) => (code.textContent = "ph_…"));
await page.screenshot({ path: `${screens}/keys.png` });
await page.getByText("Revoke…").click();
await page.getByRole("button", { name: "Revoke shop-1" }).click();
await says(page, "The key was revoked");

step("try a request in the documentation, as who is signed in");
await page.goto(`${base}/docs/#/categories/category_create`);
const operation = page.locator("#operations-categories-category_create");
await operation.getByRole("button", { name: "Try it out" }).click();
await operation.locator("textarea").first().fill('{"name": "Tried in the documentation"}');
await page.screenshot({ path: `${screens}/docs.png` });
await operation.getByRole("button", { name: "Execute" }).click();
await operation.locator(".live-responses-table .response-col_status", { hasText: "201" }).waitFor();
await go(page, "/categories/");
await says(page, "Tried in the documentation");

step("look at the pages that only who signed in sees, and at those of who may not");
const viewer = "only looks at things";
await go(page, "/users/");
await page.getByLabel("Name").fill("vera");
await page.getByLabel("Password", { exact: true }).fill(viewer);
await page.locator("#role").selectOption("viewer");
await page.getByRole("button", { name: "Add the user" }).click();
await says(page, "vera can sign in now.");
const own = { users: "/users/", keys: "/keys/", sessions: "/sessions/", audit: "/audit/" };
await lookAt(own, page);
const other = await open();
await go(other, "/");
await other.getByLabel("Name").fill("vera");
await other.getByLabel("Password").fill(viewer);
await other.getByRole("button", { name: "Sign in" }).click();
await other.waitForURL("**/admin/");
const view = { "viewer-order": "/orders/900/", "viewer-product": "/products/1/", "viewer-refused": "/users/" };
await lookAt(view, other);
await lookAt({ "sign-in": "/sign-in/" });

step("somebody whose session is ended is told at once");
await go(other, "/orders/");
await other.locator("#live.on").waitFor();
await go(page, "/sessions/");
await page.locator("tr", { hasText: "vera" }).getByRole("button").click();
await says(page, "The session was ended.");
await says(other, "You are signed out. Showing old data.");
await other.screenshot({ path: `${screens}/signed-out.png` });

step("what was typed when the session had ended comes back after signing in");
const typing = await open();
await go(typing, "/orders/new/");
await typing.getByLabel("Name").fill("ann");
await typing.getByLabel("Password").fill(password);
await typing.getByRole("button", { name: "Sign in" }).click();
await typing.waitForURL("**/orders/new/");
await typing.getByLabel("Name").fill("Sam Session");
await typing.getByLabel("Phone").fill("1");
await typing.getByLabel("E-mail").fill("sam@example.com");
await typing.getByLabel("Address").fill("9 Lake Road\nDhaka");
await typing.locator("#product-0").selectOption("1");
await typing.locator("#quantity-0").fill("2");
await go(page, "/sessions/");
await page.locator("tr", { hasText: "ann" }).filter({ hasNotText: "this one" }).getByRole("button").first().click();
await says(page, "The session was ended.");
await typing.getByRole("button", { name: "Place the order" }).click();
await says(typing, "You are signed out. Nothing was sent; what you typed is kept.");
await typing.getByRole("link", { name: "Sign in" }).first().click();
await typing.getByLabel("Name").fill("ann");
await typing.getByLabel("Password").fill(password);
await typing.getByRole("button", { name: "Sign in" }).click();
await says(typing, "It is filled in again");
assert.equal(await typing.getByLabel("Name").inputValue(), "Sam Session");
assert.equal(await typing.getByLabel("Address").inputValue(), "9 Lake Road\nDhaka");
assert.equal(await typing.locator("#quantity-0").inputValue(), "2");
await typing.getByRole("button", { name: "Place the order" }).click();
await says(typing, "its stock is reserved");
await typing.reload();
await says(typing, "Sam Session");

step("what somebody typed is nobody else's");
await go(page, "/users/");
await page.getByLabel("Name").fill("olga");
await page.getByLabel("Password", { exact: true }).fill(password);
await page.locator("#role").selectOption("operator");
await page.getByRole("button", { name: "Add the user" }).click();
await says(page, "olga can sign in now.");
await go(typing, "/orders/new/");
await typing.getByLabel("Name").fill("Secret of ann");
await go(page, "/sessions/");
await page.locator("tr", { hasText: "ann" }).filter({ hasNotText: "this one" }).getByRole("button").first().click();
await says(page, "The session was ended.");
// The form is sent as it is, half filled in.
await typing.evaluate(() => document.querySelectorAll("main form").forEach((form) => (form.noValidate = true)));
await typing.getByRole("button", { name: "Place the order" }).click();
await says(typing, "You are signed out. Nothing was sent; what you typed is kept.");
await typing.getByRole("link", { name: "Sign in" }).first().click();
await typing.getByLabel("Name").fill("olga");
await typing.getByLabel("Password").fill(password);
await typing.getByRole("button", { name: "Sign in" }).click();
await typing.waitForURL("**/orders/new/");
assert.equal(await typing.getByLabel("Name").inputValue(), "");

step("sign out");
await go(page, "/");
await page.getByRole("button", { name: "Sign out" }).click();
await page.waitForURL("**/sign-in/**");
await go(page, "/orders/");
await page.waitForURL("**/sign-in/?next=**");

await browser.close();
if (problems.length > 0) {
  console.error(`${problems.length} problems:\n${[...new Set(problems)].join("\n")}`);
  process.exit(1);
}
console.log("the walk is over, and all was as it should be");
