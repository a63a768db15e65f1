import { catalogue, orders } from "../api.js";
import { addressText, cardText } from "../forms.js";
import { idIn, short, status } from "../history.js";
import { line } from "../products.js";
import { customersOnly } from "../session.js";
import { asked, broken, day, empty, fill, find, h, totals, worth } from "../ui.js";

const id = idIn(asked("order"));

function thanks() {
  return asked("placed") ? h("div", { class: "thanks", id: "thanks" }, h("h2", {}, "Thank you!"),
    h("p", {}, "Your order is placed, and your socks are getting ready to go.")) : null;
}

function show(socks, order) {
  const goods = worth(order.items);
  find("#crumb").textContent = short(id);
  fill(find("#order"), [thanks(),
    h("div", { class: "section-head" }, h("h1", {}, `Order ${short(id)}`),
      h("p", { class: "quiet" }, `${day(order.date)} `, h("span", { class: "status" }, status(order)))),
    h("div", { class: "split" }, h("div", { class: "panel" }, order.items.map((item) => line(socks, item))),
      h("aside", { class: "panel facts-box", "aria-label": "Order details" },
        totals(goods, "Total", order.total - goods),
        order.address ? h("div", {}, h("h3", {}, "Delivered to"), addressText(order.address)) : null,
        order.card ? h("div", {}, h("h3", {}, "Paid with"), h("p", {}, cardText(order.card))) : null))].filter(Boolean));
}

async function page() {
  const [socks, order] = await Promise.all([catalogue.all().catch(() => []), id ? orders.one(id) : null]);
  if (order) show(socks, order);
}

function sorry(error) {
  if (error.status !== 404) return broken(find("#order"), error);
  return fill(find("#order"), empty("No such order", "It is not among your orders.", { href: "/customer-orders.html", text: "Your orders" }));
}

if (id) customersOnly(page, sorry);
else sorry({ status: 404 });
