// Who is logged in, as far as the page can tell.

import { asked } from "./ui.js";

const NAME = "customer-name";

export const loggedIn = () => document.cookie.split("; ").some((cookie) => cookie.startsWith("logged_in=") && cookie.length > 10);
export const rememberName = (name) => sessionStorage.setItem(NAME, name);
export const name = () => sessionStorage.getItem(NAME) ?? "";

export function forget() {
  document.cookie = "logged_in=; Max-Age=0; path=/";
  sessionStorage.clear();
}

/** Return where to go after a login; only places in this shop count. */
export function next() {
  const target = new URL(asked("next") || "/", location.href);
  return target.origin === location.origin ? target.pathname + target.search : "/";
}

export const toLogin = () => location.replace(`/login.html?next=${encodeURIComponent(location.pathname + location.search)}`);

/** Run a page that is for customers only; whoever is not logged in is sent to the login. */
export async function customersOnly(page, otherwise) {
  if (!loggedIn()) return toLogin();
  try {
    await page();
  } catch (error) {
    if (error.status !== 401) return otherwise(error);
    forget();
    toLogin();
  }
}
