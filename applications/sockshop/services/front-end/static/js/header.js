// The header of every page: who is logged in, what is in the basket.

import { customer } from "./api.js";
import { basket, listen } from "./cart.js";
import { forget, loggedIn, name, rememberName } from "./session.js";
import { find } from "./ui.js";

async function greet() {
  if (!name()) {
    const me = await customer.me();
    rememberName(me.firstName || me.username || "Account");
  }
  find("#account-name").textContent = name();
}

function turn(inside) {
  for (const part of document.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "in") !== inside;
}

async function logout() {
  await customer.logout().catch(() => null); // without the cookie the server, too, counts it as logged out
  forget();
  location.assign("/");
}

/** Hide a picture that cannot be had, rather than show a browser's sign for it. */
const lose = (image) => image.classList.add("lost");

document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && lose(event.target), true);
for (const image of document.images) if (image.complete && !image.naturalWidth && image.getAttribute("loading") !== "lazy") lose(image);
turn(loggedIn());
listen();
find("#logout").addEventListener("click", logout);
for (const link of document.querySelectorAll(".menu a")) {
  if (link.href === location.href) link.setAttribute("aria-current", "page");
}
if (!["basket", "checkout"].includes(document.body.dataset.page)) basket().catch(() => null);
if (loggedIn()) {
  greet().catch((error) => {
    if (error.status !== 401) return;
    forget();
    turn(false);
  });
}
