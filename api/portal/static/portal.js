// What the pages do beside their forms and links: follow a record live, show fields that an answer asks for, close
// the menu, one key for the search. Everything works without it.
"use strict";
document.documentElement.classList.add("scripted");

const pageIn = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// Ticks in a list are carried over to the new one: they keep nothing from being renewed.
function isBusy(region) {
  const fields = [...region.querySelectorAll("textarea, select, input:not([type=hidden])")].filter((field) => !field.closest("[data-keeps]"));
  return fields.some(
    (field) => field === document.activeElement || (!field.matches("select") && (field.value !== field.defaultValue || field.checked !== field.defaultChecked)),
  );
}
const isTyping = () => [...document.querySelectorAll("main form")].some(isBusy);

// What somebody stands on, has ticked or opened is so afterwards.
const signOf = (one) => [one.tagName, one.id, one.getAttribute("href") || [one.name, one.value].filter(Boolean).join("=") || one.textContent.trim()].join(" ");
const places = (region) => [...region.querySelectorAll("a[href], button, summary, input:not([type=hidden]), [tabindex]")];
function swap(region, other) {
  const stood = region.contains(document.activeElement) ? document.activeElement : null;
  const sign = stood && signOf(stood);
  const at = stood && stood.closest("[data-keeps]") ? places(region).indexOf(stood) : -1;
  const ticked = new Set([...region.querySelectorAll("input:checked")].filter((field) => field.closest("[data-keeps]")).map(signOf));
  const opened = new Set([...region.querySelectorAll("details[open] > summary")].map(signOf));
  region.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
  for (const field of region.querySelectorAll("input")) if (field.closest("[data-keeps]") && ticked.has(signOf(field))) field.checked = true;
  for (const summary of region.querySelectorAll("summary")) if (opened.has(signOf(summary))) summary.parentElement.open = true;
  if (!stood || stood === region) return;
  const now = places(region);
  const again = now.find((one) => signOf(one) === sign) ?? (at < 0 ? null : now[Math.min(at, now.length - 1)]);
  (again ?? document.querySelector("main")).focus({ preventScroll: true });
}

// The same page again; each region that differs takes the place of the one that is shown. Of answers that cross on
// their way only the newest counts. In the inbox, what is shown beside the list stays the one that was chosen, also if it
// was chosen while the answer for another was on its way.
const shownHere = () => document.querySelector("[data-inbox] [data-row][aria-current]")?.dataset.beside ?? location.href;
const look = (address) => fetch(address, { headers: { Accept: "text/html", "Steadydesk-Live": "1" } });
let turn = 0;
async function renew() {
  const mine = ++turn;
  const address = shownHere();
  const answer = await look(address);
  if (mine !== turn) return;
  if (answer.redirected || answer.status === 404) {
    if (!isTyping()) location.reload();
    return;
  }
  if (!answer.ok) return soon(5000);
  const fresh = await pageIn(answer);
  if (mine !== turn) return;
  if (shownHere() !== address) return soon();
  for (const region of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${CSS.escape(region.dataset.live)}"]`);
    if (!other || isBusy(region) || same(region, other)) continue;
    swap(region, other);
    region.classList.remove("fresh");
    void region.offsetWidth;
    region.classList.add("fresh");
  }
  // Parts that came or went (a question, a survey, the first approval) have no place yet.
  const ids = (from) => [...from.querySelectorAll("main section[id], main [data-live]")].map((one) => one.id || one.dataset.live).join();
  if (!isTyping() && ids(document) !== ids(fresh)) {
    swap(document.querySelector("main"), fresh.querySelector("main"));
    follow();
    prepare();
  }
}

function same(one, other) {
  const plain = (region) => region.innerHTML.replace(/name="(once|version)" value="[^"]*"|(?<=<details[^>]*) open=""/g, "").replace(/(<time[^>]*>)[^<]*/g, "$1");
  return plain(one) === plain(other);
}

