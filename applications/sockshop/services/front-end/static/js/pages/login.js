import { customer } from "../api.js";
import { handle } from "../forms.js";
import { next } from "../session.js";
import { find } from "../ui.js";

find("[data-keep-next]").search = location.search;
handle(find("#login-form"), async ({ username, password }) => {
  await customer.login(username, password);
  sessionStorage.clear();
  location.assign(next());
});
