// What the pages do beyond links and forms: following what happens, shortcuts, the theme, and the hours that pass.
// Every page works without it.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

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
  const swap = (region, fresh) => {
    const focused = region.contains(document.activeElement) ? place(document.activeElement) : null;
    region.replaceWith(fresh);
    if (window.htmx) htmx.process(fresh);
    const again = focused && one(focused, fresh);
    if (again) again.focus({ preventScroll: true });
  };
  let isFetching = false;
  let isMissed = false;
  const refresh = async () => {
    if (!one("[data-live]")) return;
    if (isFetching) {
      isMissed = true;
      return;
    }
    isFetching = true;
    isMissed = false;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.redirected || !answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of all("[data-live]")) {
        const fresh = page.getElementById(region.id);
        if (!fresh || isBusy(region) || same(region, fresh)) continue;
        swap(region, document.importNode(fresh, true));
      }
      tellTimes();
    } catch {
      // The stream says when the server is there again.
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
  let stream = null;
  let seen = document.body.dataset.mark;
  const say = (isOn, text) => {
    if (!light) return;
    light.hidden = false;
    light.classList.toggle("on", isOn);
    light.title = text;
    light.replaceChildren(Object.assign(document.createElement("span"), { textContent: isOn ? "Live" : "Not live" }));
  };
  const follow = () => {
    if (stream || document.hidden || !window.EventSource || !one("[data-live]")) return;
    stream = new EventSource("/admin/live/");
    stream.addEventListener("open", () => say(true, "This page shows what happens as it happens."));
    stream.addEventListener("change", (event) => {
      if (event.data !== seen) refresh();
      seen = event.data;
    });
    stream.addEventListener("error", () => {
      say(false, "The server cannot be reached, or you are signed out; what you see may be old.");
      if (stream && stream.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(follow, 10000);
      }
    });
  };
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
  const rows = () => all("main table.list tbody tr").filter((row) => one("a", row));
  const step = (by) => {
    const list = rows();
    if (list.length === 0) return;
    const at = list.findIndex((row) => row.classList.contains("here"));
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
      text.textContent = ticked === 0 ? "Tick orders to change several at once." : `${ticked} ${ticked === 1 ? "order" : "orders"} chosen.`;
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

  // Leaving a form that was filled in asks first.
  let isSending = false;
  addEventListener("submit", (event) => {
    isSending = true;
    // Twice is once: the second click finds nothing to press.
    const buttons = all("button", event.target);
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
    all("button[disabled]").forEach((button) => (button.disabled = false));
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

  tellTimes();
  tickAll();
  follow();
})();
