// The steps of the checkout; each returns what its panel shows.

import { addressForm, addressText, cardForm, cardText } from "./forms.js";
import { line } from "./products.js";
import { DELIVERY, h, money } from "./ui.js";

function flow(moves, label, ready) {
  return h("div", { class: "flow" },
    moves.back ? h("button", { class: "button ghost", type: "button", onclick: moves.back }, "Back") : h("span"),
    ready ? h("button", { class: "button", type: "button", id: "continue", onclick: moves.forward }, label) : null);
}

function choice(name, value, chosen, content, choose, extra = null) {
  return h("label", { class: "choice" },
    h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(value) }), content, extra);
}

/** Return saved entries to choose from, and a form for a new one, which is open while there are none. */
function chooser(title, entries, chosen, text, choose, form) {
  const list = entries.map((entry) => choice(title, entry.id, chosen, text(entry), choose));
  return [h("div", { role: "radiogroup", "aria-label": title }, list),
    entries.length ? h("details", {}, h("summary", {}, "Add another"), form) : form];
}

export function address(state, moves) {
  return [h("h2", {}, "Where to?"),
    ...chooser("Delivery address", state.addresses, state.address, addressText, (id) => { state.address = id; },
      addressForm((id) => moves.again("address", id))),
    flow(moves, "Continue to delivery", state.address)];
}

export function delivery(_state, moves) {
  return [h("h2", {}, "How fast?"),
    choice("delivery", "standard", "standard", h("div", {}, h("strong", {}, "Standard"), h("div", { class: "quiet" }, "Two to three days")),
      () => null, h("span", { class: "price" }, money(DELIVERY))),
    flow(moves, "Continue to payment", true)];
}

export function payment(state, moves) {
  return [h("h2", {}, "Which card?"),
    ...chooser("Payment card", state.cards, state.card, (card) => h("span", {}, cardText(card)), (id) => { state.card = id; },
      cardForm((id) => moves.again("card", id))),
    flow(moves, "Review the order", state.card)];
}

export function review(state, moves) {
  const chosenAddress = state.addresses.find((entry) => entry.id === state.address);
  const chosenCard = state.cards.find((entry) => entry.id === state.card);
  return [h("h2", {}, "All right?"),
    h("div", { class: "review" },
      h("div", {}, h("h3", {}, "To"), chosenAddress ? addressText(chosenAddress) : null),
      h("div", {}, h("h3", {}, "Delivery"), h("p", {}, `Standard, ${money(DELIVERY)}`)),
      h("div", {}, h("h3", {}, "Payment"), h("p", {}, chosenCard ? cardText(chosenCard) : null))),
    h("div", {}, state.items.map((item) => line(state.socks, item))),
    h("div", { class: "flow" }, h("button", { class: "button ghost", type: "button", onclick: moves.back }, "Back"),
      h("button", { class: "button", type: "button", id: "place-order", onclick: (event) => moves.place(event.currentTarget) }, "Place order"))];
}
