// What the pages do beyond links and forms: following what happens, shortcuts, the theme, and the hours that pass.
// Every page works without it.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  const counted = (count, singular, several) => `${count} ${count === 1 ? singular : several}`;

  // Times. The server's clock counts, not the one of this computer.
  const ahead = Date.now() - Number(document.body.dataset.now) / 1000;
  const now = () => Date.now() - ahead;
  const span = (seconds) => {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} days`;
  };
  const tellTimes = () => {
    for (const time of all("time[data-ago]")) {
      const seconds = (now() - Date.parse(time.dateTime)) / 1000;
      const text = seconds >= 1 ? `${span(seconds)} ago` : seconds > -1 ? "now" : `in ${span(-seconds)}`;
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tellTimes, 1000);

  // The theme: the system's, or the one that was chosen here.
  const dark = one("#dark");
  for (const button of all("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = matchMedia(dark.media).matches ? "light" : "dark";
      dark.media = theme === "dark" ? "all" : "not all";
      document.cookie = `packhorse_theme=${theme}; Path=/admin; Max-Age=31536000; SameSite=Strict`;
      document.dispatchEvent(new Event("theme"));
    });
  }

  // Following what happens. A region that holds what somebody is typing, or has chosen, is left as it is.
  const isBusy = (region) => {
    const active = document.activeElement;
    if (active && region.contains(active) && active.matches("input, select, textarea, summary, button")) return true;
    if (one("details[open] form", region)) return true;
    const selection = getSelection();
    if (selection && !selection.isCollapsed && region.contains(selection.anchorNode)) return true;
    return all("input, select, textarea", region).some((field) => {
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
      return field.value !== field.defaultValue;
    });
  };
  const place = (element) => {
    if (!element || element === document.body) return null;
    return element.id ? `#${CSS.escape(element.id)}` : element.getAttribute("href") && `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  };
  const item = (id, root) => one(`[data-item="${CSS.escape(id)}"]`, root);
  const swap = (region, fresh) => {
    const focused = region.contains(document.activeElement) ? place(document.activeElement) : null;
    const marked = one(".here", region);
    region.replaceWith(fresh);
    if (window.htmx) htmx.process(fresh);
    const again = focused && one(focused, fresh);
    if (again) again.focus({ preventScroll: true });
    const row = marked && marked.dataset.item && item(marked.dataset.item, fresh);
    if (row) row.classList.add("here");
    // What was said of the last step is no longer news.
    if (region.id === "status") all("main > .notice.good").forEach((notice) => notice.remove());
  };

  // Nothing moves under the pointer: a region that it is in, or was in a moment ago, is left until it is gone.
  const HOLD = 2000;
  let pointed = "";
  const pointedAt = new Map();
  const point = (event) => {
    const region = event.target instanceof Element ? event.target.closest("[data-live]") : null;
    if (pointed) pointedAt.set(pointed, Date.now());
    pointed = region ? region.id : "";
    if (pointed) pointedAt.set(pointed, Date.now());
    if (event.pointerType === "touch" && event.type === "pointerup") pointed = "";
  };
  for (const event of ["pointerover", "pointermove", "pointerdown", "pointerup"]) addEventListener(event, point, { passive: true });
  document.documentElement.addEventListener("pointerleave", () => {
    if (pointed) pointedAt.set(pointed, Date.now());
    pointed = "";
  });
  const isPointed = (region) =>
    one("a, button, summary, input", region) && (pointed === region.id || Date.now() - (pointedAt.get(region.id) || 0) < HOLD);

  // What was held back, and how many changes.
  const waiting = new Set();
  let changes = 0;
  const bar = one("#waiting");
  const tellWaiting = () => {
    bar.hidden = waiting.size === 0;
    if (waiting.size === 0) changes = 0;
    const text = counted(Math.max(1, changes), "change", "changes");
    const label = one("span", bar);
    if (label.textContent !== text) label.textContent = text;
  };
  one("button", bar).addEventListener("click", () => refresh(true));
  setInterval(() => {
    const isFree = (id) => {
      const region = document.getElementById(id);
      return !region || !(isBusy(region) || isPointed(region));
    };
    if ([...waiting].some(isFree)) refresh();
  }, 500);
  // Where a card stays that is out of date, it cannot be used.
  const tellOutdated = (region, fresh) => {
    for (const card of all("[data-version]", region)) {
      const twin = item(card.dataset.item, fresh);
      if (twin && twin.dataset.version === card.dataset.version) continue;
      card.classList.add("gone");
      all("button", card).forEach((button) => (button.disabled = true));
    }
  };

  let isFetching = false;
  let isMissed = false;
  const refresh = async (isForced = false) => {
    if (!one("[data-live]")) return;
    if (isFetching) {
      isMissed = true;
      return;
    }
    isFetching = true;
    isMissed = false;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.redirected && new URL(answer.url).pathname === "/admin/sign-in/") {
        tellOut();
        return;
      }
      if (answer.redirected || !answer.ok) {
        say(false, "This page could not be loaded again; what you see may be old.");
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of all("[data-live]")) {
        const fresh = page.getElementById(region.id);
        waiting.delete(region.id);
        if (!fresh || same(region, fresh)) continue;
        if (isBusy(region) || (!isForced && isPointed(region))) {
          waiting.add(region.id);
          tellOutdated(region, fresh);
          continue;
        }
        swap(region, document.importNode(fresh, true));
      }
      tellWaiting();
      tellTimes();
      if (stream && stream.readyState === EventSource.OPEN) say(true, "This page shows what happens as it happens.");
    } catch {
      tellLost();
    } finally {
      isFetching = false;
      if (isMissed) setTimeout(refresh, 1000);
    }
  };
  const same = (region, fresh) => {
    const bare = (element) => {
      const copy = element.cloneNode(true);
      all("time[data-ago]", copy).forEach((time) => (time.textContent = ""));
      all("input[name=token], input[name=csrf]", copy).forEach((input) => input.remove());
      return copy.innerHTML;
    };
    return bare(region) === bare(fresh);
  };

  const light = one("#live");
  const lost = one("#lost");
  let lostAt = null;
  let stream = null;
  let seen = document.body.dataset.mark;
  const say = (isOn, text) => {
    if (!light) return;
    light.hidden = false;
    light.classList.toggle("on", isOn);
    light.title = text;
    light.replaceChildren(Object.assign(document.createElement("span"), { textContent: isOn ? "Live" : "Not live" }));
    if (isOn) {
      lostAt = null;
      lost.hidden = true;
    }
  };
  const tellLost = () => {
    lostAt = lostAt || new Date(now());
    const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: document.body.dataset.zone || undefined });
    say(false, "The server cannot be reached.");
    lost.textContent = `Connection lost since ${time.format(lostAt)}. Showing old data.`;
    lost.hidden = false;
  };
  const signInLink = () => {
    const link = document.createElement("a");
    link.href = `/admin/sign-in/?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = "Sign in";
    link.addEventListener("click", () => (isSending = true));
    return link;
  };
  const tellOut = () => {
    rest();
    say(false, "You are signed out.");
    one("span", light).textContent = "Signed out";
    lost.replaceChildren("You are signed out. Showing old data. ", signInLink());
    lost.hidden = false;
  };
  const follow = () => {
    if (stream || document.hidden || !window.EventSource || !one("[data-live]")) return;
    stream = new EventSource("/admin/live/");
    // The first word comes at once. The page is live when it shows what the word is about.
    stream.addEventListener("change", (event) => {
      if (event.data === seen && waiting.size === 0) {
        say(true, "This page shows what happens as it happens.");
        return;
      }
      if (event.data !== seen && waiting.size > 0) changes += 1;
      seen = event.data;
      if (waiting.size === 0) changes = 1;
      refresh();
    });
    stream.addEventListener("error", () => {
      const isOver = stream && stream.readyState === EventSource.CLOSED;
      say(false, "The connection was lost; what you see may be old.");
      if (isOver) {
        stream = null;
        setTimeout(follow, 2000);
      }
      refresh();
    });
  };
  addEventListener("offline", () => one("[data-live]") && tellLost());
  addEventListener("online", () => {
    rest();
    follow();
    refresh();
  });
  const rest = () => {
    if (stream) stream.close();
    stream = null;
  };
  // A page that nobody sees follows nothing: a browser has few connections to one server, and they are for all its pages.
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : follow()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => {
    if (event.persisted) follow();
  });

  // What a page fetches by itself keeps nobody signed in. Whoever is here stays so, also while they fill in a long form.
  let isTouched = false;
  for (const event of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(event, () => (isTouched = true), { passive: true });
  }
  setInterval(() => {
    if (isTouched) fetch("/api/access/me/", { cache: "no-store" }).catch(() => {});
    isTouched = false;
  }, 60000);

  // Shortcuts. None while somebody types.
  const help = one("#keys");
  for (const button of all("[data-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => one(`#${button.dataset.open}`).showModal());
  }
  let leader = 0;
  const rows = () => all("main table.list tbody tr, main .cards > li").filter((row) => one("a", row));
  const step = (by) => {
    const list = rows();
    if (list.length === 0) return;
    const marked = list.findIndex((row) => row.classList.contains("here"));
    const at = marked >= 0 ? marked : list.findIndex((row) => row.contains(document.activeElement));
    const next = list[Math.max(0, Math.min(list.length - 1, at + by))];
    if (at >= 0) list[at].classList.remove("here");
    next.classList.add("here");
    one("a", next).focus();
    next.scrollIntoView({ block: "nearest" });
  };
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      one("#q").focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    if (leader > Date.now() - 1500) {
      leader = 0;
      const link = one(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) location.assign(link.href);
      return;
    }
    const keys = {
      "/": () => one("#q").focus(),
      "?": () => help && help.showModal(),
      g: () => (leader = Date.now()),
      j: () => step(1),
      k: () => step(-1),
      n: () => (one("[data-new]") || one('[data-go="n"]') || { click: () => one('a[href="/admin/upload/"]') && location.assign("/admin/orders/new/") }).click(),
      x: () => {
        const box = one("tr.here input[type=checkbox]");
        if (box) box.click();
      },
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  // Ticking rows.
  const count = () => {
    const ticked = all('input[name="id"][form="bulk"]:checked').length;
    for (const text of all("[data-ticked]")) {
      text.textContent = ticked === 0 ? "Tick orders to change several at once." : `${counted(ticked, "order", "orders")} chosen.`;
    }
    for (const form of all("#bulk")) form.classList.toggle("chosen", ticked > 0);
    for (const button of all("#bulk .button")) button.disabled = ticked === 0;
  };
  const tickAll = () => {
    for (const box of all("[data-tick-all]")) box.hidden = false;
    count();
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      all('input[name="id"][form="bulk"]').forEach((box) => (box.checked = event.target.checked));
    }
    count();
  });

  // Lines of a new order.
  for (const button of all("[data-add-line]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const lines = one("[data-lines]");
      const number = lines.children.length;
      const line = lines.lastElementChild.cloneNode(true);
      for (const part of all("[id], [for]", line)) {
        for (const name of ["id", "htmlFor"]) {
          if (part[name]) part[name] = part[name].replace(/\d+/, number);
        }
      }
      all("input, select", line).forEach((field) => {
        field.value = "";
        field.removeAttribute("aria-invalid");
      });
      all(".hint", line).forEach((hint) => hint.remove());
      lines.append(line);
      one("select, input", line).focus();
    });
  }

  // A form is sent only when the server is there and still knows who is here: what was typed is never lost. It is also
  // kept in this tab until a page shows that it arrived, for whoever typed it: at one desk sit many.
  const DRAFT = "packhorse-draft";
  const HIDDEN = ["token", "version", "revision", "expected"];
  const fields = (form) => [...form.elements].filter((field) => field.name && !["password", "file", "submit", "button"].includes(field.type) && (field.type !== "hidden" || HIDDEN.includes(field.name)));
  const path = (form) => new URL(form.getAttribute("action"), location.href).pathname;
  const user = () => one(".who")?.textContent || "";
  const keep = (form) => {
    if (form.closest(".sign-in, .top") || !fields(form).some((field) => field.type !== "hidden")) return;
    const values = fields(form).map((field) => [field.name, ["radio", "checkbox"].includes(field.type) ? (field.checked ? field.value : null) : field.value]);
    try {
      sessionStorage.setItem(DRAFT, JSON.stringify({ who: user(), action: path(form), values }));
    } catch {
      // Without room it is not kept beyond this page.
    }
  };
  const tell = (form, ...parts) => {
    const notice = one("[data-not-sent]") || document.createElement("div");
    notice.className = "notice bad";
    notice.dataset.notSent = "";
    notice.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.append(...parts);
    notice.replaceChildren(text);
    form.before(notice);
    notice.scrollIntoView({ block: "nearest" });
  };
  const fill = () => {
    const kept = sessionStorage.getItem(DRAFT);
    if (!kept || one("[data-fault], .sign-in")) return;
    sessionStorage.removeItem(DRAFT);
    if (document.body.dataset.self || one("main .notice.good")) return;
    const { who, action, values } = JSON.parse(kept);
    if (who !== user()) return;
    const form = all('main form[method="post"]').find((form) => path(form) === action);
    if (!form || !values.some(([name, value]) => value && !HIDDEN.includes(name))) return;
    const add = one("[data-add-line]", form);
    const of = (name) => fields(form).filter((field) => field.name === name);
    for (const name of new Set(values.map(([name]) => name))) {
      const texts = values.filter(([other]) => other === name).map(([, value]) => value);
      while (add && of(name).length && of(name).length < texts.length) add.click();
      of(name).forEach((field, at) => {
        if (["radio", "checkbox"].includes(field.type)) field.checked = texts.includes(field.value);
        else if (at < texts.length) field.value = texts[at];
      });
    }
    const details = form.closest("details");
    if (details) details.open = true;
    tell(form, "What you typed was not saved. It is filled in again: look at it, then send it.");
  };

  let isSending = false;
  addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method === "post" && !form.dataset.checked && form.getAttribute("action")) {
      event.preventDefault();
      keep(form);
      if (path(form) === "/admin/sign-out/") sessionStorage.removeItem(DRAFT);
      if (form.dataset.checking) return;
      form.dataset.checking = "1";
      const { submitter } = event;
      try {
        const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
        const isOut = answer.redirected && new URL(answer.url).pathname === "/admin/sign-in/";
        if (isOut && !form.closest(".sign-in")) {
          tell(form, "You are signed out. Nothing was sent; what you typed is kept. ", signInLink());
          return;
        }
        if (answer.redirected && form.closest(".sign-in")) {
          location.assign(answer.url);
          return;
        }
        const fresh = /name="csrf" value="([^"]+)"/.exec(await answer.text());
        if (fresh && answer.ok) all('input[name="csrf"]').forEach((input) => (input.value = fresh[1]));
        form.dataset.checked = "1";
        form.requestSubmit(submitter);
      } catch {
        tell(form, "The server cannot be reached. Nothing was sent; what you typed is kept. Try again.");
      } finally {
        delete form.dataset.checked;
        delete form.dataset.checking;
      }
      return;
    }
    isSending = true;
    // Twice is once: the second click finds nothing to press.
    const buttons = all("button", form);
    setTimeout(() => buttons.forEach((button) => (button.disabled = true)));
    setTimeout(() => buttons.forEach((button) => (button.disabled = false)), 4000);
  });
  addEventListener("beforeunload", (event) => {
    if (!isSending && all("form[data-guard]").some((form) => isBusy(form) && all("input, textarea", form).some((field) => field.type !== "hidden" && field.value !== field.defaultValue))) {
      event.preventDefault();
    }
  });
  addEventListener("pageshow", () => {
    isSending = false;
    all("button[disabled]").filter((button) => !button.closest(".gone")).forEach((button) => (button.disabled = false));
    count();
  });

  // A file is sent as it is.
  for (const form of all("[data-upload]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      const file = one("input[type=file]", form).files[0];
      const status = one("[data-upload-status]", form);
      if (!file) return;
      status.textContent = `Reading ${file.name}…`;
      const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "Content-Type": "application/octet-stream" };
      try {
        const answer = await fetch(`/admin/upload/?name=${encodeURIComponent(file.name)}`, { method: "POST", headers, body: file });
        if (answer.redirected) {
          location.assign(answer.url);
          return;
        }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fault = one("#upload-fault > *", page);
        const text = fault ? fault.textContent.trim() : one("main p", page).textContent.trim();
        status.textContent = "";
        const notice = document.createElement("div");
        notice.className = "notice bad";
        notice.setAttribute("role", "alert");
        notice.append(Object.assign(document.createElement("p"), { textContent: text }));
        one("#upload-fault").replaceChildren(notice);
      } catch {
        status.textContent = "The server cannot be reached. Nothing was sent; try again.";
      }
    });
  }

  // What went wrong is read out, and seen, first.
  const wrong = one("[data-focus]");
  if (wrong) wrong.focus();

  document.addEventListener("click", (event) => {
    for (const menu of all(".menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("htmx:afterSwap", () => {
    tellTimes();
    tickAll();
  });

  // The answer to a form is at an address of its own: here it gets that of its page, so that loading it again, or going
  // back to it, sends nothing. What was done is said once.
  if (document.body.dataset.self) history.replaceState(null, "", document.body.dataset.self);
  const here = new URL(location.href);
  if (here.searchParams.has("note") || here.searchParams.has("made")) {
    for (const name of ["note", "order", "was", "is", "name", "made", "seal"]) here.searchParams.delete(name);
    history.replaceState(null, "", here);
  }
  // On a phone the filters make room for what they filter.
  if (matchMedia("(max-width: 699px)").matches) {
    all("details.filter:not([data-used])").forEach((filter) => (filter.open = false));
  }

  tellTimes();
  tickAll();
  fill();
  follow();
})();
