import { catalogue } from "../api.js";
import { card } from "../products.js";
import { asked, broken, empty, fill, find, h, pairs } from "../ui.js";

const ORDERS = {
  price: (a, b) => a.price - b.price,
  "-price": (a, b) => b.price - a.price,
  name: (a, b) => a.name.localeCompare(b.name),
};
const COLOURS = new Set(["brown", "blue", "red", "black", "green", "skin"]);
const chosen = new Set(asked("tags").split(",").filter(Boolean));
const sort = find("#sort");

function show(socks) {
  const found = socks.filter((sock) => chosen.size === 0 || (sock.tag ?? []).some((name) => chosen.has(name)));
  if (ORDERS[sort.value]) found.sort(ORDERS[sort.value]);
  find("#heading").textContent = chosen.size ? `Socks: ${[...chosen].join(", ")}` : "All socks";
  find("#found").textContent = pairs(found.length);
  fill(find("#products"), found.length ? found.map(card) : empty("No such sock", "No sock has this tag.",
    { href: "/category.html", text: "Show all socks" }));
}

function remember() {
  const query = new URLSearchParams();
  if (chosen.size) query.set("tags", [...chosen].join(","));
  if (sort.value) query.set("sort", sort.value);
  history.replaceState(null, "", String(query) ? `?${query}` : location.pathname);
}

function chip(name, redraw) {
  const button = h("button", { class: "chip", type: "button", "data-tag": name, "aria-pressed": String(chosen.has(name)) },
    COLOURS.has(name) ? h("span", { class: `dot dot-${name}`, "aria-hidden": "true" }) : null, name);
  button.addEventListener("click", () => {
    if (!chosen.delete(name)) chosen.add(name);
    button.setAttribute("aria-pressed", String(chosen.has(name)));
    redraw();
  });
  return button;
}

async function page() {
  const [socks, tags] = await Promise.all([catalogue.all(), catalogue.tags().catch(() => [])]);
  const redraw = () => {
    remember();
    show(socks);
  };
  find("#tags").append(...tags.map((name) => chip(name, redraw)));
  sort.value = ORDERS[asked("sort")] ? asked("sort") : "";
  sort.addEventListener("change", redraw);
  show(socks);
}

page().catch((error) => broken(find("#products"), error));
