// Forms: sending one, and the address and card forms that two pages share.

import { customer } from "./api.js";
import { h } from "./ui.js";

/** Send a form's fields with `send`; what goes wrong is told inside the form. */
export function handle(form, send) {
  const error = form.querySelector(".form-error");
  const button = form.querySelector('[type="submit"]');
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.hidden = true;
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(form)), form);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

const field = (label, attributes) => h("label", {}, label, h("input", { required: true, ...attributes }));

function form(id, button, fields, send) {
  const element = h("form", { id, class: "form" }, fields, h("p", { class: "form-error", role: "alert", hidden: true }),
    h("button", { class: "button", type: "submit" }, button));
  handle(element, send);
  return element;
}

/** Return the address form; `saved` gets the new address's id. */
export function addressForm(saved) {
  return form("address-form", "Save address", [
    h("div", { class: "pair" }, field("House number", { name: "number", autocomplete: "off" }),
      field("Street", { name: "street", autocomplete: "address-line1" })),
    h("div", { class: "pair" }, field("City", { name: "city", autocomplete: "address-level2" }),
      field("Postcode", { name: "postcode", autocomplete: "postal-code" })),
    field("Country", { name: "country", autocomplete: "country-name" }),
  ], async (fields, element) => {
    const { id } = await customer.addAddress(fields);
    element.reset();
    await saved(id);
  });
}

/** Return the card form; `saved` gets the new card's id. */
export function cardForm(saved) {
  return form("card-form", "Save card", [
    field("Card number", { name: "longNum", inputmode: "numeric", autocomplete: "cc-number", pattern: "[0-9 ]{12,23}",
      title: "12 to 19 digits" }),
    h("div", { class: "pair" },
      field("Expires (MM/YY)", { name: "expires", autocomplete: "cc-exp", pattern: "(0[1-9]|1[0-2])/[0-9]{2}", placeholder: "08/29",
        title: "Month and year, such as 08/29" }),
      field("Security code", { name: "ccv", inputmode: "numeric", autocomplete: "cc-csc", pattern: "[0-9]{3,4}", title: "3 or 4 digits" })),
  ], async (fields, element) => {
    const { id } = await customer.addCard({ ...fields, longNum: fields.longNum.replaceAll(" ", "") });
    element.reset();
    await saved(id);
  });
}

export function addressText(address) {
  const town = [address.city, address.postcode].filter(Boolean).join(" ");
  return h("address", {}, [`${address.number} ${address.street}`, town, address.country].filter(Boolean).join(", "));
}

export const cardText = (card) => `Card ending in ${String(card.longNum).slice(-4)}, expires ${card.expires}`;
