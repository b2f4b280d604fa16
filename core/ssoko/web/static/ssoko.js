import "./copy.js";
import "./filter.js";
import "./jump.js";
import "./picker.js";

// Flash messages disappear; the page shows the result too.
const toast = document.querySelector(".toast[data-passing]");
if (toast) setTimeout(() => toast.remove(), 8000);

// Focus the error summary, so that screen readers read it first.
document.querySelector(".callout[role=alert][tabindex]")?.focus();

// Scroll the current tab into view on narrow screens.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Submit a form only once after a double click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});