let waiting = 0;
function soon(wait = 120) {
  clearTimeout(waiting);
  waiting = setTimeout(() => renew().catch(() => soon(5000)), wait);
}

// How many notifications are new, without the page around it: it may be a form in which somebody types.
let rung = 0;
async function ring() {
  const mine = ++rung;
  const answer = await look("/notifications/bell");
  if (mine !== rung || !answer.ok || answer.redirected) return;
  const fresh = (await pageIn(answer)).querySelector("[data-bell]");
  const bell = document.querySelector("[data-bell]");
  if (fresh && bell && !same(bell, fresh)) swap(bell, fresh);
}

// Of changes the page hears by a stream, as long as somebody may look at it: a browser keeps six at most, of all pages.
// The bell has one of its own where that of the page does not tell of it.
const HIDDEN_FOR = 30000;
const ofPage = () => document.querySelector("[data-events]")?.dataset.events;
const ofBell = () => (ofPage()?.startsWith("/live") ? null : document.querySelector("[data-bell]")?.dataset.bell);
function earOf(stated, told) {
  let heard = "";
  let again = 1000;
  const ear = {
    follow() {
      const address = stated() && new URL(stated(), location.href);
      if (!address || (ear.stream && new URL(ear.stream.url).pathname === address.pathname)) return;
      if (heard) address.searchParams.set(address.searchParams.has("since") ? "since" : "after", heard);
      ear.leave();
      const stream = (ear.stream = new EventSource(address));
      stream.onmessage = (event) => {
        heard = event.lastEventId;
        again = 1000;
        told(event.data);
      };
      // What the server refused (too many streams, a session that is over) is not tried again by the browser.
      stream.onerror = () => {
        if (stream.readyState !== EventSource.CLOSED) return;
        again = Math.min(2 * again, 60000);
        setTimeout(ear.resume, again);
      };
    },
    leave() {
      ear.stream = ear.stream?.close();
    },
    resume() {
      ear.leave();
      if (document.hidden || !stated()) return;
      told("");
      ear.follow();
    },
  };
  return ear;
}
const chime = () => ring().catch(() => {});
const ears = [earOf(ofPage, (said) => (said === "messages" ? chime() : soon())), earOf(ofBell, chime)];
const follow = () => ears.forEach((ear) => ear.follow());

let leaving = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(() => ears.forEach((ear) => ear.leave()), HIDDEN_FOR);
  else ears.filter((ear) => !ear.stream).forEach((ear) => ear.resume());
});

// Fields that the answer to another one asks for, or must have.
function answersOf(form, name) {
  return [...form.elements].filter((field) => field.name === name && !field.disabled).flatMap((field) => {
    if (field.type === "checkbox" && field.value === "true") return [String(field.checked)];
    if (field.type === "checkbox" || field.type === "radio") return field.checked ? [field.value] : [];
    return [field.value];
  });
}

function holds(part, rule) {
  const wanted = JSON.parse(part.dataset[`${rule}Values`]).map(String);
  return answersOf(part.closest("form"), part.dataset[rule]).some((value) => wanted.includes(value));
}

function showAsked() {
  for (const part of document.querySelectorAll("[data-when], [data-must]")) {
    const shown = !part.dataset.when || holds(part, "when");
    const must = shown && ("mustShown" in part.dataset || (part.dataset.must !== undefined && holds(part, "must")));
    part.hidden = !shown;
    for (const field of part.querySelectorAll("input, select, textarea")) {
      field.disabled = !shown;
      if (!["checkbox", "radio"].includes(field.type) && !field.closest(".future")) field.required = must;
    }
  }
}

function prepare() {
  showAsked();
  document.querySelector(".error, [role=alert]")?.scrollIntoView({ block: "center" });
}

