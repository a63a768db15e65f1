import { cart, catalogue, customer, orders } from "../api.js";
import { basket } from "../cart.js";
import { hrefOf } from "../history.js";
import { line } from "../products.js";
import { customersOnly } from "../session.js";
import { broken, empty, fill, find, h, say, totals, worth } from "../ui.js";
import { address, delivery, payment, review } from "../steps.js";

const STEPS = { address, delivery, payment, review };
const NAMES = Object.keys(STEPS);
const state = { addresses: [], cards: [], items: [], socks: [], address: "", card: "" };

/** Return the step in the address bar, or the first one that still misses something. */
function current() {
  const wanted = NAMES.indexOf(new URLSearchParams(location.search).get("step"));
  const ready = !state.address ? 0 : !state.card ? 2 : 3;
  return Math.min(Math.max(wanted, 0), ready);
}

function go(index) {
  history.pushState(null, "", `?step=${NAMES[index]}`);
  draw();
}

function mark(index) {
  for (const [place, item] of [...find("#steps").children].entries()) {
    item.className = place < index ? "done" : place === index ? "now" : "";
    const link = item.querySelector("a");
    if (place === index) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
}

function draw() {
  const index = current();
  mark(index);
  fill(find("#step"), STEPS[NAMES[index]](state, {
    back: index ? () => go(index - 1) : null, forward: () => go(index + 1), again: load, place,
  }));
  find("#step h2").setAttribute("tabindex", "-1");
  find("#step h2").focus({ preventScroll: true });
  fill(find("#summary"), h("h2", {}, "Your order"), state.items.map((item) => line(state.socks, item)), totals(worth(state.items)));
}

async function place(button) {
  button.disabled = true;
  try {
    const order = await orders.place(state.address, state.card);
    await cart.clear().catch(() => null);
    location.assign(`${hrefOf(order)}&placed=1`);
  } catch (error) {
    button.disabled = false;
    say(error.message, { bad: true });
  }
}

/** Read the customer's addresses and cards again; a new one is chosen at once. */
async function load(kind, id) {
  [state.addresses, state.cards] = await Promise.all([customer.addresses(), customer.cards()]);
  if (kind) state[kind] = id;
  state.address ||= state.addresses[0]?.id ?? "";
  state.card ||= state.cards[0]?.id ?? "";
  draw();
}

async function page() {
  [state.items, state.socks] = await Promise.all([basket(), catalogue.all().catch(() => [])]);
  if (!state.items.length) {
    find("#steps").hidden = true;
    fill(find("#checkout"), empty("Nothing to pay for", "Your basket is empty.", { href: "/category.html", text: "Find some socks" }));
    return;
  }
  await load();
  find("#checkout").removeAttribute("aria-busy");
}

find("#steps").addEventListener("click", (event) => {
  const item = event.target.closest("a") && event.target.closest("li");
  if (!item) return;
  event.preventDefault();
  go(NAMES.indexOf(item.dataset.step));
});
addEventListener("popstate", draw);
customersOnly(page, (error) => broken(find("#checkout"), error));
