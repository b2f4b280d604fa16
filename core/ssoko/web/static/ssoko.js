import "./copy.js";
import "./filter.js";
import "./jump.js";

// The toast of a finished action goes away by itself; what it said stays on the page.
const toast = document.querySelector(".toast[data-passing]");
if (toast) setTimeout(() => toast.remove(), 8000);

// After a refused form what was wrong comes first, for the eye and for the screen reader.
document.querySelector(".callout[role=alert][tabindex]")?.focus();

// On a phone the tabs scroll sideways; show the one that is open.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// A form sent twice by a double click is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});