document.addEventListener("change", showAsked);
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey;
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  if (typing || event.defaultPrevented || !keysAreOn()) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  target.matches("input") ? target.focus() : target.click();
});
// A file that would be refused is said to be before it is sent: then what was typed stays.
document.addEventListener("change", ({ target }) => {
  const { limit, empty, large } = target.dataset;
  if (!limit) return;
  const all = [...target.form.querySelectorAll("[data-limit]")];
  const sizes = all.flatMap((each) => [...each.files].map((file) => file.size));
  for (const each of all) each.setCustomValidity("");
  target.setCustomValidity(sizes.includes(0) ? empty : sizes.reduce((sum, size) => sum + size, 0) > limit ? large : "");
  target.reportValidity();
});
// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post") form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  showAsked();
});

// Pickers: what is typed is looked up, a choice is written into the field (WAI-ARIA combobox with a list).
const pickers = new WeakMap();

function pickerOf(field) {
  if (pickers.has(field)) return pickers.get(field);
  const list = document.createElement("ul");
  Object.assign(list, { id: `${field.id}-list`, className: "offers", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.textContent.trim() || "");
  const said = document.createElement("p");
  said.className = "small picked";
  said.setAttribute("role", "status");
  field.after(list, said);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) field.setAttribute(name, value);
  const picker = { list, said, at: -1, asked: 0, timer: 0 };
  pickers.set(field, picker);
  return picker;
}

function closeOffers(field) {
  const picker = pickers.get(field);
  if (!picker) return;
  clearTimeout(picker.timer);
  picker.asked += 1;
  picker.at = -1;
  picker.list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function pointTo(field, at) {
  const picker = pickers.get(field);
  const options = [...picker.list.children];
  picker.at = (at + options.length) % options.length;
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === picker.at)));
  field.setAttribute("aria-activedescendant", options[picker.at].id);
  options[picker.at].scrollIntoView({ block: "nearest" });
}

function pick(field, option) {
  field.value = option.dataset.value;
  pickers.get(field).said.textContent = option.dataset.value === option.dataset.label ? "" : option.dataset.label;
  closeOffers(field);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  if (field.dataset.submit !== undefined) field.form.requestSubmit();
}

function showOffers(field, found) {
  const { list } = pickers.get(field);
  list.replaceChildren(...found.map((one, index) => {
    const option = document.createElement("li");
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    Object.assign(option.dataset, { value: one.value, label: one.label });
    option.append(one.label);
    if (one.hint) option.append(Object.assign(document.createElement("span"), { className: "small", textContent: one.hint }));
    return option;
  }));
  list.hidden = !found.length;
  field.setAttribute("aria-expanded", String(found.length > 0));
}

