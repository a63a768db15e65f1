// The basket's contents, its badge, and the buttons that add to it.

import { cart } from "./api.js";
import { find, say } from "./ui.js";

/** Return the basket with one entry a sock; `rows` tells how many the service keeps for it. */
export async function basket() {
  const found = new Map();
  for (const item of await cart.items()) {
    const known = found.get(item.itemId);
    if (known) {
      known.quantity += item.quantity;
      known.rows += 1;
    } else found.set(item.itemId, { ...item, rows: 1 });
  }
  const items = [...found.values()];
  show(items);
  return items;
}

/** Set a sock's quantity, leaving the service one row of it. */
export async function setQuantity(item, quantity) {
  for (let spare = item.rows; spare > (quantity ? 1 : 0); spare -= 1) await cart.remove(item.itemId);
  if (quantity) await cart.update(item.itemId, quantity);
}

export function show(items) {
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  const badge = find("#cart-count");
  badge.textContent = String(count);
  badge.hidden = count === 0;
}

async function add(button) {
  button.disabled = true;
  try {
    await cart.add(button.dataset.id);
    say(`${button.dataset.name} is in your basket.`, { link: { href: "/basket.html", text: "View basket" } });
    await basket();
  } catch (error) {
    say(error.message, { bad: true });
  } finally {
    button.disabled = false;
  }
}

export function listen() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest('[data-action="add-to-cart"]');
    if (button) void add(button);
  });
}
