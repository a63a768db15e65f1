import { catalogue, orders } from "../api.js";
import { hrefOf, idOf, short, status } from "../history.js";
import { described } from "../products.js";
import { customersOnly } from "../session.js";
import { broken, day, empty, fill, find, h, money, pairs, picture } from "../ui.js";

const PICTURES = 4;

function row(socks, order) {
  const items = order.items ?? [];
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  return h("tr", { class: "order-row", "data-id": idOf(order) },
    h("td", {}, h("a", { href: hrefOf(order) }, h("code", {}, short(idOf(order))))),
    h("td", {}, day(order.date)),
    h("td", {}, h("div", { class: "mini" }, items.slice(0, PICTURES).map((item) => picture(described(socks, item).image, "", 42)))),
    h("td", {}, pairs(count)),
    h("td", {}, h("span", { class: "status" }, status(order))),
    h("td", { class: "number" }, h("strong", { class: "price" }, money(order.total))));
}

async function page() {
  const [socks, all] = await Promise.all([catalogue.all().catch(() => []), orders.all()]);
  if (!all.length) {
    fill(find("#orders"), empty("No orders yet", "Your first pair is waiting.", { href: "/category.html", text: "Find some socks" }));
    return;
  }
  const newest = [...all].sort((a, b) => String(b.date).localeCompare(String(a.date)));
  const sum = all.reduce((total, order) => total + order.total, 0);
  find("#summary").textContent = `${all.length === 1 ? "1 order" : `${all.length} orders`}, ${money(sum)} in total`;
  const heads = ["Order", "Date", "", "Socks", "Status"].map((text) => h("th", { scope: "col" }, text || h("span", { class: "hidden" }, "Pictures")));
  fill(find("#orders"), h("table", { class: "table" },
    h("thead", {}, h("tr", {}, heads, h("th", { scope: "col", class: "number" }, "Total"))),
    h("tbody", {}, newest.map((order) => row(socks, order)))));
}

customersOnly(page, (error) => broken(find("#orders"), error));
