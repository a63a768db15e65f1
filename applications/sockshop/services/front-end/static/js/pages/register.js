import { customer } from "../api.js";
import { handle } from "../forms.js";
import { next } from "../session.js";
import { find } from "../ui.js";

find("[data-keep-next]").search = location.search;
handle(find("#register-form"), async (fields) => {
  await customer.register(fields).catch((error) => {
    // a user service that knows no better reports a taken name as 500
    if (error.status === 500) error.message = "That did not work. Perhaps this username is taken?";
    throw error;
  });
  sessionStorage.clear();
  location.assign(next());
});
