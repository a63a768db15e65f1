import { customer } from "../api.js";
import { addressForm, addressText, cardForm, cardText } from "../forms.js";
import { customersOnly } from "../session.js";
import { broken, fill, find, h, say } from "../ui.js";

const KINDS = {
  addresses: { read: customer.addresses, text: addressText, none: "No address yet.", one: "address" },
  cards: { read: customer.cards, text: cardText, none: "No card yet.", one: "card" },
};

async function show(kind) {
  const { read, text, none, one } = KINDS[kind];
  const entries = await read();
  const remove = (id) => customer.remove(kind, id).then(() => show(kind)).catch((error) => say(error.message, { bad: true }));
  fill(find(`#${kind}`), entries.length ? entries.map((entry) => h("li", { "data-id": entry.id }, h("div", {}, text(entry)),
    h("button", { class: "remove", type: "button", "aria-label": `Remove this ${one}`, onclick: () => remove(entry.id) }, "Remove")))
    : h("li", { class: "none" }, none));
}

async function page() {
  find("#address-place").append(addressForm(() => show("addresses").then(() => say("The address is saved."))));
  find("#card-place").append(cardForm(() => show("cards").then(() => say("The card is saved."))));
  const me = await customer.me();
  find("#hello").textContent = `Hello, ${me.firstName || me.username}`;
  await Promise.all([show("addresses"), show("cards")]);
}

customersOnly(page, (error) => broken(find("#main > .wrap"), error));
