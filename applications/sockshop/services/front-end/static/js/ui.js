// The small parts that pages are built of. Text always goes in as text, never as markup.

const MONEY = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

export const DELIVERY = 4.99;
export const money = (amount) => MONEY.format(amount);
export const find = (selector) => document.querySelector(selector);
export const asked = (name) => new URLSearchParams(location.search).get(name) ?? "";

export function day(text) {
  const date = new Date(String(text).replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(date.getTime()) ? "" : DAY.format(date);
}

/** Return an element; `on…` attributes are listeners, false and null ones are left out. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put the children into a place that was waiting for them. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat());
  place.removeAttribute("aria-busy");
}

export function say(text, { bad = false, link = null } = {}) {
  const close = h("button", { type: "button", "aria-label": "Close", onclick: () => box.remove() }, "×");
  const box = h("div", { class: bad ? "message bad" : "message" }, h("span", {}, text),
    link ? h("a", { href: link.href }, link.text) : null, close);
  const area = find("#messages");
  area.append(box);
  while (area.children.length > 3) area.firstElementChild.remove();
  setTimeout(() => box.remove(), bad ? 9000 : 5000);
}

export function empty(title, text, action) {
  return h("div", { class: "empty" }, h("img", { src: "/img/logo.svg", alt: "", width: 64, height: 64 }),
    h("h2", {}, title), h("p", {}, text), action ? h("a", { class: "button", href: action.href }, action.text) : null);
}

/** Show what went wrong in the place where the content would have been. */
export function broken(place, error) {
  if (error.status === undefined) console.error(error);
  const text = error.status === undefined ? "Something went wrong on this page." : error.message;
  const again = h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again");
  const box = empty("That did not work", text);
  box.append(again);
  fill(place, box);
}

const picture = (src, alt, size = 800) => h("img", { src, alt, width: size, height: size, loading: "lazy" });
export { picture };

export function totals(goods, label = "Total", delivery = DELIVERY) {
  return h("dl", { class: "totals" }, h("dt", {}, "Socks"), h("dd", {}, money(goods)), h("dt", {}, "Delivery"),
    h("dd", {}, money(delivery)), h("dt", { class: "sum" }, label), h("dd", { class: "sum" }, money(goods + delivery)));
}

export const worth = (items) => items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
export const pairs = (count) => (count === 1 ? "1 pair" : `${count} pairs`);
