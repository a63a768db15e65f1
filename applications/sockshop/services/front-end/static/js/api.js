// Calls to the shop's API, and what their failures mean to a customer.

const DOWN = "This part of the shop is taking a short break. Please try again in a moment.";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(method, path, body, headers = {}) {
  const init = { method, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new ApiError(0, "The shop cannot be reached. Are you online?");
  }
  const text = await answer.text();
  const json = parsed(text);
  if (!answer.ok) throw new ApiError(answer.status, answer.status < 500 && json?.message ? json.message : DOWN);
  return json;
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const get = (path) => call("GET", path);
const ALL = 100; // more than the shop sells; it sorts and filters in the page

export const catalogue = {
  async all(size = ALL) { return (await get(`/catalogue?page=1&size=${size}`)) ?? []; },
  one: (id) => get(`/catalogue/${encodeURIComponent(id)}`),
  async tags() { return (await get("/tags"))?.tags ?? []; },
};

export const cart = {
  async items() { return (await get("/cart")) ?? []; },
  add: (id) => call("POST", "/cart", { id }),
  update: (id, quantity) => call("POST", "/cart/update", { id, quantity }),
  remove: (id) => call("DELETE", `/cart/${encodeURIComponent(id)}`),
  clear: () => call("DELETE", "/cart"),
};

export const customer = {
  login(username, password) {
    const bytes = new TextEncoder().encode(`${username}:${password}`);
    return call("GET", "/login", undefined, { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` });
  },
  register: (fields) => call("POST", "/register", fields),
  logout: () => call("POST", "/logout"),
  me: () => get("/customers/me"),
  async addresses() { return (await get("/addresses"))?._embedded?.address ?? []; },
  async cards() { return (await get("/cards"))?._embedded?.card ?? []; },
  addAddress: (fields) => call("POST", "/addresses", fields),
  addCard: (fields) => call("POST", "/cards", fields),
  remove: (kind, id) => call("DELETE", `/${kind}/${encodeURIComponent(id)}`),
};

export const orders = {
  async all() { return (await get("/orders")) ?? []; },
  one: (id) => get(`/orders/${encodeURIComponent(id)}`),
  place: (address, card) => call("POST", "/orders", { address, card }),
};
