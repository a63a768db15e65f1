import { catalogue } from "../api.js";
import { addButton, card, stock, tag } from "../products.js";
import { asked, broken, empty, fill, find, h, money, picture } from "../ui.js";

const RELATED = 4;

function gallery(sock) {
  const main = h("img", { src: sock.imageUrl[0], alt: `${sock.name}: a sock`, width: 800, height: 800 });
  const thumbs = [...new Set(sock.imageUrl)].map((src, index) => h("button", {
    type: "button", "aria-pressed": String(index === 0), "aria-label": `Picture ${index + 1}`, onclick: (event) => {
      main.src = src;
      for (const other of thumbs) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    } }, picture(src, "", 92)));
  return h("div", {}, h("div", { class: "gallery-main" }, main),
    thumbs.length > 1 ? h("div", { class: "thumbs" }, thumbs) : null);
}

function show(sock) {
  document.title = `${sock.name} · Sock Shop`;
  find("#crumb").textContent = sock.name;
  const few = stock(sock);
  fill(find("#detail"), gallery(sock), h("div", {},
    h("div", { class: "tags" }, (sock.tag ?? []).map(tag)),
    h("h1", {}, sock.name),
    h("p", { class: "price" }, money(sock.price)),
    h("p", {}, sock.description),
    h("p", { class: few ? "stock few" : "stock" }, few || "In stock"),
    h("p", {}, addButton(sock, "")),
    h("ul", { class: "facts" }, h("li", {}, "Delivery $4.99, however many pairs"), h("li", {}, "Reinforced heel and toe"),
      h("li", {}, "Wash at 40 °C, in pairs, and hope"))));
}

async function related(sock) {
  const shared = (other) => (other.tag ?? []).filter((name) => (sock.tag ?? []).includes(name)).length;
  const others = (await catalogue.all()).filter((other) => other.id !== sock.id && other.count > 0);
  others.sort((a, b) => shared(b) - shared(a));
  fill(find("#products"), others.slice(0, RELATED).map(card));
  find("#related").hidden = others.length === 0;
}

async function page() {
  const sock = await catalogue.one(asked("id")).catch((error) => {
    if (error.status === 404 || error.status === 500) return null; // some catalogues report an unknown sock as 500
    throw error;
  });
  if (!sock?.imageUrl) {
    find("#crumb").textContent = "Not found";
    fill(find("#detail"), empty("No such sock", "It may be in the wash.", { href: "/category.html", text: "See all socks" }));
    return;
  }
  show(sock);
  related(sock).catch(() => null);
}

page().catch((error) => broken(find("#detail"), error));
