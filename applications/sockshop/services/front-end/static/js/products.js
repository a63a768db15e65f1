// A sock as pages show it: its card, its name and picture in a list.

import { h, money, picture } from "./ui.js";

const FEW = 5;
export const href = (sock) => `/detail.html?id=${encodeURIComponent(sock.id)}`;
export const stock = (sock) => (sock.count > FEW ? "" : sock.count > 0 ? `Only ${sock.count} left` : "Sold out");
export const tag = (name) => h("a", { class: "tag", href: `/category.html?tags=${encodeURIComponent(name)}` }, name);

export function addButton(sock, kind = "small") {
  return h("button", { class: `button ${kind}`, type: "button", "data-action": "add-to-cart", "data-id": sock.id,
    "data-name": sock.name, "aria-label": `Add ${sock.name} to basket`, disabled: sock.count < 1 },
    kind === "small" ? "Add" : "Add to basket");
}

export function card(sock) {
  const [front, other] = sock.imageUrl;
  const flag = stock(sock);
  return h("article", { class: "card", "data-id": sock.id },
    flag ? h("span", { class: "flag" }, flag) : null,
    h("a", { class: "card-picture", href: href(sock), tabindex: "-1" }, picture(front, `${sock.name}: a sock`),
      other && other !== front ? picture(other, "") : null),
    h("div", { class: "card-body" },
      h("h3", {}, h("a", { href: href(sock) }, sock.name)),
      h("div", { class: "tags" }, (sock.tag ?? []).map(tag)),
      h("div", { class: "card-foot" }, h("span", { class: "price" }, money(sock.price)), addButton(sock))));
}

/** Return the named parts of a basket's or an order's item; a sock no longer sold keeps its place. */
export function described(socks, item) {
  const sock = socks.find((candidate) => candidate.id === item.itemId);
  return { name: sock?.name ?? "A sock no longer sold", image: sock?.imageUrl?.[0] ?? "/img/logo.svg", sock };
}

export function line(socks, item) {
  const { name, image } = described(socks, item);
  return h("div", { class: "line compact" }, picture(image, "", 56),
    h("div", {}, h("strong", {}, name), h("div", { class: "quiet" }, `${item.quantity} × ${money(item.unitPrice)}`)),
    h("span", { class: "price" }, money(item.quantity * item.unitPrice)));
}
