// Reading orders, whether they come with an id or with links.

const PATH = /^(?:.*\/)?orders\/([\w-]+)$/;

export const idOf = (order) => order.id ?? PATH.exec(order._links?.self?.href ?? "")?.[1] ?? "";
export const idIn = (path) => PATH.exec(path)?.[1] ?? "";
export const short = (id) => `#${id.slice(-8)}`;
export const hrefOf = (order) => `/customer-order.html?order=/orders/${encodeURIComponent(idOf(order))}`;
export const status = (order) => (order.shipment ? "On its way" : "Received");