function lookUp(field) {
  const picker = pickerOf(field);
  picker.said.textContent = "";
  closeOffers(field);
  const asked = picker.asked;
  const text = field.value.trim();
  if (!text) return;
  picker.timer = setTimeout(async () => {
    const address = `/suggest/${field.dataset.suggest}?q=${encodeURIComponent(text)}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.ok && asked === picker.asked && document.activeElement === field) showOffers(field, await answer.json());
  }, 150);
}

const isPicker = (field) => Boolean(field?.dataset?.suggest);
document.addEventListener("input", (event) => {
  if (isPicker(event.target)) lookUp(event.target);
});
document.addEventListener("focusin", (event) => {
  if (isPicker(event.target)) pickerOf(event.target);
});
document.addEventListener("focusout", (event) => {
  if (isPicker(event.target)) closeOffers(event.target);
});
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest?.(".offers [role=option]");
  if (!option) return;
  event.preventDefault();
  pick(option.closest(".field").querySelector("[data-suggest]"), option);
});
document.addEventListener("keydown", (event) => {
  const field = event.target;
  const picker = isPicker(field) ? pickers.get(field) : null;
  if (!picker || event.isComposing) return;
  if (event.key === "ArrowDown" && picker.list.hidden) lookUp(field);
  if (picker.list.hidden) return;
  const next = { ArrowDown: picker.at + 1, ArrowUp: picker.at < 0 ? -1 : picker.at - 1 }[event.key];
  if (next !== undefined) pointTo(field, next);
  else if (event.key === "Enter" && picker.at >= 0) pick(field, picker.list.children[picker.at]);
  else if (event.key === "Escape") closeOffers(field);
  else return;
  event.preventDefault();
});

prepare();
follow();

// Single keys can be switched off, for those whose speech or hands press them by accident; kept in this browser.
const KEYS = "steadydesk-keys";
function keysAreOn() {
  try {
    return localStorage.getItem(KEYS) !== "off";
  } catch {
    return true; // A browser that keeps nothing.
  }
}
function showKeys() {
  for (const button of document.querySelectorAll("[data-keys]")) button.setAttribute("aria-pressed", String(keysAreOn()));
}
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-keys]")) return;
  try {
    localStorage.setItem(KEYS, keysAreOn() ? "off" : "on");
  } catch {
    return;
  }
  showKeys();
});
showKeys();

// The inbox of approvals: j and k choose, o opens, x ticks, a, c and r lead to the decision. Where there is room, the chosen one is
// shown beside the list; where there is none, its page opens.
const inbox = {
  rows: () => [...document.querySelectorAll("[data-inbox] [data-row]")],
  place: () => document.querySelector("[data-beside-place]"),
  current: () => document.querySelector("[data-row][aria-current]") ?? document.querySelector("[data-row]"),
  hasRoom: () => inbox.place()?.offsetParent != null,
  loading: null,
  reason: null,
  shown: document.querySelector("[data-row][aria-current]")?.dataset.beside,

  choose(row) {
    for (const each of inbox.rows()) each.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    row.querySelector("a").focus();
    row.scrollIntoView({ block: "nearest" });
    if (inbox.hasRoom() && inbox.shown !== row.dataset.beside) inbox.load(row.dataset.beside);
  },

  async load(address) {
    inbox.loading?.abort();
    inbox.loading = new AbortController();
    inbox.shown = null;
    history.replaceState(null, "", address);
    const asked = fetch(address, { headers: { Accept: "text/html" }, signal: inbox.loading.signal });
    const answer = await asked.catch(() => null);
    if (!answer) return;
    if (answer.redirected || !answer.ok) return location.assign(address);
    const fresh = (await pageIn(answer)).querySelector("[data-beside-place]");
    inbox.place().replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    inbox.shown = address;
    follow();
  },

  step(by) {
    const rows = inbox.rows();
    const next = rows[rows.indexOf(inbox.current()) + by];
    if (next) inbox.choose(next);
  },

  decide(key) {
    const target = document.querySelector(`[data-hot~="${key}"]`);
    const hidden = document.querySelector("[data-inbox]") && !inbox.hasRoom();
    if (hidden) return location.assign(`${inbox.current().querySelector("a").href}#key-${key}`);
    if (!target) return;
    const part = target.closest("details");
    if (part) part.open = true;
    target.focus();
    target.scrollIntoView({ block: "center" });
    if (key !== "r") return;
    inbox.reason = target;
    target.addEventListener("blur", () => (inbox.reason = null), { once: true });
  },
};
const hotkeys = {
  j: () => inbox.step(1),
  k: () => inbox.step(-1),
  o: () => inbox.current()?.querySelector("a").click(),
  x: () => inbox.current()?.querySelector("input")?.click(),
};
for (const key of "acr") hotkeys[key] = () => inbox.decide(key);
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input:not([type=checkbox]), select, textarea") || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || event.defaultPrevented || !keysAreOn() || !hotkeys[event.key] || !document.querySelector("[data-inbox], [data-hot]")) return;
  event.preventDefault();
  hotkeys[event.key]();
});
// After r, Tab leads from the reason to the button that it is for, past the others.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || event.shiftKey || event.target !== inbox.reason) return;
  event.preventDefault();
  event.target.form.querySelector("[value=rejected]").focus();
});
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("a")?.closest("[data-row]");
  if (!row || !event.isTrusted || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !inbox.hasRoom()) return;
  event.preventDefault();
  inbox.choose(row);
});
if (/^#key-[acr]$/.test(location.hash)) inbox.decide(location.hash.at(-1));
