import { catalogue } from "../api.js";
import { card } from "../products.js";
import { broken, fill, find, h } from "../ui.js";

const SHOWN = 8;

catalogue.all(SHOWN).then((socks) => fill(find("#products"), socks.map(card)), (error) => broken(find("#products"), error));
catalogue.tags().then((tags) => fill(find("#moods"), tags.map((name) =>
  h("a", { class: "chip", href: `/category.html?tags=${encodeURIComponent(name)}` }, name))),
() => find(".band").remove());
