import { catalogue } from "../api.js";
import { basket, setQuantity } from "../cart.js";
import { described, href } from "../products.js";
import { broken, empty, fill, find, h, money, picture, say, totals, worth } from "../ui.js";

const MOST = 999;
const place = find("#basket");

function stepper(item, name, change) {
  const button = (label, step, sign) => h("button", { type: "button", "aria-label": `${label} of ${name}`,
    disabled: item.quantity + step < 1 || item.quantity + step > MOST, onclick: () => change(item, item.quantity + step) }, sign);
  return h("div", { class: "stepper", role: "group", "aria-label": `Quantity of ${name}` }, button("One less", -1, "−"),
    h("output", {}, String(item.quantity)), button("One more", 1, "+"));
}

function row(socks, item, change) {
  const { name, image, sock } = described(socks, item);
  return h("div", { class: "line", "data-id": item.itemId }, picture(image, "", 88),
    h("div", {}, h("h3", {}, sock ? h("a", { href: href(sock) }, name) : name),
      h("div", { class: "quiet" }, `${money(item.unitPrice)} each`),
      h("button", { class: "remove", type: "button", "aria-label": `Remove ${name}`, onclick: () => change(item, 0) }, "Remove")),
    stepper(item, name, change), h("span", { class: "price" }, money(item.quantity * item.unitPrice)));
}

function show(socks, items) {
  if (!items.length) {
    fill(place, empty("Nothing in here yet", "Your basket is as bare as a foot.", { href: "/category.html", text: "Find some socks" }));
    return;
  }
  const change = async (item, quantity) => {
    place.setAttribute("aria-busy", "true");
    try {
      await setQuantity(item, quantity);
      show(socks, await basket());
    } catch (error) {
      place.removeAttribute("aria-busy");
      say(error.message, { bad: true });
    }
  };
  fill(place, h("div", { class: "panel" }, items.map((item) => row(socks, item, change))),
    h("aside", { class: "panel summary", "aria-label": "Summary" }, h("h2", {}, "Summary"), totals(worth(items)),
      h("a", { class: "button full", href: "/checkout.html", id: "to-checkout" }, "Go to checkout")));
}

Promise.all([catalogue.all().catch(() => []), basket()]).then(([socks, items]) => show(socks, items), (error) => broken(place, error));
